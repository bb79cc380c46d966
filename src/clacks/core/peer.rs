//! A peer as the API reports it.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::protocol::Address;

use super::Now;

/// The status of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Added and never contacted. New peers are sent to first.
    New,
    /// The last contact succeeded.
    Alive,
    /// A delivery failed.
    Lost,
    /// Lost for longer than the kill timeout.
    Dead,
    /// The user ignores it: nothing is sent to it, and its payloads are refused with 403.
    Ignored,
}

impl Status {
    clacks_transport::all_variants! {
        /// Every status, in the order in which peers are listed.
        pub const ALL: Self = [New, Alive, Lost, Dead, Ignored];
    }

    /// The name of the status in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Alive => "alive",
            Self::Lost => "lost",
            Self::Dead => "dead",
            Self::Ignored => "ignored",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Status {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.name() == name).ok_or(())
    }
}

/// The current state of a peer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Peer {
    /// Its address.
    pub address: Address,
    /// Its status.
    pub status: Status,
    /// Time of the last change of status, in milliseconds since the Unix epoch.
    pub time: u64,
    /// Time of the last change of status, as uptime of the node. It is zero if the change was in an earlier run: then
    /// only `time` is exact. See [`Peer::age`].
    pub since: Duration,
    /// Duration of the last successful delivery or announce, from the start of the request to the response.
    pub round_trip: Option<Duration>,
    /// Messages that it accepted from us.
    pub delivered: u64,
    /// Messages received with its address as sender.
    pub received: u64,
    /// Failed deliveries to it.
    pub failed: u64,
    /// Whether it has ever responded at its address, in this run or an earlier one. A sender's address in a payload is
    /// a claim that anybody can make; a response is not.
    pub ever_responded: bool,
    /// Whether it responded as a node does to the last delivery or announce: with 200, and without a body unless it has
    /// also sent us a payload from that machine. An alive peer for which this is false is unverified.
    pub last_attempt_ok: bool,
    /// Whether the user added it. Other peers are contacted at public addresses only, and can be evicted.
    pub added_by_user: bool,
    /// The status that it gets back when it is no longer ignored. `None` if it is not ignored, or was not known before.
    pub before_ignored: Option<Status>,
}

impl Peer {
    /// A peer that has not been contacted, and that the user did not add.
    pub fn new(address: Address, status: Status, now: Now) -> Self {
        Self {
            address,
            status,
            time: now.unix_ms,
            since: now.uptime,
            round_trip: None,
            delivered: 0,
            received: 0,
            failed: 0,
            ever_responded: false,
            last_attempt_ok: false,
            added_by_user: false,
            before_ignored: None,
        }
    }

    /// Time since the last change of status. For a change in an earlier run the wall clock is used, and the result is
    /// at least the uptime of the node.
    pub fn age(&self, now: Now) -> Duration {
        let in_this_run = now.uptime.saturating_sub(self.since);
        if self.since.is_zero() {
            in_this_run.max(Duration::from_millis(now.unix_ms.saturating_sub(self.time)))
        } else {
            in_this_run
        }
    }

    /// Whether it is alive only by a claim: a payload named it as sender, but it did not respond to us.
    pub fn is_unverified(&self) -> bool {
        self.status == Status::Alive && !self.last_attempt_ok
    }

    /// The name of its status, with a question mark if it is unverified.
    pub fn status_word(&self) -> Cow<'static, str> {
        let name = self.status.name();
        if self.is_unverified() { format!("{name}?").into() } else { name.into() }
    }
}

/// A peer as it is saved between runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KnownPeer {
    /// Its address.
    #[serde(flatten)]
    pub address: Address,
    /// Its status when it was saved.
    pub status: Status,
    /// Time of the last change of status, in milliseconds since the Unix epoch.
    pub time: u64,
    /// Whether it has ever responded at its address.
    #[serde(default, rename = "reached", skip_serializing_if = "std::ops::Not::not")]
    pub ever_responded: bool,
    /// Whether the user added it.
    #[serde(default, rename = "named", skip_serializing_if = "std::ops::Not::not")]
    pub added_by_user: bool,
    /// The status before it was ignored. `None` if it is not ignored, or was not known before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_ignored: Option<Status>,
}

/// Number of peers by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct PeerCounts {
    /// New peers.
    pub new: usize,
    /// Alive peers.
    pub alive: usize,
    /// Unverified peers among the alive ones: see [`Peer::is_unverified`].
    #[serde(rename = "claimed")]
    pub unverified: usize,
    /// Lost peers.
    pub lost: usize,
    /// Dead peers.
    pub dead: usize,
    /// Ignored peers.
    pub ignored: usize,
}

impl PeerCounts {
    /// The number of peers with this status.
    pub fn of(&self, status: Status) -> usize {
        match status {
            Status::New => self.new,
            Status::Alive => self.alive,
            Status::Lost => self.lost,
            Status::Dead => self.dead,
            Status::Ignored => self.ignored,
        }
    }

    fn of_mut(&mut self, status: Status) -> &mut usize {
        match status {
            Status::New => &mut self.new,
            Status::Alive => &mut self.alive,
            Status::Lost => &mut self.lost,
            Status::Dead => &mut self.dead,
            Status::Ignored => &mut self.ignored,
        }
    }

    /// The number of all peers. It saturates, because the counts of a recording can be any numbers.
    pub fn total(&self) -> usize {
        Status::ALL.into_iter().fold(0, |total, status| total.saturating_add(self.of(status)))
    }
}

/// Counts by status. The others, and the unverified peers, are 0. A later count of a status replaces an earlier one.
impl<const N: usize> From<[(Status, usize); N]> for PeerCounts {
    fn from(counts: [(Status, usize); N]) -> Self {
        let mut all = Self::default();
        counts.into_iter().for_each(|(status, count)| *all.of_mut(status) = count);
        all
    }
}

impl From<Peer> for KnownPeer {
    fn from(peer: Peer) -> Self {
        let Peer { address, status, time, ever_responded, added_by_user, before_ignored, .. } = peer;
        Self { address, status, time, ever_responded, added_by_user, before_ignored }
    }
}
