//! The parser of the filter language.

use std::ops::Range;

use clacks_p2p::core::Status;

use super::{
    domain::{Role, Type},
    error::{FilterError, Reason},
    expression::{Comparison, Expression, Test},
    field::FIELDS,
    network::NoNetwork,
    pattern::{MAX_AUTOMATA, Pattern},
};

/// Maximum length of a filter in bytes.
pub(crate) const MAX_LENGTH: usize = 1000;
/// Maximum nesting depth of parentheses.
const MAX_DEPTH: usize = 16;
/// Maximum number of patterns: words, quoted texts and regular expressions. Together with the maximum text length it
/// bounds the work of one match.
const MAX_PATTERNS: usize = 64;
/// Characters that end a word, besides white space.
pub(crate) const SPECIAL: [char; 4] = ['"', '|', '(', ')'];

/// Parses a filter into its syntax tree. Limits: 1000 bytes, 16 levels of parentheses, 64 patterns, 2 MiB for all
/// DFAs.
pub(crate) fn parse(text: &str) -> Result<Expression, FilterError> {
    if text.len() > MAX_LENGTH {
        let start = (0..=MAX_LENGTH).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        return Err(FilterError { span: start..text.len(), reason: Reason::TooLong(MAX_LENGTH) });
    }
    let mut parser = Parser { text, at: 0, depth: 0, patterns: 0, bytes: 0 };
    let expression = parser.any()?;
    // Only a closing parenthesis ends parsing early.
    if parser.at < text.len() {
        return Err(FilterError { span: parser.at..parser.at + 1, reason: Reason::NothingToClose });
    }
    Ok(expression)
}

struct Parser<'a> {
    text: &'a str,
    /// Byte offset of the next character.
    at: usize,
    depth: usize,
    /// Number of patterns so far, and their size in bytes.
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

    /// Consumes `wanted` if it comes next.
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

    /// Parses a word or a field.
    fn test(&mut self) -> Result<Test, FilterError> {
        let start = self.at;
        let word = self.bare();
        let span = start..self.at;
        if let Some(size) = size_test(word) {
            return size.map_err(|reason| FilterError { span, reason });
        }
        if let Some((field, role, value)) = exact_field(word) {
            return self.whole_address(field, role, value, span);
        }
        let Some((name, value)) = word.split_once(':') else {
            return Ok(Test::Text(self.literal(word, span)?));
        };
        let Some(field) =
            FIELDS.iter().map(|field| field.name).find(|field| field.eq_ignore_ascii_case(name))
        else {
            return match misspelt(name) {
                Some(field) => Self::fail(span, Reason::Misspelt(name.to_owned(), field)),
                None => Ok(Test::Text(self.literal(word, span)?)),
            };
        };
        let value_at = start + name.len() + 1;
        match field {
            "from" => Ok(Test::From(self.address("from:", value, value_at, span)?)),
            "to" => Ok(Test::To(self.address("to:", value, value_at, span)?)),
            "peer" => Ok(Test::Peer(self.address("peer:", value, value_at, span)?)),
            "ip" => match value.parse() {
                Ok(network) => Ok(Test::Ip(network)),
                Err(NoNetwork) => Self::fail(span, Reason::Ip),
            },
            "status" => {
                match Status::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(value)) {
                    Some(status) => Ok(Test::Status(status)),
                    None => Self::fail(span, Reason::Status),
                }
            }
            "type" => match type_named(value) {
                Some(wanted) => Ok(Test::Type(wanted)),
                None => Self::fail(span, Reason::Type),
            },
            "size" => Self::fail(span, Reason::Size),
            _ => self.expression(value_at, span),
        }
    }

    /// Consumes a word without quotes.
    fn bare(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || SPECIAL.contains(&c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn address(
        &mut self,
        field: &'static str,
        value: &str,
        value_at: usize,
        span: Range<usize>,
    ) -> Result<Pattern, FilterError> {
        match (value, self.next()) {
            ("", Some('"')) => self.quoted_pattern(),
            ("", _) => Self::fail(span, Reason::NoAddress(field)),
            (value, _) => self.literal(value, value_at..span.end),
        }
    }

    /// Parses the address after `peer=`, `from=` or `to=`.
    fn whole_address(
        &mut self,
        field: &'static str,
        role: Role,
        value: &str,
        span: Range<usize>,
    ) -> Result<Test, FilterError> {
        let quoted = if value.is_empty() && self.next() == Some('"') { Some(self.quoted()?) } else { None };
        let address = quoted.as_deref().unwrap_or(value).parse();
        match address {
            Ok(address) => Ok(Test::Exactly(role, address)),
            Err(_) => Self::fail(span.start..self.at, Reason::NoWholeAddress(field)),
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
                // A backslash before any other character is literal.
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

    /// Parses a regular expression between slashes.
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
        // An escaped slash is a plain slash in the regular expression.
        Ok(Test::Text(self.pattern(source, |max_bytes| Pattern::new(&rest[..length], max_bytes))?))
    }

    fn literal(&mut self, text: &str, span: Range<usize>) -> Result<Pattern, FilterError> {
        self.pattern(span, |max_bytes| Pattern::literal(text, max_bytes))
    }

    /// Compiles one more pattern, if the limits allow it.
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

pub(crate) fn unescaped_slash(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'/' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

/// Parses `size>1k`; `None` if the word is no size test.
fn size_test(word: &str) -> Option<Result<Test, Reason>> {
    let rest = word.get(..4).filter(|name| name.eq_ignore_ascii_case("size")).map(|_| &word[4..])?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let comparisons = [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        (">", Comparison::Above),
        ("<", Comparison::Below),
        ("=", Comparison::Exactly),
    ];
    let mut found = comparisons.into_iter();
    let (number, comparison) =
        found.find_map(|(sign, comparison)| Some((rest.strip_prefix(sign)?, comparison)))?;
    Some(bytes(number).map(|bytes| Test::Size(comparison, bytes)).ok_or(Reason::Size))
}

/// Parses a number of bytes: `200`, `1.5k`, `2MB`, `1G`.
fn bytes(text: &str) -> Option<u64> {
    let text = text.to_ascii_lowercase();
    let text = text.strip_suffix('b').unwrap_or(&text);
    let (digits, unit) = match text.char_indices().last()? {
        (at, 'k') => (&text[..at], 1e3),
        (at, 'm') => (&text[..at], 1e6),
        (at, 'g') => (&text[..at], 1e9),
        _ => (text, 1.0),
    };
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = digits.parse::<f64>().ok().filter(|_| is_number)?;
    Some((number * unit).round() as u64)
}

/// Parses the field of `peer=tower:80`. Returns its name, the role, and the text after the `=`.
fn exact_field(word: &str) -> Option<(&'static str, Role, &str)> {
    let (name, value) = word.split_once('=')?;
    let fields = [("from", Role::Sender), ("to", Role::Receiver), ("peer", Role::Any)];
    let (field, role) = fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name))?;
    Some((field, role, value))
}

fn type_named(name: &str) -> Option<Type> {
    // The screen shows the type `note` as `peer`.
    if name.eq_ignore_ascii_case("peer") {
        return Some(Type::Note);
    }
    Type::ALL.into_iter().find(|wanted| wanted.name().eq_ignore_ascii_case(name))
}

/// The field that was probably meant. Other words with a colon are text, such as `host:port`.
fn misspelt(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let mut long_enough = FIELDS.iter().map(|field| field.name).filter(|field| field.len() > 3);
    long_enough.find(|field| strsim::osa_distance(field, &name) == 1)
}
