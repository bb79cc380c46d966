//! Valid and invalid bodies.

use crate::{
    support::{Answer, address, in_json, payload_of},
    tower::Tower,
};

/// Asserts that a body is refused with 400 and a reason, and that the node continues.
async fn assert_refused(tower: &mut Tower, case: &str, body: impl AsRef<[u8]>) {
    let answer = tower.post(body).await;
    assert_eq!(answer.status, 400, "{case}: {answer:?}");
    assert_one_line_reason(case, &answer);
    tower.still_works(case).await;
}

fn assert_one_line_reason(case: &str, answer: &Answer) {
    let reason = answer.body.strip_suffix('\n').unwrap_or_default();
    assert!(!reason.is_empty() && reason.len() < 400, "{case}: a reason of {} bytes", answer.body.len());
    assert!(!reason.contains(char::is_control), "{case}: {reason:?}");
}

/// Asserts that a message gets 200 and is passed on unchanged.
async fn assert_passed_on(tower: &mut Tower, case: &str, message: &str) {
    let answer = tower.post(tower.payload(message)).await;
    assert_eq!(answer.status, 200, "{case}: {answer:?}");
    tower.passes_on(message).await;
}

fn nested(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

/// This many different keys, separated by commas.
fn keys(count: usize) -> String {
    (0..count).map(|key| format!(r#""{key}":0"#)).collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn an_invalid_payload_is_refused() {
    let mut tower = Tower::start().await;
    let sender = in_json(tower.peer.address());
    for (case, body) in [
        ("an empty body", String::new()),
        ("white space", " \r\n\t ".into()),
        ("bad JSON", r#"{"message":"#.into()),
        ("two values", format!(r#"{{"sender":{sender}}} {{}}"#)),
        ("a JavaScript literal", "undefined".into()),
        ("an empty object", "{}".into()),
        ("an array", "[]".into()),
        ("a number", "5".into()),
        ("an array of the fields", format!(r#"["m","message",{sender},null]"#)),
        ("a sender that is an array", r#"{"message":"m","type":"message","sender":["127.0.0.1",80]}"#.into()),
        ("no sender", r#"{"message":"m","type":"message"}"#.into()),
        ("sender null", r#"{"message":"m","type":"message","sender":null}"#.into()),
        ("a sender that is a string", r#"{"message":"m","type":"message","sender":"127.0.0.1:80"}"#.into()),
        ("a long string for a sender", format!(r#"{{"sender":"{}"}}"#, "\\n".repeat(400_000))),
        ("the sender twice", format!(r#"{{"sender":{sender},"sender":{sender}}}"#)),
        ("the message twice", format!(r#"{{"message":1,"message":2,"type":"message","sender":{sender}}}"#)),
        ("a byte order mark", format!("\u{feff}{}", tower.payload("1"))),
        ("a NUL byte in the message", tower.payload("\"a\0b\"")),
        ("a line break in the message", tower.payload("\"a\nb\"")),
    ] {
        assert_refused(&mut tower, case, body).await;
    }
}

#[tokio::test]
async fn a_harmful_hostname_is_not_passed_on() {
    let mut tower = Tower::start().await;
    for (case, hostname) in [
        ("a number", "5".to_owned()),
        ("null", "null".into()),
        ("a list", r#"["localhost"]"#.into()),
        ("a line break", r#""local\nhost""#.into()),
        ("a carriage return", r#""localhost\r""#.into()),
        ("a NUL", r#""local\u0000host""#.into()),
        ("non-Latin letters", r#""локалхост""#.into()),
        ("escaped non-Latin letters", r#""\u043b""#.into()),
        ("a lone surrogate", r#""\ud800""#.into()),
        ("nothing", r#""""#.into()),
        ("a space", r#""local host""#.into()),
        ("a path", r#""localhost/path""#.into()),
        ("a user", r#""user@localhost""#.into()),
        ("another spelling of an address", r#""0x7f.1""#.into()),
        ("too long a part", format!(r#""{}.org""#, "a".repeat(64))),
        ("too long a name", format!(r#""{}a""#, "abcdefg.".repeat(32))),
        ("half a megabyte", format!(r#""{}""#, "a".repeat(500_000))),
    ] {
        let bad = format!(r#"{{"hostname":{hostname},"port":80}}"#);
        assert_refused_as_sender_and_left_out_as_friend(&mut tower, &format!("hostname: {case}"), &bad).await;
    }
}

#[tokio::test]
async fn an_invalid_port_is_not_passed_on() {
    let mut tower = Tower::start().await;
    for port in
        ["0", "65536", "-1", "80.5", "1e999", "\"80 \"", "\"\"", "\"0x50\"", "null", "[80]", "{}", "true"]
    {
        let bad = format!(r#"{{"hostname":"127.0.0.1","port":{port}}}"#);
        assert_refused_as_sender_and_left_out_as_friend(&mut tower, &format!("port {port}"), &bad).await;
    }
    let bad = r#"{"hostname":"127.0.0.1"}"#;
    assert_refused_as_sender_and_left_out_as_friend(&mut tower, "no port", bad).await;
}

async fn assert_refused_as_sender_and_left_out_as_friend(tower: &mut Tower, case: &str, address: &str) {
    let as_sender = format!(r#"{{"message":"m","type":"message","sender":{address}}}"#);
    assert_refused(tower, case, as_sender).await;
    assert_left_out_as_friend(tower, case, address).await;
}

/// Asserts that the message is passed on and that its friend does not become a peer.
async fn assert_left_out_as_friend(tower: &mut Tower, case: &str, friend: &str) {
    let sender = in_json(tower.peer.address());
    let message = format!("\"beside a friend, {}\"", case.replace('"', "'"));
    let body = format!(r#"{{"message":{message},"type":"message","sender":{sender},"friend":{friend}}}"#);
    let answer = tower.post(body).await;
    assert_eq!(answer.status, 200, "{case}: {answer:?}");
    tower.passes_on(&message).await;
    assert_eq!(tower.node.peers().len(), 1, "{case}: only the honest peer is known");
}

#[tokio::test]
async fn an_invalid_friend_is_ignored() {
    let mut tower = Tower::start().await;
    for (number, friend) in ["{}", "5", "true", "[]", r#""127.0.0.1:80""#, &nested(100)].iter().enumerate() {
        assert_left_out_as_friend(&mut tower, &number.to_string(), friend).await;
    }
}

#[tokio::test]
async fn the_nesting_depth_is_bounded_everywhere() {
    let mut tower = Tower::start().await;
    assert_passed_on(&mut tower, "128 deep", &nested(128)).await;
    for levels in [129, 100_000] {
        let body = tower.payload(&nested(levels));
        assert_refused(&mut tower, &format!("{levels} deep"), body).await;
    }
    let deep = nested(100_000);
    let sender = in_json(tower.peer.address());
    for (case, body) in [
        ("a deep sender", format!(r#"{{"sender":{deep}}}"#)),
        ("a deep hostname", format!(r#"{{"sender":{{"hostname":{deep},"port":1}}}}"#)),
        ("a deep port", format!(r#"{{"sender":{{"hostname":"a","port":{deep}}}}}"#)),
        (
            "a message that never ends",
            format!(r#"{{"sender":{sender},"message":{}"#, "[{\"a\":".repeat(100_000)),
        ),
    ] {
        assert_refused(&mut tower, case, body).await;
    }
    for (case, body) in [
        ("a deep type", format!(r#"{{"message":"m","type":{deep},"sender":{sender}}}"#)),
        ("a deep field that nobody reads", format!(r#"{{"x":{deep},"sender":{sender}}}"#)),
    ] {
        assert_eq!(tower.post(body).await.status, 200, "{case}");
        tower.still_works(case).await;
    }
}

#[tokio::test]
async fn a_body_that_is_not_utf_8_is_refused() {
    let mut tower = Tower::start().await;
    let whole = tower.payload(r#""MARK""#).into_bytes();
    let mark = whole.windows(4).position(|bytes| bytes == b"MARK").expect("the mark is there");
    for (case, bytes) in [
        ("a lone continuation byte", &b"\x80"[..]),
        ("an overlong slash", b"\xc0\xaf"),
        ("a surrogate in UTF-8", b"\xed\xa0\x80"),
        ("a cut sequence", b"\xf0\x9f\x97"),
        ("no byte of UTF-8", b"\xff\xfe"),
    ] {
        let body = [&whole[..mark], bytes, &whole[mark + 4..]].concat();
        assert_refused(&mut tower, case, body).await;
    }
}

#[tokio::test]
async fn odd_but_valid_messages_are_passed_on_unchanged() {
    let mut tower = Tower::start().await;
    for (case, message) in [
        ("lone surrogates", r#""\ud800 \udc00\ud800""#.to_owned()),
        ("a pair of surrogates", r#""\ud83d\uddfc""#.into()),
        ("an escaped NUL", r#"{"\u0000":"a\u0000b"}"#.into()),
        ("an escaped line break", r#""a\r\n\u2028b""#.into()),
        ("non-Latin letters and more", "\"Ünïcödé лук 塔 🗼 \u{202e}\u{200b}\u{7f}\"".into()),
        ("duplicate keys", r#"{"a":1,"a":2,"\u0061":3,"":4,"":5}"#.into()),
        ("white space between tokens", "{ \"a\" :\r\n\t[ 1 , 2 ] }".into()),
        ("huge numbers", "[1e999999,-1e999999,1e-999999,123456789012345678901234567890]".into()),
        ("a number of a hundred thousand digits", "9".repeat(100_000)),
        ("a number that is hardly zero", format!("1{}e-300", "0".repeat(100_000))),
        ("a prototype", r#"{"__proto__":{"polluted":true},"constructor":null,"toJSON":1}"#.into()),
    ] {
        assert_passed_on(&mut tower, case, &message).await;
        tower.still_works(case).await;
    }
}

#[tokio::test]
async fn a_message_with_a_million_keys_is_accepted_within_the_limit() {
    let wide = crate::support::builder().limits(|limits| limits.max_body = 16 << 20);
    let mut tower = Tower::of(wide).await;
    let keys = keys(1_000_000);
    assert_passed_on(&mut tower, "in the message", &format!("{{{keys}}}")).await;
    let body = format!(r#"{{{keys},"sender":{}}}"#, in_json(tower.peer.address()));
    assert_eq!(tower.post(body).await.status, 200);
    tower.still_works("keys that nobody reads").await;
    let body = format!(r#"{{"sender":{{{keys},"hostname":"a b","port":1}}}}"#);
    assert_refused(&mut tower, "keys in the sender", body).await;
}

#[tokio::test]
async fn a_port_may_be_text_or_end_in_point_zero() {
    let mut tower = Tower::start().await;
    let port = tower.peer.address().port();
    for written in [format!("\"{port}\""), format!("{port}.0")] {
        let sender = format!(r#"{{"hostname":"127.0.0.1","port":{written}}}"#);
        let body = format!(r#"{{"message":"m","type":"message","sender":{sender}}}"#);
        assert_eq!(tower.post(body).await.status, 200, "{written}");
        tower.passes_on(r#""m""#).await;
    }
    assert_eq!(tower.node.peers().len(), 1, "all of them are one peer");
}

#[tokio::test]
async fn a_sender_with_the_address_of_the_node_is_not_a_peer() {
    let mut tower = Tower::start().await;
    let upper = address("127.0.0.1", tower.node.address().port());
    let answer = tower.post(payload_of("message", &upper, r#""from yourself""#)).await;
    assert_eq!(answer.status, 200);
    tower.passes_on(r#""from yourself""#).await;
    assert_eq!(tower.node.peers().len(), 1);
    tower.still_works("a sender of its own name").await;
}
