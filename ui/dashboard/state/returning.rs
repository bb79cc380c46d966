//! The list of returning messages, with its selection.

use clacks_p2p::Message;
use clacks_source::message_history::MessageHistories;

/// Selection and scroll position in the list of returning messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReturningList {
    /// `None` selects the first message until a key moves the selection.
    selected: Option<Message>,
    top: usize,
}

impl ReturningList {
    /// Returns the index of the selected message. 0 if the message was forgotten.
    pub fn position(&self, histories: &MessageHistories) -> usize {
        self.selected.as_ref().and_then(|message| histories.place(message)).unwrap_or(0)
    }

    /// Returns the selected message.
    pub fn message(&self, histories: &MessageHistories) -> Option<Message> {
        histories.ranking().nth(self.position(histories)).map(|history| history.message.clone())
    }

    /// Returns the index of the first row on a screen of `height` rows that contains `position`.
    pub fn top(&self, position: usize, height: usize) -> usize {
        self.top.max((position + 1).saturating_sub(height)).min(position)
    }

    /// Moves the selection by `by` messages. Stops at the ends.
    pub fn move_by(&mut self, histories: &MessageHistories, by: isize, height: usize) {
        let Some(last) = histories.returned().checked_sub(1) else { return };
        let from = self.position(histories);
        let to = from.saturating_add_signed(by).min(last);
        self.top = self.top(from, height);
        self.top = self.top(to, height);
        self.selected = histories.ranking().nth(to).map(|history| history.message.clone());
    }
}

#[cfg(test)]
mod tests {
    use clacks_p2p::core::{Event, Now, Peer, Status};

    use super::*;

    fn histories(texts: &[&str]) -> MessageHistories {
        let mut histories = MessageHistories::default();
        texts.iter().for_each(|text| receive(&mut histories, text));
        histories
    }

    fn receive(histories: &mut MessageHistories, text: &str) {
        let now = Now { uptime: std::time::Duration::ZERO, unix_ms: 0 };
        let (id, message) = ("1".parse().ok(), Message::text(text));
        let peer = Peer::new("tower:1".parse().unwrap(), Status::Alive, now);
        histories
            .note(&Event::MessageReceived { peer, message, id, visits: 1, remote: None, held: None }, now);
    }

    #[test]
    fn the_selection_follows_its_message() {
        let mut histories = histories(&["a", "a", "a", "b", "b", "c", "c"]);
        let mut list = ReturningList::default();
        list.move_by(&histories, 1, 2);
        assert_eq!(list.message(&histories), Some(Message::text("c")));
        (0..3).for_each(|_| receive(&mut histories, "c"));
        assert_eq!((list.position(&histories), list.message(&histories)), (0, Some(Message::text("c"))));
        list.move_by(&histories, isize::MAX, 2);
        assert_eq!((list.message(&histories), list.top(2, 2)), (Some(Message::text("b")), 1));
        list.move_by(&histories, isize::MIN, 2);
        assert_eq!((list.position(&histories), list.top(0, 2)), (0, 0));
    }
}
