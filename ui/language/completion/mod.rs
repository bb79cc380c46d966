//! Completion at the cursor. The choices of each command follow from its row of the command table.
//!
//! [`complete()`] is pure. [`need()`] names the data of the node or the disk that the caller fetches first. A choice
//! replaces only the word at the cursor.

mod choices;
pub mod matching;
pub mod slot;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, ops::Range};

use clacks_feed::filter::FilterField;
use clacks_p2p::core::{Peer, QueuedMessage};
use matching::begins;
use slot::{FieldValues, Slot, split_path, written};

use super::{
    command::{Argument, PeerFilter, table::Spec},
    filter::field::Values,
};

/// Maximum number of choices that are offered at once.
pub const MOST_CHOICES: usize = 64;

/// Candidates that the caller fetched for [`complete()`]. The commands themselves need none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Candidates<'a> {
    /// Peers, for an address or a field of a filter.
    pub peers: &'a [Peer],
    /// Remote addresses that can be ignored, or those that are ignored, depending on the command.
    pub remotes: &'a [IpAddr],
    /// Messages in the queue.
    pub messages: &'a [QueuedMessage],
    /// Held messages.
    pub held: &'a [QueuedMessage],
    /// File names in the directory that is being written. A directory's name ends with `/`.
    pub files: &'a [String],
    /// Names of the themes.
    pub themes: &'a [&'a str],
    /// Names of the networks.
    pub networks: &'a [&'a str],
    /// Names of the lists of the network that is shown.
    pub lists: &'a [&'a str],
    /// What the list that has the focus can be sorted by.
    pub columns: &'a [&'a str],
    /// The fields of the filter that the line contains: of the traffic, or of the rows of a list.
    pub fields: &'a [FilterField],
}

/// Data to fetch before a line can be completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Peers that pass the filter and match the typed text.
    Peers(PeerFilter, String),
    /// Messages whose numbers start with the typed digits.
    Messages {
        /// The typed digits.
        begun: String,
        /// Only held messages fit.
        held_only: bool,
    },
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
/// contain its letters in order. Empty for a message.
///
/// The cursor is a byte offset. An offset inside a character or past the end is moved back.
pub fn complete(line: &str, cursor: usize, candidates: Candidates<'_>) -> Completion {
    let Some(written) = written(line, cursor, candidates.fields) else { return Completion::default() };
    let all = choices::choices(&written, candidates);
    Completion { replaces: written.replaces, choices: matching::fitting(all, written.typed) }
}

/// The data that completing this line needs; `None` if it needs none. `fields` are those of the filter that the
/// line contains.
pub fn need(line: &str, cursor: usize, fields: &[FilterField]) -> Option<Need> {
    let written = written(line, cursor, fields)?;
    match written.slot {
        Slot::Argument(Spec { argument: Argument::Address(PeerFilter::None), .. }) => None,
        Slot::Argument(Spec { argument: Argument::Address(known) | Argument::Party(known), .. }) => {
            Some(Need::Peers(*known, written.typed.to_owned()))
        }
        Slot::Argument(Spec { argument, .. }) if argument.takes_message() => {
            Some(Need::Messages { begun: written.typed.to_owned(), held_only: *argument == Argument::Held })
        }
        Slot::Argument(Spec { argument, .. }) if argument.takes_file() => {
            let (directory, begun) = split_path(&line[written.argument..written.cursor]);
            Some(Need::Files { directory: directory.to_owned(), begun: begun.to_owned() })
        }
        Slot::Value(FieldValues::Peers | FieldValues::OfMessages(Values::Peers)) => {
            Some(Need::Peers(PeerFilter::All, written.typed.to_owned()))
        }
        _ => None,
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
    /// Whether the argument can be the number of a message.
    fn takes_message(self) -> bool {
        matches!(self, Self::MessageId | Self::Drop | Self::Held | Self::Hold | Self::Edit)
    }

    /// Whether the argument is the path of a file.
    fn takes_file(self) -> bool {
        matches!(self, Self::File | Self::FileOrNothing | Self::ListOrNothing)
    }
}
