//! Editing of the input line.

use clacks_language::{
    command::{Command, NodeCommand, ViewCommand},
    filter::Filter,
};
use crossterm::event::{KeyCode, KeyEvent};

use super::{
    assist, check,
    commands::{run, show, show_all_traffic},
    remember,
};
use crate::{
    available::FILTER_PROMPT,
    model::{
        Model,
        focus::{FocusOwner, Line},
    },
    state::{input::MAX_DRAFT, message::Effect, palette::Palette, sending::Sending},
};

/// What the key for the filter that holds messages begins to write.
const HOLD: &str = ":hold ";

/// Runs a command of the line, and leaves other commands to [`show`]. `None` means no effects.
pub fn on_line(model: &mut Model, command: ViewCommand) -> Option<Vec<Effect>> {
    match command {
        ViewCommand::Send if model.writes_search() => model.keep_search(),
        ViewCommand::Send => return Some(send(model)),
        ViewCommand::Complete(direction) => return Some(assist::complete_line(model, direction)),
        ViewCommand::SearchHistory => model.input.search_older(),
        ViewCommand::Take => return Some(end_choice(model, true)),
        ViewCommand::TakeBack => return Some(end_choice(model, false)),
        ViewCommand::Line(line_key) => return Some(edit(model, line_key.key())),
        ViewCommand::Say => return Some(write(model, "")),
        ViewCommand::Prompt(begun) => return Some(write(model, &begun)),
        ViewCommand::Leave if model.writes_search() => model.leave_search(),
        ViewCommand::Leave => {
            model.input.discard_untyped_command();
            model.leave_input();
        }
        ViewCommand::Clear if model.next_owner() == FocusOwner::Menu => {
            model.menu.iter_mut().for_each(Palette::clear);
        }
        ViewCommand::Clear if model.writes_search() => model.clear_search(),
        ViewCommand::Clear if model.input.draft().is_empty() => model.leave_input(),
        ViewCommand::Clear => {
            model.input.clear();
            return Some(assist::edited(model));
        }
        other => return show(model, &other),
    }
    None
}

/// Edits the line with one key. Refuses input beyond the maximum length with an error notice.
pub fn edit(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let goes_on = matches!(key.code, KeyCode::Right | KeyCode::End) && key.modifiers.is_empty();
    if let Some(effects) = goes_on.then(|| assist::take_ghost(model)).flatten() {
        return effects;
    }
    if model.input.is_full_for(key) {
        model.complain(format!(
            "a line has {MAX_DRAFT} bytes at most; a longer text can be pasted as a message"
        ));
        return Vec::new();
    }
    if model.input.edit(key) {
        model.notice.take_if(|notice| notice.is_error);
    }
    assist::edited(model)
}

/// Ends the search in the history or the choice of a completion, whichever is going on.
fn end_choice(model: &mut Model, takes_it: bool) -> Vec<Effect> {
    if model.input.search().is_some() {
        model.input.end_search(takes_it);
        return assist::edited(model);
    }
    assist::end_choosing(model, takes_it)
}

/// Runs the line, or shows why it cannot be run.
pub fn send(model: &mut Model) -> Vec<Effect> {
    if model.line() == (Line::Empty { is_command: true }) {
        // Who deletes the filter wants none.
        if model.input.is_cleared_command(FILTER_PROMPT) {
            show_all_traffic(model);
        }
        model.input.clear();
        model.input.switch_to_message();
        model.leave_input();
        return assist::edited(model);
    }
    // The draft stays, to be mended.
    let Ok(command) = check::check(model) else { return assist::refuse(model) };
    model.notice = None;
    // Whether a message is sent is the node's to say, and only what was sent is remembered.
    let (was_command, remembered) = if matches!(command, Command::Node(NodeCommand::Enqueue(_))) {
        let (line, was_command) = model.input.take_draft();
        model.sending = Some(Sending::Line { line, was_command });
        (was_command, None)
    } else {
        let taken = model.input.submit();
        (taken.was_command, taken.history_line)
    };
    if was_command {
        model.leave_input();
    }
    let mut effects = assist::edited(model);
    effects.extend(remembered.and_then(remember));
    effects.extend(run(model, command));
    effects
}

/// Starts a line with this text, as `:` starts a command, and gives the input the focus.
pub fn write(model: &mut Model, begun: &str) -> Vec<Effect> {
    // What is written goes before what is looked at.
    model.focus_input();
    // Nobody goes on with a command that was refused by beginning another.
    if model.input.is_command() && model.assist.is_rejected() {
        model.input.archive_command();
    }
    match begun {
        "" => model.input.switch_to_message(),
        // A filter that is on is there to be changed.
        FILTER_PROMPT => {
            let filter = model.log.filter().map_or("", Filter::as_str);
            model.input.start_command(&format!("{FILTER_PROMPT}{filter}"));
        }
        HOLD => {
            let rule = model.held.rule.as_deref().unwrap_or_default();
            model.input.start_command(&format!("{HOLD}{rule}"));
        }
        begun if begun.starts_with(':') => model.input.start_command(begun),
        begun => {
            model.input.switch_to_message();
            if model.input.draft().is_empty() {
                model.input.insert(begun);
            }
        }
    }
    assist::edited(model)
}
