//! Finds the word at the cursor and the kind of text that fits there.

use std::ops::Range;

use clacks_feed::{
    Name,
    filter::{self as traffic_filter, FilterField, at_cursor, word_at},
};

use super::matching::begins;
use crate::{
    command::{Argument, spec, table::Spec},
    filter::{
        domain::Domain,
        field::{FIELDS, Values},
    },
};

/// Kind of text that fits at the cursor.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Slot<'a> {
    /// The name of a command.
    Name,
    /// The argument of a command, or its first word.
    Argument(&'static Spec),
    /// The word after the number of a station: `bell`, `clear` or a filter.
    Station,
    /// The start of a filter term.
    Field,
    /// The start of a filter term, or the word `all`.
    FieldOrAll,
    /// The value of a filter field.
    Value(FieldValues<'a>),
}

/// What can follow a filter field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FieldValues<'a> {
    /// Addresses of peers.
    Peers,
    /// One of these words.
    Words(&'a [Name]),
    /// Values of a filter of messages.
    OfMessages(Values),
    /// Anything. Completion offers nothing.
    Anything,
}

/// The word at the cursor, with its context.
#[derive(Debug, Clone)]
pub(crate) struct WordAtCursor<'a> {
    /// Kind of text that fits here.
    pub slot: Slot<'a>,
    /// Range of the word, in bytes of the line.
    pub replaces: Range<usize>,
    /// The part of the word before the cursor.
    pub(crate) typed: &'a str,
    /// Domain of the filter being written; `Traffic` if there is no filter.
    pub domain: Domain,
    /// Byte offset of the command's argument. In a command's name, the offset of the name.
    pub argument: usize,
    /// The cursor as a byte offset on a character boundary.
    pub cursor: usize,
}

/// The command of a line and its argument so far. The argument is `None` until white space follows the name.
pub fn argument(line: &str) -> Option<(&'static Spec, Option<&str>)> {
    let name = name(line)?;
    let rest = &line[name.end..];
    let spec = spec(&line[name])?;
    Some((spec, rest.starts_with(char::is_whitespace).then(|| rest.trim_start())))
}

/// Range of the command's name; `None` for a message.
fn name(line: &str) -> Option<Range<usize>> {
    let rest = line.strip_prefix(':').filter(|rest| !rest.starts_with(':'))?;
    let start = line.len() - rest.trim_start().len();
    let end = line[start..].find(char::is_whitespace).map_or(line.len(), |length| start + length);
    Some(start..end)
}

/// Finds the word at the cursor. `None` in a message, or where nothing can be completed. `fields` are those of the filter
/// that the line contains.
pub(crate) fn written<'a>(
    line: &'a str,
    cursor: usize,
    fields: &'a [FilterField],
) -> Option<WordAtCursor<'a>> {
    let cursor = (0..=cursor.min(line.len())).rev().find(|at| line.is_char_boundary(*at))?;
    let name = name(line)?;
    if cursor < name.start {
        return None;
    }
    let place = Place { line, cursor, argument: name.start, domain: Domain::Traffic, fields };
    if cursor <= name.end {
        return Some(place.word(Slot::Name, name));
    }
    let spec = spec(&line[name.clone()])?;
    let start = line.len() - line[name.end..].trim_start().len();
    let place = Place { argument: start.min(cursor), ..place };
    match spec.argument {
        Argument::Nothing | Argument::Json | Argument::Rate | Argument::Line => None,
        Argument::Filter | Argument::RowFilter => place.term(place.argument),
        Argument::Hold | Argument::Drop => {
            let place = Place { domain: Domain::Queue, ..place };
            if place.first_word()?.is_number {
                return place.argument_word(spec);
            }
            let term = place.term(place.argument)?;
            let takes_all = spec.argument == Argument::Drop
                && matches!(term.slot, Slot::Field)
                && term.replaces.start == term.argument;
            Some(WordAtCursor { slot: if takes_all { Slot::FieldOrAll } else { term.slot }, ..term })
        }
        Argument::Station => place.station(spec),
        argument if argument.takes_file() => Some(place.path(spec)),
        Argument::Theme => Some(place.word(Slot::Argument(spec), place.argument..place.end_of_word())),
        _ => place.argument_word(spec),
    }
}

/// The cursor in a line, and the start of the command's argument.
struct Place<'a> {
    line: &'a str,
    cursor: usize,
    argument: usize,
    domain: Domain,
    fields: &'a [FilterField],
}

/// The first word of the argument.
struct FirstWord {
    range: Range<usize>,
    /// The word is empty or consists of digits.
    is_number: bool,
}

impl<'a> Place<'a> {
    fn word(&self, slot: Slot<'a>, replaces: Range<usize>) -> WordAtCursor<'a> {
        let typed = self.line.get(replaces.start..self.cursor).unwrap_or_default();
        let Self { domain, argument, cursor, .. } = *self;
        WordAtCursor { slot, replaces, typed, domain, argument, cursor }
    }

    /// End of the word at or before the cursor.
    fn end_of_word(&self) -> usize {
        let behind = &self.line[self.cursor..];
        self.cursor + behind.find(char::is_whitespace).unwrap_or(behind.len())
    }

    fn first_word(&self) -> Option<FirstWord> {
        let rest = self.line.get(self.argument..)?;
        let end = self.argument + rest.find(char::is_whitespace).unwrap_or(rest.len());
        let is_number = self.line[self.argument..end].bytes().all(|byte| byte.is_ascii_digit());
        Some(FirstWord { range: self.argument..end, is_number })
    }

    /// The first word, if the cursor is in it. After it nothing fits, if the command accepts one word.
    fn argument_word(&self, spec: &'static Spec) -> Option<WordAtCursor<'a>> {
        let first = self.first_word()?.range;
        (self.cursor <= first.end).then(|| self.word(Slot::Argument(spec), first))
    }

    /// The name in a path at the cursor. It can contain spaces before the cursor.
    fn path(&self, spec: &'static Spec) -> WordAtCursor<'a> {
        let typed = &self.line[self.argument..self.cursor];
        let start = self.argument + split_path(typed).0.len();
        let behind = &self.line[self.cursor..];
        let end = behind.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(behind.len());
        self.word(Slot::Argument(spec), start..self.cursor + end)
    }

    /// The number of a station; after it `bell`, `clear` or a filter.
    fn station(&self, spec: &'static Spec) -> Option<WordAtCursor<'a>> {
        let first = self.first_word()?.range;
        if self.cursor <= first.end {
            return Some(self.word(Slot::Argument(spec), first));
        }
        let second = self.line.len() - self.line[first.end..].trim_start().len();
        let is_second = self.line[second.min(self.cursor)..self.cursor].chars().all(char::is_alphabetic);
        let term = self.term(first.end)?;
        let slot = if is_second && matches!(term.slot, Slot::Field) { Slot::Station } else { term.slot };
        Some(WordAtCursor { slot, ..term })
    }

    /// The filter term at the cursor. `None` in quotes and in a regular expression.
    fn term(&self, filter: usize) -> Option<WordAtCursor<'a>> {
        match self.domain {
            Domain::Traffic => self.traffic_term(filter),
            Domain::Queue => self.message_term(filter),
        }
    }

    fn traffic_term(&self, filter: usize) -> Option<WordAtCursor<'a>> {
        let at = at_cursor(&self.line[filter..], self.cursor - filter, self.fields)?;
        let replaces = filter + at.replaces.start..filter + at.replaces.end;
        Some(match at.field {
            None => self.word(Slot::Field, replaces),
            Some(field) => self.word(Slot::Value(FieldValues::of(field)), replaces),
        })
    }

    fn message_term(&self, filter: usize) -> Option<WordAtCursor<'a>> {
        let word = word_at(&self.line[filter..], self.cursor - filter)?;
        let word = filter + word.start..filter + word.end;
        let text = &self.line[word.clone()];
        let Some(field) = FIELDS.iter().find(|field| begins(text, field.start)) else {
            // In `fr:tower` the value stays.
            let end = text.find(':').map_or(word.end, |colon| word.start + colon + 1);
            return (self.cursor <= end).then(|| self.word(Slot::Field, word.start..end));
        };
        let value = word.start + field.start.len();
        Some(if self.cursor < value {
            self.word(Slot::Field, word.start..value)
        } else {
            self.word(Slot::Value(FieldValues::OfMessages(field.values)), value..word.end)
        })
    }
}

impl<'a> FieldValues<'a> {
    fn of(field: &'a FilterField) -> Self {
        match &field.values {
            traffic_filter::Values::Peers => Self::Peers,
            traffic_filter::Values::Items(list) if *list == "peers" => Self::Peers,
            traffic_filter::Values::Words(words) => Self::Words(words),
            _ => Self::Anything,
        }
    }
}

/// Splits a path into the directory with its `/`, and the name.
pub(crate) fn split_path(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('/').map_or(0, |slash| slash + 1))
}
