//! Lists of networks with many kinds of columns: what other networks than clacks show.

use clacks_feed::description::{Description, Field, Kind, ListSpec, Role, StatusSpec, Tone};

/// A column: its name, kind, least and greatest width (0: what is left), priority.
type Column = (&'static str, Kind, u8, u8, u8);

fn reference() -> Kind {
    Kind::Ref("members".into())
}

fn list(name: &'static str, role: Role, columns: Vec<Column>) -> ListSpec {
    let field = |(name, kind, least, most, priority): Column| {
        Field::new(name, kind).width(least, most).priority(priority)
    };
    let columns = columns.into_iter().map(field);
    ListSpec::new(name, "item", "items", role).columns(columns).counting(&["here", "failing", "disputed"])
}

/// A cloud whose members answer messages.
fn cloud() -> Vec<ListSpec> {
    vec![
        list(
            "members",
            Role::Peers,
            vec![
                ("name", Kind::Text, 8, 20, 1),
                ("address", Kind::Id, 12, 0, 0),
                ("status", Kind::Status, 9, 20, 0),
                ("check", Kind::Took, 7, 7, 1),
                ("checked", Kind::At, 5, 5, 2),
                ("in", Kind::Count, 4, 4, 5),
                ("out", Kind::Count, 4, 4, 5),
                ("known_by", Kind::Text, 10, 20, 6),
                ("data", Kind::Json, 16, 0, 255),
                ("id", Kind::Id, 8, 8, 2),
            ],
        ),
        list(
            "requests",
            Role::Messages,
            vec![
                ("text", Kind::Json, 24, 0, 0),
                ("status", Kind::Status, 8, 8, 0),
                ("member", reference(), 8, 20, 1),
                ("since", Kind::At, 5, 5, 1),
                ("answered", Kind::Count, 4, 4, 2),
                ("unanswered", Kind::Count, 4, 4, 2),
            ],
        ),
        list(
            "replies",
            Role::Messages,
            vec![
                ("member", reference(), 8, 20, 0),
                ("status", Kind::Status, 6, 6, 0),
                ("text", Kind::Json, 16, 0, 0),
                ("error", Kind::Text, 10, 30, 1),
                ("took", Kind::Took, 7, 7, 1),
            ],
        ),
        list(
            "door",
            Role::Other,
            vec![
                ("address", Kind::Id, 12, 0, 0),
                ("reason", Kind::Text, 20, 40, 0),
                ("joins", Kind::Count, 5, 5, 1),
                ("last", Kind::At, 5, 5, 1),
            ],
        ),
    ]
}

/// A gossip of addresses.
fn gossip() -> Vec<ListSpec> {
    vec![
        list(
            "connections",
            Role::Peers,
            vec![
                ("address", Kind::Id, 14, 0, 0),
                ("status", Kind::Status, 8, 8, 0),
                ("peer", Kind::Id, 8, 8, 1),
                ("since", Kind::At, 5, 5, 1),
                ("in", Kind::BytesRate, 7, 7, 2),
                ("out", Kind::BytesRate, 7, 7, 2),
                ("frames_in", Kind::Rate, 6, 6, 3),
                ("heard", Kind::Count, 5, 5, 4),
                ("waiting", Kind::Bytes, 6, 6, 5),
            ],
        ),
        list(
            "known",
            Role::Other,
            vec![
                ("address", Kind::Id, 14, 0, 0),
                ("status", Kind::Status, 8, 16, 0),
                ("ok", Kind::Count, 5, 5, 1),
                ("fail", Kind::Count, 5, 5, 1),
                ("ratio", Kind::Ratio, 4, 4, 2),
                ("ready", Kind::At, 5, 5, 2),
                ("from", Kind::Text, 12, 24, 3),
                ("next", Kind::At, 5, 5, 4),
                ("error", Kind::Text, 12, 40, 5),
                ("seen", Kind::Flag, 3, 3, 6),
                ("later", Kind::Unknown, 5, 5, 7),
            ],
        ),
        list(
            "asked",
            Role::Messages,
            vec![
                ("what", Kind::Text, 12, 0, 0),
                ("status", Kind::Status, 8, 8, 0),
                ("since", Kind::At, 5, 5, 1),
                ("rows", Kind::Count, 5, 5, 0),
            ],
        ),
    ]
}

/// Conversations over paths.
fn messaging() -> Vec<ListSpec> {
    vec![
        list(
            "conversations",
            Role::Peers,
            vec![
                ("name", Kind::Text, 8, 20, 0),
                ("unread", Kind::Count, 4, 4, 0),
                ("status", Kind::Status, 8, 20, 1),
                ("last", Kind::Text, 12, 0, 2),
                ("at", Kind::At, 5, 5, 1),
            ],
        ),
        list(
            "messages",
            Role::Messages,
            vec![
                ("text", Kind::Text, 20, 0, 0),
                ("status", Kind::Status, 9, 9, 0),
                ("at", Kind::At, 5, 5, 1),
                ("took", Kind::Took, 7, 7, 2),
                ("round", Kind::Count, 3, 3, 2),
                ("size", Kind::Bytes, 6, 6, 4),
            ],
        ),
        list(
            "paths",
            Role::Other,
            vec![
                ("shard", Kind::Count, 4, 4, 0),
                ("hops", Kind::Text, 20, 0, 0),
                ("status", Kind::Status, 9, 9, 0),
                ("guard", reference(), 8, 16, 1),
            ],
        ),
        list(
            "contacts",
            Role::Other,
            vec![
                ("name", Kind::Text, 8, 20, 0),
                ("identity", Kind::Id, 12, 0, 0),
                ("ip", Kind::Id, 15, 15, 1),
            ],
        ),
    ]
}

/// The description with all of these lists.
pub(super) fn networks() -> Description {
    let status = StatusSpec::new;
    Description {
        lists: [cloud(), gossip(), messaging()].concat(),
        statuses: vec![
            status("here", 'H', Tone::Good, "it answers"),
            status("failing", 'F', Tone::Doubtful, "it does not answer"),
            status("ignored", 'I', Tone::Off, "nothing is sent to it"),
            status("does-not-know-us", 'K', Tone::Doubtful, "it does not know this node"),
            status("disputed", 'D', Tone::Doubtful, "members disagree about it"),
            status("short-path", '-', Tone::Doubtful, "its path is short"),
        ],
        ..Description::new("any".into(), "a node".into())
    }
}
