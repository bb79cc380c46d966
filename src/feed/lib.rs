//! The contract between a network's node and whatever shows it.
//!
//! A network implements [`Network`] once. A face (a dashboard, a pipe of JSON lines, a narration for a screen reader, a
//! recording) holds a [`Source`] and knows no network. Between them are plain data:
//!
//! - A [`Description`](description::Description): the lists with typed columns, statuses, kinds of events, commands,
//!   gauges and settings. It is constant.
//! - A [`View`] says which parts of which lists a face shows. A [`Look`] answers with those rows.
//! - An [`Event`] says what happened, which rows it changed, and gives one [`Line`] for a person.
//! - A [`Call`] is a command. The network checks it and carries it out.
//!
//! Columns, gauges, settings and the numbers of events are all [`Field`](description::Field)s, and what they hold is a
//! [`Value`]. Text that somebody else wrote is a [`Text`], which cannot be printed by accident.

pub mod args;
#[cfg(any(test, feature = "conformance"))]
#[allow(clippy::missing_panics_doc, reason = "the functions are the bodies of tests")]
pub mod conformance;
pub mod description;
pub mod escape;
pub mod far;
pub mod filter;
pub mod json;
pub mod json_text;
pub mod mirror;
pub mod paging;
pub mod undo;

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: conformance::CountingAllocator = conformance::CountingAllocator;

mod call;
mod event;
mod find;
mod index;
mod name;
mod near;
mod network;
mod query;
mod source;
mod text;
mod value;
mod walk;

pub use call::{Call, Check, Draft, Outcome, Refusal, Run};
pub use event::{Body, Direction, Event, JsonEvent, Line, Touched, TypedEvent, Types};
pub use find::MAX_FOUND;
pub use index::{MAX_INDEXED, MAX_INDEXED_TOGETHER};
pub use name::{Label, MAX_LABEL, MAX_NAME, Name, NameError};
pub use near::Near;
pub use network::{Doing, Network, Watch, Watched};
pub use query::{Anchor, Look, MAX_ITEMS, MAX_OPEN, MAX_ROWS, MAX_WINDOWS, Page, Sort, View, Window};
pub use source::{Answer, Find, Link, MAX_WAITING, MAX_WAITING_BYTES, News, Playback, Request, Source};
pub use text::Text;
pub use value::{Key, Now, Order, Row, Statuses, Value};
