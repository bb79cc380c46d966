//! State of completion, inline hints and checks while a line is typed.

use clacks_language::{
    command::{Command, argument::Direction},
    completion::{Completion, Found, Need},
};

/// Data about the line that is being typed.
#[derive(Debug, Default)]
pub(crate) struct Assist {
    /// Last query about the line. `None` if the line needs no query.
    pub last_query: Option<AssistQuery>,
    /// Items of the node that were found.
    pub items: Option<(Need, Vec<Found>)>,
    /// File names found for a path.
    pub files: Option<(Need, Vec<String>)>,
    /// Reason why the node or the disk would refuse the line.
    pub(crate) precheck_error: Option<String>,
    /// Reason why Enter refuses the line.
    pub submit_error: Option<String>,
    /// Whether Enter was pressed although the line is refused.
    pub(crate) enter_pressed: bool,
    /// Whether to submit the line when the reply to the query at the time of Enter arrives, if it has no error.
    pub(crate) submit_after_reply: bool,
    pub inline_hint: Option<InlineHint>,
    pub popup: Option<CompletionPopup>,
    /// Direction of a completion that was requested before the directory was read.
    pub(crate) pending_completion: Option<Direction>,
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
    pub query: AssistQuery,
    /// Reason why the command would fail.
    pub(crate) precheck_error: Option<String>,
}

/// Hint after the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineHint {
    /// Text shown after the cursor.
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
    pub(crate) fn submit_error(&self) -> Option<&str> {
        self.submit_error.as_deref()
    }

    pub(crate) fn precheck_error(&self) -> Option<&str> {
        self.precheck_error.as_deref()
    }

    /// Whether Enter was pressed on the current line, and the line was refused.
    pub(crate) fn is_rejected(&self) -> bool {
        self.enter_pressed && self.submit_error.is_some()
    }

    pub(crate) fn inline_hint(&self) -> Option<&InlineHint> {
        self.inline_hint.as_ref().filter(|_| self.popup.is_none())
    }

    pub(crate) fn popup(&self) -> Option<&CompletionPopup> {
        self.popup.as_ref()
    }

    pub(crate) fn items(&self, need: Option<&Need>) -> &[Found] {
        self.items.as_ref().filter(|(known, _)| Some(known) == need).map_or(&[], |(_, found)| found)
    }

    /// Whether the data that a line needs is there.
    pub(crate) fn has(&self, need: &Need) -> bool {
        match need {
            Need::Items(_) => self.items.as_ref().is_some_and(|(known, _)| known == need),
            Need::Files { .. } => self.files.as_ref().is_some_and(|(known, _)| known == need),
        }
    }

    pub(crate) fn files(&self, need: Option<&Need>) -> &[String] {
        self.files.as_ref().filter(|(known, _)| Some(known) == need).map_or(&[], |(_, names)| names)
    }
}
