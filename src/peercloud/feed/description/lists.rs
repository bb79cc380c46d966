use clacks_feed::description::{Field, Kind, ListSpec, Role};

pub(super) fn lists() -> Vec<ListSpec> {
    vec![members(), requests(), replies(), door()]
}

fn member() -> Kind {
    Kind::Ref("members".into())
}

fn members() -> ListSpec {
    ListSpec::new("members", "member", "members", Role::Peers)
        .columns([
            Field::new("name", Kind::Text).width(8, 20).priority(1),
            Field::new("address", Kind::Id).width(12, 0),
            Field::new("status", Kind::Status).width(9, 20),
            Field::new("check", Kind::Took).priority(1),
            Field::new("checked", Kind::At).priority(2),
            Field::new("heard", Kind::At).titled("last heard").priority(3),
            Field::new("checked_us", Kind::At).priority(4),
            Field::new("in", Kind::Count).priority(5),
            Field::new("out", Kind::Count).priority(5),
            Field::new("known_by", Kind::Text).width(10, 20).priority(6),
            Field::new("data", Kind::Json).only_open(),
            Field::new("id", Kind::Id).width(8, 12).priority(2),
            Field::new("added", Kind::At).only_open(),
            Field::new("result", Kind::Text).titled("last check").only_open(),
        ])
        .counting(&[
            "unchecked",
            "here",
            "failing",
            "ignored",
            "does-not-know-us",
            "says-not-joined",
            "disputed",
            "double",
            "unsigned",
            "clock-off",
        ])
        .shared()
        .beside()
        .empty(&["this node is alone", "{:join} joins a cloud"])
}

fn requests() -> ListSpec {
    ListSpec::new("requests", "message", "messages", Role::Messages)
        .columns([
            Field::new("text", Kind::Json).width(24, 0),
            Field::new("status", Kind::Status).width(10, 10),
            Field::new("member", member()).width(8, 20).priority(1),
            Field::new("since", Kind::At).titled("age").priority(1),
            Field::new("answered", Kind::Count).width(8, 8).priority(2),
            Field::new("unanswered", Kind::Count).titled("open").priority(2),
            Field::new("failed", Kind::Count).width(6, 6).priority(2),
            Field::new("reply", Kind::Json).titled("our reply").only_open(),
            Field::new("number", Kind::Count).width(6, 6).priority(3),
        ])
        .counting(&["open", "done", "received"])
        .beside()
        .empty(&["no message yet", "{:say} sends one to all members"])
}

fn replies() -> ListSpec {
    ListSpec::new("replies", "reply", "replies", Role::Other)
        .columns([
            Field::new("member", member()).width(8, 20),
            Field::new("status", Kind::Status).width(7, 7),
            Field::new("text", Kind::Json).titled("reply").width(16, 0),
            Field::new("error", Kind::Text).width(10, 30).priority(1),
            Field::new("took", Kind::Took).priority(1),
        ])
        .counting(&["open", "value", "error"])
        .under("requests")
        .empty(&["nobody got this message"])
}

fn door() -> ListSpec {
    ListSpec::new("door", "address at the door", "addresses at the door", Role::Other)
        .columns([
            Field::new("address", Kind::Id).width(12, 0),
            Field::new("reason", Kind::Text).width(20, 40),
            Field::new("joins", Kind::Count).priority(1),
            Field::new("unknown", Kind::Count).titled("unknown ids").width(7, 7).priority(1),
            Field::new("signatures", Kind::Count).titled("bad signatures").width(7, 7).priority(1),
            Field::new("clocks", Kind::Count).titled("clocks off").width(6, 6).priority(1),
            Field::new("others", Kind::Count).titled("other requests").width(6, 6).priority(2),
            Field::new("last", Kind::At).priority(1),
        ])
        .shared()
        .empty(&["nobody was refused"])
}
