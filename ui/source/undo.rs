//! The undo stack of commands.

use std::time::Duration;

use clacks_language::command::target::IgnoreTarget;
use clacks_p2p::core::Now;

use super::restore::{Before, STAYS};

/// Maximum number of commands on the stack.
const MAX_COMMANDS: usize = 16;
/// Maximum bytes of saved messages: the default size of the queue, so that dropping all of it can be undone.
const MAX_BYTES: usize = 64 << 20;

/// Why no command can be undone. `Display` writes one line for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NothingToUndo {
    /// No command of the last 10 s can be undone.
    #[error("there is nothing to take back")]
    Empty,
    /// The last command ignored this party, more than 10 s ago.
    #[error("the last ignore is more than {seconds} s ago; :unignore {party} takes it back", seconds = STAYS.as_secs(), party = .0)]
    Expired(IgnoreTarget),
}

/// The undo stack: at most 16 commands and 64 MiB of messages, each for 10 s.
#[derive(Debug, Default)]
pub struct Undo {
    done: Vec<Done>,
}

/// The effect of one command.
#[derive(Debug)]
struct Done {
    before: Vec<Before>,
    /// The parties that it ignored, to name the command that reverts this later.
    ignored: Vec<IgnoreTarget>,
    until: Duration,
}

impl Undo {
    /// Pushes the state before a command, and the parties that the command ignored. Returns whether it can be undone:
    /// false if there is no state or it exceeds 64 MiB.
    pub fn remember(&mut self, before: Vec<Before>, ignored: Vec<IgnoreTarget>, now: Now) -> bool {
        let size: usize = before.iter().map(Before::size).sum();
        if before.is_empty() || size > MAX_BYTES {
            return false;
        }
        if self.done.len() == MAX_COMMANDS {
            self.done.remove(0);
        }
        self.done.push(Done { before, ignored, until: now.uptime + STAYS });
        while self.size() > MAX_BYTES {
            self.done.remove(0);
        }
        true
    }

    fn size(&self) -> usize {
        self.done.iter().flat_map(|done| &done.before).map(Before::size).sum()
    }

    /// Drops the states that are older than 10 s. Ignored parties stay, so that [`Undo::why_not`] can name the command
    /// that reverts the ignore.
    pub fn forget_old(&mut self, now: Now) {
        for done in self.done.iter_mut().filter(|done| done.until <= now.uptime) {
            done.before.clear();
        }
        self.done.retain(|done| !done.before.is_empty() || !done.ignored.is_empty());
    }

    /// Removes a party that is no longer ignored or known from all entries.
    pub fn note_settled(&mut self, party: &IgnoreTarget) {
        self.done.iter_mut().for_each(|done| done.ignored.retain(|other| other != party));
    }

    /// The reason why there is nothing to undo; `None` if there is something.
    pub fn why_not(&self, now: Now) -> Option<NothingToUndo> {
        let last = self.done.last();
        if last.is_some_and(|done| done.until > now.uptime) {
            return None;
        }
        let ignored = last.and_then(|done| done.ignored.first());
        Some(ignored.map_or(NothingToUndo::Empty, |party| NothingToUndo::Expired(party.clone())))
    }

    /// Pops the state before the latest command.
    ///
    /// # Errors
    ///
    /// Returns the reason if there is nothing to undo.
    pub fn take(&mut self, now: Now) -> Result<Vec<Before>, NothingToUndo> {
        match self.why_not(now) {
            Some(reason) => Err(reason),
            None => self.done.pop().map(|done| done.before).ok_or(NothingToUndo::Empty),
        }
    }
}

#[cfg(test)]
mod tests {
    use clacks_p2p::{
        Message,
        core::{Core, Options},
    };

    use super::*;

    fn at(seconds: u64) -> Now {
        Now { uptime: Duration::from_secs(seconds), unix_ms: 0 }
    }

    /// A message of so many bytes that was dropped.
    fn dropped(size: usize) -> Before {
        let mut options = Options::new("tower:1".parse().unwrap());
        options.max_message_bytes = MAX_BYTES;
        let mut core = Core::new(options).unwrap();
        let id = core.enqueue(Message::text(&"x".repeat(size - 2)), at(0)).unwrap();
        Before::Messages(core.drop_these(&[id]))
    }

    #[test]
    fn what_was_before_is_kept_within_bounds_and_no_longer_than_it_can_be_put_back() {
        let mut undo = Undo::default();
        let (half, small) = (dropped(MAX_BYTES / 2), dropped(3));
        for before in [&half, &half, &small] {
            assert!(undo.remember(vec![before.clone()], Vec::new(), at(0)));
        }
        assert_eq!(undo.done.len(), 2, "the oldest gave way");
        assert!(!undo.remember(vec![half.clone(), half, small.clone()], Vec::new(), at(0)));
        assert!(!undo.remember(Vec::new(), Vec::new(), at(0)), "nothing changed");
        assert_eq!(undo.take(at(9)), Ok(vec![small.clone()]));
        assert!(undo.take(at(10)).is_err());
        undo.remember(vec![Before::Rate(1.0)], vec!["a:1".parse::<IgnoreTarget>().unwrap()], at(5));
        undo.forget_old(at(15));
        assert_eq!(undo.done.len(), 1, "the message has gone, the ignore stays to be told of");
        assert!(undo.take(at(15)).is_err_and(|reason| reason.to_string().contains(":unignore a:1")));
        (0..100).for_each(|_| assert!(undo.remember(vec![small.clone()], Vec::new(), at(20))));
        assert_eq!(undo.done.len(), MAX_COMMANDS);
    }
}
