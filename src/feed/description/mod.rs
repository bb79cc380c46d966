//! What a network tells a face about itself before anything else: its lists, statuses, events, commands, gauges and
//! settings. A description is constant while the node runs.
//!
//! Parts refer to each other by name. At run time lists, statuses, types and kinds of events are numbers: their positions
//! in the description ([`ListId`], [`StatusId`], [`TypeId`], [`EventId`]).

mod check;
mod command;
mod event;
mod field;
mod later;
mod list;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use check::{DescriptionError, EVENT_FIELDS, LINE_FIELDS, bounds};
pub use command::{Arg, CommandSpec, Confirm, Need, Takes};
pub use event::{EventSpec, Level, UsualLine};
pub use field::{Chart, Field, Kind};
pub use list::{ListSpec, Role, StatusSpec, Tone};

use crate::{Label, Name};

/// Position of a list in [`Description::lists`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(pub u8);

/// Position of a status in [`Description::statuses`], 0 to 63.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusId(pub u8);

/// Position of a name in [`Description::types`], 0 to 63.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u8);

/// Position of a kind of events in [`Description::events`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u8);

/// A network and what its nodes offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The network: `clacks`.
    pub network: Name,
    /// The node, for a title: `tower.example.org:8080`.
    pub node: Label,
    /// The lists, at most 32.
    pub lists: Vec<ListSpec>,
    /// The statuses of the items of all lists, at most 64. The main status of an item is the first that applies.
    #[serde(default)]
    pub statuses: Vec<StatusSpec>,
    /// The names that `type:` accepts in a filter, at most 64.
    #[serde(default)]
    pub types: Vec<Name>,
    /// The kinds of events, at most 128.
    pub events: Vec<EventSpec>,
    /// The commands, at most 256.
    #[serde(default)]
    pub commands: Vec<CommandSpec>,
    /// Figures of the whole node, at most 256.
    ///
    /// A node whose command `stop` takes long reports its progress meanwhile: `stop_total` and `stop_done` count what has to
    /// be done, and `stop_ends` is the moment at which it ends at the latest. They have no values at other times. Its
    /// command `cancel` without an argument ends the stopping.
    #[serde(default)]
    pub gauges: Vec<Field>,
    /// The settings and limits, at most 256.
    #[serde(default)]
    pub settings: Vec<SettingSpec>,
    /// The command that a typed line without a colon is. `None`: such a line is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<Name>,
    /// The limits of such a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say_limits: Option<SayLimits>,
    /// Whether texts of messages stay out of recordings, archives and exports unless somebody asks for them.
    #[serde(default)]
    pub private: bool,
}

/// A setting or limit of the node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettingSpec {
    /// Its name and kind of value.
    pub field: Field,
    /// The gauge that says how much of it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Name>,
    /// The gauge that counts how often it was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<Name>,
}

/// Limits of a typed line that becomes a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SayLimits {
    /// Maximum size of the message as JSON text, in bytes.
    pub max_bytes: u64,
    /// Maximum size that every node of the network accepts, in bytes, if it is smaller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub everywhere: Option<u64>,
    /// The nodes that accept no larger message: `npm nodes`.
    pub small_nodes: Label,
}

impl Description {
    /// A network with nothing in it yet.
    pub fn new(network: Name, node: Label) -> Self {
        Self {
            network,
            node,
            lists: Vec::new(),
            statuses: Vec::new(),
            types: Vec::new(),
            events: Vec::new(),
            commands: Vec::new(),
            gauges: Vec::new(),
            settings: Vec::new(),
            says: None,
            say_limits: None,
            private: false,
        }
    }

    /// The list with this id.
    pub fn list(&self, id: ListId) -> Option<&ListSpec> {
        self.lists.get(usize::from(id.0))
    }

    /// The status with this id.
    pub fn status(&self, id: StatusId) -> Option<&StatusSpec> {
        self.statuses.get(usize::from(id.0))
    }

    /// The kind of events with this id.
    pub fn event(&self, id: EventId) -> Option<&EventSpec> {
        self.events.get(usize::from(id.0))
    }

    /// The id of the list with this name.
    pub fn list_id(&self, name: &str) -> Option<ListId> {
        position(self.lists.iter().map(|list| &list.name), name).map(ListId)
    }

    /// The id of the status with this name.
    pub fn status_id(&self, name: &str) -> Option<StatusId> {
        position(self.statuses.iter().map(|status| &status.name), name).map(StatusId)
    }

    /// The id of the type with this name.
    pub fn type_id(&self, name: &str) -> Option<TypeId> {
        position(self.types.iter(), name).map(TypeId)
    }

    /// The id of the kind of events with this name.
    pub fn event_id(&self, name: &str) -> Option<EventId> {
        position(self.events.iter().map(|event| &event.name), name).map(EventId)
    }

    /// The command with this name, or with this name as another spelling.
    pub fn command(&self, name: &str) -> Option<&CommandSpec> {
        self.commands.iter().find(|command| command.is_called(name))
    }

    /// The position of the gauge with this name.
    pub fn gauge(&self, name: &str) -> Option<usize> {
        self.gauges.iter().position(|gauge| gauge.name == name)
    }

    /// The lists and their ids.
    pub fn lists(&self) -> impl Iterator<Item = (ListId, &ListSpec)> {
        (0..).map(ListId).zip(&self.lists)
    }

    /// The lists whose items belong to an item of this list.
    pub fn lists_under(&self, list: ListId) -> impl Iterator<Item = (ListId, &ListSpec)> {
        let name = self.list(list).map(|list| &list.name);
        self.lists().filter(move |(_, spec)| spec.under.is_some() && spec.under.as_ref() == name)
    }

    /// Checks the bounds, the uniqueness of names, and that every name that a part refers to exists.
    pub fn check(&self) -> Result<(), DescriptionError> {
        check::check(self)
    }
}

impl ListId {
    /// As an index of [`Description::lists`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl EventId {
    /// A kind that the description does not have. Only an event that was read from JSON has it.
    pub const UNKNOWN: Self = Self(u8::MAX);

    /// As an index of [`Description::events`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

fn position<'a>(mut names: impl Iterator<Item = &'a Name>, name: &str) -> Option<u8> {
    names.position(|candidate| candidate == name).and_then(|position| u8::try_from(position).ok())
}
