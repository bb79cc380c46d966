//! Messages have a form: those that have another one are refused.

mod javascript;
#[cfg(test)]
mod tests;

use std::{
    fmt::{self, Write as _},
    sync::Arc,
};

use clacks_feed::escape::escaped;
use serde::Deserialize;

use crate::{Fault, Incoming, Judging, Kind, OnError, Plugin, Refusal, Verdict, builtin::BuildError};
use javascript::{Js, JsObject, JsText};

/// The field that every message has.
const CLASS: &str = "class";

/// Maximum number of characters of the body of an answer, because a message can be as long as the node accepts.
const MAX_BODY: usize = 200;

/// The form of messages.
///
/// The rules, their order and their reasons are those of the npm package `clacks-message-formatter` 0.1.0: a message is an
/// object with the field `class` and all required fields, and has no other fields than those and the optional ones. The
/// values of the fields are not looked at. These things differ: `announces`, `answer`, `class` and `error-status` do
/// what they say, and a reason has at most 200 characters, with escapes for those that cannot be seen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FormatterOptions {
    /// Fields that a message must have besides `class`. The default is none.
    pub required: Vec<String>,
    /// Fields that a message may have. The default is none.
    pub optional: Vec<String>,
    /// Whether a message of another form is refused. The default is true. With false every message passes.
    pub reject_invalid: bool,
    /// The HTTP status of a refusal, from 400 to 599. The default is 500.
    pub error_status: u16,
    /// The answer to a message of another form.
    pub answer: Answer,
    /// What happens to announces.
    pub announces: Announces,
    /// The value that the field `class` must have. The default is any.
    pub class: Option<String>,
}

/// The answer to a message of another form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// An error. The sender keeps its message and lists this node as lost.
    #[default]
    Refuse,
    /// 200. The sender deletes its message, and this node does not queue it.
    Swallow,
}

/// What the formatter does with announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Announces {
    /// They pass, because they have no message.
    #[default]
    Pass,
    /// They are refused as the npm package refuses them, because they have no message. So no node can announce itself.
    AsNpm,
}

/// Refuses messages of another form than [`FormatterOptions`] says.
#[derive(Debug)]
pub struct Formatter {
    name: Arc<str>,
    on_error: OnError,
    options: FormatterOptions,
}

impl Default for FormatterOptions {
    fn default() -> Self {
        Self {
            required: Vec::new(),
            optional: Vec::new(),
            reject_invalid: true,
            error_status: 500,
            answer: Answer::default(),
            announces: Announces::default(),
            class: None,
        }
    }
}

impl Formatter {
    /// A formatter with this name.
    ///
    /// # Errors
    /// `class` is among the required or optional fields, or the status is no error.
    pub fn new(
        name: impl Into<Arc<str>>,
        on_error: OnError,
        options: FormatterOptions,
    ) -> Result<Self, BuildError> {
        if options.required.iter().chain(&options.optional).any(|field| field == CLASS) {
            return Err(BuildError::new("every message has the field `class`: leave it out of the others"));
        }
        if !(400..600).contains(&options.error_status) {
            let status = options.error_status;
            return Err(BuildError::new(format!("error-status is {status}, and must be from 400 to 599")));
        }
        Ok(Self { name: name.into(), on_error, options })
    }

    fn verdict(&self, payload: &Incoming) -> Result<Verdict, Fault> {
        if !self.options.reject_invalid
            || (payload.kind == Kind::Announce && self.options.announces == Announces::Pass)
        {
            return Ok(Verdict::Pass);
        }
        let Some(reason) = self.reason(payload)? else { return Ok(Verdict::Pass) };
        let reason = reason.0;
        Ok(match self.options.answer {
            Answer::Refuse => Verdict::Refuse(Refusal::new(self.options.error_status, &reason)),
            Answer::Swallow => Verdict::Swallow { reason: Some(reason.into()) },
        })
    }

    /// Why the payload is not accepted: the first rule that it breaks.
    fn reason(&self, payload: &Incoming) -> Result<Option<Reason>, Fault> {
        let message = Js::parse(&payload.json).map_err(|_| unreadable())?;
        if !message.is_truthy() {
            return Ok(Some(Reason::with_json("Missing Message: ", &whole(payload, message))));
        }
        if payload.kind == Kind::Other {
            let whole = whole(payload, message.clone());
            let kind = whole.property("type");
            if !kind.is_truthy() {
                return Ok(Some(Reason::new("Invalid Message Type: ", kind.false_text())));
            }
        }
        let is_object = matches!(message, Js::Array(_) | Js::Object(_));
        if !is_object || message.property("isArray").is_truthy() {
            return Ok(Some(Reason::with_json("Message Not an Object: ", &message)));
        }
        if message.keys().next().is_none() {
            return Ok(Some(Reason::with_json("Payload Message Empty:", &whole(payload, message))));
        }
        Ok(self.reason_of_keys(&message).or_else(|| self.reason_of_class(&message)))
    }

    fn reason_of_keys(&self, message: &Js) -> Option<Reason> {
        let required = || self.options.required.iter().map(String::as_str).chain([CLASS]);
        let is_known = |key: &str| {
            required().any(|known| known == key) || self.options.optional.iter().any(|known| known == key)
        };
        let mut unknown = message.keys().filter(|key| !is_known(key)).peekable();
        if unknown.peek().is_some() {
            let mut reason = Reason::new("Unknown Fields: ", "");
            let write = |(index, key): (usize, String)| {
                reason.write_str(if index == 0 { "" } else { "," }).and_then(|()| reason.write_str(&key))
            };
            // An error means that the reason is full, so that the other keys are not needed.
            let _ = unknown.enumerate().try_for_each(write);
            return Some(reason);
        }
        let keys: Vec<String> = message.keys().collect();
        let is_there = |field: &str| keys.iter().any(|key| key == field);
        (!required().all(is_there)).then(|| Reason::new("Required Fields Missing", ""))
    }

    fn reason_of_class(&self, message: &Js) -> Option<Reason> {
        let wanted = self.options.class.as_deref()?;
        let class = message.property(CLASS);
        (*class != Js::Text(JsText::from(wanted))).then(|| Reason::with_json("Another Class: ", class))
    }
}

impl Plugin for Formatter {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn on_error(&self) -> OnError {
        self.on_error
    }

    fn judge<'a>(&'a self, payload: &'a Incoming) -> Judging<'a> {
        Judging::Now(self.verdict(payload))
    }
}

/// The whole payload, with the message as earlier plugins left it.
fn whole(payload: &Incoming, message: Js) -> Js {
    let kind = || match payload.kind {
        Kind::Message => Some((JsText::from("type"), Js::Text(JsText::from("message")))),
        Kind::Announce => Some((JsText::from("type"), Js::Text(JsText::from("announce")))),
        Kind::Other => None,
    };
    let came = match Js::parse(&String::from_utf8_lossy(&payload.body)) {
        Ok(Js::Object(came)) => came,
        _ => JsObject::new(kind()),
    };
    let came = Js::Object(came);
    let is_as_it_came = message == Js::Null && *came.property("message") == Js::Undefined;
    match came {
        Js::Object(came) if !is_as_it_came => Js::Object(came.with("message", message)),
        came => came,
    }
}

fn unreadable() -> Fault {
    Fault { line: None, reason: "the message is not JSON, or nested too deep".to_owned() }
}

/// A text that ends after [`MAX_BODY`] characters, with escapes for characters that cannot be seen.
#[derive(Default)]
struct Reason(String);

impl Reason {
    fn new(start: &str, rest: &str) -> Self {
        let mut reason = Self::default();
        // An error means that the reason is full.
        let _ = reason.write_str(start).and_then(|()| reason.write_str(rest));
        reason
    }

    fn with_json(start: &str, value: &Js) -> Self {
        let mut reason = Self::new(start, "");
        let _ = value.write(&mut reason);
        reason
    }
}

impl fmt::Write for Reason {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut length = self.0.chars().count();
        let mut buffer = [0; 4];
        for character in text.chars() {
            let visible = escaped(character.encode_utf8(&mut buffer));
            length += visible.chars().count();
            if length > MAX_BODY {
                return Err(fmt::Error);
            }
            self.0.push_str(&visible);
        }
        Ok(())
    }
}
