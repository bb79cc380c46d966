//! The cells of a row in few bytes. A mirror has many rows, of which few are looked at.

use std::time::Duration;

use crate::{Key, Statuses, Text, Value};

/// Longer texts are shared, not copied.
const INLINE: usize = 64;
/// Maximum different texts of a column of which one copy is kept.
const COMMON: usize = 16;

/// The cells of a row.
#[derive(Debug)]
pub(super) struct PackedRow {
    bytes: Box<[u8]>,
    /// The long texts. Most rows have none, so it is one word.
    #[expect(clippy::box_collection, reason = "a vector of none would be three words")]
    long: Option<Box<Vec<Text>>>,
}

/// The texts that occur in a column again and again. A column with other texts has none.
#[derive(Debug, Default)]
pub(super) struct CommonTexts {
    texts: Vec<Text>,
    is_varied: bool,
}

/// What the byte before a cell says.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Tag {
    None,
    False,
    True,
    Count,
    Number,
    Took,
    At,
    Status,
    /// A whole text.
    Text,
    /// The start of a text, and its length.
    Cut,
    /// The key of the row, as a whole text.
    SameAsKey,
    /// A whole text that is common in its column.
    Common,
    /// A long text.
    Long,
    Ref,
    LongRef,
}

const TAGS: [Tag; 15] = [
    Tag::None,
    Tag::False,
    Tag::True,
    Tag::Count,
    Tag::Number,
    Tag::Took,
    Tag::At,
    Tag::Status,
    Tag::Text,
    Tag::Cut,
    Tag::SameAsKey,
    Tag::Common,
    Tag::Long,
    Tag::Ref,
    Tag::LongRef,
];

impl PackedRow {
    /// Packs the cells of the row with this key. `common` has an entry for each column.
    pub(super) fn new(key: &Key, cells: &[Value], common: &mut [CommonTexts]) -> Self {
        let mut packer = Packer { bytes: Vec::with_capacity(128), long: Vec::new() };
        for (index, cell) in cells.iter().enumerate() {
            packer.push(key, cell, common.get_mut(index));
        }
        let Packer { bytes, long } = packer;
        Self { bytes: bytes.into(), long: (!long.is_empty()).then(|| Box::new(long)) }
    }

    /// The cells.
    pub(super) fn unpack(&self, key: &Key, common: &[CommonTexts]) -> Box<[Value]> {
        let mut unpacker = Unpacker { row: self, bytes: &self.bytes };
        let mut cells = Vec::with_capacity(common.len());
        while let Some(cell) = unpacker.next(key, common.get(cells.len())) {
            cells.push(cell);
        }
        cells.into()
    }

    /// The statuses in the cell with this index. `None` if there is something else.
    pub(super) fn statuses(&self, index: usize) -> Option<Statuses> {
        let mut unpacker = Unpacker { row: self, bytes: &self.bytes };
        (0..index).try_for_each(|_| unpacker.skip())?;
        (unpacker.tag()? == Tag::Status).then(|| unpacker.number().map(Statuses))?
    }

    /// The first cell, if it is the key of another item.
    pub(super) fn first_ref(&self) -> Option<Key> {
        let mut unpacker = Unpacker { row: self, bytes: &self.bytes };
        match unpacker.next(&Key::new(""), None)? {
            Value::Ref(key) => Some(key),
            _ => None,
        }
    }
}

impl CommonTexts {
    /// The index of a text that is common, or may become it.
    fn index_of(&mut self, text: &Text) -> Option<usize> {
        if let Some(index) = self.texts.iter().position(|common| common == text) {
            return Some(index);
        }
        if self.texts.len() == COMMON {
            self.is_varied = true;
        }
        if self.is_varied || text.len() > INLINE {
            return None;
        }
        self.texts.push(text.clone());
        Some(self.texts.len() - 1)
    }
}

struct Packer {
    bytes: Vec<u8>,
    long: Vec<Text>,
}

impl Packer {
    fn push(&mut self, key: &Key, cell: &Value, common: Option<&mut CommonTexts>) {
        match cell {
            Value::None => self.tag(Tag::None),
            Value::Flag(false) => self.tag(Tag::False),
            Value::Flag(true) => self.tag(Tag::True),
            Value::Count(count) => self.tagged(Tag::Count, *count),
            Value::Number(number) => {
                self.tag(Tag::Number);
                self.bytes.extend(number.to_bits().to_le_bytes());
            }
            Value::Took(time) => {
                self.tagged(Tag::Took, time.as_secs());
                self.number(time.subsec_nanos().into());
            }
            // Small numbers of both signs are short.
            Value::At(millis) => self.tagged(Tag::At, ((millis << 1) ^ (millis >> 63)).cast_unsigned()),
            Value::Status(statuses) => self.tagged(Tag::Status, statuses.0),
            Value::Text(text, length) => self.text(key, text, *length, common),
            Value::Ref(of) if of.0.len() > INLINE => self.long(Tag::LongRef, &of.0),
            Value::Ref(of) => self.inline(Tag::Ref, &of.0),
        }
    }

    fn text(&mut self, key: &Key, text: &Text, length: u32, common: Option<&mut CommonTexts>) {
        let is_whole = u32::try_from(text.len()) == Ok(length);
        let common = common.filter(|_| is_whole && *text != key.0);
        if let Some(index) = common.and_then(|common| common.index_of(text)) {
            self.tagged(Tag::Common, index as u64);
        } else if text.len() > INLINE {
            self.long(Tag::Long, text);
            self.number(length.into());
        } else if !is_whole {
            self.inline(Tag::Cut, text);
            self.number(length.into());
        } else if *text == key.0 {
            self.tag(Tag::SameAsKey);
        } else {
            self.inline(Tag::Text, text);
        }
    }

    fn long(&mut self, tag: Tag, text: &Text) {
        self.tagged(tag, self.long.len() as u64);
        self.long.push(text.clone());
    }

    fn inline(&mut self, tag: Tag, text: &Text) {
        self.tagged(tag, text.len() as u64);
        self.bytes.extend_from_slice(text.untrusted().as_bytes());
    }

    fn tagged(&mut self, tag: Tag, number: u64) {
        self.tag(tag);
        self.number(number);
    }

    fn tag(&mut self, tag: Tag) {
        self.bytes.push(tag as u8);
    }

    /// Seven bits in a byte, the lowest first.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}

struct Unpacker<'a> {
    row: &'a PackedRow,
    bytes: &'a [u8],
}

impl Unpacker<'_> {
    /// The next cell. `None` behind the last one.
    fn next(&mut self, key: &Key, common: Option<&CommonTexts>) -> Option<Value> {
        Some(match self.tag()? {
            Tag::None => Value::None,
            Tag::False => Value::Flag(false),
            Tag::True => Value::Flag(true),
            Tag::Count => Value::Count(self.number()?),
            Tag::Number => Value::Number(f64::from_bits(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))),
            Tag::Took => Value::Took(Duration::new(self.number()?, self.number()? as u32)),
            Tag::At => {
                let number = self.number()?;
                Value::At((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
            }
            Tag::Status => Value::Status(Statuses(self.number()?)),
            Tag::Text => Value::text(self.inline()?),
            Tag::Cut => Value::Text(self.inline()?, self.number()? as u32),
            Tag::SameAsKey => Value::text(key.0.clone()),
            Tag::Common => {
                let index = self.number()?;
                Value::text(common?.texts.get(index as usize)?.clone())
            }
            Tag::Long => Value::Text(self.long()?, self.number()? as u32),
            Tag::Ref => Value::Ref(Key(self.inline()?)),
            Tag::LongRef => Value::Ref(Key(self.long()?)),
        })
    }

    /// Passes over a cell.
    fn skip(&mut self) -> Option<()> {
        match self.tag()? {
            Tag::None | Tag::False | Tag::True | Tag::SameAsKey => {}
            Tag::Count | Tag::At | Tag::Status | Tag::Common | Tag::LongRef => _ = self.number()?,
            Tag::Took | Tag::Long => _ = (self.number()?, self.number()?),
            Tag::Number => _ = self.bytes(8)?,
            Tag::Text | Tag::Ref => {
                let length = self.number()?;
                self.bytes(length)?;
            }
            Tag::Cut => {
                let length = self.number()?;
                self.bytes(length)?;
                self.number()?;
            }
        }
        Some(())
    }

    fn tag(&mut self) -> Option<Tag> {
        let (tag, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        TAGS.get(usize::from(*tag)).copied()
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, count: u64) -> Option<&[u8]> {
        let (bytes, rest) = self.bytes.split_at_checked(usize::try_from(count).ok()?)?;
        self.bytes = rest;
        Some(bytes)
    }

    fn inline(&mut self) -> Option<Text> {
        let length = self.number()?;
        std::str::from_utf8(self.bytes(length)?).ok().map(Text::new)
    }

    fn long(&mut self) -> Option<Text> {
        let index = self.number()?;
        self.row.long.as_ref()?.get(index as usize).cloned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn text() -> impl Strategy<Value = Text> {
        prop_oneof![".{0,12}", ".{60,70}", Just("the key".to_owned()), "[ab]"].prop_map(Text::from)
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::None),
            any::<bool>().prop_map(Value::Flag),
            any::<u64>().prop_map(Value::Count),
            any::<f64>().prop_filter("no number", |number| !number.is_nan()).prop_map(Value::Number),
            (any::<u64>(), 0_u32..1_000_000_000)
                .prop_map(|(secs, nanos)| Value::Took(Duration::new(secs, nanos))),
            any::<i64>().prop_map(Value::At),
            any::<u64>().prop_map(|statuses| Value::Status(Statuses(statuses))),
            text().prop_map(Value::text),
            (text(), any::<u32>()).prop_map(|(text, more)| {
                let length = (text.len() as u32).saturating_add(more);
                Value::Text(text, length)
            }),
            text().prop_map(|text| Value::Ref(Key(text))),
        ]
    }

    proptest! {
        #[test]
        fn cells_are_unpacked_as_they_were(rows in vec(vec(value(), 6), 1..40)) {
            let key = Key::new("the key");
            let mut common: Vec<CommonTexts> = (0..6).map(|_| CommonTexts::default()).collect();
            let packed: Vec<_> = rows.iter().map(|cells| PackedRow::new(&key, cells, &mut common)).collect();
            for (cells, packed) in rows.iter().zip(&packed) {
                prop_assert_eq!(&*packed.unpack(&key, &common), &cells[..]);
                for (index, cell) in cells.iter().enumerate() {
                    let statuses = if let Value::Status(statuses) = cell { Some(*statuses) } else { None };
                    prop_assert_eq!(packed.statuses(index), statuses);
                }
                let first = if let Value::Ref(key) = &cells[0] { Some(key.clone()) } else { None };
                prop_assert_eq!(packed.first_ref(), first);
            }
        }
    }

    #[test]
    fn a_long_text_is_shared_and_a_common_one_is_kept_once() {
        let key = Key::new("k");
        let mut common = [CommonTexts::default(), CommonTexts::default()];
        let long = Text::from("x".repeat(1000));
        let cells = [Value::text(long.clone()), Value::text("alive".into())];
        let rows: Vec<_> = (0..100).map(|_| PackedRow::new(&key, &cells, &mut common)).collect();
        assert!(rows.iter().all(|row| row.bytes.len() <= 6), "{}", rows[0].bytes.len());
        let Value::Text(read, 1000) = &rows[9].unpack(&key, &common)[0] else { panic!("no text") };
        assert_eq!(read.untrusted().as_ptr(), long.untrusted().as_ptr());
        // A column with many texts keeps no more.
        for number in 0..100 {
            PackedRow::new(&key, &[Value::text(number.to_string().into())], &mut common);
        }
        assert_eq!(common[0].texts.len(), COMMON);
    }
}
