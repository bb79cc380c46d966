//! Detects filters that nothing can match. Such a filter is a mistake and is rejected before use.
//!
//! What can occur together is known only as far as the description says it: a line has one direction; a sender belongs
//! to direction `in` and a receiver to `out`; an item has the fields of its list or of its kind of events, and a field
//! has one value.

use std::ops::Range;

use super::{
    Amount, Comparison, Expression, Filter, PeerRole, Scope, Test,
    error::{FilterError, Reason},
    field::fields,
    number::Measure,
    scope::{DIRECTIONS, MESSAGE, REMOTE, is_text},
};
use crate::{
    Direction,
    description::{Description, Field, Kind, ListSpec, Role},
};

/// Alternatives that are looked at. A filter with more counts as one that can match.
const MOST_ALTERNATIVES: usize = 512;
/// Conditions of which each pair is looked at for the reason of an error.
const MOST_IN_PAIRS: usize = 64;

/// Properties that one kind of lines or rows can have. At least one such item can exist.
#[derive(Debug, Clone, Copy)]
pub(super) struct ItemKind<'a> {
    description: &'a Description,
    list: Option<&'a ListSpec>,
    /// Only lines and messages have a direction.
    direction: Option<Direction>,
    fields: &'a [Field],
}

/// A test, whether it must hold, and where it stands.
type Condition<'a> = (&'a Test, bool, &'a Range<usize>);

/// All kinds of items of a scope.
pub(super) fn kinds(scope: Scope<'_>) -> Vec<ItemKind<'_>> {
    if let Scope::List(description, id) = scope {
        return description.list(id).map(|list| kinds_of_rows(description, list)).unwrap_or_default();
    }
    scope.descriptions().iter().flat_map(|description| kinds_of_lines(description)).collect()
}

fn kinds_of_rows<'a>(description: &'a Description, list: &'a ListSpec) -> Vec<ItemKind<'a>> {
    let directions = match list.direction_columns() {
        None => vec![None],
        Some((from, to)) => [from.map(|_| Direction::In), to.map(|_| Direction::Out), Some(Direction::Own)]
            .into_iter()
            .flatten()
            .map(Some)
            .collect(),
    };
    let of_direction =
        |direction| ItemKind { description, list: Some(list), direction, fields: &list.columns };
    directions.into_iter().map(of_direction).collect()
}

fn kinds_of_lines(description: &Description) -> Vec<ItemKind<'_>> {
    // Kinds of events with the same fields are alike.
    let mut fields: Vec<&[Field]> = Vec::new();
    for event in &description.events {
        if !fields.contains(&&event.fields[..]) {
            fields.push(&event.fields);
        }
    }
    if fields.is_empty() {
        fields.push(&[]);
    }
    let of_direction = |fields| {
        DIRECTIONS.map(|(_, direction)| ItemKind {
            description,
            list: None,
            direction: Some(direction),
            fields,
        })
    };
    fields.into_iter().flat_map(of_direction).collect()
}

impl Filter {
    /// Parses a filter and rejects it if no item of the scope can match.
    pub fn parse_for(text: &str, scope: Scope<'_>) -> Result<Self, FilterError> {
        let filter = Self::parse(text, scope)?;
        filter.check_for(scope).map(|()| filter)
    }

    /// Rejects the filter if no item of the scope can match. The scope is the one that the filter was parsed with.
    pub fn check_for(&self, scope: Scope<'_>) -> Result<(), FilterError> {
        let kinds = kinds(scope);
        let Some(conditions) = self.expression.impossible(&kinds) else { return Ok(()) };
        Err(self.why_never(&conditions, &kinds, scope))
    }

    /// The one condition that nothing meets, else two that nothing meets together, else all of them.
    fn why_never(
        &self,
        conditions: &[Condition<'_>],
        kinds: &[ItemKind<'_>],
        scope: Scope<'_>,
    ) -> FilterError {
        let never = |some: &[Condition<'_>]| !can_meet(kinds, some);
        let noun = scope.noun();
        if let Some(one) = conditions.iter().find(|one| never(&[**one])) {
            let reason = Reason::Never(noun, self.written(one), what_it_has(scope));
            return FilterError { span: one.2.clone(), reason };
        }
        let looked_at = &conditions[..conditions.len().min(MOST_IN_PAIRS)];
        let pairs = looked_at
            .iter()
            .enumerate()
            .flat_map(|(at, one)| looked_at[at + 1..].iter().map(move |other| (one, other)));
        if let Some((one, other)) = pairs.into_iter().find(|(one, other)| never(&[**one, **other])) {
            let reason = Reason::NeverBoth(noun, self.written(one), self.written(other));
            return FilterError { span: one.2.start..other.2.end, reason };
        }
        let all: Vec<_> = conditions.iter().map(|condition| self.written(condition)).collect();
        let starts = conditions.iter().map(|condition| condition.2.start).min().unwrap_or_default();
        let ends = conditions.iter().map(|condition| condition.2.end).max().unwrap_or_default();
        FilterError { span: starts..ends, reason: Reason::NeverAll(noun, all.join(" ")) }
    }

    /// A condition as it was written, with a `!` before it if it must not hold.
    fn written(&self, (_, wanted, span): &Condition<'_>) -> String {
        let term = self.text.get(span.start - self.indent..span.end - self.indent).unwrap_or_default();
        format!("{}{term}", if *wanted { "" } else { "!" })
    }
}

/// What a filter can ask for there.
fn what_it_has(scope: Scope<'_>) -> String {
    let Some(list) = scope.list() else { return "it is never true".to_owned() };
    let article = if list.one.as_str().starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let mut parts = vec!["text".to_owned()];
    for field in
        fields(scope).into_iter().filter(|field| !matches!(field.name.as_str(), "re" | "net" | "node"))
    {
        let start = field.start.trim_end_matches(['<', '>']).to_owned();
        if !parts.contains(&start) {
            parts.push(start);
        }
    }
    match parts.split_last() {
        Some((end, others)) if !others.is_empty() => {
            format!("{article} {} has {} and {end}", list.one, others.join(", "))
        }
        _ => format!("{article} {} has text", list.one),
    }
}

impl Expression {
    /// Conditions that nothing can meet, if nothing can match: those of the first alternative.
    fn impossible<'a>(&'a self, kinds: &[ItemKind<'_>]) -> Option<Vec<Condition<'a>>> {
        let alternatives = self.alternatives(true)?;
        if alternatives.iter().any(|conditions| can_meet(kinds, conditions)) {
            return None;
        }
        alternatives.into_iter().next()
    }

    /// The alternatives of which each is enough: what must hold, and what must not. `None` if there are too many.
    fn alternatives(&self, wanted: bool) -> Option<Vec<Vec<Condition<'_>>>> {
        match self {
            Self::Test(test, span) => Some(vec![vec![(test, wanted, span)]]),
            Self::Not(inner) => inner.alternatives(!wanted),
            Self::Any(parts) if wanted => Self::joined(parts, wanted, true),
            Self::All(parts) if !wanted => Self::joined(parts, wanted, true),
            Self::Any(parts) | Self::All(parts) => Self::joined(parts, wanted, false),
        }
    }

    /// The alternatives of several parts: of each of them, or of all of them together.
    fn joined(parts: &[Self], wanted: bool, each: bool) -> Option<Vec<Vec<Condition<'_>>>> {
        let mut all: Vec<Vec<Condition<'_>>> = if each { Vec::new() } else { vec![Vec::new()] };
        for part in parts {
            let further = part.alternatives(wanted)?;
            if each {
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

/// Whether an item of any of these kinds can meet all conditions.
fn can_meet(kinds: &[ItemKind<'_>], conditions: &[Condition<'_>]) -> bool {
    !conditions.iter().any(|one| conditions.iter().any(|other| excludes(*one, *other)))
        && kinds.iter().any(|kind| kind.can_meet(conditions))
}

impl<'a> ItemKind<'a> {
    fn can_meet(&self, conditions: &[Condition<'_>]) -> bool {
        conditions.iter().all(|condition| self.can_meet_one(*condition))
            && self.has_room(conditions)
            && !conditions.iter().any(|one| conditions.iter().any(|other| self.excludes(*one, *other)))
    }

    fn can_meet_one(&self, (test, wanted, _): Condition<'_>) -> bool {
        match (test, wanted) {
            (Test::Direction(direction), wanted) => (self.direction == Some(*direction)) == wanted,
            (Test::Type(named), wanted) => match self.list {
                Some(list) => (list.role == Role::Messages && named.name == MESSAGE) == wanted,
                None => !wanted || self.description.type_id(named.name.as_str()).is_some(),
            },
            (Test::Peer(role, _) | Test::Exactly(role, _), true) => self.has_peer(*role),
            (Test::Ip(_), true) => self.has_remote(),
            (Test::Status(status), true) => self.has_status() && status.status_in(self.description).is_some(),
            (Test::Size(..), true) => self.sizes().is_some(),
            (Test::Number(name, _, amount), true) => {
                self.field(name.as_str()).is_some_and(|field| amount.is_of(&field.kind))
            }
            (Test::Field(name, value), true) => {
                self.field(name.as_str()).is_some_and(|field| match &field.kind {
                    Kind::Flag => value.flag.is_some(),
                    Kind::Status => {
                        value.status.as_ref().is_some_and(|it| it.status_in(self.description).is_some())
                    }
                    kind => is_text(kind) && value.text.is_some(),
                })
            }
            _ => true,
        }
    }

    fn field(&self, name: &str) -> Option<&'a Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(super) fn has_peer(&self, role: PeerRole) -> bool {
        let Some(list) = self.list else {
            return match role {
                PeerRole::Sender => self.direction == Some(Direction::In),
                PeerRole::Receiver => self.direction == Some(Direction::Out),
                PeerRole::Any => true,
            };
        };
        let is_own = self.direction == Some(Direction::Own);
        match role {
            PeerRole::Sender => {
                list.text_column("from").is_some() && matches!(self.direction, None | Some(Direction::In))
            }
            PeerRole::Receiver => list.text_column("to").is_some() && !is_own,
            PeerRole::Any => {
                let is_empty = |column: &Field| is_own && (column.name == "from" || column.name == "to");
                let mut columns = list.columns.iter().filter(|column| !is_empty(column));
                list.role == Role::Peers || columns.any(|column| list.is_of_peer(column, self.description))
            }
        }
    }

    pub(super) fn has_remote(&self) -> bool {
        self.list.is_none_or(|list| list.remote_columns().next().is_some())
    }

    pub(super) fn has_status(&self) -> bool {
        let has_column = |list: &ListSpec| list.columns.iter().any(|column| column.kind == Kind::Status);
        self.list.map_or(!self.description.statuses.is_empty(), has_column)
    }

    /// Whether an item can have this direction.
    pub(super) fn has_direction(&self, direction: Direction) -> bool {
        self.direction == Some(direction)
    }

    /// Whether an item can have the type with this name.
    pub(super) fn has_type(&self, name: &str) -> bool {
        match self.list {
            Some(list) => list.role == Role::Messages && name == MESSAGE,
            None => self.description.type_id(name).is_some(),
        }
    }

    /// The smallest and the largest size.
    pub(super) fn sizes(&self) -> Option<(u64, u64)> {
        let longest = u64::from(u32::MAX);
        let Some(list) = self.list else { return Some((0, longest)) };
        if let Some(column) = list.sized_column() {
            // The shortest JSON is a digit.
            return Some((u64::from(list.columns[column].kind == Kind::Json), longest));
        }
        let field = self.field("size")?;
        matches!(field.kind, Kind::Count | Kind::Bytes).then_some((0, u64::MAX))
    }

    /// Whether the size and each field can have a value that meets all conditions about it.
    fn has_room(&self, conditions: &[Condition<'_>]) -> bool {
        let sizes = conditions.iter().filter_map(|(test, wanted, _)| match test {
            Test::Size(comparison, amount) => Some((*comparison, *amount, *wanted)),
            _ => None,
        });
        let sizes: Vec<_> = sizes.collect();
        let has_room = sizes.is_empty()
            || self.sizes().is_none_or(|(least, most)| has_whole_number(&sizes, least, most));
        has_room
            && conditions.iter().all(|(test, ..)| match test {
                Test::Number(name, ..) => self.field(name.as_str()).is_none_or(|field| {
                    let numbers = conditions.iter().filter_map(|(test, wanted, _)| match test {
                        Test::Number(other, comparison, amount) if other == name => {
                            Some((*comparison, *amount, *wanted))
                        }
                        _ => None,
                    });
                    has_number(&numbers.collect::<Vec<_>>(), &field.kind)
                }),
                _ => true,
            })
    }

    /// Whether no item of this kind can meet both conditions.
    fn excludes(&self, (one, one_wanted, _): Condition<'_>, (other, other_wanted, _): Condition<'_>) -> bool {
        if !one_wanted || !other_wanted {
            return false;
        }
        match (one, other) {
            (Test::Ip(one), Test::Ip(other)) => {
                let has_one = self.list.is_none_or(|list| list.remote_columns().nth(1).is_none());
                has_one && !one.overlaps(other)
            }
            (Test::Field(name, one), Test::Field(other_name, other)) if name == other_name => {
                let is_flag = self.field(name.as_str()).is_some_and(|field| field.kind == Kind::Flag);
                is_flag && one.flag != other.flag
            }
            _ => false,
        }
    }
}

/// A comparison with a number, and whether it must hold.
type Wanted = (Comparison, Amount, bool);

/// Whether a number of this kind, or no value, meets all comparisons.
fn has_number(wanted: &[Wanted], kind: &Kind) -> bool {
    if matches!(kind, Kind::Count | Kind::Bytes) {
        return has_whole_number(wanted, 0, u64::MAX);
    }
    if !kind.is_number() || wanted.iter().all(|(.., wanted)| !wanted) {
        return wanted.iter().all(|(.., wanted)| !wanted);
    }
    let most = if *kind == Kind::Ratio { 1.0 } else { f64::MAX };
    let mut borders: Vec<f64> = wanted.iter().flat_map(|(_, amount, _)| amount.borders(kind)).collect();
    borders.extend([0.0, most]);
    borders.sort_by(f64::total_cmp);
    // Between two borders all values are alike.
    let between = borders.windows(2).map(|pair| pair[0] + (pair[1] - pair[0]) / 2.0);
    let mut candidates = borders.iter().copied().chain(between);
    candidates.any(|value| (0.0..=most).contains(&value) && meets(wanted, Measure::new(kind, value)))
}

/// Whether a whole number in this range, or no value, meets all comparisons.
fn has_whole_number(wanted: &[Wanted], least: u64, most: u64) -> bool {
    // Without a value no comparison is true, which is what the negated ones want.
    if wanted.iter().all(|(.., wanted)| !wanted) {
        return true;
    }
    let borders = wanted.iter().filter_map(|(_, amount, _)| amount.whole());
    // Between two borders all values are alike, so those at and beside the borders stand for all.
    let borders = borders.flat_map(|border| [border.saturating_sub(1), border, border.saturating_add(1)]);
    let mut candidates = borders.chain([least]);
    candidates.any(|value| (least..=most).contains(&value) && meets(wanted, Measure::Whole(value)))
}

fn meets(wanted: &[Wanted], value: Measure) -> bool {
    wanted.iter().all(|(comparison, amount, wanted)| amount.compare(*comparison, value) == *wanted)
}

/// Whether no item can meet both conditions, whatever it is.
fn excludes((one, one_wanted, _): Condition<'_>, (other, other_wanted, _): Condition<'_>) -> bool {
    one_wanted && !other_wanted && implies(one, other)
}

/// Whether every item that meets the first test meets the second as well.
fn implies(one: &Test, other: &Test) -> bool {
    let is_within = |role: PeerRole, wide: PeerRole| role == wide || wide == PeerRole::Any;
    match (one, other) {
        // The addresses of peers are searched by words as well.
        (Test::Peer(_, narrow) | Test::Text(narrow), Test::Text(wide))
        | (Test::Net(narrow), Test::Net(wide))
        | (Test::Node(narrow), Test::Node(wide)) => narrow.implies(wide),
        (Test::Peer(role, narrow), Test::Peer(wide_role, wide)) => {
            is_within(*role, *wide_role) && narrow.implies(wide)
        }
        (Test::Exactly(role, one), Test::Exactly(wide, other)) => {
            is_within(*role, *wide) && one.eq_ignore_ascii_case(other)
        }
        (Test::Ip(one), Test::Ip(other)) => other.includes(one),
        (Test::Status(one), Test::Status(other)) | (Test::Type(one), Test::Type(other)) => {
            one.name == other.name
        }
        (Test::Field(name, one), Test::Field(other_name, other)) => name == other_name && one.implies(other),
        (Test::Field(name, one), Test::Text(wide)) => {
            *name != REMOTE
                && one.flag.is_none()
                && one.status.is_none()
                && one.text.as_ref().is_some_and(|narrow| narrow.implies(wide))
        }
        _ => false,
    }
}

impl super::FieldValue {
    /// Whether every value that this matches is matched by the other as well, whatever the kind of the field is.
    fn implies(&self, wide: &Self) -> bool {
        let has_text = match (&self.text, &wide.text) {
            (Some(narrow), Some(wide)) => narrow.implies(wide),
            (narrow, _) => narrow.is_none(),
        };
        let is_within = |one: &Option<_>, wide: &Option<_>| one.is_none() || one == wide;
        has_text && is_within(&self.status, &wide.status) && (self.flag.is_none() || self.flag == wide.flag)
    }
}
