//! Values of cells, gauges, settings and event fields, and the rows of a list.

use std::{cmp::Ordering, time::Duration};

use crate::{
    Text,
    description::{Kind, StatusId},
};

/// A value. Which variants a field can hold depends on its [`Kind`]; [`Value::None`] fits every kind and means that the
/// value does not exist or is unknown.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// No value.
    #[default]
    None,
    /// Yes or no.
    Flag(bool),
    /// A number of things or bytes.
    Count(u64),
    /// A rate per second, or a ratio from 0 to 1.
    Number(f64),
    /// A duration.
    Took(Duration),
    /// A moment: milliseconds of the node's uptime, negative before the node started. It never changes with the wall
    /// clock or by itself, so a row with an age needs no update.
    At(i64),
    /// The statuses that apply.
    Status(Statuses),
    /// The start of a text, and the length of the whole text in bytes. The start is the whole text if it is as long.
    Text(Text, u32),
    /// The key of an item in another list.
    Ref(Key),
}

/// Identifies an item of a list. The same key means the same thing to a person: an address, a number, an identifier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub Text);

/// Position of a row in its list. Rows are sorted by it, then by key. Only comparison has a meaning. For example: the
/// number of a queued message; the status of a peer, then its address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Order {
    /// Compared first.
    pub rank: u64,
    /// Compared between rows of one rank.
    pub text: Option<Text>,
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Identifies the item in its list.
    pub key: Key,
    /// Its position.
    pub order: Order,
    /// One value for each column of the list.
    pub cells: Box<[Value]>,
}

/// A set of statuses. The main one has the lowest [`StatusId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Statuses(pub u64);

/// The time of an event or an answer, on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Now {
    /// Time since the node started, on a monotonic clock.
    pub uptime: Duration,
    /// Milliseconds since the Unix epoch. This clock may jump.
    pub unix_ms: u64,
}

impl Value {
    /// A whole text. A length beyond `u32` is reported as `u32::MAX`.
    pub fn text(text: Text) -> Self {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self::Text(text, length)
    }

    /// A moment of the node's uptime.
    pub fn at(uptime: Duration) -> Self {
        Self::At(i64::try_from(uptime.as_millis()).unwrap_or(i64::MAX))
    }

    /// Whether a field of this kind can hold the value. Values of an unknown kind are texts: their JSON.
    pub fn fits(&self, kind: &Kind) -> bool {
        match self {
            Self::None => true,
            Self::Flag(_) => matches!(kind, Kind::Flag),
            Self::Count(_) => matches!(kind, Kind::Count | Kind::Bytes),
            Self::Number(number) => {
                number.is_finite() && matches!(kind, Kind::Rate | Kind::BytesRate | Kind::Ratio)
            }
            Self::Took(_) => matches!(kind, Kind::Took),
            Self::At(_) => matches!(kind, Kind::At),
            Self::Status(_) => matches!(kind, Kind::Status),
            Self::Text(start, length) => {
                start.len() as u64 <= u64::from(*length) && (kind.is_text() || *kind == Kind::Unknown)
            }
            Self::Ref(_) => matches!(kind, Kind::Ref(_)),
        }
    }

    /// Compares values of one field, for sorting. Numbers, durations and moments are ordered by size, texts and keys by
    /// their bytes, `false` before `true`, and statuses by the main one, then by the others. No value, and no status, is
    /// after everything. The order is total, also between values of different kinds.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Flag(a), Self::Flag(b)) => a.cmp(b),
            (Self::Count(a), Self::Count(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Took(a), Self::Took(b)) => a.cmp(b),
            (Self::At(a), Self::At(b)) => a.cmp(b),
            (Self::Status(a), Self::Status(b)) => a.compare(*b),
            (Self::Text(a, bytes_a), Self::Text(b, bytes_b)) => a.cmp(b).then_with(|| bytes_a.cmp(bytes_b)),
            (Self::Ref(a), Self::Ref(b)) => a.cmp(b),
            _ => self.sort_class().cmp(&other.sort_class()),
        }
    }

    /// Position among the kinds of values, for comparing values of different kinds.
    fn sort_class(&self) -> u8 {
        match self {
            Self::Flag(_) => 0,
            Self::Count(_) => 1,
            Self::Number(_) => 2,
            Self::Took(_) => 3,
            Self::At(_) => 4,
            Self::Status(_) => 5,
            Self::Text(..) => 6,
            Self::Ref(_) => 7,
            Self::None => u8::MAX,
        }
    }

    /// The value with at most `bytes` bytes of its text.
    pub fn cut(&self, bytes: usize) -> Self {
        match self {
            Self::Text(text, length) => Self::Text(text.start(bytes), *length),
            value => value.clone(),
        }
    }
}

impl Key {
    /// Copies a text.
    pub fn new(text: &str) -> Self {
        Self(Text::new(text))
    }

    /// The characters. Before they are shown, they must be sanitized.
    pub fn untrusted(&self) -> &str {
        self.0.untrusted()
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Order {
    /// A position that only the number determines.
    pub fn rank(rank: u64) -> Self {
        Self { rank, text: None }
    }
}

impl Row {
    /// Its position among the rows of its list.
    pub fn place(&self) -> (&Order, &Key) {
        (&self.order, &self.key)
    }

    /// The row with at most `bytes` bytes of each text.
    pub fn cut(&self, bytes: usize) -> Self {
        let cells = self.cells.iter().map(|cell| cell.cut(bytes)).collect();
        Self { key: self.key.clone(), order: self.order.clone(), cells }
    }
}

impl Statuses {
    /// No status.
    pub const NONE: Self = Self(0);

    /// Only this status.
    pub fn only(status: StatusId) -> Self {
        Self::NONE.with(status)
    }

    /// These statuses and one more.
    pub fn with(self, status: StatusId) -> Self {
        Self(self.0 | 1 << (status.0 & 63))
    }

    /// Whether this status applies.
    pub fn contains(self, status: StatusId) -> bool {
        status.0 < 64 && self.0 & (1 << status.0) != 0
    }

    /// The main status: the one with the lowest id. `None` if none applies.
    pub fn main(self) -> Option<StatusId> {
        (self.0 != 0).then(|| StatusId(self.0.trailing_zeros() as u8))
    }

    /// Compares sets by their main statuses, then by the next ones. No status is last.
    fn compare(self, other: Self) -> Ordering {
        // With the bits reversed the main status is the highest bit, so the greater number comes first.
        other.0.reverse_bits().cmp(&self.0.reverse_bits())
    }

    /// All that apply, the main one first.
    pub fn iter(self) -> impl Iterator<Item = StatusId> {
        (0..64).map(StatusId).filter(move |status| self.contains(*status))
    }
}

impl FromIterator<StatusId> for Statuses {
    fn from_iter<I: IntoIterator<Item = StatusId>>(statuses: I) -> Self {
        statuses.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_takes_three_words() {
        assert_eq!(size_of::<Value>(), 24);
        assert_eq!(size_of::<Row>(), 56);
    }

    #[test]
    fn the_main_status_is_the_lowest() {
        let statuses: Statuses = [StatusId(63), StatusId(5)].into_iter().collect();
        assert_eq!(statuses.main(), Some(StatusId(5)));
        assert_eq!(statuses.iter().collect::<Vec<_>>(), [StatusId(5), StatusId(63)]);
        assert_eq!(Statuses::NONE.main(), None);
    }

    #[test]
    fn values_are_ordered_by_size_and_no_value_is_last() {
        let statuses = |ids: &[u8]| Value::Status(ids.iter().copied().map(StatusId).collect());
        let ascending: [&[Value]; 8] = [
            &[Value::Flag(false), Value::Flag(true)],
            &[Value::Count(9), Value::Count(10), Value::Count(u64::MAX)],
            &[Value::Number(-1.0), Value::Number(0.5), Value::Number(10.0)],
            &[Value::Took(Duration::from_nanos(1)), Value::Took(Duration::from_secs(9))],
            &[Value::At(-2), Value::At(-1), Value::At(3)],
            &[
                statuses(&[0, 1]),
                statuses(&[0, 2]),
                statuses(&[0]),
                statuses(&[1]),
                statuses(&[63]),
                statuses(&[]),
            ],
            &[
                Value::text("".into()),
                Value::text("B".into()),
                Value::text("a".into()),
                Value::text("aa".into()),
            ],
            &[Value::Ref("a".into()), Value::Ref("b".into())],
        ];
        for values in ascending {
            let values: Vec<_> = values.iter().cloned().chain([Value::None]).collect();
            for (i, a) in values.iter().enumerate() {
                for (j, b) in values.iter().enumerate() {
                    assert_eq!(a.compare(b), i.cmp(&j), "{a:?} {b:?}");
                }
            }
        }
    }
}
