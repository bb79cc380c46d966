//! JSON lines: what a node and a face write to each other, and what a recording contains.
//!
//! Each line is one JSON object. A [`Writer`] appends lines to a buffer, a [`Reader`] reads them, and a [`LineBuffer`]
//! divides bytes into lines. A written line contains no character that a terminal acts on, and no line end.
//!
//! A node writes [`NodeLine`]s, a face writes [`FaceLine`]s. Lists, statuses, kinds and types have their names there, so
//! every line except `hello` can be read only with the description of the node.
//!
//! A line is read in two passes: the first divides the outermost object into fields, the second reads each field with
//! the type that the description gives. JSON of a peer stays text in both, so its depth has no limit.
//!
//! In a cell of an event's row, `true` stands for the text of the event. In a recording, `false` stands for the text that
//! the cell had in the line before about this row, since the last state. There, `[]` stands for the key of the row, and an
//! array of one or two names for a text in the network's own fields: `["peer","identifier"]`. The line for a person leaves
//! out what its kind of events [usually](crate::description::UsualLine) has, and a number in the place of its peer stands
//! for the key of that one of the event's rows, from 0.
//!
//! # Versions
//!
//! - An unknown field is skipped. An unknown line of a node is [`NodeLine::Other`]. An unknown line of a face is an error.
//! - An event whose kind is not in the description has the kind [`EventId::UNKNOWN`](crate::description::EventId). Its
//!   line is kept, without values. Its name stays in its own fields, in `event`.
//! - An unknown direction is read as `note`, an unknown tone as `plain`.
//! - Every other name that is not in the description (list, status, type) is an error, and the
//!   error names those that exist.

mod error;
mod lines;
mod message;
mod read;
mod usual;
mod write;

#[cfg(test)]
mod tests;

pub use error::{JsonError, RequestError};
pub use lines::LineBuffer;
pub use message::{Change, EventLine, FaceLine, Gauges, Hello, ListState, NodeLine, State, WatchRequest};
pub(crate) use read::{LineHead, read_line_head};
pub use read::{Reader, read_hello};
pub use write::{EventParts, Fit, Record, Writer};

/// The version of the lines.
pub const VERSION: u64 = 2;
/// Maximum bytes of a line, without its line end.
pub const MAX_LINE: usize = 2 << 20;
/// Maximum bytes of a `state`, and of an answer with whole texts.
pub const MAX_LONG_LINE: usize = 8 << 20;
/// Maximum rows of a list in a `state`.
pub const MAX_STATE_ROWS: usize = 20_000;
/// Maximum bytes of a text in the window of a view. A longer one is cut.
pub const WINDOW_TEXT: usize = 512;
/// Maximum bytes of a text in an open row of a view. A longer one is cut.
pub const OPEN_TEXT: usize = 64 << 10;
