//! Data of completion, hints and checks while a line is typed.

use std::net::IpAddr;

use clacks_language::{
    command::{Command, argument::Direction},
    completion::{Completion, Need},
};
use clacks_p2p::core::{Peer, QueuedMessage};

/// What is known and shown about the line.
#[derive(Debug, Default)]
pub(crate) struct Assist {
    /// Last query about the line. `None` if the line needs no query.
    pub asked: Option<AssistQuery>,
    pub peers: Vec<Peer>,
    /// Remote addresses that are ignored.
    pub remotes: Vec<IpAddr>,
    pub messages: Messages,
    /// File names found for a path.
    pub files: Option<(Need, Vec<String>)>,
    /// Why the node or the disk would refuse the line.
    pub(crate) objection: Option<String>,
    /// Reason why Enter refuses the line.
    pub refusal: Option<String>,
    /// Enter was pressed although the line is refused.
    pub(crate) was_sent: bool,
    /// The line is sent if what was asked when Enter was pressed is answered without an objection.
    pub(crate) sends_when_answered: bool,
    pub ghost: Option<InlineHint>,
    pub menu: Option<CompletionPopup>,
    /// A completion was asked for, in this direction, before the directory was read.
    pub(crate) awaits_files: Option<Direction>,
}

/// Query about the line to the node and the disk.
#[derive(Debug, Clone, PartialEq)]
pub struct AssistQuery {
    /// Completion data that the line needs, if any.
    pub need: Option<Need>,
    /// Command of the line, if it is valid.
    pub command: Option<Command>,
}

/// Reply to an [`AssistQuery`].
#[derive(Debug)]
pub struct AssistReply {
    /// Query that is answered.
    pub question: AssistQuery,
    /// Peers that match the line.
    pub peers: Vec<Peer>,
    /// Ignored remote addresses. Empty unless the query asks for them.
    pub remotes: Vec<IpAddr>,
    /// Messages that match the line.
    pub messages: Messages,
    /// Why the command would fail.
    pub(crate) objection: Option<String>,
}

/// Messages that match the line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Messages {
    /// Messages in the queue.
    pub waiting: Vec<QueuedMessage>,
    /// Held messages.
    pub held: Vec<QueuedMessage>,
}

/// Hint behind the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineHint {
    /// Text shown behind the cursor.
    pub text: String,
    /// Line with the hint accepted. `None` if the hint is only an explanation.
    pub line: Option<String>,
}

/// Popup with the choices of a completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionPopup {
    /// Choices, and the part of the line that they replace.
    pub completion: Completion,
    /// Index of the current choice. `None` until one is chosen.
    pub chosen: Option<usize>,
    /// Line before any choice was inserted.
    pub line: String,
    /// Cursor in `line`.
    pub cursor: usize,
}

impl Assist {
    /// Reason why Enter refuses the line.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// Why the node or the disk would refuse the line.
    pub(crate) fn objection(&self) -> Option<&str> {
        self.objection.as_deref()
    }

    /// Whether Enter was pressed on the line as it is, and refused it.
    pub(crate) fn was_refused(&self) -> bool {
        self.was_sent && self.refusal.is_some()
    }

    pub(crate) fn ghost(&self) -> Option<&InlineHint> {
        self.ghost.as_ref().filter(|_| self.menu.is_none())
    }

    pub(crate) fn menu(&self) -> Option<&CompletionPopup> {
        self.menu.as_ref()
    }

    pub(crate) fn files(&self, need: Option<&Need>) -> &[String] {
        self.files.as_ref().filter(|(known, _)| Some(known) == need).map_or(&[], |(_, names)| names)
    }
}
