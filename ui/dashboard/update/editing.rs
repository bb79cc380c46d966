//! Editing of a message on the input line. The message is held meanwhile, so that it is not sent.

use clacks_language::{command::NodeCommand, edit};
use clacks_p2p::{Message, core::MessageId};
use clacks_p2p_feed::rows::message_key;
use clacks_source::execute::HeldForEdit;

use super::results;
use crate::{
    model::Model,
    state::{editing::Editing, input::MAX_DRAFT, list::Selection, message::Effect, overlay::OverlayKind},
};

/// Returns the reason why a message cannot be edited on the line, if it is too long.
pub fn too_long_reason(id: MessageId, message: &Message) -> Option<String> {
    let is_too_long = edit::line(id, message).len() > MAX_DRAFT;
    is_too_long
        .then(|| format!("{id} is too long for the line; :edit-in-editor {id} opens it in your editor"))
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
pub fn start(model: &mut Model, in_hand: &HeldForEdit) {
    let HeldForEdit { id, waited, .. } = *in_hand;
    results::expect_removal(model, id);
    model.editing = Some(Editing { id, returns_to_queue: waited, opened_from_held: model.is_held_open() });
    write(model, &edit::line(id, &in_hand.message));
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
    let NodeCommand::Replace(id, message) = command else { return None };
    let editing = model.editing.take_if(|editing| editing.id == *id)?;
    reopen(model, &editing);
    Some(Effect::FinishEdit(editing, message.clone()))
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
    if editing.returns_to_queue { vec![Effect::ReturnMessage(editing.id)] } else { Vec::new() }
}

fn reopen(model: &mut Model, editing: &Editing) {
    if editing.returns_to_queue {
        // Select the message again after its return.
        let queue = model.networks.active_mut().named_mut("queue");
        queue.into_iter().for_each(|queue| queue.selected = Selection::key(message_key(editing.id)));
    }
    if editing.opened_from_held && model.open_overlay().is_none() {
        let held = model.networks.active().description.list_id("held");
        held.into_iter().for_each(|held| model.open(OverlayKind::List(held)));
    }
}
