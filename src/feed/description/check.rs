use std::collections::HashSet;

use super::{Description, EventSpec, Field, Kind, ListSpec, Takes};
use crate::{Name, escape::is_hidden};

/// Maximum lengths of a description's parts. A reader refuses more, because a description can come from anybody.
pub mod bounds {
    /// Maximum lists.
    pub const LISTS: usize = 32;
    /// Maximum columns of a list.
    pub const COLUMNS: usize = 32;
    /// Maximum statuses.
    pub const STATUSES: usize = 64;
    /// Maximum types.
    pub const TYPES: usize = 64;
    /// Maximum kinds of events.
    pub const EVENTS: usize = 128;
    /// Maximum of every other part: commands, arguments, gauges, settings, hints.
    pub const OTHERS: usize = 256;
    /// Maximum lists beside the traffic.
    pub const BESIDE: usize = 2;
}

/// Names that a network's own JSON of an event can't have, because each event line has these fields.
pub const EVENT_FIELDS: [&str; 9] =
    ["event", "seq", "time", "uptime_ms", "caused_by", "line", "rows", "totals", "settings"];
/// Names that the fields of a kind of events can't have, because each [`Line`](crate::Line) has these in JSON.
pub const LINE_FIELDS: [&str; 10] =
    ["direction", "types", "peer", "status", "item", "remote", "text", "what", "outcome", "tone"];

/// Why a description is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptionError {
    /// A part is too long. The values are the part, its length and the maximum.
    #[error("{1} {0}, at most {2} are possible")]
    TooMany(&'static str, usize, usize),
    /// Two parts of one kind have the same name. The values are the kind and the name.
    #[error("two {0} are called {1}")]
    Twice(&'static str, Name),
    /// A name does not exist. The values are the part that refers to it and the name.
    #[error("{0} refers to {1}, which does not exist")]
    Missing(&'static str, Name),
    /// A list has no columns.
    #[error("the list {0} has no columns")]
    NoColumns(Name),
    /// A list under another does not begin with the column `of`, or belongs to itself.
    #[error("the list {0} is under another, so its first column must be `of`, a reference to that list")]
    Under(Name),
    /// A command has an invisible key.
    #[error("the key of the command {0} is not visible")]
    Key(Name),
    /// A status has an invisible letter.
    #[error("the letter of the status {0} is not visible")]
    Letter(Name),
    /// A field of an event has a name that each line has. The values are the event and the name.
    #[error("the event {0} has a field {1}, but each line has something else by that name")]
    Reserved(Name, Name),
    /// The field has a maximum width below its minimum width.
    #[error("the field {0} has a maximum width below its minimum width")]
    Width(Name),
}

type Checked = Result<(), DescriptionError>;

pub(super) fn check(description: &Description) -> Checked {
    let Description { lists, statuses, types, events, commands, gauges, settings, .. } = description;
    at_most("lists", lists, bounds::LISTS)?;
    at_most("statuses", statuses, bounds::STATUSES)?;
    at_most("types", types, bounds::TYPES)?;
    at_most("events", events, bounds::EVENTS)?;
    at_most("commands", commands, bounds::OTHERS)?;
    at_most("gauges", gauges, bounds::OTHERS)?;
    at_most("settings", settings, bounds::OTHERS)?;
    unique("lists", lists.iter().map(|list| &list.name))?;
    unique("statuses", statuses.iter().map(|status| &status.name))?;
    unique("types", types)?;
    unique("events", events.iter().map(|event| &event.name))?;
    unique("commands", commands.iter().flat_map(|command| command.also.iter().chain([&command.name])))?;
    unique("settings", settings.iter().map(|setting| &setting.field.name))?;
    let beside: Vec<_> = lists.iter().filter(|list| list.beside).collect();
    at_most("lists beside the traffic", &beside, bounds::BESIDE)?;
    if let Some(status) = statuses.iter().find(|status| is_hidden(status.letter)) {
        return Err(DescriptionError::Letter(status.name.clone()));
    }
    fields(description, "gauges", gauges)?;
    events.iter().try_for_each(|spec| event(description, spec))?;
    lists.iter().try_for_each(|spec| list(description, spec))?;
    commands.iter().try_for_each(|spec| command(description, spec))?;
    settings.iter().try_for_each(|spec| setting(description, spec))?;
    description.says.iter().try_for_each(|name| command_exists(description, "the line without a colon", name))
}

fn list(description: &Description, spec: &ListSpec) -> Checked {
    if spec.columns.is_empty() {
        return Err(DescriptionError::NoColumns(spec.name.clone()));
    }
    at_most("columns", &spec.columns, bounds::COLUMNS)?;
    at_most("hints", &spec.empty, bounds::OTHERS)?;
    at_most("statuses of a list", &spec.statuses, bounds::STATUSES)?;
    fields(description, "columns", &spec.columns)?;
    spec.statuses.iter().try_for_each(|name| status_exists(description, "a list", name))?;
    spec.on_open.iter().try_for_each(|name| command_exists(description, "on_open", name))?;
    let Some(under) = &spec.under else { return Ok(()) };
    list_exists(description, "under", under)?;
    let first = &spec.columns[0];
    let is_reference = first.name == "of" && first.kind == Kind::Ref(under.clone());
    if is_reference && !is_under_itself(description, spec) {
        Ok(())
    } else {
        Err(DescriptionError::Under(spec.name.clone()))
    }
}

fn event(description: &Description, spec: &EventSpec) -> Checked {
    fields(description, "fields", &spec.fields)?;
    let mut types = spec.usual.iter().flat_map(|usual| &usual.types);
    types.try_for_each(|name| type_exists(description, name))?;
    let of_line =
        spec.fields.iter().map(|field| &field.name).find(|name| LINE_FIELDS.contains(&name.as_str()));
    let of_event = spec.text.as_ref().filter(|name| EVENT_FIELDS.contains(&name.as_str()));
    let reserved = of_line.or(of_event);
    reserved.map_or(Ok(()), |name| Err(DescriptionError::Reserved(spec.name.clone(), name.clone())))
}

fn type_exists(description: &Description, name: &Name) -> Checked {
    let exists = description.type_id(name.as_str()).is_some();
    if exists { Ok(()) } else { Err(DescriptionError::Missing("a kind of events", name.clone())) }
}

/// Whether the lists above a list lead back to it, or into another circle.
fn is_under_itself(description: &Description, spec: &ListSpec) -> bool {
    let above = |list: &&ListSpec| {
        list.under.as_ref().and_then(|name| description.lists.iter().find(|list| list.name == *name))
    };
    std::iter::successors(Some(spec), above).nth(description.lists.len()).is_some()
}

fn command(description: &Description, spec: &super::CommandSpec) -> Checked {
    if spec.key.is_some_and(is_hidden) {
        return Err(DescriptionError::Key(spec.name.clone()));
    }
    at_most("arguments", &spec.args, bounds::OTHERS)?;
    spec.on.iter().try_for_each(|name| list_exists(description, "a command", name))?;
    spec.args.iter().try_for_each(|arg| {
        at_most("forms of an argument", &arg.takes, bounds::OTHERS)?;
        arg.takes.iter().try_for_each(|takes| match takes {
            Takes::Item { list, only } => {
                list_exists(description, "an argument", list)?;
                only.iter().try_for_each(|name| status_exists(description, "an argument", name))
            }
            Takes::Remote { list: Some(list) } => list_exists(description, "an argument", list),
            Takes::Word(words) => at_most("words of an argument", words, bounds::OTHERS),
            _ => Ok(()),
        })
    })
}

fn setting(description: &Description, spec: &super::SettingSpec) -> Checked {
    fields(description, "settings", std::slice::from_ref(&spec.field))?;
    spec.used
        .iter()
        .chain(&spec.met)
        .try_for_each(|name| exists(description.gauge(name.as_str()).is_some(), "a setting", name))
}

/// Checks the fields of one list, event or group.
fn fields(description: &Description, part: &'static str, fields: &[Field]) -> Checked {
    at_most(part, fields, bounds::OTHERS)?;
    unique(part, fields.iter().map(|field| &field.name))?;
    fields.iter().try_for_each(|field| {
        if let Kind::Ref(list) = &field.kind {
            list_exists(description, "a field", list)?;
        }
        let (least, most) = field.width;
        let is_possible = most == 0 || least <= most;
        if is_possible { Ok(()) } else { Err(DescriptionError::Width(field.name.clone())) }
    })
}

fn at_most<T>(part: &'static str, items: &[T], most: usize) -> Checked {
    if items.len() > most { Err(DescriptionError::TooMany(part, items.len(), most)) } else { Ok(()) }
}

fn unique<'a>(part: &'static str, names: impl IntoIterator<Item = &'a Name>) -> Checked {
    let mut seen = HashSet::new();
    let twice = names.into_iter().find(|name| !seen.insert(*name));
    twice.map_or(Ok(()), |name| Err(DescriptionError::Twice(part, name.clone())))
}

fn list_exists(description: &Description, part: &'static str, name: &Name) -> Checked {
    exists(description.list_id(name.as_str()).is_some(), part, name)
}

fn status_exists(description: &Description, part: &'static str, name: &Name) -> Checked {
    exists(description.status_id(name.as_str()).is_some(), part, name)
}

fn command_exists(description: &Description, part: &'static str, name: &Name) -> Checked {
    exists(description.command(name.as_str()).is_some(), part, name)
}

fn exists(does_exist: bool, part: &'static str, name: &Name) -> Checked {
    if does_exist { Ok(()) } else { Err(DescriptionError::Missing(part, name.clone())) }
}
