//! What can stand at the cursor, for every command from its row of the table alone.
//!
//! [`complete()`] is pure. What only the node or the disk knows is fetched first: [`need()`] says what. A choice takes the
//! place of the word at the cursor and of nothing else.

pub mod choices;
pub mod matching;
pub mod slot;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, ops::Range};

use clacks_p2p::core::{Peer, QueuedMessage};
use matching::begins;
use slot::{Slot, split_path, written};

use super::{
    command::{Argument, PeerFilter, table::Spec},
    filter::field::Values,
};

/// Maximum number of choices that are offered at once.
pub const MOST_CHOICES: usize = 64;

/// What there is to choose from, beside the commands themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Candidates<'a> {
    pub peers: &'a [Peer],
    /// Remote addresses to ignore, or of those that are.
    pub remotes: &'a [IpAddr],
    /// Messages that wait, and messages that are held.
    pub messages: &'a [QueuedMessage],
    pub held: &'a [QueuedMessage],
    /// Names in the directory that is being written, those of directories with a `/` at the end.
    pub files: &'a [String],
    pub themes: &'a [&'a str],
}

/// What has to be asked for before a line can be completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Peers of this kind that match what is written.
    Peers(PeerFilter, String),
    /// Messages whose numbers begin so, and whether only those that are held.
    Messages { begun: String, held_only: bool },
    /// Names in a directory that begin with what is written of them.
    Files { directory: String, begun: String },
}

/// What a line can be completed to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// The word at the cursor, in bytes of the line: what a choice takes the place of.
    pub replaces: Range<usize>,
    pub choices: Vec<Choice>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    pub text: String,
    /// What there is to say of it.
    pub note: String,
    /// Something has to follow behind a space.
    pub goes_on: bool,
}

/// What can stand at the cursor, best first: what begins as written if there is any, else what holds its letters.
/// Empty where the line is no command. The cursor counts bytes; one within a character or behind the end is moved
/// back.
pub fn complete(line: &str, cursor: usize, candidates: Candidates<'_>) -> Completion {
    let Some(written) = written(line, cursor) else { return Completion::default() };
    let all = choices::choices(&written, candidates);
    Completion { replaces: written.replaces, choices: matching::fitting(all, written.typed) }
}

/// What has to be known to complete this line.
pub fn need(line: &str, cursor: usize) -> Option<Need> {
    let written = written(line, cursor)?;
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
        Slot::Value(Values::Peers) => Some(Need::Peers(PeerFilter::All, written.typed.to_owned())),
        _ => None,
    }
}

impl Completion {
    /// The line with a choice in the place of the word at the cursor, and where the cursor stands then.
    pub fn apply(&self, line: &str, choice: &Choice) -> (String, usize) {
        let (before, behind) = (&line[..self.replaces.start], &line[self.replaces.end..]);
        // A directory that is there already brings its own slash.
        let text = if behind.starts_with('/') { choice.text.trim_end_matches('/') } else { &choice.text };
        let space = if choice.goes_on && !behind.starts_with(' ') { " " } else { "" };
        let begun = format!("{before}{text}{space}");
        let cursor = begun.len() + usize::from(choice.goes_on && space.is_empty());
        (begun + behind, cursor)
    }

    /// What all choices begin with, if the cursor is at the end of the word, and that is longer than what is written and
    /// begins with it.
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
    /// Whether it can be the number of a message.
    fn takes_message(self) -> bool {
        matches!(self, Self::MessageId | Self::Drop | Self::Held | Self::Hold | Self::Edit)
    }

    /// Whether it is the path of a file.
    fn takes_file(self) -> bool {
        matches!(self, Self::File | Self::FileOrNothing | Self::ListOrNothing)
    }
}
