//! Finds the word at the cursor and the kind of text that fits there.

use std::ops::Range;

use clacks_feed::{
    description::{Arg, CommandSpec, Description, Need, Takes},
    filter::{FilterField, Scope, Values, at_cursor, fields},
};

use super::Language;
use crate::command::{Argument, Known, table::Spec};

/// Kind of text that fits at the cursor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Slot {
    /// The name of a command.
    Name,
    /// The argument of a command of the interface, or its first word.
    Argument(Argument),
    /// An argument of a command of the network, in one of these forms.
    Takes {
        takes: Vec<Takes>,
        /// The fields with which a filter can begin here, if the argument can be one.
        fields: Vec<FilterField>,
        /// Whether the argument is a word, so that white space in it needs quotes.
        is_word: bool,
    },
    /// The word after the number of a station: `bell`, `clear` or the start of a filter with these fields.
    Station(Vec<FilterField>),
    /// The start of a filter term with one of these fields.
    Field(Vec<FilterField>),
    /// The value of a filter field.
    Value(Values),
}

/// The word at the cursor, with its context.
#[derive(Debug, Clone)]
pub(crate) struct WordAtCursor<'a> {
    /// Kind of text that fits here.
    pub slot: Slot,
    /// Range of the word, in bytes of the line.
    pub replaces: Range<usize>,
    /// The part of the word before the cursor.
    pub(crate) typed: &'a str,
    /// Byte offset of the command's argument. In a command's name, the offset of the name.
    pub argument: usize,
    /// The cursor as a byte offset on a character boundary.
    pub cursor: usize,
}

/// The command of a line and its argument so far. The argument is `None` until white space follows the name.
pub fn argument<'a, 'n>(line: &'a str, network: &'n Description) -> Option<(Known<'n>, Option<&'a str>)> {
    let name = name(line)?;
    let rest = &line[name.end..];
    let known = Known::find(&line[name], network)?;
    Some((known, rest.starts_with(char::is_whitespace).then(|| rest.trim_start())))
}

/// Range of the command's name; `None` for a message.
fn name(line: &str) -> Option<Range<usize>> {
    let rest = line.strip_prefix(':').filter(|rest| !rest.starts_with(':'))?;
    let start = line.len() - rest.trim_start().len();
    let end = line[start..].find(char::is_whitespace).map_or(line.len(), |length| start + length);
    Some(start..end)
}

/// Finds the word at the cursor. `None` in a message, or where nothing can be completed.
pub(crate) fn written<'a>(line: &'a str, cursor: usize, language: Language<'_>) -> Option<WordAtCursor<'a>> {
    let cursor = (0..=cursor.min(line.len())).rev().find(|at| line.is_char_boundary(*at))?;
    let name = name(line)?;
    if cursor < name.start {
        return None;
    }
    let place = Place { line, cursor, argument: name.start };
    if cursor <= name.end {
        return Some(place.word(Slot::Name, name));
    }
    let known = Known::find(&line[name.clone()], language.network)?;
    let start = line.len() - line[name.end..].trim_start().len();
    let place = Place { argument: start.min(cursor), ..place };
    match known {
        Known::Face(spec) => place.of_face(spec, language),
        Known::Node(command) => place.of_node(command, language),
    }
}

/// The fields of a filter that a command accepts: those of the list whose items it acts on, or else of the traffic.
fn fields_of(command: &CommandSpec, language: Language<'_>) -> Vec<FilterField> {
    let network = language.network;
    match command.on.first().and_then(|list| network.list_id(list.as_str())) {
        Some(list) => fields(Scope::List(network, list)),
        None => language.fields.to_vec(),
    }
}

/// The cursor in a line, and the start of the command's argument.
struct Place<'a> {
    line: &'a str,
    cursor: usize,
    argument: usize,
}

impl<'a> Place<'a> {
    fn word(&self, slot: Slot, replaces: Range<usize>) -> WordAtCursor<'a> {
        let typed = self.line.get(replaces.start..self.cursor).unwrap_or_default();
        WordAtCursor { slot, replaces, typed, argument: self.argument, cursor: self.cursor }
    }

    /// The argument of a command of the interface.
    fn of_face(&self, spec: &Spec, language: Language<'_>) -> Option<WordAtCursor<'a>> {
        match spec.argument {
            Argument::Nothing | Argument::Line => None,
            Argument::Filter => self.term(self.argument, language.fields),
            Argument::RowFilter => self.term(self.argument, language.row_fields),
            Argument::Station => self.station(language.fields),
            Argument::ItemOf(command) => {
                let arg = language.network.command(command)?.args.first()?;
                let first = self.word_from(self.argument);
                self.in_word(first, takes(arg, Vec::new(), true))
            }
            argument if argument.takes_file() => Some(self.path(argument)),
            Argument::Theme => {
                Some(self.word(Slot::Argument(Argument::Theme), self.argument..self.end_of_word()))
            }
            argument => self.in_word(self.word_from(self.argument), Slot::Argument(argument)),
        }
    }

    /// The argument of a command of the network at the cursor.
    fn of_node(&self, command: &CommandSpec, language: Language<'_>) -> Option<WordAtCursor<'a>> {
        let mut start = self.argument;
        for arg in &command.args {
            if matches!(arg.need, Need::Rest | Need::OptionalRest) {
                return self.rest(arg, start, || fields_of(command, language));
            }
            let word = self.word_from(start);
            if self.cursor <= word.end {
                return self.in_word(word, takes(arg, Vec::new(), true));
            }
            start = self.line.len() - self.line[word.end..].trim_start().len();
            start = start.min(self.cursor);
        }
        None
    }

    /// An argument that is the rest of the line from `start`: its first word, or a term of a filter.
    fn rest(
        &self,
        arg: &Arg,
        start: usize,
        fields: impl Fn() -> Vec<FilterField>,
    ) -> Option<WordAtCursor<'a>> {
        let first = self.word_from(start);
        if !arg.takes.contains(&Takes::Filter) {
            return self.in_word(first, takes(arg, Vec::new(), false));
        }
        let fields = fields();
        match self.term(start, &fields) {
            Some(WordAtCursor { slot: Slot::Field(_), replaces, .. }) if replaces.start == start => {
                Some(self.word(takes(arg, fields, false), replaces))
            }
            None => self.in_word(first, takes(arg, Vec::new(), false)),
            term => term,
        }
    }

    /// The word, if the cursor is in it.
    fn in_word(&self, word: Range<usize>, slot: Slot) -> Option<WordAtCursor<'a>> {
        (word.start <= self.cursor && self.cursor <= word.end).then(|| self.word(slot, word))
    }

    /// End of the word at or before the cursor.
    fn end_of_word(&self) -> usize {
        let behind = &self.line[self.cursor..];
        self.cursor + behind.find(char::is_whitespace).unwrap_or(behind.len())
    }

    /// The word that begins here. In quotes it can have spaces.
    fn word_from(&self, start: usize) -> Range<usize> {
        let mut is_quoted = false;
        let mut characters = self.line[start..].char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' if at == 0 => is_quoted = true,
                '"' if is_quoted => return start..start + at + 1,
                '\\' if is_quoted => drop(characters.next()),
                character if !is_quoted && character.is_whitespace() => return start..start + at,
                _ => {}
            }
        }
        start..self.line.len()
    }

    /// The name in a path at the cursor. It can contain spaces before the cursor.
    fn path(&self, argument: Argument) -> WordAtCursor<'a> {
        let typed = &self.line[self.argument..self.cursor];
        let start = self.argument + split_path(typed).0.len();
        let behind = &self.line[self.cursor..];
        let end = behind.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(behind.len());
        self.word(Slot::Argument(argument), start..self.cursor + end)
    }

    /// The number of a station; after it `bell`, `clear` or a filter.
    fn station(&self, fields: &[FilterField]) -> Option<WordAtCursor<'a>> {
        let first = self.word_from(self.argument);
        if self.cursor <= first.end {
            return Some(self.word(Slot::Argument(Argument::Station), first));
        }
        let second = self.line.len() - self.line[first.end..].trim_start().len();
        let is_second = self.line[second.min(self.cursor)..self.cursor].chars().all(char::is_alphabetic);
        let term = self.term(first.end, fields)?;
        let slot = match term.slot {
            Slot::Field(fields) if is_second => Slot::Station(fields),
            slot => slot,
        };
        Some(WordAtCursor { slot, ..term })
    }

    /// The filter term at the cursor. `None` in quotes and in a regular expression.
    fn term(&self, filter: usize, fields: &[FilterField]) -> Option<WordAtCursor<'a>> {
        let at = at_cursor(&self.line[filter..], self.cursor - filter, fields)?;
        let replaces = filter + at.replaces.start..filter + at.replaces.end;
        Some(match at.field {
            None => self.word(Slot::Field(fields.to_vec()), replaces),
            Some(field) => self.word(Slot::Value(field.values.clone()), replaces),
        })
    }
}

fn takes(arg: &Arg, fields: Vec<FilterField>, is_word: bool) -> Slot {
    Slot::Takes { takes: arg.takes.clone(), fields, is_word }
}

/// Splits a path into the directory with its `/`, and the name.
pub(crate) fn split_path(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('/').map_or(0, |slash| slash + 1))
}
