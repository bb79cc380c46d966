use std::{borrow::Cow, fmt};

use serde::Serialize;
use serde_json::value::RawValue;
use triomphe::Arc;

/// A message: any JSON value, stored as the text in which it was received.
///
/// Clones share the text. It is never serialised again, so a message is passed on unchanged and cheaply.
///
/// ```
/// # use clacks_p2p::Message;
/// let message = Message::text("GNU Terry Pratchett");
/// assert_eq!(message.as_json(), r#""GNU Terry Pratchett""#);
/// assert_eq!(message.as_text().unwrap(), "GNU Terry Pratchett");
/// assert!(Message::from_json("{broken", 128).is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Message(Arc<str>);

/// Why a text is not a [`Message`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The text is not one JSON value.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// Arrays and objects are nested deeper than the maximum.
    #[error("nested deeper than {0} levels, which would harm the peers it is passed to")]
    TooDeep(usize),
}

impl Message {
    /// Maximum bytes of JSON text that every node accepts: a body of 1 MiB without the other fields. Nodes of the
    /// package accept about 16,000.
    pub const MAX_SIZE: usize = Self::largest_in(1 << 20);

    /// Maximum bytes of JSON text in a body of this size, whatever the hostnames: 1,024 less.
    pub const fn largest_in(body: usize) -> usize {
        body.saturating_sub(1024)
    }

    /// The message that is the string `text`.
    pub fn text(text: &str) -> Self {
        Self(serde_json::Value::from(text).to_string().into())
    }

    /// The message whose JSON text is `json`, without white space around it and nested at most `max_depth` deep.
    pub fn from_json(json: &str, max_depth: usize) -> Result<Self, MessageError> {
        let raw: &RawValue =
            serde_json::from_str(json).map_err(|error| MessageError::NotJson(error.to_string()))?;
        Self::from_raw(raw, max_depth)
    }

    pub(super) fn from_raw(raw: &RawValue, max_depth: usize) -> Result<Self, MessageError> {
        let json = raw.get();
        if depth(json) > max_depth { Err(MessageError::TooDeep(max_depth)) } else { Ok(Self(json.into())) }
    }

    /// Whether arrays and objects are nested deeper than this. Takes time linear in the size of the message.
    pub fn is_deeper_than(&self, max_depth: usize) -> bool {
        depth(&self.0) > max_depth
    }

    /// The message `null`, which is never queued.
    pub fn null() -> Self {
        Self("null".into())
    }

    /// The JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The JSON text, shared with this message.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The JSON text on one line: the same bytes, without white space between tokens if they hold a line break.
    pub fn as_json_line(&self) -> Cow<'_, str> {
        if self.0.contains(['\n', '\r']) {
            Cow::Owned(without_white_space(&self.0))
        } else {
            Cow::Borrowed(&self.0)
        }
    }

    /// The characters of a message that is a string, with lone surrogates replaced; `None` for any other message.
    pub fn as_text(&self) -> Option<String> {
        if !self.0.starts_with('"') {
            return None;
        }
        // A lone surrogate such as "\ud800" is accepted and passed on unchanged, but is not a character.
        serde_json::from_str(&self.0)
            .ok()
            .or_else(|| serde_json::from_str::<LossyText>(&self.0).ok().map(|text| text.0))
    }

    /// The length of the JSON text in bytes.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// Whether the value is falsy in JavaScript (`null`, `false`, `0`, `""`). Such a message is accepted but never
    /// queued, as in the package.
    pub fn is_falsy(&self) -> bool {
        match self.0.as_bytes() {
            b"null" | b"false" | b"\"\"" => true,
            [b'-' | b'0'..=b'9', ..] => self.0.parse::<f64>() == Ok(0.0),
            _ => false,
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Message {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let line = self.as_json_line().into_owned();
        RawValue::from_string(line).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// A JSON string in which invalid Unicode is replaced. `serde_json` permits it when it is asked for bytes.
struct LossyText(String);

impl<'de> serde::Deserialize<'de> for LossyText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = LossyText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<LossyText, E> {
                Ok(LossyText(String::from_utf8_lossy(bytes).into_owned()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// The nesting depth of valid JSON text: 0 for a number, a string or a literal.
fn depth(json: &str) -> usize {
    if !json.starts_with(['[', '{']) {
        // Most messages contain no brackets.
        return 0;
    }
    let (mut depth, mut deepest) = (0_usize, 0);
    for (byte, inside_string) in bytes_with_strings_marked(json) {
        match byte {
            b'[' | b'{' if !inside_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !inside_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn without_white_space(json: &str) -> String {
    let kept = bytes_with_strings_marked(json)
        .filter(|(byte, inside_string)| *inside_string || !byte.is_ascii_whitespace())
        .map(|(byte, _)| byte)
        .collect();
    // Only ASCII characters were removed.
    String::from_utf8(kept).unwrap_or_default()
}

/// The bytes of valid JSON text, each with whether it is inside a string.
fn bytes_with_strings_marked(json: &str) -> impl Iterator<Item = (u8, bool)> + '_ {
    let (mut inside, mut escaped) = (false, false);
    json.bytes().map(move |byte| {
        let is_inside = inside;
        if escaped {
            escaped = false;
        } else if byte == b'"' {
            inside = !inside;
        } else {
            escaped = inside && byte == b'\\';
        }
        (byte, is_inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::DEFAULT_MAX_DEPTH;

    fn json(text: &str) -> Message {
        Message::from_json(text, DEFAULT_MAX_DEPTH).unwrap()
    }

    #[test]
    fn a_message_keeps_its_json_text() {
        let odd = "{ \"a\" : 1.0e+2,\n\"a\":[ ] ,\"\\u0041\":\"\\ud800\"}";
        assert_eq!(json(&format!(" {odd}\n")).as_json(), odd);
        assert_eq!(json(odd).as_json_line(), r#"{"a":1.0e+2,"a":[],"\u0041":"\ud800"}"#);
    }

    #[test]
    fn values_that_javascript_counts_as_false_are_falsy() {
        for falsy in ["null", "false", "0", "-0", "0.0", "0e9", "-0.0e-1", "1e-999", "\"\""] {
            assert!(json(falsy).is_falsy(), "{falsy}");
        }
        for truthy in ["true", "1", "-1", "1e999", "\"0\"", "\" \"", "[]", "{}", "5e-324"] {
            assert!(!json(truthy).is_falsy(), "{truthy}");
        }
    }

    #[test]
    fn depth_is_bounded_and_brackets_in_strings_do_not_count() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(Message::from_json(&nested(128), 128).is_ok());
        assert_eq!(Message::from_json(&nested(129), 128), Err(MessageError::TooDeep(128)));
        assert_eq!(Message::from_json(&nested(100_000), 128), Err(MessageError::TooDeep(128)));
        for (text, levels) in [
            ("1", 0),
            (r#""[[""#, 0),
            ("[]", 1),
            (r#"["[[[\"[[", {"[": "]"}]"#, 2),
            ("[[],[],[]]", 2),
            ("[[],[[]]]", 3),
            (r#"{"a":{},"b":{"c":[]}}"#, 3),
        ] {
            assert!(Message::from_json(text, levels).is_ok(), "{text}");
            assert!(levels == 0 || Message::from_json(text, levels - 1).is_err(), "{text}");
        }
    }

    #[test]
    fn a_string_with_lone_surrogates_is_shown_as_text() {
        assert_eq!(Message::text("a \"b\" \n \u{1f5fc}").as_text().unwrap(), "a \"b\" \n \u{1f5fc}");
        assert_eq!(json(r#""x\ud800y""#).as_text().unwrap(), "x\u{fffd}\u{fffd}\u{fffd}y");
        assert_eq!(json("[1]").as_text(), None);
    }
}
