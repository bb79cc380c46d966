//! Windows of long lists, with the selection.

use clacks_p2p::{
    Address,
    core::{HeldMessage, MessageId, Peer, QueuedMessage},
};

/// Window of the peer list, with its selection.
#[derive(Debug, Default)]
pub struct PeerList {
    /// Consecutive peers of the list, those on the screen and some on either side.
    pub window: Vec<Peer>,
    /// Selected peer.
    pub selected: Anchor<Address>,
    /// Row of the screen on which the selected peer is shown.
    pub row: usize,
}

/// Window of the queue or of the held messages, with its selection.
#[derive(Debug)]
pub struct QueueList<T = QueuedMessage> {
    /// Consecutive messages of the list.
    pub window: Vec<T>,
    /// Index of the first message of the window. 0 is the head of the queue.
    pub first: usize,
    /// Selected message.
    pub selected: Anchor<MessageId>,
    /// Index of the selected message in the queue.
    pub list_index: usize,
    /// Row of the screen on which the selected message is shown.
    pub row: usize,
    /// Selected message that left the list by itself. Another one is in its place.
    pub lost: Option<MessageId>,
    /// Message whose removal the user caused, so that no warning is shown for it.
    expected_removal: Option<MessageId>,
}

/// Item with a message id.
pub trait HasMessageId {
    /// Returns the message with its id.
    fn queued(&self) -> &QueuedMessage;
}

impl HasMessageId for QueuedMessage {
    fn queued(&self) -> &QueuedMessage {
        self
    }
}

impl HasMessageId for HeldMessage {
    fn queued(&self) -> &QueuedMessage {
        &self.queued
    }
}

/// Anchor of a selection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Anchor<T> {
    /// First item of the list at any time, until the user moves the selection.
    #[default]
    Untouched,
    /// This item.
    At(T),
    /// First item of the list. The next refresh replaces it by `At`.
    First,
    /// Last item of the list. The next refresh replaces it by `At`.
    Last,
}

impl<T: PartialEq> Anchor<T> {
    /// Returns the index of the selected item in a window.
    fn index_in<I>(&self, window: &[I], id: impl Fn(&I) -> &T) -> Option<usize> {
        match self {
            Self::At(selected) => window.iter().position(|item| id(item) == selected),
            Self::Untouched | Self::First => (!window.is_empty()).then_some(0),
            Self::Last => window.len().checked_sub(1),
        }
    }
}

impl PeerList {
    /// Returns the index of the selected peer in the window.
    pub fn index(&self) -> Option<usize> {
        self.selected.index_in(&self.window, |peer| &peer.address)
    }

    pub(crate) fn selected_peer(&self) -> Option<&Peer> {
        self.index().and_then(|index| self.window.get(index))
    }

    /// Pins the selection to the peer that is selected now.
    pub(crate) fn pin_selection(&mut self) {
        if let Some(peer) = self.selected_peer() {
            self.selected = Anchor::At(peer.address.clone());
        }
    }

    /// Returns the peers on a screen of `height` rows, and the index of the selected one.
    pub fn visible(&self, height: usize) -> (&[Peer], Option<usize>) {
        visible_rows(&self.window, self.index(), self.row, height)
    }

    /// Returns the peer to select if the selected one is forgotten: the next below that is known, else above.
    pub(crate) fn successor(&self, is_known: impl Fn(&Address) -> bool) -> Option<Address> {
        let (before, after) = self.window.split_at(self.index()?);
        let neighbours = after.iter().skip(1).chain(before.iter().rev());
        neighbours.map(|peer| &peer.address).find(|address| is_known(address)).cloned()
    }

    pub(crate) fn refresh(&mut self, window: Vec<Peer>, selected: Option<Address>, height: usize) {
        self.window = window;
        match self.selected {
            Anchor::Untouched => {}
            Anchor::At(_) => self.selected = selected.map_or(Anchor::Untouched, Anchor::At),
            Anchor::First | Anchor::Last => {
                self.row = if self.selected == Anchor::First { 0 } else { usize::MAX };
                self.pin_selection();
            }
        }
        self.row = row_on_screen(self.row, self.index(), self.window.len(), height);
    }
}

impl<T> Default for QueueList<T> {
    fn default() -> Self {
        Self {
            window: Vec::new(),
            first: 0,
            selected: Anchor::default(),
            list_index: 0,
            row: 0,
            lost: None,
            expected_removal: None,
        }
    }
}

impl<T: HasMessageId> QueueList<T> {
    /// Returns the index of the selected message in the window.
    pub fn index(&self) -> Option<usize> {
        self.selected.index_in(&self.window, |message| &message.queued().id)
    }

    /// Moves the selection by `by` messages. Stops at the ends of the window.
    pub fn move_by(&mut self, by: isize, height: usize) {
        let Some(index) = self.index() else { return };
        let target = index.saturating_add_signed(by).min(self.window.len() - 1);
        self.selected = Anchor::At(self.window[target].queued().id);
        self.list_index = self.first + target;
        self.row = row_after_move(self.row, index, target, height);
    }

    /// Records that the user caused the removal of this message, so that it causes no warning.
    pub(crate) fn expect_removal(&mut self, id: MessageId) {
        self.lost = self.lost.filter(|lost| *lost != id);
        if self.selected == Anchor::At(id) {
            self.expected_removal = Some(id);
        }
    }

    pub(crate) fn selected_message(&self) -> Option<&T> {
        self.index().and_then(|index| self.window.get(index))
    }

    /// Pins the selection to the message that is selected now.
    pub(crate) fn pin_selection(&mut self) {
        if let Some(message) = self.selected_message() {
            self.selected = Anchor::At(message.queued().id);
        }
    }

    /// Returns the messages on a screen of `height` rows, and the index of the selected one.
    pub fn visible(&self, height: usize) -> (&[T], Option<usize>) {
        visible_rows(&self.window, self.index(), self.row, height)
    }

    pub(crate) fn refresh(&mut self, window: Vec<T>, first: usize, height: usize) {
        (self.window, self.first) = (window, first);
        match &self.selected {
            Anchor::Untouched => {}
            Anchor::First | Anchor::Last => {
                self.row = if self.selected == Anchor::First { 0 } else { usize::MAX };
                self.pin_selection();
            }
            Anchor::At(_) if self.index().is_some() => {}
            // The message is gone: select the one in its place.
            Anchor::At(id) => {
                self.lost = Some(*id).filter(|id| self.expected_removal != Some(*id));
                let successor = self.window.get(self.list_index.saturating_sub(first)).or(self.window.last());
                self.selected =
                    successor.map_or(Anchor::Untouched, |message| Anchor::At(message.queued().id));
            }
        }
        self.list_index = self.index().map_or(0, |index| first + index);
        // Rows above the selection are only scrolled off if they do not fit.
        self.row = row_on_screen(self.row.min(self.list_index), self.index(), self.window.len(), height);
    }
}

/// Returns the rows of a window on a screen of `height` rows, if the selected item is on `row`.
fn visible_rows<T>(window: &[T], index: Option<usize>, row: usize, height: usize) -> (&[T], Option<usize>) {
    let Some(index) = index else { return (&[], None) };
    let top = index.saturating_sub(row);
    let bottom = window.len().min(top + height);
    (&window[top.min(bottom)..bottom], Some(index - top))
}

/// Returns the row of the selection after a move. The list scrolls only if the selection would leave the screen.
pub(crate) fn row_after_move(row: usize, from: usize, to: usize, height: usize) -> usize {
    let row = row.saturating_add_signed(to.cast_signed() - from.cast_signed());
    row.min(height.max(1) - 1)
}

/// Limits the row of the selected item: it is on the screen, no row above it is missing, and there are no empty rows
/// at the end while items are scrolled off at the top.
fn row_on_screen(row: usize, index: Option<usize>, len: usize, height: usize) -> usize {
    let Some(index) = index else { return 0 };
    let below = len - index;
    row.max(height.saturating_sub(below)).min(index).min(height.max(1) - 1)
}
