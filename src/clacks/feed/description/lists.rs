use clacks_feed::description::{Field, Kind, ListSpec, Role};

pub(super) fn lists() -> Vec<ListSpec> {
    vec![peers(), queue(), held(), remotes()]
}

fn peers() -> ListSpec {
    ListSpec::new("peers", "peer", "peers", Role::Peers)
        .columns([
            Field::new("address", Kind::Id).width(12, 0),
            Field::new("status", Kind::Status).width(9, 9),
            Field::new("since", Kind::At).titled("age").priority(1),
            Field::new("took", Kind::Took).priority(2),
            Field::new("failed", Kind::Count).width(6, 6).priority(3),
            Field::new("heard", Kind::At).titled("last heard").priority(4),
            Field::new("sent", Kind::Count).priority(5),
            Field::new("received", Kind::Count).priority(6),
            Field::new("proof", Kind::Text).only_open(),
            Field::new("named", Kind::Flag).titled("named by you").only_open(),
            Field::new("identifier", Kind::Id).only_open(),
            Field::new("certificate", Kind::Id).only_open(),
        ])
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
        .columns([Field::new("by", Kind::Status).titled("held by").width(6, 11).priority(1)])
        .counting(&["hand", "rule", "set-aside"])
        .empty(&["no message is held", "{:hold} holds one"])
}

fn remotes() -> ListSpec {
    ListSpec::new("remotes", "ignored address", "ignored addresses", Role::Other)
        .columns([Field::new("ip", Kind::Id).titled("IP address").width(15, 0)])
        .shared()
}
