//! Editing of the input line.

use clacks_feed::filter::Filter;
use crossterm::event::{KeyCode, KeyEvent};

use super::assist;
use crate::{
    available::{FILTER_PROMPT, ONLY_PROMPT},
    model::Model,
    state::{input::MAX_DRAFT, message::Effect},
};

/// Start of the line that the hold key writes.
const HOLD: &str = ":hold ";

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
pub(crate) fn close_choice(model: &mut Model, takes_it: bool) -> Vec<Effect> {
    if model.input.search().is_some() {
        model.input.end_search(takes_it);
        return assist::on_edit(model);
    }
    assist::close_popup(model, takes_it)
}

/// Starts a line with this text, as `:` starts a command, and gives the input the focus.
pub fn start_line(model: &mut Model, begun: &str) -> Vec<Effect> {
    if begun == ONLY_PROMPT && model.narrowed_list().is_some() {
        model.focus_input_over_list();
    } else {
        // Typing takes precedence over an open overlay.
        model.focus_input();
    }
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
        ONLY_PROMPT => {
            let filter = model.row_filter().unwrap_or_default();
            model.input.start_command(&format!("{ONLY_PROMPT}{filter}"));
        }
        HOLD => {
            let rule = model.hold_rule.as_deref().unwrap_or_default();
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
