//! Detects filters that nothing can match. Such a filter is a mistake and is rejected before use.

use std::{fmt, ops::Range};

use super::{
    Comparison, Expression, Filter, Test,
    error::{FilterError, Reason},
    subject::Type::{self, Announce, Dropped, Failed, In, Message, Note, Out, Own, Refused},
};

/// Kind of items that a filter is applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// The rows of the traffic.
    Traffic,
    /// Queued and held messages.
    Queue,
}

/// Properties that one kind of row or message can have. At least one such row or message can exist.
#[derive(Debug, Clone, Copy)]
pub struct RowKind {
    /// All types of the row.
    pub types: &'static [Type],
    /// Role of the row's peer.
    pub peer: RowRole,
    /// Some rows have a remote address.
    pub has_remote: bool,
    /// Some rows have the status of a peer.
    pub has_status: bool,
    /// Whether the row has a message.
    pub has_message: Has,
}

/// Role of the peer of a row or message. The peer itself can be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowRole {
    /// There is no peer.
    Nobody,
    /// The peer sent the message.
    Sender,
    /// The peer receives the message.
    Receiver,
    /// The row is about the peer.
    Subject,
}

/// Frequency of a property among the rows of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// No row has it.
    Never,
    /// Some rows have it.
    Maybe,
    /// Every row has it.
    Always,
}

/// Maximum size of a message in bytes: no request body exceeds 1 GiB.
const LARGEST_MESSAGE: u64 = 1 << 30;
/// Minimum size of a message in bytes, such as `1`.
const SMALLEST_MESSAGE: u64 = 1;
/// Maximum number of alternatives that are checked. A filter with more is accepted.
const MOST_ALTERNATIVES: usize = 512;

const NOTHING: RowKind = RowKind {
    types: &[],
    peer: RowRole::Nobody,
    has_remote: false,
    has_status: false,
    has_message: Has::Never,
};

/// A row about a peer.
const OF_PEER: RowKind = RowKind { peer: RowRole::Subject, has_status: true, ..NOTHING };
const IN: RowKind = RowKind { peer: RowRole::Sender, has_remote: true, ..OF_PEER };
const OUT: RowKind = RowKind { peer: RowRole::Receiver, ..OF_PEER };

/// All kinds of rows in the traffic.
pub const ROWS: &[RowKind] = &[
    RowKind { types: &[In, Message], has_message: Has::Always, ..IN },
    RowKind { types: &[In, Refused], has_status: false, has_message: Has::Maybe, ..IN },
    RowKind { types: &[In, Announce], ..IN },
    RowKind { types: &[Out, Message], has_message: Has::Always, ..OUT },
    RowKind { types: &[Out, Message, Failed], has_message: Has::Always, ..OUT },
    RowKind { types: &[Out, Message, Failed, Refused], has_message: Has::Always, ..OUT },
    RowKind { types: &[Out, Announce], has_status: false, ..OUT },
    RowKind { types: &[Out, Announce, Failed], has_status: false, ..OUT },
    RowKind { types: &[Out, Announce, Failed, Refused], has_status: false, ..OUT },
    RowKind { types: &[Own, Message], has_remote: true, has_message: Has::Always, ..NOTHING },
    RowKind { types: &[Own, Message, Dropped], has_message: Has::Always, ..NOTHING },
    RowKind {
        types: &[Note, Message],
        peer: RowRole::Subject,
        has_remote: true,
        has_message: Has::Always,
        ..NOTHING
    },
    RowKind { types: &[Note, Message, Dropped], peer: RowRole::Subject, has_message: Has::Always, ..NOTHING },
    RowKind { types: &[Note], has_remote: true, ..OF_PEER },
];

/// Queued and held messages.
const QUEUED: &[RowKind] = &[
    RowKind {
        types: &[In, Message],
        peer: RowRole::Sender,
        has_remote: true,
        has_message: Has::Always,
        ..NOTHING
    },
    RowKind { types: &[Own, Message], has_remote: true, has_message: Has::Always, ..NOTHING },
];

/// The noun for error messages.
impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Traffic => "row of the traffic",
            Self::Queue => "waiting message",
        })
    }
}

impl Domain {
    /// A hint that lists the usable fields, for errors.
    pub(crate) fn what_it_has(self) -> &'static str {
        match self {
            Self::Traffic => "it is never true",
            Self::Queue => "a message has text, from:, peer:, ip:, size and type:in or type:own",
        }
    }

    fn kinds(self) -> &'static [RowKind] {
        match self {
            Self::Traffic => ROWS,
            Self::Queue => QUEUED,
        }
    }

    /// Whether any item of this domain has the status of a peer.
    pub fn has_status(self) -> bool {
        self.kinds().iter().any(|kind| kind.has_status)
    }

    /// Whether an item of this domain can have this type.
    pub(crate) fn has_type(self, wanted: Type) -> bool {
        self.kinds().iter().any(|kind| kind.types.contains(&wanted))
    }

    /// Whether the field of this name can match in this domain.
    pub(crate) fn has_field(self, name: &str) -> bool {
        match name {
            "to" => self.kinds().iter().any(|kind| kind.peer == RowRole::Receiver),
            "status" => self.has_status(),
            _ => true,
        }
    }
}

impl Filter {
    /// Parses a filter and rejects it if no item of the domain can match.
    pub fn parse_for(text: &str, domain: Domain) -> Result<Self, FilterError> {
        let filter = Self::parse(text)?;
        filter.check_for(domain).map(|()| filter)
    }

    /// Rejects a filter that no item of the domain can match.
    pub(crate) fn check_for(&self, domain: Domain) -> Result<(), FilterError> {
        let Some(conditions) = self.expression.impossible(domain) else { return Ok(()) };
        Err(self.why_never(&conditions, domain))
    }

    /// The error for a filter that can never match: with one impossible condition, else two that exclude each other,
    /// else all.
    fn why_never(&self, conditions: &[Condition<'_>], domain: Domain) -> FilterError {
        let never = |some: &[Condition<'_>]| !domain.kinds().iter().any(|kind| kind.can_meet(some));
        if let Some(one) = conditions.iter().find(|one| never(&[**one])) {
            return FilterError { span: one.2.clone(), reason: Reason::Never(domain, self.written(one)) };
        }
        let pairs = conditions
            .iter()
            .enumerate()
            .flat_map(|(at, one)| conditions[at + 1..].iter().map(move |other| (one, other)));
        if let Some((one, other)) = pairs.into_iter().find(|(one, other)| never(&[**one, **other])) {
            let reason = Reason::NeverBoth(domain, self.written(one), self.written(other));
            return FilterError { span: one.2.start..other.2.end, reason };
        }
        let all: Vec<_> = conditions.iter().map(|condition| self.written(condition)).collect();
        let starts = conditions.iter().map(|condition| condition.2.start).min().unwrap_or_default();
        let ends = conditions.iter().map(|condition| condition.2.end).max().unwrap_or_default();
        FilterError { span: starts..ends, reason: Reason::NeverAll(domain, all.join(" ")) }
    }

    /// A condition as written, with a `!` if it is negated.
    fn written(&self, (_, wanted, span): &Condition<'_>) -> String {
        let term = self.text.get(span.start - self.indent..span.end - self.indent).unwrap_or_default();
        format!("{}{term}", if *wanted { "" } else { "!" })
    }
}

/// A test, whether it must hold, and its byte range in the text.
type Condition<'a> = (&'a Test, bool, &'a Range<usize>);

impl Expression {
    /// The conditions of the first alternative if no item of the domain can match any alternative. `None` if an item
    /// can, or if there are too many alternatives to check.
    fn impossible(&self, domain: Domain) -> Option<Vec<Condition<'_>>> {
        let alternatives = self.alternatives(true)?;
        let kinds = domain.kinds();
        let is_possible = alternatives.iter().any(|one| kinds.iter().any(|kind| kind.can_meet(one)));
        if is_possible { None } else { alternatives.into_iter().next() }
    }

    /// The alternatives, each as conditions that must all hold; `None` if there are too many.
    fn alternatives(&self, wanted: bool) -> Option<Vec<Vec<Condition<'_>>>> {
        let (parts, is_choice) = match self {
            Self::Test(test, span) => return Some(vec![vec![(test, wanted, span)]]),
            Self::Not(term) => return term.alternatives(!wanted),
            Self::Any(parts) => (parts, wanted),
            Self::All(parts) => (parts, !wanted),
        };
        let mut all = if is_choice { Vec::new() } else { vec![Vec::new()] };
        for part in parts {
            let further = part.alternatives(wanted)?;
            if is_choice {
                all.extend(further);
            } else if all.len() * further.len() <= MOST_ALTERNATIVES {
                all = all
                    .iter()
                    .flat_map(|one| further.iter().map(move |more| [&one[..], more].concat()))
                    .collect();
            } else {
                return None;
            }
        }
        (all.len() <= MOST_ALTERNATIVES).then_some(all)
    }
}

impl RowKind {
    fn can_meet(&self, conditions: &[Condition<'_>]) -> bool {
        conditions.iter().all(|condition| self.can_meet_one(*condition))
            && self.has_room_for_size(conditions)
            && !conditions.iter().any(|one| conditions.iter().any(|other| excludes(*one, *other)))
    }

    fn can_meet_one(&self, (test, wanted, _): Condition<'_>) -> bool {
        match (test, wanted) {
            (Test::Type(kind), wanted) => self.types.contains(kind) == wanted,
            (Test::From(_) | Test::Exactly(super::Role::Sender, _), true) => self.peer == RowRole::Sender,
            (Test::To(_) | Test::Exactly(super::Role::Receiver, _), true) => self.peer == RowRole::Receiver,
            (Test::Peer(_) | Test::Exactly(super::Role::Any, _), true) => self.peer != RowRole::Nobody,
            (Test::Ip(_), true) => self.has_remote,
            (Test::Status(_), true) => self.has_status,
            (Test::Size(..), true) => self.has_message != Has::Never,
            _ => true,
        }
    }

    /// Whether one message can satisfy all size conditions.
    fn has_room_for_size(&self, conditions: &[Condition<'_>]) -> bool {
        let sizes: Vec<_> = conditions
            .iter()
            .filter_map(|(test, wanted, _)| match test {
                Test::Size(comparison, bytes) => Some((*comparison, *bytes, *wanted)),
                _ => None,
            })
            .collect();
        // Without a message every size test is false, which satisfies negated ones.
        if self.has_message != Has::Always && sizes.iter().all(|(.., wanted)| !wanted) {
            return true;
        }
        // The result can only change at the compared sizes, so these and their neighbours are checked.
        let borders =
            sizes.iter().flat_map(|(_, bytes, _)| [bytes.saturating_sub(1), *bytes, bytes.saturating_add(1)]);
        let mut candidates = borders.chain([SMALLEST_MESSAGE]);
        candidates.any(|size| {
            (SMALLEST_MESSAGE..=LARGEST_MESSAGE).contains(&size)
                && sizes.iter().all(|(comparison, bytes, wanted)| comparison.holds(size, *bytes) == *wanted)
        })
    }
}

/// Whether no item can satisfy both conditions.
fn excludes((one, one_wanted, _): Condition<'_>, (other, other_wanted, _): Condition<'_>) -> bool {
    match (one, other) {
        (Test::Status(one), Test::Status(other)) if one_wanted => (one == other) != other_wanted,
        (Test::Ip(one), Test::Ip(other)) if one_wanted && other_wanted => !one.overlaps(other),
        (Test::Ip(one), Test::Ip(other)) if one_wanted => other.includes(one),
        _ => one_wanted && !other_wanted && implies(one, other),
    }
}

/// Whether every item that passes the first test passes the second one too.
fn implies(one: &Test, other: &Test) -> bool {
    let is_role = matches!((one, other), (Test::From(_), Test::From(_)) | (Test::To(_), Test::To(_)));
    match (one, other) {
        // These fields all test the address of a peer.
        (Test::From(narrow) | Test::To(narrow) | Test::Peer(narrow), Test::Peer(wide) | Test::Text(wide))
        | (Test::Text(narrow), Test::Text(wide)) => narrow.implies(wide),
        (Test::From(narrow) | Test::To(narrow), Test::From(wide) | Test::To(wide)) if is_role => {
            narrow.implies(wide)
        }
        _ => false,
    }
}

impl Comparison {
    /// Whether a message of `size` bytes satisfies the comparison with `bytes`.
    pub fn holds(self, size: u64, bytes: u64) -> bool {
        match self {
            Self::Above => size > bytes,
            Self::AtLeast => size >= bytes,
            Self::Below => size < bytes,
            Self::AtMost => size <= bytes,
            Self::Exactly => size == bytes,
        }
    }
}

#[cfg(test)]
mod tests;
