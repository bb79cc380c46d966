//! Why a command would fail, told before it is sent.

use clacks_p2p::{
    Address, Node,
    core::{EnqueueError, OptionsError, Status},
    node::NotKnown,
};

use crate::command::NodeCommand;

/// Why a command would fail at any node.
pub(crate) fn always(command: &NodeCommand) -> Option<String> {
    match command {
        NodeCommand::Enqueue(message) | NodeCommand::Replace(_, message) if message.is_falsy() => {
            Some(EnqueueError::Empty.to_string())
        }
        NodeCommand::Rate(rate) if !(0.001..=100_000.0).contains(rate) => {
            Some(OptionsError::SendRate(*rate).to_string())
        }
        _ => None,
    }
}

/// Why a command would fail at this node if it were carried out now, as far as that can be known.
pub(crate) fn now(node: &Node, command: &NodeCommand) -> Option<String> {
    match command {
        NodeCommand::Add(peer) | NodeCommand::Ignore(peer) | NodeCommand::Announce(peer)
            if node.address() == *peer =>
        {
            Some(format!("{peer} is this node itself"))
        }
        NodeCommand::Enqueue(message) | NodeCommand::Replace(_, message)
            if message.size() > node.options().max_message_bytes =>
        {
            let (size, most) = (message.size(), node.options().max_message_bytes);
            Some(EnqueueError::TooLarge { size, most }.to_string())
        }
        NodeCommand::Add(peer) => {
            node.peer(peer).map(|known| format!("{peer} is known already; it is {}", known.status))
        }
        NodeCommand::Ignore(peer) if is_ignored(node, peer) => Some(format!("{peer} is ignored already")),
        NodeCommand::Announce(peer) if is_ignored(node, peer) => {
            Some(format!("{peer} is ignored; :unignore it first"))
        }
        NodeCommand::Unignore(peer) if !is_ignored(node, peer) => Some(format!("{peer} is not ignored")),
        NodeCommand::IgnoreRemote(remote) if node.is_remote_ignored(*remote) => {
            Some(format!("connections from {remote} are ignored already"))
        }
        NodeCommand::UnignoreRemote(remote) if !node.is_remote_ignored(*remote) => {
            Some(format!("connections from {remote} are not ignored"))
        }
        NodeCommand::Forget(peer) if node.peer(peer).is_none() => Some(format!("{peer}: {NotKnown}")),
        NodeCommand::Drop(id) | NodeCommand::Replace(id, _)
            if node.queue_position(*id).is_none() && node.held_position(*id).is_none() =>
        {
            Some(format!("{id} is not in the queue; a message that comes back has a new number"))
        }
        NodeCommand::HoldOne(id) if node.queue_position(*id).is_none() => {
            Some(format!("{id} is not in the queue; in quotes it is text to look for: :hold \"{id}\""))
        }
        NodeCommand::Release(id) if node.held_position(*id).is_none() => Some(format!("{id} is not held")),
        NodeCommand::Unhold if node.hold_rule().is_none() => Some("no filter holds messages".to_owned()),
        _ => None,
    }
}

fn is_ignored(node: &Node, peer: &Address) -> bool {
    node.peer(peer).is_some_and(|known| known.status == Status::Ignored)
}

#[cfg(test)]
mod tests {
    use clacks_p2p::Message;

    use super::*;
    use crate::{command::Command, execute::execute};

    fn command(line: &str) -> NodeCommand {
        match Command::parse(line).unwrap() {
            Command::Node(command) => command,
            Command::View(command) => panic!("{command:?} is not for the node"),
        }
    }

    fn objection(node: &Node, line: &str) -> Option<String> {
        always(&command(line)).or_else(|| now(node, &command(line)))
    }

    #[tokio::test]
    async fn what_would_fail_is_objected_to_and_nothing_else_is() {
        let node = Node::builder().hostname("127.0.0.1").port(0).start().await.unwrap();
        let here = node.address();
        let largest = "x".repeat(Message::MAX_SIZE - 2);
        for line in [
            largest.as_str(),
            "hello",
            ":add tower:1",
            ":ignore rude:1",
            ":json [1]",
            ":rate 2",
            ":ignore ip:::1",
        ] {
            assert_eq!(objection(&node, line), None, "{line}");
            execute(&node, command(line)).await.unwrap();
        }
        for line in [":unignore rude:1", ":ignore tower:1", ":forget tower:1", ":drop 1", ":trust a:1"] {
            assert_eq!(objection(&node, line), None, "{line}");
        }
        let larger = "x".repeat(Message::MAX_SIZE - 1);
        let wrong = [
            larger.as_str(),
            &format!(":edit 1 {larger}"),
            &format!(":json \"{larger}\""),
            ":add tower:1",
            ":ignore rude:1",
            ":announce rude:1",
            ":unignore tower:1",
            ":forget other:1",
            ":ignore ip:::1",
            ":unignore ip:192.0.2.7",
            ":drop 99",
            ":edit 99 x",
            ":edit 1 :json null",
            ":hold 99",
            ":release 99",
            ":unhold",
            ":rate 0",
            ":rate nan",
            ":json null",
            &format!(":add {here}"),
            &format!(":announce {here}"),
        ];
        for line in wrong {
            assert!(objection(&node, line).is_some(), "{line}");
            assert!(execute(&node, command(line)).await.is_err(), "{line}");
        }
    }
}
