//! Marks: peers and messages that one command acts on together.

use std::collections::BTreeSet;

use clacks_p2p::{Address, core::MessageId};

use super::errors::CommandRefusal;

/// Maximum marked peers or messages. Each is looked up for every frame.
const MAX_MARKS: usize = 500;

/// Marked peers and messages. A mark follows its item, and is removed with it.
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
    /// Whether the last mark was removed because its item is gone. The user may not have noticed.
    emptied_by_removal: bool,
}

impl Marks {
    /// Returns the number of all marks.
    pub fn len(&self) -> usize {
        self.peers.len() + self.messages.len() + self.held.len()
    }

    /// Whether nothing is marked.
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

    /// Whether nothing is marked in this list.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether an item is marked.
    pub fn contains(&self, item: &T) -> bool {
        self.items.contains(item)
    }

    /// Returns the marked items in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }

    /// Marks an item, or removes its mark.
    pub(crate) fn toggle(&mut self, item: T) -> Result<(), CommandRefusal> {
        self.emptied_by_removal = false;
        if self.items.remove(&item) {
            return Ok(());
        }
        if self.items.len() >= MAX_MARKS {
            let text = format!("{MAX_MARKS} are marked, which is as many as can be");
            return Err(CommandRefusal::new(text));
        }
        self.items.insert(item);
        Ok(())
    }

    /// Removes the mark of an item.
    pub fn remove(&mut self, item: &T) {
        self.items.remove(item);
    }

    /// Removes the marks of items that no longer exist.
    pub(crate) fn remove_missing(&mut self, gone: &[T]) {
        let before = self.len();
        gone.iter().for_each(|item| self.remove(item));
        self.emptied_by_removal |= before > 0 && self.is_empty();
    }

    /// Returns whether all marks were removed with their items since the last call.
    pub(crate) fn take_emptied_by_removal(&mut self) -> bool {
        std::mem::take(&mut self.emptied_by_removal)
    }
}

impl<T> Default for Marked<T> {
    fn default() -> Self {
        Self { items: BTreeSet::new(), emptied_by_removal: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_bounded_and_toggled() {
        let mut marked = Marked::default();
        (0..MAX_MARKS).for_each(|number| marked.toggle(number).unwrap());
        assert!(marked.toggle(MAX_MARKS).is_err());
        assert_eq!(marked.len(), MAX_MARKS);
        marked.toggle(0).unwrap();
        assert_eq!(marked.len(), MAX_MARKS - 1);
        assert!(!marked.contains(&0));
    }

    #[test]
    fn losing_the_last_mark_is_reported_once() {
        let mut marked = Marked::default();
        [1, 2].into_iter().for_each(|number| marked.toggle(number).unwrap());
        marked.remove_missing(&[1]);
        assert!(!marked.take_emptied_by_removal(), "one is left");
        marked.remove_missing(&[2]);
        assert!(marked.take_emptied_by_removal() && !marked.take_emptied_by_removal());
        marked.toggle(3).unwrap();
        marked.remove(&3);
        assert!(!marked.take_emptied_by_removal(), "it was dealt with");
    }
}
