//! The command palette: a list of commands that the user filters by typing.

use clacks_feed::{Call, Key, description::ListId};
use clacks_language::command::{Command, Step};

use super::confirmation::Confirmation;

/// Maximum length of the query, in bytes.
const MAX_QUERY: usize = 100;

/// Palette of commands. It acts on the selection at the time when it was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Palette {
    query: String,
    items: Vec<PaletteItem>,
    /// Indices of the items that match the query, best match first.
    matching: Vec<usize>,
    /// Index of the selected item in `matching`.
    selected: usize,
    /// Index of the first item on the screen, in `matching`.
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
    pub help: String,
    pub(crate) action: PaletteAction,
}

/// Action of an item.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PaletteAction {
    Run(Command),
    /// Makes this call on the selected item.
    Call(Call),
    Confirm(Confirmation),
    /// Starts this input line.
    StartLine(String),
    /// Not available now, for this reason.
    Unavailable(String),
    /// No action: the item explains a term.
    Explanation,
}

/// Selection at the time when the palette was opened.
#[derive(Debug, Clone, PartialEq)]
pub enum PaletteTarget {
    /// Nothing.
    Nothing,
    /// An item of a list.
    Item(ListId, Key),
    /// A row of the traffic.
    Row(u64),
}

impl Palette {
    /// Creates a palette of these items for a selection.
    pub fn new(items: Vec<PaletteItem>, target: PaletteTarget) -> Self {
        let shown = (0..items.len()).collect();
        Self { query: String::new(), items, matching: shown, selected: 0, top: 0, target }
    }

    pub(crate) fn query(&self) -> &str {
        &self.query
    }

    /// Returns the number of items that match the query, and of all items.
    pub fn counts(&self) -> (usize, usize) {
        (self.matching.len(), self.items.len())
    }

    pub(crate) fn selected_item(&self) -> Option<&PaletteItem> {
        self.matching.get(self.selected).and_then(|index| self.items.get(*index))
    }

    /// Returns the selection at the time when the palette was opened.
    pub fn target(&self) -> &PaletteTarget {
        &self.target
    }

    /// Returns the items on a screen of `height` rows, each with whether it is selected.
    pub fn visible(&self, height: usize) -> impl Iterator<Item = (&PaletteItem, bool)> {
        let shown = self.matching.iter().enumerate().skip(self.top_for(height)).take(height);
        shown.filter_map(|(at, index)| Some((self.items.get(*index)?, at == self.selected)))
    }

    fn top_for(&self, height: usize) -> usize {
        let lowest = self.selected.saturating_sub(height.saturating_sub(1));
        self.top.clamp(lowest, self.selected.max(lowest))
    }

    /// Appends typed or pasted text to the query. Drops control characters.
    pub fn push_query(&mut self, text: &str) {
        for character in text.chars().filter(|character| !character.is_control()) {
            if self.query.len() + character.len_utf8() <= MAX_QUERY {
                self.query.push(character);
            }
        }
        self.filter_items();
    }

    /// Removes the last character of the query.
    pub(crate) fn pop_query(&mut self) {
        self.query.pop();
        self.filter_items();
    }

    /// Clears the query and shows all items.
    pub fn clear(&mut self) {
        self.query.clear();
        self.filter_items();
    }

    fn filter_items(&mut self) {
        let ranked =
            self.items.iter().enumerate().filter_map(|(at, item)| Some((item.rank(&self.query)?, at)));
        let mut ranked: Vec<_> = ranked.collect();
        ranked.sort_unstable();
        self.matching = ranked.into_iter().map(|(_, at)| at).collect();
        (self.selected, self.top) = (0, 0);
    }

    /// Moves the selection. `height` is the number of rows of the list.
    pub fn move_selection(&mut self, step: Step, height: usize) {
        let page = height.saturating_sub(1).max(1);
        let last = self.matching.len().saturating_sub(1);
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

    /// Selects the item on a row of the screen.
    pub(crate) fn select_row(&mut self, row: usize, height: usize) {
        self.top = self.top_for(height);
        if row < height && self.top + row < self.matching.len() {
            self.selected = self.top + row;
        }
    }
}

impl PaletteItem {
    /// Returns the sort key of the item, or `None` if it does not match. Matches of a key or a name come first,
    /// unavailable items last.
    fn rank(&self, query: &str) -> Option<(bool, u8)> {
        let is_idle = matches!(self.action, PaletteAction::Unavailable(_) | PaletteAction::Explanation);
        if query.is_empty() {
            return Some((false, 0));
        }
        let text = format!("{} {} {}", self.keys, self.line, self.help).to_lowercase();
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
    pub fn description(&self) -> String {
        match &self.action {
            PaletteAction::Unavailable(reason) => format!("{}: not now, {reason}", self.help),
            _ => self.help.clone(),
        }
    }
}
