use std::ops::Range;

use super::{MAX_LENGTH, possible::Domain};

/// Why a text is not a filter, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct FilterError {
    /// The bytes of the text that it is about, between characters; empty where something is missing.
    pub span: Range<usize>,
    pub reason: Reason,
}

/// What is wrong with a filter, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("something to look for is missing here; a | in quotes is text")]
    Missing,
    #[error("a filter has {MAX_LENGTH} bytes at most")]
    TooLong,
    #[error("the quotes are not closed; write \\\" for a quote inside them")]
    UnclosedQuotes,
    #[error("this parenthesis is not closed; in quotes it is text")]
    Unclosed,
    #[error("there is no parenthesis to close; in quotes it is text")]
    NothingToClose,
    #[error("parentheses stand in one another too deep")]
    TooDeep,
    #[error("{0} takes a part of an address, as in {0}tower; in quotes it is text")]
    NoAddress(&'static str),
    #[error("{0}= takes a whole address, as in {0}=\"tower:8080\"; in quotes it is text")]
    NoWholeAddress(&'static str),
    #[error(
        "ip: takes an IP address or a network, as in ip:192.0.2.7 or ip:192.0.2.0/24; in quotes it is text"
    )]
    Ip,
    #[error("a status is new, alive, lost, dead or ignored, as in status:lost")]
    Status,
    #[error("a type is in, out, own, message, announce, note, refused, failed or dropped")]
    Type,
    #[error("a size is written size>1k or size<200; k is a thousand bytes, M a million, G a billion")]
    Size,
    #[error("an expression is written re:/…/, as in re:/^gnu/; in quotes it is text")]
    NoExpression,
    #[error("the expression is not closed; it ends with /, and \\/ stands for a / inside it")]
    UnclosedExpression,
    #[error("the expression is not valid: {0}")]
    Expression(String),
    #[error("this is too costly to look for in every message; repeat less in it, or look for plain words")]
    TooCostly,
    #[error("a filter looks for {0} texts at most; leave some out, or use two filters")]
    TooMany(usize),
    #[error("no {0} can match {1}; {hint}", hint = .0.what_it_has())]
    Never(Domain, String),
    #[error("no {0} can match both {1} and {2}")]
    NeverBoth(Domain, String, String),
    #[error("no {0} can match all of {1}")]
    NeverAll(Domain, String),
    #[error("there is no field {0}:, but {1}: there is; in quotes it is text")]
    Misspelt(String, &'static str),
}
