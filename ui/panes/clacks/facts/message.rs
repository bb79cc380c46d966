//! The facts about one message in words.

use std::{net::IpAddr, time::Duration};

use clacks_p2p::core::{Now, QueuedMessage};
use clacks_text::format;

/// What is known about a message besides its text.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Its number.
    pub number: String,
    /// Time since it came. `None` if it is no longer in the queue.
    pub age: Option<Duration>,
    /// Its sender. `None` if it was written here.
    pub from: Option<String>,
    /// The remote address that it came from, if known.
    pub place: Option<IpAddr>,
    /// How often it came.
    pub visits: u64,
    /// Its size in bytes.
    pub size: u64,
}

/// The facts about a message besides its text, as pairs of name and value. An empty value means not applicable. `waits`
/// is whether the message is still in the queue.
pub fn fields(queued: &QueuedMessage, waits: bool, now: Now) -> [(&'static str, String); 8] {
    let age = now.uptime.saturating_sub(Duration::from_millis(queued.since_ms));
    let facts = Facts {
        number: queued.id.to_string(),
        age: waits.then_some(age),
        from: queued.from.as_ref().map(ToString::to_string),
        place: queued.place,
        visits: queued.visits.into(),
        size: queued.message.size() as u64,
    };
    facts.fields()
}

impl Facts {
    /// The facts as pairs of name and value. An empty value means not applicable.
    pub fn fields(&self) -> [(&'static str, String); 8] {
        let here = self.age.map(|age| format!("for {}", format::age(age)));
        [
            ("number", self.number.clone()),
            ("here", here.unwrap_or_else(|| "no longer in the queue".to_owned())),
            ("from", self.from.clone().unwrap_or_else(|| "you".to_owned())),
            ("came from", self.place.map(|place| place.to_string()).unwrap_or_default()),
            ("ignore", self.place.map(ignoring).unwrap_or_default()),
            ("drop", self.place.map(dropping).unwrap_or_default()),
            ("seen here", times(self.visits)),
            ("size", format::size(usize::try_from(self.size).unwrap_or(usize::MAX))),
        ]
    }
}

/// The command that closes all connections from a remote address.
fn ignoring(place: IpAddr) -> String {
    format!(":ignore ip:{} closes all connections from there", place.to_canonical())
}

/// The command that drops all messages from a remote address.
fn dropping(place: IpAddr) -> String {
    format!(":drop ip:{place} drops what came from there")
}

fn times(visits: u64) -> String {
    match visits {
        1 => "once".to_owned(),
        visits => format!("{visits} times"),
    }
}
