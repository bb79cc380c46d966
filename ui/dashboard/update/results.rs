//! Reports of command results, and their consequences for the model.

use clacks_language::command::{NodeCommand, target::IgnoreTarget};
use clacks_p2p::{Address, core::MessageId};
use clacks_source::restore::Before;

use crate::{
    model::Model,
    state::{
        command_words::{counted_object, past_tense},
        message::CommandResult,
    },
};

/// Reports the results of commands, and keeps the former state for undo.
pub fn note(model: &mut Model, outcomes: &[CommandResult], before: Vec<Before>) {
    let ignored = ignored(outcomes);
    for (command, _) in outcomes.iter().filter(|(_, result)| result.is_ok()) {
        settle(model, command);
    }
    let (text, is_error) = match told(outcomes) {
        Ok(text) => (text + &share_of(model, &ignored), false),
        Err(error) => (error, true),
    };
    let can_undo = model.undo.remember(before, ignored, model.now);
    match (outcomes, is_error) {
        ([], _) => {}
        _ if can_undo => offer_to_undo(model, outcomes, text, is_error),
        (_, true) => model.complain(text),
        (_, false) => model.say(text),
    }
}

/// Says how it went, and which key takes it back.
fn offer_to_undo(model: &mut Model, outcomes: &[CommandResult], text: String, is_error: bool) {
    let done = outcomes.iter().filter(|(_, result)| result.is_ok()).count();
    let is_one_drop = matches!(outcomes, [(NodeCommand::DropAll(_), _)]);
    let them = if done > 1 || is_one_drop && !text.ends_with("1 message") { "them" } else { "it" };
    let key = model.key_at(model.place(), ":undo");
    model.offer(text, is_error, format!("{key} takes {them} back"));
}

fn ignored(outcomes: &[CommandResult]) -> Vec<IgnoreTarget> {
    let party = |outcome: &CommandResult| match outcome {
        (NodeCommand::Ignore(peer), Ok(_)) => Some(IgnoreTarget::Peer(peer.clone())),
        (NodeCommand::IgnoreRemote(remote), Ok(_)) => Some(IgnoreTarget::Remote(*remote)),
        _ => None,
    };
    outcomes.iter().filter_map(party).collect()
}

/// The user dealt with a message, wherever it is listed.
pub(crate) fn deal_with(model: &mut Model, id: MessageId) {
    model.queue.expect_removal(id);
    model.held.list.expect_removal(id);
}

/// What was marked and is dealt with is marked no more, and an ignore that ended can't be taken back.
fn settle(model: &mut Model, command: &NodeCommand) {
    match command {
        NodeCommand::Unignore(peer) | NodeCommand::Forget(peer) => {
            model.undo.note_settled(&IgnoreTarget::Peer(peer.clone()));
            model.marks.peers.remove(peer);
        }
        NodeCommand::UnignoreRemote(remote) => model.undo.note_settled(&IgnoreTarget::Remote(*remote)),
        NodeCommand::Ignore(peer) | NodeCommand::Announce(peer) | NodeCommand::Trust(peer) => {
            model.marks.peers.remove(peer);
        }
        NodeCommand::Drop(id) | NodeCommand::HoldOne(id) | NodeCommand::Release(id) => {
            deal_with(model, *id);
            model.marks.messages.remove(id);
            model.marks.held.remove(id);
        }
        _ => {}
    }
}

/// One line about all of them: an error if any went wrong.
fn told(outcomes: &[CommandResult]) -> Result<String, String> {
    let done = outcomes.iter().filter(|(_, result)| result.is_ok()).count();
    let error = outcomes.iter().find_map(|(_, result)| result.as_ref().err());
    match (outcomes, error) {
        ([(_, result)], _) => result.clone(),
        ([(command, _), ..], None) => {
            Ok(format!("{} {}", past_tense(command), counted_object(command, done)))
        }
        ([(command, _), ..], Some(error)) => {
            let all = counted_object(command, outcomes.len());
            Err(format!("{} {done} of {all}; {error}", past_tense(command)))
        }
        ([], _) => Ok(String::new()),
    }
}

/// Which part of the traffic came through what is ignored now.
fn share_of(model: &Model, ignored: &[IgnoreTarget]) -> String {
    let peer = |party: &IgnoreTarget| match party {
        IgnoreTarget::Peer(peer) => Some(peer.clone()),
        IgnoreTarget::Remote(_) => None,
    };
    let peers: Vec<Address> = ignored.iter().filter_map(peer).collect();
    let them = if peers.len() == 1 { "it" } else { "them" };
    // What came from a remote address came in anybody's name.
    let share = (!peers.is_empty()).then(|| model.shares.of(&peers).percent());
    share
        .map(|share| format!("; {share} of the last hour's messages came through {them}"))
        .unwrap_or_default()
}
