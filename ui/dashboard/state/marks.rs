//! Marks: peers and messages that one command acts on together.

use std::collections::BTreeSet;

use clacks_p2p::{Address, core::MessageId};

/// Most peers or messages that can be marked: each is looked for whenever the screen is drawn.
const MAX_MARKS: usize = 500;

/// Marked peers and messages. A mark goes with what it is on wherever that moves, and away with it.
#[derive(Debug, Default)]
pub struct Marks {
    /// Marked peers.
    pub peers: Marked<Address>,
    /// Marked messages of the queue.
    pub messages: Marked<MessageId>,
    /// Marked held messages.
    pub held: Marked<MessageId>,
}

/// Marked items of one list. At most 500.
#[derive(Debug)]
pub struct Marked<T> {
    items: BTreeSet<T>,
    /// The last of them has gone by itself, which the user may not have seen.
    has_run_out: bool,
}

impl Marks {
    /// Returns the number of all marks.
    pub fn len(&self) -> usize {
        self.peers.len() + self.messages.len() + self.held.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all marks.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl<T: Ord> Marked<T> {
    /// Returns the number of marks in this list.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether an item is marked.
    pub fn contains(&self, item: &T) -> bool {
        self.items.contains(item)
    }

    /// Returns the marked items in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }

    /// Marks what is not marked, and takes the mark from what is.
    pub(crate) fn toggle(&mut self, item: T) -> Result<(), String> {
        self.has_run_out = false;
        if self.items.remove(&item) {
            return Ok(());
        }
        if self.items.len() >= MAX_MARKS {
            return Err(format!("{MAX_MARKS} are marked, which is as many as can be"));
        }
        self.items.insert(item);
        Ok(())
    }

    /// Removes the mark of an item.
    pub fn remove(&mut self, item: &T) {
        self.items.remove(item);
    }

    /// Takes the marks from what is not there any more.
    pub(crate) fn lose(&mut self, gone: &[T]) {
        let before = self.len();
        gone.iter().for_each(|item| self.remove(item));
        self.has_run_out |= before > 0 && self.is_empty();
    }

    /// Whether the last that was marked has gone since it was asked before.
    pub(crate) fn take_has_run_out(&mut self) -> bool {
        std::mem::take(&mut self.has_run_out)
    }
}

impl<T> Default for Marked<T> {
    fn default() -> Self {
        Self { items: BTreeSet::new(), has_run_out: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_bounded_and_the_same_key_takes_one_away() {
        let mut marked = Marked::default();
        (0..MAX_MARKS).for_each(|number| marked.toggle(number).unwrap());
        assert!(marked.toggle(MAX_MARKS).is_err());
        assert_eq!(marked.len(), MAX_MARKS);
        marked.toggle(0).unwrap();
        assert_eq!(marked.len(), MAX_MARKS - 1);
        assert!(!marked.contains(&0));
    }

    #[test]
    fn the_last_mark_that_goes_by_itself_is_told_once() {
        let mut marked = Marked::default();
        [1, 2].into_iter().for_each(|number| marked.toggle(number).unwrap());
        marked.lose(&[1]);
        assert!(!marked.take_has_run_out(), "one is left");
        marked.lose(&[2]);
        assert!(marked.take_has_run_out() && !marked.take_has_run_out());
        marked.toggle(3).unwrap();
        marked.remove(&3);
        assert!(!marked.take_has_run_out(), "it was dealt with");
    }
}
