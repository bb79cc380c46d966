//! The undo stack of an interface.

use std::time::Duration;

use clacks_feed::{Call, Run};

/// Maximum number of commands on the stack.
const MAX_COMMANDS: usize = 16;

/// The time within which a command can be undone by a key: 10 s. After that the key would more likely be hit by
/// mistake.
pub const STAYS: Duration = Duration::from_secs(10);

/// Why no command can be undone. `Display` writes one line for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NothingToUndo {
    /// No command of the last 10 s can be undone.
    #[error("there is nothing to take back")]
    Empty,
    /// The last command ignored this item, more than 10 s ago.
    #[error("the last ignore is more than {seconds} s ago; :unignore {item} takes it back", seconds = STAYS.as_secs(), item = .0)]
    Expired(String),
}

/// The undo stack: the calls that undo at most 16 commands, each for 10 s. The node keeps what was before.
#[derive(Debug, Default)]
pub struct Undo {
    done: Vec<Done>,
}

/// The effect of one command.
#[derive(Debug)]
struct Done {
    run: Run,
    /// `None` when it can no longer be undone.
    undo: Option<Call>,
    /// The items that it ignored, as they are typed, to name the command that reverts this later.
    ignored: Vec<String>,
    until: Duration,
}

impl Undo {
    /// Pushes the call that undoes a command, and the items that the command ignored. `uptime` is the time of the node.
    pub fn remember(&mut self, undo: Call, ignored: Vec<String>, uptime: Duration) {
        if self.done.len() == MAX_COMMANDS {
            self.done.remove(0);
        }
        self.done.push(Done {
            run: undo.run,
            undo: Some(undo),
            ignored,
            until: uptime.saturating_add(STAYS),
        });
    }

    /// Drops the calls that are older than 10 s. Ignored items stay, so that [`Undo::why_not`] can name the command that
    /// reverts the ignore.
    pub fn forget_old(&mut self, uptime: Duration) {
        for done in self.done.iter_mut().filter(|done| done.until <= uptime) {
            done.undo = None;
        }
        self.done.retain(|done| done.undo.is_some() || !done.ignored.is_empty());
    }

    /// Removes the calls to a node that was restarted.
    pub fn forget_run(&mut self, run: Run) {
        self.done.retain(|done| done.run != run);
    }

    /// Removes an item that is no longer ignored or known from all entries.
    pub fn note_settled(&mut self, item: &str) {
        self.done.iter_mut().for_each(|done| done.ignored.retain(|other| other != item));
    }

    /// The reason why there is nothing to undo; `None` if there is something.
    pub fn why_not(&self, uptime: Duration) -> Option<NothingToUndo> {
        let last = self.done.last();
        if last.is_some_and(|done| done.undo.is_some() && done.until > uptime) {
            return None;
        }
        let ignored = last.and_then(|done| done.ignored.first());
        Some(ignored.map_or(NothingToUndo::Empty, |item| NothingToUndo::Expired(item.clone())))
    }

    /// Pops the call that undoes the latest command.
    ///
    /// # Errors
    ///
    /// Returns the reason if there is nothing to undo.
    pub fn take(&mut self, uptime: Duration) -> Result<Call, NothingToUndo> {
        match self.why_not(uptime) {
            Some(reason) => Err(reason),
            None => self.done.pop().and_then(|done| done.undo).ok_or(NothingToUndo::Empty),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn undo_of(token: &str) -> Call {
        Call::new(Run(1), "undo".into(), token)
    }

    #[test]
    fn commands_are_kept_within_bounds_and_no_longer_than_they_can_be_undone() {
        let mut undo = Undo::default();
        for token in ["1", "2"] {
            undo.remember(undo_of(token), Vec::new(), at(0));
        }
        assert_eq!(undo.take(at(9)), Ok(undo_of("2")));
        assert!(undo.take(at(10)).is_err());
        undo.remember(undo_of("3"), vec!["a:1".to_owned()], at(5));
        undo.forget_old(at(15));
        assert_eq!(undo.done.len(), 1, "the first has gone, the ignore stays to be told of");
        assert!(undo.take(at(15)).is_err_and(|reason| reason.to_string().contains(":unignore a:1")));
        undo.note_settled("a:1");
        assert_eq!(undo.take(at(15)), Err(NothingToUndo::Empty));
        (0..100).for_each(|_| undo.remember(undo_of("4"), Vec::new(), at(20)));
        assert_eq!(undo.done.len(), MAX_COMMANDS);
    }
}
