//! Focus of the keyboard. Keys, mouse, footer, palette, selection and the label of the input all follow from it, and no
//! other code decides which overlay is open or whether the input has the focus.

use super::{Focus, Model, overlay::OverlayKind};
use crate::{
    keymap::KeyContext,
    state::{filter_preview::FilterPreview, layout::Pane},
};

/// What has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FocusOwner {
    /// The screen is too small to show anything.
    Unseen,
    /// A drain runs before the program ends.
    HandingOn,
    /// A question stands in the place of the input.
    Question,
    /// Palette of available commands.
    Menu,
    /// Search in an overlay.
    Search(OpenOverlay),
    /// An overlay.
    Overlay(OpenOverlay),
    /// The search in the history of the input.
    Recall,
    /// The choices that the line can be completed to.
    Choices(Line),
    /// The input.
    Input(Line),
    /// A list.
    List(Pane),
}

/// Kind of an overlay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenOverlay {
    /// Saved filters.
    Stations,
    /// Network map.
    Map,
    /// One peer in full.
    Peer,
    /// One message in full.
    Message,
    /// One row of the traffic in full.
    Row,
    /// History of one message.
    Biography,
    /// Messages that keep coming back.
    Overhead,
    /// Explanation of the choice of receivers.
    Why,
    /// Limits of the node.
    Limits,
    /// Charts.
    Charts,
    /// Shutter towers.
    Tower,
    /// Held messages.
    Held,
}

/// Action of Enter on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Nothing: the line is empty, or a command of which only the colon is written.
    Empty {
        /// It was begun as a command.
        is_command: bool,
    },
    /// It is sent as a message.
    Message,
    /// It is run as a command.
    Command,
}

/// Whose selection keys act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selecting {
    /// A list. The open map selects as the map beside the lists does.
    List(Pane),
    /// The messages that are held.
    Held,
    /// The messages that keep coming back.
    Overhead,
    /// A text, which is scrolled; keys act on the peer or the message that it is about.
    Text,
    /// A picture without a selection.
    Picture,
}

impl FocusOwner {
    /// The keys that work.
    pub(crate) fn place(self) -> Option<KeyContext> {
        Some(match self {
            Self::Unseen | Self::HandingOn | Self::Question => return None,
            Self::Menu => KeyContext::Palette,
            Self::Search(_) => KeyContext::Search,
            Self::Overlay(overlay) => overlay.place(),
            Self::Recall => KeyContext::HistorySearch,
            Self::Choices(_) => KeyContext::Choices,
            Self::Input(_) => KeyContext::Input,
            Self::List(pane) => pane.into(),
        })
    }

    /// Whether the cursor stands in the line of the input.
    pub(crate) fn is_input(self) -> bool {
        matches!(self, Self::Input(_) | Self::Choices(_) | Self::Recall)
    }

    /// Whether letters are text.
    pub(crate) fn takes_text(self) -> bool {
        self.is_input() || matches!(self, Self::Menu | Self::Search(_))
    }
}

impl OpenOverlay {
    /// All kinds of overlays.
    #[cfg(test)]
    pub const ALL: [Self; 12] = [
        Self::Stations,
        Self::Map,
        Self::Peer,
        Self::Message,
        Self::Row,
        Self::Biography,
        Self::Overhead,
        Self::Why,
        Self::Limits,
        Self::Charts,
        Self::Tower,
        Self::Held,
    ];

    /// Title of the overlay.
    pub fn title(self) -> &'static str {
        match self {
            Self::Stations => " STATIONS ",
            Self::Map => " MAP ",
            Self::Peer => " PEER ",
            Self::Message => " MESSAGE ",
            Self::Row => " TRAFFIC ",
            Self::Biography => " BIOGRAPHY ",
            Self::Overhead => " OVERHEAD ",
            Self::Why => " WHY THIS PEER? ",
            Self::Limits => " LIMITS ",
            Self::Charts => " CHARTS ",
            Self::Tower => " TOWER ",
            Self::Held => " HELD ",
        }
    }

    fn place(self) -> KeyContext {
        match self {
            Self::Map => KeyContext::OpenMap,
            Self::Held => KeyContext::Held,
            _ => KeyContext::Overlay,
        }
    }

    fn selecting(self) -> Selecting {
        match self {
            Self::Map => Selecting::List(Pane::Map),
            Self::Held => Selecting::Held,
            Self::Overhead => Selecting::Overhead,
            Self::Charts | Self::Tower => Selecting::Picture,
            _ => Selecting::Text,
        }
    }
}

impl OverlayKind {
    /// Its kind.
    pub fn kind(&self) -> OpenOverlay {
        match self {
            Self::Stations => OpenOverlay::Stations,
            Self::Map => OpenOverlay::Map,
            Self::Peer(_) => OpenOverlay::Peer,
            Self::Message(..) => OpenOverlay::Message,
            Self::Row(_) => OpenOverlay::Row,
            Self::Biography(_) => OpenOverlay::Biography,
            Self::Overhead(_) => OpenOverlay::Overhead,
            Self::Why => OpenOverlay::Why,
            Self::Limits => OpenOverlay::Limits,
            Self::Charts => OpenOverlay::Charts,
            Self::Tower => OpenOverlay::Tower,
            Self::Held => OpenOverlay::Held,
        }
    }
}

impl Line {
    fn of(draft: &str, was_begun_as_command: bool) -> Self {
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
    /// What has the focus.
    pub(crate) fn focus_owner(&self) -> FocusOwner {
        let is_seen = self.areas().is_some();
        // A question that can't be read waits until it can.
        let is_asked = self.question.as_ref().is_some_and(|question| is_seen || question.is_about_leaving());
        match self.begun_to_hand_on {
            Some(_) => FocusOwner::HandingOn,
            None if is_asked => FocusOwner::Question,
            None if !is_seen => FocusOwner::Unseen,
            None => self.next_owner(),
        }
    }

    /// What has the focus once nothing is asked any more and the screen is large enough.
    pub(crate) fn next_owner(&self) -> FocusOwner {
        if self.menu.is_some() { FocusOwner::Menu } else { self.owner_below_menu() }
    }

    /// What has the focus once the list of what can be done is closed.
    pub(crate) fn owner_below_menu(&self) -> FocusOwner {
        let line = self.line();
        match self.overlay.as_ref().map(|overlay| overlay.content.kind()) {
            Some(overlay) if self.writes_search() => FocusOwner::Search(overlay),
            Some(overlay) => FocusOwner::Overlay(overlay),
            None if self.focus == Focus::Lists => FocusOwner::List(self.pane),
            None if self.input.search().is_some() => FocusOwner::Recall,
            None if self.assist.popup().is_some() => FocusOwner::Choices(line),
            None => FocusOwner::Input(line),
        }
    }

    /// Returns the context of the keys, now or after an open question is answered.
    pub fn place(&self) -> KeyContext {
        self.next_owner().place().unwrap_or(self.pane.into())
    }

    /// What is open over the lists.
    pub(crate) fn open_overlay(&self) -> Option<OpenOverlay> {
        match self.owner_below_menu() {
            FocusOwner::Overlay(overlay) | FocusOwner::Search(overlay) => Some(overlay),
            _ => None,
        }
    }

    /// Whose selection keys act on. While the input is written it is that of the list that had the focus before.
    pub(crate) fn selecting(&self) -> Selecting {
        self.open_overlay().map_or(Selecting::List(self.pane), OpenOverlay::selecting)
    }

    /// Returns the action of Enter on the input line.
    pub fn line(&self) -> Line {
        // Where no message can be sent, the line is for commands.
        let is_for_commands = self.input.is_command() || self.replay.is_some();
        Line::of(self.input.draft(), is_for_commands)
    }

    /// Gives the focus to a list, and closes what lies over it.
    pub(crate) fn focus_list(&mut self, pane: Pane) {
        self.overlay = None;
        (self.pane, self.focus) = (pane, Focus::Lists);
        // Who chose a list does not go back to another one, nor to the held messages.
        self.writing.iter_mut().for_each(FilterPreview::keep_focus);
        self.editing.iter_mut().for_each(|editing| editing.opened_from_held = false);
    }

    /// Gives the focus to the input, and closes what lies over the lists.
    pub(crate) fn focus_input(&mut self) {
        self.overlay = None;
        self.focus = Focus::Input;
    }

    /// Gives the focus back to the list that had it before the input.
    pub(crate) fn leave_input(&mut self) {
        self.focus = Focus::Lists;
    }
}

#[cfg(test)]
mod tests {
    use clacks_language::command::{Command, NodeCommand};

    use super::*;

    #[test]
    fn a_line_is_what_the_command_language_makes_of_it() {
        for draft in
            ["hello", ":", "::", ":: ", "::x", ":rate 2", " :rate 2", " ", ":station 1 GNU", "x:y", ":json 1"]
        {
            for was_command in [false, true] {
                let parsed = Command::parse(draft);
                let is_message = matches!(parsed, Ok(Command::Node(NodeCommand::Enqueue(_))));
                match Line::of(draft, was_command) {
                    Line::Message => assert!(is_message || parsed.is_err(), "{draft:?}"),
                    Line::Command => assert!(!is_message || draft.starts_with(":json"), "{draft:?}"),
                    Line::Empty { is_command } => {
                        assert_eq!(is_command, was_command);
                        assert!(draft.trim_matches([':', ' ']).is_empty(), "{draft:?}");
                    }
                }
            }
        }
    }
}
