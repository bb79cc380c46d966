//! A network in the dashboard: what it offers, and the state of its lists.

use std::{sync::Arc, time::Duration};

use clacks_feed::{
    Key, Row, Run, Text, Value,
    description::{Description, Field, Kind, ListId, ListSpec},
};

use super::list::{List, text_of};

/// State of one network.
#[derive(Debug)]
pub struct Network {
    /// What the network offers.
    pub description: Arc<Description>,
    /// Run of the node.
    pub run: Run,
    /// State of each list, in the order of the description.
    lists: Vec<List>,
    /// Values of the gauges, in the order of the description.
    pub gauges: Vec<Value>,
}

impl Network {
    /// Creates the state of a network, with empty lists.
    pub fn new(description: Arc<Description>, run: Run) -> Self {
        let lists = description.lists.iter().map(|_| List::default()).collect();
        Self { description, run, lists, gauges: Vec::new() }
    }

    /// Returns the list that stands first (0) or second (1) beside the traffic.
    pub fn beside(&self, place: usize) -> Option<ListId> {
        let beside = self.description.lists().filter(|(_, spec)| spec.beside);
        beside.map(|(id, _)| id).nth(place)
    }

    /// Returns the state of a list.
    pub fn list(&self, id: ListId) -> Option<&List> {
        self.lists.get(id.index())
    }

    /// Returns the state of a list.
    pub fn list_mut(&mut self, id: ListId) -> Option<&mut List> {
        self.lists.get_mut(id.index())
    }

    /// Returns the state of the list with this name.
    pub fn named(&self, name: &str) -> Option<&List> {
        self.list(self.description.list_id(name)?)
    }

    /// Returns the state of the list with this name.
    pub fn named_mut(&mut self, name: &str) -> Option<&mut List> {
        self.list_mut(self.description.list_id(name)?)
    }

    /// Returns all lists.
    pub fn lists(&self) -> impl Iterator<Item = (ListId, &List)> {
        self.description.lists().map(|(id, _)| id).zip(&self.lists)
    }

    /// Returns all lists.
    pub fn lists_mut(&mut self) -> impl Iterator<Item = &mut List> {
        self.lists.iter_mut()
    }

    /// Returns the number of all marks.
    pub fn marks(&self) -> usize {
        self.lists.iter().map(|list| list.marks.len()).sum()
    }

    /// Returns the cell of a column. `None` if the list has no such column.
    pub fn cell<'a>(&self, list: ListId, row: &'a Row, column: &str) -> Option<&'a Value> {
        row.cells.get(self.description.list(list)?.column(column)?)
    }

    /// Whether the items of a list have messages.
    pub(crate) fn has_messages(&self, list: ListId) -> bool {
        self.description.list(list).and_then(message_column).is_some()
    }

    /// Returns the text of the message of a row, as JSON. `None` if its list has no messages.
    pub fn message(&self, list: ListId, row: &Row) -> Option<Text> {
        let column = message_column(self.description.list(list)?)?;
        row.cells.get(column).and_then(text_of).cloned()
    }

    /// Removes the marks of items that no longer exist.
    pub(crate) fn remove_marks(&mut self, gone: &[(ListId, Key)]) {
        for (list, key) in gone {
            self.list_mut(*list).into_iter().for_each(|list| list.marks.remove_missing(key));
        }
    }

    /// Whether a row of a list has an age of less than 60 seconds, so that it changes each second.
    pub(crate) fn has_young_row(&self, id: ListId, list: &List, uptime: Duration) -> bool {
        let Some(spec) = self.description.list(id) else { return false };
        let is_moment = |column: &Field| column.kind == Kind::At && !column.is_only_open();
        let moments = || spec.columns.iter().enumerate().filter(|(_, column)| is_moment(column));
        let is_young = |value: &Value| match value {
            Value::At(ms) => uptime_ms(uptime).saturating_sub(*ms).abs() < 60_000,
            _ => false,
        };
        list.rows.iter().any(|row| moments().any(|(at, _)| row.cells.get(at).is_some_and(is_young)))
    }

    /// Records that the user caused the removal of an item, in all lists.
    pub fn expect_removal(&mut self, key: &Key) {
        self.lists.iter_mut().for_each(|list| list.expect_removal(key));
    }
}

/// Returns an uptime in milliseconds.
pub(crate) fn uptime_ms(uptime: Duration) -> i64 {
    i64::try_from(uptime.as_millis()).unwrap_or(i64::MAX)
}

/// Returns the column with the message of a row.
fn message_column(spec: &ListSpec) -> Option<usize> {
    spec.columns.iter().position(|column| column.kind == Kind::Json)
}
