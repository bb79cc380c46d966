//! Completion at the cursor. The choices of each command follow from its row of the command table, or from the description
//! of the network.
//!
//! [`complete()`] is pure. [`need()`] names the data of the node or the disk that the caller fetches first. A choice
//! replaces only the word at the cursor.

mod choices;
mod finds;
pub(crate) mod matching;
pub mod slot;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, ops::Range};

use clacks_feed::{
    Find, Row,
    description::{Description, ListId},
    filter::FilterField,
};
use matching::begins;
use slot::{Slot, split_path, written};

use super::command::Argument;

/// Maximum number of choices that are offered at once.
pub const MOST_CHOICES: usize = 64;

/// What can be typed, as far as it does not depend on what the node has.
#[derive(Debug, Clone, Copy)]
pub struct Language<'a> {
    /// The network that is shown.
    pub network: &'a Description,
    /// The fields of a filter of the traffic.
    pub fields: &'a [FilterField],
    /// The fields of a filter of the list that has the focus.
    pub row_fields: &'a [FilterField],
}

/// Candidates that the caller fetched for [`complete()`]. The commands themselves need none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Candidates<'a> {
    /// What was found for [`Need::Items`].
    pub found: &'a [Found],
    /// Remote addresses that were refused lately.
    pub remotes: &'a [IpAddr],
    /// File names in the directory that is being written. A directory's name ends with `/`.
    pub files: &'a [String],
    /// Names of the themes.
    pub themes: &'a [&'a str],
    /// Names of the networks.
    pub networks: &'a [&'a str],
    /// What the list that has the focus can be sorted by.
    pub columns: &'a [&'a str],
    /// Views of the network that is shown which the table of commands does not have: the name, which is a command, and what
    /// it does.
    pub views: &'a [(&'a str, &'a str)],
}

/// The items that a search has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The list.
    pub list: ListId,
    /// The items, in the order in which they are offered.
    pub rows: Vec<Row>,
}

/// Data to fetch before a line can be completed.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// Items of the network that is shown. One search for each list.
    Items(Vec<Find>),
    /// File names in a directory that start with the typed text.
    Files {
        /// The directory as typed, with a `/` at its end; empty for the current directory.
        directory: String,
        /// The typed start of the name.
        begun: String,
    },
}

/// Choices for the word at the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// Range of the word that a choice replaces, in bytes of the line.
    pub replaces: Range<usize>,
    /// The choices, best first. At most [`MOST_CHOICES`].
    pub choices: Vec<Choice>,
}

/// One choice of a completion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// The text that replaces the word.
    pub text: String,
    /// A short description for the list of choices. May be empty.
    pub note: String,
    /// A space follows the text, because the line needs more.
    pub goes_on: bool,
}

/// Completes the word at the cursor, best choice first: choices that start with the typed text, or else those that
/// contain its letters in order, and items with a name that contains it. Empty for a message.
///
/// The cursor is a byte offset. An offset inside a character or past the end is moved back.
pub fn complete(line: &str, cursor: usize, language: Language<'_>, candidates: Candidates<'_>) -> Completion {
    let Some(written) = written(line, cursor, language) else { return Completion::default() };
    let all = choices::choices(&written, language, candidates);
    Completion { replaces: written.replaces, choices: matching::fitting(all, written.typed) }
}

/// The data that completing this line needs; `None` if it needs none.
pub fn need(line: &str, cursor: usize, language: Language<'_>) -> Option<Need> {
    let written = written(line, cursor, language)?;
    match written.slot {
        Slot::Argument(argument) if argument.takes_file() => {
            let (directory, begun) = split_path(&line[written.argument..written.cursor]);
            Some(Need::Files { directory: directory.to_owned(), begun: begun.to_owned() })
        }
        _ => Some(Need::Items(finds::finds(&written, language.network))).filter(Need::is_something),
    }
}

impl Need {
    fn is_something(&self) -> bool {
        !matches!(self, Self::Items(finds) if finds.is_empty())
    }
}

impl Completion {
    /// Returns the line with the choice in place of the word at the cursor, and the new cursor as a byte offset.
    pub fn apply(&self, line: &str, choice: &Choice) -> (String, usize) {
        let (before, behind) = (&line[..self.replaces.start], &line[self.replaces.end..]);
        // The text after the cursor already has the slash of the directory.
        let text = if behind.starts_with('/') { choice.text.trim_end_matches('/') } else { &choice.text };
        let space = if choice.goes_on && !behind.starts_with(' ') { " " } else { "" };
        let begun = format!("{before}{text}{space}");
        let cursor = begun.len() + usize::from(choice.goes_on && space.is_empty());
        (begun + behind, cursor)
    }

    /// Longest common prefix of all choices. `None` if it is not longer than the typed text, does not start with it,
    /// or the cursor is not at the end of the word.
    pub fn common(&self, line: &str, cursor: usize) -> Option<&str> {
        let typed = line.get(self.replaces.start..cursor).filter(|_| cursor == self.replaces.end)?;
        let (first, others) = self.choices.split_first()?;
        let ends = |at: &usize| {
            let begun = first.text.get(..*at);
            begun.is_some_and(|begun| others.iter().all(|other| other.text.starts_with(begun)))
        };
        let common = &first.text[..(0..=first.text.len()).rev().find(ends)?];
        (common.len() > typed.len() && begins(common, typed)).then_some(common)
    }
}

impl Argument {
    /// Whether the argument is the path of a file.
    fn takes_file(self) -> bool {
        matches!(self, Self::File | Self::FileOrNothing | Self::ListOrNothing)
    }
}
