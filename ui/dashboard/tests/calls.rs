//! Calls of the node, and their results.

use clacks_feed::{Call, Key, Outcome, Refusal, Run};
use clacks_language::command::Command;
use clacks_p2p_feed::description::{HELD, PEERS, QUEUE, describe};

use crate::state::{
    message::{CallResult, Effect},
    network::Network,
};

/// The run of the node of the fixture.
const RUN: Run = Run(1);

/// What the node of the fixture offers.
pub(crate) fn network() -> Network {
    Network::new(describe("tower-a.example.org:8080".into()).into(), RUN)
}

/// The call of a typed line.
pub(crate) fn typed(line: &str) -> Call {
    match Command::parse(line) {
        Ok(Command::Node(command)) => command.call(RUN),
        other => panic!("{line} is {other:?}"),
    }
}

/// The effect of a typed line.
pub(crate) fn runs(line: &str) -> Effect {
    Effect::Call(typed(line))
}

/// A command on peers, by a key.
pub(crate) fn on_peers(command: &'static str, peers: &[&str]) -> Call {
    Call::new(RUN, command.into(), "").on(PEERS, peers.iter().map(|peer| Key::new(peer)))
}

/// A command on messages of the queue, by a key.
pub(crate) fn on_queue(command: &'static str, ids: &[&str]) -> Call {
    Call::new(RUN, command.into(), "").on(QUEUE, ids.iter().map(|id| Key::new(id)))
}

/// A command on held messages, by a key.
pub(crate) fn on_held(command: &'static str, ids: &[&str]) -> Call {
    Call::new(RUN, command.into(), "").on(HELD, ids.iter().map(|id| Key::new(id)))
}

/// The call that undoes a command.
pub(crate) fn undo(token: &str) -> Call {
    Call::new(RUN, "undo".into(), token)
}

/// A call that worked and cannot be undone.
pub(crate) fn done(call: Call, text: &str) -> CallResult {
    (call, Ok(Outcome::new(text)))
}

/// A call that worked and can be undone with this token.
pub(crate) fn undoable(call: Call, text: &str, token: &str) -> CallResult {
    (call, Ok(Outcome::new(text).undone_by(undo(token))))
}

/// A call that was refused.
pub(crate) fn refused(call: Call, reason: &str) -> CallResult {
    (call, Err(Refusal::new(reason)))
}
