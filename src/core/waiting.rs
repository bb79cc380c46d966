//! A message that waits, in as little memory as it takes: there can be millions.

use crate::protocol::{Address, Message};

use super::{MessageId, QueuedMessage, queue::Entry};

/// An [`Entry`] in 40 bytes.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: MessageId,
    pub(super) message: Message,
    from: Option<Address>,
    marks: Marks,
}

/// When a message came, in milliseconds of uptime, how often it has been seen, and whether the present hold rule lets
/// it pass: 40 bits, which are 34 years, 23 bits and one bit. What is more than that stays at the most.
#[derive(Debug, Clone, Copy)]
struct Marks(u64);

const VISITS_BITS: u32 = 23;
const SINCE_BITS: u32 = 40;

impl Marks {
    fn new(since_ms: u64, visits: u32, passes: bool) -> Self {
        let since_ms = since_ms.min((1 << SINCE_BITS) - 1);
        let visits = u64::from(visits).min((1 << VISITS_BITS) - 1);
        Self(since_ms << (VISITS_BITS + 1) | visits << 1 | u64::from(passes))
    }

    fn since_ms(self) -> u64 {
        self.0 >> (VISITS_BITS + 1)
    }

    fn visits(self) -> u32 {
        (self.0 >> 1) as u32 & ((1 << VISITS_BITS) - 1)
    }

    fn passes(self) -> bool {
        self.0 & 1 == 1
    }
}

impl Waiting {
    /// The number of the present hold rule is `rule`.
    pub(super) fn new(entry: Entry, rule: u64) -> Self {
        let Entry { queued: QueuedMessage { id, message, since_ms, visits, from, .. }, passed } = entry;
        Self { id, message, from, marks: Marks::new(since_ms, visits, passed == rule) }
    }

    pub(super) fn into_entry(self, rule: u64) -> Entry {
        let passed = if self.passes() { rule } else { 0 };
        let Self { id, message, from, marks } = self;
        let queued = QueuedMessage {
            id,
            message,
            since_ms: marks.since_ms(),
            visits: marks.visits(),
            from,
            place: None,
        };
        Entry { queued, passed }
    }

    pub(super) fn queued(&self) -> QueuedMessage {
        let Self { id, message, from, marks } = self;
        QueuedMessage {
            id: *id,
            message: message.clone(),
            since_ms: marks.since_ms(),
            visits: marks.visits(),
            from: from.clone(),
            place: None,
        }
    }

    /// Whether the present hold rule lets it pass.
    pub(super) fn passes(&self) -> bool {
        self.marks.passes()
    }

    /// There is another rule, or another text: nobody has been asked yet.
    pub(super) fn ask_again(&mut self) {
        self.marks = Marks::new(self.marks.since_ms(), self.marks.visits(), false);
    }

    /// Puts another text in the place of the message's.
    pub(super) fn exchange(&mut self, message: Message, visits: u32) {
        self.marks = Marks::new(self.marks.since_ms(), visits, false);
        self.message = message;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(since_ms: u64, visits: u32, passed: u64) -> Entry {
        let (message, from) = (Message::text("GNU"), Some(Address::new("a", 1).unwrap()));
        Entry {
            queued: QueuedMessage { id: MessageId(u64::MAX), message, since_ms, visits, from, place: None },
            passed,
        }
    }

    #[test]
    fn nothing_is_lost_and_what_is_too_much_stays_at_the_most() {
        for (since_ms, visits, passed) in [(0, 0, 0), (1, 2, 7), ((1 << 40) - 1, (1 << 23) - 1, 7)] {
            let waiting = Waiting::new(entry(since_ms, visits, passed), 7);
            assert_eq!(waiting.queued(), entry(since_ms, visits, passed).queued);
            assert_eq!(waiting.passes(), passed == 7);
            assert_eq!(waiting.into_entry(7), entry(since_ms, visits, passed));
        }
        let most = Waiting::new(entry(u64::MAX, u32::MAX, 7), 7).into_entry(7);
        assert_eq!(most, entry((1 << 40) - 1, (1 << 23) - 1, 7));
    }

    #[test]
    fn it_is_small() {
        assert!(size_of::<Waiting>() <= 40, "{}", size_of::<Waiting>());
    }
}
