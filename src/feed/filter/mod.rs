//! The filter language. A filter selects lines of the traffic, or rows of a list, of any network.
//!
//! Terms side by side must all match; `|` separates alternatives; `!` negates the next term; parentheses group. A term
//! is a word, `"words in quotes"`, an expression `re:/…/`, or a field. Letter case never matters.
//!
//! Every network has these fields. Their names are reserved: a column or field with such a name has no other meaning.
//!
//! | field | of a line | of a row |
//! |---|---|---|
//! | `from:`, `to:` | the peer of a line with direction `in`, `out` | the column of this name |
//! | `peer:` | the peer | columns that refer to a list of peers, and the columns `from`, `to` and `peer`; in a list of peers also the key, the `Id` columns and the column `name` |
//! | `ip:` | the remote address | an `Id` column that is an IP address, with or without a port; a text column `ip` or `remote` |
//! | `status:` | the statuses | all columns of statuses |
//! | `type:` | the direction (`in`, `out`, `own`, `note`) and the types | in a list of messages with the columns `from` or `to`: the direction; in any list of messages: `message` |
//! | `size` | the length of the text | the length of the whole text in the first `Json` or `Text` column; without such a column the column `size` |
//! | `node:` | the name of the node | the name of the node |
//! | `net:` | the name of the network | the name of the network |
//!
//! `from=`, `to=` and `peer=` take a whole address and match only that one: two addresses are the same if they differ
//! only in letter case, or in how an IP address is written.
//!
//! The other fields are those of the [`Description`]: the columns of the list, or the fields of the kinds of events. Their
//! form follows from the [`Kind`] of their values:
//!
//! | kinds | form |
//! |---|---|
//! | `Count`, `Bytes` | `visits>=3`, `size<2k`; k, M and G are powers of a thousand |
//! | `Rate`, `BytesRate` | `in>1.5k`, `in>1.5kB/s` |
//! | `Ratio` | `ratio>50%`, `ratio>0.5` |
//! | `Took` | `took>100ms`; us, ms, s, m, h, d |
//! | `At` | `since<5m`: the time between then and now, in the units of `Took` |
//! | `Flag` | `named:yes`, `named:no` |
//! | `Status` | `was:lost` |
//! | `Id`, `Text`, `Json`, `Ref` | `reason:refused`, `reason:"connection refused"` |
//!
//! A word is searched in all texts of an item and in the addresses of its peers, but not in a field `remote`, which
//! `ip:` is for.
//!
//! A missing value never matches. `=` with `Count` and `Bytes` is exact; with other numbers it compares as many digits as
//! are written, so `took=3ms` matches 2.5 to 3.5 ms.
//!
//! Several kinds of events can have a field of one name, with values of different kinds. Then a value in a filter is read
//! in every way in which it has a meaning there, and matches an event in the way of its kind. The filter is refused only if
//! the value has no meaning for any of them.
//!
//! A filter remembers names, not their positions in a description. So one filter can be matched with subjects of several
//! networks, and with those of a node whose description has changed. A name that a network does not have never matches.
//!
//! Every filter is bounded in its length, nesting depth, number of patterns, and the part of a text that it searches.
//! Matching takes one step per byte, whatever the expression is.

mod at_cursor;
mod error;
mod field;
#[cfg(test)]
mod fuzz;
mod grammar;
mod ip_network;
mod number;
mod parse;
mod pattern;
mod possible;
mod scope;
mod subject;
#[cfg(test)]
mod tests;
mod word;

use std::{fmt, ops::Range};

pub use at_cursor::{AtCursor, at_cursor};
pub use error::{FilterError, NumberField, Reason};
pub use field::{FilterField, Values, fields};
pub use grammar::{grammar, in_short};
pub use scope::Scope;
pub use subject::Subject;
pub use word::word_at;

use crate::{
    Direction, Name, Value,
    description::{Description, Kind, StatusId},
};
use ip_network::IpNetwork;
use number::{Amount, Comparison};
use pattern::Pattern;
use subject::PeerRole;

/// Longest filter in bytes.
const MAX_LENGTH: usize = 1000;

/// A parsed filter. Cloning is cheap, apart from the text.
#[derive(Debug, Clone)]
pub struct Filter {
    text: String,
    /// Bytes of white space that stood before the text.
    indent: usize,
    expression: Expression,
}

/// Syntax tree of a filter.
#[derive(Debug, Clone)]
enum Expression {
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
enum Test {
    /// A word, a quoted text or an expression: any text of the item or the address of a peer matches.
    Text(Pattern),
    /// `from:`, `to:` or `peer:`: the address of the peer with this role matches.
    Peer(PeerRole, Pattern),
    /// `from=`, `to=` or `peer=`: the peer with this role has exactly this address.
    Exactly(PeerRole, String),
    /// `ip:`: the remote address is in the network.
    Ip(IpNetwork),
    /// `status:`: the item has this status.
    Status(Named),
    /// `type:` with the name of a direction.
    Direction(Direction),
    /// `type:`: the item has this type.
    Type(Named),
    /// `size`: the size of the text compares in this way.
    Size(Comparison, Amount),
    /// `node:`: the name of the node matches.
    Node(Pattern),
    /// `net:`: the name of the network matches.
    Net(Pattern),
    /// A field of the description whose number compares in this way.
    Number(Name, Comparison, Amount),
    /// A field of the description with a text, a status or a flag.
    Field(Name, FieldValue),
}

/// The name of a status or type, and its position in the description that the filter was made for. Another description
/// can have the name at another position, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    name: Name,
    hint: u8,
}

/// What stands behind the colon of a field, in each way in which it has a meaning.
#[derive(Debug, Clone)]
struct FieldValue {
    flag: Option<bool>,
    status: Option<Named>,
    text: Option<Pattern>,
}

impl Filter {
    /// Parses a filter of at most 1000 bytes. A filter without a term is an error; the caller handles "everything"
    /// itself.
    ///
    /// This does not check whether anything can match the filter; [`Filter::parse_for`] does.
    pub fn parse(text: &str, scope: Scope<'_>) -> Result<Self, FilterError> {
        let expression = parse::parse(text, scope)?;
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

    /// Whether time alone can change what the filter admits, because it compares an age, or a rate that fades.
    pub fn changes_with_time(&self, scope: Scope<'_>) -> bool {
        let changes = |kind: &Kind| matches!(kind, Kind::At | Kind::Rate | Kind::BytesRate);
        self.expression.any_test(&|test| match test {
            Test::Number(name, ..) => {
                scope.fields_named(name.as_str()).iter().any(|field| changes(&field.kind))
            }
            _ => false,
        })
    }
}

/// The filter's text.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
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

    fn any_test(&self, holds: &impl Fn(&Test) -> bool) -> bool {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().any(|part| part.any_test(holds)),
            Self::Not(part) => part.any_test(holds),
            Self::Test(test, _) => holds(test),
        }
    }
}

impl Test {
    fn admits(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Text(pattern) => subject.has_text(pattern),
            Self::Peer(role, pattern) => subject.has_peer(*role, pattern),
            Self::Exactly(role, peer) => subject.is_with(*role, peer),
            Self::Ip(network) => subject.has_remote(|remote| network.holds(remote)),
            Self::Status(status) => {
                let id = status.status_in(subject.description());
                id.is_some_and(|id| subject.statuses().contains(id))
            }
            Self::Direction(direction) => subject.direction() == Some(*direction),
            Self::Type(wanted) => subject.is_of(&wanted.name, wanted.hint),
            Self::Size(comparison, amount) => {
                subject.size().is_some_and(|size| amount.compare(*comparison, number::Measure::Whole(size)))
            }
            Self::Net(pattern) => pattern.is_match(subject.description().network.as_str()),
            Self::Node(pattern) => pattern.is_match(subject.description().node.as_str()),
            Self::Number(name, comparison, amount) => {
                subject.number(name.as_str()).is_some_and(|number| amount.compare(*comparison, number))
            }
            Self::Field(name, wanted) => wanted.is_in(subject, name),
        }
    }
}

impl Named {
    /// The id of the status with this name.
    fn status_in(&self, description: &Description) -> Option<StatusId> {
        let hint = StatusId(self.hint);
        if description.status(hint).is_some_and(|status| status.name == self.name) {
            return Some(hint);
        }
        description.status_id(self.name.as_str())
    }
}

impl FieldValue {
    fn is_in(&self, subject: &Subject<'_>, name: &Name) -> bool {
        match subject.field(name.as_str()) {
            Some((_, Value::Flag(flag))) => self.flag == Some(*flag),
            Some((_, Value::Status(statuses))) => {
                let status = self.status.as_ref().and_then(|status| status.status_in(subject.description()));
                status.is_some_and(|status| statuses.contains(status))
            }
            Some((_, Value::Text(..) | Value::Ref(_))) => {
                self.text.as_ref().is_some_and(|pattern| subject.has_text_in(name.as_str(), pattern))
            }
            _ => false,
        }
    }
}
