//! The facts about one message or one traffic row in words.

use std::{net::IpAddr, time::Duration};

use clacks_language::command::target::IgnoreTarget;
use clacks_p2p::{
    Message,
    core::{Now, QueuedMessage},
};
use clacks_text::{fit::clock, format};
use jiff::tz::TimeZone;

use crate::traffic::row::Row;

/// The facts about a message besides its text, as pairs of name and value. An empty value means not applicable. `waits`
/// is whether the message is still in the queue.
pub fn fields(queued: &QueuedMessage, waits: bool, now: Now) -> [(&'static str, String); 8] {
    let age = now.uptime.saturating_sub(Duration::from_millis(queued.since_ms));
    let here = if waits { format!("for {}", format::age(age)) } else { "no longer in the queue".to_owned() };
    [
        ("number", queued.id.to_string()),
        ("here", here),
        ("from", queued.from.as_ref().map_or("you".to_owned(), ToString::to_string)),
        ("came from", queued.place.map(|place| place.to_string()).unwrap_or_default()),
        ("ignore", queued.place.map(ignoring).unwrap_or_default()),
        ("drop", queued.place.map(dropping).unwrap_or_default()),
        ("seen here", times(queued.visits)),
        ("size", format::size(queued.message.size())),
    ]
}

/// The facts about a traffic row, as pairs of name and value. An empty value means not applicable.
pub fn fields_of_row(row: &Row, zone: &TimeZone) -> [(&'static str, String); 7] {
    let size = row.cut_from.or_else(|| row.message.as_ref().map(Message::size));
    [
        ("time", clock(row.unix_ms, zone)),
        ("peer", row.peer.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("what", row.what.clone()),
        ("outcome", row.outcome.clone()),
        ("came from", row.remote.map(|remote| remote.to_canonical().to_string()).unwrap_or_default()),
        ("ignore", row.remote.map(ignoring).unwrap_or_default()),
        ("size", size.map(format::size).unwrap_or_default()),
    ]
}

/// The command that closes all connections from a remote address.
fn ignoring(remote: IpAddr) -> String {
    let party = IgnoreTarget::Remote(remote.to_canonical());
    format!(":ignore {party} closes all connections from there")
}

/// The command that drops all messages from a remote address.
fn dropping(place: IpAddr) -> String {
    format!(":drop {} drops what came from there", IgnoreTarget::Remote(place))
}

fn times(visits: u32) -> String {
    match visits {
        1 => "once".to_owned(),
        visits => format!("{visits} times"),
    }
}
