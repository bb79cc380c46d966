//! Log lines of events of any network.

use std::{borrow::Cow, fmt::Write as _, net::IpAddr};

use clacks_feed::{
    Direction, Event, Line, Statuses, Value,
    description::{Description, EventSpec, Level, Tone},
};
use clacks_text::{charset::Charset, escape::escaped, value::ValueFormat};
use tracing::{debug, info, warn};

use super::{TARGET, rate_limit::Topic};

/// As for clacks: the topic and the remote address of an event that a peer causes.
pub(super) fn cause(description: &Description, event: &Event) -> Option<(Topic, Option<IpAddr>)> {
    if level(description, event) == Level::Debug {
        return None;
    }
    let line = event.line()?;
    let is_by_peer = line.direction == Direction::In || line.peer.is_some() || line.remote.is_some();
    is_by_peer.then_some((Topic::Events, line.remote))
}

/// Logs an event: the name of its kind in words, and the parts of its line.
pub(super) fn log(description: &Description, event: &Event) {
    let Some(spec) = description.event(event.kind) else { return };
    let line = event.line();
    let name = spec.name.as_str().replace('_', " ");
    let parts = line.map(|line| parts(description, event, spec, &line)).unwrap_or_default();
    // `tracing` escapes a message in its own way, so the text is escaped first.
    let text = format!("{name}{parts}");
    let text = escaped(&text);
    match level(description, event) {
        Level::Debug => debug!(target: TARGET, "{text}"),
        Level::Info => info!(target: TARGET, "{text}"),
        Level::Warning => warn!(target: TARGET, "{text}"),
    }
}

/// Ordinary events about a message are for a person who looks for a fault: there are many of them.
fn level(description: &Description, event: &Event) -> Level {
    let level = description.event(event.kind).map_or(Level::Debug, |spec| spec.level);
    let is_message = || event.line().is_none_or(|line| line.text.is_some() && line.tone != Tone::Bad);
    if level == Level::Info && is_message() { Level::Debug } else { level }
}

/// ` peer=a:1 status=alive outcome=delivered took=12ms`. Texts of messages are not logged.
fn parts(description: &Description, event: &Event, spec: &EventSpec, line: &Line) -> String {
    let mut parts = String::new();
    let mut push = |name: &str, value: &str| {
        if !value.is_empty() {
            // Memory accepts every write.
            let _ = write!(parts, " {name}={value}");
        }
    };
    push("peer", line.peer.as_ref().map_or("", |peer| peer.untrusted()));
    push("status", &names(description, line.status));
    push("item", line.item.as_ref().map_or("", |(_, key)| key.untrusted()));
    push("remote", &line.remote.map(|remote| remote.to_string()).unwrap_or_default());
    push("what", line.what.untrusted());
    push("outcome", line.outcome.untrusted());
    let format = ValueFormat::new(description, event.now, Charset::Ascii);
    for (field, value) in spec.fields.iter().zip(&line.values) {
        let value = match value {
            Value::Status(statuses) => Cow::Owned(names(description, *statuses)),
            value => format.untrusted(&field.kind, value),
        };
        push(field.name.as_str(), &value);
    }
    parts
}

fn names(description: &Description, statuses: Statuses) -> String {
    let names = statuses.iter().filter_map(|status| Some(description.status(status)?.name.as_str()));
    names.collect::<Vec<_>>().join(",")
}
