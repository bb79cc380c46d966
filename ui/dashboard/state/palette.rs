//! The list of all that can be done now, which narrows as one types.

use clacks_language::command::{Command, Step};
use clacks_p2p::{Address, core::MessageId};

use super::confirmation::Confirmation;

/// Longest text to narrow by, in bytes.
const MAX_QUERY: usize = 100;

/// Palette of commands. It acts on the selection at the time when it was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Palette {
    query: String,
    items: Vec<PaletteItem>,
    /// Which of the items the query leaves, in the order in which they are listed.
    shown: Vec<usize>,
    /// The selected one among those that are shown.
    selected: usize,
    /// The first that is on the screen.
    top: usize,
    target: PaletteTarget,
}

/// Item of the palette.
#[derive(Debug, Clone, PartialEq)]
pub struct PaletteItem {
    /// Names of the keys, or the subject of an explanation.
    pub keys: String,
    /// Command line with the selection filled in, or the start of a line to type.
    pub line: String,
    /// Help text.
    pub does: String,
    pub(crate) deed: PaletteAction,
}

/// What an item does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PaletteAction {
    Run(Command),
    Ask(Confirmation),
    /// Begins to write this.
    Begin(String),
    /// Nothing now, for this reason.
    Nothing(String),
    /// Nothing: it tells what something means.
    Explains,
}

/// Selection at the time when the palette was opened.
#[derive(Debug, Clone, PartialEq)]
pub enum PaletteTarget {
    /// Nothing.
    Nothing,
    /// A peer.
    Peer(Address),
    /// A message, queued or held.
    Message(MessageId),
    /// A row of the traffic.
    Row(u64),
}

impl Palette {
    /// Creates a palette of these items for a selection.
    pub fn new(items: Vec<PaletteItem>, target: PaletteTarget) -> Self {
        let shown = (0..items.len()).collect();
        Self { query: String::new(), items, shown, selected: 0, top: 0, target }
    }

    pub(crate) fn query(&self) -> &str {
        &self.query
    }

    /// Returns the number of items that match the query, and of all items.
    pub fn counts(&self) -> (usize, usize) {
        (self.shown.len(), self.items.len())
    }

    pub(crate) fn selected_item(&self) -> Option<&PaletteItem> {
        self.shown.get(self.selected).and_then(|index| self.items.get(*index))
    }

    /// Returns the selection at the time when the palette was opened.
    pub fn target(&self) -> &PaletteTarget {
        &self.target
    }

    /// Returns the items on a screen of `height` rows, each with whether it is selected.
    pub fn visible(&self, height: usize) -> impl Iterator<Item = (&PaletteItem, bool)> {
        let shown = self.shown.iter().enumerate().skip(self.top_for(height)).take(height);
        shown.filter_map(|(at, index)| Some((self.items.get(*index)?, at == self.selected)))
    }

    fn top_for(&self, height: usize) -> usize {
        let lowest = self.selected.saturating_sub(height.saturating_sub(1));
        self.top.clamp(lowest, self.selected.max(lowest))
    }

    /// Appends typed or pasted text to the query. Drops control characters.
    pub fn type_in(&mut self, text: &str) {
        for character in text.chars().filter(|character| !character.is_control()) {
            if self.query.len() + character.len_utf8() <= MAX_QUERY {
                self.query.push(character);
            }
        }
        self.narrow();
    }

    /// Takes the last character of what narrows away.
    pub(crate) fn take_back(&mut self) {
        self.query.pop();
        self.narrow();
    }

    /// Clears the query and shows all items.
    pub fn clear(&mut self) {
        self.query.clear();
        self.narrow();
    }

    fn narrow(&mut self) {
        let ranked =
            self.items.iter().enumerate().filter_map(|(at, item)| Some((item.rank(&self.query)?, at)));
        let mut ranked: Vec<_> = ranked.collect();
        ranked.sort_unstable();
        self.shown = ranked.into_iter().map(|(_, at)| at).collect();
        (self.selected, self.top) = (0, 0);
    }

    /// Moves the selection. `height` is the number of rows of the list.
    pub fn go(&mut self, step: Step, height: usize) {
        let page = height.saturating_sub(1).max(1);
        let last = self.shown.len().saturating_sub(1);
        self.top = self.top_for(height);
        self.selected = match step {
            Step::Up => self.selected.saturating_sub(1),
            Step::Down => (self.selected + 1).min(last),
            Step::PageUp => self.selected.saturating_sub(page),
            Step::PageDown => (self.selected + page).min(last),
            Step::Top => 0,
            Step::Bottom => last,
            Step::Left | Step::Right => self.selected,
        };
        self.top = self.top_for(height);
    }

    /// Selects what stands on a row of the screen.
    pub(crate) fn select_row(&mut self, row: usize, height: usize) {
        self.top = self.top_for(height);
        if row < height && self.top + row < self.shown.len() {
            self.selected = self.top + row;
        }
    }
}

impl PaletteItem {
    /// The place among those that the query leaves; `None` if it does not leave it. What can't be done comes last, and
    /// what is called so first.
    fn rank(&self, query: &str) -> Option<(bool, u8)> {
        let is_idle = matches!(self.deed, PaletteAction::Nothing(_) | PaletteAction::Explains);
        if query.is_empty() {
            return Some((false, 0));
        }
        let text = format!("{} {} {}", self.keys, self.line, self.does).to_lowercase();
        let lower = query.to_lowercase();
        if !lower.split_whitespace().all(|word| text.contains(word)) {
            return None;
        }
        let is_key = self.keys.split(' ').any(|key| key == query.trim());
        let name = self.line.trim_start_matches(':').to_lowercase();
        let rank = match lower.trim_start_matches(':') {
            _ if is_key => 0,
            begun if name.starts_with(begun) => 1,
            _ => 2,
        };
        Some((is_idle, rank))
    }

    /// Returns the reason why the item cannot be run, or else its help.
    pub fn tells(&self) -> String {
        match &self.deed {
            PaletteAction::Nothing(reason) => format!("{}: not now, {reason}", self.does),
            _ => self.does.clone(),
        }
    }
}
