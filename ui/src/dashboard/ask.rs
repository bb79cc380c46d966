//! Asks the node about the line that is being written.

use clacks_p2p::{Node, core::Peer};

use super::{
    assist::{Answer, Question},
    completion::{MOST_CHOICES, Need, PeerMatcher},
};
use crate::{command::Known, objection};

/// What the node says; where there is none, nothing is known.
pub(super) fn answer(node: Option<&Node>, question: Question) -> Answer {
    let peers = match (&question.need, node) {
        (Some(Need::Peers(known, typed)), Some(node)) => peers(node, *known, typed),
        _ => Vec::new(),
    };
    let objection =
        question.command.as_ref().zip(node).and_then(|(command, node)| objection::now(node, command));
    Answer { question, peers, objection }
}

/// The peers of a kind that begin with what is typed; if there are none, those that hold its letters.
fn peers(node: &Node, known: Known, typed: &str) -> Vec<Peer> {
    let mut matcher = PeerMatcher::default();
    let begun =
        node.find_peers(MOST_CHOICES, |peer| known.is_for(peer.status) && matcher.begins(peer, typed));
    if !begun.is_empty() {
        return begun;
    }
    node.find_peers(MOST_CHOICES, |peer| known.is_for(peer.status) && matcher.holds(peer, typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_crowd_of_peers_is_asked_for_those_that_fit_only() {
        let node = Node::builder().hostname("127.0.0.1").port(0).start().await.unwrap();
        let add = |address: String| assert!(node.add_peer(&address.parse().unwrap()));
        (1..=200).for_each(|port| add(format!("tower-{port}:1")));
        add("grand-trunk:1".to_owned());
        node.ignore(&"tower-17:1".parse().unwrap());
        let told = |known, typed: &str| {
            let question = Question { need: Some(Need::Peers(known, typed.to_owned())), command: None };
            let peers = answer(Some(&node), question).peers;
            peers.iter().map(|peer| peer.address.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(told(Known::All, "").len(), MOST_CHOICES);
        assert_eq!(told(Known::All, "trunk"), ["grand-trunk:1"]);
        assert_eq!(told(Known::All, "tower-17:"), ["tower-17:1"]);
        assert!(!told(Known::NotIgnored, "tower-17").contains(&"tower-17:1".to_owned()));
        assert_eq!(told(Known::Ignored, ""), ["tower-17:1"]);
    }
}
