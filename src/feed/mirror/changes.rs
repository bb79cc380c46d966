//! What a recorder writes: the state at the start, then the rows that each event touched.

use super::written::WrittenTexts;
use crate::{
    Event, Network, Value,
    description::{Description, ListId},
    json::{Change, ListState, MAX_STATE_ROWS, State},
    walk::Walk,
};

/// Reads what a recording needs beside the events. It knows the length of each list at the last line, and
/// the texts of the last 16,384 rows.
#[derive(Debug)]
pub struct ChangeReader {
    totals: Vec<u64>,
    /// `None`: each text is written.
    texts: Option<WrittenTexts>,
}

/// What an event changed, as it is now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes {
    /// The rows that it touched. Later events may have changed them as well.
    pub rows: Vec<Change>,
    /// The lists whose length changed since the last line, and their lengths.
    pub totals: Vec<(ListId, u64)>,
    /// The settings, if it touched them.
    pub settings: Option<Vec<Value>>,
}

impl ChangeReader {
    /// Begins with the state of a node: its gauges, its settings, and at most 20,000 rows of each list. `seq` is the
    /// number of the last event that was received before.
    ///
    /// The lists are read one after the other while the node runs. What changes meanwhile is touched by a later event.
    pub fn start(network: &dyn Network, seq: u64) -> (Self, State) {
        let ids = network.description().lists().map(|(id, _)| id);
        let lists: Vec<ListState> = ids.map(|id| list_state(network, id)).collect();
        let totals = lists.iter().map(|list| list.total).collect();
        let reader = Self { totals, texts: None };
        let (gauges, settings) = (network.gauges(), network.settings());
        (reader, State { seq, now: network.now(), lists, gauges, settings })
    }

    /// Writes a text of a row again only after it has changed. Until the next state, whoever reads the lines must have read
    /// all lines since the last one.
    pub fn keeping_texts(self) -> Self {
        Self { texts: Some(WrittenTexts::default()), ..self }
    }

    /// Reads what an event changed.
    pub fn read(&mut self, network: &dyn Network, event: &Event) -> Changes {
        let touched = event.touched();
        let description = network.description();
        let mut lists: Vec<ListId> = touched.rows.iter().map(|(list, _)| *list).collect();
        lists.sort();
        lists.dedup();
        let lists = lists.into_iter().flat_map(|list| with_lists_under(description, list));
        let totals = lists.filter_map(|list| self.changed_total(network, list)).collect();
        let rows = touched.rows.into_iter().map(|(list, key)| {
            let row = network.rows(list, std::slice::from_ref(&key)).pop().flatten();
            let kept =
                self.texts.as_mut().map_or(0, |texts| texts.write(description, list, &key, row.as_ref()));
            Change { list, key, row, kept }
        });
        Changes { rows: rows.collect(), totals, settings: touched.settings.then(|| network.settings()) }
    }

    fn changed_total(&mut self, network: &dyn Network, list: ListId) -> Option<(ListId, u64)> {
        let total = network.page(&crate::Window::first(list, 0)).total;
        let known = self.totals.get_mut(list.index())?;
        (std::mem::replace(known, total) != total).then_some((list, total))
    }
}

/// A list and the lists under it, whose rows go with the items above.
fn with_lists_under(description: &Description, list: ListId) -> Vec<ListId> {
    let mut all = vec![list];
    let mut next = 0;
    while let Some(list) = all.get(next).copied() {
        all.extend(description.lists_under(list).map(|(under, _)| under));
        next += 1;
    }
    all
}

fn list_state(network: &dyn Network, list: ListId) -> ListState {
    let mut walk = Walk::new(list, None);
    let mut rows = Vec::new();
    loop {
        let slice = walk.next(network);
        rows.extend(slice.rows);
        if slice.is_last || rows.len() >= MAX_STATE_ROWS {
            rows.truncate(MAX_STATE_ROWS);
            return ListState { list, total: slice.total, rows };
        }
    }
}
