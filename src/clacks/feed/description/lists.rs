use clacks_feed::description::{Field, Kind, ListSpec, Role};

use crate::{peer, plugins};

pub(super) fn lists() -> Vec<ListSpec> {
    vec![peers(), queue(), held(), remotes(), origins(), plugins::spec()]
}

fn peers() -> ListSpec {
    ListSpec::new("peers", "peer", "peers", Role::Peers)
        .columns(peer::fields())
        .counting(&["new", "alive", "claimed", "lost", "dead", "ignored"])
        .shared()
        .beside()
        .empty(&["no peer is known", "{:add} adds one, {:announce} makes this node known to one"])
}

/// The columns of queued and held messages.
fn message_columns() -> [Field; 7] {
    [
        Field::new("text", Kind::Json).width(10, 0),
        Field::new("since", Kind::At).titled("age").priority(1),
        Field::new("size", Kind::Bytes).priority(2),
        Field::new("visits", Kind::Count).width(6, 6).priority(3),
        Field::new("from", Kind::Ref("peers".into())).width(12, 24).priority(4),
        Field::new("number", Kind::Count).width(6, 6).priority(1),
        Field::new("remote", Kind::Text).titled("remote address").only_open(),
    ]
}

fn queue() -> ListSpec {
    ListSpec::new("queue", "queued message", "queued messages", Role::Messages)
        .columns(message_columns())
        .beside()
        .empty(&["no message waits", "{:say} writes one"])
}

fn held() -> ListSpec {
    ListSpec::new("held", "held message", "held messages", Role::Messages)
        .columns(message_columns())
        .columns([
            Field::new("by", Kind::Status).titled("held by").width(6, 11).priority(1),
            Field::new("plugin", Kind::Text).only_open(),
            Field::new("reason", Kind::Text).only_open(),
        ])
        .counting(&["hand", "rule", "set-aside", "plugin"])
        .empty(&["no message is held", "{:hold} holds one"])
}

fn remotes() -> ListSpec {
    ListSpec::new("remotes", "ignored address", "ignored addresses", Role::Other)
        .columns([Field::new("ip", Kind::Id).titled("IP address").width(15, 0)])
        .shared()
}

/// The share of each remote address, the largest first.
fn origins() -> ListSpec {
    ListSpec::new("origins", "origin of messages", "origins of messages", Role::Other)
        .columns([
            Field::new("place", Kind::Id).titled("remote address").width(15, 0),
            Field::new("messages", Kind::Count),
            Field::new("bytes", Kind::Bytes).priority(1),
            Field::new("share", Kind::Ratio).titled("part of the queue").priority(2),
            Field::new("held", Kind::Count).priority(3),
            Field::new("refused", Kind::Count).width(7, 7).priority(3),
        ])
        .empty(&["no message here came from another node"])
}
