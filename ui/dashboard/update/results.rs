//! Reports of command results, and their consequences for the model.

use clacks_feed::Key;
use clacks_language::command::{NodeCommand, target::IgnoreTarget};
use clacks_p2p::{Address, core::MessageId};
use clacks_p2p_feed::rows::{message_key, peer_key};
use clacks_source::restore::Before;

use crate::{
    model::Model,
    state::{
        command_words::{counted_object, past_tense},
        message::CommandResult,
    },
};

/// Reports the results of commands, and keeps the former state for undo.
pub fn report(model: &mut Model, outcomes: &[CommandResult], before: Vec<Before>) {
    let ignored = ignored(outcomes);
    for (command, _) in outcomes.iter().filter(|(_, result)| result.is_ok()) {
        clear_marks(model, command);
    }
    let (mut text, is_error) = summary(outcomes);
    if !is_error {
        text += &share_note(model, &ignored);
    }
    let can_undo = model.undo.remember(before, ignored, model.now);
    match (outcomes, is_error) {
        ([], _) => {}
        _ if can_undo => offer_to_undo(model, outcomes, text, is_error),
        (_, true) => model.notify_error(text),
        (_, false) => model.notify(text),
    }
}

/// Shows the result, and the key that undoes the command.
fn offer_to_undo(model: &mut Model, outcomes: &[CommandResult], text: String, is_error: bool) {
    let done = outcomes.iter().filter(|(_, result)| result.is_ok()).count();
    let is_one_drop = matches!(outcomes, [(NodeCommand::DropAll(_), _)]);
    let them = if done > 1 || is_one_drop && !text.ends_with("1 message") { "them" } else { "it" };
    let key = model.key_name_in(model.key_context(), ":undo");
    model.notify_with_offer(text, is_error, format!("{key} takes {them} back"));
}

fn ignored(outcomes: &[CommandResult]) -> Vec<IgnoreTarget> {
    let party = |outcome: &CommandResult| match outcome {
        (NodeCommand::Ignore(peer), Ok(_)) => Some(IgnoreTarget::Peer(peer.clone())),
        (NodeCommand::IgnoreRemote(remote), Ok(_)) => Some(IgnoreTarget::Remote(*remote)),
        _ => None,
    };
    outcomes.iter().filter_map(party).collect()
}

/// Records that the user removed a message, in all lists.
pub(crate) fn expect_removal(model: &mut Model, id: MessageId) {
    model.networks.active_mut().expect_removal(&message_key(id));
}

/// Removes the mark of an item, in all lists.
fn unmark(model: &mut Model, key: &Key) {
    model.networks.active_mut().lists_mut().for_each(|list| list.marks.remove(key));
}

/// Removes the marks of the items that a command processed. An ended ignore can no longer be undone.
fn clear_marks(model: &mut Model, command: &NodeCommand) {
    match command {
        NodeCommand::Unignore(peer) | NodeCommand::Forget(peer) => {
            model.undo.note_settled(&IgnoreTarget::Peer(peer.clone()));
            unmark(model, &peer_key(peer));
        }
        NodeCommand::UnignoreRemote(remote) => model.undo.note_settled(&IgnoreTarget::Remote(*remote)),
        NodeCommand::Ignore(peer) | NodeCommand::Announce(peer) | NodeCommand::Trust(peer) => {
            unmark(model, &peer_key(peer));
        }
        NodeCommand::Drop(id) | NodeCommand::HoldOne(id) | NodeCommand::Release(id) => {
            expect_removal(model, *id);
            unmark(model, &message_key(*id));
        }
        _ => {}
    }
}

/// Summarises the results in one line. Also returns whether any command failed.
fn summary(outcomes: &[CommandResult]) -> (String, bool) {
    let done = outcomes.iter().filter(|(_, result)| result.is_ok()).count();
    let error = outcomes.iter().find_map(|(_, result)| result.as_ref().err());
    let text = match (outcomes, error) {
        ([(_, Ok(text))], _) => text.clone(),
        ([(_, Err(error))], _) => error.to_string(),
        ([(command, _), ..], None) => format!("{} {}", past_tense(command), counted_object(command, done)),
        ([(command, _), ..], Some(error)) => {
            let all = counted_object(command, outcomes.len());
            format!("{} {done} of {all}; {error}", past_tense(command))
        }
        ([], _) => String::new(),
    };
    (text, error.is_some())
}

/// Returns the share of the traffic that came from the ignored items.
fn share_note(model: &Model, ignored: &[IgnoreTarget]) -> String {
    let peer = |party: &IgnoreTarget| match party {
        IgnoreTarget::Peer(peer) => Some(peer.clone()),
        IgnoreTarget::Remote(_) => None,
    };
    let peers: Vec<Address> = ignored.iter().filter_map(peer).collect();
    let them = if peers.len() == 1 { "it" } else { "them" };
    // Messages of a remote address can name any peer as the sender.
    let share = (!peers.is_empty()).then(|| model.shares.of(&peers).percent());
    share
        .map(|share| format!("; {share} of the last hour's messages came through {them}"))
        .unwrap_or_default()
}
