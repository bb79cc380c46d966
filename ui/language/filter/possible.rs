//! Detects filters that nothing can match. Such a filter is a mistake and is rejected before use.

use std::ops::Range;

use super::{
    domain::{Domain, Has, Role, RowKind, RowRole},
    error::{FilterError, Reason},
    expression::{Expression, Test},
};

/// Maximum size of a message in bytes: no request body exceeds 1 GiB.
const LARGEST_MESSAGE: u64 = 1 << 30;
/// Minimum size of a message in bytes, such as `1`.
const SMALLEST_MESSAGE: u64 = 1;
/// Maximum number of alternatives that are checked. A filter with more is accepted.
const MOST_ALTERNATIVES: usize = 512;

/// Rejects a filter that no item of the domain can match. `written` returns the text at a range of an [`Expression`].
pub(super) fn check<'a>(
    expression: &Expression,
    domain: Domain,
    written: impl Fn(&Range<usize>) -> &'a str,
) -> Result<(), FilterError> {
    let Some(conditions) = expression.impossible(domain) else { return Ok(()) };
    // A condition as written, with a `!` if it is negated.
    let written =
        |(_, wanted, span): &Condition<'_>| format!("{}{}", if *wanted { "" } else { "!" }, written(span));
    Err(impossible_error(&conditions, domain, written))
}

/// The error for a filter that can never match: with one impossible condition, else two that exclude each other, else
/// all.
fn impossible_error(
    conditions: &[Condition<'_>],
    domain: Domain,
    written: impl Fn(&Condition<'_>) -> String,
) -> FilterError {
    let never = |some: &[Condition<'_>]| !domain.kinds().iter().any(|kind| kind.can_meet(some));
    if let Some(one) = conditions.iter().find(|one| never(&[**one])) {
        return FilterError { span: one.2.clone(), reason: Reason::Never(domain, written(one)) };
    }
    let pairs = conditions
        .iter()
        .enumerate()
        .flat_map(|(at, one)| conditions[at + 1..].iter().map(move |other| (one, other)));
    if let Some((one, other)) = pairs.into_iter().find(|(one, other)| never(&[**one, **other])) {
        let reason = Reason::NeverBoth(domain, written(one), written(other));
        return FilterError { span: one.2.start..other.2.end, reason };
    }
    let all: Vec<_> = conditions.iter().map(written).collect();
    let starts = conditions.iter().map(|condition| condition.2.start).min().unwrap_or_default();
    let ends = conditions.iter().map(|condition| condition.2.end).max().unwrap_or_default();
    FilterError { span: starts..ends, reason: Reason::NeverAll(domain, all.join(" ")) }
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
            (Test::From(_) | Test::Exactly(Role::Sender, _), true) => self.peer == RowRole::Sender,
            (Test::To(_) | Test::Exactly(Role::Receiver, _), true) => self.peer == RowRole::Receiver,
            (Test::Peer(_) | Test::Exactly(Role::Any, _), true) => self.peer != RowRole::Nobody,
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

#[cfg(test)]
mod tests;
