use serde::{Deserialize, Serialize};

use super::{Field, Kind};
use crate::{Label, Name};

/// A list of items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListSpec {
    /// Its name in JSON and in commands.
    pub name: Name,
    /// Its name over the list: `QUEUE`.
    pub title: Label,
    /// One of its items: `message`.
    pub one: Label,
    /// Several of its items: `messages`.
    pub many: Label,
    /// What its items are.
    pub role: Role,
    /// The list to whose items the items of this one belong. The first column of this list is then `of`, a reference to
    /// that list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<Name>,
    /// Whether it stands beside the traffic. At most two lists do.
    #[serde(default)]
    pub beside: bool,
    /// The statuses that are counted in its title.
    #[serde(default)]
    pub statuses: Vec<Name>,
    /// The columns, 1 to 32. The numbers of a column `number` of the kind [`Kind::Count`] are the keys of the rows.
    pub columns: Vec<Field>,
    /// Whether a key means the same thing at every node: an address does, the number of a queued message does not.
    #[serde(default)]
    pub shared: bool,
    /// Hints that stand in place of the rows while there are none. `{:say}` becomes the key of the command `say`.
    #[serde(default)]
    pub empty: Vec<Label>,
    /// The command that runs when an item is opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_open: Option<Name>,
}

/// What the items of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Other nodes.
    Peers,
    /// Messages.
    Messages,
    /// Anything else.
    #[serde(other)]
    Other,
}

/// A status that an item can have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusSpec {
    /// Its name in filters, JSON and on the screen.
    pub name: Name,
    /// A letter that stands for it where there is no room, or no colour.
    pub letter: char,
    /// Its colour.
    pub tone: Tone,
    /// What it means.
    pub does: Label,
}

/// The tone of a status or of an outcome, which determines its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// New or unproven.
    New,
    /// Good: a success.
    Good,
    /// Doubtful: a warning.
    Doubtful,
    /// Bad: a failure.
    Bad,
    /// Switched off by the user.
    Off,
    /// Neutral.
    #[default]
    #[serde(other)]
    Plain,
}

impl ListSpec {
    /// A list without columns.
    pub fn new(name: &'static str, one: &'static str, many: &'static str, role: Role) -> Self {
        let title = Label::new(&name.to_uppercase().replace(['-', '_'], " ")).unwrap_or_else(|_| name.into());
        Self {
            name: name.into(),
            title,
            one: one.into(),
            many: many.into(),
            role,
            under: None,
            beside: false,
            statuses: Vec::new(),
            columns: Vec::new(),
            shared: false,
            empty: Vec::new(),
            on_open: None,
        }
    }

    /// Sets the columns.
    pub fn columns(mut self, columns: impl IntoIterator<Item = Field>) -> Self {
        self.columns.extend(columns);
        self
    }

    /// Puts it under another list, with the column `of`.
    pub fn under(mut self, list: &'static str) -> Self {
        self.under = Some(list.into());
        self.columns.insert(0, Field::new("of", Kind::Ref(list.into())).only_open());
        self
    }

    /// Puts it beside the traffic.
    pub fn beside(self) -> Self {
        Self { beside: true, ..self }
    }

    /// Sets the statuses that are counted in its title.
    pub fn counting(self, statuses: &[&'static str]) -> Self {
        Self { statuses: statuses.iter().copied().map(Name::from).collect(), ..self }
    }

    /// Declares that a key means the same thing at every node.
    pub fn shared(self) -> Self {
        Self { shared: true, ..self }
    }

    /// Sets the hints that stand in an empty list.
    pub fn empty(self, hints: &[&'static str]) -> Self {
        Self { empty: hints.iter().copied().map(Label::from).collect(), ..self }
    }

    /// The index of the column with this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

impl StatusSpec {
    /// A status.
    pub fn new(name: &'static str, letter: char, tone: Tone, does: &'static str) -> Self {
        Self { name: name.into(), letter, tone, does: does.into() }
    }
}
