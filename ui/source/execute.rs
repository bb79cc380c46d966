//! Executes the commands of the user at the node.

use clacks_language::{command::NodeCommand, filter::Filter};
use clacks_p2p::{
    Address, MAX_WHOLE_MESSAGE, Message, Node,
    core::{MessageId, MessageState, PeerState, QueuedMessage, Status},
    node::{TrustChange, UnknownPeer},
};
use clacks_text::format;

use super::{execute_error::ExecuteError, precheck};

/// Executes a command. Returns one line that reports the result.
///
/// # Errors
///
/// Fails if the node refuses the command or has nothing to do.
pub async fn execute(node: &Node, command: NodeCommand) -> Result<String, ExecuteError> {
    if let Some(refusal) = precheck::at_node(node, &command) {
        return Err(refusal);
    }
    match command {
        NodeCommand::Enqueue(message) => enqueue(node, message),
        NodeCommand::Announce(peer) => announce(node, &peer).await,
        NodeCommand::Add(peer) => add(node, &peer).map(|before| added(&peer, &before)),
        NodeCommand::Ignore(peer) => ignore(node, &peer),
        NodeCommand::Unignore(peer) if node.unignore(&peer) => Ok(format!("{peer} is no longer ignored")),
        NodeCommand::Unignore(peer) => Err(ExecuteError::PeerNotIgnored(peer)),
        NodeCommand::IgnoreRemote(remote) if node.ignore_remote(remote) => {
            Ok(format!("connections from {remote} are ignored"))
        }
        NodeCommand::IgnoreRemote(remote) => Err(ExecuteError::RemoteAlreadyIgnored(remote)),
        NodeCommand::UnignoreRemote(remote) if node.unignore_remote(remote) => {
            Ok(format!("connections from {remote} are no longer ignored"))
        }
        NodeCommand::UnignoreRemote(remote) => Err(ExecuteError::RemoteNotIgnored(remote)),
        NodeCommand::Forget(peer) => match node.forget(&peer) {
            Ok(()) => Ok(format!("forgot {peer}")),
            Err(UnknownPeer) => Err(ExecuteError::UnknownPeer(peer)),
        },
        NodeCommand::Trust(peer) => Ok(trust(node, &peer)),
        NodeCommand::Drop(id) => drop_message(node, id),
        NodeCommand::DropAll(filter) => dropped(drop_matching(node, filter).await.len()),
        NodeCommand::Hold(filter) => hold(node, filter).await,
        NodeCommand::HoldOne(id) => hold_one(node, id),
        NodeCommand::ShowHold => Ok(held(node)),
        NodeCommand::Unhold => unhold(node),
        NodeCommand::Release(id) => release(node, id),
        NodeCommand::ReleaseAll => match node.release_all() {
            0 => Err(ExecuteError::NothingHeld),
            1 => Ok("released 1 message".to_owned()),
            number => Ok(format!("released {number} messages")),
        },
        NodeCommand::Replace(id, message) => replace(node, id, message),
        NodeCommand::Rate(rate) => match node.set_send_rate(rate) {
            Ok(()) => Ok(format!("sends {rate} messages a second at most")),
            Err(error) => Err(error.into()),
        },
    }
}

fn enqueue(node: &Node, message: Message) -> Result<String, ExecuteError> {
    let size = message.size();
    let id = node.enqueue(message)?;
    let what = if node.held_message(id).is_some() { "held" } else { "queued" };
    Ok(format!("{what} as {id}{}", warning_of_size(size)))
}

/// A warning if a message of this size is too large for nodes of the npm package; else empty.
fn warning_of_size(size: usize) -> String {
    if size <= MAX_WHOLE_MESSAGE {
        return String::new();
    }
    format!(", but its {size} bytes are more than nodes of the npm package take whole ({MAX_WHOLE_MESSAGE})")
}

async fn hold(node: &Node, filter: Filter) -> Result<String, ExecuteError> {
    let rule = super::hold_rule::rule(filter);
    let setting = node.clone();
    // It takes as long as the filter takes for the whole queue.
    let set = tokio::task::spawn_blocking(move || setting.set_hold_rule(Some(rule))).await;
    set.map(|()| held(node)).map_err(|_| ExecuteError::Aborted)
}

/// Reports the number of held messages and the hold rule.
fn held(node: &Node) -> String {
    let messages = match node.held_len() {
        0 => "no message is held".to_owned(),
        1 => "1 message is held".to_owned(),
        number => format!("{number} messages are held"),
    };
    match node.hold_rule() {
        Some(rule) => format!("what comes is held if {}; {messages}", rule.text()),
        None => format!("{messages}; no filter holds what comes"),
    }
}

fn hold_one(node: &Node, id: MessageId) -> Result<String, ExecuteError> {
    if node.hold(id) {
        return Ok(format!("held {id}"));
    }
    Err(match node.held_message(id) {
        Some(_) => ExecuteError::AlreadyHeld(id),
        None => ExecuteError::NotQueued(id),
    })
}

fn unhold(node: &Node) -> Result<String, ExecuteError> {
    let Some(rule) = node.hold_rule() else { return Err(ExecuteError::NoHoldRule) };
    node.set_hold_rule(None);
    let stay = match node.held_len() {
        0 => String::new(),
        1 => "; 1 message stays held until it is released".to_owned(),
        number => format!("; {number} messages stay held until they are released"),
    };
    Ok(format!("no longer held: {}{stay}", rule.text()))
}

fn release(node: &Node, id: MessageId) -> Result<String, ExecuteError> {
    match node.release(id) {
        Some(new) => Ok(format!("released {id}; it is queued as {new}")),
        None => Err(ExecuteError::NotHeld(id)),
    }
}

/// Holds a message for editing. Returns its text and whether it was in the queue.
///
/// # Errors
///
/// Returns [`ExecuteError::UnknownMessage`] if the message is neither queued nor held.
pub fn take_in_hand(node: &Node, id: MessageId) -> Result<HeldForEdit, ExecuteError> {
    let waited = node.hold(id);
    match node.held_message(id) {
        Some(held) => Ok(HeldForEdit { id, message: held.queued.message, waited }),
        None => Err(ExecuteError::UnknownMessage(id)),
    }
}

/// The text of a queued or held message.
///
/// # Errors
///
/// Returns [`ExecuteError::UnknownMessage`] if the message is neither queued nor held.
pub fn message(node: &Node, id: MessageId) -> Result<Message, ExecuteError> {
    let held = || node.held_message(id).map(|held| held.queued);
    node.queued_message(id).or_else(held).map(|queued| queued.message).ok_or(ExecuteError::UnknownMessage(id))
}

/// Replaces the text of a queued or held message. Returns one line that reports it.
///
/// # Errors
///
/// Returns [`ExecuteError::Replace`] if the node refuses the new text; the message then keeps its old one.
pub fn replace(node: &Node, id: MessageId, message: Message) -> Result<String, ExecuteError> {
    let size = message.size();
    node.replace(id, message).map_err(|error| ExecuteError::Replace { id, error })?;
    Ok(format!("changed {id}{}", warning_of_size(size)))
}

async fn announce(node: &Node, peer: &Address) -> Result<String, ExecuteError> {
    match node.announce(peer).await {
        Ok(()) => Ok(format!("announced to {peer}")),
        Err(error) => Err(ExecuteError::Announce { peer: peer.clone(), error }),
    }
}

/// Adds a peer. Returns the earlier states of all peers that this changed, for undo.
///
/// # Errors
///
/// Fails if the peer is already known, is this node, or if the peer limit is reached.
pub fn add(node: &Node, peer: &Address) -> Result<Vec<PeerState>, ExecuteError> {
    match precheck::at_node(node, &NodeCommand::Add(peer.clone())) {
        Some(refusal) => Err(refusal),
        None => node.add_peer_undoable(peer).ok_or_else(|| ExecuteError::PeerLimit(peer.clone())),
    }
}

/// Reports an added peer in one line. `before` is the result of [`add`]; it names the peer that was forgotten for it.
pub(crate) fn added(peer: &Address, before: &[PeerState]) -> String {
    match before.iter().find(|state| state.is_known()) {
        Some(made_room) => format!("added {peer}, for which {} made room", made_room.address()),
        None => format!("added {peer}"),
    }
}

fn ignore(node: &Node, peer: &Address) -> Result<String, ExecuteError> {
    if node.ignore(peer) {
        return Ok(format!("ignored {peer}"));
    }
    Err(match node.peer(peer) {
        Some(known) if known.status == Status::Ignored => ExecuteError::PeerAlreadyIgnored(peer.clone()),
        _ => ExecuteError::ThisNode(peer.clone()),
    })
}

fn trust(node: &Node, peer: &Address) -> String {
    match node.trust(peer) {
        TrustChange::Accepted { certificate, refused } => {
            let ago = format::age(refused);
            format!("{peer} is trusted with its new certificate {certificate}, refused {ago} ago")
        }
        TrustChange::Unchanged(certificate) => {
            format!(
                "{peer} showed its trusted certificate {certificate} when it was last reached: nothing changed"
            )
        }
        TrustChange::Reset => format!("{peer} is trusted with whichever certificate it shows next"),
        TrustChange::Nothing => {
            format!("{peer} showed no other certificate; the first that it shows is trusted")
        }
    }
}

fn drop_message(node: &Node, id: MessageId) -> Result<String, ExecuteError> {
    match node.drop_message(id) {
        Some(_) => Ok(format!("dropped {id}")),
        None => Err(ExecuteError::UnknownMessage(id)),
    }
}

/// Drops all queued and held messages that the filter admits, or all without a filter. Returns their earlier states.
pub(crate) async fn drop_matching(node: &Node, filter: Option<Filter>) -> Vec<MessageState> {
    let node = node.clone();
    let admits = move |queued: &QueuedMessage| {
        filter.as_ref().is_none_or(|filter| filter.admits(&super::hold_rule::subject(queued)))
    };
    // It takes as long as the filter takes for the whole queue. An error means that the program ends.
    tokio::task::spawn_blocking(move || node.drop_matching(admits)).await.unwrap_or_default()
}

/// Reports how many messages were dropped.
///
/// # Errors
///
/// Returns [`ExecuteError::NothingToDrop`] if `count` is 0.
pub(crate) fn dropped(count: usize) -> Result<String, ExecuteError> {
    match count {
        0 => Err(ExecuteError::NothingToDrop),
        1 => Ok("dropped 1 message".to_owned()),
        count => Ok(format!("dropped {count} messages")),
    }
}

#[cfg(test)]
mod tests {
    use clacks_language::command::Command;
    use clacks_p2p::Builder;

    use super::*;

    fn builder() -> Builder {
        Node::builder().hostname("127.0.0.1").port(0)
    }

    async fn told(node: &Node, line: &str) -> Result<String, String> {
        match Command::parse(line).unwrap() {
            Command::Node(command) => execute(node, command).await.map_err(|error| error.to_string()),
            Command::View(command) => panic!("{command:?} is not for the node"),
        }
    }

    #[tokio::test]
    async fn messages_are_queued_under_a_number_and_dropped_by_it() {
        let node = builder().start().await.unwrap();
        assert_eq!(told(&node, "hello").await, Ok("queued as 1".into()));
        assert_eq!(told(&node, ":drop 1").await, Ok("dropped 1".into()));
        assert!(told(&node, ":drop 1").await.unwrap_err().starts_with("1 neither waits nor is held"));
        assert!(node.is_empty());
    }

    #[tokio::test]
    async fn messages_are_held_changed_and_released() {
        let node = builder().start().await.unwrap();
        for (line, said) in [
            ("red one", Ok("queued as 1")),
            (":unhold", Err("no filter holds messages")),
            (":hold red", Ok("what comes is held if red; 1 message is held")),
            ("red two", Ok("held as 2")),
            ("blue", Ok("queued as 3")),
            (":hold 3", Ok("held 3")),
            (":hold 3", Err("3 is held already")),
            (":hold 9", Err("9 is not in the queue; in quotes it is text to look for: :hold \"9\"")),
            (":edit 1 green", Ok("changed 1")),
            (":release 1", Ok("released 1; it is queued as 4")),
            (":release 1", Err("1 is not held")),
            (":drop 3", Ok("dropped 3")),
            (":unhold", Ok("no longer held: red; 1 message stays held until it is released")),
            (":hold", Ok("1 message is held; no filter holds what comes")),
            (":drop ip:192.0.2.7", Err("no queued or held message matches")),
            (":release all", Ok("released 1 message")),
            (":release all", Err("nothing is held")),
        ] {
            let said = said.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(told(&node, line).await, said, "{line}");
        }
        assert_eq!(node.peek(), ["green", "red two"].map(Message::text));
    }

    #[tokio::test]
    async fn a_message_too_long_for_the_package_is_queued_with_a_warning() {
        let node = builder().start().await.unwrap();
        let longest = "x".repeat(MAX_WHOLE_MESSAGE - 2);
        assert_eq!(told(&node, &longest).await, Ok("queued as 1".into()));
        let warning = told(&node, &format!("{longest}x")).await.unwrap();
        let bytes = MAX_WHOLE_MESSAGE + 1;
        assert!(warning.starts_with(&format!("queued as 2, but its {bytes} bytes")), "{warning}");
        assert_eq!(node.queue_len(), 2);
    }

    #[tokio::test]
    async fn every_command_on_a_peer_says_what_it_did() {
        let node = builder().start().await.unwrap();
        for (line, said) in [
            (":add tower:8080", Ok("added tower:8080".into())),
            (":add tower:8080", Err("tower:8080 is known already; it is new".into())),
            (":unignore tower:8080", Err("tower:8080 is not ignored".into())),
            (":ignore tower:8080", Ok("ignored tower:8080".into())),
            (":ignore tower:8080", Err("tower:8080 is ignored already".into())),
            (":announce tower:8080", Err("tower:8080 is ignored; :unignore it first".into())),
            (":unignore tower:8080", Ok("tower:8080 is no longer ignored".into())),
            (":unignore ip:192.0.2.7", Err("connections from 192.0.2.7 are not ignored".into())),
            (":ignore ip:192.0.2.7", Ok("connections from 192.0.2.7 are ignored".into())),
            (":ignore ip:192.0.2.7", Err("connections from 192.0.2.7 are ignored already".into())),
            (":unignore ip:192.0.2.7", Ok("connections from 192.0.2.7 are no longer ignored".into())),
            (":forget tower:8080", Ok("forgot tower:8080".into())),
            (":forget tower:8080", Err("tower:8080: no such peer".into())),
            (
                ":trust tower:8080",
                Ok("tower:8080 showed no other certificate; the first that it shows is trusted".into()),
            ),
            (":rate 2.5", Ok("sends 2.5 messages a second at most".into())),
        ] {
            assert_eq!(told(&node, line).await, said, "{line}");
        }
    }

    #[tokio::test]
    async fn announcing_reaches_another_node_but_not_this_one() {
        let (node, other) = (builder().start().await.unwrap(), builder().start().await.unwrap());
        let (here, there) = (node.address(), other.address());
        assert_eq!(told(&node, &format!(":announce {there}")).await, Ok(format!("announced to {there}")));
        assert_eq!(told(&node, &format!(":add {here}")).await, Err(format!("{here} is this node itself")));
        assert_eq!(told(&node, &format!(":ignore {here}")).await, Err(format!("{here} is this node itself")));
        let itself = format!("{here} is this node itself");
        assert_eq!(told(&node, &format!(":announce {here}")).await, Err(itself));
        other.stop().await;
        let failed = told(&node, &format!(":announce {there}")).await.unwrap_err();
        assert_eq!(failed, format!("could not announce to {there}: connection refused"));
    }

    #[tokio::test]
    async fn a_changed_certificate_is_told_with_the_way_to_accept_it() {
        let (node, other) = (builder().start().await.unwrap(), builder().start().await.unwrap());
        let there = other.address();
        let announce = format!(":announce {there}");
        assert_eq!(told(&node, &announce).await, Ok(format!("announced to {there}")));
        other.stop().await;
        let other = builder().port(there.port()).start().await.unwrap();
        let refused = told(&node, &announce).await.unwrap_err();
        assert!(refused.ends_with(&format!("; :trust {there} accepts it")), "{refused}");
        let trust = format!(":trust {there}");
        let trusted = told(&node, &trust).await.unwrap();
        let expected =
            format!("{there} is trusted with its new certificate {}, refused ", other.certificate());
        assert!(trusted.starts_with(&expected), "{trusted}");
        assert!(told(&node, &trust).await.unwrap().ends_with("when it was last reached: nothing changed"));
        assert_eq!(told(&node, &announce).await, Ok(format!("announced to {there}")));
    }

    #[tokio::test]
    async fn a_node_that_knows_all_it_may_adds_nobody() {
        let node = builder().options(|options| options.max_peers = 1).start().await.unwrap();
        assert_eq!(told(&node, ":add tower:8080").await, Ok("added tower:8080".into()));
        let full = "keep:8080 was not added: the limit on known peers is reached (max-peers)";
        assert_eq!(told(&node, ":add keep:8080").await, Err(full.into()));
    }
}

/// A message that is held for editing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldForEdit {
    /// The message's number.
    pub id: MessageId,
    /// Its text.
    pub message: Message,
    /// Whether it was in the queue before.
    pub waited: bool,
}
