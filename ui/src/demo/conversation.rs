use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use clacks_language::command::{Command, CommandError, NodeCommand};
use clacks_p2p::{Address, Message, Node};
use rand::{Rng, RngExt, seq::IndexedRandom};

const CHATTER: &str = include_str!("../../../assets/chatter.txt");

/// How often a line is received before it is forgotten: some minutes' worth.
const PASSES: Range<u32> = 40..120;

/// What the towers talk about.
///
/// A message of this network never dies. So that the demo does not fill up, a line travels as one message only,
/// which the towers hold back after a number of passes; then it may be said again. What the user says is left alone.
///
/// A node that does not hear the answer to a delivery keeps the message, which is in two queues then. So a line goes on
/// only from the node that received it last: a copy ends where it is sent to.
#[derive(Debug)]
pub(crate) struct Conversation {
    lines: Vec<Message>,
    /// Lines that travel at once at most.
    most: usize,
    travelling: Mutex<HashMap<Message, Travelling>>,
}

/// A line under way.
#[derive(Debug)]
struct Travelling {
    /// How often it may still be received.
    passes: u32,
    /// The node that received it last, or said it.
    holder: Address,
}

impl Conversation {
    /// A conversation of at most so many lines at once.
    pub(crate) fn new(most: usize) -> Result<Self, CommandError> {
        Ok(Self { lines: read(CHATTER)?, most, travelling: Mutex::default() })
    }

    /// Something for a node to say: a line that does not travel, those that are sent for ever first. `None` while
    /// enough is said.
    pub(crate) fn next_line(&self, node: &Address, rng: &mut impl Rng) -> Option<Message> {
        let mut travelling = self.travelling();
        if travelling.len() >= self.most {
            return None;
        }
        let silent: Vec<_> = self.lines.iter().filter(|line| !travelling.contains_key(*line)).collect();
        let for_ever = silent.iter().find(|line| is_for_ever(line)).copied();
        let line = for_ever.or_else(|| silent.choose(rng).copied())?;
        let passes = if for_ever.is_some() { u32::MAX } else { rng.random_range(PASSES) };
        travelling.insert(line.clone(), Travelling { passes, holder: node.clone() });
        Some(line.clone())
    }

    /// Sees the lines that a node receives, and ends those that do not go on.
    pub(crate) fn follow(self: &Arc<Self>, node: &Node) {
        let (conversation, to) = (Arc::clone(self), node.address());
        node.on_message_received(move |from, message| {
            conversation.goes_on(&message, &from.address, &to).then_some(message)
        });
    }

    /// Whether the message that one node sent goes on from the node that received it.
    pub(crate) fn goes_on(&self, message: &Message, from: &Address, to: &Address) -> bool {
        if !self.lines.contains(message) {
            return true;
        }
        let mut travelling = self.travelling();
        // None of the line: a copy of one that a fallen tower held.
        let Some(line) = travelling.get_mut(message).filter(|line| line.holder == *from) else {
            return false;
        };
        let Some(left) = line.passes.checked_sub(1) else {
            travelling.remove(message);
            return false;
        };
        *line = Travelling { passes: left, holder: to.clone() };
        true
    }

    /// A tower fell that had the message in its queue. Returns whether it was one of the lines. Where it was no copy,
    /// the line may be said again now.
    pub(crate) fn fell_silent(&self, message: &Message, tower: &Address) -> bool {
        let mut travelling = self.travelling();
        if travelling.get(message).is_some_and(|line| line.holder == *tower) {
            travelling.remove(message);
        }
        self.lines.contains(message)
    }

    fn travelling(&self) -> MutexGuard<'_, HashMap<Message, Travelling>> {
        self.travelling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_for_ever(line: &Message) -> bool {
    line.as_json().starts_with("\"GNU ")
}

/// The messages of a file that is written in the command language, with comments behind `#`.
fn read(chatter: &str) -> Result<Vec<Message>, CommandError> {
    let lines = chatter.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| message(line).transpose()).collect()
}

fn message(line: &str) -> Result<Option<Message>, CommandError> {
    match Command::parse(line)? {
        Command::Node(NodeCommand::Enqueue(message)) => Ok(Some(message)),
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

    /// All that the first node has to say.
    fn said(conversation: &Conversation) -> Vec<Message> {
        let mut rng = StdRng::seed_from_u64(1);
        std::iter::from_fn(|| conversation.next_line(&node(1), &mut rng)).collect()
    }

    /// How often the message goes on from node to node, at most as often as given.
    fn passes(conversation: &Conversation, message: &Message, most: u16) -> usize {
        (1..=most).take_while(|port| conversation.goes_on(message, &node(*port), &node(port + 1))).count()
    }

    #[test]
    fn every_line_of_the_chatter_is_a_message_that_can_travel() {
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
    fn no_more_is_said_than_may_travel_and_what_is_sent_for_ever_first() {
        let lines = said(&Conversation::new(10).unwrap());
        assert_eq!(lines.iter().collect::<HashSet<_>>().len(), 10);
        let names = lines.iter().filter(|line| is_for_ever(line)).count();
        assert_eq!(names, lines.iter().take_while(|line| is_for_ever(line)).count());
        assert!(names >= 3);
    }

    #[test]
    fn a_line_is_held_back_after_its_passes_and_may_be_said_again() {
        let conversation = Conversation::new(10).unwrap();
        let line = said(&conversation).pop().unwrap();
        let passes = passes(&conversation, &line, 1000);
        assert!(PASSES.contains(&u32::try_from(passes).unwrap()), "{passes}");
        assert_eq!(said(&conversation).len(), 1);
    }

    #[test]
    fn names_and_what_the_user_says_go_on_for_ever() {
        let conversation = Conversation::new(10).unwrap();
        for message in [said(&conversation).remove(0), Message::text("hello from the monitor")] {
            assert_eq!(passes(&conversation, &message, 2000), 2000, "{message:?}");
        }
    }

    #[test]
    fn what_a_fallen_tower_held_may_be_said_again_but_its_copies_do_not_go_on() {
        let conversation = Conversation::new(10).unwrap();
        let line = said(&conversation).remove(0);
        assert!(conversation.goes_on(&line, &node(1), &node(2)));
        assert!(conversation.fell_silent(&line, &node(2)));
        assert!(
            !conversation.goes_on(&line, &node(1), &node(3)),
            "the copy of a sender that heard no answer"
        );
        assert_eq!(said(&conversation), [line]);
        assert!(!conversation.fell_silent(&Message::text("hello from the monitor"), &node(2)));
    }

    #[test]
    fn a_copy_ends_where_it_is_sent_to_and_the_line_goes_on() {
        let conversation = Conversation::new(10).unwrap();
        let line = said(&conversation).remove(0);
        assert!(conversation.goes_on(&line, &node(1), &node(2)));
        assert!(!conversation.goes_on(&line, &node(1), &node(3)), "the first node heard no answer");
        assert!(conversation.fell_silent(&line, &node(1)), "a copy is one of the lines");
        assert_eq!(said(&conversation), [], "which travels");
        assert!(conversation.goes_on(&line, &node(2), &node(3)));
    }
}
