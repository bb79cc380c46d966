//! Fuzzing of the wire format with arbitrary bytes.

use serde_json::{Value, value::RawValue};

use super::*;

#[test]
fn payload() {
    clacks_fuzz::fuzz("payload", 10_000, |body| {
        let taken = [DEFAULT_MAX_DEPTH, 3].map(|max_depth| check_decode(body, max_depth));
        // A lower maximum accepts less, but reads what it accepts as the same value.
        assert!(taken[1].is_none() || taken[0] == taken[1]);
    });
}

fn check_decode(body: &[u8], max_depth: usize) -> Option<Payload> {
    match Payload::decode(body, max_depth) {
        Ok(payload) => {
            assert_eq!(Payload::decode(&payload.encode(), max_depth).as_ref(), Ok(&payload));
            check_message(&payload.message, max_depth);
            payload.friend.iter().chain([&payload.sender]).for_each(check_address);
            Some(payload)
        }
        Err(error) => {
            let reason = error.to_string();
            assert!(reason.len() < 1000 && !reason.contains(char::is_control), "{reason}");
            None
        }
    }
}

fn check_message(message: &Message, max_depth: usize) {
    let json = message.as_json();
    let raw: &RawValue = serde_json::from_str(json).unwrap();
    assert_eq!(raw.get(), json, "white space around it");
    assert_eq!(Message::from_json(json, max_depth).as_ref(), Ok(message));
    assert_eq!(message.as_text().is_some(), json.starts_with('"'));
    let line = message.as_json_line();
    assert!(!line.contains(['\n', '\r']));
    // A text that `serde_json` cannot read as a tree contains a lone surrogate or a number out of range.
    let (Ok(tree), Ok(of_line)) = (serde_json::from_str::<Value>(json), serde_json::from_str::<Value>(&line))
    else {
        return;
    };
    assert_eq!(tree, of_line);
    assert_eq!(message.as_text().as_deref(), tree.as_str());
    assert_eq!(message.is_falsy(), is_falsy(&tree));
    let depth = depth(&tree);
    assert!(depth <= max_depth);
    assert!(depth == 0 || Message::from_json(json, depth - 1) == Err(MessageError::TooDeep(depth - 1)));
}

fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is_true) => !is_true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[test]
fn address() {
    clacks_fuzz::fuzz("address", 20_000, |input| {
        let text = String::from_utf8_lossy(input);
        if let Ok(address) = text.parse::<Address>() {
            assert_eq!(address.to_string(), text);
            check_address(&address);
        }
    });
}

fn check_address(address: &Address) {
    assert_eq!(address.to_string().parse().as_ref(), Ok(address));
    assert_eq!(Address::new(address.hostname(), address.port()).as_ref(), Ok(address));
    let json = serde_json::to_string(address).unwrap();
    assert_eq!(&serde_json::from_str::<Address>(&json).unwrap(), address);
    assert!(address.hostname().bytes().all(|byte| byte.is_ascii_graphic()));
    #[cfg(feature = "node")]
    check_url(address);
}

/// A request URL has the host and port of the address.
#[cfg(feature = "node")]
fn check_url(address: &Address) {
    use std::net::Ipv6Addr;

    let hostname = address.hostname();
    let url: hyper::Uri = format!("https://{address}/").parse().unwrap();
    assert_eq!((url.port_u16(), url.path()), (Some(address.port()), "/"));
    let host = url.host().unwrap();
    if let Ok(ip) = hostname.parse::<Ipv6Addr>() {
        assert_eq!(host.trim_matches(['[', ']']).parse(), Ok(ip));
    } else {
        assert_eq!(host, hostname);
    }
}
