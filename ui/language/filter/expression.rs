//! The syntax tree of a filter, and what it matches.

use std::ops::Range;

use clacks_p2p::{Address, core::Status};

use super::{
    domain::{Role, Type},
    network::Network,
    pattern::Pattern,
    subject::Subject,
};

/// Syntax tree of a filter.
#[derive(Debug, Clone)]
pub(crate) enum Expression {
    /// Matches if at least one part matches.
    Any(Vec<Self>),
    /// Matches if every part matches.
    All(Vec<Self>),
    /// Matches if the part does not match.
    Not(Box<Self>),
    /// One test, and its byte range in the text.
    Test(Test, Range<usize>),
}

/// One condition of a filter.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// A word, a quoted text or an expression: any text of the row, its message or a peer's address matches.
    Text(Pattern),
    /// `from:`: the sender's address matches.
    From(Pattern),
    /// `to:`: the receiver's address matches.
    To(Pattern),
    /// `peer:`: the address of the sender, the receiver or the peer concerned matches.
    Peer(Pattern),
    /// `from=`, `to=` or `peer=`: the peer with this role has exactly this address.
    Exactly(Role, Address),
    /// `ip:`: the remote address is in the network.
    Ip(Network),
    /// `status:`: the peer has this status.
    Status(Status),
    /// `type:`: the row or message has this type.
    Type(Type),
    /// `size`: the message's size compares in this way with the number of bytes.
    Size(Comparison, u64),
}

/// Comparison of a message's size with a number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// More bytes.
    Above,
    /// The same number of bytes or more.
    AtLeast,
    /// Fewer bytes.
    Below,
    /// The same number of bytes or fewer.
    AtMost,
    /// The same number of bytes.
    Exactly,
}

impl Expression {
    /// Whether the subject matches.
    pub(crate) fn admits(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Any(choices) => choices.iter().any(|choice| choice.admits(subject)),
            Self::All(terms) => terms.iter().all(|term| term.admits(subject)),
            Self::Not(term) => !term.admits(subject),
            Self::Test(test, _) => test.admits(subject),
        }
    }
}

impl Test {
    fn admits(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Text(pattern) => subject.holds(pattern),
            Self::From(pattern) => subject.came_from(pattern),
            Self::To(pattern) => subject.went_to(pattern),
            Self::Peer(pattern) => subject.has_peer(pattern),
            Self::Exactly(role, peer) => subject.is_with(*role, peer),
            Self::Ip(network) => subject.remote().is_some_and(|remote| network.holds(remote)),
            Self::Status(status) => subject.status() == Some(*status),
            Self::Type(wanted) => subject.is_of(*wanted),
            Self::Size(comparison, bytes) => {
                subject.size().is_some_and(|size| comparison.holds(size, *bytes))
            }
        }
    }
}

impl Comparison {
    /// Whether a message of `size` bytes satisfies the comparison with `bytes`.
    pub(crate) fn holds(self, size: u64, bytes: u64) -> bool {
        match self {
            Self::Above => size > bytes,
            Self::AtLeast => size >= bytes,
            Self::Below => size < bytes,
            Self::AtMost => size <= bytes,
            Self::Exactly => size == bytes,
        }
    }
}
