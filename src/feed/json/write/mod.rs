//! Writes lines.

mod call;
mod cell;
mod event;
mod query;
mod state;
mod text;

pub use event::{EventParts, Fit, Record};

use text::{Parts, now, push_any, push_plain, push_str, push_text};

use super::{Hello, VERSION, WatchRequest};
use crate::{Now, Text, description::Description};

/// Appends lines to a buffer, without line ends.
///
/// Each line is UTF-8. It contains no character that a terminal acts on, and no line end. Lists, statuses, kinds and types
/// are written by name, so a writer knows the description of the node.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'d> {
    description: &'d Description,
}

impl<'d> Writer<'d> {
    /// A writer for the node with this description.
    pub fn new(description: &'d Description) -> Self {
        Self { description }
    }

    /// The first line of a node. A description within its bounds fits into a line, unless nearly all of it is used.
    pub fn hello(out: &mut Vec<u8>, hello: &Hello) {
        object_in(out, "hello", |object| {
            push_plain(object.field("version"), &VERSION);
            push_plain(object.field("run"), &hello.run);
            if let Some(process) = hello.process {
                push_plain(object.field("process"), &process);
            }
            now(object, hello.now);
            push_any(object.field("description"), &*hello.description);
        });
    }

    /// A request for events.
    pub fn watch(out: &mut Vec<u8>, watch: &WatchRequest) {
        object_in(out, "watch", |object| {
            push_plain(object.field("level"), &watch.level);
            push_plain(object.field("bodies"), &watch.bodies);
            push_plain(object.field("rows"), &watch.rows);
            if let Some(filter) = &watch.filter {
                push_str(object.field("filter"), filter);
            }
        });
    }

    /// The answer to a request for events: those after `seq` follow.
    pub fn watching(out: &mut Vec<u8>, seq: u64) {
        object_in(out, "watching", |object| push_plain(object.field("seq"), &seq));
    }

    /// Events were missed: this number of them, the last of which had the number `seq`.
    pub fn lagged(out: &mut Vec<u8>, missed: u64, seq: u64) {
        let mut object = Parts::object(out);
        push_plain(object.field("lagged"), &missed);
        push_plain(object.field("seq"), &seq);
        object.end();
    }

    /// The node stops, for this reason.
    pub fn away(out: &mut Vec<u8>, reason: &Text) {
        let mut object = Parts::object(out);
        push_text(object.field("away"), reason);
        object.end();
    }

    /// The answer to a command that was typed as the line with this number: what was done.
    pub fn reply(out: &mut Vec<u8>, time: Now, line: u64, text: &Text) {
        let mut object = Parts::object(out);
        push_plain(object.field("event"), "reply");
        now(&mut object, time);
        push_plain(object.field("line"), &line);
        push_text(object.field("text"), text);
        object.end();
    }

    /// The reason why the line with this number was refused.
    pub fn error(out: &mut Vec<u8>, time: Now, line: u64, reason: &Text) {
        let mut object = Parts::object(out);
        push_plain(object.field("event"), "error");
        now(&mut object, time);
        push_plain(object.field("line"), &line);
        push_text(object.field("reason"), reason);
        object.end();
    }

    /// A typed command with the number of its answer.
    pub fn typed(out: &mut Vec<u8>, id: u64, line: &Text) {
        let mut object = Parts::object(out);
        push_plain(object.field("id"), &id);
        push_text(object.field("line"), line);
        object.end();
    }
}

/// Writes an object with one field, which is an object.
fn object_in(out: &mut Vec<u8>, name: &str, write: impl FnOnce(&mut Parts<'_>)) {
    let mut object = Parts::object(out);
    let mut inner = Parts::object(object.field(name));
    write(&mut inner);
    inner.end();
    object.end();
}
