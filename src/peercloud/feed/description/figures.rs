use clacks_feed::{
    Name,
    description::{Chart, Field, Kind, SettingSpec},
};
use clacks_peercloud::core::Refusal;

/// The figures of the whole node, in the order of [`gauges`](crate::figures::gauges).
pub(super) fn gauges() -> Vec<Field> {
    let count = |name| Field::new(name, Kind::Count);
    let rate = |name| count(name).chart(Chart::Rate);
    let level = |name| count(name).chart(Chart::Level);
    let fixed = [
        rate("in"),
        rate("out"),
        rate("replies"),
        rate("failed"),
        rate("checks"),
        rate("refused"),
        level("members"),
        level("open").titled("replies awaited"),
        Field::new("took", Kind::Took).titled("round trips").chart(Chart::Histogram),
        Field::new("joined", Kind::Flag).titled("in a cloud"),
        Field::new("joining", Kind::Flag),
        Field::new("id", Kind::Id),
        Field::new("seen_as", Kind::Text),
        Field::new("keys", Kind::Text),
        count("messages"),
        Field::new("bytes", Kind::Bytes).titled("bytes of messages"),
        count("door").titled("addresses at the door"),
    ];
    let met = Refusal::ALL.map(|refusal| Field { name: met(refusal), ..count("met") });
    fixed.into_iter().chain(met).collect()
}

/// The gauge that counts the requests refused for this reason.
fn met(refusal: Refusal) -> Name {
    // Names of refusals are short, in small letters.
    Name::new(&format!("met_{}", refusal.name())).unwrap_or_else(|_| "met".into())
}

/// The settings and limits, in the order of [`settings`](crate::figures::settings).
pub(super) fn settings() -> Vec<SettingSpec> {
    let spec = |name, title, kind, used: Option<&'static str>, refusal: Option<Refusal>| SettingSpec {
        field: Field::new(name, kind).titled(title),
        used: used.map(Into::into),
        met: refusal.map(met),
    };
    let count = |name, title, used, refusal| spec(name, title, Kind::Count, used, refusal);
    let bytes = |name, title, used, refusal| spec(name, title, Kind::Bytes, used, refusal);
    let time = |name, title, refusal| spec(name, title, Kind::Took, None, refusal);
    vec![
        spec("data", "data of this node", Kind::Json, None, None),
        spec("reply", "reply to messages", Kind::Json, None, None),
        time("check-interval", "time between two checks", None),
        time("recheck-after", "time to the second check", None),
        time("rejoin-interval", "time between attempts to join", None),
        spec("repair", "repairs by itself", Kind::Flag, None, None),
        time("repair-after", "time unknown to a member until a repair", None),
        time("repair-interval", "time between two repairs", None),
        time("clock-difference", "difference of clocks (401)", Some(Refusal::Clock)),
        time("replay-memory", "memory of signed requests (401)", Some(Refusal::Replay)),
        count("max-remembered", "signed requests remembered", None, None),
        count("max-members", "members (503)", Some("members"), Some(Refusal::Full)),
        bytes("max-body", "size of a body (413)", None, Some(Refusal::TooLong)),
        count("max-depth", "depth of a body (400)", None, Some(Refusal::Body)),
        bytes("max-data", "size of data of a member", None, None),
        spec("message-rate", "messages of a member (429)", Kind::Rate, None, Some(Refusal::Rate)),
        count("max-newcomers", "newcomers at once (429)", None, Some(Refusal::Newcomers)),
        count("max-newcomers-per-address", "newcomers of an address at once", None, None),
        count("max-requests", "requests on their way", None, None),
        count("max-requests-per-broadcast", "requests of a broadcast on their way", None, None),
        count("max-requests-per-member", "requests to a member on their way", None, None),
        count("max-broadcasts", "broadcasts on their way", Some("open"), None),
        bytes("max-reply", "size of a reply", None, None),
        bytes("max-gathered", "size of all replies to a broadcast", None, None),
        bytes("max-join-answer", "size of an answer to a request to join", None, None),
        time("request-timeout", "request to a member", None),
        time("join-timeout", "request to join", None),
        time("newcomer-timeout", "check of a newcomer", Some(Refusal::Join)),
        time("announce-timeout", "announcement of a newcomer", None),
        count("max-messages", "messages remembered", Some("messages"), None),
        bytes("max-message-bytes", "bytes of messages remembered", Some("bytes"), None),
        count("max-door", "addresses at the door", Some("door"), None),
        count("max-connections", "connections", None, None),
        count("max-connections-per-address", "connections from an address", None, None),
        time("header-timeout", "time for the headers of a request", None),
        time("body-timeout", "time for a body (408)", Some(Refusal::Slow)),
        time("answer-timeout", "time without progress of an answer", None),
        time("idle-timeout", "time between two requests of a connection", None),
        time("handler-timeout", "time for our reply (504)", Some(Refusal::Handler)),
        time("goodbye-timeout", "time for goodbyes", None),
    ]
}
