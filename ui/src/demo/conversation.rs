use std::{
    collections::HashMap,
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

use clacks_p2p::Message;
use rand::{Rng, RngExt, seq::IndexedRandom};

use crate::command::{Command, CommandError, NodeCommand};

const CHATTER: &str = include_str!("../../../assets/chatter.txt");

/// How often a line is received before it is forgotten: some minutes' worth.
const PASSES: Range<u32> = 40..120;

/// What the towers talk about.
///
/// A message of this network never dies. So that the demo does not fill up, a line travels as one message only,
/// which the towers hold back after a number of passes; then it may be said again. What the user says is left alone.
#[derive(Debug)]
pub(super) struct Conversation {
    lines: Vec<Message>,
    /// Lines that travel at once at most.
    most: usize,
    /// The lines that travel, and how many passes each has left.
    travelling: Mutex<HashMap<Message, u32>>,
}

impl Conversation {
    /// A conversation of at most so many lines at once.
    pub(super) fn new(most: usize) -> Result<Self, CommandError> {
        Ok(Self { lines: read(CHATTER)?, most, travelling: Mutex::default() })
    }

    /// Something to say: a line that does not travel, those that are sent for ever first. `None` while enough is
    /// said.
    pub(super) fn next_line(&self, rng: &mut impl Rng) -> Option<Message> {
        let mut travelling = self.travelling();
        if travelling.len() >= self.most {
            return None;
        }
        let silent: Vec<_> = self.lines.iter().filter(|line| !travelling.contains_key(*line)).collect();
        let for_ever = silent.iter().find(|line| is_for_ever(line)).copied();
        let line = for_ever.or_else(|| silent.choose(rng).copied())?;
        let passes = if for_ever.is_some() { u32::MAX } else { rng.random_range(PASSES) };
        travelling.insert(line.clone(), passes);
        Some(line.clone())
    }

    /// Whether a tower that received the message passes it on.
    pub(super) fn goes_on(&self, message: &Message) -> bool {
        if !self.lines.contains(message) {
            return true;
        }
        let mut travelling = self.travelling();
        if let Some(passes @ 1..) = travelling.get_mut(message) {
            *passes -= 1;
            return true;
        }
        // Worn out, or a copy of one that fell silent.
        travelling.remove(message);
        false
    }

    /// A tower fell that held the message. Returns whether it was one of the lines, which may be said again now.
    pub(super) fn fell_silent(&self, message: &Message) -> bool {
        self.travelling().remove(message);
        self.lines.contains(message)
    }

    fn travelling(&self) -> MutexGuard<'_, HashMap<Message, u32>> {
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
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::escape::escaped;

    fn said(conversation: &Conversation) -> Vec<Message> {
        let mut rng = StdRng::seed_from_u64(1);
        std::iter::from_fn(|| conversation.next_line(&mut rng)).collect()
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
        let passes = (0..PASSES.end).take_while(|_| conversation.goes_on(&line)).count() as u32;
        assert!(PASSES.contains(&passes), "{passes}");
        assert!(!conversation.goes_on(&line), "copies are held back as well");
        assert_eq!(said(&conversation).len(), 1);
    }

    #[test]
    fn names_and_what_the_user_says_go_on_for_ever() {
        let conversation = Conversation::new(10).unwrap();
        for message in [said(&conversation).remove(0), Message::text("hello from the monitor")] {
            assert!((0..10 * PASSES.end).all(|_| conversation.goes_on(&message)), "{message:?}");
        }
    }

    #[test]
    fn what_a_fallen_tower_held_may_be_said_again_but_its_copies_do_not_go_on() {
        let conversation = Conversation::new(10).unwrap();
        let line = said(&conversation).remove(0);
        assert!(conversation.fell_silent(&line));
        assert!(!conversation.goes_on(&line));
        assert_eq!(said(&conversation), [line]);
        assert!(!conversation.fell_silent(&Message::text("hello from the monitor")));
    }
}
