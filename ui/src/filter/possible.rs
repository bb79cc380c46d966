//! Whether anything at all can match a filter: one that never matches is a mistake, and is refused before it is used.

use super::{Comparison, Expression, Filter, FilterError, Reason, Test, Type};

/// What a filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    /// The rows of the traffic.
    Traffic,
    /// The messages that wait or are held.
    Queue,
}

/// What something of one kind can have. Of each kind at least one thing can happen.
#[derive(Debug, Clone, Copy)]
struct Kind {
    types: &'static [Type],
    peer: Role,
    has_remote: bool,
    has_status: bool,
    has_message: Has,
}

/// What the peer of a row or a message did, which need not be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Nobody,
    Sender,
    Receiver,
    /// It is about the peer.
    Subject,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Has {
    Never,
    Maybe,
    Always,
}

/// Largest message that any node takes, in bytes: no request body may be larger than 1 GiB.
const LARGEST_MESSAGE: u64 = 1 << 30;
/// Smallest message, in bytes, such as `1`.
const SMALLEST_MESSAGE: u64 = 1;
/// Alternatives that are looked at. A filter with more counts as one that can match.
const MOST_ALTERNATIVES: usize = 512;

const NOTHING: Kind =
    Kind { types: &[], peer: Role::Nobody, has_remote: false, has_status: false, has_message: Has::Never };

/// A row about a peer.
const OF_PEER: Kind = Kind { peer: Role::Subject, has_status: true, ..NOTHING };
const IN: Kind = Kind { peer: Role::Sender, has_remote: true, ..OF_PEER };
const OUT: Kind = Kind { peer: Role::Receiver, ..OF_PEER };

use Type::{Announce, Dropped, Failed, In, Message, Note, Out, Own, Refused};

/// The rows of the traffic.
const ROWS: &[Kind] = &[
    Kind { types: &[In, Message], has_message: Has::Always, ..IN },
    Kind { types: &[In, Refused], has_message: Has::Maybe, ..IN },
    Kind { types: &[In, Announce], ..IN },
    Kind { types: &[Out, Message], has_message: Has::Always, ..OUT },
    Kind { types: &[Out, Message, Failed], has_message: Has::Always, ..OUT },
    Kind { types: &[Out, Message, Failed, Refused], has_message: Has::Always, ..OUT },
    Kind { types: &[Out, Announce], ..OUT },
    Kind { types: &[Out, Announce, Failed], ..OUT },
    Kind { types: &[Own, Message], has_remote: true, has_message: Has::Always, ..NOTHING },
    Kind { types: &[Own, Message, Dropped], has_remote: true, has_message: Has::Always, ..NOTHING },
    Kind {
        types: &[Note, Message],
        peer: Role::Subject,
        has_remote: true,
        has_message: Has::Always,
        ..NOTHING
    },
    Kind {
        types: &[Note, Message, Dropped],
        peer: Role::Subject,
        has_remote: true,
        has_message: Has::Always,
        ..NOTHING
    },
    Kind { types: &[Note], has_remote: true, ..OF_PEER },
];

/// The messages that wait or are held.
const QUEUED: &[Kind] = &[
    Kind { types: &[In, Message], peer: Role::Sender, has_remote: true, has_message: Has::Always, ..NOTHING },
    Kind { types: &[Own, Message], has_remote: true, has_message: Has::Always, ..NOTHING },
];

impl Domain {
    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Traffic => ROWS,
            Self::Queue => QUEUED,
        }
    }

    /// Whether anything here has a status.
    pub(crate) fn has_status(self) -> bool {
        self.kinds().iter().any(|kind| kind.has_status)
    }

    /// Whether anything here is of this type.
    pub(crate) fn has_type(self, wanted: Type) -> bool {
        self.kinds().iter().any(|kind| kind.types.contains(&wanted))
    }

    /// Whether the field of this name is ever true here.
    pub(crate) fn has_field(self, name: &str) -> bool {
        match name {
            "to" => self.kinds().iter().any(|kind| kind.peer == Role::Receiver),
            "status" => self.has_status(),
            _ => true,
        }
    }
}

impl Filter {
    /// Reads a filter for this, and refuses one that nothing there can match.
    pub(crate) fn parse_for(text: &str, domain: Domain) -> Result<Self, FilterError> {
        let filter = Self::parse(text)?;
        filter.check_for(domain).map(|()| filter)
    }

    /// Refuses a filter that nothing there can match.
    pub(crate) fn check_for(&self, domain: Domain) -> Result<(), FilterError> {
        if self.expression.is_possible(domain) {
            return Ok(());
        }
        let reason = match domain {
            Domain::Traffic => Reason::NeverInTraffic,
            Domain::Queue => Reason::NeverInQueue,
        };
        Err(FilterError { span: 0..self.text.len(), reason })
    }
}

/// A test, and whether it has to hold.
type Condition<'a> = (&'a Test, bool);

impl Expression {
    /// Whether anything there can match. Where that can't be told, it can.
    fn is_possible(&self, domain: Domain) -> bool {
        let Some(alternatives) = self.alternatives(true) else { return true };
        let kinds = domain.kinds();
        alternatives.iter().any(|conditions| kinds.iter().any(|kind| kind.can_meet(conditions)))
    }

    /// The conditions one set of which has to be met, all of it; `None` if there are too many sets.
    fn alternatives(&self, wanted: bool) -> Option<Vec<Vec<Condition<'_>>>> {
        let (parts, is_choice) = match self {
            Self::Test(test) => return Some(vec![vec![(test, wanted)]]),
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

impl Kind {
    fn can_meet(&self, conditions: &[Condition<'_>]) -> bool {
        conditions.iter().all(|condition| self.can_meet_one(*condition))
            && self.has_room_for_size(conditions)
            && !conditions.iter().any(|one| conditions.iter().any(|other| excludes(*one, *other)))
    }

    fn can_meet_one(&self, (test, wanted): Condition<'_>) -> bool {
        match (test, wanted) {
            (Test::Type(kind), wanted) => self.types.contains(kind) == wanted,
            (Test::From(_) | Test::Exactly(super::Role::Sender, _), true) => self.peer == Role::Sender,
            (Test::To(_) | Test::Exactly(super::Role::Receiver, _), true) => self.peer == Role::Receiver,
            (Test::Peer(_) | Test::Exactly(super::Role::Any, _), true) => self.peer != Role::Nobody,
            (Test::Ip(_), true) => self.has_remote,
            (Test::Status(_), true) => self.has_status,
            (Test::Size(..), true) => self.has_message != Has::Never,
            _ => true,
        }
    }

    /// Whether a message can have all of the sizes that are wanted.
    fn has_room_for_size(&self, conditions: &[Condition<'_>]) -> bool {
        let sizes: Vec<_> = conditions
            .iter()
            .filter_map(|(test, wanted)| match test {
                Test::Size(comparison, bytes) => Some((*comparison, *bytes, *wanted)),
                _ => None,
            })
            .collect();
        // Without a message no size is true, which is what the negated ones want.
        if self.has_message != Has::Always && sizes.iter().all(|(.., wanted)| !wanted) {
            return true;
        }
        // Between two borders all sizes are alike, so those at and beside the borders stand for all.
        let borders =
            sizes.iter().flat_map(|(_, bytes, _)| [bytes.saturating_sub(1), *bytes, bytes.saturating_add(1)]);
        let mut candidates = borders.chain([SMALLEST_MESSAGE]);
        candidates.any(|size| {
            (SMALLEST_MESSAGE..=LARGEST_MESSAGE).contains(&size)
                && sizes.iter().all(|(comparison, bytes, wanted)| comparison.holds(size, *bytes) == *wanted)
        })
    }
}

/// Whether the two conditions can't both be met, whatever it is about.
fn excludes((one, one_wanted): Condition<'_>, (other, other_wanted): Condition<'_>) -> bool {
    match (one, other) {
        (Test::Status(one), Test::Status(other)) if one_wanted => (one == other) != other_wanted,
        (Test::Ip(one), Test::Ip(other)) if one_wanted && other_wanted => !one.overlaps(other),
        (Test::Ip(one), Test::Ip(other)) if one_wanted => other.includes(one),
        _ => one_wanted && !other_wanted && implies(one, other),
    }
}

/// Whether whatever meets the first test meets the second as well.
fn implies(one: &Test, other: &Test) -> bool {
    let is_role = matches!((one, other), (Test::From(_), Test::From(_)) | (Test::To(_), Test::To(_)));
    match (one, other) {
        // The address of a peer is looked at by all of these.
        (Test::From(narrow) | Test::To(narrow) | Test::Peer(narrow), Test::Peer(wide) | Test::Text(wide))
        | (Test::Text(narrow), Test::Text(wide)) => narrow.implies(wide),
        (Test::From(narrow) | Test::To(narrow), Test::From(wide) | Test::To(wide)) if is_role => {
            narrow.implies(wide)
        }
        _ => false,
    }
}

impl Comparison {
    /// Whether the size of a message compares so with this number of bytes.
    pub(super) fn holds(self, size: u64, bytes: u64) -> bool {
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
mod tests {
    use clacks_p2p::core::QueuedMessage;
    use proptest::prelude::*;

    use super::*;

    fn is_possible(text: &str, domain: Domain) -> bool {
        Filter::parse_for(text, domain).is_ok()
    }

    #[test]
    fn what_a_waiting_message_never_is_holds_nothing() {
        for text in [
            "status:lost",
            "to:tower",
            "type:refused",
            "type:announce",
            "type:out",
            "type:in type:own",
            "type:own from:tower",
            "!type:message",
            "!type:in !type:own",
            "gnu status:alive",
            "status:alive | to:tower",
            "(gnu | chess) !type:message",
            "size>2G",
            "size<1",
            "size>1k size<200",
            "size=5 !size=5",
            "gnu !gnu",
            "GNU !gnu",
            "from:tower-3 !from:tower",
            "from:tower !peer:tower",
            "from:tower !tower",
            "\"gnu terry\" !gnu",
            "re:/a+/ !re:/a+/",
            "ip:192.0.2.7 ip:192.0.2.8",
            "ip:192.0.2.7 !ip:192.0.2.0/24",
        ] {
            assert!(Filter::parse(text).is_ok(), "{text}");
            assert!(!is_possible(text, Domain::Queue), "{text}");
        }
    }

    #[test]
    fn what_a_waiting_message_can_be_is_taken() {
        for text in [
            "gnu",
            "from:tower type:in",
            "peer:tower size>1k",
            "type:own",
            "!status:lost",
            "!to:tower",
            "!type:refused",
            "status:lost | gnu",
            "!(status:lost gnu)",
            "size>=1k size<=1k",
            "from:tower !from:tower-3",
            "from:tower from:other",
            "re:/a/ !re:/A/",
            "ip:192.0.2.0/24 !ip:192.0.2.7",
            "tower !from:tower",
        ] {
            assert!(is_possible(text, Domain::Queue), "{text}");
        }
    }

    #[test]
    fn what_no_row_of_the_traffic_is_shows_nothing() {
        for text in [
            "type:in type:out",
            "type:announce type:message",
            "from:a to:b",
            "type:own status:alive",
            "status:lost status:dead",
            "status:lost !status:lost",
            "type:dropped !type:message",
            "type:announce size>1",
            "size>2G",
        ] {
            assert!(!is_possible(text, Domain::Traffic), "{text}");
        }
        for text in [
            "type:in type:refused",
            "type:out type:failed type:refused",
            "type:dropped type:own",
            "status:lost | status:dead",
            "status:lost !status:dead",
            "to:tower type:announce",
            "type:announce !size>1",
            "type:note peer:tower",
        ] {
            assert!(is_possible(text, Domain::Traffic), "{text}");
        }
    }

    /// Filters that are often contradictory.
    fn filters() -> impl Strategy<Value = String> {
        let terms = [
            "a",
            "ab",
            "b",
            "from:a",
            "from:b",
            "peer:a",
            "to:a",
            "type:in",
            "type:own",
            "type:message",
            "size>3",
            "size<4",
            "size=3",
            "ip:192.0.2.7",
            "ip:192.0.2.0/24",
            "status:lost",
            "re:/a+/",
        ];
        let term = (any::<bool>(), prop::sample::select(terms.to_vec()))
            .prop_map(|(is_negated, term)| format!("{}{term}", if is_negated { "!" } else { "" }));
        term.prop_recursive(3, 12, 3, |inner| {
            (any::<bool>(), prop::collection::vec(inner, 1..4), any::<bool>()).prop_map(
                |(is_negated, parts, is_choice)| {
                    let parts = parts.join(if is_choice { " | " } else { " " });
                    format!("{}({parts})", if is_negated { "!" } else { "" })
                },
            )
        })
    }

    proptest! {
        #[test]
        fn whatever_a_waiting_message_matches_is_not_refused(
            text in filters(),
            from in prop::option::of(prop::sample::select(vec!["a:1", "ab:1", "b:1", "c:1"])),
            message in prop::sample::select(vec!["a", "ab", "b", "x", "long text"]),
            remote in prop::option::of(prop::sample::select(vec!["192.0.2.7", "192.0.2.8", "203.0.113.1"])),
        ) {
            let queued = QueuedMessage {
                id: "1".parse().unwrap(),
                message: clacks_p2p::Message::text(message),
                since_ms: 0,
                visits: 1,
                from: from.map(|from| from.parse().unwrap()),
                place: remote.map(|remote| remote.parse().unwrap()),
            };
            let filter = Filter::parse(&text).unwrap();
            if filter.admits(&crate::hold::subject(&queued)) {
                prop_assert!(is_possible(&text, Domain::Queue), "{text}");
            }
        }
    }

    #[test]
    fn a_filter_with_many_alternatives_is_taken_in_a_moment() {
        let text = vec!["(a|b|c)"; 20].join(" ");
        assert!(is_possible(&text, Domain::Queue));
    }
}
