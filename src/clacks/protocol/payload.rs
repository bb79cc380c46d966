use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Address, Message, MessageError, object::from_object};

/// The body of a request from one node to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The message; `null` in an announce, or if there was none.
    pub message: Message,
    /// The type.
    pub kind: Kind,
    /// The address that the sender claims to have. Anybody can write any address here.
    pub sender: Address,
    /// An alive peer of the sender, so that the network grows.
    pub friend: Option<Address>,
}

/// The `type` of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// `"message"`: the message is queued.
    Message,
    /// `"announce"`: the sender announces itself. The message is ignored.
    Announce,
    /// Any other type, or none. The message is ignored.
    Other,
}

/// Why a body is not a valid payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The body is not a JSON object with a valid sender.
    #[error("not a payload: {0}")]
    NotAPayload(String),
    /// The message would harm the peers to which it is passed on.
    #[error("message {0}")]
    Message(#[from] MessageError),
}

/// Maximum characters of a reason, because `serde_json` quotes the input, whatever its length.
const MAX_REASON: usize = 200;

/// The fields on the wire. Unknown fields are ignored.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    sender: Address,
    #[serde(borrow, default)]
    friend: Option<&'a RawValue>,
}

impl Payload {
    /// Reads the body of a request. A message nested deeper than `max_depth` is an error; a friend that is not a valid
    /// address is left out.
    ///
    /// ```
    /// # use clacks_p2p::{Kind, Payload};
    /// let body = br#"{"message":[1, 2],"type":"message","sender":{"hostname":"localhost","port":"8001"}}"#;
    /// let payload = Payload::decode(body, 128)?;
    /// assert_eq!(payload.kind, Kind::Message);
    /// assert_eq!(payload.sender.port(), 8001);
    /// assert_eq!(payload.message.as_json(), "[1, 2]");
    /// # Ok::<(), clacks_p2p::DecodeError>(())
    /// ```
    pub fn decode(body: &[u8], max_depth: usize) -> Result<Self, DecodeError> {
        let wire = read(body).map_err(|error| not_a_payload(&error))?;
        let message = match wire.message {
            Some(raw) => Message::from_raw(raw, max_depth)?,
            None => Message::null(),
        };
        // An invalid friend is not a reason to refuse the message.
        let friend = wire.friend.and_then(|friend| serde_json::from_str(friend.get()).ok());
        Ok(Self { message, kind: Kind::of(wire.kind), sender: wire.sender, friend })
    }

    /// The body of the request that sends this payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.message.size() + 256);
        body.extend_from_slice(br#"{"message":"#);
        body.extend_from_slice(self.message.as_json().as_bytes());
        body.extend_from_slice(br#","type":""#);
        body.extend_from_slice(self.kind.name().as_bytes());
        body.extend_from_slice(br#"","sender":"#);
        push_address(&mut body, &self.sender);
        if let Some(friend) = &self.friend {
            body.extend_from_slice(br#","friend":"#);
            push_address(&mut body, friend);
        }
        body.push(b'}');
        body
    }
}

impl Kind {
    fn of(raw: Option<&RawValue>) -> Self {
        let Some(raw) = raw.map(RawValue::get) else { return Self::Other };
        if raw == "\"message\"" {
            return Self::Message;
        }
        // An escape such as "\u006dessage" denotes the same string.
        match serde_json::from_str::<String>(raw).as_deref() {
            Ok("message") => Self::Message,
            Ok("announce") => Self::Announce,
            _ => Self::Other,
        }
    }

    /// The `type` on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Announce => "announce",
            Self::Other => "other",
        }
    }
}

fn read(body: &[u8]) -> serde_json::Result<Wire<'_>> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let wire = from_object(&mut json, "an object with a sender")?;
    json.end()?;
    Ok(wire)
}

fn not_a_payload(error: &serde_json::Error) -> DecodeError {
    DecodeError::NotAPayload(shortened(error.to_string()))
}

fn shortened(reason: String) -> String {
    match reason.char_indices().nth(MAX_REASON) {
        Some((end, _)) => format!("{}\u{2026}", &reason[..end]),
        None => reason,
    }
}

/// A hostname contains no character that JSON escapes.
fn push_address(body: &mut Vec<u8>, address: &Address) {
    body.extend_from_slice(br#"{"hostname":""#);
    body.extend_from_slice(address.hostname().as_bytes());
    body.extend_from_slice(br#"","port":"#);
    body.extend_from_slice(address.port().to_string().as_bytes());
    body.push(b'}');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(body: &str) -> Result<Payload, DecodeError> {
        Payload::decode(body.as_bytes(), 128)
    }

    #[test]
    fn an_encoded_payload_decodes_to_itself() {
        let payload = Payload {
            message: Message::text("\u{dc}n\u{ef}c\u{f6}d\u{e9} \"quoted\""),
            kind: Kind::Message,
            sender: Address::new("::1", 8080).unwrap(),
            friend: Some(Address::new("localhost", 1).unwrap()),
        };
        assert_eq!(Payload::decode(&payload.encode(), 128), Ok(payload));
    }

    /// Falsy values of JavaScript, invalid hostnames, and other values. None of them is sent to another node, so the
    /// message is accepted.
    #[test]
    fn a_friend_that_is_not_a_valid_address_is_left_out() {
        let deep = "[".repeat(5000) + &"]".repeat(5000);
        for friend in [
            "null",
            "false",
            "0",
            "-0",
            "0.0",
            "-0.0",
            "0e3",
            "0E-7",
            "\"\"",
            "5",
            "true",
            "{}",
            "[]",
            "\"a:1\"",
            r#"["a",1]"#,
            r#"{"hostname":"b","port":1.5}"#,
            r#"{"hostname":"b","port":65536}"#,
            r#"{"hostname":"b."}"#,
            r#"{"hostname":"b\nc","port":1}"#,
            "{\"hostname\":\"\u{430}\",\"port\":1}",
            &deep,
        ] {
            let body = format!(
                r#"{{"message":"m","type":"message","sender":{{"hostname":"a","port":1}},"friend":{friend}}}"#
            );
            let payload = decode(&body).unwrap();
            assert_eq!((payload.message, payload.friend), (Message::text("m"), None), "{friend}");
        }
    }

    #[test]
    fn the_largest_message_fits_in_a_body_with_any_hostnames() {
        let name = "n".repeat(63);
        let longest = Address::new(&[&name[..61], &name, &name, &name].join("."), 65535).unwrap();
        let message = Message::text(&"m".repeat(Message::MAX_SIZE - 2));
        let payload =
            Payload { message, kind: Kind::Announce, sender: longest.clone(), friend: Some(longest) };
        assert_eq!(payload.message.size(), Message::MAX_SIZE);
        assert!(payload.encode().len() <= 1 << 20, "{}", payload.encode().len());
    }

    #[test]
    fn a_payload_that_crashes_a_package_node_is_refused() {
        let deep = "[".repeat(5000) + &"]".repeat(5000);
        for body in [
            "",
            "   ",
            "{}",
            "[]",
            r#"["m","message",{"hostname":"a","port":1},null]"#,
            r#"{"sender":["a",1]}"#,
            "null",
            r#"{"sender":null}"#,
            r#"{"sender":{"hostname":1,"port":1}}"#,
            r#"{"sender":{"hostname":"a\nb","port":1}}"#,
            r#"{"sender":{"hostname":"a\u0000b","port":1}}"#,
            "{\"sender\":{\"hostname\":\"\u{430}\",\"port\":1}}",
            r#"{"sender":{"hostname":"a","port":65536}}"#,
            r#"{"sender":{"hostname":"a"}}"#,
            &format!(r#"{{"sender":{{"hostname":"a","port":1}},"message":{deep}}}"#),
            r#"{"sender":{"hostname":"a","port":1}} and more"#,
        ] {
            assert!(decode(body).is_err(), "{body}");
        }
    }

    #[test]
    fn reasons_fit_on_one_line() {
        let long = format!(r#"{{"sender":"{}"}}"#, "\\n".repeat(100_000));
        for body in ["{\n\n\"sender\": 5}", &long] {
            let error = decode(body).unwrap_err().to_string();
            assert!(!error.contains('\n') && error.len() < 300, "{error}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_cause_no_panic(body: Vec<u8>) {
            let _ = Payload::decode(&body, 128);
        }

        #[test]
        fn a_message_survives_encoding_and_decoding(text in any::<String>(), port in 1_u16..) {
            let sender = Address::new("tower", port).unwrap();
            let message = Message::text(&text);
            let payload = Payload { message, kind: Kind::Message, sender, friend: None };
            let again = Payload::decode(&payload.encode(), 128).unwrap();
            prop_assert_eq!(again.message.as_text(), Some(text));
        }
    }
}
