//! Reads lines.

mod call;
mod cell;
mod event;
mod form;
mod object;
mod own;
mod query;
mod state;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) use event::own_text;
pub(super) use own::path_of;

use form::{NowForm, TextForm};
use object::Object;

use super::{FaceLine, Gauges, Hello, JsonError, NodeLine, RequestError, VERSION, WatchRequest};
use crate::{
    Run, Text,
    description::{Description, Level},
};

/// Reads the lines of the node with this description, and the lines that are written to it.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'d> {
    description: &'d Description,
}

/// Reads the first line of a node. The description in it is checked.
pub fn read_hello(line: &str) -> Result<Hello, JsonError> {
    let object = Object::new(line)?;
    hello(&object, object.get("hello").ok_or(JsonError::NoHello)?)
}

/// What a line that cannot be read belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LineHead {
    pub(crate) is_event: bool,
    pub(crate) id: Option<u64>,
    pub(crate) look: Option<u64>,
    pub(crate) seq: Option<u64>,
}

/// Reads what a line belongs to, even if the rest of it cannot be read.
pub(crate) fn read_line_head(line: &str) -> LineHead {
    let Ok(object) = Object::new(line) else { return LineHead::default() };
    let number = |name| object.required(name).ok();
    LineHead {
        is_event: object.get("event").is_some(),
        id: number("id"),
        look: number("look"),
        seq: number("seq"),
    }
}

fn hello<'l>(line: &Object<'l>, value: &'l RawValue) -> Result<Hello, JsonError> {
    let object = line.inner(value)?;
    match object.required("version")? {
        VERSION => {}
        version if version > VERSION => return Err(JsonError::Version(version)),
        version => {
            let reason = format_args!("the lines have version {version}, which is not written in this form");
            return Err(object.wrong(object.needed("version")?, reason));
        }
    }
    let run: Run = object.required("run")?;
    let process = object.optional("process")?;
    let now: NowForm = line.read(value, std::marker::PhantomData)?;
    let description: Description = object.required("description")?;
    description.check()?;
    Ok(Hello { run, process, now: now.into(), description: Arc::new(description) })
}

impl<'d> Reader<'d> {
    /// A reader for the node with this description.
    pub fn new(description: &'d Description) -> Self {
        Self { description }
    }

    /// Reads a line of the node.
    pub fn node_line(self, line: &str) -> Result<NodeLine, JsonError> {
        let object = Object::new(line)?;
        // The fields of a network can have any other name, so `event` is looked for first.
        if let Some(name) = object.get("event") {
            return self.event(line, &object, name).map(|event| NodeLine::Event(Box::new(event)));
        }
        if let Some(value) = object.get("hello") {
            return hello(&object, value).map(NodeLine::Hello);
        }
        if object.get("look").is_some() {
            return match object.get("replaced") {
                Some(_) => object.required("look").map(NodeLine::LookReplaced),
                None => self.look(&object).map(NodeLine::Look),
            };
        }
        if object.get("id").is_some() {
            return self.answer(&object);
        }
        if let Some(value) = object.get("state") {
            return self.state(&object.inner(value)?).map(NodeLine::State);
        }
        if let Some(value) = object.get("watching") {
            return object.inner(value)?.required("seq").map(NodeLine::Watching);
        }
        if object.get("lagged").is_some() {
            let (missed, seq) = (object.required("lagged")?, object.required("seq")?);
            return Ok(NodeLine::Lagged { missed, seq });
        }
        if object.get("away").is_some() {
            let TextForm(reason) = object.required("away")?;
            return Ok(NodeLine::Away(reason));
        }
        if let Some(value) = object.get("gauges") {
            let values = self.gauges(&object, value)?;
            let now = if object.get("time").is_some() { Some(NowForm::of(&object)?.into()) } else { None };
            return Ok(NodeLine::Gauges(Gauges { now, values }));
        }
        if let Some(value) = object.get("end") {
            return NowForm::of(&object.inner(value)?).map(|now| NodeLine::End(now.into()));
        }
        Ok(NodeLine::Other)
    }

    /// Reads a line of a face. A line that does not begin as an object does is a typed command, such as `{hello`. A broken
    /// object is an error, because it would be sent as a message otherwise.
    pub fn face_line(self, line: &str) -> Result<FaceLine, RequestError> {
        if !begins_object(line) {
            return Ok(FaceLine::Typed(None, Text::new(line)));
        }
        let object = Object::new(line).map_err(|error| RequestError { id: None, error })?;
        if object.get("id").is_some() {
            return self.request(&object);
        }
        let read = match (object.get("watch"), object.get("look")) {
            (Some(value), _) => watch(&object, value).map(FaceLine::Watch),
            (None, Some(_)) => self.view(&object),
            (None, None) => Err(JsonError::UnknownRequest),
        };
        read.map_err(|error| RequestError { id: None, error })
    }
}

/// Whether a line begins with a brace, and behind it is the beginning of a name or the end of an object.
fn begins_object(line: &str) -> bool {
    let inner = line.trim_start().strip_prefix('{');
    inner.is_some_and(|inner| matches!(inner.trim_start().chars().next(), None | Some('"' | '}')))
}

fn watch<'l>(line: &Object<'l>, value: &'l RawValue) -> Result<WatchRequest, JsonError> {
    #[derive(Deserialize)]
    struct Form {
        level: Option<Level>,
        bodies: Option<bool>,
        #[serde(default)]
        rows: bool,
        filter: Option<String>,
    }
    let Form { level, bodies, rows, filter } = line.read(value, std::marker::PhantomData)?;
    let usual = WatchRequest::default();
    Ok(WatchRequest {
        level: level.unwrap_or(usual.level),
        bodies: bodies.unwrap_or(usual.bodies),
        rows,
        filter: filter.map(Into::into),
    })
}
