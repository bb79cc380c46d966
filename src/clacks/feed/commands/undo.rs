//! The state before a command, and how it is restored.

use clacks_feed::{Call, Network, Outcome, Refusal, Text};
use clacks_p2p::{
    Node,
    core::{HoldState, MessageState, PeerState, RemoteState, RestoredMessages},
    node::CertificateState,
};

use crate::ClacksNetwork;

/// What was before a command, in the order in which it is restored.
pub(crate) type Deed = Vec<Before>;

/// A part of the node's state before a command.
#[derive(Debug)]
pub(crate) enum Before {
    /// A peer, known or not.
    Peer(PeerState),
    /// The trusted certificate of a peer.
    Certificate(CertificateState),
    /// Messages with their positions in the queue or the held list.
    Messages(Vec<MessageState>),
    /// The hold rule, and the messages that it held.
    Hold(HoldState),
    /// The send rate in messages per second.
    Rate(f64),
    /// Whether a remote IP address is ignored.
    Remote(RemoteState),
}

impl Before {
    /// Estimated memory in bytes.
    fn size(&self) -> usize {
        match self {
            Self::Messages(states) => states.iter().map(|state| state.message().size()).sum(),
            Self::Hold(state) => state.len() * size_of::<u64>(),
            _ => 0,
        }
    }
}

/// A result that can be undone, if there is anything to restore and it is not too large.
pub(super) fn undoable(network: &ClacksNetwork, text: impl Into<Text>, deed: Deed) -> Outcome {
    let outcome = Outcome::new(text);
    let bytes = deed.iter().map(Before::size).sum();
    let is_empty = deed.is_empty();
    let token = if is_empty { None } else { network.undo().push(deed, bytes, network.node().now().uptime) };
    let undo = token.map(|token| Call::new(network.run(), "undo".into(), token.to_string()));
    Outcome { undo, ..outcome }
}

/// Restores what was before a command.
pub(super) fn undo(network: &ClacksNetwork, token: &Text) -> Result<Outcome, Refusal> {
    let node = network.node();
    let deed = network.undo().pop(token.untrusted(), node.now().uptime);
    let deed = deed.map_err(|error| Refusal::new(error.to_string()))?;
    let mut summary = Summary::default();
    deed.into_iter().for_each(|before| restore(node, before, &mut summary));
    let Summary { done, errors, left } = summary;
    if errors.is_empty() {
        return Ok(Outcome::new(done.join("; ")));
    }
    // What finds no room now may find it later.
    let text = if done.is_empty() {
        format!("not undone: {}", errors.join("; "))
    } else {
        format!("{}, but not all: {}", done.join("; "), errors.join("; "))
    };
    Ok(undoable(network, text, left))
}

/// What an undo did.
#[derive(Default)]
struct Summary {
    done: Vec<String>,
    errors: Vec<String>,
    left: Deed,
}

fn restore(node: &Node, before: Before, summary: &mut Summary) {
    match before {
        Before::Messages(states) => {
            let RestoredMessages { waiting, held, on_their_way, gone, refused, error, .. } =
                node.restore_messages(states);
            let counts = [
                (waiting, "at their places in the queue again"),
                (held, "held again"),
                (on_their_way, "on the way by now"),
                (gone, "no longer here"),
            ];
            let counted = counts.into_iter().filter(|(count, _)| *count > 0);
            summary.done.extend(counted.map(|(count, what)| format!("{count} {what}")));
            summary.errors.extend(error.map(|error| format!("{} messages: {error}", refused.len())));
            if !refused.is_empty() {
                summary.left.push(Before::Messages(refused));
            }
        }
        Before::Peer(state) => restore_peer(node, state, summary),
        Before::Certificate(state) => {
            summary.done.push(format!("the certificate of {} is as it was", state.address()));
            node.restore_certificate(state);
        }
        Before::Hold(state) => {
            summary.done.push(match state.rule() {
                Some(rule) => format!("what comes is held again if {}", rule.text()),
                None => "no filter holds what comes, as before".to_owned(),
            });
            node.restore_hold(state);
        }
        Before::Rate(rate) => match node.set_send_rate(rate) {
            Ok(()) => summary.done.push(format!("sends {rate} messages a second at most, as before")),
            Err(error) => summary.errors.push(error.to_string()),
        },
        Before::Remote(state) => {
            let remote = state.remote();
            node.restore_remote(state);
            let again = if node.is_remote_ignored(remote) { "ignored again" } else { "no longer ignored" };
            summary.done.push(format!("connections from {remote} are {again}"));
        }
    }
}

fn restore_peer(node: &Node, state: PeerState, summary: &mut Summary) {
    let (peer, was_known) = (state.address().clone(), state.is_known());
    if node.restore_peer(state.clone()) {
        summary.done.push(match node.peer(&peer) {
            Some(known) if was_known => format!("{peer} is {} again", known.status),
            _ => format!("{peer} is not known any more"),
        });
    } else {
        summary.errors.push(format!("{peer} finds no room among the peers (max-peers)"));
        summary.left.push(Before::Peer(state));
    }
}
