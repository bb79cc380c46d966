//! What a filter is for.

use std::slice;

use crate::{
    Direction, Name,
    description::{Description, EventSpec, Field, Kind, ListId, ListSpec, Role},
};

/// What a filter is for. It determines which fields and names exist, and what can never match.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// The lines of the traffic of a network.
    Traffic(&'a Description),
    /// The rows of a list of a network.
    List(&'a Description, ListId),
    /// The lines of the traffic of any of several networks, for filters that are saved for all of them. A field, status
    /// or type exists if one of the networks has it. Without a network nothing can match.
    Any(&'a [&'a Description]),
}

/// The names that `type:` accepts beside those of the description, with the directions that they stand for.
pub(super) const DIRECTIONS: [(&str, Direction); 4] =
    [("in", Direction::In), ("out", Direction::Out), ("own", Direction::Own), ("note", Direction::Note)];

impl<'a> Scope<'a> {
    pub(super) fn descriptions(&self) -> &[&'a Description] {
        match self {
            Self::Traffic(description) | Self::List(description, _) => slice::from_ref(description),
            Self::Any(descriptions) => descriptions,
        }
    }

    /// The list, if the filter is for the rows of one.
    pub(super) fn list(&self) -> Option<&'a ListSpec> {
        match self {
            Self::List(description, list) => description.list(*list),
            Self::Traffic(_) | Self::Any(_) => None,
        }
    }

    /// The fields of the items: the columns of the list, or the fields of all kinds of events.
    pub(super) fn fields(&self) -> Vec<&'a Field> {
        match self {
            Self::List(..) => self.list().into_iter().flat_map(|list| &list.columns).collect(),
            Self::Traffic(_) | Self::Any(_) => {
                let events = self.descriptions().iter().flat_map(|description| &description.events);
                events.flat_map(|event: &EventSpec| &event.fields).collect()
            }
        }
    }

    /// The fields with this name. Several kinds of events can have one.
    pub(super) fn fields_named(&self, name: &str) -> Vec<&'a Field> {
        let mut fields = self.fields();
        fields.retain(|field| field.name.as_str().eq_ignore_ascii_case(name));
        fields
    }

    /// The names of the networks.
    pub(super) fn networks(&self) -> Vec<Name> {
        unique(self.descriptions().iter().map(|description| &description.network))
    }

    /// The names of the statuses that items can have: those that the list counts, or all if it counts none.
    pub(super) fn statuses(&self) -> Vec<Name> {
        if let Some(list) = self.list().filter(|list| !list.statuses.is_empty()) {
            return list.statuses.clone();
        }
        let statuses = self.descriptions().iter().flat_map(|description| &description.statuses);
        unique(statuses.map(|status| &status.name))
    }

    /// The names of all types, the directions first.
    pub(super) fn types(&self) -> Vec<Name> {
        let directions = DIRECTIONS.map(|(name, _)| Name::from(name));
        let types = self.descriptions().iter().flat_map(|description| &description.types);
        unique(directions.iter().chain(types))
    }

    /// The noun for its items.
    pub(super) fn noun(&self) -> String {
        self.list().map_or_else(|| "row of the traffic".to_owned(), |list| list.one.to_string())
    }
}

fn unique<'n>(names: impl Iterator<Item = &'n Name>) -> Vec<Name> {
    let mut all: Vec<Name> = Vec::new();
    for name in names {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    all
}

/// The type that rows of lists of messages have, if the network has a type of this name.
pub(super) const MESSAGE: &str = "message";

/// The name of a field with the IP address that an item came from.
pub(super) const REMOTE: &str = "remote";

/// What the columns of a list stand for in a filter.
impl ListSpec {
    /// Whether the values of this column are addresses or names of peers.
    pub(super) fn is_of_peer(&self, column: &Field, description: &Description) -> bool {
        let is_of_peers = |list: &Name| {
            let list = description.list_id(list.as_str()).and_then(|id| description.list(id));
            list.is_some_and(|list| list.role == Role::Peers)
        };
        match &column.kind {
            Kind::Ref(list) if is_of_peers(list) => true,
            Kind::Id if self.role == Role::Peers => true,
            kind => match column.name.as_str() {
                "from" | "to" | "peer" => is_text(kind),
                "name" => is_text(kind) && self.role == Role::Peers,
                _ => false,
            },
        }
    }

    /// The column with this name, if it has texts or references.
    pub(super) fn text_column(&self, name: &str) -> Option<usize> {
        self.column(name).filter(|column| is_text(&self.columns[*column].kind))
    }

    /// The column whose text has the size of an item: the first one with JSON or text.
    pub(super) fn sized_column(&self) -> Option<usize> {
        self.columns.iter().position(|column| matches!(column.kind, Kind::Json | Kind::Text))
    }

    /// The columns that can have the remote IP address of an item.
    pub(super) fn remote_columns(&self) -> impl Iterator<Item = usize> {
        let is_remote = |column: &Field| match column.kind {
            Kind::Id => true,
            Kind::Text => matches!(column.name.as_str(), "ip" | REMOTE),
            _ => false,
        };
        let columns = self.columns.iter().enumerate();
        columns.filter(move |(_, column)| is_remote(column)).map(|(index, _)| index)
    }

    /// The columns that determine the direction of an item: those of its sender and receiver. Only messages have a
    /// direction.
    pub(super) fn direction_columns(&self) -> Option<(Option<usize>, Option<usize>)> {
        let columns = (self.text_column("from"), self.text_column("to"));
        (self.role == Role::Messages && columns != (None, None)).then_some(columns)
    }
}

/// Whether a word is searched in the values of this kind.
pub(super) fn is_text(kind: &Kind) -> bool {
    kind.is_text() || matches!(kind, Kind::Ref(_))
}
