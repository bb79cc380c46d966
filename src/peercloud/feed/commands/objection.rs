use clacks_feed::{Call, Network, Refusal};
use clacks_peercloud::{
    Id, Json,
    core::{AutoReply, CommandError, Core},
};

use super::action::Action;
use crate::{PeercloudNetwork, description::LEAVE_FIRST};

/// Why an action would be refused now. `None`: it works.
pub(super) fn objection(network: &PeercloudNetwork, action: &Action) -> Option<Refusal> {
    let node = network.node();
    let reason = match action {
        Action::Broadcast(message) => node.read(|core, _| not_broadcast(core, message)),
        Action::To(ids, message) => node.read(|core, _| not_sent(core, ids, message)),
        Action::Reply(_) if node.has_handler() => {
            Some("messages are answered by the program that this node runs in".to_owned())
        }
        Action::Reply(AutoReply::Value(value)) => failed(node.read(|core, _| core.check_reply(value))),
        Action::Check(ids) | Action::Ignore(ids) => node.read(|core, _| no_member(core, ids)),
        Action::Unignore(ids) => node.read(|core, _| {
            let is_missing = ids.iter().all(|id| core.dropped_member(id).is_none());
            is_missing.then(|| "that is not ignored".to_owned())
        }),
        Action::Join { address, leave_first } => {
            let error = node.read(|core, _| core.check_join(std::slice::from_ref(address))).err()?;
            return match error {
                CommandError::InCloud if *leave_first => None,
                CommandError::InCloud => {
                    let again = Call::new(network.run(), "join".into(), format!("{address} {LEAVE_FIRST}"));
                    Some(Refusal::new(error.to_string()).offering("leave and join", again))
                }
                error => Some(Refusal::new(error.to_string())),
            };
        }
        Action::Leave => node.read(|core, _| (core.members().len() == 0).then(|| ALONE.to_owned())),
        Action::Data(data) => failed(node.read(|core, _| core.check_update(data))),
        Action::Repair => node.read(|core, _| not_repaired(core)),
        Action::Undo(token) => {
            let checked = network.undo().check(token.untrusted(), node.now().uptime);
            checked.err().map(|error| error.to_string())
        }
        Action::Reply(_) | Action::Stop => None,
    };
    reason.map(Refusal::new)
}

const ALONE: &str = "this node is alone: it is in no cloud";

fn failed(result: Result<(), CommandError>) -> Option<String> {
    result.err().map(|error| error.to_string())
}

fn not_broadcast(core: &Core, message: &Json) -> Option<String> {
    if core.members().len() == 0 {
        return Some(ALONE.to_owned());
    }
    failed(core.check_send(message))
}

fn not_sent(core: &Core, ids: &[Id], message: &Json) -> Option<String> {
    no_member(core, ids).or_else(|| failed(core.check_send(message)))
}

fn no_member(core: &Core, ids: &[Id]) -> Option<String> {
    let is_missing = ids.iter().all(|id| core.member(id).is_none());
    is_missing.then(|| CommandError::NoMember.to_string())
}

fn not_repaired(core: &Core) -> Option<String> {
    if core.members().len() == 0 {
        Some(ALONE.to_owned())
    } else if core.is_attempting_to_join() {
        Some(CommandError::Joining.to_string())
    } else {
        None
    }
}
