//! Editing of the input line.

use clacks_language::{
    command::{Command, NodeCommand, ViewCommand},
    filter::Filter,
};
use crossterm::event::{KeyCode, KeyEvent};

use super::{
    assist, check,
    commands::{clear_filter, open_view, run},
    history_effect,
};
use crate::{
    available::FILTER_PROMPT,
    model::{
        Model,
        focus::{FocusOwner, LineKind},
    },
    state::{input::MAX_DRAFT, message::Effect, palette::Palette, sending::Sending},
};

/// Start of the line that the hold key writes.
const HOLD: &str = ":hold ";

/// Runs a command of the line. Returns `None` for other commands, see [`open_view`].
pub fn run_editor_command(model: &mut Model, command: ViewCommand) -> Option<Vec<Effect>> {
    match command {
        ViewCommand::Send if model.is_typing_search() => model.finish_search(),
        ViewCommand::Send => return Some(submit(model)),
        ViewCommand::Complete(direction) => return Some(assist::complete_line(model, direction)),
        ViewCommand::SearchHistory => model.input.search_older(),
        ViewCommand::Take => return Some(close_choice(model, true)),
        ViewCommand::TakeBack => return Some(close_choice(model, false)),
        ViewCommand::Line(line_key) => return Some(edit(model, line_key.key())),
        ViewCommand::Say => return Some(start_line(model, "")),
        ViewCommand::Prompt(begun) => return Some(start_line(model, &begun)),
        ViewCommand::Leave if model.is_typing_search() => model.cancel_search(),
        ViewCommand::Leave => {
            model.input.discard_untyped_command();
            model.focus_last_list();
        }
        ViewCommand::Clear if model.focus_after_question() == FocusOwner::Palette => {
            model.palette.iter_mut().for_each(Palette::clear);
        }
        ViewCommand::Clear if model.is_typing_search() => model.clear_search(),
        ViewCommand::Clear if model.input.draft().is_empty() => model.focus_last_list(),
        ViewCommand::Clear => {
            model.input.clear();
            return Some(assist::on_edit(model));
        }
        other => return open_view(model, &other),
    }
    None
}

/// Edits the line with one key. Refuses input beyond the maximum length with an error notice.
pub fn edit(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let goes_on = matches!(key.code, KeyCode::Right | KeyCode::End) && key.modifiers.is_empty();
    if let Some(effects) = goes_on.then(|| assist::accept_hint(model)).flatten() {
        return effects;
    }
    if model.input.is_full_for(key) {
        model.notify_error(format!(
            "a line has {MAX_DRAFT} bytes at most; a longer text can be pasted as a message"
        ));
        return Vec::new();
    }
    if model.input.edit(key) {
        model.notice.take_if(|notice| notice.is_error);
    }
    assist::on_edit(model)
}

/// Closes the history search or the completion popup.
fn close_choice(model: &mut Model, takes_it: bool) -> Vec<Effect> {
    if model.input.search().is_some() {
        model.input.end_search(takes_it);
        return assist::on_edit(model);
    }
    assist::close_popup(model, takes_it)
}

/// Runs the line, or shows why it cannot be run.
pub fn submit(model: &mut Model) -> Vec<Effect> {
    if model.line_kind() == (LineKind::Empty { is_command: true }) {
        // Submitting a deleted filter removes the filter.
        if model.input.is_cleared_command(FILTER_PROMPT) {
            clear_filter(model);
        }
        model.input.clear();
        model.input.switch_to_message();
        model.focus_last_list();
        return assist::on_edit(model);
    }
    // The draft stays for correction.
    let Ok(command) = check::check(model) else { return assist::refuse_line(model) };
    model.notice = None;
    // The node decides whether a message is sent. Only sent messages are added to the history.
    let (was_command, remembered) = if matches!(command, Command::Node(NodeCommand::Enqueue(_))) {
        let (line, was_command) = model.input.take_draft();
        model.sending = Some(Sending::Line { line, was_command });
        (was_command, None)
    } else {
        let taken = model.input.submit();
        (taken.was_command, taken.history_line)
    };
    if was_command {
        model.focus_last_list();
    }
    let mut effects = assist::on_edit(model);
    effects.extend(remembered.and_then(history_effect));
    effects.extend(run(model, command));
    effects
}

/// Starts a line with this text, as `:` starts a command, and gives the input the focus.
pub fn start_line(model: &mut Model, begun: &str) -> Vec<Effect> {
    // Typing takes precedence over an open overlay.
    model.focus_input();
    // A refused command is not continued.
    if model.input.is_command() && model.assist.is_rejected() {
        model.input.archive_command();
    }
    match begun {
        "" => model.input.switch_to_message(),
        // Start with the active filter, so that it can be edited.
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
    assist::on_edit(model)
}
