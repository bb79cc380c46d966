//! The parser of the filter language.

use std::ops::Range;

use super::{
    Comparison, Expression, FieldValue, MAX_LENGTH, Named, PeerRole, Scope, Test,
    error::{FilterError, NumberField, Reason},
    field::{RESERVED, misspelt},
    number::Amount,
    pattern::{MAX_AUTOMATA, Pattern},
    scope::{DIRECTIONS, is_text},
};
use crate::{
    Direction, Name,
    description::{Description, Field, Kind},
};

/// How deep parentheses may stand in one another.
const MAX_DEPTH: usize = 16;
/// Texts, quoted or not, and expressions that a filter may look for. Together with how much of a text is searched, this
/// bounds the work of a match.
const MAX_PATTERNS: usize = 64;
/// Where a word ends, beside white space.
pub(super) const SPECIAL: [char; 4] = ['"', '|', '(', ')'];

/// Parses a filter into its syntax tree. Limits: 1000 bytes, 16 levels of parentheses, 64 patterns, 2 MiB for all
/// DFAs.
pub(super) fn parse(text: &str, scope: Scope<'_>) -> Result<Expression, FilterError> {
    if text.len() > MAX_LENGTH {
        let start = (0..=MAX_LENGTH).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        return Err(FilterError { span: start..text.len(), reason: Reason::TooLong });
    }
    let mut parser = Parser { scope, text, at: 0, depth: 0, patterns: 0, bytes: 0 };
    let expression = parser.any()?;
    // Only a parenthesis ends it early.
    if parser.at < text.len() {
        return Err(FilterError { span: parser.at..parser.at + 1, reason: Reason::NothingToClose });
    }
    Ok(expression)
}

struct Parser<'a> {
    scope: Scope<'a>,
    text: &'a str,
    /// Where the next character stands, in bytes.
    at: usize,
    depth: usize,
    /// Patterns so far, and the bytes that they take.
    patterns: usize,
    bytes: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Goes past this if it comes next.
    fn takes(&mut self, wanted: &str) -> bool {
        let comes = self.rest().starts_with(wanted);
        self.at += if comes { wanted.len() } else { 0 };
        comes
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn fail<T>(span: Range<usize>, reason: Reason) -> Result<T, FilterError> {
        Err(FilterError { span, reason })
    }

    fn any(&mut self) -> Result<Expression, FilterError> {
        let mut choices = vec![self.all()?];
        while self.takes("|") {
            choices.push(self.all()?);
        }
        Ok(one_or(choices, Expression::Any))
    }

    fn all(&mut self) -> Result<Expression, FilterError> {
        let mut terms = Vec::new();
        loop {
            self.skip_space();
            match self.next() {
                None | Some('|' | ')') if terms.is_empty() => {
                    return Self::fail(self.at..self.at, Reason::Missing);
                }
                None | Some('|' | ')') => return Ok(one_or(terms, Expression::All)),
                Some(_) => terms.push(self.term()?),
            }
        }
    }

    fn term(&mut self) -> Result<Expression, FilterError> {
        let mut is_negated = false;
        while self.takes("!") {
            is_negated = !is_negated;
            self.skip_space();
        }
        let start = self.at;
        let term = match self.next() {
            None | Some('|' | ')') => return Self::fail(self.at..self.at, Reason::Missing),
            Some('(') => self.group()?,
            Some('"') => {
                let test = Test::Text(self.quoted_pattern()?);
                Expression::Test(test, start..self.at)
            }
            Some(_) => {
                let test = self.test()?;
                Expression::Test(test, start..self.at)
            }
        };
        Ok(if is_negated { Expression::Not(Box::new(term)) } else { term })
    }

    fn group(&mut self) -> Result<Expression, FilterError> {
        let opening = self.at..self.at + 1;
        if self.depth == MAX_DEPTH {
            return Self::fail(opening, Reason::TooDeep);
        }
        (self.at, self.depth) = (self.at + 1, self.depth + 1);
        let inner = self.any()?;
        self.depth -= 1;
        if self.takes(")") { Ok(inner) } else { Self::fail(opening, Reason::Unclosed) }
    }

    /// A word or a field.
    fn test(&mut self) -> Result<Test, FilterError> {
        let start = self.at;
        let word = self.bare();
        let span = start..self.at;
        let end_of_name = word.find(|c: char| !is_of_name(c)).unwrap_or(word.len());
        let (name, rest) = word.split_at(end_of_name);
        let value = rest.strip_prefix(':');
        if let Some((comparison, number)) = Comparison::split(value.unwrap_or(rest))
            && let Some(test) = self.comparison(name, comparison, number, value.is_some())
        {
            return test.map_err(|reason| FilterError { span, reason });
        }
        if let Some(value) = rest.strip_prefix('=')
            && let Some((field, role)) = peer_field(name)
        {
            return self.whole_address(field, role, value, span);
        }
        let Some(value) = value else {
            let misspelt =
                word.split_once(':').and_then(|(name, _)| Some((name, misspelt(name, self.scope)?)));
            return match misspelt {
                Some((name, field)) => Self::fail(span, Reason::Misspelt(name.to_owned(), field)),
                None => Ok(Test::Text(self.literal(word, span)?)),
            };
        };
        let value_at = start + name.len() + 1;
        if let Some(field) = RESERVED.into_iter().find(|field| field.eq_ignore_ascii_case(name)) {
            return self.reserved(field, value, value_at, span);
        }
        let fields = self.scope.fields_named(name);
        // A scheme, as in `http://tower`.
        if fields.is_empty() || value.starts_with("//") {
            return match misspelt(name, self.scope).filter(|_| fields.is_empty()) {
                Some(field) => Self::fail(span, Reason::Misspelt(name.to_owned(), field)),
                None => Ok(Test::Text(self.literal(word, span)?)),
            };
        }
        self.field(&fields, value, value_at, span)
    }

    /// `size>1k` and its like. `None` if no field of this name has numbers.
    fn comparison(
        &self,
        name: &str,
        comparison: Comparison,
        number: &str,
        has_colon: bool,
    ) -> Option<Result<Test, Reason>> {
        if name.eq_ignore_ascii_case("size") {
            let amount = Amount::parse(number);
            let is_size = amount.whole().is_some();
            return Some(if is_size { Ok(Test::Size(comparison, amount)) } else { Err(Reason::Size) });
        }
        if RESERVED.iter().any(|field| field.eq_ignore_ascii_case(name)) {
            return None;
        }
        let mut fields = self.scope.fields_named(name);
        // Behind a colon it can be a text that begins with such a character.
        if has_colon && fields.iter().any(|field| !field.kind.is_number()) {
            return None;
        }
        fields.retain(|field| field.kind.is_number());
        let first = fields.first()?;
        let amount = Amount::parse(number);
        Some(if fields.iter().any(|field| amount.is_of(&field.kind)) {
            Ok(Test::Number(first.name.clone(), comparison, amount))
        } else {
            Err(Reason::Number(Box::new(NumberField::from(*first))))
        })
    }

    /// What stands behind the colon of a field that every network has.
    fn reserved(
        &mut self,
        field: &'static str,
        value: &str,
        value_at: usize,
        span: Range<usize>,
    ) -> Result<Test, FilterError> {
        if let Some((field, role)) = peer_field(field) {
            let pattern = self.text(value, value_at, span, Reason::NoAddress(field))?;
            return Ok(Test::Peer(role, pattern));
        }
        match field {
            "ip" => match value.parse() {
                Ok(network) => Ok(Test::Ip(network)),
                Err(_) => Self::fail(span, Reason::Ip),
            },
            "status" => match self.status(value) {
                Some(status) => Ok(Test::Status(status)),
                None => Self::fail(span, Reason::Status(Name::from("status"), self.scope.statuses())),
            },
            "type" => match self.type_named(value) {
                Some(test) => Ok(test),
                None => Self::fail(span, Reason::Type(self.scope.types())),
            },
            "net" => Ok(Test::Net(self.text(value, value_at, span, Reason::NoText(Name::from("net")))?)),
            "node" => Ok(Test::Node(self.text(value, value_at, span, Reason::NoText(Name::from("node")))?)),
            "size" => Self::fail(span, Reason::Size),
            _ => self.expression(value_at, span),
        }
    }

    /// What stands behind the colon of a field of the description.
    fn field(
        &mut self,
        fields: &[&Field],
        value: &str,
        value_at: usize,
        span: Range<usize>,
    ) -> Result<Test, FilterError> {
        let has = |holds: fn(&Kind) -> bool| fields.iter().any(|field| holds(&field.kind));
        let name = &fields[0].name;
        let (has_flag, has_status) = (has(|kind| *kind == Kind::Flag), has(|kind| *kind == Kind::Status));
        let flag = ["no", "yes"].iter().position(|word| word.eq_ignore_ascii_case(value));
        let flag = flag.map(|index| index == 1).filter(|_| has_flag);
        let status = if has_status { self.status(value) } else { None };
        let text = if has(is_text) {
            Some(self.text(value, value_at, span.clone(), Reason::NoText(name.clone()))?)
        } else {
            None
        };
        if flag.is_none() && status.is_none() && text.is_none() {
            let reason = if has_status {
                Reason::Status(name.clone(), self.scope.statuses())
            } else if has_flag {
                Reason::Flag(name.clone())
            } else if let Some(field) = fields.iter().find(|field| field.kind.is_number()) {
                Reason::Number(Box::new(NumberField::from(*field)))
            } else {
                // The values of a later version of the program are unknown.
                return Ok(Test::Text(self.literal(&self.text[span.clone()], span)?));
            };
            return Self::fail(span, reason);
        }
        Ok(Test::Field(name.clone(), FieldValue { flag, status, text }))
    }

    fn status(&self, name: &str) -> Option<Named> {
        self.named(name, |description| description.statuses.iter().map(|status| &status.name).collect())
    }

    fn type_named(&self, name: &str) -> Option<Test> {
        let direction = DIRECTIONS.iter().find(|(direction, _)| direction.eq_ignore_ascii_case(name));
        if let Some((_, direction)) = direction {
            return Some(Test::Direction(*direction));
        }
        if let Some(named) = self.named(name, |description| description.types.iter().collect()) {
            return Some(Test::Type(named));
        }
        // The traffic has this word before its notes.
        name.eq_ignore_ascii_case("peer").then_some(Test::Direction(Direction::Note))
    }

    /// The name in the first network that has it.
    fn named(&self, name: &str, names: fn(&Description) -> Vec<&Name>) -> Option<Named> {
        self.scope.descriptions().iter().find_map(|description| {
            let mut names = (0..).zip(names(description));
            let (hint, name) = names.find(|(_, known)| known.as_str().eq_ignore_ascii_case(name))?;
            Some(Named { name: name.clone(), hint })
        })
    }

    /// Goes past a word without quotes.
    fn bare(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || SPECIAL.contains(&c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// The text behind a colon, in quotes or not.
    fn text(
        &mut self,
        value: &str,
        value_at: usize,
        span: Range<usize>,
        missing: Reason,
    ) -> Result<Pattern, FilterError> {
        match (value, self.next()) {
            ("", Some('"')) => self.quoted_pattern(),
            ("", _) => Self::fail(span, missing),
            (value, _) => self.literal(value, value_at..span.end),
        }
    }

    /// The address behind `peer=` and its like.
    fn whole_address(
        &mut self,
        field: &'static str,
        role: PeerRole,
        value: &str,
        span: Range<usize>,
    ) -> Result<Test, FilterError> {
        let quoted = if value.is_empty() && self.next() == Some('"') { Some(self.quoted()?) } else { None };
        match quoted.unwrap_or_else(|| value.to_owned()) {
            address if address.is_empty() => Self::fail(span.start..self.at, Reason::NoWholeAddress(field)),
            address => Ok(Test::Exactly(role, address)),
        }
    }

    fn quoted_pattern(&mut self) -> Result<Pattern, FilterError> {
        let start = self.at;
        let text = self.quoted()?;
        if text.is_empty() {
            return Self::fail(start..self.at, Reason::Missing);
        }
        self.literal(&text, start..self.at)
    }

    fn quoted(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += at + 1;
                    return Ok(text);
                }
                // A backslash before anything but these two stands for itself.
                '\\' => match self.text[start + at + 1..].chars().next() {
                    Some(escaped @ ('"' | '\\')) => {
                        text.push(escaped);
                        characters.next();
                    }
                    _ => text.push('\\'),
                },
                character => text.push(character),
            }
        }
        Self::fail(start..self.text.len(), Reason::UnclosedQuotes)
    }

    /// An expression between slashes.
    fn expression(&mut self, value_at: usize, span: Range<usize>) -> Result<Test, FilterError> {
        let Some(rest) = self.text[value_at..].strip_prefix('/') else {
            return Self::fail(span, Reason::NoExpression);
        };
        let Some(length) = unescaped_slash(rest) else {
            return Self::fail(span.start..self.text.len(), Reason::UnclosedExpression);
        };
        let source = value_at + 1..value_at + 1 + length;
        self.at = source.end + 1;
        if source.is_empty() {
            return Self::fail(span.start..self.at, Reason::NoExpression);
        }
        // To the expression an escaped slash is a slash.
        Ok(Test::Text(self.pattern(source, |max_bytes| Pattern::new(&rest[..length], max_bytes))?))
    }

    fn literal(&mut self, text: &str, span: Range<usize>) -> Result<Pattern, FilterError> {
        self.pattern(span, |max_bytes| Pattern::literal(text, max_bytes))
    }

    /// One more pattern, if there is room for it.
    fn pattern(
        &mut self,
        span: Range<usize>,
        pattern: impl FnOnce(usize) -> Result<Pattern, Reason>,
    ) -> Result<Pattern, FilterError> {
        if self.patterns == MAX_PATTERNS {
            return Self::fail(span, Reason::TooMany(MAX_PATTERNS));
        }
        let pattern = pattern(MAX_AUTOMATA - self.bytes).map_err(|reason| FilterError { span, reason })?;
        self.patterns += 1;
        self.bytes = (self.bytes + pattern.size()).min(MAX_AUTOMATA);
        Ok(pattern)
    }
}

fn one_or(mut several: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match several.pop() {
        Some(only) if several.is_empty() => only,
        last => {
            several.extend(last);
            join(several)
        }
    }
}

pub(super) fn unescaped_slash(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'/' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

/// Whether it can stand in the name of a field.
fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}

/// The fields of peers.
fn peer_field(name: &str) -> Option<(&'static str, PeerRole)> {
    let fields = [("from", PeerRole::Sender), ("to", PeerRole::Receiver), ("peer", PeerRole::Any)];
    fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name))
}
