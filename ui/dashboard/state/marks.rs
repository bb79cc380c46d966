//! Marks: items of a list that one command acts on together.

use std::collections::BTreeSet;

use super::errors::CommandRefusal;

/// Maximum marked items of a list. Each is looked up for every frame.
const MAX_MARKS: usize = 500;

/// Marked items of one list. At most 500. A mark follows its item, and is removed with it.
#[derive(Debug)]
pub struct Marked<T> {
    items: BTreeSet<T>,
    /// Whether the last mark was removed because its item is gone. The user may not have noticed.
    emptied_by_removal: bool,
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

    /// Removes all marks.
    pub fn clear(&mut self) {
        *self = Self::default();
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

    /// Removes the mark of an item that no longer exists.
    pub(crate) fn remove_missing(&mut self, gone: &T) {
        self.emptied_by_removal |= self.items.remove(gone) && self.is_empty();
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
        marked.remove_missing(&1);
        assert!(!marked.take_emptied_by_removal(), "one is left");
        marked.remove_missing(&2);
        assert!(marked.take_emptied_by_removal() && !marked.take_emptied_by_removal());
        marked.toggle(3).unwrap();
        marked.remove(&3);
        assert!(!marked.take_emptied_by_removal(), "it was dealt with");
    }
}
