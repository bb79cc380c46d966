//! The filter language. A filter selects messages, rows of the traffic and peers to show, signal or hold.
//!
//! Terms side by side must all match; `|` separates alternatives; `!` negates the next term; parentheses group. A term
//! is a word, `"words in quotes"`, an expression `re:/…/`, or one of the fields `from:`, `to:`, `peer:`, `ip:`,
//! `status:`, `type:` and `size`. `from=`, `to=` and `peer=` take a whole address and match only that one. Letter case
//! never matters.
//!
//! Every filter is bounded in its length, nesting depth, number of patterns, and the part of a message that it reads.
//! Matching takes one step per byte, whatever the expression is.

pub mod domain;
pub mod error;
mod expression;
pub mod field;
#[cfg(test)]
mod fuzz;
mod network;
mod parse;
mod pattern;
mod possible;
pub mod subject;
#[cfg(test)]
mod tests;

use std::{ops::Range, str::FromStr};

use domain::Domain;
use error::FilterError;
use expression::Expression;
use serde::{Deserialize, Deserializer, de::Error};
use subject::Subject;

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

    /// Parses a filter and rejects it if no item of the domain can match.
    pub fn parse_for(text: &str, domain: Domain) -> Result<Self, FilterError> {
        let filter = Self::parse(text)?;
        filter.check_for(domain).map(|()| filter)
    }

    /// Rejects a filter that no item of the domain can match.
    pub(crate) fn check_for(&self, domain: Domain) -> Result<(), FilterError> {
        possible::check(&self.expression, domain, |span| self.written(span))
    }

    /// The text at a range of the expression.
    fn written(&self, span: &Range<usize>) -> &str {
        self.text.get(span.start - self.indent..span.end - self.indent).unwrap_or_default()
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
