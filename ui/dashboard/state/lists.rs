//! Windows of long lists, and what is selected in them.

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
    pub place: usize,
    /// Row of the screen on which the selected message is shown.
    pub row: usize,
    /// Selected message that left the list by itself. Another one is in its place.
    pub lost: Option<MessageId>,
    /// The user dealt with this one, so it goes without a warning.
    dealt_with: Option<MessageId>,
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
    /// The first of the list; the next refresh makes it `At`.
    First,
    /// The last of the list; the next refresh makes it `At`.
    Last,
}

impl<T: PartialEq> Anchor<T> {
    /// Where what is selected stands in a window of the list.
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

    /// Holds on to the peer that is selected now, whichever row it goes to.
    pub(crate) fn settle(&mut self) {
        if let Some(peer) = self.selected_peer() {
            self.selected = Anchor::At(peer.address.clone());
        }
    }

    /// The peers on the screen, and which of them is selected.
    pub fn visible(&self, height: usize) -> (&[Peer], Option<usize>) {
        visible(&self.window, self.index(), self.row, height)
    }

    /// The neighbour of the selected peer that takes its place when it is gone: the one below it, or else above.
    pub(crate) fn heir(&self, is_known: impl Fn(&Address) -> bool) -> Option<Address> {
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
                self.settle();
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
            place: 0,
            row: 0,
            lost: None,
            dealt_with: None,
        }
    }
}

impl<T: HasMessageId> QueueList<T> {
    /// Returns the index of the selected message in the window.
    pub fn index(&self) -> Option<usize> {
        self.selected.index_in(&self.window, |message| &message.queued().id)
    }

    /// Moves the selection by `by` messages. Stops at the ends of the window.
    pub fn step(&mut self, by: isize, height: usize) {
        let Some(index) = self.index() else { return };
        let target = index.saturating_add_signed(by).min(self.window.len() - 1);
        self.selected = Anchor::At(self.window[target].queued().id);
        self.place = self.first + target;
        self.row = stepped_row(self.row, index, target, height);
    }

    /// The user dealt with this message: if it goes, or has gone already, that is no surprise.
    pub(crate) fn deal_with(&mut self, id: MessageId) {
        self.lost = self.lost.filter(|lost| *lost != id);
        if self.selected == Anchor::At(id) {
            self.dealt_with = Some(id);
        }
    }

    pub(crate) fn selected_message(&self) -> Option<&T> {
        self.index().and_then(|index| self.window.get(index))
    }

    /// Holds on to the message that is selected now, whichever place it goes to.
    pub(crate) fn settle(&mut self) {
        if let Some(message) = self.selected_message() {
            self.selected = Anchor::At(message.queued().id);
        }
    }

    /// Returns the messages on a screen of `height` rows, and the index of the selected one.
    pub fn visible(&self, height: usize) -> (&[T], Option<usize>) {
        visible(&self.window, self.index(), self.row, height)
    }

    pub(crate) fn refresh(&mut self, window: Vec<T>, first: usize, height: usize) {
        (self.window, self.first) = (window, first);
        match &self.selected {
            Anchor::Untouched => {}
            Anchor::First | Anchor::Last => {
                self.row = if self.selected == Anchor::First { 0 } else { usize::MAX };
                self.settle();
            }
            Anchor::At(_) if self.index().is_some() => {}
            // The message is gone: what stands where it stood is selected.
            Anchor::At(id) => {
                self.lost = Some(*id).filter(|id| self.dealt_with != Some(*id));
                let heir = self.window.get(self.place.saturating_sub(first)).or(self.window.last());
                self.selected = heir.map_or(Anchor::Untouched, |message| Anchor::At(message.queued().id));
            }
        }
        self.place = self.index().map_or(0, |index| first + index);
        // While the whole of what stands before it has room, it stands at its place.
        self.row = row_on_screen(self.row.min(self.place), self.index(), self.window.len(), height);
    }
}

/// The rows of a window that are on the screen when the selected one stands on `row`.
fn visible<T>(window: &[T], index: Option<usize>, row: usize, height: usize) -> (&[T], Option<usize>) {
    let Some(index) = index else { return (&[], None) };
    let top = index.saturating_sub(row);
    let bottom = window.len().min(top + height);
    (&window[top.min(bottom)..bottom], Some(index - top))
}

/// The row of the screen after a step: the list stays where it is as long as the selection is on the screen.
pub(crate) fn stepped_row(row: usize, from: usize, to: usize, height: usize) -> usize {
    let row = row.saturating_add_signed(to.cast_signed() - from.cast_signed());
    row.min(height.max(1) - 1)
}

/// The row on which the selected item can stand: on the screen, with nothing missing above it, and no empty rows
/// below the end while there are items above.
fn row_on_screen(row: usize, index: Option<usize>, len: usize, height: usize) -> usize {
    let Some(index) = index else { return 0 };
    let below = len - index;
    row.max(height.saturating_sub(below)).min(index).min(height.max(1) - 1)
}
