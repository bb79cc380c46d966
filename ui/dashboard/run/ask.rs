//! Replies to queries about the line that is being typed.

use std::{net::IpAddr, ops::Range};

use clacks_feed::Call;
use clacks_language::{
    command::{Command, PeerFilter, ViewCommand, target::IgnoreTarget},
    completion::{MOST_CHOICES, Need, matching::PeerMatcher},
};
use clacks_p2p::{
    Node,
    core::{MessageId, Peer, QueuedMessage},
};

use super::source::{Source, Sources};
use crate::state::{
    assist::{AssistQuery, AssistReply, Messages},
    network::Network,
};

/// The call that says whether a line would be refused. `None` if the line is not for the node.
pub(crate) fn call_to_check(network: &Network, command: &Command) -> Option<Call> {
    match command {
        Command::View(ViewCommand::Edit(item) | ViewCommand::EditInEditor(item)) => {
            Some(Call::new(network.run, "edit".into(), item.to_string()))
        }
        Command::View(ViewCommand::Replay(command)) => Some(command.call(network.run)),
        command => network.call(command),
    }
}

/// Replies to a query about the line. `active` is the position of the network that is shown, `precheck_error` the reason
/// why its node would refuse the line.
pub(crate) fn assist_reply(
    sources: &Sources,
    active: usize,
    question: AssistQuery,
    precheck_error: Option<String>,
) -> AssistReply {
    match sources.get(active) {
        Some(source) => reply_of(source, question, precheck_error),
        None => AssistReply {
            query: question,
            peers: Vec::new(),
            remotes: Vec::new(),
            messages: Messages::default(),
            precheck_error,
        },
    }
}

fn reply_of(source: &Source, question: AssistQuery, precheck_error: Option<String>) -> AssistReply {
    let peers = match (&question.need, source.node()) {
        (Some(Need::Peers(known, typed)), Some(node)) => peers(node, *known, typed),
        _ => Vec::new(),
    };
    // In a replay no command can change messages.
    let messages = match (&question.need, source.node()) {
        (Some(Need::Messages { begun, held_only }), Some(node)) => messages(node, begun, *held_only),
        _ => Messages::default(),
    };
    let remotes = match (&question.need, source.node()) {
        (Some(Need::Peers(PeerFilter::Ignored, typed)), Some(node)) => ignored_remotes(node, typed),
        _ => Vec::new(),
    };
    AssistReply { query: question, peers, remotes, messages, precheck_error }
}

/// Returns the ignored remote addresses, those that match the typed text first, because not all may fit.
fn ignored_remotes(node: &Node, typed: &str) -> Vec<IpAddr> {
    let mut remotes = node.ignored_remotes();
    remotes.sort_by_key(|remote| !IgnoreTarget::Remote(*remote).to_string().starts_with(typed));
    remotes.truncate(MOST_CHOICES);
    remotes
}

/// Returns the peers whose names begin with the typed text, or if there are none, those that contain its characters.
fn peers(node: &Node, known: PeerFilter, typed: &str) -> Vec<Peer> {
    let mut matcher = PeerMatcher::default();
    let begun = node.find_peers(MOST_CHOICES, &mut |peer: &Peer| {
        known.is_for(peer.status) && matcher.begins(peer, typed)
    });
    if !begun.is_empty() {
        return begun;
    }
    node.find_peers(MOST_CHOICES, &mut |peer: &Peer| known.is_for(peer.status) && matcher.holds(peer, typed))
}

fn messages(node: &Node, begun: &str, held_only: bool) -> Messages {
    let held = with_id_prefix(begun, node.overview().held, |positions| {
        node.held_window(positions).into_iter().map(|held| held.queued).collect()
    });
    let waiting = if held_only { 0 } else { node.queue_len() };
    Messages { held, waiting: with_id_prefix(begun, waiting, |positions| node.queue_window(positions)) }
}

/// Returns the messages whose number begins with these digits, for a list of `count` messages in ascending order.
/// Returns at most half of the possible choices, so that queued and held messages both fit.
fn with_id_prefix(
    begun: &str,
    count: usize,
    window: impl Fn(Range<usize>) -> Vec<QueuedMessage>,
) -> Vec<QueuedMessage> {
    const MOST: usize = MOST_CHOICES / 2;
    let number = match begun.parse::<u64>() {
        // A number has no leading zero and no sign.
        _ if begun.starts_with(['0', '+']) => return Vec::new(),
        Ok(number) => number,
        Err(_) if begun.is_empty() => return window(0..count.min(MOST)),
        Err(_) => return Vec::new(),
    };
    let mut found = Vec::new();
    // 7, then 70 to 79, then 700 to 799 and so on.
    for power in (0..).map_while(|digits| 10_u64.checked_pow(digits)) {
        let (Some(first), false) = (number.checked_mul(power), found.len() >= MOST) else { break };
        let last = first.saturating_add(power - 1);
        let at = first_at_or_after(first, count, &window);
        let mut fitting = window(at..count.min(at + MOST - found.len()));
        fitting.retain(|queued| id_number(queued.id).is_some_and(|number| number <= last));
        found.append(&mut fitting);
        if at >= count {
            break;
        }
    }
    found
}

/// Returns the index of the first message with this number or a higher one, by binary search.
fn first_at_or_after(
    number: u64,
    count: usize,
    window: impl Fn(Range<usize>) -> Vec<QueuedMessage>,
) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        let there = window(middle..middle + 1).first().and_then(|queued| id_number(queued.id));
        if there.is_some_and(|there| there < number) { low = middle + 1 } else { high = middle }
    }
    low
}

fn id_number(id: MessageId) -> Option<u64> {
    id.to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use clacks_feed::{Near, Run};
    use clacks_p2p::Message;
    use clacks_p2p_feed::ClacksNetwork;

    use super::*;

    fn queue(numbers: impl Iterator<Item = u64>) -> Vec<QueuedMessage> {
        let queued = |number: u64| {
            QueuedMessage::new(number.to_string().parse().unwrap(), Message::text("m"), 0, 1, None, None)
        };
        numbers.map(queued).collect()
    }

    #[test]
    fn number_prefixes_are_found_with_few_queries_in_a_long_queue() {
        let (queue, looks) = (queue((1..200_000).step_by(3)), Cell::new(0));
        let window = |positions: Range<usize>| {
            looks.set(looks.get() + 1);
            let end = positions.end.min(queue.len());
            queue[positions.start.min(end)..end].to_vec()
        };
        let found = |begun: &str| {
            let found = with_id_prefix(begun, queue.len(), window);
            found.iter().map(|queued| queued.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found("12345"), ["123451", "123454", "123457"]);
        assert_eq!(found("19999"), ["19999", "199990", "199993", "199996", "199999"]);
        assert_eq!((found("it"), found("0")), (vec![], vec![]));
        assert_eq!((found("").len(), found("1").len()), (MOST_CHOICES / 2, MOST_CHOICES / 2));
        assert!(looks.get() < 1000, "{}", looks.get());
    }

    #[tokio::test]
    async fn held_messages_are_returned_with_queued_ones_and_alone() {
        let node = Node::builder().hostname("127.0.0.1").port(0).start().await.unwrap();
        let [one, two] = ["one", "two"].map(|text| node.enqueue(Message::text(text)).unwrap());
        assert!(node.hold(two));
        let source = Source::new(Near::new(ClacksNetwork::new(&node, Run(1)))).with_node(&node);
        let told = |held_only| {
            let need = Some(Need::Messages { begun: String::new(), held_only });
            let messages = reply_of(&source, AssistQuery { need, command: None }, None).messages;
            [messages.waiting, messages.held].map(|all| all.iter().map(|one| one.id).collect::<Vec<_>>())
        };
        assert_eq!((told(false), told(true)), ([vec![one], vec![two]], [vec![], vec![two]]));
    }

    #[tokio::test]
    async fn only_matching_peers_are_returned() {
        let node = Node::builder().hostname("127.0.0.1").port(0).start().await.unwrap();
        let add = |address: String| assert!(node.add_peer(&address.parse().unwrap()));
        (1..=200).for_each(|port| add(format!("tower-{port}:1")));
        add("grand-trunk:1".to_owned());
        node.ignore(&"tower-17:1".parse().unwrap());
        let source = Source::new(Near::new(ClacksNetwork::new(&node, Run(1)))).with_node(&node);
        let told = |known, typed: &str| {
            let question = AssistQuery { need: Some(Need::Peers(known, typed.to_owned())), command: None };
            let peers = reply_of(&source, question, None).peers;
            peers.iter().map(|peer| peer.address.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(told(PeerFilter::All, "").len(), MOST_CHOICES);
        assert_eq!(told(PeerFilter::All, "trunk"), ["grand-trunk:1"]);
        assert_eq!(told(PeerFilter::All, "tower-17:"), ["tower-17:1"]);
        assert!(!told(PeerFilter::NotIgnored, "tower-17").contains(&"tower-17:1".to_owned()));
        assert_eq!(told(PeerFilter::Ignored, ""), ["tower-17:1"]);
        let [first, second] = [[192, 0, 2, 7].into(), [192, 0, 2, 8].into()];
        assert!(node.ignore_remote(second) && node.ignore_remote(first));
        let remotes = |known, typed: &str| {
            let question = AssistQuery { need: Some(Need::Peers(known, typed.to_owned())), command: None };
            reply_of(&source, question, None).remotes
        };
        assert_eq!(remotes(PeerFilter::Ignored, ""), [first, second]);
        assert_eq!(remotes(PeerFilter::Ignored, "ip:192.0.2.8"), [second, first]);
        assert!(remotes(PeerFilter::NotIgnored, "").is_empty());
    }
}
