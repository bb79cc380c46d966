//! The filter language: which messages, rows and peers somebody wants to see, hear of or hold.
//!
//! Terms stand side by side and all have to hold; `|` separates alternatives; `!` negates the term behind it;
//! parentheses group. A term is a word, `"words in quotes"`, an expression `re:/…/`, or one of the fields `from:`,
//! `to:`, `peer:`, `ip:`, `status:`, `type:` and `size`. `from=`, `to=` and `peer=` take a whole address and mean no
//! other. No case of letters matters anywhere.
//!
//! Every filter is bounded: in its length, in how deep it is nested, in how many texts it looks for, and in how much of a
//! message it looks at. What it looks for takes one step for each byte, whatever the expression is.

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

/// Longest filter in bytes.
pub(crate) const MAX_LENGTH: usize = 1000;

/// The language in short: what is written, and what it lets through.
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

/// The same in one line.
pub const IN_SHORT: &str =
    "word \"two words\" from: to: peer: ip: status: type: size>1k re:/\u{2026}/ !not a|b (\u{2026})";

/// Tells what is wanted from what is not. Cheap to clone, apart from its text.
#[derive(Debug, Clone)]
pub struct Filter {
    text: String,
    /// Bytes of white space that stood before the text.
    indent: usize,
    expression: Expression,
}

#[derive(Debug, Clone)]
pub enum Expression {
    Any(Vec<Self>),
    All(Vec<Self>),
    Not(Box<Self>),
    /// A test, and where it stands in the text, in bytes.
    Test(Test, Range<usize>),
}

#[derive(Debug, Clone)]
pub enum Test {
    Text(Pattern),
    From(Pattern),
    To(Pattern),
    Peer(Pattern),
    /// This peer and no other.
    Exactly(Role, Address),
    Ip(Network),
    Status(Status),
    Type(Type),
    Size(Comparison, u64),
}

/// What a peer is to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Sender,
    Receiver,
    /// One of these, or the peer that it is about.
    Any,
}

/// How the size of a message is compared with a number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
    Exactly,
}

impl Filter {
    /// Reads a filter. One without a term is an error, so whoever has a use for "everything" looks for it before.
    ///
    /// Whether anything can match it is a matter of what it is for: [`Filter::parse_for`].
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let expression = parse::parse(text)?;
        let indent = text.len() - text.trim_start().len();
        Ok(Self { text: text.trim().to_owned(), indent, expression })
    }

    /// The filter as it was written, without white space around it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is wanted.
    pub fn admits(&self, subject: &Subject<'_>) -> bool {
        self.expression.admits(subject)
    }
}

/// A filter for the traffic.
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

/// Filters are the same if they were written the same.
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
