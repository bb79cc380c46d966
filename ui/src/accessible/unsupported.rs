//! Commands of the screen that have no effect in the accessible mode, with the reason and the alternative.

use clacks_language::command::ViewCommand;

const TYPE_IT: &str = "There is no input to go to here: type the line and press Enter.";
const IN_THE_LINE: &str =
    "That edits the line at the bottom of the screen; here Backspace, Ctrl-W and Ctrl-U delete.";
const NOTHING_OPEN: &str = "Nothing is open here: every answer is told at once.";
const NO_SEARCH: &str =
    "There is no text to search on a screen here; :filter TEXT tells only the traffic with it.";
const NO_MARKS: &str = "Nothing is marked here: a command names what it acts on.";
const NO_CLIPBOARD: &str =
    "There is no clipboard here: :open tells all of what is selected, and :write FILE writes the traffic.";

/// The reason why a command has no effect, as a sentence; `None` for other commands.
pub(crate) fn unsupported(command: &ViewCommand) -> Option<&'static str> {
    Some(match command {
        ViewCommand::Theme(_) => "There is nothing to colour here: everything is told in sentences.",
        ViewCommand::Motion(_) => "Nothing moves by itself here.",
        ViewCommand::Mouse => "The mouse is the terminal's here, and selects text.",
        ViewCommand::Zoom => "There is no screen to divide here; :peers, :queue and :traffic tell the lists.",
        ViewCommand::Network(_) => "One network is told here; :list NAME tells one of its lists.",
        ViewCommand::Sort(_) | ViewCommand::Only(_) => {
            "Lists are told in their own order here; :filter tells only the traffic that matches a filter."
        }
        ViewCommand::Redraw => "There is no screen to draw here; :traffic tells the last of what happened.",
        ViewCommand::Pane("map") => {
            "The map is a picture; :peers tells the peers, and :open on one who made it known."
        }
        ViewCommand::Pane("tower") => {
            "The tower is a picture; :traffic and :charts tell what passes through it."
        }
        ViewCommand::Copy | ViewCommand::CopyAll => NO_CLIPBOARD,
        ViewCommand::Mark | ViewCommand::Unmark => NO_MARKS,
        ViewCommand::EditInEditor(_) => {
            "No editor is opened here; :edit NUMBER tells the text, and :edit NUMBER TEXT changes it."
        }
        ViewCommand::Suspend => {
            "Nothing needs to be given back here: the shell can stop the program by itself."
        }
        ViewCommand::Interrupt => {
            "That is a key of the screen; here :quit asks before leaving, as Ctrl-C does."
        }
        ViewCommand::Say | ViewCommand::Prompt(_) | ViewCommand::Send => TYPE_IT,
        ViewCommand::Leave
        | ViewCommand::Clear
        | ViewCommand::Complete(_)
        | ViewCommand::SearchHistory
        | ViewCommand::Take
        | ViewCommand::TakeBack
        | ViewCommand::Line(_) => IN_THE_LINE,
        ViewCommand::Close | ViewCommand::Choose => NOTHING_OPEN,
        ViewCommand::Search | ViewCommand::Match { .. } => NO_SEARCH,
        _ => return None,
    })
}
