//! Errors of the filter parser.

use std::ops::Range;

use super::MAX_LENGTH;
use crate::{
    Name,
    description::{Field, Kind},
};

/// Names that an error lists before it only counts the rest.
const MOST_NAMES: usize = 24;

/// A parse error of a filter and its location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct FilterError {
    /// Byte range of the error in the text, on character boundaries. Empty where something is missing.
    pub span: Range<usize>,
    /// The reason.
    pub reason: Reason,
}

impl FilterError {
    /// Whether more characters at the end of the text can mend it: something is missing or not closed there.
    pub fn is_incomplete(&self) -> bool {
        match &self.reason {
            Reason::Missing
            | Reason::UnclosedQuotes
            | Reason::Unclosed
            | Reason::NoAddress(_)
            | Reason::NoWholeAddress(_)
            | Reason::NoText(_)
            | Reason::Ip
            | Reason::Size
            | Reason::Number(_)
            | Reason::Flag(_)
            | Reason::Type(_)
            | Reason::Status(..)
            | Reason::NoExpression
            | Reason::UnclosedExpression
            | Reason::Misspelt(..) => true,
            Reason::TooLong
            | Reason::NothingToClose
            | Reason::TooDeep
            | Reason::Expression(_)
            | Reason::TooCostly
            | Reason::TooMany(_)
            | Reason::Never(..)
            | Reason::NeverBoth(..)
            | Reason::NeverAll(..) => false,
        }
    }
}

/// Reason why a filter is invalid. The text includes a hint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A term is missing.
    #[error("something to look for is missing here; a | in quotes is text")]
    Missing,
    /// The filter is longer than 1000 bytes.
    #[error("a filter has {MAX_LENGTH} bytes at most")]
    TooLong,
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
    /// The address after a field is missing. The value is the field's name.
    #[error("{0}: takes a part of an address, as in {0}:tower; in quotes it is text")]
    NoAddress(&'static str),
    /// The address after `=` is missing. The value is the field's name.
    #[error("{0}= takes a whole address, as in {0}=\"tower:8080\"; in quotes it is text")]
    NoWholeAddress(&'static str),
    /// The text after a field is missing. The value is the field's name.
    #[error("{0}: takes a text, as in {0}:word; in quotes it is text")]
    NoText(Name),
    /// The value of `ip:` is neither an IP address nor a network.
    #[error(
        "ip: takes an IP address or a network, as in ip:192.0.2.7 or ip:192.0.2.0/24; in quotes it is text"
    )]
    Ip,
    /// The value of `status:`, or of another field with statuses, is not a status. The values are the field's name and
    /// the names of the statuses.
    #[error("{}", one_of("a status is", "there are no statuses here", .0, .1))]
    Status(Name, Vec<Name>),
    /// The value of `type:` is not a type. The values are the names of the types.
    #[error("a type is {}", listed(.0))]
    Type(Vec<Name>),
    /// The size or its comparison does not parse.
    #[error("a size is written size>1k or size<200; k is a thousand bytes, M a million, G a billion")]
    Size,
    /// The number after a field does not parse, or its comparison is missing.
    #[error("{}", number(.0))]
    Number(Box<NumberField>),
    /// The value of a field is neither `yes` nor `no`. The value is the field's name.
    #[error("{0} is yes or no, as in {0}:yes; in quotes it is text")]
    Flag(Name),
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
    /// No item can match this condition. The values are the kind of items, the condition and a hint.
    #[error("no {0} can match {1}; {2}")]
    Never(String, String, String),
    /// No item can match both conditions. The values are the kind of items and the conditions.
    #[error("no {0} can match both {1} and {2}")]
    NeverBoth(String, String, String),
    /// No item can match all of these conditions. The values are the kind of items and the conditions.
    #[error("no {0} can match all of {1}")]
    NeverAll(String, String),
    /// The field does not exist, but its name is close to one that does. The values are the name as written and the
    /// correct one.
    #[error("there is no field {0}:, but {1}: there is; in quotes it is text")]
    Misspelt(String, Name),
}

/// A field whose values are numbers, for an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberField {
    /// Its name.
    pub name: Name,
    /// The kind of its values.
    pub kind: Kind,
}

impl From<&Field> for NumberField {
    fn from(field: &Field) -> Self {
        Self { name: field.name.clone(), kind: field.kind.clone() }
    }
}

/// How a number of this kind is written.
fn number(NumberField { name, kind }: &NumberField) -> String {
    match kind {
        Kind::Took => {
            format!("{name} is a duration, as in {name}>100ms; its units are us, ms, s, m, h and d")
        }
        Kind::At => format!("{name} is an age, as in {name}<5m; its units are ms, s, m, h and d"),
        Kind::Ratio => format!("{name} is a part of the whole, as in {name}>50% or {name}>0.5"),
        Kind::Bytes => format!("{name} is a number of bytes, as in {name}>1k or {name}<200; also M and G"),
        Kind::BytesRate => format!("{name} is a number of bytes a second, as in {name}>1k or {name}<200"),
        Kind::Rate => format!("{name} is a number a second, as in {name}>2.5 or {name}<1k"),
        _ => format!("{name} is a number, as in {name}>=3 or {name}<2k; also M and G"),
    }
}

fn one_of(start: &str, nothing: &str, field: &Name, names: &[Name]) -> String {
    match names {
        [] => nothing.to_owned(),
        [first, ..] => format!("{start} {}, as in {field}:{first}", listed(names)),
    }
}

/// Names as in a sentence: `new, alive or dead`.
pub(super) fn listed(names: &[Name]) -> String {
    if names.len() > MOST_NAMES {
        let shown: Vec<_> = names[..MOST_NAMES].iter().map(Name::as_str).collect();
        return format!("{} or one of {} more", shown.join(", "), names.len() - MOST_NAMES);
    }
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.to_string(),
        Some((last, first)) => {
            let first: Vec<_> = first.iter().map(Name::as_str).collect();
            format!("{} or {last}", first.join(", "))
        }
    }
}
