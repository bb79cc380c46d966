//! Errors of the filter parser.

use std::ops::Range;

use super::domain::Domain;

/// A parse error of a filter and its location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct FilterError {
    /// Byte range of the error in the text, on character boundaries. Empty where something is missing.
    pub span: Range<usize>,
    /// The reason.
    pub reason: Reason,
}

/// Reason why a filter is invalid. The text includes a hint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A term is missing.
    #[error("something to look for is missing here; a | in quotes is text")]
    Missing,
    /// The filter is too long; the value is the maximum in bytes.
    #[error("a filter has {0} bytes at most")]
    TooLong(usize),
    /// A quoted text has no closing quote.
    #[error("the quotes are not closed; write \\\" for a quote inside them")]
    UnclosedQuotes,
    /// A parenthesis is not closed.
    #[error("this parenthesis is not closed; in quotes it is text")]
    Unclosed,
    /// A closing parenthesis has no opening one.
    #[error("there is no parenthesis to close; in quotes it is text")]
    NothingToClose,
    /// Parentheses are nested deeper than 16 levels.
    #[error("parentheses stand in one another too deep")]
    TooDeep,
    /// The address after a field is missing. The value is the field with its colon.
    #[error("{0} takes a part of an address, as in {0}tower; in quotes it is text")]
    NoAddress(&'static str),
    /// The address after `=` is not a whole address. The value is the field's name.
    #[error("{0}= takes a whole address, as in {0}=\"tower:8080\"; in quotes it is text")]
    NoWholeAddress(&'static str),
    /// The value of `ip:` is neither an IP address nor a network.
    #[error(
        "ip: takes an IP address or a network, as in ip:192.0.2.7 or ip:192.0.2.0/24; in quotes it is text"
    )]
    Ip,
    /// The value of `status:` is not a status.
    #[error("a status is new, alive, lost, dead or ignored, as in status:lost")]
    Status,
    /// The value of `type:` is not a type.
    #[error("a type is in, out, own, message, announce, note, refused, failed or dropped")]
    Type,
    /// The size or its comparison does not parse.
    #[error("a size is written size>1k or size<200; k is a thousand bytes, M a million, G a billion")]
    Size,
    /// The expression after `re:` is missing or empty.
    #[error("an expression is written re:/…/, as in re:/^gnu/; in quotes it is text")]
    NoExpression,
    /// The expression has no closing slash.
    #[error("the expression is not closed; it ends with /, and \\/ stands for a / inside it")]
    UnclosedExpression,
    /// The regular expression is invalid; the value is the parser's message.
    #[error("the expression is not valid: {0}")]
    Expression(String),
    /// The pattern exceeds the limits of the DFA.
    #[error("this is too costly to look for in every message; repeat less in it, or look for plain words")]
    TooCostly,
    /// The filter has too many patterns; the value is the maximum.
    #[error("a filter looks for {0} texts at most; leave some out, or use two filters")]
    TooMany(usize),
    /// No item of the domain can match this condition.
    #[error("no {0} can match {1}; {hint}", hint = .0.usable_fields())]
    Never(Domain, String),
    /// No item of the domain can match both conditions.
    #[error("no {0} can match both {1} and {2}")]
    NeverBoth(Domain, String, String),
    /// No item of the domain can match all of these conditions.
    #[error("no {0} can match all of {1}")]
    NeverAll(Domain, String),
    /// The field does not exist, but its name is close to one that does. The fields are the name as written and the
    /// correct one.
    #[error("there is no field {0}:, but {1}: there is; in quotes it is text")]
    Misspelt(String, &'static str),
}
