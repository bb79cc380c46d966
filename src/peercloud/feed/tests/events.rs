//! The JSON of each kind of events: its names are fixed, and what is written is read back.

use std::{net::IpAddr, time::Duration};

use clacks_feed::TypedEvent;
use clacks_peercloud::{
    Id, Json,
    core::{
        AutoReply, CheckResult, Event, Failure, Refusal, Removal, Reply, Scope, SendId, SendKind, Source,
    },
    protocol::Record,
};

use crate::{
    PeercloudEvent,
    json::events::{KINDS, position, read},
};

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

fn value(text: &str) -> Json {
    Json::new(text, usize::MAX, 128).unwrap()
}

fn record() -> Record {
    Record { id: id("a"), address: "10.0.0.7:4001".parse().unwrap(), data: value(r#"{"name":"tower"}"#) }
}

fn reply(result: Result<Option<Json>, Failure>) -> Reply {
    Reply::new(record(), result, Duration::from_millis(5))
}

/// Events with their JSON: `A` stands for the member.
fn examples() -> Vec<(Event, &'static str)> {
    of_node().into_iter().chain(of_members()).chain(of_messages()).chain(others()).collect()
}

fn of_node() -> Vec<(Event, &'static str)> {
    let via = || "10.0.0.1:9338".parse().unwrap();
    let seen_as = Some(clacks_peercloud::Host::new("10.0.0.9").unwrap());
    vec![
        (
            Event::Started { id: id("me"), port: 9338, address: "127.0.0.1:9338".parse().unwrap() },
            r#"{"id":"me","address":"127.0.0.1:9338","port":9338}"#,
        ),
        (
            Event::Joined { via: via(), members: 3, left_out: 1, seen_as },
            r#"{"via":"10.0.0.1:9338","members":3,"left_out":1,"seen_as":"10.0.0.9"}"#,
        ),
        (Event::Alone { failure: None }, r#"{"failure":null}"#),
        (
            Event::Alone { failure: Some(Failure::Refused("no".into())) },
            r#"{"failure":{"error":"refused","cause":"no"}}"#,
        ),
        (Event::Left { members: 2 }, r#"{"members":2}"#),
        (Event::IdChanged { id: id("me2") }, r#"{"id":"me2"}"#),
        (Event::Repairing { unknown_to: 2 }, r#"{"unknown_to":2}"#),
        (Event::Repaired { via: via(), members: 4 }, r#"{"via":"10.0.0.1:9338","members":4}"#),
    ]
}

fn of_members() -> Vec<(Event, &'static str)> {
    let member = record;
    let added = |source| Event::MemberAdded { member: member(), source };
    let removed = |reason| Event::MemberRemoved { member: member(), reason };
    let checked = |result| Event::Checked { member: member(), took: Duration::from_millis(5), result };
    vec![
        (added(Source::LetIn), r#"{"member":A,"source":"let_in"}"#),
        (added(Source::Via), r#"{"member":A,"source":"via"}"#),
        (added(Source::Answer(id("b"))), r#"{"member":A,"source":"answer","by":"b"}"#),
        (added(Source::Told(id("b"))), r#"{"member":A,"source":"told","by":"b"}"#),
        (added(Source::Disputed(id("b"))), r#"{"member":A,"source":"disputed","by":"b"}"#),
        (Event::MemberUpdated { member: member() }, r#"{"member":A}"#),
        (removed(Removal::SaidGoodbye), r#"{"member":A,"reason":"said_goodbye"}"#),
        (removed(Removal::FoundGoneBy(id("b"))), r#"{"member":A,"reason":"found_gone","by":"b"}"#),
        (removed(Removal::NoAnswer), r#"{"member":A,"reason":"no_answer"}"#),
        (removed(Removal::OtherId), r#"{"member":A,"reason":"other_id"}"#),
        (removed(Removal::DoesNotKnowUs), r#"{"member":A,"reason":"does_not_know_us"}"#),
        (
            removed(Removal::Forbidden(Scope::Private)),
            r#"{"member":A,"reason":"forbidden","scope":"private"}"#,
        ),
        (removed(Removal::Dropped), r#"{"member":A,"reason":"ignored"}"#),
        (removed(Removal::Repair), r#"{"member":A,"reason":"repair"}"#),
        (removed(Removal::Left), r#"{"member":A,"reason":"left"}"#),
        (Event::MemberChanged { id: id("a") }, r#"{"id":"a"}"#),
        (Event::DoesNotKnowUs { member: member() }, r#"{"member":A}"#),
        (Event::ClockOff { member: member(), milliseconds: 90_000 }, r#"{"member":A,"ms":90000}"#),
        (checked(CheckResult::Here), r#"{"member":A,"check":{"result":"here"},"ms":5.0}"#),
        (checked(CheckResult::Offline), r#"{"member":A,"check":{"result":"offline"},"ms":5.0}"#),
        (
            checked(CheckResult::OtherId(Some(id("c")))),
            r#"{"member":A,"check":{"result":"other_id","other_id":"c"},"ms":5.0}"#,
        ),
        (
            checked(CheckResult::Failed(Failure::Cut)),
            r#"{"member":A,"check":{"result":"failed","failure":{"error":"cut"}},"ms":5.0}"#,
        ),
        (Event::CheckedBy { member: member() }, r#"{"member":A}"#),
    ]
}

fn of_messages() -> Vec<(Event, &'static str)> {
    let (number, kind) = (SendId::from(7), SendKind::Message);
    let received =
        |reply| Event::MessageReceived { number: 7, member: record(), message: value("[1.0]"), reply };
    let replied = |result| Event::Replied { id: number, kind, reply: reply(result) };
    vec![
        (received(Some(value("{}"))), r#"{"id":7,"member":A,"message":[1.0],"reply":{}}"#),
        (received(None), r#"{"id":7,"member":A,"message":[1.0],"reply":null}"#),
        (
            Event::Sent {
                id: number,
                kind,
                body: value("[1.0]"),
                is_broadcast: true,
                receivers: [id("a"), id("b")].into(),
            },
            r#"{"id":7,"kind":"message","message":[1.0],"broadcast":true,"members":["a","b"]}"#,
        ),
        (replied(Ok(Some(value("null")))), r#"{"id":7,"kind":"message","member":A,"value":null,"ms":5.0}"#),
        (replied(Ok(None)), r#"{"id":7,"kind":"message","member":A,"ms":5.0}"#),
        (
            replied(Err(Failure::Status { code: 500, body: "no".into() })),
            r#"{"id":7,"kind":"message","member":A,"error":"status","code":500,"body":"no","ms":5.0}"#,
        ),
        (
            Event::Replies {
                id: number,
                kind,
                replies: vec![reply(Ok(Some(value("1.0")))), reply(Err(Failure::UnknownToIt))],
            },
            r#"{"id":7,"kind":"message","replies":[{"member":A,"value":1.0,"ms":5.0},{"member":A,"error":"unknown_to_it","code":404,"ms":5.0}]}"#,
        ),
    ]
}

fn others() -> Vec<(Event, &'static str)> {
    let from: IpAddr = [192, 0, 2, 3].into();
    let refused = |sender, is_repeated| Event::Refused {
        refusal: Refusal::UnknownId,
        from,
        sender,
        status: 404,
        reason: "no".into(),
        is_repeated,
    };
    vec![
        (Event::DataChanged { data: value(r#"{"n":1.0}"#) }, r#"{"data":{"n":1.0}}"#),
        (Event::ReplyChanged { reply: AutoReply::Empty }, r#"{"reply":"none"}"#),
        (Event::ReplyChanged { reply: AutoReply::Echo }, r#"{"reply":"echo"}"#),
        (Event::ReplyChanged { reply: AutoReply::Value(value("[1]")) }, r#"{"reply":{"value":[1]}}"#),
        (Event::CheckIntervalChanged { interval: None }, r#"{"ms":null}"#),
        (Event::CheckIntervalChanged { interval: Some(Duration::from_secs(5)) }, r#"{"ms":5000.0}"#),
        (
            refused(Some(id("b")), false),
            r#"{"refusal":"unknown_id","from":"192.0.2.3","sender":"b","status":404,"reason":"no","repeated":false}"#,
        ),
        (
            refused(None, true),
            r#"{"refusal":"unknown_id","from":"192.0.2.3","sender":null,"status":404,"reason":"no","repeated":true}"#,
        ),
        (
            Event::Forgotten { messages: vec![1, 2], addresses: vec![from] },
            r#"{"messages":[1,2],"addresses":["192.0.2.3"]}"#,
        ),
    ]
}

#[test]
fn the_json_of_each_kind_has_fixed_names_and_is_read_back() {
    let member = r#"{"id":"a","ip":"10.0.0.7","port":4001,"data":{"name":"tower"}}"#;
    let mut seen = vec![false; KINDS.len()];
    for (event, expected) in examples() {
        let json = PeercloudEvent(event.clone()).json();
        assert_eq!(json.get(), expected.replace('A', member));
        let kind = position(&event);
        seen[kind] = true;
        assert_eq!(read(KINDS[kind], json.get()), Some(event), "{json}");
    }
    let missing: Vec<_> = KINDS.iter().zip(seen).filter(|(_, seen)| !seen).collect();
    assert!(missing.is_empty(), "no example of {missing:?}");
}

#[test]
fn every_failure_is_read_back() {
    let cause = || "cause".into();
    let failures = [
        Failure::UnknownToIt,
        Failure::Status { code: 500, body: "\u{1b}[2J".into() },
        Failure::Refused(cause()),
        Failure::Cut,
        Failure::TimedOut,
        Failure::BadAnswer(cause()),
        Failure::TooLong(9),
        Failure::Forbidden(Scope::LinkLocal),
        Failure::NotReachable,
        Failure::NameNotFound(cause()),
        Failure::NoResources(cause()),
        Failure::NoMember,
        Failure::Stopped,
    ];
    for failure in failures {
        let (id, kind) = (SendId::from(1), SendKind::Update);
        let event = Event::Replied { id, kind, reply: reply(Err(failure)) };
        let json = PeercloudEvent(event.clone()).json();
        assert_eq!(read("reply_received", json.get()), Some(event), "{json}");
    }
}

#[test]
fn what_no_node_writes_is_not_read() {
    for (name, json) in [
        ("joined", r#"{"via":"nowhere:0","members":3,"left_out":0,"seen_as":null}"#),
        ("member_added", r#"{"member":{"id":"a"},"source":"via"}"#),
        ("member_added", r#"{"member":{"id":"a","ip":"10.0.0.7","port":1,"data":{}},"source":"told"}"#),
        ("member_removed", r#"{"member":{"id":"a","ip":"10.0.0.7","port":1,"data":{}},"reason":"x"}"#),
        ("id_changed", r#"{"id":"with space"}"#),
        ("checked", r#"{"member":{"id":"a","ip":"10.0.0.7","port":1},"check":{"result":"here"},"ms":-1}"#),
        ("no_such_kind", "{}"),
    ] {
        assert_eq!(read(name, json), None, "{json}");
    }
}

#[test]
fn a_refusal_has_a_line_only_for_the_first_of_its_address_in_a_minute() {
    let lines: Vec<bool> = others()
        .into_iter()
        .filter(|(event, _)| matches!(event, Event::Refused { .. }))
        .map(|(event, _)| PeercloudEvent(event).line().is_some())
        .collect();
    assert_eq!(lines, [true, false]);
}
