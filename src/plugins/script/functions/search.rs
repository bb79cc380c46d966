use memchr::memmem;
use mlua::{Lua, LuaString, Table, Value};

use super::{
    Answer, Arguments, Implementation,
    arguments::{address_of, number_of, text_of},
    one, refused,
};
use crate::{
    ArchiveQuery, Kind,
    payload_filter::Arrival,
    script::{Allow, context::VmContext, json::Problem},
};

pub(super) const FUNCTIONS: &[(&str, Option<Allow>, Implementation)] = &[("matches", None, matches)];

pub(super) const ARCHIVE: &[(&str, Option<Allow>, Implementation)] =
    &[("find", Some(Allow::Archive), find), ("last_seen", Some(Allow::Archive), last_seen)];

/// What `matches` wants as its second argument.
const EXPECTED: &str = "the payload or message that the script was given";
/// Maximum number of messages that a search returns.
const MAX_FOUND: f64 = 100.0;

/// Whether a filter matches a payload, as the script was given it. The script can have kept or changed it.
fn matches(_: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    let filter = context.script.filter(&arguments.text(0)?);
    let filter = match &*filter {
        Ok(filter) => filter,
        Err(reason) => return Err(Problem::Wrong(format!("matches: {reason}"))),
    };
    let payload = arguments.table(1)?;
    let (Some(json), Value::Table(peer)) = (text_of(payload, "json")?, payload.raw_get("peer")?) else {
        return arguments.wrong(1, EXPECTED);
    };
    let Some(sender) = address_of(&peer)? else { return arguments.wrong(1, EXPECTED) };
    let arrival = Arrival {
        json: &json,
        kind: match text_of(payload, "type")?.as_deref() {
            Some("message") => Kind::Message,
            Some("announce") => Kind::Announce,
            _ => Kind::Other,
        },
        sender: &sender,
        status: &text_of(&peer, "status")?.unwrap_or_default(),
        remote: text_of(payload, "remote")?.and_then(|remote| remote.parse().ok()),
        visits: number_of(payload, "visits")?.unwrap_or_default() as u32,
    };
    let host = &context.script.host;
    let is_match = host.description().is_some_and(|it| filter.admits_arrival(&arrival, it, host.now()));
    one(Value::Boolean(is_match))
}

fn find(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    let mut query = ArchiveQuery { limit: MAX_FOUND as usize, ..ArchiveQuery::default() };
    if !arguments.get(0).is_nil() {
        let asked = arguments.table(0)?;
        query.text = text_of(asked, "text")?;
        query.since = milliseconds(asked, "since")?;
        query.unseen_since = milliseconds(asked, "unseen_since")?;
        query.limit = number_of(asked, "limit")?.unwrap_or(MAX_FOUND).clamp(1.0, MAX_FOUND) as usize;
    }
    let found = match context.script.host.find_in_archive(&query) {
        Ok(found) => found,
        Err(reason) => return refused(lua, &reason),
    };
    let rows = lua.create_table()?;
    rows.set_metatable(Some(context.arrays.clone()))?;
    for message in found.into_iter().take(query.limit) {
        let row = lua.create_table()?;
        row.raw_set("hash", message.hash)?;
        row.raw_set("json", message.json)?;
        row.raw_set("first_seen", message.first_seen as f64 / 1000.0)?;
        row.raw_set("last_seen", message.last_seen as f64 / 1000.0)?;
        row.raw_set("times", message.times as f64)?;
        rows.raw_push(row)?;
    }
    one(Value::Table(rows))
}

fn last_seen(lua: &Lua, context: &VmContext, arguments: &Arguments) -> Answer {
    match context.script.host.last_seen_in_archive(&arguments.text(0)?) {
        Ok(Some(time)) => one(Value::Number(time as f64 / 1000.0)),
        Ok(None) => one(Value::Nil),
        Err(reason) => refused(lua, &reason),
    }
}

/// A time in seconds since the Unix epoch, in milliseconds.
fn milliseconds(table: &Table, field: &str) -> Result<Option<u64>, Problem> {
    Ok(number_of(table, field)?.map(|seconds| (seconds * 1000.0) as u64))
}

/// Adds searches for plain text whose time grows with the length of the text only. Those of Luau can need the product
/// of both lengths, and do not look at the time.
pub(super) fn add_raw(lua: &Lua, raw: &Table) -> mlua::Result<()> {
    let find_plain = lua.create_function(|_, (text, wanted, start): (LuaString, LuaString, f64)| {
        let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
        let length = text.len() as f64;
        let start = if start < 0.0 { (length + start + 1.0).max(1.0) } else { start.max(1.0) };
        if start > length + 1.0 {
            return Ok((None, None));
        }
        let skipped = start as usize - 1;
        let found = memmem::find(&text[skipped..], &wanted).map(|at| skipped + at);
        Ok((found.map(|at| at as f64 + 1.0), found.map(|at| (at + wanted.len()) as f64)))
    })?;
    raw.raw_set("find_plain", find_plain)?;
    let split_plain = lua.create_function(|lua, (text, separator): (LuaString, LuaString)| {
        let (text, separator) = (text.as_bytes(), separator.as_bytes());
        let parts = lua.create_table()?;
        let mut start = 0;
        for at in memmem::find_iter(&text, &separator) {
            parts.raw_push(lua.create_string(&text[start..at])?)?;
            start = at + separator.len();
        }
        parts.raw_push(lua.create_string(&text[start..])?)?;
        Ok(parts)
    })?;
    raw.raw_set("split_plain", split_plain)
}
