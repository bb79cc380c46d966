//! What can be taken back: ignores, and messages that were dropped.

use std::time::Duration;

use clacks_p2p::core::{HeldBy, Now, QueuedMessage};

use super::{outcome::number_of_messages, update::Effect};
use crate::command::{NodeCommand, Party};

/// For how long a key takes something back. After that it could be hit by mistake; `:unignore` works for ever.
pub(crate) const STAYS: Duration = Duration::from_secs(10);
/// What was done one after the other that can be taken back.
const MAX_DEEDS: usize = 16;
/// Bytes of dropped messages that are kept: as much as a queue has by default, so that all of it can be dropped and taken
/// back.
const MAX_BYTES: usize = 64 << 20;

const NOTHING: &str = "there is nothing to take back";

/// What was done of late, the last of which is taken back first.
#[derive(Debug, Default)]
pub(crate) struct Undo {
    deeds: Vec<Done>,
}

/// What one key or command did.
#[derive(Debug)]
struct Done {
    deed: Deed,
    until: Duration,
}

#[derive(Debug)]
enum Deed {
    Ignored(Vec<Party>),
    Dropped(Vec<Dropped>),
}

/// A message that was taken out of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) queued: QueuedMessage,
    /// Why it was held, if it was.
    pub(crate) held: Option<HeldBy>,
}

/// What takes something back.
#[derive(Debug)]
pub(crate) enum Undoing {
    Commands(Vec<NodeCommand>),
    /// These messages are to be put back.
    Messages(Vec<Dropped>),
}

impl Undo {
    /// These are ignored now.
    pub(crate) fn note_ignored(&mut self, parties: Vec<Party>, now: Now) {
        self.push(Deed::Ignored(parties), now);
    }

    /// These messages are dropped now. Returns whether that can be taken back: not if they are too large to be kept.
    pub(crate) fn note_dropped(&mut self, messages: Vec<Dropped>, now: Now) -> bool {
        if messages.is_empty() || size(&messages) > MAX_BYTES {
            return false;
        }
        self.push(Deed::Dropped(messages), now);
        while self.deeds.iter().map(|done| done.deed.size()).sum::<usize>() > MAX_BYTES {
            self.deeds.remove(0);
        }
        true
    }

    fn push(&mut self, deed: Deed, now: Now) {
        if self.deeds.len() == MAX_DEEDS {
            self.deeds.remove(0);
        }
        self.deeds.push(Done { deed, until: now.uptime + STAYS });
    }

    /// Lets go of the messages that it is too late for. Ignores stay, to tell how else to take them back.
    pub(crate) fn forget_old(&mut self, now: Now) {
        let is_wanted = |done: &Done| done.until > now.uptime || matches!(done.deed, Deed::Ignored(_));
        self.deeds.retain(is_wanted);
    }

    /// This one is not ignored any more, or not known.
    pub(crate) fn note_settled(&mut self, party: &Party) {
        self.deeds.retain_mut(|done| match &mut done.deed {
            Deed::Ignored(parties) => {
                parties.retain(|other| other != party);
                !parties.is_empty()
            }
            Deed::Dropped(_) => true,
        });
    }

    /// Why there is nothing to take back; `None` if there is.
    pub(crate) fn why_not(&self, now: Now) -> Option<String> {
        match self.deeds.last() {
            Some(done) if done.until > now.uptime => None,
            Some(Done { deed: Deed::Ignored(parties), .. }) => {
                let party = parties.first().map(ToString::to_string).unwrap_or_default();
                let seconds = STAYS.as_secs();
                Some(format!("the last ignore is more than {seconds} s ago; :unignore {party} takes it back"))
            }
            _ => Some(NOTHING.to_owned()),
        }
    }

    /// What takes back what was done last, after which what was done before it is the last.
    pub(crate) fn take(&mut self, now: Now) -> Result<Effect, String> {
        Ok(match self.take_back(now)? {
            Undoing::Commands(commands) => Effect::RunAll(commands),
            Undoing::Messages(messages) => Effect::TakeBack(messages),
        })
    }

    /// The same for those who have no effects.
    pub(crate) fn take_back(&mut self, now: Now) -> Result<Undoing, String> {
        if let Some(reason) = self.why_not(now) {
            return Err(reason);
        }
        Ok(match self.deeds.pop().ok_or(NOTHING)?.deed {
            Deed::Ignored(parties) => Undoing::Commands(parties.into_iter().map(Party::unignored).collect()),
            Deed::Dropped(messages) => Undoing::Messages(messages),
        })
    }
}

impl Deed {
    /// Bytes of the messages.
    fn size(&self) -> usize {
        match self {
            Self::Ignored(_) => 0,
            Self::Dropped(messages) => size(messages),
        }
    }
}

fn size(messages: &[Dropped]) -> usize {
    messages.iter().map(|dropped| dropped.queued.message.size()).sum()
}

/// What to say of drops that were taken back, of which so many messages wait and are held, and why others are not.
pub(crate) fn told(waiting: usize, held: usize, error: Option<&str>) -> Result<String, String> {
    let be = |number: usize, what: &str| {
        let verb = if number == 1 { "is" } else { "are" };
        format!("{} {verb} {what}", number_of_messages(number))
    };
    let done = match (waiting, held) {
        (0, 0) => None,
        (waiting, 0) => Some(be(waiting, "back at the tail of the queue")),
        (0, held) => Some(be(held, "held again")),
        (waiting, held) => {
            Some(format!("{}, {held} held again", be(waiting, "back at the tail of the queue")))
        }
    };
    match (done, error) {
        (done, None) => Ok(done.unwrap_or_default()),
        (None, Some(error)) => Err(format!("not taken back: {error}")),
        (Some(done), Some(error)) => Err(format!("{done}, but not all: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use clacks_p2p::Message;

    use super::*;

    fn at(seconds: u64) -> Now {
        Now { uptime: Duration::from_secs(seconds), unix_ms: 0 }
    }

    fn dropped(text: &str) -> Dropped {
        let (id, message) = ("1".parse().unwrap(), Message::text(text));
        Dropped {
            queued: QueuedMessage { id, message, since_ms: 0, visits: 1, from: None, place: None },
            held: None,
        }
    }

    #[test]
    fn what_was_dropped_is_kept_within_bounds_and_no_longer_than_it_can_be_taken_back() {
        let mut undo = Undo::default();
        let half = "x".repeat(MAX_BYTES / 2 - 2);
        for text in [&half, &half, "y"] {
            assert!(undo.note_dropped(vec![dropped(text)], at(0)));
        }
        assert_eq!(undo.deeds.len(), 2, "the oldest gave way");
        assert!(!undo.note_dropped(vec![dropped(&half), dropped(&half), dropped("y")], at(0)));
        assert_eq!(undo.take(at(9)), Ok(Effect::TakeBack(vec![dropped("y")])));
        assert!(undo.take(at(10)).is_err());
        undo.note_ignored(vec!["a:1".parse::<Party>().unwrap()], at(5));
        undo.forget_old(at(10));
        assert_eq!(undo.deeds.len(), 1, "the message has gone, the ignore stays");
        (0..100).for_each(|_| assert!(undo.note_dropped(vec![dropped("z")], at(20))));
        assert_eq!(undo.deeds.len(), MAX_DEEDS);
    }

    #[test]
    fn what_came_back_is_told() {
        for (waiting, held, error, wanted) in [
            (1, 0, None, Ok("1 message is back at the tail of the queue")),
            (2, 0, None, Ok("2 messages are back at the tail of the queue")),
            (0, 1, None, Ok("1 message is held again")),
            (1, 2, None, Ok("1 message is back at the tail of the queue, 2 held again")),
            (0, 0, Some("full"), Err("not taken back: full")),
            (1, 0, Some("full"), Err("1 message is back at the tail of the queue, but not all: full")),
        ] {
            let wanted = wanted.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(told(waiting, held, error), wanted);
        }
    }
}
