//! Ignores that can be taken back.

use std::time::Duration;

use clacks_p2p::{Address, core::Now};

use crate::command::NodeCommand;

/// For how long a key takes an ignore back. After that it could be hit by mistake; `:unignore` works for ever.
pub(crate) const STAYS: Duration = Duration::from_secs(10);
/// Ignores one after the other that can be taken back.
const MAX_IGNORES: usize = 16;

/// The latest ignores, the last of which is taken back first.
#[derive(Debug, Default)]
pub(crate) struct Undo {
    ignores: Vec<Ignored>,
}

/// Peers that were ignored by one key or command.
#[derive(Debug)]
struct Ignored {
    peers: Vec<Address>,
    until: Duration,
}

impl Undo {
    /// These peers are ignored now.
    pub(crate) fn note_ignored(&mut self, peers: Vec<Address>, now: Now) {
        if self.ignores.len() == MAX_IGNORES {
            self.ignores.remove(0);
        }
        self.ignores.push(Ignored { peers, until: now.uptime + STAYS });
    }

    /// This peer is not ignored any more, or not known.
    pub(crate) fn note_settled(&mut self, peer: &Address) {
        self.ignores.iter_mut().for_each(|ignored| ignored.peers.retain(|other| other != peer));
        self.ignores.retain(|ignored| !ignored.peers.is_empty());
    }

    /// Why there is nothing to take back; `None` if there is.
    pub(crate) fn why_not(&self, now: Now) -> Option<String> {
        match self.ignores.last() {
            None => Some("nothing was ignored here that still is".to_owned()),
            Some(ignored) if ignored.until > now.uptime => None,
            Some(Ignored { peers, .. }) => {
                let peer = peers.first().map(ToString::to_string).unwrap_or_default();
                let seconds = STAYS.as_secs();
                Some(format!("the last ignore is more than {seconds} s ago; :unignore {peer} takes it back"))
            }
        }
    }

    /// What takes the last ignore back, after which the one before it is the last.
    pub(crate) fn take(&mut self, now: Now) -> Result<Vec<NodeCommand>, String> {
        if let Some(reason) = self.why_not(now) {
            return Err(reason);
        }
        let peers = self.ignores.pop().map(|ignored| ignored.peers).unwrap_or_default();
        Ok(peers.into_iter().map(NodeCommand::Unignore).collect())
    }
}
