//! Undo of commands: saves the state that a command is about to change, and restores it.

use std::time::Duration;

use clacks_language::command::NodeCommand;
use clacks_p2p::{
    Node,
    core::{HoldState, MessageState, PeerState, RemoteState, RestoredMessages},
    node::CertificateState,
};

use super::{
    execute::{self, drop_matching, execute},
    execute_error::ExecuteError,
};

/// The time within which a command can be undone by a key: 10 s. After that the key would more likely be hit by
/// mistake.
pub const STAYS: Duration = Duration::from_secs(10);

/// A part of the node's state before a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Before {
    /// A peer, known or not.
    Peer(PeerState),
    /// The trusted certificate of a peer.
    Certificate(CertificateState),
    /// Messages with their positions in the queue or the held list.
    Messages(Vec<MessageState>),
    /// The hold rule and the messages that it held.
    Hold(HoldState),
    /// The send rate in messages per second.
    Rate(f64),
    /// Whether a remote IP address is ignored.
    Remote(RemoteState),
}

impl Before {
    /// Estimated memory in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Messages(states) => states.iter().map(|state| state.message().size()).sum(),
            Self::Hold(state) => state.len() * size_of::<u64>(),
            _ => 0,
        }
    }
}

/// Executes a command. Returns its result in one line, and the earlier state if the command succeeded and can be
/// undone.
pub async fn execute_undoable(
    node: &Node,
    command: NodeCommand,
) -> (Result<String, ExecuteError>, Vec<Before>) {
    match command {
        NodeCommand::DropAll(filter) => {
            let dropped = drop_matching(node, filter).await;
            (execute::dropped(dropped.len()), messages(dropped))
        }
        NodeCommand::Drop(id) => {
            let dropped = node.drop_these(&[id]);
            let error = ExecuteError::UnknownMessage(id);
            let said = if dropped.is_empty() { Err(error) } else { Ok(format!("dropped {id}")) };
            (said, messages(dropped))
        }
        NodeCommand::Add(peer) => match execute::add(node, &peer) {
            Ok(before) => {
                let said = execute::added(&peer, &before);
                (Ok(said), before.into_iter().map(Before::Peer).collect())
            }
            Err(error) => (Err(error), Vec::new()),
        },
        command => {
            let before = before(node, &command);
            let result = execute(node, command).await;
            let before = if result.is_ok() { before } else { Vec::new() };
            (result, before)
        }
    }
}

fn messages(states: Vec<MessageState>) -> Vec<Before> {
    if states.is_empty() { Vec::new() } else { vec![Before::Messages(states)] }
}

/// The current state of all that a command is about to change. Empty if the command cannot be undone or returns the
/// state itself.
pub fn before(node: &Node, command: &NodeCommand) -> Vec<Before> {
    match command {
        NodeCommand::Ignore(peer) | NodeCommand::Unignore(peer) => vec![Before::Peer(node.peer_state(peer))],
        NodeCommand::Forget(peer) => {
            vec![Before::Certificate(node.certificate_state(peer)), Before::Peer(node.peer_state(peer))]
        }
        NodeCommand::Trust(peer) => vec![Before::Certificate(node.certificate_state(peer))],
        NodeCommand::IgnoreRemote(remote) | NodeCommand::UnignoreRemote(remote) => {
            vec![Before::Remote(node.remote_state(*remote))]
        }
        NodeCommand::HoldOne(id) | NodeCommand::Release(id) | NodeCommand::Replace(id, _) => {
            messages(node.message_states(&[*id]))
        }
        NodeCommand::ReleaseAll => messages(node.held_states()),
        NodeCommand::Hold(_) | NodeCommand::Unhold => vec![Before::Hold(node.hold_state())],
        NodeCommand::Rate(_) => vec![Before::Rate(node.overview().send_rate)],
        // The first three return what was before as they are carried out, the next two cannot be undone, and the last
        // changes nothing.
        NodeCommand::Add(_)
        | NodeCommand::Drop(_)
        | NodeCommand::DropAll(_)
        | NodeCommand::Announce(_)
        | NodeCommand::Enqueue(_)
        | NodeCommand::ShowHold => Vec::new(),
    }
}

/// Why a command was not undone completely. `Display` writes one line for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UndoError {
    /// Nothing was restored. Holds the reasons.
    #[error("not undone: {0}")]
    Nothing(String),
    /// Some of the states were restored.
    #[error("{restored}, but not all: {reasons}")]
    Partial {
        /// What was restored.
        restored: String,
        /// Why the rest was not.
        reasons: String,
    },
}

/// Restores the earlier states, last one first. Returns the result in one line, and the states that did not fit and can
/// be retried.
pub fn undo(node: &Node, all: Vec<Before>) -> (Result<String, UndoError>, Vec<Before>) {
    let (mut told, mut left) = (UndoSummary::default(), Vec::new());
    for before in all.into_iter().rev() {
        match before {
            Before::Messages(states) => {
                let restored = node.restore_messages(states);
                told.record_messages(&restored);
                left.extend(messages(restored.refused));
            }
            Before::Peer(state) => {
                let (peer, is_known) = (state.address().clone(), state.is_known());
                if node.restore_peer(state.clone()) {
                    told.peers.push(match node.peer(&peer) {
                        Some(known) if is_known => format!("{peer} is {} again", known.status),
                        _ => format!("{peer} is not known any more"),
                    });
                } else {
                    told.errors.push(format!("{peer} finds no room among the peers (max-peers)"));
                    left.push(Before::Peer(state));
                }
            }
            Before::Certificate(state) => {
                told.certificates.push(format!("the certificate of {} is as it was", state.address()));
                node.restore_certificate(state);
            }
            Before::Hold(state) => {
                told.others.push(match state.rule() {
                    Some(rule) => format!("what comes is held again if {}", rule.text()),
                    None => "no filter holds what comes, as before".to_owned(),
                });
                node.restore_hold(state);
            }
            // A rate that was in force is one that can be.
            Before::Rate(rate) => match node.set_send_rate(rate) {
                Ok(()) => told.others.push(format!("sends {rate} messages a second at most, as before")),
                Err(error) => told.errors.push(error.to_string()),
            },
            Before::Remote(state) => {
                let remote = state.remote();
                node.restore_remote(state);
                let again = if node.is_remote_ignored(remote) {
                    "are ignored again"
                } else {
                    "are no longer ignored"
                };
                told.others.push(format!("connections from {remote} {again}"));
            }
        }
    }
    (told.summary(), left)
}

/// The report of an undo.
#[derive(Debug, Default)]
struct UndoSummary {
    peers: Vec<String>,
    certificates: Vec<String>,
    messages: Vec<String>,
    others: Vec<String>,
    errors: Vec<String>,
    message_errors: Vec<String>,
}

impl UndoSummary {
    /// One line about the whole undo; an error if a part could not be restored.
    fn summary(self) -> Result<String, UndoError> {
        let Self { peers, certificates, messages, others, errors, message_errors } = self;
        // Of a peer that is known again nobody needs to be told about its certificate.
        let certificates = if peers.is_empty() { certificates } else { Vec::new() };
        let mut parts = several(peers, "peers are as they were");
        parts.extend(certificates.into_iter().chain(others).chain(messages));
        let reasons = errors.into_iter().chain(message_errors).collect::<Vec<_>>().join("; ");
        let restored = parts.join("; ");
        match (restored.is_empty(), reasons.is_empty()) {
            (_, true) => Ok(restored),
            (true, false) => Err(UndoError::Nothing(reasons)),
            (false, false) => Err(UndoError::Partial { restored, reasons }),
        }
    }

    /// Records the result for messages: an error if none was restored, or not all that are still here.
    fn record_messages(&mut self, result: &RestoredMessages) {
        let refused = result.error.as_ref().map(|error| match result.refused.len() {
            1 => error.to_string(),
            count => format!("{count} messages: {error}"),
        });
        let restored = restored(result);
        match (result.waiting + result.held > 0, refused) {
            (true, None) => self.messages.push(restored),
            (false, None) => self.message_errors.push(restored),
            (false, Some(refused)) if restored.is_empty() => self.message_errors.push(refused),
            (_, Some(refused)) => self.message_errors.push(format!("{restored}, but not all: {refused}")),
        }
    }
}

fn several(told: Vec<String>, what: &str) -> Vec<String> {
    if told.len() > 1 { vec![format!("{} {what}", told.len())] } else { told }
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
    let told = there.zip(0..).map(|((count, one, many), place)| match (place, count) {
        (0, 1) => format!("1 message is {one}"),
        (0, count) => format!("{count} messages are {many}"),
        (_, 1) => format!("1 {one}"),
        (_, count) => format!("{count} {many}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
