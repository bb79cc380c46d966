//! Focus of the keyboard. Keys, mouse, footer, palette, selection and the label of the input all follow from it, and no
//! other code decides which overlay is open or whether the input has the focus.

use clacks_panes::Content;

use super::{Focus, Model};
use crate::{
    keymap::KeyContext,
    state::{filter_preview::FilterPreview, layout::Pane, overlay::OpenOverlay},
};

/// Owner of the keyboard focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FocusOwner {
    /// The screen is too small to show anything.
    TooSmall,
    /// A node is asked whether it may be stopped, or is stopped, before the program ends.
    Drain,
    /// The open question replaces the input.
    Question,
    /// Palette of available commands.
    Palette,
    /// Search in an overlay.
    Search(OpenOverlay),
    /// An overlay.
    Overlay(OpenOverlay),
    /// Search in the history of the input.
    HistorySearch,
    /// Popup with the choices of a completion.
    Choices(LineKind),
    /// The input.
    Input(LineKind),
    /// A list.
    List(Pane),
}

/// Action of Enter on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Nothing: the line is blank, or a command with only its colon.
    Empty {
        /// Whether it was started as a command.
        is_command: bool,
    },
    /// It is sent as a message.
    Message,
    /// It is run as a command.
    Command,
}

/// The selection on which keys act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SelectionTarget {
    /// A list. The open map uses the selection of the peer list.
    List(Pane),
    /// The messages that are held.
    Held,
    /// Rows of an open pane.
    Rows,
    /// A text that can be scrolled. Keys act on its peer or message.
    Text,
    /// A picture without a selection.
    Picture,
}

impl FocusOwner {
    /// Returns the context of the keys, or `None` if no binding works.
    pub(crate) fn key_context(self) -> Option<KeyContext> {
        Some(match self {
            Self::TooSmall | Self::Drain | Self::Question => return None,
            Self::Palette => KeyContext::Palette,
            Self::Search(_) => KeyContext::Search,
            Self::Overlay(overlay) => overlay.into(),
            Self::HistorySearch => KeyContext::HistorySearch,
            Self::Choices(_) => KeyContext::Choices,
            Self::Input(_) => KeyContext::Input,
            Self::List(pane) => pane.into(),
        })
    }

    /// Whether the cursor is in the input line.
    pub(crate) fn is_input(self) -> bool {
        matches!(self, Self::Input(_) | Self::Choices(_) | Self::HistorySearch)
    }

    /// Whether characters are text.
    pub(crate) fn is_text_input(self) -> bool {
        self.is_input() || matches!(self, Self::Palette | Self::Search(_))
    }
}

impl SelectionTarget {
    /// Returns the selection on which keys act in an overlay.
    fn in_overlay(overlay: OpenOverlay) -> Self {
        match overlay {
            OpenOverlay::Held => Self::Held,
            OpenOverlay::Charts => Self::Picture,
            OpenOverlay::Pane(spec) => match spec.content {
                Content::Text => Self::Text,
                Content::Picture => Self::Picture,
                Content::Selection(_) => Self::List(Pane::Column),
                Content::Rows => Self::Rows,
            },
            _ => Self::Text,
        }
    }
}

impl LineKind {
    fn classify(draft: &str, was_begun_as_command: bool) -> Self {
        let is_begun_only = was_begun_as_command && draft.trim_matches([':', ' ']).is_empty();
        match draft {
            _ if draft.trim().is_empty() || is_begun_only => Self::Empty { is_command: was_begun_as_command },
            _ if draft.starts_with(':') && !draft.starts_with("::") => Self::Command,
            _ => Self::Message,
        }
    }

    /// Returns the label in front of the line. A sign marks a line that cannot be run.
    pub fn label(self, is_wrong: bool) -> &'static str {
        match (self, is_wrong) {
            (Self::Command | Self::Empty { is_command: true }, false) => " CMD ",
            (Self::Command | Self::Empty { is_command: true }, true) => "!CMD ",
            (Self::Message | Self::Empty { is_command: false }, false) => " SAY ",
            (Self::Message | Self::Empty { is_command: false }, true) => "!SAY ",
        }
    }
}

impl Model {
    /// Returns the owner of the focus.
    pub(crate) fn focus_owner(&self) -> FocusOwner {
        let is_seen = self.areas().is_some();
        // A question waits until the screen is large enough to show it. The question about quitting does not wait.
        let is_asked = self.question.as_ref().is_some_and(|question| is_seen || question.is_about_leaving());
        match self.is_quitting() {
            true => FocusOwner::Drain,
            false if is_asked => FocusOwner::Question,
            false if !is_seen => FocusOwner::TooSmall,
            false => self.focus_after_question(),
        }
    }

    /// Returns the owner of the focus once there is no question and the screen is large enough.
    pub(crate) fn focus_after_question(&self) -> FocusOwner {
        if self.palette.is_some() { FocusOwner::Palette } else { self.focus_below_palette() }
    }

    /// Returns the owner of the focus once the palette is closed.
    pub(crate) fn focus_below_palette(&self) -> FocusOwner {
        let line = self.line_kind();
        let over_list = self.focus == Focus::InputOverList;
        match self.open_overlay().filter(|_| !over_list) {
            Some(overlay) if self.is_typing_search() => FocusOwner::Search(overlay),
            Some(overlay) => FocusOwner::Overlay(overlay),
            None if self.focus == Focus::Lists => FocusOwner::List(self.pane),
            None if self.input.search().is_some() => FocusOwner::HistorySearch,
            None if self.assist.popup().is_some() => FocusOwner::Choices(line),
            None => FocusOwner::Input(line),
        }
    }

    /// Returns the context of the keys, now or after an open question is answered.
    pub fn key_context(&self) -> KeyContext {
        self.focus_after_question().key_context().unwrap_or(self.pane.into())
    }

    /// Returns the kind of the open overlay, also while the filter of its list is written.
    pub(crate) fn open_overlay(&self) -> Option<OpenOverlay> {
        self.overlay.as_ref().map(|overlay| overlay.content.kind())
    }

    /// Returns the selection on which keys act. In the input it is that of the last focused list.
    pub(crate) fn selection_target(&self) -> SelectionTarget {
        self.open_overlay().map_or(SelectionTarget::List(self.pane), SelectionTarget::in_overlay)
    }

    /// Returns the action of Enter on the input line.
    pub fn line_kind(&self) -> LineKind {
        // In a replay the line is for commands.
        let is_for_commands = self.input.is_command() || self.replay.is_some();
        LineKind::classify(self.input.draft(), is_for_commands)
    }

    /// Focuses a list and closes the overlay.
    pub(crate) fn focus_list(&mut self, pane: Pane) {
        self.overlay = None;
        (self.pane, self.focus) = (pane, Focus::Lists);
        // The user chose this list, so do not return to another list or to the list in an overlay.
        self.filter_preview.iter_mut().for_each(FilterPreview::keep_focus);
        self.editing.iter_mut().for_each(|editing| editing.opened_from = None);
    }

    /// Focuses the input and closes the overlay.
    pub(crate) fn focus_input(&mut self) {
        self.overlay = None;
        self.focus = Focus::Input;
    }

    /// Focuses the input. An open list stays on the screen, because its filter is written.
    pub(crate) fn focus_input_over_list(&mut self) {
        self.focus = if self.overlay.is_some() { Focus::InputOverList } else { Focus::Input };
    }

    /// Returns the focus from the input to the last list.
    pub(crate) fn focus_last_list(&mut self) {
        self.focus = Focus::Lists;
    }
}

#[cfg(test)]
mod tests {
    use clacks_language::command::Command;
    use clacks_p2p_feed::description::describe;

    use super::*;

    #[test]
    fn line_kinds_agree_with_the_command_parser() {
        for draft in
            ["hello", ":", "::", ":: ", "::x", ":rate 2", " :rate 2", " ", ":station 1 GNU", "x:y", ":json 1"]
        {
            for was_command in [false, true] {
                let parsed = Command::parse(draft, &describe("tower:1".into()));
                let is_message = matches!(&parsed, Ok(Command::Say(_)))
                    || matches!(&parsed, Ok(Command::Node(command)) if command.name == "json");
                match LineKind::classify(draft, was_command) {
                    LineKind::Message => assert!(is_message || parsed.is_err(), "{draft:?}"),
                    LineKind::Command => assert!(!is_message || draft.starts_with(":json"), "{draft:?}"),
                    LineKind::Empty { is_command } => {
                        assert_eq!(is_command, was_command);
                        assert!(draft.trim_matches([':', ' ']).is_empty(), "{draft:?}");
                    }
                }
            }
        }
    }
}
