//! Editing of a message on the input line. The message is held meanwhile, so that it is not sent.

use clacks_feed::{Draft, Key, description::Role};
use clacks_language::command::NodeCommand;

use super::assist;
use crate::{
    model::Model,
    state::{editing::Editing, input::MAX_DRAFT, list::Selection, message::Effect, overlay::OverlayKind},
};

/// Returns the reason why a message cannot be edited on the line, if that line is too long.
pub fn too_long_reason(item: &Key, line: &str) -> Option<String> {
    let item = item.untrusted();
    let is_too_long = line.len() > MAX_DRAFT;
    is_too_long
        .then(|| format!("{item} is too long for the line; :edit-in-editor {item} opens it in your editor"))
}

/// The line on which a message is edited.
pub(crate) fn line(item: &Key, text: &str) -> String {
    format!(":edit {} {text}", item.untrusted())
}

/// Returns the line, or `None` if it is too long.
pub(crate) fn line_if_fits(line: String) -> Option<String> {
    Some(line).filter(|line| line.len() <= MAX_DRAFT)
}

/// Starts editing a message of the network at a position. Moves its text to the input line. If another network is shown
/// meanwhile, the message returns to its place.
pub fn start(model: &mut Model, network: usize, item: Key, draft: Draft) -> Vec<Effect> {
    if network != model.networks.position() {
        model.notify_error(format!("{} is as it was: another network is shown", item.untrusted()));
        return draft.cancel.map(Effect::CancelEdit).into_iter().collect();
    }
    model.networks.active_mut().expect_removal(&item);
    let line = line(&item, draft.text.untrusted());
    model.editing = Some(Editing { network, item, draft, opened_from: model.overlay_list() });
    write(model, &line);
    assist::on_edit(model)
}

/// Reopens an edit that failed. If another network is shown meanwhile, the message returns to its place, and the line to
/// the history.
pub fn retry(model: &mut Model, editing: Editing, line: &str, reason: String) -> Vec<Effect> {
    if editing.network != model.networks.position() {
        model.input.push_unsent(line);
        model.notify_error(reason);
        return editing.draft.cancel.map(Effect::CancelEdit).into_iter().collect();
    }
    model.editing = Some(editing);
    write(model, line);
    model.notify_error(reason);
    assist::on_edit(model)
}

fn write(model: &mut Model, line: &str) {
    model.focus_input();
    model.input.start_command(line);
    model.notice = None;
}

/// Returns the effect that finishes the current edit, if the command belongs to it.
pub fn finish(model: &mut Model, command: &NodeCommand) -> Option<Effect> {
    let (item, text) = command.text.split_once(char::is_whitespace)?;
    let is_of = |editing: &mut Editing| command.name == "edit" && editing.item.untrusted() == item;
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
    match editing.opened_from {
        // Select the message again after its return.
        None => select(model, editing),
        Some(list) if model.open_overlay().is_none() && editing.network == model.networks.position() => {
            model.open(OverlayKind::List(list));
        }
        Some(_) => {}
    }
}

/// Selects an edited message in the lists of messages beside the traffic.
fn select(model: &mut Model, editing: &Editing) {
    let Some(network) = model.networks.get_mut(editing.network) else { return };
    let lists = network.description.lists().filter(|(_, spec)| spec.beside && spec.role == Role::Messages);
    let lists: Vec<_> = lists.map(|(list, _)| list).collect();
    for list in lists {
        let list = network.list_mut(list);
        list.into_iter().for_each(|list| list.selected = Selection::key(editing.item.clone()));
    }
}
