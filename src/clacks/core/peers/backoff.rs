//! Peers that asked for a pause, and peers that refuse every message.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::protocol::Address;

use super::Peers;

/// Minimum pause.
const MIN_PAUSE: Duration = Duration::from_secs(1);
/// Maximum pause that a peer can ask for.
const MAX_PAUSE: Duration = Duration::from_secs(3600);
/// Maximum pause of a peer that does not say how long.
const MAX_DEFAULT_PAUSE: Duration = Duration::from_secs(60);
/// Number of different small messages refused in a row after which a peer counts as refusing all messages.
const REFUSES_ALL_AFTER: usize = 3;

/// The pause and the refusals of a peer since it last accepted a payload. Most peers have none.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Backoff {
    /// Uptime of the end of the pause.
    until: Option<Duration>,
    /// Length of the last pause for which the peer did not say how long.
    last_default: Duration,
    /// Digests of the different messages that it refused in a row.
    refused: Vec<u64>,
}

/// The pauses and refusals of all peers that have any.
#[derive(Debug, Default)]
pub(super) struct Backoffs {
    by_address: BTreeMap<Address, Backoff>,
    /// The current pauses, sorted by their end.
    pauses: BTreeSet<(Duration, Address)>,
}

impl Backoffs {
    fn set_until(&mut self, address: &Address, until: Option<Duration>) {
        let backoff = self.by_address.entry(address.clone()).or_default();
        if let Some(before) = std::mem::replace(&mut backoff.until, until) {
            self.pauses.remove(&(before, address.clone()));
        }
        self.pauses.extend(until.map(|until| (until, address.clone())));
    }

    pub(super) fn of(&self, address: &Address) -> Option<&Backoff> {
        self.by_address.get(address)
    }

    /// Restores the pause and refusals of a removed peer. A current pause is kept.
    pub(super) fn restore(&mut self, address: &Address, backoff: Backoff) {
        if !self.by_address.contains_key(address) {
            let until = backoff.until;
            self.by_address.insert(address.clone(), Backoff { until: None, ..backoff });
            self.set_until(address, until);
        }
    }

    pub(super) fn is_paused(&self, address: &Address) -> bool {
        self.by_address.get(address).is_some_and(|backoff| backoff.until.is_some())
    }

    /// Forgets a removed peer, except for its pause.
    pub(super) fn keep_pause(&mut self, address: &Address) {
        if !self.is_paused(address) {
            self.by_address.remove(address);
        }
    }
}

impl Peers {
    /// Pauses sending to an address: for the time that it asked for, or for one second at first and twice as long each
    /// further time.
    pub(in crate::core) fn pause(&mut self, address: &Address, asked: Option<Duration>, now: Duration) {
        let backoffs = self.backoffs.get_or_insert_default();
        let backoff = backoffs.by_address.entry(address.clone()).or_default();
        let pause = match asked {
            Some(asked) => asked.clamp(MIN_PAUSE, MAX_PAUSE),
            // Several deliveries were in flight at once.
            None if backoff.until.is_some_and(|until| until > now) => return,
            None => {
                backoff.last_default = (backoff.last_default * 2).clamp(MIN_PAUSE, MAX_DEFAULT_PAUSE);
                backoff.last_default
            }
        };
        backoffs.set_until(address, Some(now + pause));
        if let Some(number) = self.find(address) {
            self.set_paused(number, true);
        }
    }

    /// Resumes the peers whose pauses have ended.
    pub(in crate::core) fn resume_due(&mut self, now: Duration) {
        while let Some(address) = self.next_to_resume(now) {
            let Some(backoffs) = &mut self.backoffs else { return };
            backoffs.set_until(&address, None);
            match self.table.find(&address) {
                Some(number) => _ = self.set_paused(number, false),
                None => backoffs.keep_pause(&address),
            }
        }
    }

    fn next_to_resume(&self, now: Duration) -> Option<Address> {
        let (until, address) = self.backoffs.as_ref()?.pauses.first()?;
        (*until <= now).then(|| address.clone())
    }

    /// Uptime of the end of the next pause.
    pub(in crate::core) fn next_resume(&self) -> Option<Duration> {
        self.backoffs.as_ref()?.pauses.first().map(|(until, _)| *until)
    }

    /// Uptime of the end of the pause of this address.
    pub(in crate::core) fn paused_until(&self, address: &Address) -> Option<Duration> {
        self.backoffs.as_ref()?.by_address.get(address)?.until
    }

    /// Records that the peer refused a message that every peer accepts. Returns whether it refuses all messages.
    pub(in crate::core) fn record_refusal(&mut self, address: &Address, digest: u64) -> bool {
        let backoffs = self.backoffs.get_or_insert_default();
        let refused = &mut backoffs.by_address.entry(address.clone()).or_default().refused;
        if refused.len() < REFUSES_ALL_AFTER && !refused.contains(&digest) {
            refused.push(digest);
        }
        refused.len() >= REFUSES_ALL_AFTER
    }

    /// Resets the pause and the refusals, because the peer accepted a payload.
    pub(in crate::core) fn clear_backoff(&mut self, address: &Address) {
        let Some(backoffs) = &mut self.backoffs else { return };
        if backoffs.by_address.contains_key(address) {
            backoffs.set_until(address, None);
            backoffs.by_address.remove(address);
            if backoffs.by_address.is_empty() {
                self.backoffs = None;
            }
            if let Some(number) = self.find(address) {
                self.set_paused(number, false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{Now, Status};

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn a_requested_pause_is_clamped_and_a_default_one_doubles_up_to_a_minute() {
        let peer: Address = "peer:1".parse().unwrap();
        for (asked, expected) in [
            (
                &[Some(0), Some(7), Some(7), Some(3600), Some(1_000_000_u64)] as &[_],
                &[1_u64, 7, 7, 3600, 3600] as &[_],
            ),
            (&[None; 9], &[1, 2, 4, 8, 16, 32, 60, 60, 60]),
            (&[None, None, Some(5), None], &[1, 2, 5, 4]),
        ] {
            let (mut peers, mut now) = (Peers::new(1, usize::MAX), second(100));
            for (asked, expected) in asked.iter().zip(expected) {
                peers.pause(&peer, asked.map(second), now);
                // Other deliveries in flight at the same time change nothing.
                peers.pause(&peer, None, now);
                assert_eq!(peers.next_resume(), Some(now + second(*expected)));
                now += second(*expected);
            }
        }
    }

    #[test]
    fn a_pause_survives_a_removed_peer_and_is_dropped_at_its_end() {
        let peer: Address = "peer:1".parse().unwrap();
        let now = Now { uptime: second(1), unix_ms: 0 };
        let mut peers = Peers::new(1, usize::MAX);
        peers.insert(&peer, Status::New, now);
        peers.pause(&peer, Some(second(5)), second(1));
        peers.remove(&peer);
        peers.insert(&peer, Status::New, now);
        assert_eq!((peers.free(Status::New), peers.paused_until(&peer)), (0, Some(second(6))));
        peers.remove(&peer);
        peers.resume_due(second(6));
        assert_eq!((peers.next_resume(), peers.paused_until(&peer)), (None, None));
        assert!(peers.backoffs.unwrap().by_address.is_empty());
    }

    #[test]
    fn three_different_refused_messages_count_as_refusing_all() {
        let peer: Address = "peer:1".parse().unwrap();
        let mut peers = Peers::new(1, usize::MAX);
        let refusals = [1, 1, 2, 1, 2, 3, 3].map(|digest| peers.record_refusal(&peer, digest));
        assert_eq!(refusals, [false, false, false, false, false, true, true]);
        peers.clear_backoff(&peer);
        assert!(!peers.record_refusal(&peer, 9));
    }
}
