use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use crate::{
    Key, Row, Text, Value,
    description::{Description, ListId},
};

/// Maximum rows that are remembered.
const ROWS: usize = 16_384;
/// A shorter text is written as quickly as the word that stands for it.
const SHORT: usize = 8;
/// From this length on, in bytes, a text is compared with the last one by its address before it is hashed. The rows that
/// an event touches share the text of its message, and so does a row that changes in another cell.
const LONG: usize = 256;

/// The long texts of the rows that were written last, as hashes of random seed: a text that is written again need not be
/// written out.
#[derive(Debug, Default)]
pub(super) struct WrittenTexts {
    seed: RandomState,
    rows: HashMap<(ListId, Key), Box<[u64]>>,
    /// The last text from [`LONG`] on, with its whole length and its hash. It is kept so that no other text has its address.
    last: Option<(Text, u32, u64)>,
    /// Number of long texts that were hashed.
    #[cfg(test)]
    hashed: usize,
}

impl WrittenTexts {
    /// The row is written now, or it is gone. Returns the cells whose text is as it was: bit n stands for cell n.
    pub(super) fn write(
        &mut self,
        description: &Description,
        list: ListId,
        key: &Key,
        row: Option<&Row>,
    ) -> u32 {
        let Some(row) = row else {
            self.remove(description, list, key);
            return 0;
        };
        let columns = description.list(list).map_or(&[][..], |list| &list.columns);
        let texts = columns.iter().zip(&row.cells).map(|(column, cell)| match cell {
            Value::Text(text, length) if column.kind.is_text() && text.len() > SHORT => {
                self.hash(text, *length)
            }
            // It stands for a cell without a long text.
            _ => 0,
        });
        let texts: Box<[u64]> = texts.collect();
        if self.rows.len() >= ROWS {
            self.rows.clear();
        }
        let is_kept = |(now, before): (&u64, &u64)| *now != 0 && now == before;
        let before = self.rows.get(&(list, row.key.clone()));
        let kept = before.map_or(0, |before| {
            let kept = texts.iter().zip(before).map(is_kept).take(32).enumerate();
            kept.fold(0, |bits, (index, is_kept)| bits | u32::from(is_kept) << index)
        });
        self.rows.insert((list, row.key.clone()), texts);
        kept
    }

    /// The hash of a text, which is not 0.
    fn hash(&mut self, text: &Text, length: u32) -> u64 {
        let last = self.last.as_ref().filter(|(last, of, _)| last.is_shared_with(text) && *of == length);
        if let Some((.., hash)) = last {
            return *hash;
        }
        let hash = self.seed.hash_one((text, length)).max(1);
        if text.len() >= LONG {
            #[cfg(test)]
            {
                self.hashed += 1;
            }
            self.last = Some((text.clone(), length, hash));
        }
        hash
    }

    /// The row and the rows under it are gone.
    fn remove(&mut self, description: &Description, list: ListId, key: &Key) {
        self.rows.remove(&(list, key.clone()));
        if description.lists_under(list).next().is_some() {
            self.rows.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;
    use crate::near::memory::{ITEMS, Memory, ROOMS, TOYS, item, under};

    #[test]
    fn a_text_is_kept_from_the_second_time_on_until_its_row_or_the_row_above_has_gone() {
        let description = Memory::new(1).description().clone();
        let mut written = WrittenTexts::default();
        let long = item("a", 1, Some("a text that is long"), Some(1));
        let mut write = |row: &Row| written.write(&description, ITEMS, &row.key, Some(row));
        assert_eq!([write(&long), write(&long)], [0, 1]);
        assert_eq!(write(&item("b", 1, Some("a text that is long"), None)), 0, "it is another row");
        assert_eq!(write(&item("a", 1, Some("another text here"), Some(1))), 0);
        assert_eq!(write(&item("a", 2, Some("another text here"), Some(9))), 1);
        assert_eq!(write(&item("a", 2, Some("short"), Some(9))), 0);
        assert_eq!(write(&item("a", 2, Some("short"), Some(9))), 0, "it is not worth it");
        write(&long);
        written.write(&description, ITEMS, &"a".into(), None);
        assert_eq!(written.write(&description, ITEMS, &long.key, Some(&long)), 0);
        written.write(&description, TOYS, &"toy".into(), Some(&under("room", "toy", 1)));
        assert!(written.rows.len() > 1);
        written.write(&description, ROOMS, &"room".into(), None);
        assert!(written.rows.is_empty(), "rows under it are gone");
    }

    #[test]
    fn a_long_text_that_rows_share_is_hashed_once() {
        let description = Memory::new(1).description().clone();
        let mut written = WrittenTexts::default();
        let text = Text::from("long ".repeat(LONG));
        let row = |key: &str, text: &Text| {
            let row = item(key, 1, Some(""), Some(1));
            let cells = row.cells.iter().map(|cell| match cell {
                Value::Text(..) => Value::text(text.clone()),
                other => other.clone(),
            });
            Row { cells: cells.collect(), ..row }
        };
        let mut write = |key: &str, text: &Text| {
            let row = row(key, text);
            (written.write(&description, ITEMS, &row.key, Some(&row)), written.hashed)
        };
        assert_eq!([write("a", &text), write("b", &text), write("a", &text)], [(0, 1), (0, 1), (1, 1)]);
        let copied = Text::new(text.untrusted());
        assert_eq!(write("a", &copied), (1, 2), "the same characters elsewhere");
        assert_eq!(write("a", &Text::from("other ".repeat(LONG))), (0, 3));
        assert_eq!(write("a", &"a shorter text".into()), (0, 3));
    }
}
