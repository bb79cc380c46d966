//! A description like that of clacks, and lines and rows of it.

use std::{sync::LazyLock, time::Duration};

use crate::{
    Direction, Key, Line, Now, Order, Row, Statuses, Text, Value,
    description::{Description, EventSpec, Field, Kind, ListId, ListSpec, Role, StatusSpec, Tone, TypeId},
    event::Types,
};

/// The time of all lines and rows.
pub(in super::super) const NOW: Now = Now { uptime: Duration::from_secs(3600), unix_ms: 1_800_000_000_000 };

pub(in super::super) fn description() -> &'static Description {
    static DESCRIPTION: LazyLock<Description> = LazyLock::new(described);
    &DESCRIPTION
}

fn described() -> Description {
    let mut description = Description::new("clacks".into(), "home.example.org:8080".into());
    let status = |name, letter, tone| StatusSpec::new(name, letter, tone, "a status");
    description.statuses = vec![
        status("new", 'N', Tone::New),
        status("alive", 'A', Tone::Good),
        status("lost", 'L', Tone::Doubtful),
        status("dead", 'D', Tone::Bad),
        status("ignored", 'I', Tone::Off),
        status("claimed", '?', Tone::Doubtful),
        status("hand", 'H', Tone::Plain),
    ];
    description.types = ["message", "announce", "refused", "failed", "dropped"].map(Into::into).into();
    description.lists = vec![peers(), messages("queue"), messages("held"), remotes()];
    description.lists[2].columns.push(Field::new("by", Kind::Status));
    let took = || Field::new("took", Kind::Took);
    let http = || Field::new("http", Kind::Count);
    description.events = vec![
        EventSpec::new("message_received", "a peer sent a message")
            .json_text("message")
            .fields([Field::new("visits", Kind::Count)]),
        EventSpec::new("message_queued", "a message was queued").json_text("message"),
        EventSpec::new("message_delivered", "a message was delivered")
            .json_text("message")
            .fields([took(), http()]),
        EventSpec::new("delivery_failed", "a message was not delivered")
            .json_text("message")
            .fields([took(), http()]),
        EventSpec::new("message_dropped", "a message was dropped").json_text("message"),
        EventSpec::new("peer_discovered", "a peer became known")
            .fields([Field::new("of", Kind::Ref("peers".into())), Field::new("was", Kind::Status)]),
        EventSpec::new("refused", "a request was refused").json_text("preview").fields([http()]),
        EventSpec::new("send_rate_changed", "the rate changed").fields([Field::new("rate", Kind::Rate)]),
    ];
    description.check().unwrap();
    description
}

fn peers() -> ListSpec {
    ListSpec::new("peers", "peer", "peers", Role::Peers).shared().columns([
        Field::new("address", Kind::Id),
        Field::new("status", Kind::Status),
        Field::new("since", Kind::At),
        Field::new("took", Kind::Took),
        Field::new("failed", Kind::Count),
        Field::new("proof", Kind::Text).only_open(),
        Field::new("named", Kind::Flag).only_open(),
    ])
}

fn messages(name: &'static str) -> ListSpec {
    ListSpec::new(name, "message", "messages", Role::Messages).columns([
        Field::new("text", Kind::Json),
        Field::new("since", Kind::At),
        Field::new("size", Kind::Bytes),
        Field::new("visits", Kind::Count),
        Field::new("from", Kind::Ref("peers".into())),
        Field::new("number", Kind::Count),
        Field::new("remote", Kind::Id).only_open(),
    ])
}

fn remotes() -> ListSpec {
    ListSpec::new("remotes", "remote", "remotes", Role::Other).columns([Field::new("ip", Kind::Id)])
}

/// A line of the direction, types and peer.
pub(in super::super) fn line(direction: Direction, types: &[&str], peer: Option<&str>) -> Line {
    let description = description();
    let types: Vec<TypeId> = types.iter().map(|name| description.type_id(name).unwrap()).collect();
    Line { direction, types: Types::of(types), peer: peer.map(Key::new), ..Line::default() }
}

pub(in super::super) fn status(name: &str) -> Statuses {
    Statuses::only(description().status_id(name).unwrap())
}

/// A string as the JSON text of a message.
pub(in super::super) fn json(text: &str) -> Text {
    serde_json::to_string(text).unwrap().into()
}

/// A message that was received, one that was delivered, one that failed, and a note about a peer, each with the name of
/// its kind of events.
pub(in super::super) fn lines() -> [(&'static str, Line); 4] {
    let (tower, keep) = ("tower-3:8443", "[2001:db8::1]:8080");
    let took = |ms| Value::Took(Duration::from_millis(ms));
    [
        (
            "message_received",
            Line {
                status: status("alive"),
                text: Some(json("GNU Terry \"Pratchett\"")),
                outcome: "queued".into(),
                values: vec![Value::Count(42)],
                remote: Some("192.0.2.7".parse().unwrap()),
                ..line(Direction::In, &["message"], Some(tower))
            },
        ),
        (
            "message_delivered",
            Line {
                status: status("alive"),
                text: Some(r#"{"kind":"chess","move":"e4"}"#.into()),
                outcome: "delivered".into(),
                values: vec![took(12), Value::Count(200)],
                ..line(Direction::Out, &["message"], Some(keep))
            },
        ),
        (
            "delivery_failed",
            Line {
                status: status("lost"),
                text: Some(json(&"x".repeat(1500))),
                what: "connection refused".into(),
                outcome: "refused".into(),
                values: vec![took(2000)],
                ..line(Direction::Out, &["message", "failed"], Some(tower))
            },
        ),
        (
            "peer_discovered",
            Line {
                status: status("new"),
                what: "friend of another".into(),
                values: vec![Value::Ref("x-tower:1".into()), Value::Status(status("dead"))],
                ..line(Direction::Note, &[], Some(keep))
            },
        ),
    ]
}

/// A message that waits: from a peer, or of this node.
pub(in super::super) fn queued(number: u64, text: &str, from: Option<&str>) -> Row {
    let text = json(text);
    let cells = [
        Value::text(text.clone()),
        Value::At(3_540_000),
        Value::Count(text.len() as u64),
        Value::Count(1),
        from.map_or(Value::None, |from| Value::Ref(from.into())),
        Value::Count(number),
        from.map_or(Value::None, |_| Value::text("192.0.2.7".into())),
    ];
    Row { key: number.to_string().into(), order: Order::rank(number), cells: cells.into() }
}

/// A peer that has answered.
pub(in super::super) fn peer(address: &str, statuses: &[&str]) -> Row {
    let statuses = statuses.iter().fold(Statuses::NONE, |all, name| Statuses(all.0 | status(name).0));
    let cells = [
        Value::text(address.into()),
        Value::Status(statuses),
        Value::At(-60_000),
        Value::Took(Duration::from_millis(7)),
        Value::Count(0),
        Value::text("it answered".into()),
        Value::Flag(true),
    ];
    Row { key: address.into(), order: Order::default(), cells: cells.into() }
}

pub(in super::super) fn list(name: &str) -> ListId {
    description().list_id(name).unwrap()
}
