//! A network in the dashboard: what it offers, and the state of its lists.

use std::{sync::Arc, time::Duration};

use clacks_feed::{
    Key, Look, Now, Row, Run, Text, Value, View, Window,
    description::{Description, Field, Kind, ListId, ListSpec},
};

use clacks_panes::{NetworkPanes, Pane, panes_of};
use clacks_session::traffic::row::Row as TrafficRow;
use clacks_text::{
    format,
    value::{Names, PeerNames},
};

use super::{
    errors::CommandRefusal,
    figures::{Figures, Known},
    list::{List, text_of},
    message::NewRun,
};

/// The networks in the dashboard, at least one. One of them is active: its lists are shown, and commands go to it.
#[derive(Debug)]
pub struct Networks {
    all: Vec<Network>,
    active: usize,
}

/// State of one network.
#[derive(Debug)]
pub struct Network {
    /// What the network offers.
    pub description: Arc<Description>,
    /// The description whose commands can be typed: in a replay that of the recorded node, although none is carried out.
    pub commands: Arc<Description>,
    /// Run of the node.
    pub run: Run,
    /// State of each list, in the order of the description.
    lists: Vec<List>,
    /// Its figures and how they changed.
    pub figures: Figures,
    /// Values of the gauges when the lists were fetched, in the order of the description. They are older than those in
    /// `figures` while the lists are frozen.
    pub gauges: Vec<Value>,
    /// Values of the settings, in the order of the description. Empty until they are shown.
    pub settings: Vec<Value>,
    /// Time at the node when the rows were fetched.
    pub fetched: Now,
    /// Its pictures and pages.
    pub panes: Vec<Box<dyn Pane>>,
    /// Names of its peers.
    pub(crate) names: PeerNames,
}

impl Networks {
    /// Creates the state of these networks. The first one is active.
    pub fn new(first: Network, others: impl IntoIterator<Item = Network>) -> Self {
        Self::of(std::iter::once(first).chain(others).collect())
    }

    /// Creates the state of these networks, at least one. The first one is active.
    pub(crate) fn of(all: Vec<Network>) -> Self {
        Self { all, active: 0 }
    }

    /// Returns the active network.
    pub fn active(&self) -> &Network {
        &self.all[self.active]
    }

    /// Returns the active network.
    pub fn active_mut(&mut self) -> &mut Network {
        &mut self.all[self.active]
    }

    /// Returns the position of the active network.
    pub fn position(&self) -> usize {
        self.active
    }

    /// Returns all networks.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Network> {
        self.all.iter()
    }

    /// Returns all networks.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Network> {
        self.all.iter_mut()
    }

    /// Returns the network at a position.
    pub fn get(&self, position: usize) -> Option<&Network> {
        self.all.get(position)
    }

    /// Returns the network at a position.
    pub fn get_mut(&mut self, position: usize) -> Option<&mut Network> {
        self.all.get_mut(position)
    }

    /// Returns the names of the peers of the network that a row of the traffic belongs to.
    pub(crate) fn names_for(&self, row: &TrafficRow) -> Option<&Names> {
        let is_of_row = |network: &&Network| network.description.network == row.network_name();
        self.all.iter().find(is_of_row).map(|network| network.names.all())
    }

    /// Returns the name of the peer of a row of the traffic, or else its key. `None` for a row without a peer.
    pub(crate) fn peer_name<'a>(&'a self, row: &'a TrafficRow) -> Option<&'a str> {
        let key = row.line.peer.as_ref()?;
        let name = self.names_for(row).and_then(|names| names.get(key));
        Some(name.map_or_else(|| key.untrusted(), String::as_str))
    }

    /// Whether there is only one.
    pub fn is_single(&self) -> bool {
        self.all.len() == 1
    }

    /// Activates the network at a position, or the first one behind the last position.
    pub fn activate(&mut self, position: usize) {
        self.active = position % self.all.len();
    }

    /// Returns the position of the network with this name, or the only one whose name starts with it.
    ///
    /// # Errors
    ///
    /// Fails if there is no such network, or more than one.
    pub fn find(&self, name: &str) -> Result<usize, CommandRefusal> {
        let named = |network: &Network| network.description.network.as_str().to_owned();
        let begun: Vec<_> =
            (0..self.all.len()).filter(|at| named(&self.all[*at]).starts_with(name)).collect();
        let exact = begun.iter().find(|at| named(&self.all[**at]) == name);
        match (exact, begun.as_slice()) {
            (Some(at), _) | (None, [at]) => Ok(*at),
            _ => {
                let known: Vec<_> = self.all.iter().map(named).collect();
                Err(CommandRefusal::new(format!("there is no network {name}; there is {}", known.join(", "))))
            }
        }
    }
}

impl Network {
    /// Creates the state of a network, with empty lists.
    pub fn new(description: Arc<Description>, run: Run) -> Self {
        let lists = description.lists.iter().map(|_| List::default()).collect();
        let figures = Figures::of(&description);
        let (gauges, settings, panes) = (Vec::new(), Vec::new(), Vec::new());
        let commands = Arc::clone(&description);
        let (fetched, names) = (Now::default(), PeerNames::default());
        Self { description, commands, run, lists, figures, gauges, settings, fetched, panes, names }
    }

    /// Adds those of these panes that belong to the network.
    pub fn with_panes(mut self, panes: &[NetworkPanes]) -> Self {
        self.panes = panes_of(panes, self.description.network.as_str());
        self
    }

    /// Sets the description whose commands can be typed.
    pub fn with_commands(self, commands: Arc<Description>) -> Self {
        Self { commands, ..self }
    }

    /// Forgets everything about the run before: rows, selections, marks and figures. If the node is described as before,
    /// the order and the filter of each list stay.
    pub(crate) fn restart(&mut self, NewRun { description, commands, run }: NewRun) {
        let is_same = description == self.description;
        let old = std::mem::replace(self, Self::new(description, run).with_commands(commands));
        self.panes = old.panes;
        self.panes.iter_mut().for_each(|pane| pane.begin_again());
        for (list, old) in self.lists.iter_mut().zip(old.lists).filter(|_| is_same) {
            (list.sort, list.filter) = (old.sort, old.filter);
        }
    }

    /// Whether it is clacks, which has pictures and pages of its own.
    pub(crate) fn is_clacks(&self) -> bool {
        self.description.network == "clacks"
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

    /// Returns the value of the gauge with this name.
    pub(crate) fn gauge(&self, name: &str) -> Option<(&Field, &Value)> {
        let at = self.description.gauge(name)?;
        self.description.gauges.get(at).zip(self.gauges.get(at))
    }

    /// Returns the number in a known gauge when the lists were fetched; 0 if the network has no such gauge.
    pub(crate) fn count_of(&self, known: Known) -> usize {
        match self.figures.place(known).and_then(|at| self.gauges.get(at)) {
            Some(Value::Count(count)) => usize::try_from(*count).unwrap_or(usize::MAX),
            _ => 0,
        }
    }

    /// Returns the number of items of the first list, as in `7 peers`.
    pub fn summary(&self) -> String {
        let Some((list, spec)) = self.beside(0).and_then(|list| Some((list, self.description.list(list)?)))
        else {
            return String::new();
        };
        let total = self.list(list).map_or(0, List::total_unfiltered);
        let name = if total == 1 { &spec.one } else { &spec.many };
        format!("{} {}", format::count(usize::try_from(total).unwrap_or(usize::MAX)), name.as_str())
    }

    /// Returns a view that asks for the number of rows of the lists beside the traffic, and for no rows.
    pub(crate) fn counts_only(&self, number: u64) -> View {
        let beside = self.description.lists().filter(|(_, spec)| spec.beside);
        let windows = beside.map(|(list, _)| Window::first(list, 0)).collect();
        View { number, windows, ..View::default() }
    }

    /// Applies the numbers of rows of a look.
    pub(crate) fn count(&mut self, look: &Look) {
        for page in &look.pages {
            if let Some(list) = self.list_mut(page.list) {
                list.total = page.total;
                list.counts.clone_from(&page.counts);
            }
        }
    }

    /// Applies the rows of a list, which is drawn with `height` rows. They are moved out of the look. `is_current`: it answers
    /// the newest view.
    pub(crate) fn refresh_list(&mut self, look: &mut Look, list: ListId, height: usize, is_current: bool) {
        let page = look.pages.iter_mut().find(|page| page.list == list);
        let (spec, state) = (self.description.list(list), self.lists.get_mut(list.index()));
        if let (Some(page), Some(spec), Some(state)) = (page, spec, state) {
            state.refresh(page, height, is_current);
            self.names.learn(spec, &state.rows);
        }
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
