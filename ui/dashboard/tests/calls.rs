//! Calls of the node, and their results.

use std::sync::{Arc, LazyLock};

use clacks_feed::{Call, Check, Key, Network as Node, Outcome, Refusal, Run};
use clacks_language::command::{Command, CommandError};
use clacks_p2p::{DEFAULT_MAX_DEPTH, Message};
use clacks_p2p_feed::{
    ClacksNetwork,
    description::{HELD, PEERS, QUEUE, describe},
};
use tokio::runtime::Runtime;

use crate::{
    keymap::user::UserKeys,
    state::{
        message::{CallResult, Effect},
        network::Network,
    },
};

/// The run of the node of the fixture.
const RUN: Run = Run(1);

/// What the node of the fixture offers.
pub(crate) fn network() -> Network {
    let network = Network::new(describe("tower-a.example.org:8080".into()).into(), RUN);
    network.with_panes(&[clacks_p2p_panes::panes()])
}

/// Parses a typed line.
pub(crate) fn parse(line: &str) -> Result<Command, CommandError> {
    network().parse(line)
}

/// Reads the tables of keys of a configuration file.
pub(crate) fn read_keys<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<UserKeys, D::Error> {
    UserKeys::read(deserializer, &[network().commands])
}

/// The message that a new text means.
pub(crate) fn message_of(text: &str) -> Result<Message, String> {
    let json = |json: &str| Message::from_json(json, DEFAULT_MAX_DEPTH).map_err(|error| error.to_string());
    match text.strip_prefix(':') {
        _ if text.trim().is_empty() => Err("nothing to send: the line is empty".to_owned()),
        None => Ok(Message::text(text)),
        Some(rest) if rest.starts_with(':') => Ok(Message::text(rest)),
        Some(rest) => match rest.strip_prefix("json ") {
            Some(value) => json(value),
            None => Err("the new text of a message is a line of text, or :json VALUE".to_owned()),
        },
    }
}

/// A message as the new text of another one.
pub(crate) fn new_text(message: &Message) -> String {
    match message.as_text().filter(|text| Message::text(text) == *message && !text.trim().is_empty()) {
        Some(text) if text.starts_with(':') => format!(":{text}"),
        Some(text) => text,
        None => format!(":json {}", message.as_json()),
    }
}

/// The call of a typed line.
pub(crate) fn typed(line: &str) -> Call {
    network().call(&parse(line).unwrap()).unwrap()
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

/// A node that knows nobody and has no messages. It says what is wrong with a call.
fn node() -> &'static Arc<dyn Node> {
    static NODE: LazyLock<Arc<dyn Node>> = LazyLock::new(|| {
        // It runs until the tests end.
        let runtime = Box::leak(Box::new(Runtime::new().unwrap()));
        let _guard = runtime.enter();
        let node = clacks_p2p::Node::builder().hostname("127.0.0.1").port(0).start();
        ClacksNetwork::new(&runtime.block_on(node).unwrap(), RUN)
    });
    &NODE
}

/// Why a node without peers and messages refuses a call.
pub(crate) fn refusal(call: &Call) -> Option<String> {
    match node().check(call) {
        Check::Works => None,
        Check::Wrong(reason) => Some(reason.untrusted().to_owned()),
        Check::Begun => Some(node().description().command(call.command.as_str())?.needs()),
    }
}
