//! Events: what happened at a node, which rows it changed, and the line that a person reads about it.

use std::{
    any::{Any, TypeId as RustType},
    borrow::Cow,
    fmt,
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    Key, Name, Now, Statuses, Text, Value,
    description::{EventId, ListId, Tone, TypeId},
};

/// An event of a node. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its number among the events of this run, counted from 1. No number is used twice.
    pub seq: u64,
    /// Its kind.
    pub kind: EventId,
    /// When it happened.
    pub now: Now,
    /// The screen or script that caused it.
    pub by: Option<Text>,
    /// What happened.
    pub body: Body,
}

/// What happened: the network's own type, or what was read from JSON.
#[derive(Clone)]
pub enum Body {
    /// An event of a node in this process.
    Typed(Arc<dyn TypedEvent>),
    /// An event of a recording or of a node elsewhere.
    Json(Arc<JsonEvent>),
}

/// A network's own type of events.
///
/// Each function computes its result when it is called, so that an event that nobody watches costs nothing.
pub trait TypedEvent: Any + Send + Sync {
    /// The line for a person. `None` if the event only changes rows, or repeats another event.
    fn line(&self) -> Option<Line>;
    /// The rows that the event changed, added or removed.
    fn touched(&self) -> Touched;
    /// The network's fields: one JSON object.
    fn json(&self) -> Box<RawValue>;
    /// Bytes that the event keeps in memory beyond its own size.
    fn bytes(&self) -> usize;

    /// Reads what [`TypedEvent::json`] wrote of an event of the kind with this name. `None`: the kind is unknown, or a
    /// field is missing or invalid. The JSON can come from anybody.
    fn read(_kind: &str, _json: &RawValue) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

/// An event that was read from JSON.
#[derive(Debug, Clone)]
pub struct JsonEvent {
    /// The name of its kind. `None` if the description has no such kind.
    pub name: Option<Name>,
    /// The network's fields: one JSON object.
    pub fields: Box<RawValue>,
    /// The line for a person.
    pub line: Option<Line>,
    /// The rows that the event changed, added or removed.
    pub touched: Touched,
    typed: OnceLock<Box<AsType>>,
}

/// An event as one of the types that [`Event::get`] was asked for. Each is read once. There are more than one only where
/// faces of several networks ask.
#[derive(Debug, Clone)]
struct AsType {
    of: RustType,
    event: Option<Arc<dyn Any + Send + Sync>>,
    other: OnceLock<Box<Self>>,
}

/// The rows that an event changed, added or removed. When a row is removed, the rows under it are removed too and need
/// no mention.
///
/// Rows are read later. If an item has gone and another one has come with its key before the row is read, the reader does
/// not see that it had gone, and keeps the rows under it. So an event that adds an item with a key that was used before
/// touches the rows that were under the former item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    /// The rows.
    pub rows: Vec<(ListId, Key)>,
    /// Whether the settings changed.
    pub settings: bool,
}

/// The direction of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From a peer.
    In,
    /// To a peer.
    Out,
    /// Written by the user of this node.
    Own,
    /// A change at this node.
    #[default]
    #[serde(other)]
    Note,
}

/// A set of types, as `type:` in a filter matches them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Types(pub u64);

/// One line about an event, for traffic, filters, exports, narration and the log.
///
/// `what` and `outcome` are words. Numbers are `values`, so that each face can format them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// The direction.
    pub direction: Direction,
    /// The types that `type:` matches.
    pub types: Types,
    /// The peer that the event is about, by its key.
    pub peer: Option<Key>,
    /// The statuses of the peer at that time.
    pub status: Statuses,
    /// The item that the event is about. It has gone if the event says so, for example that it was sent or dropped.
    pub item: Option<(ListId, Key)>,
    /// The remote IP address.
    pub remote: Option<IpAddr>,
    /// The text of the message, if it has one.
    pub text: Option<Text>,
    /// What happened, in words. It may quote a reason.
    pub what: Text,
    /// The result in a word or two, without digits, arrows and units.
    pub outcome: Text,
    /// The tone of the result.
    pub tone: Tone,
    /// Values of the fields of this kind of events, in the order of the description. Fields at the end may be left out.
    pub values: Vec<Value>,
}

impl Line {
    /// Sets what happened, in words.
    pub fn saying(self, what: impl Into<Text>) -> Self {
        Self { what: what.into(), ..self }
    }

    /// Sets the result in a word or two, and its tone.
    pub fn ended(self, outcome: &'static str, tone: Tone) -> Self {
        Self { outcome: outcome.into(), tone, ..self }
    }

    /// Sets the values of the fields, in the order of the description.
    pub fn with(self, values: impl IntoIterator<Item = Value>) -> Self {
        Self { values: values.into_iter().collect(), ..self }
    }
}

impl Event {
    /// The event as the network's own type. An event that came as JSON is read at the first call, and then kept. `None`:
    /// it has another type, or [`TypedEvent::read`] cannot read it, for example because another version wrote it.
    pub fn get<T: TypedEvent>(&self) -> Option<&T> {
        match &self.body {
            Body::Typed(event) => (&**event as &dyn Any).downcast_ref(),
            Body::Json(event) => event.get(),
        }
    }

    /// The line for a person.
    pub fn line(&self) -> Option<Line> {
        match &self.body {
            Body::Typed(event) => event.line(),
            Body::Json(event) => event.line.clone(),
        }
    }

    /// The rows that the event changed, added or removed.
    pub fn touched(&self) -> Touched {
        match &self.body {
            Body::Typed(event) => event.touched(),
            Body::Json(event) => event.touched.clone(),
        }
    }

    /// The network's fields: one JSON object.
    pub fn json(&self) -> Cow<'_, RawValue> {
        match &self.body {
            Body::Typed(event) => Cow::Owned(event.json()),
            Body::Json(event) => Cow::Borrowed(&event.fields),
        }
    }

    /// Bytes that the event keeps in memory beyond its own size.
    pub fn bytes(&self) -> usize {
        match &self.body {
            Body::Typed(event) => event.bytes(),
            Body::Json(event) => event.fields.get().len(),
        }
    }
}

impl JsonEvent {
    /// An event of the kind with this name.
    pub fn new(name: Option<Name>, fields: Box<RawValue>, line: Option<Line>, touched: Touched) -> Self {
        Self { name, fields, line, touched, typed: OnceLock::new() }
    }

    fn get<T: TypedEvent>(&self) -> Option<&T> {
        let name = self.name.as_ref()?.as_str();
        let mut read = &self.typed;
        loop {
            let as_type = read.get_or_init(|| Box::new(AsType::read::<T>(name, &self.fields)));
            if as_type.of == RustType::of::<T>() {
                return as_type.event.as_ref()?.downcast_ref();
            }
            read = &as_type.other;
        }
    }
}

impl AsType {
    fn read<T: TypedEvent>(name: &str, fields: &RawValue) -> Self {
        let event = T::read(name, fields).map(|event| Arc::new(event) as Arc<dyn Any + Send + Sync>);
        Self { of: RustType::of::<T>(), event, other: OnceLock::new() }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Typed(event) => write!(f, "Typed({})", event.json()),
            Self::Json(event) => write!(f, "Json({})", event.fields),
        }
    }
}

impl Touched {
    /// Rows of a node.
    pub fn rows(rows: impl IntoIterator<Item = (ListId, Key)>) -> Self {
        Self { rows: rows.into_iter().collect(), settings: false }
    }
}

impl Types {
    /// No type.
    pub const NONE: Self = Self(0);

    /// These types.
    pub fn of(types: impl IntoIterator<Item = TypeId>) -> Self {
        types.into_iter().fold(Self::NONE, |types, id| Self(types.0 | 1 << (id.0 & 63)))
    }

    /// Whether this type is one of them.
    pub fn contains(self, id: TypeId) -> bool {
        id.0 < 64 && self.0 & (1 << id.0) != 0
    }

    /// All of them.
    pub fn iter(self) -> impl Iterator<Item = TypeId> {
        (0..64).map(TypeId).filter(move |id| self.contains(*id))
    }
}
