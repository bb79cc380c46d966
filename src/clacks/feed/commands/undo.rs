//! The state before a command, and how it is restored.

use std::sync::Arc;

use clacks_feed::{
    Call, Doing, Network, Outcome, Refusal, Text,
    description::{Need, Takes},
};
use clacks_p2p::{
    Node,
    core::{HoldState, MessageState, PeerState, RemoteState, RestoredMessages},
    node::CertificateState,
};

use super::{Action, Command, Done, means, messages::no_longer_here, on_a_thread};
use crate::ClacksNetwork;

pub(super) const COMMANDS: &[Command] =
    &[Command::new("undo", "undo a command, for ten seconds", |_, call, _| means(Undo(call.text.clone())))
        .described(|spec| spec.arg("TOKEN", &[Takes::Number(1.0, 1e15)], Need::One))];

/// Undoes a command. It has the token of the deed.
struct Undo(Text);

impl Action for Undo {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        let now = network.node().now().uptime;
        network.undo().check(self.0.untrusted(), now).err().map(|error| error.to_string())
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        on_a_thread(network, move |network| undo(network, &self.0))
    }
}

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
    /// A message that is held while it is edited.
    Draft(MessageState),
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

fn size(deed: &Deed) -> usize {
    deed.iter().map(Before::size).sum()
}

/// A result that can be undone, if there is anything to restore and it is not too large.
pub(super) fn undoable(network: &ClacksNetwork, outcome: Outcome, deed: Deed) -> Outcome {
    let bytes = size(&deed);
    let is_empty = deed.is_empty();
    let token = if is_empty { None } else { network.undo().push(deed, bytes, network.node().now().uptime) };
    network.expire_deeds();
    let undo = token.map(|token| Call::new(network.run(), "undo".into(), token.to_string()));
    Outcome { undo, ..outcome }
}

/// Restores what was before a command. What finds no room now may find it later.
fn undo(network: &ClacksNetwork, token: &Text) -> Done {
    let node = network.node();
    let deed = network.undo().pop(token.untrusted(), node.now().uptime);
    let deed = deed.map_err(|error| Refusal::new(error.to_string()))?;
    let (mut summary, mut left) = (Summary::default(), Deed::new());
    deed.into_iter().for_each(|before| restore(node, before, &mut summary, &mut left));
    if summary.has_restored() {
        return Ok(undoable(network, Outcome::new(summary.text()), left));
    }
    if !left.is_empty() {
        let bytes = size(&left);
        network.undo().put_back(token.untrusted(), left, bytes, node.now().uptime);
        network.expire_deeds();
    }
    Err(Refusal::new(summary.text()))
}

/// What an undo did.
#[derive(Default)]
struct Summary {
    peers: Vec<String>,
    certificates: Vec<String>,
    messages: Vec<String>,
    others: Vec<String>,
    errors: Vec<String>,
    message_errors: Vec<String>,
}

impl Summary {
    fn has_restored(&self) -> bool {
        let Self { peers, certificates, messages, others, .. } = self;
        [peers, certificates, messages, others].iter().any(|restored| !restored.is_empty())
    }

    /// One line about the whole undo.
    fn text(self) -> String {
        let Self { peers, certificates, messages, others, errors, message_errors } = self;
        // The certificate of a peer that is known again goes without saying.
        let certificates = if peers.is_empty() { certificates } else { Vec::new() };
        let peers = match peers.len() {
            0 | 1 => peers,
            count => vec![format!("{count} peers are as they were")],
        };
        let parts: Vec<_> = peers.into_iter().chain(certificates).chain(others).chain(messages).collect();
        let (restored, reasons) = (parts.join("; "), [errors, message_errors].concat().join("; "));
        match (restored.is_empty(), reasons.is_empty()) {
            (_, true) => restored,
            (true, false) => format!("not undone: {reasons}"),
            (false, false) => format!("{restored}, but not all: {reasons}"),
        }
    }

    /// Records the result for messages: an error if none was restored, and one for those that found no room.
    fn record_messages(&mut self, result: &RestoredMessages) {
        let refused = result.error.as_ref().map(|error| match result.refused.len() {
            1 => error.to_string(),
            count => format!("{count} messages: {error}"),
        });
        let restored = restored(result);
        let has_restored = result.waiting + result.held > 0;
        let told = if has_restored { &mut self.messages } else { &mut self.message_errors };
        told.extend(Some(restored).filter(|restored| !restored.is_empty()));
        self.message_errors.extend(refused);
    }
}

/// How many messages are where, without those that were refused. Empty if there are no others.
fn restored(restored: &RestoredMessages) -> String {
    let RestoredMessages { waiting, held, on_their_way, gone, .. } = restored;
    let parts = [
        (*waiting, "back at the place in the queue", "back at their places in the queue"),
        (*held, "held again", "held again"),
        (*on_their_way, "on the way by now", "on the way by now"),
        (*gone, "no longer here", "no longer here"),
    ];
    let there = parts.into_iter().filter(|(count, ..)| *count > 0);
    let sentences = there.zip(0..).map(|((count, one, many), place)| match (place, count) {
        (0, 1) => format!("1 message is {one}"),
        (0, count) => format!("{count} messages are {many}"),
        (_, 1) => format!("1 {one}"),
        (_, count) => format!("{count} {many}"),
    });
    sentences.collect::<Vec<_>>().join(", ")
}

fn restore(node: &Node, before: Before, summary: &mut Summary, left: &mut Deed) {
    match before {
        Before::Messages(states) => {
            let result = node.restore_messages(states);
            summary.record_messages(&result);
            if !result.refused.is_empty() {
                left.push(Before::Messages(result.refused));
            }
        }
        Before::Draft(state) => {
            let id = state.queued().id;
            // It was held before, or the user dropped it meanwhile.
            if state.held().is_some() || node.release_to_place(id) {
                summary.messages.push(format!("{id} is as it was"));
            } else {
                summary.message_errors.push(no_longer_here(id));
            }
        }
        Before::Peer(state) => restore_peer(node, state, summary, left),
        Before::Certificate(state) => {
            summary.certificates.push(format!("the certificate of {} is as it was", state.address()));
            node.restore_certificate(state);
        }
        Before::Hold(state) => {
            summary.others.push(match state.rule() {
                Some(rule) => format!("what comes is held again if {}", rule.text()),
                None => "no filter holds what comes, as before".to_owned(),
            });
            node.restore_hold(state);
        }
        Before::Rate(rate) => match node.set_send_rate(rate) {
            Ok(()) => summary.others.push(format!("sends {rate} messages a second at most, as before")),
            Err(error) => summary.errors.push(error.to_string()),
        },
        Before::Remote(state) => {
            let remote = state.remote();
            node.restore_remote(state);
            let again = if node.is_remote_ignored(remote) { "ignored again" } else { "no longer ignored" };
            summary.others.push(format!("connections from {remote} are {again}"));
        }
    }
}

fn restore_peer(node: &Node, state: PeerState, summary: &mut Summary, left: &mut Deed) {
    let (peer, was_known) = (state.address().clone(), state.is_known());
    if node.restore_peer(state.clone()) {
        summary.peers.push(match node.peer(&peer) {
            Some(known) if was_known => format!("{peer} is {} again", known.status),
            _ => format!("{peer} is not known any more"),
        });
    } else {
        summary.errors.push(format!("{peer} finds no room among the peers (max-peers)"));
        left.push(Before::Peer(state));
    }
}
