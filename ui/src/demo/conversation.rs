use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use clacks_language::command::{Command, NodeCommand};
use clacks_p2p::{Address, DEFAULT_MAX_DEPTH, Message, Node};
use clacks_p2p_feed::description::describe;
use rand::{Rng, RngExt, seq::IndexedRandom};

const CHATTER: &str = include_str!("../../../assets/chatter.txt");

/// Number of times that a line is received before it is dropped: a few minutes.
const PASSES: Range<u32> = 40..120;

/// The messages of the demo's nodes.
///
/// In this network a message never expires. To keep the demo from filling up, each line travels as at most one message.
/// The nodes drop it after a number of passes, and then it can be sent again. Messages of the user are never dropped.
///
/// A node that misses the response to a delivery keeps the message, which is then in two queues. So a line passes on
/// only from the node that received it last; a copy is dropped at its next receiver.
#[derive(Debug)]
pub(crate) struct Conversation {
    lines: Vec<Message>,
    /// Maximum number of lines in transit.
    most: usize,
    in_transit: Mutex<HashMap<Message, InTransit>>,
}

/// A line in transit.
#[derive(Debug)]
struct InTransit {
    /// Number of times that it can still be received.
    passes: u32,
    /// The node that received or sent it last.
    holder: Address,
}

impl Conversation {
    /// Creates a conversation with at most this number of lines in transit.
    pub(crate) fn new(most: usize) -> anyhow::Result<Self> {
        Ok(Self { lines: read(CHATTER)?, most, in_transit: Mutex::default() })
    }

    /// A line for a node to send: one that is not in transit, those that never expire first. `None` at the maximum.
    pub(crate) fn next_line(&self, node: &Address, rng: &mut impl Rng) -> Option<Message> {
        let mut in_transit = self.in_transit();
        if in_transit.len() >= self.most {
            return None;
        }
        let available: Vec<_> = self.lines.iter().filter(|line| !in_transit.contains_key(*line)).collect();
        let permanent = available.iter().find(|line| is_permanent(line)).copied();
        let line = permanent.or_else(|| available.choose(rng).copied())?;
        let passes = if permanent.is_some() { u32::MAX } else { rng.random_range(PASSES) };
        in_transit.insert(line.clone(), InTransit { passes, holder: node.clone() });
        Some(line.clone())
    }

    /// Handles the lines that a node receives, and drops those that have to end.
    pub(crate) fn follow(self: &Arc<Self>, node: &Node) {
        let (conversation, to) = (Arc::clone(self), node.address());
        node.on_message_received(move |from, message| {
            conversation.passes_on(&message, &from.address, &to).then_some(message)
        });
    }

    /// Whether the receiver passes on the message.
    pub(crate) fn passes_on(&self, message: &Message, from: &Address, to: &Address) -> bool {
        if !self.lines.contains(message) {
            return true;
        }
        let mut in_transit = self.in_transit();
        // No known line, or a copy from a stopped node.
        let Some(line) = in_transit.get_mut(message).filter(|line| line.holder == *from) else {
            return false;
        };
        let Some(left) = line.passes.checked_sub(1) else {
            in_transit.remove(message);
            return false;
        };
        *line = InTransit { passes: left, holder: to.clone() };
        true
    }

    /// Handles a message from the queue of a stopped node. Returns whether it is a line. Unless it was a copy, the line
    /// can be sent again.
    pub(crate) fn on_stopped(&self, message: &Message, tower: &Address) -> bool {
        let mut in_transit = self.in_transit();
        if in_transit.get(message).is_some_and(|line| line.holder == *tower) {
            in_transit.remove(message);
        }
        self.lines.contains(message)
    }

    fn in_transit(&self) -> MutexGuard<'_, HashMap<Message, InTransit>> {
        self.in_transit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_permanent(line: &Message) -> bool {
    line.as_json().starts_with("\"GNU ")
}

/// Parses a file of lines in the command language, with `#` comments.
fn read(chatter: &str) -> anyhow::Result<Vec<Message>> {
    let lines = chatter.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| message(line).transpose()).collect()
}

fn message(line: &str) -> anyhow::Result<Option<Message>> {
    match Command::parse(line, &describe("demo".into()))? {
        Command::Say(text) => Ok(Some(Message::text(&text))),
        Command::Node(NodeCommand { name, text }) if name == "json" => {
            Ok(Some(Message::from_json(&text, DEFAULT_MAX_DEPTH)?))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use clacks_p2p::MAX_WHOLE_MESSAGE;
    use clacks_text::escape::escaped;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    fn node(port: u16) -> Address {
        Address::new("127.0.0.1", port).unwrap()
    }

    /// All lines that the first node sends.
    fn said(conversation: &Conversation) -> Vec<Message> {
        let mut rng = StdRng::seed_from_u64(1);
        std::iter::from_fn(|| conversation.next_line(&node(1), &mut rng)).collect()
    }

    /// Number of times that the message is passed on, at most `most`.
    fn passes(conversation: &Conversation, message: &Message, most: u16) -> usize {
        (1..=most).take_while(|port| conversation.passes_on(message, &node(*port), &node(port + 1))).count()
    }

    #[test]
    fn every_line_of_the_chatter_is_a_valid_message() {
        let lines = read(CHATTER).unwrap();
        let written = CHATTER.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((lines.len(), lines.iter().collect::<HashSet<_>>().len()), (written, written));
        assert!(lines.len() >= 50);
        assert!(lines.iter().all(|line| line.size() <= MAX_WHOLE_MESSAGE && !line.is_falsy()));
        assert!(lines.iter().any(|line| !line.as_json().starts_with('"')), "some JSON");
        let text = |line: &Message| line.as_text().unwrap_or_default();
        assert!(lines.iter().any(|line| escaped(&text(line)).contains("\\u001b")), "one that looks hostile");
        assert!(CHATTER.chars().all(|character| character == '\n' || !character.is_control()));
    }

    #[test]
    fn lines_in_transit_are_bounded_and_permanent_ones_come_first() {
        let lines = said(&Conversation::new(10).unwrap());
        assert_eq!(lines.iter().collect::<HashSet<_>>().len(), 10);
        let names = lines.iter().filter(|line| is_permanent(line)).count();
        assert_eq!(names, lines.iter().take_while(|line| is_permanent(line)).count());
        assert!(names >= 3);
    }

    #[test]
    fn a_line_is_dropped_after_its_passes_and_can_be_sent_again() {
        let conversation = Conversation::new(10).unwrap();
        let line = said(&conversation).pop().unwrap();
        let passes = passes(&conversation, &line, 1000);
        assert!(PASSES.contains(&u32::try_from(passes).unwrap()), "{passes}");
        assert_eq!(said(&conversation).len(), 1);
    }

    #[test]
    fn user_messages_and_names_are_never_dropped() {
        let conversation = Conversation::new(10).unwrap();
        for message in [said(&conversation).remove(0), Message::text("hello from the monitor")] {
            assert_eq!(passes(&conversation, &message, 2000), 2000, "{message:?}");
        }
    }

    #[test]
    fn lines_of_a_stopped_node_can_be_sent_again_but_copies_end() {
        let conversation = Conversation::new(10).unwrap();
        let line = said(&conversation).remove(0);
        assert!(conversation.passes_on(&line, &node(1), &node(2)));
        assert!(conversation.on_stopped(&line, &node(2)));
        assert!(
            !conversation.passes_on(&line, &node(1), &node(3)),
            "the copy of a sender that heard no answer"
        );
        assert_eq!(said(&conversation), [line]);
        assert!(!conversation.on_stopped(&Message::text("hello from the monitor"), &node(2)));
    }

    #[test]
    fn a_copy_is_dropped_at_its_receiver_and_the_line_passes_on() {
        let conversation = Conversation::new(10).unwrap();
        let line = said(&conversation).remove(0);
        assert!(conversation.passes_on(&line, &node(1), &node(2)));
        assert!(!conversation.passes_on(&line, &node(1), &node(3)), "the first node heard no answer");
        assert!(conversation.on_stopped(&line, &node(1)), "a copy is one of the lines");
        assert_eq!(said(&conversation), [], "which travels");
        assert!(conversation.passes_on(&line, &node(2), &node(3)));
    }
}
