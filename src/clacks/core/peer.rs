//! A peer as those who watch see it.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::protocol::Address;

use super::Now;

/// What a node thinks of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Just added, never tried. New peers are sent to first.
    New,
    /// The last contact worked.
    Alive,
    /// A send failed.
    Lost,
    /// Lost for longer than the kill timeout.
    Dead,
    /// The user said so: never sent to, and answered 403.
    Ignored,
}

impl Status {
    /// Every status, in the order in which peers are listed.
    pub const ALL: [Self; 5] = [Self::New, Self::Alive, Self::Lost, Self::Dead, Self::Ignored];

    /// The word for it.
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

/// A peer as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Peer {
    /// Where it listens.
    pub address: Address,
    /// What we think of it.
    pub status: Status,
    /// When the status last changed, in milliseconds since the Unix epoch.
    pub time: u64,
    /// When the status last changed, as uptime of the node. That is zero if it was in an earlier run: only `time` tells
    /// since when. See [`Peer::age`].
    pub since: Duration,
    /// How long the last delivery or announce that it took lasted, from the start of the request to its answer.
    pub round_trip: Option<Duration>,
    /// Messages that it took from us.
    pub delivered: u64,
    /// Messages that came in its name.
    pub received: u64,
    /// Deliveries to it that failed.
    pub failed: u64,
    /// Whether it ever answered us at its address, in this run or in an earlier one. A sender's name is a claim that
    /// anybody can make; this is not.
    pub ever_responded: bool,
    /// Whether it answered as a node does when we last tried it: with 200, and without a body unless it also sent us
    /// something from where we reached it. A peer that is alive and did not is so by its word alone.
    pub last_attempt_ok: bool,
    /// Whether the user named it: strangers' peers are contacted at public addresses only, and make room for others.
    pub added_by_user: bool,
    /// The status that it has again when it is no longer ignored; `None` if it is not ignored, or was not known before.
    pub before_ignored: Option<Status>,
}

impl Peer {
    /// A peer with which nothing has passed yet: it neither answered nor did the user name it.
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

    /// How long the peer has had its status. If that began in an earlier run, the wall clock says how long, and it is at
    /// least since the node started.
    pub fn age(&self, now: Now) -> Duration {
        let in_this_run = now.uptime.saturating_sub(self.since);
        if self.since.is_zero() {
            in_this_run.max(Duration::from_millis(now.unix_ms.saturating_sub(self.time)))
        } else {
            in_this_run
        }
    }

    /// Whether nothing but a sender's claim says that it is alive.
    pub fn is_unverified(&self) -> bool {
        self.status == Status::Alive && !self.last_attempt_ok
    }
}

/// A peer as it is kept from one run to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KnownPeer {
    /// Where it listens.
    #[serde(flatten)]
    pub address: Address,
    /// Its status when it was kept.
    pub status: Status,
    /// When the status last changed, in milliseconds since the Unix epoch.
    pub time: u64,
    /// Whether it ever answered us at its address.
    #[serde(default, rename = "reached", skip_serializing_if = "std::ops::Not::not")]
    pub ever_responded: bool,
    /// Whether the user named it.
    #[serde(default, rename = "named", skip_serializing_if = "std::ops::Not::not")]
    pub added_by_user: bool,
    /// The status that it had before it was ignored; `None` if it is not ignored, or was not known before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_ignored: Option<Status>,
}

/// How many peers have each status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PeerCounts {
    /// Peers that are new.
    pub new: usize,
    /// Peers that are alive.
    pub alive: usize,
    /// Those of the alive that are so by their word alone: see [`Peer::is_unverified`].
    #[serde(rename = "claimed")]
    pub unverified: usize,
    /// Peers that are lost.
    pub lost: usize,
    /// Peers that are dead.
    pub dead: usize,
    /// Peers that are ignored.
    pub ignored: usize,
}

impl PeerCounts {
    /// How many have this status.
    pub fn of(&self, status: Status) -> usize {
        match status {
            Status::New => self.new,
            Status::Alive => self.alive,
            Status::Lost => self.lost,
            Status::Dead => self.dead,
            Status::Ignored => self.ignored,
        }
    }

    /// All of them.
    pub fn total(&self) -> usize {
        Status::ALL.into_iter().map(|status| self.of(status)).sum()
    }
}

impl From<Peer> for KnownPeer {
    fn from(peer: Peer) -> Self {
        let Peer { address, status, time, ever_responded, added_by_user, before_ignored, .. } = peer;
        Self { address, status, time, ever_responded, added_by_user, before_ignored }
    }
}
