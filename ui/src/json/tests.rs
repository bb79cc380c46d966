use clacks_language::command::{Known, table::COMMANDS};
use clacks_p2p::{
    DEFAULT_MAX_DEPTH, Message,
    core::{Event, Failure, Now, Peer, Refusal, Scope, Status},
};
use clacks_p2p_feed::{
    description::describe,
    event::kinds::{KINDS, Written},
};
use clacks_text::testing::{hostile, is_hidden};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    answers::{error, help, reply},
    *,
};

/// An event of the node with the address and status of its peers.
fn happened(event: &Event, time: u64) -> Record {
    Record::of(&Written::brief(event, time))
}

/// An event of the node with all fields of its peers and the time on both clocks.
fn recorded(event: &Event, now: Now) -> Record {
    Record::of(&Written::full(event, now))
}

fn tower() -> Address {
    "tower.example.org:8080".parse().unwrap()
}

fn peer() -> Peer {
    let since = Now { uptime: Duration::ZERO, unix_ms: 5 };
    let mut peer = Peer::new(tower(), Status::Alive, since);
    (peer.delivered, peer.received, peer.failed) = (1, 2, 3);
    peer
}

fn received(message: Message) -> Event {
    Event::MessageReceived { peer: peer(), message, id: None, visits: 1, remote: None, held: None }
}

#[test]
fn an_event_has_its_name_its_time_and_the_peer_as_the_protocol_describes_it() {
    let line = happened(&received(Message::text("hello")), 1234).into_line();
    let identifier = "f02a3a9d66db7946180d1876caa566d5b7f14f9f3bb5e4bea25920ddda111597";
    let peer = format!(
        r#"{{"identifier":"{identifier}","hostname":"tower.example.org","port":8080,"status":"alive","time":5,"answers":false}}"#
    );
    let expected = r#"{"event":"message_received","time":1234,"peer":PEER,"message":"hello","id":null,"visits":1,"remote":null}"#;
    assert_eq!(line, expected.replace("PEER", &peer));
}

#[test]
fn whatever_a_message_holds_is_one_safe_line_of_the_same_json() {
    let hostile =
        "{ \"a\u{202e}\u{7f}\" :\t[1.0e+2,\r\n\"\u{9b}2J\u{200b}\",\"\\u001b]0;x\\u0007\",\"\\ud800\"]}";
    let message = Message::from_json(hostile, DEFAULT_MAX_DEPTH).unwrap();
    let line = happened(&received(message), 0).into_line();
    assert!(!line.contains(|c: char| c.is_control() || ('\u{200b}'..'\u{2070}').contains(&c)), "{line:?}");
    assert!(line.contains("1.0e+2") && line.contains("\\ud800"), "{line}");
    let without_lone_surrogate: Value = serde_json::from_str(&line.replace("\\ud800", "")).unwrap();
    let message = &without_lone_surrogate["message"]["a\u{202e}\u{7f}"];
    assert_eq!(message, &json!([100.0, "\u{9b}2J\u{200b}", "\u{1b}]0;x\u{7}", ""]));
}

#[test]
fn a_reason_that_quotes_a_peer_is_escaped() {
    let refusal =
        Refusal::new(400, "no \u{1b}[31m\n\u{202e}".to_owned(), None, None, Some([127, 0, 0, 1].into()));
    let line = happened(&Event::Refused(refusal), 0).into_line();
    assert!(line.contains(r#""reason":"no \u001b[31m\n\u202e","sender":null"#), "{line}");
    assert!(line.ends_with(r#""preview":null,"remote":"127.0.0.1"}"#), "{line}");
}

#[test]
fn a_changed_certificate_is_shown_with_both_fingerprints() {
    let failure = Failure::CertificateChanged {
        pinned: CertificateFingerprint([1; 32]),
        presented: CertificateFingerprint([2; 32]),
    };
    let line = happened(&Event::AnnounceFailed { peer: tower(), failure }, 0).into_line();
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["failure"], "certificate changed");
    assert_eq!((&value["trusted"], &value["presented"]), (&json!("01".repeat(32)), &json!("02".repeat(32))));
}

#[test]
fn an_address_that_is_not_contacted_is_told_with_what_is_there() {
    let failure = Failure::NotContacted(Scope::LinkLocal);
    let line = happened(&Event::AnnounceFailed { peer: tower(), failure }, 0).into_line();
    assert!(line.ends_with(r#""cause":"not_contacted","scope":"link_local"}"#), "{line}");
}

/// Without a row in the table of kinds an event would be told as one that is not known.
#[test]
fn every_event_of_the_library_has_a_struct_and_a_name_that_is_explained() {
    let source = include_str!("../../../src/clacks/core/event.rs");
    let explained = include_str!("../../../docs/events.md");
    let all = source.split("pub enum Event {").nth(1).unwrap().split("\n}").next().unwrap();
    let variants = all.lines().filter_map(|line| line.strip_prefix("    "));
    let variants = variants.filter(|line| line.starts_with(char::is_uppercase));
    let variants: Vec<_> =
        variants.map(|line| line.split(|c: char| !c.is_alphanumeric()).next().unwrap()).collect();
    assert!(variants.len() > 20, "{variants:?}");
    for variant in variants {
        let told = KINDS.iter().find(|(_, kind)| *kind == variant);
        let (name, _) = told.unwrap_or_else(|| panic!("{variant} has no struct"));
        assert_eq!(name.replace('_', ""), variant.to_lowercase());
        assert!(explained.contains(&format!("`{name}`")), "docs/events.md does not explain {name}");
    }
}

#[test]
fn help_lists_every_command_with_what_it_takes() {
    let network = describe("tower:1".into());
    let value: Value = serde_json::from_str(&help(0, 3, &network).into_line()).unwrap();
    let of_node = Known::all(&network).filter(|known| matches!(known, Known::Node(_))).count();
    assert_eq!(value["commands"].as_array().unwrap().len(), of_node + COMMANDS.len());
    assert_eq!(value["commands"][0]["command"], ":announce HOST:PORT");
    assert_eq!(value["line"], 3);
}

/// What holds text that somebody else wrote, and the fields that it stands in.
fn told_of(text: &str) -> Vec<(Record, &'static [&'static str])> {
    let json = format!("{{\t\"text\"\r\n:\t{} }}", serde_json::to_string(text).unwrap());
    let json = Message::from_json(&json, DEFAULT_MAX_DEPTH).unwrap();
    let refusal = Refusal::new(400, text.to_owned(), Some(tower()), Some(text.to_owned()), None);
    let failed = Event::AnnounceFailed { peer: tower(), failure: Failure::Connection(text.to_owned()) };
    let now = Now { uptime: Duration::ZERO, unix_ms: 5 };
    [
        (happened(&received(Message::text(text)), 0), &["/message"][..]),
        (happened(&received(json.clone()), 0), &["/message/text"]),
        (recorded(&received(json), now), &["/message/text"]),
        (happened(&Event::Refused(refusal), 0), &["/reason", "/preview"]),
        (happened(&failed, 0), &["/failure"]),
        (happened(&Event::HoldRuleChanged { rule: Some(text.into()) }, 0), &["/rule"]),
        (reply(0, 1, text), &["/text"]),
        (error(0, 1, text), &["/reason"]),
    ]
    .into()
}

proptest! {
    #[test]
    fn whatever_is_told_is_one_harmless_line_that_reads_back_the_same(text in hostile()) {
        for (record, fields) in told_of(&text) {
            let line = record.into_line();
            let is_harmful = |c: char| is_hidden(c) && !('\u{fe00}'..='\u{fe0f}').contains(&c);
            prop_assert!(!line.contains(is_harmful), "{:?}", line);
            let value: Value = serde_json::from_str(&line).unwrap();
            for field in fields {
                let told = value.pointer(field).and_then(Value::as_str).unwrap_or_default();
                prop_assert!(told == text || *field == "/failure" && told.contains(&text), "{} {:?}", field, line);
            }
        }
    }
}
