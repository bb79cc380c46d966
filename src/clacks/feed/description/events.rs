use clacks_feed::{
    Direction::{In, Note, Out, Own},
    description::{EventSpec, Field, Kind, Level, Tone},
};

/// The kinds of events, in the order of [`KINDS`](crate::json::events::KINDS).
pub(super) fn events() -> Vec<EventSpec> {
    of_messages().into_iter().chain(of_peers()).chain(of_node()).collect()
}

fn took() -> Field {
    Field::new("took", Kind::Took)
}

fn http() -> Field {
    Field::new("http", Kind::Count).titled("HTTP")
}

fn message(name: &'static str, does: &'static str) -> EventSpec {
    EventSpec::new(name, does).json_text("message")
}

fn of_messages() -> Vec<EventSpec> {
    vec![
        message("message_received", "a message came from a peer")
            .fields([Field::new("visits", Kind::Count)])
            .usually(In, &["in", "message"], Some("queued"), Tone::Plain),
        message("message_queued", "a message was appended to the queue").usually(
            Own,
            &["own", "message"],
            Some("queued"),
            Tone::Plain,
        ),
        message("message_sending", "a message is being sent").level(Level::Debug),
        message("message_delivered", "a peer accepted a message").fields([took(), http()]).usually(
            Out,
            &["out", "message"],
            Some("delivered"),
            Tone::Good,
        ),
        message("delivery_failed", "a delivery failed; the message is queued or held again")
            .fields([took(), http()])
            .usually(Out, &["out", "message", "failed"], Some("no answer"), Tone::Bad),
        message("message_dropped", "a message was removed for good").usually(
            Note,
            &["note", "message", "dropped"],
            Some("dropped"),
            Tone::Bad,
        ),
        message("message_held", "a message is held until it is released").usually(
            Note,
            &["note", "message"],
            Some("held"),
            Tone::Plain,
        ),
        message("message_released", "a held message is queued again").usually(
            Note,
            &["note", "message"],
            Some("released"),
            Tone::Plain,
        ),
        message("message_changed", "the text of a message was replaced").usually(
            Note,
            &["note", "message"],
            Some("changed"),
            Tone::Plain,
        ),
        message("message_restored", "a message is where it was before a command that was undone"),
        EventSpec::new("hold_rule_changed", "the filter of held messages was set or removed"),
    ]
}

fn of_peers() -> Vec<EventSpec> {
    vec![
        EventSpec::new("peer_discovered", "a peer was added")
            .fields([Field::new("of", Kind::Ref("peers".into())).titled("by")])
            .usually(Note, &["note"], Some("new"), Tone::New)
            // Its row is the longest, because the certificate is known.
            .saying("accepted our announce"),
        EventSpec::new("peer_updated", "the status of a peer changed")
            .fields([Field::new("was", Kind::Status)])
            .usually(Note, &["note"], Some("alive"), Tone::Plain)
            .saying("status changed"),
        EventSpec::new("peer_changed", "a property of a peer changed").level(Level::Debug),
        EventSpec::new("claim_confirmed", "a claimed peer answered at its address")
            .usually(Note, &["note"], Some("alive"), Tone::Good)
            .saying("answered us at its address"),
        EventSpec::new("peer_forgotten", "a peer was removed")
            .usually(Note, &["note"], None, Tone::Plain)
            .saying("forgotten"),
        EventSpec::new("announce_received", "a node announced itself")
            .fields([http()])
            .usually(In, &["in", "announce"], Some("accepted"), Tone::Plain)
            .saying("announce"),
        EventSpec::new("announced", "a node accepted our announce")
            .fields([took(), http()])
            .usually(Out, &["out", "announce"], Some("accepted"), Tone::Good)
            .saying("announce"),
        EventSpec::new("announce_failed", "an announce failed").fields([took(), http()]).usually(
            Out,
            &["out", "announce", "failed"],
            Some("no answer"),
            Tone::Bad,
        ),
        EventSpec::new("found_ourselves", "an address is another name of this node"),
        EventSpec::new("remote_ignored", "connections from an IP address are ignored"),
        EventSpec::new("remote_unignored", "connections from an IP address are no longer ignored"),
    ]
}

fn of_node() -> Vec<EventSpec> {
    vec![
        EventSpec::new("refused", "a request was refused")
            .text("preview")
            .fields([http()])
            .level(Level::Warning)
            .usually(In, &["in", "refused"], Some("refused"), Tone::Bad),
        EventSpec::new("limits_met", "limits were reached").level(Level::Debug),
        EventSpec::new("send_rate_changed", "the maximum of messages sent per second was changed")
            .fields([Field::new("rate", Kind::Rate)]),
        EventSpec::new("lagged", "a watcher was too slow and missed events").level(Level::Warning),
        EventSpec::new("other", "an event that this version does not know").level(Level::Debug),
    ]
}
