//! What a script returns as a verdict.

use std::{borrow::Cow, sync::Arc};

use mlua::{LuaString, Table, Value};

use super::fault::line_of;
use crate::{Refusal, Verdict};

/// What the prelude returns: the kind, and up to three values.
pub(super) type Given = (Option<LuaString>, Value, Value, Value);

/// The headers of HTTP that a script may not set, because the node sets them.
const RESERVED_HEADERS: [&str; 5] = ["connection", "content-length", "date", "transfer-encoding", "upgrade"];
/// Maximum number of headers.
const MAX_HEADERS: usize = 16;
/// Longest header in bytes.
const MAX_HEADER: usize = 1000;

/// The verdict, or why it is none.
pub(super) fn verdict_of((kind, first, second, third): Given) -> Result<Verdict, String> {
    let Some(kind) = kind else { return Ok(Verdict::Pass) };
    match &*kind.as_bytes() {
        b"pass" => Ok(Verdict::Pass),
        b"swallow" => Ok(Verdict::Swallow { reason: reason_of(&first) }),
        b"hold" => Ok(Verdict::Hold { reason: reason_of(&first) }),
        b"change" => Ok(Verdict::Change(text_of(&first)?.into())),
        b"replace" => replacement_of(&first),
        b"refuse" => refusal_of(&first, &second, &third).map(Verdict::Refuse),
        _ => Err("a verdict of an unknown kind".to_owned()),
    }
}

fn text_of(value: &Value) -> Result<String, String> {
    let text = value.as_string().and_then(|text| text.to_str().ok().map(|text| text.to_owned()));
    text.ok_or_else(|| "a text of a verdict is not UTF-8".to_owned())
}

fn reason_of(value: &Value) -> Option<Arc<str>> {
    value.as_string().map(|reason| line_of(&reason.to_string_lossy()).into())
}

fn replacement_of(texts: &Value) -> Result<Verdict, String> {
    let Value::Table(texts) = texts else { return Err("a replacement without messages".to_owned()) };
    let mut messages = Vec::new();
    for text in texts.sequence_values::<Value>().take(Verdict::MAX_REPLACEMENTS) {
        messages.push(text_of(&text.map_err(|error| error.to_string())?)?.into());
    }
    Ok(Verdict::Replace(messages))
}

fn refusal_of(status: &Value, body: &Value, headers: &Value) -> Result<Refusal, String> {
    let status = match status {
        Value::Integer(status) => u16::try_from(*status).unwrap_or_default(),
        Value::Number(status) => *status as u16,
        _ => 0,
    };
    let body = body.as_string().map(LuaString::to_string_lossy).unwrap_or_default();
    let mut refusal = Refusal::new(status, &body);
    if let Value::Table(headers) = headers {
        refusal.headers = headers_of(headers)?;
    }
    Ok(refusal)
}

fn headers_of(table: &Table) -> Result<Vec<(Cow<'static, str>, String)>, String> {
    let mut headers = Vec::new();
    for entry in table.pairs::<Value, Value>() {
        let (name, value) = entry.map_err(|error| error.to_string())?;
        let (Ok(name), Ok(value)) = (text_of(&name), text_of(&value)) else {
            return Err("refuse: a header must have a string as its name and as its value".to_owned());
        };
        let name = name.to_ascii_lowercase();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) || RESERVED_HEADERS.contains(&name.as_str()) {
            return Err(format!("refuse: \"{name}\" cannot be set as a header"));
        }
        if !value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return Err(format!("refuse: the header {name} has a value that HTTP forbids"));
        }
        if name.len() + value.len() > MAX_HEADER || headers.len() == MAX_HEADERS {
            return Err("refuse: too many headers, or too long ones".to_owned());
        }
        headers.push((Cow::Owned(name), value));
    }
    headers.sort();
    Ok(headers)
}
