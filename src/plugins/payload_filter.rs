use std::net::IpAddr;

use clacks_feed::{
    Direction, Key, Line, Now, Statuses, Text, Types, Value,
    description::{Description, EventId, TypeId},
    filter::{Filter, Scope, Subject},
};

use crate::{HostPort, Incoming, Kind};

/// A filter of the dashboard's language for payloads. It matches a payload as it matches the line of its arrival in the
/// traffic.
#[derive(Debug, Clone)]
pub struct PayloadFilter {
    filter: Filter,
}

impl PayloadFilter {
    /// Reads a filter of at most 1000 bytes. Returns why it is wrong, or why it can match nothing.
    pub fn parse(text: &str, description: &Description) -> Result<Self, String> {
        let filter =
            Filter::parse_for(text, Scope::Traffic(description)).map_err(|error| error.to_string())?;
        Ok(Self { filter })
    }

    /// Whether the filter matches the payload. `unix_ms` is the time in milliseconds since the Unix epoch.
    pub fn admits(&self, payload: &Incoming, description: &Description, unix_ms: u64) -> bool {
        let arrival = Arrival {
            json: &payload.json,
            kind: payload.kind,
            sender: &payload.sender.address,
            status: payload.sender.status,
            remote: payload.remote.map(|remote| remote.ip()),
            visits: payload.visits,
        };
        self.admits_arrival(&arrival, description, unix_ms)
    }

    pub(crate) fn admits_arrival(
        &self,
        arrival: &Arrival<'_>,
        description: &Description,
        unix_ms: u64,
    ) -> bool {
        let kind = event_of(arrival.kind, description);
        let line = line_of(arrival, description, kind);
        let now = Now { unix_ms, ..Now::default() };
        self.filter.admits(&Subject::of_line(description, kind, &line, now))
    }
}

/// What a filter reads of a payload.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) json: &'a str,
    pub(crate) kind: Kind,
    pub(crate) sender: &'a HostPort,
    pub(crate) status: &'a str,
    pub(crate) remote: Option<IpAddr>,
    pub(crate) visits: u32,
}

/// The kind of events that the arrival of the payload is.
fn event_of(kind: Kind, description: &Description) -> EventId {
    let name = if kind == Kind::Announce { "announce_received" } else { "message_received" };
    description.event_id(name).unwrap_or(EventId(u8::MAX))
}

fn line_of(arrival: &Arrival<'_>, description: &Description, kind: EventId) -> Line {
    let types: &[&str] = match arrival.kind {
        Kind::Message => &["in", "message"],
        Kind::Announce => &["in", "announce"],
        Kind::Other => &["in"],
    };
    let ids = types.iter().filter_map(|name| description.type_id(name));
    let visits =
        |name: &str| if name == "visits" { Value::Count(arrival.visits.into()) } else { Value::None };
    let fields = description.event(kind).into_iter().flat_map(|event| &event.fields);
    Line {
        direction: Direction::In,
        types: Types(ids.fold(0, |types, TypeId(id)| types | 1 << (id & 63))),
        peer: Some(Key::from(arrival.sender.to_string())),
        status: description.status_id(arrival.status).map_or(Statuses::NONE, Statuses::only),
        remote: arrival.remote.map(|remote| remote.to_canonical()),
        text: (arrival.kind != Kind::Announce).then(|| Text::new(arrival.json)),
        values: fields.map(|field| visits(field.name.as_str())).collect(),
        ..Line::default()
    }
}
