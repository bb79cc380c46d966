//! The traffic log: one row per event, bounded in rows and bytes.

#[cfg(test)]
mod every_event;
pub mod fields;
#[cfg(test)]
mod filter_tests;
pub mod row;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, VecDeque},
    net::IpAddr,
    sync::Arc,
};

use clacks_feed::{Event, Name, Now, Text, description::Description, filter::Filter};
use clacks_text::kept_messages::KeptMessages;
use row::Row;

/// Maximum number of rows.
const MAX_ROWS: usize = 10_000;
/// Maximum number of rows while the oldest of them are on a paused screen.
const MAX_HELD_ROWS: usize = 3 * MAX_ROWS;
/// Maximum bytes of whole messages; of others the beginning is kept. Messages share memory, so some are counted twice.
const MAX_BYTES: usize = 16 << 20;

/// Number of latest rows that are searched for refused remote addresses.
const LOOKED_BACK: usize = 1000;
/// Maximum number of refused remote addresses returned.
const MAX_REMOTES: usize = 9;

/// The latest rows, at most 10,000, and the selection that the filter admits.
#[derive(Debug, Default)]
pub struct Log {
    rows: VecDeque<Row>,
    /// Numbers of the rows that are shown, in order.
    shown: VecDeque<u64>,
    next_number: u64,
    /// The messages that rows keep whole.
    kept: KeptMessages,
    /// The numbers of the rows that keep only the beginning of their messages.
    cuts: BTreeSet<u64>,
    filter: Option<Filter>,
    /// The row at the top of a paused screen.
    held_from: Option<u64>,
    /// The names of the networks that had a row.
    networks: BTreeSet<Name>,
    /// Number of events that this watcher missed because it was too slow.
    pub missed: u64,
}

impl Log {
    /// Records an event of a network. Returns whether it made a row. Events that repeat the content of another make none.
    pub fn note(&mut self, event: &Event, network: &Arc<Description>) -> bool {
        let Some(row) = Row::of(event, network) else { return false };
        if !self.networks.contains(&network.network) {
            self.networks.insert(network.network.clone());
        }
        self.push(row);
        true
    }

    /// Number of networks that had a row.
    pub fn networks(&self) -> usize {
        self.networks.len()
    }

    /// Records that this watcher missed events. `network` is the name of their network, if there are several.
    pub fn note_missed(&mut self, missed: u64, network: Option<&str>, now: Now) {
        self.missed = self.missed.saturating_add(missed);
        let of = network.map(|network| format!(" of {network}")).unwrap_or_default();
        let text = match missed {
            1 => format!("1 event{of} was missed"),
            _ => format!("{missed} events{of} were missed"),
        };
        self.push(Row::note(text, now));
    }

    /// Adds a note that is not about an event. `unix_ms` is its time in milliseconds.
    pub fn note_text(&mut self, text: String, unix_ms: u64) {
        self.push(Row::note(text, Now { unix_ms, ..Now::default() }));
    }

    /// The latest row, whether the filter admits it or not.
    pub fn newest(&self) -> Option<&Row> {
        self.rows.back()
    }

    /// Remote addresses of the refused requests in the latest 1,000 rows, newest first, without duplicates, at most 9.
    pub fn refused_remotes(&self) -> Vec<IpAddr> {
        let mut remotes = Vec::new();
        let refused = self.rows.iter().rev().take(LOOKED_BACK).filter(|row| row.is_refused());
        for remote in refused.filter_map(Row::remote) {
            if remotes.len() < MAX_REMOTES && !remotes.contains(&remote) {
                remotes.push(remote);
            }
        }
        remotes
    }

    /// The number of the next row.
    pub fn next_number(&self) -> u64 {
        self.next_number
    }

    fn push(&mut self, mut row: Row) {
        row.number = self.next_number;
        self.next_number += 1;
        if let Some(size) = row.line.text.as_ref().map(Text::len) {
            self.kept.add(row.number, size, || row.sender());
        }
        if self.filter.as_ref().is_none_or(|filter| filter.admits(&row.subject())) {
            self.shown.push_back(row.number);
        }
        self.rows.push_back(row);
        let is_held = self.held_from.is_some_and(|held| held <= self.gone());
        if self.rows.len() > if is_held { MAX_HELD_ROWS } else { MAX_ROWS } {
            self.drop_oldest();
        }
        if !is_held && self.rows.len() > MAX_ROWS {
            // It was held still, and goes on.
            self.drop_oldest();
        }
        while let Some(number) = self.kept.pop_over(MAX_BYTES) {
            self.cut(number);
        }
    }

    /// Keeps only the beginning of the message of a row.
    fn cut(&mut self, number: u64) {
        let oldest = self.gone();
        let place = number.checked_sub(oldest).and_then(|place| usize::try_from(place).ok());
        if let Some(row) = place.and_then(|place| self.rows.get_mut(place)) {
            row.cut();
            self.cuts.insert(number);
        }
    }

    /// Number of rows that were removed because they were the oldest.
    pub fn gone(&self) -> u64 {
        self.rows.front().map_or(0, |row| row.number)
    }

    /// Pauses the removal of old rows from this row on, up to 30,000 rows; `None` resumes it.
    pub fn hold_from(&mut self, number: Option<u64>) {
        self.held_from = number;
    }

    /// Number of rows that keep only the beginning of their message.
    pub fn cuts(&self) -> usize {
        self.cuts.len()
    }

    fn drop_oldest(&mut self) {
        let Some(oldest) = self.rows.pop_front() else { return };
        self.kept.remove(&oldest.sender(), oldest.number);
        self.cuts.remove(&oldest.number);
        if self.shown.front() == Some(&oldest.number) {
            self.shown.pop_front();
        }
    }

    /// The filter, if one is set.
    pub fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// Removes all rows and keeps the filter.
    pub fn clear(&mut self) {
        *self = Self { filter: self.filter.take(), ..Self::default() };
    }

    /// Sets the filter; `None` admits all rows.
    pub fn set_filter(&mut self, filter: Option<Filter>) {
        self.filter = filter;
        let filter = &self.filter;
        let admits = |row: &&Row| filter.as_ref().is_none_or(|filter| filter.admits(&row.subject()));
        let admitted = self.rows.iter().filter(admits);
        self.shown = admitted.map(|row| row.number).collect();
    }

    /// Number of rows that the filter admits.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether the filter admits no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of all rows.
    pub fn total(&self) -> usize {
        self.rows.len()
    }

    /// The rows that the filter admits, oldest first.
    pub fn shown(&self) -> impl Iterator<Item = &Row> {
        self.shown.iter().filter_map(|number| self.row(*number))
    }

    /// The row at a position among those that the filter admits.
    pub fn at(&self, position: usize) -> Option<&Row> {
        self.shown.get(position).and_then(|number| self.row(*number))
    }

    /// The position of a row among those that the filter admits. If the row is removed or filtered out, the position of
    /// the next one.
    pub fn position(&self, number: u64) -> usize {
        self.shown.partition_point(|shown| *shown < number)
    }

    /// The row with this number, unless it was removed.
    pub fn row(&self, number: u64) -> Option<&Row> {
        let oldest = self.rows.front()?.number;
        self.rows.get(usize::try_from(number.checked_sub(oldest)?).ok()?)
    }
}

/// The text of a message that is JSON: the characters of a JSON string, or the JSON text of any other value.
pub fn json_text(json: &str) -> String {
    serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())
}
