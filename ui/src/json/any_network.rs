//! Replies about the lists and limits of any network, made of its description and of typed cells. In every function `line`
//! is the number of the input line.

use std::time::Duration;

use clacks_feed::{
    Anchor, Network, Now, Value, Window,
    description::{Description, Kind, ListId, Role},
};
use serde::Serialize;
use serde_json::{
    Map,
    value::{RawValue, to_raw_value},
};

use super::{Record, millis};

/// The list with this role and this number among those of the role, unless it stands under an item of another.
pub(crate) fn list_of(description: &Description, role: Role, number: usize) -> Option<ListId> {
    let outer = description.lists().filter(|(_, spec)| spec.under.is_none() && spec.role == role);
    outer.map(|(list, _)| list).nth(number)
}

/// The list with this name, unless it stands under an item of another.
pub(crate) fn list_named(description: &Description, name: &str) -> Option<ListId> {
    let mut outer = description.lists().filter(|(_, spec)| spec.under.is_none());
    outer.find(|(_, spec)| spec.name.as_str() == name).map(|(list, _)| list)
}

/// The reply with all items of a list, by its name. Each has its key and its cells by the names of the columns; moments are
/// Unix times and durations are in milliseconds.
pub(crate) fn rows(network: &dyn Network, line: u64, list: ListId) -> Record {
    let (description, now) = (network.description(), network.now());
    let Some(spec) = description.list(list) else { return reply(now, line, Vec::new()) };
    let page = network.page(&Window::new(list, Anchor::First, 0, u16::MAX));
    let items = page.rows.iter().map(|row| {
        let cells = spec.columns.iter().zip(&row.cells);
        let cells =
            cells.map(|(column, value)| (column.name.as_str(), cell(description, now, &column.kind, value)));
        let key = [("key", raw(row.key.untrusted()))];
        Fields(key.into_iter().chain(cells.filter(|(name, _)| *name != "key")).collect())
    });
    let items: Vec<_> = items.collect();
    reply(now, line, vec![(spec.name.as_str(), raw(&items))])
}

/// The reply with the settings, how much of each is in use, and how often it was reached.
pub(crate) fn limits(network: &dyn Network, line: u64) -> Record {
    let (description, now) = (network.description(), network.now());
    let (settings, gauges) = (network.settings(), network.gauges());
    let gauge = |name: &clacks_feed::Name| {
        let index = description.gauge(name.as_str())?;
        Some(cell(description, now, &description.gauges.get(index)?.kind, gauges.get(index)?))
    };
    let (mut limits, mut used, mut met) = (Vec::new(), Vec::new(), Vec::new());
    for (spec, value) in description.settings.iter().zip(&settings) {
        let name = spec.field.name.as_str();
        limits.push((name, cell(description, now, &spec.field.kind, value)));
        used.extend(spec.used.as_ref().and_then(gauge).map(|value| (name, value)));
        met.extend(spec.met.as_ref().and_then(gauge).map(|value| (name, value)));
    }
    let parts = [("limits", limits), ("used", used), ("met", met)];
    reply(now, line, parts.map(|(name, fields)| (name, raw(&Fields(fields)))).into())
}

/// A JSON object with its fields in this order.
struct Fields<'a>(Vec<(&'a str, Box<RawValue>)>);

impl Serialize for Fields<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

fn reply(now: Now, line: u64, fields: Vec<(&str, Box<RawValue>)>) -> Record {
    let head = [("event", raw("reply")), ("time", raw(&now.unix_ms)), ("line", raw(&line))];
    Record::of(&Fields(head.into_iter().chain(fields).collect()))
}

/// Nothing that is written here fails; if it did, the value would be `{}`.
fn raw(value: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    to_raw_value(value).or_else(|_| to_raw_value(&Map::new())).unwrap_or_default()
}

fn cell(description: &Description, now: Now, kind: &Kind, value: &Value) -> Box<RawValue> {
    match value {
        Value::None => raw(&()),
        Value::Flag(flag) => raw(flag),
        Value::Count(count) => raw(count),
        Value::Number(number) => raw(number),
        Value::Took(took) => raw(&millis(*took)),
        Value::At(uptime) => raw(&unix_ms(now, *uptime)),
        Value::Status(statuses) => {
            let name = |status| description.status(status).map(|spec| spec.name.as_str());
            raw(&statuses.iter().filter_map(name).collect::<Vec<_>>())
        }
        Value::Text(text, _) => match kind {
            Kind::Json => serde_json::from_str(text.untrusted()).unwrap_or_else(|_| raw(text.untrusted())),
            _ => raw(text.untrusted()),
        },
        Value::Ref(key) => raw(key.untrusted()),
    }
}

/// The Unix time of a moment in milliseconds of uptime.
fn unix_ms(now: Now, uptime: i64) -> i64 {
    let start = i64::try_from(now.unix_ms).unwrap_or(i64::MAX).saturating_sub(to_i64(now.uptime));
    start.saturating_add(uptime)
}

fn to_i64(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
