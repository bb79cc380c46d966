//! Checks commands before they are executed. The editor and the executor call the same functions, so a line is red
//! before Enter exactly if Enter refuses it, with the same reason.
//!
//! [`Command::parse`](clacks_language::command::Command::parse) already refuses commands that no node and no screen
//! accepts.

use std::path::Path;

use clacks_language::{
    command::{
        NodeCommand, ViewCommand,
        argument::{Existing, RecordCommand},
    },
    list_source::ListSource,
};
use clacks_p2p::{
    Address, Message, Node,
    core::{MessageId, ReplaceError, Status},
};

use super::{execute_error::ExecuteError, export, peer_list};

/// The error with which the node would refuse a command now; `None` if it is accepted, or if only execution can decide.
pub fn at_node(node: &Node, command: &NodeCommand) -> Option<ExecuteError> {
    match command {
        NodeCommand::Add(peer) | NodeCommand::Ignore(peer) | NodeCommand::Announce(peer)
            if node.address() == *peer =>
        {
            Some(ExecuteError::ThisNode(peer.clone()))
        }
        NodeCommand::Enqueue(message) => node.check_enqueue(message).err().map(ExecuteError::Enqueue),
        NodeCommand::Replace(id, message) => not_replaced(node, *id, message),
        NodeCommand::Add(peer) => not_added(node, peer),
        NodeCommand::Ignore(peer) if is_ignored(node, peer) => {
            Some(ExecuteError::PeerAlreadyIgnored(peer.clone()))
        }
        NodeCommand::Announce(peer) if is_ignored(node, peer) => {
            Some(ExecuteError::IgnoredPeer(peer.clone()))
        }
        NodeCommand::Unignore(peer) if !is_ignored(node, peer) => {
            Some(ExecuteError::PeerNotIgnored(peer.clone()))
        }
        NodeCommand::IgnoreRemote(remote) if node.is_remote_ignored(*remote) => {
            Some(ExecuteError::RemoteAlreadyIgnored(*remote))
        }
        NodeCommand::UnignoreRemote(remote) if !node.is_remote_ignored(*remote) => {
            Some(ExecuteError::RemoteNotIgnored(*remote))
        }
        NodeCommand::Forget(peer) if node.peer(peer).is_none() => {
            Some(ExecuteError::UnknownPeer(peer.clone()))
        }
        NodeCommand::Drop(id) => not_here(node, *id),
        NodeCommand::DropAll(None) if node.queue_len() == 0 && node.overview().held == 0 => {
            Some(ExecuteError::NothingToDrop)
        }
        NodeCommand::HoldOne(id) => not_to_be_held(node, *id),
        NodeCommand::Release(id) if node.held_position(*id).is_none() => Some(ExecuteError::NotHeld(*id)),
        NodeCommand::ReleaseAll if node.overview().held == 0 => Some(ExecuteError::NothingHeld),
        NodeCommand::Unhold if node.hold_rule().is_none() => Some(ExecuteError::NoHoldRule),
        _ => None,
    }
}

/// The error if the message with this number is neither queued nor held; `None` if it is.
pub fn not_here(node: &Node, id: MessageId) -> Option<ExecuteError> {
    let is_here = node.queue_position(id).is_some() || node.held_position(id).is_some();
    (!is_here).then_some(ExecuteError::UnknownMessage(id))
}

fn not_to_be_held(node: &Node, id: MessageId) -> Option<ExecuteError> {
    if node.queue_position(id).is_some() {
        return None;
    }
    Some(match node.held_position(id) {
        Some(_) => ExecuteError::AlreadyHeld(id),
        None => ExecuteError::NotQueued(id),
    })
}

fn not_added(node: &Node, peer: &Address) -> Option<ExecuteError> {
    if let Some(known) = node.peer(peer) {
        return Some(ExecuteError::KnownPeer(peer.clone(), known.status));
    }
    (!node.has_room_for_peer()).then(|| ExecuteError::PeerLimit(peer.clone()))
}

fn not_replaced(node: &Node, id: MessageId, message: &Message) -> Option<ExecuteError> {
    match node.check_replace(id, message) {
        Ok(()) => None,
        Err(ReplaceError::NotHere) => not_here(node, id),
        Err(error) => Some(ExecuteError::Replace { id, error }),
    }
}

fn is_ignored(node: &Node, peer: &Address) -> bool {
    node.peer(peer).is_some_and(|known| known.status == Status::Ignored)
}

/// Whether a command needs [`on_disk`] because it reads or writes a file.
pub fn is_about_a_file(command: &ViewCommand) -> bool {
    matches!(
        command,
        ViewCommand::Write(_)
            | ViewCommand::Record(RecordCommand::Start(..))
            | ViewCommand::PeersFrom(Some(ListSource::File(_)))
    )
}

/// The reason why a command about a file would be refused now. `recording` checks the file of a recording. Blocks on
/// the disk.
pub fn on_disk(
    command: &ViewCommand,
    recording: impl Fn(&Path, Existing) -> Option<String>,
) -> Option<String> {
    match command {
        ViewCommand::Write(target) => export::why_not(target),
        ViewCommand::Record(RecordCommand::Start(path, existing)) => recording(path, *existing),
        ViewCommand::PeersFrom(Some(source)) => peer_list::why_not(source),
        _ => None,
    }
}

/// The reason why a replay refuses commands for the node.
pub const REPLAY_SENDS_NOTHING: &str = "this is a replay: nothing is sent";

#[cfg(test)]
mod tests {
    use clacks_language::command::Command;

    use super::*;
    use crate::execute::execute;

    /// Why the line would be refused.
    fn refusal(node: &Node, line: &str) -> Option<String> {
        match Command::parse(line) {
            Ok(Command::Node(command)) => at_node(node, &command).map(|error| error.to_string()),
            Ok(Command::View(command)) => panic!("{command:?} is not for the node"),
            Err(error) => Some(error.to_string()),
        }
    }

    /// What came of the line.
    async fn outcome(node: &Node, line: &str) -> Option<String> {
        match Command::parse(line) {
            Ok(Command::Node(command)) => execute(node, command).await.err().map(|error| error.to_string()),
            Ok(Command::View(command)) => panic!("{command:?} is not for the node"),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Command lines, and whether the node refuses them. The node knows `tower:1`, ignores `rude:1` and 192.0.2.7, has
    /// message 1 in the queue and holds message 2.
    fn lines(here: &Address) -> Vec<(String, bool)> {
        let largest = Message::MAX_SIZE - 2;
        let fine =
            ["hello", ":json [1]", ":rate 2", ":add new:1", ":trust a:1", ":hold gnu", ":hold", ":edit 1 x"];
        let fine = fine.map(str::to_owned).into_iter().chain(["x".repeat(largest)]);
        let wrong = [
            "",
            "  ",
            ":",
            ":qu",
            ":frob",
            ":json null",
            ":json {",
            ":rate",
            ":rate 0",
            ":rate nan",
            ":rate x",
            ":rate 100001",
            ":add",
            ":add x",
            ":add tower:1",
            ":ignore x",
            ":ignore rude:1",
            ":ignore ip:x",
            ":ignore ip:192.0.2.7",
            ":unignore tower:1",
            ":unignore ip:192.0.2.8",
            ":announce rude:1",
            ":forget other:1",
            ":drop",
            ":drop 99",
            ":drop (",
            ":drop status:lost",
            ":hold 99",
            ":hold 2",
            ":hold type:refused",
            ":hold gnu !gnu",
            ":unhold",
            ":release",
            ":release 1",
            ":release x",
            ":edit",
            ":edit x",
            ":edit 99 x",
            ":edit 1 :json null",
            ":edit 1 :quit",
            ":trust x",
            ":quit now",
        ];
        let wrong = wrong.map(str::to_owned).into_iter().chain([
            "x".repeat(largest + 1),
            format!(":edit 1 {}", "x".repeat(largest + 1)),
            format!(":add {here}"),
            format!(":ignore {here}"),
            format!(":announce {here}"),
        ]);
        fine.map(|line| (line, false)).chain(wrong.map(|line| (line, true))).collect()
    }

    #[tokio::test]
    async fn a_line_is_said_to_be_refused_exactly_if_it_is_and_in_the_same_words() {
        let start = || Node::builder().hostname("127.0.0.1").port(0).start();
        let first = start().await.unwrap();
        for (line, is_refused) in lines(&first.address()) {
            let node = start().await.unwrap();
            for line in [":add tower:1", ":ignore rude:1", ":ignore ip:192.0.2.7", "one", "two", ":hold 2"] {
                assert_eq!(outcome(&node, line).await, None, "{line}");
            }
            let line = line.replace(&first.address().to_string(), &node.address().to_string());
            let said = refusal(&node, &line);
            let short: String = line.chars().take(40).collect();
            assert_eq!(said.is_some(), is_refused, "{short:?}: {said:?}");
            assert_eq!(outcome(&node, &line).await, said, "{short:?}");
        }
    }

    #[tokio::test]
    async fn nothing_can_be_released_or_dropped_where_nothing_is() {
        let node = Node::builder().hostname("127.0.0.1").port(0).start().await.unwrap();
        for line in [":release all", ":drop all", ":unhold"] {
            let said = refusal(&node, line);
            assert!(said.is_some(), "{line}");
            assert_eq!(outcome(&node, line).await, said, "{line}");
        }
    }

    #[tokio::test]
    async fn a_message_for_which_the_queue_has_no_room_is_refused_before_it_is_sent() {
        let builder = Node::builder().hostname("127.0.0.1").port(0).send_rate(0.001);
        let full = |options: &mut clacks_p2p::core::Options| {
            (options.max_queue_messages, options.max_queue_bytes) = (2, 10);
        };
        let node = builder.options(full).start().await.unwrap();
        for (line, is_refused) in [
            ("one", false),
            ("far too long", true),
            ("2", false),
            ("3", true),
            (":edit 1 two", false),
            (":edit 1 far too long", true),
            (":json [3]", true),
            (":drop 2", false),
            ("3", false),
        ] {
            let said = refusal(&node, line);
            assert_eq!(said.is_some(), is_refused, "{line}: {said:?}");
            assert_eq!(outcome(&node, line).await, said, "{line}");
        }
        node.drop_matching(|_| true);
        node.drain(std::time::Duration::from_secs(60)).await.unwrap();
        let said = refusal(&node, "4");
        assert!(said.is_some(), "it hands on");
        assert_eq!(outcome(&node, "4").await, said);
    }
}
