//! Editing of a message on the input line. The message is held meanwhile, so that it is not sent.

use clacks_feed::Draft;
use clacks_language::{command::NodeCommand, edit};
use clacks_p2p::core::MessageId;
use clacks_p2p_feed::rows::message_key;

use super::results;
use crate::{
    model::Model,
    state::{editing::Editing, input::MAX_DRAFT, list::Selection, message::Effect, overlay::OverlayKind},
};

/// Returns the reason why a message cannot be edited on the line, if that line is too long.
pub fn too_long_reason(id: MessageId, line: &str) -> Option<String> {
    let is_too_long = line.len() > MAX_DRAFT;
    is_too_long
        .then(|| format!("{id} is too long for the line; :edit-in-editor {id} opens it in your editor"))
}

/// The line on which a message is edited.
pub(crate) fn line(id: MessageId, text: &str) -> String {
    format!(":edit {id} {text}")
}

/// Returns the line for the correction of an invalid text, or `None` if it is too long.
pub(crate) fn correction_line(id: MessageId, text: &str) -> Option<String> {
    line_if_fits(edit::line_to_correct(id, text))
}

/// Returns the line, or `None` if it is too long.
pub(crate) fn line_if_fits(line: String) -> Option<String> {
    Some(line).filter(|line| line.len() <= MAX_DRAFT)
}

/// Starts editing a message. Moves its text to the input line.
pub fn start(model: &mut Model, id: MessageId, draft: Draft) {
    results::expect_removal(model, id);
    let line = line(id, draft.text.untrusted());
    model.editing = Some(Editing { id, draft, opened_from_held: model.is_held_open() });
    write(model, &line);
}

/// Reopens an edit that failed.
pub fn retry(model: &mut Model, editing: Editing, line: &str) {
    model.editing = Some(editing);
    write(model, line);
}

fn write(model: &mut Model, line: &str) {
    model.focus_input();
    model.input.start_command(line);
    model.notice = None;
}

/// Returns the effect that finishes the current edit, if the command belongs to it.
pub fn finish(model: &mut Model, command: &NodeCommand) -> Option<Effect> {
    let (id, text) = command.text.split_once(char::is_whitespace)?;
    let is_of = |editing: &mut Editing| command.name == "edit" && editing.id.to_string() == id;
    let editing = model.editing.take_if(is_of)?;
    reopen(model, &editing);
    Some(Effect::FinishEdit(editing, text.to_owned()))
}

/// Cancels the edit if the user left the line. The message returns to its place, its text to the history.
pub fn cancel_from_line(model: &mut Model) -> Vec<Effect> {
    let writes = model.focus_below_palette().is_input() && model.input.is_command();
    if writes || model.editing.is_none() {
        return Vec::new();
    }
    model.input.archive_command();
    cancel(model)
}

/// Cancels the edit, if there is one. The message returns to its place.
pub fn cancel(model: &mut Model) -> Vec<Effect> {
    let Some(editing) = model.editing.take() else { return Vec::new() };
    reopen(model, &editing);
    editing.draft.cancel.map(Effect::CancelEdit).into_iter().collect()
}

fn reopen(model: &mut Model, editing: &Editing) {
    if !editing.opened_from_held {
        // Select the message again after its return.
        let queue = model.networks.active_mut().named_mut("queue");
        queue.into_iter().for_each(|queue| queue.selected = Selection::key(message_key(editing.id)));
    } else if model.open_overlay().is_none() {
        let held = model.networks.active().description.list_id("held");
        held.into_iter().for_each(|held| model.open(OverlayKind::List(held)));
    }
}
