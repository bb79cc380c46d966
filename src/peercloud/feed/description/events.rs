use clacks_feed::{
    Direction::{In, Note, Out, Own},
    description::{EventSpec, Field, Kind, Level, Tone},
};

/// The kinds of events, in the order of [`KINDS`](crate::json::events::KINDS).
pub(super) fn events() -> Vec<EventSpec> {
    of_node().into_iter().chain(of_members()).chain(of_messages()).chain(others()).collect()
}

fn took() -> Field {
    Field::new("took", Kind::Took)
}

fn by() -> Field {
    Field::new("by", Kind::Ref("members".into()))
}

fn members() -> Field {
    Field::new("members", Kind::Count)
}

fn of_node() -> Vec<EventSpec> {
    let spec = EventSpec::new;
    vec![
        spec("ready", "the node has started"),
        spec("joined", "a member let this node into its cloud").fields([members()]),
        spec("alone", "this node is in no cloud: nobody let it in, or all others are gone")
            .level(Level::Warning),
        spec("left", "this node left its cloud").fields([members()]),
        spec("id_changed", "this node has another id"),
        spec("repairing", "this node leaves and joins again, because members do not know it")
            .level(Level::Warning)
            .fields([members()]),
        spec("repaired", "this node is in the cloud again").fields([members()]),
    ]
}

fn of_members() -> Vec<EventSpec> {
    let spec = EventSpec::new;
    vec![
        spec("member_added", "a member was added").fields([by()]).usually(
            Note,
            &["note", "member"],
            Some("added"),
            Tone::New,
        ),
        spec("member_updated", "a member has new data"),
        spec("member_removed", "a member was removed").fields([by()]).usually(
            Note,
            &["note", "member"],
            Some("removed"),
            Tone::Bad,
        ),
        spec("member_changed", "something else about a member changed").level(Level::Debug),
        spec("does_not_know_us", "a member does not know this node").level(Level::Warning),
        spec("clock_off", "the clock of a member differs too much, so its requests are refused")
            .level(Level::Warning)
            .fields([Field::new("off", Kind::Took)]),
        spec("checked", "a check of a member ended").level(Level::Debug),
        spec("checked_by", "a member checked this node").level(Level::Debug),
    ]
}

fn of_messages() -> Vec<EventSpec> {
    let spec = EventSpec::new;
    vec![
        spec("message_received", "a member sent a message").json_text("message").usually(
            In,
            &["in", "message"],
            Some("answered"),
            Tone::Plain,
        ),
        spec("request_sent", "a message was sent to one member or to all")
            .json_text("message")
            .fields([members()])
            .usually(Own, &["own", "message"], Some("sent"), Tone::Plain),
        spec("reply_received", "a member replied to a message, or did not")
            .json_text("value")
            .fields([took(), Field::new("http", Kind::Count).titled("HTTP")])
            .usually(Out, &["out", "reply"], Some("replied"), Tone::Good),
        spec("replies", "all members replied to a message, or did not")
            .fields([Field::new("answered", Kind::Count), Field::new("failed", Kind::Count)]),
    ]
}

fn others() -> Vec<EventSpec> {
    let spec = EventSpec::new;
    vec![
        spec("data_changed", "the data of this node was changed").json_text("data"),
        spec("reply_changed", "what messages are answered with was changed"),
        spec("check_interval_changed", "the time between two checks was changed"),
        spec("refused", "a request was refused")
            .level(Level::Warning)
            .fields([Field::new("http", Kind::Count).titled("HTTP")])
            .usually(In, &["in", "refused"], Some("refused"), Tone::Bad),
        spec(
            "forgotten",
            "the oldest messages or refused addresses were forgotten, because there were too many",
        )
        .level(Level::Debug),
        spec("other", "an event that this version does not know").level(Level::Debug),
    ]
}
