//! A row of the traffic log.

use std::{
    borrow::Cow,
    net::IpAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use clacks_feed::{
    Direction, Event, Key, Line, Now, Statuses, Text, Value,
    description::{Description, EventId, EventSpec, Tone},
    filter::Subject,
    json_text,
};
use clacks_text::{
    charset::Charset,
    format,
    kept_messages::{Sender, beginning},
    sanitize::SafeLine,
    value::{Fact, Names, ValueFormat, preview},
};

use serde::de::IgnoredAny;

/// Maximum bytes of each text of a row besides its message.
const MAX_TEXT: usize = 4096;
/// The type of a request that was refused.
const REFUSED: &str = "refused";

/// One row. Its texts can come from peers.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The row's number, ascending; identifies the row.
    pub number: u64,
    /// The time of the event.
    pub now: Now,
    /// The network that the event belongs to. `None` for a note of the program.
    pub network: Option<Arc<Description>>,
    /// The kind of the event.
    pub kind: EventId,
    /// What the event says to a person. A text is at most 4,096 bytes long, apart from the message.
    pub line: Line,
    /// The size of the whole message in bytes, if only its beginning is kept.
    pub cut_from: Option<usize>,
}

/// The description for rows of no network.
static NO_NETWORK: LazyLock<Description> =
    LazyLock::new(|| Description::new("no-network".into(), "this program".into()));

impl Row {
    /// The row of an event. `None` if it has none.
    pub fn of(event: &Event, network: &Arc<Description>) -> Option<Self> {
        let line = event.line()?;
        let (now, kind, network) = (event.now, event.kind, Some(Arc::clone(network)));
        Some(Self { number: 0, now, network, kind, line: bounded(line), cut_from: None })
    }

    /// A note of the program, which is not about an event.
    pub(crate) fn note(text: String, now: Now) -> Self {
        let line = bounded(Line { what: text.into(), ..Line::default() });
        Self { number: 0, now, network: None, kind: EventId::UNKNOWN, line, cut_from: None }
    }

    /// The network, or one without anything for a note of the program.
    fn description(&self) -> &Description {
        self.network.as_deref().unwrap_or(&NO_NETWORK)
    }

    /// The name of the network. Empty for a note of the program.
    pub fn network_name(&self) -> &str {
        self.network.as_deref().map_or("", |network| network.network.as_str())
    }

    /// The kind of the event, if the network knows it.
    fn spec(&self) -> Option<&EventSpec> {
        self.description().event(self.kind)
    }

    /// The word for the row: `in`, `out`, `own`, `peer` or `note`.
    pub fn word(&self) -> &'static str {
        match self.line.direction {
            Direction::In => "in",
            Direction::Out => "out",
            Direction::Own => "own",
            // It is about no peer, for example about the log or a recording.
            Direction::Note if self.line.peer.is_none() && self.line.text.is_none() => "note",
            Direction::Note => "peer",
        }
    }

    /// The row as the subject of a filter.
    pub fn subject(&self) -> Subject<'_> {
        Subject::of_line(self.description(), self.kind, &self.line, self.now)
    }

    /// Whether it is about a request that this node refused, or one that it did not make.
    pub(crate) fn is_refused(&self) -> bool {
        let refused = self.description().type_id(REFUSED);
        refused.is_some_and(|refused| self.line.types.contains(refused))
    }

    // === In words ===

    fn format(&self, charset: Charset) -> ValueFormat<'_> {
        ValueFormat::new(self.description(), self.now, charset)
    }

    /// What happened, with the names that belong to it, in at most `columns` columns. The text of a row whose message is
    /// cut says so.
    pub fn what(&self, columns: usize, charset: Charset) -> SafeLine {
        self.format(charset).what(self.spec(), &self.line, columns)
    }

    /// As [`Row::what`], with these names in the place of keys.
    pub fn what_naming(&self, names: Option<&Names>, columns: usize, charset: Charset) -> SafeLine {
        self.format(charset).naming(names).what(self.spec(), &self.line, columns)
    }

    /// The outcome with its numbers, in at most `columns` columns.
    pub fn outcome(&self, columns: usize, charset: Charset) -> SafeLine {
        self.format(charset).outcome(self.spec(), &self.line, columns)
    }

    /// The values of the event in words, the most important first.
    pub fn facts(&self, charset: Charset) -> Vec<Fact<'_>> {
        self.format(charset).facts(self.spec(), &self.line)
    }

    /// The names of the statuses of the peer at that time, the main one first.
    pub fn statuses(&self) -> impl Iterator<Item = &str> {
        self.status_names(self.line.status)
    }

    /// The names of these statuses in the row's network, the main one first.
    pub(crate) fn status_names(&self, statuses: Statuses) -> impl Iterator<Item = &str> {
        let description = self.description();
        statuses.iter().filter_map(|id| Some(description.status(id)?.name.as_str()))
    }

    /// The name of the main status of the peer before the event, if the event changed it.
    pub fn previous_status(&self) -> Option<&str> {
        match self.value("was")? {
            Value::Status(statuses) => Some(self.description().status(statuses.main()?)?.name.as_str()),
            _ => None,
        }
    }

    /// The values of the event with the names of their fields.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Value)> {
        let fields = self.spec().map_or(&[][..], |spec| &spec.fields);
        fields.iter().map(|field| field.name.as_str()).zip(&self.line.values)
    }

    /// How long it took until a peer accepted a message.
    pub fn delivery_time(&self) -> Option<Duration> {
        let is_delivery = self.line.direction == Direction::Out && self.line.text.is_some();
        self.duration("took").filter(|_| is_delivery)
    }

    /// The duration in the field with this name. `None` if the event has no such field, or tells of a failure.
    pub fn duration(&self, field: &str) -> Option<Duration> {
        match self.value(field).filter(|_| self.line.tone != Tone::Bad)? {
            Value::Took(took) => Some(*took),
            _ => None,
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.values().find(|(field, _)| *field == name).map(|(_, value)| value)
    }

    // === The message ===

    /// Whether the text is JSON. That of a refused request is shown as it came, and most of them are JSON.
    fn is_json(&self) -> bool {
        let is_refused = self.line.direction == Direction::In && self.line.tone == Tone::Bad;
        is_refused || self.spec().is_none_or(|spec| spec.is_json)
    }

    /// The characters of the whole text. `None` without a text.
    pub fn characters(&self) -> Option<Cow<'_, str>> {
        let text = self.line.text.as_ref()?.untrusted();
        let characters = self.is_json().then(|| json_text::characters(text, false)).flatten();
        Some(characters.map_or(Cow::Borrowed(text), Cow::Owned))
    }

    /// The start of the text, enough for `columns` columns. `None` without a text.
    pub fn preview(&self, columns: usize) -> Option<Cow<'_, str>> {
        let text = self.line.text.as_ref()?.untrusted();
        if self.is_json() {
            return Some(preview(text, false, columns));
        }
        // A character has at most four bytes, and marks take no columns.
        let end = format::char_boundary(text, columns.saturating_mul(12).saturating_add(64).min(MAX_TEXT));
        Some(Cow::Borrowed(&text[..end]))
    }

    /// The text as JSON. `None` without a text.
    pub fn json(&self) -> Option<Text> {
        let text = self.line.text.as_ref()?;
        let is_value = || serde_json::from_str::<IgnoredAny>(text.untrusted()).is_ok();
        if self.spec().is_some_and(|spec| spec.is_json) || self.is_json() && is_value() {
            return Some(text.clone());
        }
        // A string can always be written.
        Some(serde_json::to_string(text.untrusted()).unwrap_or_default().into())
    }

    /// The size of the whole message in bytes.
    pub fn size(&self) -> Option<usize> {
        self.cut_from.or_else(|| self.line.text.as_ref().map(Text::len))
    }

    // === Memory ===

    /// The sender that the message's memory is charged to.
    pub(crate) fn sender(&self) -> Sender {
        match (self.line.direction, &self.line.peer) {
            (Direction::Own, _) => Sender::Own,
            (Direction::In | Direction::Note, Some(peer)) => Sender::of(self.line.remote, || peer.clone()),
            _ => Sender::Other,
        }
    }

    /// Keeps only the beginning of the message, and describes the cut.
    pub(crate) fn cut(&mut self) {
        let Some(whole) = self.characters() else { return };
        let cut = beginning(&whole, self.number);
        let cut = if self.is_json() { serde_json::to_string(&cut).unwrap_or_default() } else { cut };
        let size = self.line.text.as_ref().map_or(0, Text::len);
        self.cut_from = Some(size);
        self.line.what = format!("only the beginning of {} is kept", format::size(size)).into();
        self.line.text = Some(cut.into());
    }

    /// The remote IP address of the connection, or of the connection that the message arrived by, if known. An IPv4
    /// address in IPv6 form is an IPv4 address.
    pub fn remote(&self) -> Option<IpAddr> {
        self.line.remote.map(|remote| remote.to_canonical())
    }
}

/// The line with at most 4,096 bytes of each text, and the number of bytes that are missing. Keys that are longer are
/// left out, because the start of a key is another key.
fn bounded(mut line: Line) -> Line {
    let is_short = |key: &Key| key.untrusted().len() <= MAX_TEXT;
    line.peer = line.peer.filter(is_short);
    line.item = line.item.filter(|(_, key)| is_short(key));
    cut_text(&mut line.what);
    cut_text(&mut line.outcome);
    for value in &mut line.values {
        match value {
            Value::Text(text, _) if text.len() > MAX_TEXT => *value = value.cut(MAX_TEXT),
            Value::Ref(key) if !is_short(key) => *value = Value::None,
            _ => {}
        }
    }
    line
}

fn cut_text(text: &mut Text) {
    if text.len() > MAX_TEXT {
        let start = text.start(MAX_TEXT);
        let missing = text.len() - start.len();
        *text = format!("{}\u{2026} ({missing} more bytes not kept)", start.untrusted()).into();
    }
}
