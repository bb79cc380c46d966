//! The list of the messages that keep coming back, and which of them is selected.

use clacks_p2p::Message;
use clacks_source::message_history::MessageHistories;

/// Selection and scroll position in the list of messages that keep coming back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReturningList {
    /// The first of the list, whichever that is, until a key has moved.
    selected: Option<Message>,
    top: usize,
}

impl ReturningList {
    /// Returns the index of the selected message. 0 if the message was forgotten.
    pub fn position(&self, lives: &MessageHistories) -> usize {
        self.selected.as_ref().and_then(|message| lives.place(message)).unwrap_or(0)
    }

    /// Returns the selected message.
    pub fn message(&self, lives: &MessageHistories) -> Option<Message> {
        lives.ranking().nth(self.position(lives)).map(|life| life.message.clone())
    }

    /// Returns the index of the first row on a screen of `height` rows that contains `position`.
    pub fn top(&self, position: usize, height: usize) -> usize {
        self.top.max((position + 1).saturating_sub(height)).min(position)
    }

    /// Moves the selection by `by` messages. Stops at the ends.
    pub fn step(&mut self, lives: &MessageHistories, by: isize, height: usize) {
        let Some(last) = lives.returned().checked_sub(1) else { return };
        let from = self.position(lives);
        let to = from.saturating_add_signed(by).min(last);
        self.top = self.top(from, height);
        self.top = self.top(to, height);
        self.selected = lives.ranking().nth(to).map(|life| life.message.clone());
    }
}

#[cfg(test)]
mod tests {
    use clacks_p2p::core::{Event, Now, Peer, Status};

    use super::*;

    fn lives(texts: &[&str]) -> MessageHistories {
        let mut lives = MessageHistories::default();
        texts.iter().for_each(|text| came(&mut lives, text));
        lives
    }

    fn came(lives: &mut MessageHistories, text: &str) {
        let now = Now { uptime: std::time::Duration::ZERO, unix_ms: 0 };
        let (id, message) = ("1".parse().ok(), Message::text(text));
        let peer = Peer::new("tower:1".parse().unwrap(), Status::Alive, now);
        lives.note(&Event::MessageReceived { peer, message, id, visits: 1, remote: None }, now);
    }

    #[test]
    fn the_selection_goes_with_its_message() {
        let mut lives = lives(&["a", "a", "a", "b", "b", "c", "c"]);
        let mut souls = ReturningList::default();
        souls.step(&lives, 1, 2);
        assert_eq!(souls.message(&lives), Some(Message::text("c")));
        (0..3).for_each(|_| came(&mut lives, "c"));
        assert_eq!((souls.position(&lives), souls.message(&lives)), (0, Some(Message::text("c"))));
        souls.step(&lives, isize::MAX, 2);
        assert_eq!((souls.message(&lives), souls.top(2, 2)), (Some(Message::text("b")), 1));
        souls.step(&lives, isize::MIN, 2);
        assert_eq!((souls.position(&lives), souls.top(0, 2)), (0, 0));
    }
}
