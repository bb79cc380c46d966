use std::sync::Arc;

use crate::{
    Answer, Event, Key, Look, Now, Request, Row, Run, Text, Value, View,
    description::{Description, Level, ListId},
};

/// The first line of a node, and of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Hello {
    /// The run of the node.
    pub run: Run,
    /// The id of its process, if it has one.
    pub process: Option<u32>,
    /// When the line was written.
    pub now: Now,
    /// What the node offers. A description that was read is valid.
    pub description: Arc<Description>,
}

/// A line of a node.
#[derive(Debug, Clone)]
pub enum NodeLine {
    /// The first line, and the first line after a restart.
    Hello(Hello),
    /// The answer to [`FaceLine::Watch`]: events after this one follow.
    Watching(u64),
    /// An event.
    Event(Box<EventLine>),
    /// The answer to [`FaceLine::View`] or [`FaceLine::SameView`].
    Look(Look),
    /// The answer to the [`FaceLine::SameView`] with this number, if a newer look has replaced it.
    LookReplaced(u64),
    /// The answer to the request with this number.
    Answer(u64, Answer),
    /// Events were missed.
    Lagged {
        /// The number of missed events.
        missed: u64,
        /// The number of the last missed event.
        seq: u64,
    },
    /// The node stops, for this reason.
    Away(Text),
    /// The rows of the node, in a recording.
    State(State),
    /// The gauges, in a recording.
    Gauges(Gauges),
    /// The end of a recording that was ended as it should, and when.
    End(Now),
    /// A line of a later version. It is skipped.
    Other,
}

/// A line of a face.
#[derive(Debug, Clone, PartialEq)]
pub enum FaceLine {
    /// Asks for events.
    Watch(WatchRequest),
    /// Asks for the rows of a view, now.
    View(View),
    /// Asks for the rows of the last view, as soon as one of them was touched. The number replaces that of the view.
    SameView(u64),
    /// A request with its number.
    Request(u64, Request),
    /// A typed command. The number is `None` if the line was no object, but the text itself.
    Typed(Option<u64>, Text),
}

/// Which events a face asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchRequest {
    /// The lowest level of events that get a `line`. The default is `info`. Events of each level are sent.
    pub level: Level,
    /// Whether events have the network's own fields. The default is true.
    pub bodies: bool,
    /// Whether events have the rows that they touched, as in a recording. The default is false.
    pub rows: bool,
    /// The text of a filter over the lines. `None`: all.
    pub filter: Option<Arc<str>>,
}

/// An event, with what a recording has of the rows that it touched.
#[derive(Debug, Clone)]
pub struct EventLine {
    /// The event. Its number is 0 if the line has none, as the lines of a pipe. The touched rows are those in `rows`.
    pub event: Event,
    /// The touched rows as they are after the event.
    pub rows: Vec<Change>,
    /// The lengths of the lists that became longer or shorter.
    pub totals: Vec<(ListId, u64)>,
    /// The settings after the event, if it touched them, in the order of the description.
    pub settings: Option<Vec<Value>>,
}

/// A row after an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The list.
    pub list: ListId,
    /// The key of the row.
    pub key: Key,
    /// The row. `None`: it no longer exists.
    pub row: Option<Row>,
    /// The cells whose text is as it was in the line before about this row, since the last state: bit n stands for cell n.
    /// They are written as `false`, and have no value when they are read.
    pub kept: u32,
}

/// The rows of a node at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    /// All events up to this number have happened before.
    pub seq: u64,
    /// When the rows were read.
    pub now: Now,
    /// The lists.
    pub lists: Vec<ListState>,
    /// The values of the gauges, in the order of the description.
    pub gauges: Vec<Value>,
    /// The values of the settings, in the order of the description.
    pub settings: Vec<Value>,
}

/// The gauges at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gauges {
    /// When they were read. `None`: the line does not say it, so it is the time of the line before.
    pub now: Option<Now>,
    /// Their values, in the order of the description.
    pub values: Vec<Value>,
}

/// A list at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct ListState {
    /// The list.
    pub list: ListId,
    /// Its length.
    pub total: u64,
    /// Its first rows, at most [`MAX_STATE_ROWS`](super::MAX_STATE_ROWS).
    pub rows: Vec<Row>,
}

/// Ordinary events with their own fields, without rows and filter.
impl Default for WatchRequest {
    fn default() -> Self {
        Self { level: Level::Info, bodies: true, rows: false, filter: None }
    }
}

impl Change {
    /// A row that exists.
    pub fn new(list: ListId, row: Row) -> Self {
        Self { list, key: row.key.clone(), row: Some(row), kept: 0 }
    }

    /// A row that no longer exists.
    pub fn gone(list: ListId, key: Key) -> Self {
        Self { list, key, row: None, kept: 0 }
    }
}
