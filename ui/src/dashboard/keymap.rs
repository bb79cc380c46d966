//! Every key and what it does. The keys' handling, the hints at the bottom, the help and the README's list are all
//! made from this table.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::layout::Pane;

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) keys: &'static [Key],
    pub(crate) context: Context,
    pub(crate) action: Action,
    /// For the hints; empty if it is not to be hinted at.
    pub(crate) hint: &'static str,
    /// For the help.
    pub(crate) does: &'static str,
}

/// A key of the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// Without Ctrl; Shift makes another character.
    Plain(KeyCode),
    /// With Ctrl.
    Control(char),
}

/// Where a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    /// While a list has the focus.
    Lists,
    /// While one of these lists has the focus.
    In(&'static [Pane]),
    /// While a detail view or the help is open.
    Overlay,
    /// While the input has the focus.
    Input,
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Runs a command; `{peer}` and `{message}` stand for what is selected.
    Command(&'static str),
    /// Puts the focus into the input, with this begun unless there is a draft.
    Write(&'static str),
    NextPane,
    PreviousPane,
    Move(Motion),
    /// Opens a detail view of what is selected.
    Open,
    Close,
    /// Edits the draft, each key in its own way.
    Edit,
    /// Sends the draft.
    Send,
    /// Leaves the input; the draft stays.
    Leave,
    /// Empties the input, or leaves it.
    ClearOrLeave,
    /// Holds the screen still, or lets it go on.
    Freeze,
    /// Releases the mouse for the terminal's own selection, or takes it back.
    ToggleMouse,
    Suspend,
    Redraw,
}

/// A step in a list or in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Motion {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
}

use Context::{In, Input, Lists, Overlay};
use Key::{Control, Plain};
use KeyCode::{BackTab, Char, Delete, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Tab, Up};

/// Where a peer can be selected: in its list, or as the peer of a row of the traffic.
const WITH_PEER: Context = In(&[Pane::Peers, Pane::Traffic]);

macro_rules! bindings {
    ($($keys:expr, $context:expr, $action:expr, $hint:literal, $does:literal;)*) => {
        &[$(Binding { keys: &$keys, context: $context, action: $action, hint: $hint, does: $does }),*]
    };
}

/// Every key, in the order in which hints and help list them.
pub(crate) const BINDINGS: &[Binding] = bindings![
    [Plain(Char('i'))], Lists, Action::Write(""), "say", "write a message";
    [Plain(Char(':'))], Lists, Action::Write(":"), "cmd", "write a command";
    [Plain(Char('?'))], Lists, Action::Command(":help"), "keys", "list keys and commands";
    [Plain(Char('q')), Control('c')], Lists, Action::Command(":quit"), "quit", "stop the node and leave";
    [Plain(Char('/'))], Lists, Action::Write(":filter "), "filter", "show only the traffic that holds certain words";
    [Plain(Enter)], Lists, Action::Open, "open", "show all of what is selected";
    [Plain(Tab)], Lists, Action::NextPane, "pane", "go to the next list";
    [Plain(BackTab)], Lists, Action::PreviousPane, "", "go to the list before";
    [Plain(Char('I'))], WITH_PEER, Action::Command(":ignore {peer}"), "ignore", "ignore the selected peer";
    [Plain(Char('U'))], WITH_PEER, Action::Command(":unignore {peer}"), "unignore", "take the ignore back";
    [Plain(Char('a'))], WITH_PEER, Action::Command(":announce {peer}"), "announce", "announce this node to the selected peer";
    [Plain(Char('F'))], WITH_PEER, Action::Command(":forget {peer}"), "forget", "remove the selected peer from the list";
    [Plain(Char('x')), Plain(Delete)], In(&[Pane::Queue]), Action::Command(":drop {message}"), "drop", "take the selected message out of the queue for good";
    [Plain(Up), Plain(Char('k'))], Lists, Action::Move(Motion::Up), "", "one up";
    [Plain(Down), Plain(Char('j'))], Lists, Action::Move(Motion::Down), "", "one down";
    [Plain(PageUp), Control('b')], Lists, Action::Move(Motion::PageUp), "", "one page up";
    [Plain(PageDown), Control('f')], Lists, Action::Move(Motion::PageDown), "", "one page down";
    [Plain(Home), Plain(Char('g'))], Lists, Action::Move(Motion::Top), "", "to the first";
    [Plain(End), Plain(Char('G'))], Lists, Action::Move(Motion::Bottom), "", "to the last; in the traffic: follow what comes";
    [Plain(Char(' '))], Lists, Action::Freeze, "hold", "hold the screen still while the node goes on, or let it go on";
    [Plain(Char('z'))], Lists, Action::Command(":zoom"), "zoom", "give the list all of the screen, or make room for the others again";
    [Plain(Char('m'))], Lists, Action::ToggleMouse, "", "release the mouse to select text, or take it back";
    [Plain(Char('t'))], Lists, Action::Write(":theme "), "", "choose a theme; each is shown as its name is written";
    [Control('z')], Lists, Action::Suspend, "", "stop the program until the shell continues it";
    [Control('l')], Lists, Action::Redraw, "", "draw the screen anew";

    [Plain(Esc), Plain(Char('q')), Plain(Enter), Plain(Char('?')), Control('c')], Overlay, Action::Close, "close", "close what is open";
    [Plain(Up), Plain(Char('k'))], Overlay, Action::Move(Motion::Up), "up", "one line up";
    [Plain(Down), Plain(Char('j'))], Overlay, Action::Move(Motion::Down), "down", "one line down";
    [Plain(PageUp), Control('b')], Overlay, Action::Move(Motion::PageUp), "", "one page up";
    [Plain(PageDown), Plain(Char(' ')), Control('f')], Overlay, Action::Move(Motion::PageDown), "page", "one page down";
    [Plain(Home), Plain(Char('g'))], Overlay, Action::Move(Motion::Top), "", "to the start";
    [Plain(End), Plain(Char('G'))], Overlay, Action::Move(Motion::Bottom), "", "to the end";
    [Plain(Char('I'))], Overlay, Action::Command(":ignore {peer}"), "ignore", "ignore the peer that is shown";
    [Plain(Char('U'))], Overlay, Action::Command(":unignore {peer}"), "unignore", "take the ignore back";
    [Plain(Char('a'))], Overlay, Action::Command(":announce {peer}"), "announce", "announce this node to the peer that is shown";
    [Control('z')], Overlay, Action::Suspend, "", "stop the program until the shell continues it";
    [Control('l')], Overlay, Action::Redraw, "", "draw the screen anew";

    [Plain(Enter)], Input, Action::Send, "send", "send the message or run the command";
    [Plain(Esc)], Input, Action::Leave, "back to the lists, the draft stays", "leave the input; the draft stays";
    [Plain(Tab)], Input, Action::Leave, "", "leave the input; the draft stays";
    [Control('c')], Input, Action::ClearOrLeave, "clear", "empty the input; leave it if it is empty";
    [Plain(Up), Plain(Down)], Input, Action::Edit, "history", "what was sent before";
    [Plain(Left), Plain(Right)], Input, Action::Edit, "", "one character back or on; with Ctrl or Alt, one word";
    [Plain(Home), Control('a')], Input, Action::Edit, "", "to the start";
    [Plain(End), Control('e')], Input, Action::Edit, "", "to the end";
    [Control('w')], Input, Action::Edit, "", "delete the word before the cursor";
    [Control('u')], Input, Action::Edit, "", "delete what is before the cursor";
    [Control('k')], Input, Action::Edit, "", "delete what is behind the cursor";
    [Control('y')], Input, Action::Edit, "", "put back what was deleted last";
    [Control('z')], Input, Action::Suspend, "", "stop the program until the shell continues it";
    [Control('l')], Input, Action::Redraw, "", "draw the screen anew";
];

/// The headings of the help, in order.
pub(crate) const HEADINGS: [&str; 3] = ["In the lists", "While something is open", "While writing"];

impl Context {
    /// The heading under which the help lists keys of this context.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Lists | In(_) => HEADINGS[0],
            Overlay => HEADINGS[1],
            Input => HEADINGS[2],
        }
    }
}

impl Key {
    fn matches(self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match self {
            Plain(code) => !control && !key.modifiers.contains(KeyModifiers::ALT) && key.code == code,
            Control(character) => control && key.code == Char(character),
        }
    }

    /// The key's name, as keyboards have it.
    pub(crate) fn name(self) -> String {
        match self {
            Control(character) => format!("Ctrl-{}", character.to_ascii_uppercase()),
            Plain(Char(' ')) => "Space".to_owned(),
            Plain(Char(character)) => character.to_string(),
            Plain(Up) => "\u{2191}".to_owned(),
            Plain(Down) => "\u{2193}".to_owned(),
            Plain(Left) => "\u{2190}".to_owned(),
            Plain(Right) => "\u{2192}".to_owned(),
            Plain(BackTab) => "Shift-Tab".to_owned(),
            Plain(PageUp) => "PgUp".to_owned(),
            Plain(PageDown) => "PgDn".to_owned(),
            Plain(Delete) => "Del".to_owned(),
            Plain(code) => format!("{code:?}"),
        }
    }
}

impl Binding {
    /// The names of the keys, the first of which is the one to hint at.
    pub(crate) fn key_names(&self) -> String {
        self.keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(" ")
    }
}

/// What a key does where the focus is.
pub(crate) fn action(key: KeyEvent, is_active: impl Fn(Context) -> bool) -> Option<Action> {
    BINDINGS
        .iter()
        .find(|binding| is_active(binding.context) && binding.keys.iter().any(|bound| bound.matches(key)))
        .map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;

    fn overlap(one: Context, other: Context) -> bool {
        match (one, other) {
            (In(some), In(others)) => some.iter().any(|pane| others.contains(pane)),
            (Lists | In(_), Lists | In(_)) => true,
            (one, other) => one == other,
        }
    }

    #[test]
    fn no_key_is_bound_twice_in_a_place() {
        for (index, binding) in BINDINGS.iter().enumerate() {
            for other in &BINDINGS[index + 1..] {
                let twice = binding.keys.iter().any(|key| other.keys.contains(key));
                assert!(!twice || !overlap(binding.context, other.context), "{binding:?} and {other:?}");
            }
        }
    }

    #[test]
    fn every_key_is_bound_to_a_command_that_there_is() {
        for binding in BINDINGS {
            if let Action::Command(template) = binding.action {
                let line = template.replace("{peer}", "tower:1").replace("{message}", "1");
                assert!(Command::parse(&line).is_ok(), "{template}");
            }
        }
    }
}
