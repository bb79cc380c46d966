use clacks_p2p::{
    Address, Node,
    core::{MessageId, ReplaceError, Status},
    node::UnknownPeer,
};

use super::{
    action::{Action, Party},
    stop,
};
use crate::ClacksNetwork;

/// Why an action would be refused now. Those on several items are refused only if none of them can be changed.
pub(super) fn objection(network: &ClacksNetwork, action: &Action) -> Option<String> {
    let node = network.node();
    match action {
        Action::Enqueue(message) => node.check_enqueue(message).err().map(|error| error.to_string()),
        Action::Announce(peers) => all(peers, |peer| not_announced(node, peer)),
        Action::Add(peer) => not_added(node, peer),
        Action::Ignore(parties) => all(parties, |party| not_ignored(node, party)),
        Action::Unignore(parties) => all(parties, |party| not_unignored(node, party)),
        Action::Forget(peers) => {
            all(peers, |peer| node.peer(peer).is_none().then(|| format!("{peer}: {UnknownPeer}")))
        }
        Action::Trust(_) | Action::ShowHeld | Action::HoldMatching(_) | Action::Rate(_) => None,
        Action::Drop(ids) => all(ids, |id| not_here(node, *id)),
        Action::DropMatching(filter) => {
            let is_empty = node.queue_len() == 0 && node.held_len() == 0;
            (filter.is_none() && is_empty).then(|| NOTHING_TO_DROP.to_owned())
        }
        Action::Hold(ids) => all(ids, |id| not_held(node, *id)),
        Action::Unhold => node.hold_rule().is_none().then(|| "no filter holds messages".to_owned()),
        Action::Release(ids) => {
            all(ids, |id| node.held_position(*id).is_none().then(|| format!("{id} is not held")))
        }
        Action::ReleaseAll => (node.held_len() == 0).then(|| "nothing is held".to_owned()),
        Action::Edit(id) => not_here(node, *id),
        Action::Replace(id, message) => match node.check_replace(*id, message) {
            Ok(()) => None,
            Err(ReplaceError::NotHere) => not_here(node, *id),
            Err(error) => Some(format!("{id} is as it was: {error}")),
        },
        Action::Stop(stop) => stop::objection(network, *stop),
        Action::CancelStop => stop::nothing_to_cancel(network),
        Action::Undo(token) => {
            let undo = network.undo();
            undo.check(token.untrusted(), node.now().uptime).err().map(|error| error.to_string())
        }
    }
}

/// The reason if there is no message to drop.
pub(super) const NOTHING_TO_DROP: &str = "no queued or held message matches";

/// The first reason, if there is one for each item.
fn all<T>(items: &[T], reason: impl Fn(&T) -> Option<String>) -> Option<String> {
    let mut reasons = items.iter().map(reason);
    let first = reasons.next()??;
    reasons.all(|reason| reason.is_some()).then_some(first)
}

/// The reason why an announce to a peer would be refused here.
pub(super) fn not_announced(node: &Node, peer: &Address) -> Option<String> {
    is_us(node, peer)
        .or_else(|| is_ignored(node, peer).then(|| format!("{peer} is ignored; :unignore it first")))
}

fn not_added(node: &Node, peer: &Address) -> Option<String> {
    if let Some(known) = node.peer(peer) {
        return Some(format!("{peer} is known already; it is {}", known.status));
    }
    is_us(node, peer).or_else(|| (!node.has_room_for_peer()).then(|| no_room_for(peer)))
}

pub(super) fn no_room_for(peer: &Address) -> String {
    format!("{peer} was not added: the limit on known peers is reached (max-peers)")
}

pub(super) fn not_ignored(node: &Node, party: &Party) -> Option<String> {
    match party {
        Party::Peer(peer) => {
            is_us(node, peer).or_else(|| is_ignored(node, peer).then(|| format!("{peer} is ignored already")))
        }
        Party::Remote(remote) => {
            let is_ignored = node.is_remote_ignored(*remote);
            is_ignored.then(|| format!("connections from {remote} are ignored already"))
        }
    }
}

pub(super) fn not_unignored(node: &Node, party: &Party) -> Option<String> {
    match party {
        Party::Peer(peer) => (!is_ignored(node, peer)).then(|| format!("{peer} is not ignored")),
        Party::Remote(remote) => {
            (!node.is_remote_ignored(*remote)).then(|| format!("connections from {remote} are not ignored"))
        }
    }
}

pub(super) fn not_here(node: &Node, id: MessageId) -> Option<String> {
    let is_here = node.queue_position(id).is_some() || node.held_position(id).is_some();
    (!is_here).then(|| no_longer_here(id))
}

pub(super) fn no_longer_here(id: MessageId) -> String {
    format!("{id} neither waits nor is held; a message that comes back has a new number")
}

pub(super) fn not_held(node: &Node, id: MessageId) -> Option<String> {
    if node.queue_position(id).is_some() {
        return None;
    }
    Some(match node.held_position(id) {
        Some(_) => format!("{id} is held already"),
        None => format!("{id} is not in the queue; in quotes it is text to look for: :hold \"{id}\""),
    })
}

fn is_us(node: &Node, peer: &Address) -> Option<String> {
    node.read(|core| core.is_this_node(peer)).then(|| format!("{peer} is this node itself"))
}

fn is_ignored(node: &Node, peer: &Address) -> bool {
    node.peer(peer).is_some_and(|known| known.status == Status::Ignored)
}
