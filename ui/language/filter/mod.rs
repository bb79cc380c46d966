//! The filter language. A filter selects messages, rows of the traffic and peers to show, signal or hold.
//!
//! Terms side by side must all match; `|` separates alternatives; `!` negates the next term; parentheses group. A term
//! is a word, `"words in quotes"`, an expression `re:/…/`, or one of the fields `from:`, `to:`, `peer:`, `ip:`,
//! `status:`, `type:` and `size`. `from=`, `to=` and `peer=` take a whole address and match only that one. Letter case
//! never matters.
//!
//! Every filter is bounded in its length, nesting depth, number of patterns, and the part of a message that it reads.
//! Matching takes one step per byte, whatever the expression is.

pub mod error;
pub mod field;
#[cfg(test)]
mod fuzz;
pub mod network;
pub mod parse;
pub mod pattern;
pub mod possible;
pub mod subject;
#[cfg(test)]
mod tests;
pub mod word;

use std::{ops::Range, str::FromStr};

use clacks_p2p::{Address, core::Status};
use error::FilterError;
use network::Network;
use pattern::Pattern;
use possible::Domain;
use serde::{Deserialize, Deserializer, de::Error};
use subject::{Subject, Type};

/// Maximum length of a filter in bytes.
pub(crate) const MAX_LENGTH: usize = 1000;

/// Summary of the language: pairs of an example and its meaning.
pub const GRAMMAR: &[(&str, &str)] = &[
    ("gnu terry", "what holds both words, in any case of letters"),
    ("\"gnu terry\"", "what holds them as they stand there"),
    ("from:tower", "what came from a peer with this in its address"),
    ("to:tower", "what went to one"),
    ("peer:tower", "either, or what is told about one"),
    ("peer=\"tower:80\"", "the peer with this address and no other; also from= and to="),
    ("ip:192.0.2.7", "what came from this IP address, or from one of a network such as 192.0.2.0/24"),
    ("status:lost", "where the peer is new, alive, lost, dead or ignored"),
    ("type:announce", "in, out, own, message, announce, note, refused, failed or dropped"),
    ("size>1k size<200", "messages of more or fewer bytes; also >= <= ="),
    ("re:/^gnu +[a-z]/", "where the regular expression matches"),
    ("!from:tower", "what is not so"),
    ("gnu | chess", "either; binds less than what stands side by side"),
    ("(a | b) c", "parentheses group; in quotes they are text"),
];

/// Summary of the language in one line.
pub const IN_SHORT: &str =
    "word \"two words\" from: to: peer: ip: status: type: size>1k re:/\u{2026}/ !not a|b (\u{2026})";

/// A parsed filter. Cloning is cheap, apart from the text.
#[derive(Debug, Clone)]
pub struct Filter {
    text: String,
    /// Number of bytes of white space before the text.
    indent: usize,
    expression: Expression,
}

/// Syntax tree of a filter.
#[derive(Debug, Clone)]
pub enum Expression {
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
pub enum Test {
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

/// Role of a peer in a row or message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The peer that sent the message.
    Sender,
    /// The peer that the message was sent to.
    Receiver,
    /// Sender, receiver, or the peer that the row is about.
    Any,
}

/// Comparison of a message's size with a number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
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

impl Filter {
    /// Parses a filter of at most 1000 bytes. A filter without a term is an error; the caller handles "everything"
    /// itself.
    ///
    /// This does not check whether anything can match the filter; [`Filter::parse_for`] does.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let expression = parse::parse(text)?;
        let indent = text.len() - text.trim_start().len();
        Ok(Self { text: text.trim().to_owned(), indent, expression })
    }

    /// The filter's text, without white space around it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the filter matches the subject.
    pub fn admits(&self, subject: &Subject<'_>) -> bool {
        self.expression.admits(subject)
    }
}

/// Parses a filter for the traffic.
impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse_for(text, Domain::Traffic)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Filters are equal if their texts are equal.
impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Filter {}

impl Expression {
    fn admits(&self, subject: &Subject<'_>) -> bool {
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
