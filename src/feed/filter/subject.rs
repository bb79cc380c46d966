//! The item that a filter is matched against.

use std::{borrow::Cow, cell::OnceCell, iter, net::IpAddr, net::SocketAddr};

use super::{
    number::Measure,
    pattern::Pattern,
    scope::{MESSAGE, REMOTE, is_text},
};
use crate::{
    Direction, Key, Line, Name, Now, Row, Statuses, Text, Value,
    description::{Description, EventId, EventSpec, Field, Kind, ListId, ListSpec, Role},
    json_text,
};

/// How much of a text a filter searches, in bytes.
const SEARCHED: usize = 16 << 10;

/// The item that filters are matched against: a line of the traffic, or a row of a list.
///
/// Several filters share one, because its texts are decoded once, when the first filter needs them.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    description: &'a Description,
    item: Item<'a>,
    now: Now,
    /// What words are searched in, with the index of the field for values of fields.
    texts: OnceCell<Vec<(Option<usize>, Cow<'a, str>)>>,
}

#[derive(Debug, Clone, Copy)]
enum Item<'a> {
    /// A line, and its kind of events.
    Line(&'a Line, Option<&'a EventSpec>),
    /// A row, and its list.
    Row(&'a Row, Option<&'a ListSpec>),
}

/// Role of a peer in a line or row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PeerRole {
    /// The peer that sent the message.
    Sender,
    /// The peer that the message was sent to.
    Receiver,
    /// Sender, receiver, or the peer that the item is about.
    Any,
}

impl<'a> Subject<'a> {
    /// The line of an event of this kind. `now` is the time of the event, with which moments are compared.
    pub fn of_line(description: &'a Description, kind: EventId, line: &'a Line, now: Now) -> Self {
        let item = Item::Line(line, description.event(kind));
        Self { description, item, now, texts: OnceCell::new() }
    }

    /// The row of a list at this time.
    pub fn of_row(description: &'a Description, list: ListId, row: &'a Row, now: Now) -> Self {
        let item = Item::Row(row, description.list(list));
        Self { description, item, now, texts: OnceCell::new() }
    }

    /// The description of the network.
    pub(super) fn description(&self) -> &'a Description {
        self.description
    }

    /// Whether the texts were needed already.
    #[cfg(test)]
    pub(super) fn is_decoded(&self) -> bool {
        self.texts.get().is_some()
    }

    /// The remote IP address is one for which this holds. A row has one if a column of it does.
    pub(super) fn has_remote(&self, holds: impl Fn(IpAddr) -> bool) -> bool {
        match self.item {
            Item::Line(line, _) => line.remote.is_some_and(holds),
            Item::Row(row, list) => {
                let columns = list.into_iter().flat_map(ListSpec::remote_columns);
                columns.filter_map(|column| ip_of(text_of(row.cells.get(column)?)?)).any(holds)
            }
        }
    }

    /// The statuses of the item.
    pub(super) fn statuses(&self) -> Statuses {
        match self.item {
            Item::Line(line, _) => line.status,
            Item::Row(row, _) => {
                let statuses = row.cells.iter().filter_map(statuses_of);
                statuses.fold(Statuses::NONE, |all, more| Statuses(all.0 | more.0))
            }
        }
    }

    /// The direction of the item. Only lines and messages have one.
    pub(super) fn direction(&self) -> Option<Direction> {
        match self.item {
            Item::Line(line, _) => Some(line.direction),
            Item::Row(row, list) => {
                let (from, to) = list?.direction_columns()?;
                let has = |column: Option<usize>| {
                    let text = column.and_then(|column| row.cells.get(column)).and_then(text_of);
                    text.is_some_and(|text| !text.is_empty())
                };
                Some(if has(from) {
                    Direction::In
                } else if has(to) {
                    Direction::Out
                } else {
                    Direction::Own
                })
            }
        }
    }

    /// Whether the item has the type with this name, which stood at this place in a description.
    pub(super) fn is_of(&self, name: &Name, hint: u8) -> bool {
        match self.item {
            Item::Line(line, _) => {
                let is_named = |id: u8| self.description.types.get(usize::from(id)) == Some(name);
                if is_named(hint) {
                    return line.types.0 & (1 << (hint & 63)) != 0;
                }
                line.types.iter().any(|id| is_named(id.0))
            }
            Item::Row(_, list) => *name == MESSAGE && list.is_some_and(|list| list.role == Role::Messages),
        }
    }

    /// The size of the whole text in bytes. `None` without a text.
    pub(super) fn size(&self) -> Option<u64> {
        let text = match self.item {
            Item::Line(line, _) => line.text.as_ref().map(|text| text.len() as u64),
            Item::Row(row, list) => {
                let cell = list.and_then(ListSpec::sized_column).and_then(|column| row.cells.get(column));
                cell.and_then(|cell| match cell {
                    Value::Text(_, length) => Some(u64::from(*length)),
                    _ => None,
                })
            }
        };
        text.or_else(|| {
            let (field, value) = self.field("size")?;
            match Measure::of(&field.kind, value, self.now)? {
                Measure::Whole(size) => Some(size),
                _ => None,
            }
        })
    }

    /// The number in this field.
    pub(super) fn number(&self, name: &str) -> Option<Measure> {
        let (field, value) = self.field(name)?;
        Measure::of(&field.kind, value, self.now)
    }

    /// The field with this name, and its value.
    pub(super) fn field(&self, name: &str) -> Option<(&'a Field, &'a Value)> {
        let index = self.fields().iter().position(|field| field.name == name)?;
        Some((&self.fields()[index], self.values().get(index)?))
    }

    fn fields(&self) -> &'a [Field] {
        match self.item {
            Item::Line(_, event) => event.map_or(&[], |event| &event.fields),
            Item::Row(_, list) => list.map_or(&[], |list| &list.columns),
        }
    }

    fn values(&self) -> &'a [Value] {
        match self.item {
            Item::Line(line, _) => &line.values,
            Item::Row(row, _) => &row.cells,
        }
    }

    /// Whether the pattern matches a text of the item, or a peer of it, but not where it came from: `ip:` is for that, and
    /// the digits of an IP address would match too many words. Each text is searched separately, so `^` matches
    /// at the start of each. Only the first 16 KiB of a text are searched.
    pub(super) fn has_text(&self, pattern: &Pattern) -> bool {
        let is_searched = |field: usize| self.fields()[field].name != REMOTE;
        let mut texts = self.texts().iter().filter(|(field, _)| field.is_none_or(is_searched));
        texts.any(|(_, text)| pattern.is_match(text)) || self.has_peer(PeerRole::Any, pattern)
    }

    /// Whether the pattern matches the text in this field.
    pub(super) fn has_text_in(&self, name: &str, pattern: &Pattern) -> bool {
        let index = self.fields().iter().position(|field| field.name == name);
        let mut texts = self.texts().iter();
        index.is_some() && texts.any(|(field, text)| *field == index && pattern.is_match(text))
    }

    /// Whether the pattern matches the address of the peer with this role, as it is written or in its one canonical
    /// spelling.
    pub(super) fn has_peer(&self, role: PeerRole, pattern: &Pattern) -> bool {
        self.peers(role).any(|peer| {
            let peer = start(peer);
            pattern.is_match(peer) || canonical(peer).is_some_and(|canonical| pattern.is_match(&canonical))
        })
    }

    /// Whether the peer with this role has this very address. Letter case does not matter, nor how an IP address is
    /// written.
    pub(super) fn is_with(&self, role: PeerRole, wanted: &str) -> bool {
        self.peers(role).any(|peer| {
            is_same(peer, wanted)
                || canonical(peer).is_some_and(|peer| canonical(wanted).is_some_and(|wanted| peer == wanted))
        })
    }

    /// The addresses of the peers with this role.
    fn peers(&self, role: PeerRole) -> Box<dyn Iterator<Item = &'a str> + 'a> {
        match self.item {
            Item::Line(line, _) => {
                let has_role = match role {
                    PeerRole::Sender => line.direction == Direction::In,
                    PeerRole::Receiver => line.direction == Direction::Out,
                    PeerRole::Any => true,
                };
                Box::new(line.peer.iter().filter(move |_| has_role).map(Key::untrusted))
            }
            Item::Row(row, Some(list)) => {
                let description = self.description;
                let has_role = move |column: &Field| match role {
                    PeerRole::Sender => column.name == "from",
                    PeerRole::Receiver => column.name == "to",
                    PeerRole::Any => list.is_of_peer(column, description),
                };
                let cells = list.columns.iter().zip(&row.cells);
                let cells =
                    cells.filter(move |(column, _)| has_role(column)).filter_map(|(_, cell)| text_of(cell));
                let is_itself = role == PeerRole::Any && list.role == Role::Peers;
                Box::new(cells.chain(iter::once(row.key.untrusted()).filter(move |_| is_itself)))
            }
            Item::Row(_, None) => Box::new(iter::empty()),
        }
    }

    fn texts(&self) -> &[(Option<usize>, Cow<'a, str>)] {
        self.texts.get_or_init(|| {
            let values = self.fields().iter().zip(self.values()).enumerate();
            let values = values.filter(|(_, (field, _))| is_text(&field.kind));
            let values = values
                .filter_map(|(index, (field, value))| Some((Some(index), searched(&field.kind, value)?)));
            match self.item {
                Item::Line(line, event) => {
                    // What the text of an unknown kind of events is, its characters have to say.
                    let is_json = event.is_none_or(|event| event.is_json);
                    let searched = |text: &'a Text| match text.untrusted() {
                        text if is_json => json(text, text.len()),
                        text => Cow::Borrowed(start(text)),
                    };
                    let text = line.text.as_ref().map(searched);
                    let words =
                        [&line.what, &line.outcome].map(|text| Cow::Borrowed(start(text.untrusted())));
                    words.into_iter().chain(text).map(|text| (None, text)).chain(values).collect()
                }
                Item::Row(..) => values.collect(),
            }
        })
    }
}

/// The statuses in a cell.
pub(super) fn statuses_of(value: &Value) -> Option<Statuses> {
    match value {
        Value::Status(statuses) => Some(*statuses),
        _ => None,
    }
}

/// The characters of a text or a reference.
fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text, _) => Some(text.untrusted()),
        Value::Ref(key) => Some(key.untrusted()),
        _ => None,
    }
}

/// What is searched of a value.
fn searched<'v>(kind: &Kind, value: &'v Value) -> Option<Cow<'v, str>> {
    match (kind, value) {
        (Kind::Json, Value::Text(text, length)) => Some(json(text.untrusted(), *length as usize)),
        (_, value) => text_of(value).map(|text| Cow::Borrowed(start(text))),
    }
}

/// What is searched of JSON: the characters of a string, the JSON text of anything else.
fn json(text: &str, length: usize) -> Cow<'_, str> {
    let start = start(text);
    json_text::characters(start, start.len() < length).map_or(Cow::Borrowed(start), Cow::Owned)
}

/// As much of a text as is searched.
fn start(text: &str) -> &str {
    let end = (0..=text.len().min(SEARCHED)).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// The one spelling that stands for all of an IPv6 address, with or without a port. `None` for anything else, which
/// includes IPv4 addresses: they have only one spelling.
fn canonical(address: &str) -> Option<String> {
    if !(address.len() < 80 && address.bytes().filter(|byte| *byte == b':').take(2).count() == 2) {
        return None;
    }
    if let Ok(address) = address.parse::<SocketAddr>() {
        return Some(SocketAddr::new(address.ip().to_canonical(), address.port()).to_string());
    }
    Some(address.parse::<IpAddr>().ok()?.to_canonical().to_string())
}

/// The IP address in an address with or without a port.
fn ip_of(address: &str) -> Option<IpAddr> {
    let address = address.get(..address.len().min(80))?;
    let with_port = || Some(address.parse::<SocketAddr>().ok()?.ip());
    let bracketed = || address.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.parse().ok().or_else(with_port).or_else(bracketed)
}

fn is_same(one: &str, other: &str) -> bool {
    let lowercase = |text: &'_ str| text.to_lowercase();
    one.eq_ignore_ascii_case(other)
        || (!one.is_ascii() && !other.is_ascii() && lowercase(one) == lowercase(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ip_of_an_address_is_found_with_and_without_a_port() {
        for (address, ip) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("192.0.2.7:80", Some("192.0.2.7")),
            ("[2001:db8::1]:80", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("tower:80", None),
            ("192.0.2:80", None),
            ("", None),
        ] {
            assert_eq!(ip_of(address), ip.map(|ip| ip.parse().unwrap()), "{address}");
        }
        assert_eq!(ip_of(&"\u{e9}".repeat(100)), None);
    }
}
