//! The stored data of a peer.

use std::time::Duration;

use crate::{
    core::{Now, Peer, Status, packed_key::PackedKey},
    protocol::Address,
};

/// The data of a peer except its address. It is small because there are many peers: times are nanoseconds of uptime.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub(in crate::core) struct Record {
    pub(super) time: u64,
    /// Time of the last change of status. It is negative if that was before the start of the node.
    pub(super) since: i64,
    /// [`NEVER`] if there was none.
    pub(super) round_trip: u64,
    pub(in crate::core) delivered: u64,
    pub(in crate::core) received: u64,
    /// Time of discovery.
    pub(super) known_since: u64,
    /// Time of the last response. For a response in an earlier run, the time of discovery in this run.
    pub(super) last_response: u64,
    /// Time of the last payload from it, or of its last answer, in this run. [`NEVER`] if there was none.
    pub(super) heard: u64,
    pub(super) failed: u32,
    /// Deliveries in flight.
    pub(super) in_flight: u32,
    pub(super) class: Class,
    pub(super) ever_responded: bool,
    /// Whether it responded when last tried; `None` if it was never tried.
    pub(super) last_attempt_ok: Option<bool>,
    /// Whether the user added it. Then it is never evicted.
    pub(in crate::core) added_by_user: bool,
    /// Whether it is paused: it is not sent to until it is resumed.
    pub(super) is_paused: bool,
    /// Whether its responses are so slow that deliveries to it could use all slots.
    pub(super) is_slow: bool,
    /// Whether it has shown that it speaks the protocol: it accepted a payload with a response without a body, or sent
    /// us a payload from the address at which it responded.
    pub(super) speaks_protocol: bool,
    /// Whether it accepted the last payload with a body and has not shown that it speaks the protocol, as any web page
    /// may.
    pub(super) responded_with_body: bool,
    /// The status before the user ignored the peer.
    pub(super) before_ignored: Option<Status>,
    /// Recent peak of the response time, in microseconds. It decays by an eighth of the difference with each faster
    /// response.
    pub(super) response_micros: u32,
    /// The rate-limit key at which it last responded.
    pub(super) place: Option<PackedKey>,
    /// The rate-limit key of the payload that introduced it.
    pub(super) source: Option<PackedKey>,
    /// Whether that payload had it as sender.
    pub(in crate::core) introduced_itself: bool,
}

const NEVER: u64 = u64::MAX;

/// A duration of uptime in the unit of [`Record::since`]. Sufficient for 292 years.
pub(super) fn signed_nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// The time `millis` before another time. It may be before the start of the node.
pub(super) fn nanos_before(uptime: Duration, millis: u64) -> i64 {
    let earlier = i64::try_from(Duration::from_millis(millis).as_nanos()).unwrap_or(i64::MAX);
    signed_nanos(uptime).saturating_sub(earlier)
}

/// Sufficient for 584 years.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER)
}

impl Record {
    pub(super) fn new(status: Status, now: Now) -> Self {
        let uptime = nanos(now.uptime);
        Self {
            time: now.unix_ms,
            since: signed_nanos(now.uptime),
            round_trip: NEVER,
            delivered: 0,
            received: 0,
            failed: 0,
            known_since: uptime,
            last_response: uptime,
            heard: NEVER,
            in_flight: 0,
            class: Class::of(status, false, None),
            ever_responded: false,
            last_attempt_ok: None,
            added_by_user: false,
            is_paused: false,
            is_slow: false,
            speaks_protocol: false,
            responded_with_body: false,
            before_ignored: None,
            response_micros: 0,
            place: None,
            source: None,
            introduced_itself: false,
        }
    }

    pub(in crate::core) fn status(&self) -> Status {
        self.class.status()
    }

    /// Uptime of the last change of status; zero if it was before the start of the node.
    pub(in crate::core) fn since(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.since).unwrap_or(0))
    }

    /// Time since the last change of status, including the time before the start of the node.
    pub(in crate::core) fn age(&self, uptime: Duration) -> Duration {
        Duration::from_nanos(u64::try_from(signed_nanos(uptime).saturating_sub(self.since)).unwrap_or(0))
    }

    /// Records that a payload or an answer of the peer came.
    pub(in crate::core) fn set_heard(&mut self, uptime: Duration) {
        self.heard = nanos(uptime);
    }

    /// Uptime of the last payload or answer. `None`: none came in this run.
    pub(in crate::core) fn heard(&self) -> Option<Duration> {
        (self.heard != NEVER).then(|| Duration::from_nanos(self.heard))
    }

    /// Records the time of a response.
    pub(super) fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = nanos(round_trip);
        let micros = u32::try_from(round_trip.as_micros()).unwrap_or(u32::MAX);
        self.response_micros =
            micros.max(self.response_micros - self.response_micros.saturating_sub(micros).div_ceil(8));
    }

    /// Whether a peer that did not respond when last tried can get no delivery: it is paused or has one in flight.
    pub(super) fn is_busy(&self) -> bool {
        self.is_paused || self.in_flight > 0
    }

    pub(in crate::core) fn count_failure(&mut self) {
        self.failed = self.failed.saturating_add(1);
    }

    /// Whether it is alive only because a payload named it as sender.
    pub(in crate::core) fn is_unverified(&self) -> bool {
        matches!(self.class, Class::UserAddedUntried | Class::Unverified)
    }

    /// Whether a delivery is in flight although the peer did not respond when last tried.
    pub(super) fn has_probe(&self) -> bool {
        self.in_flight > 0 && self.class.is_unresponsive()
    }

    /// Updates the class, for this status and the other properties.
    pub(super) fn classify(&mut self, status: Status) {
        self.class = Class::of(status, self.added_by_user, self.last_attempt_ok);
    }

    /// Whether it can be evicted before any peer that responded.
    pub(super) fn is_evictable(&self) -> bool {
        !self.ever_responded && !self.added_by_user && self.class.is_unresponsive()
    }

    /// Whether it can be evicted if there is no such peer: it responded once but is lost or dead now.
    pub(super) fn is_evictable_last(&self) -> bool {
        self.ever_responded && !self.added_by_user && matches!(self.class, Class::Lost | Class::Dead)
    }

    /// The key at which it responded, if it can be evicted because of too many peers with the same key.
    pub(super) fn evictable_place(&self) -> Option<PackedKey> {
        let is_meant = !self.added_by_user && matches!(self.class, Class::Responding | Class::Unverified);
        self.place.filter(|_| is_meant)
    }

    pub(super) fn snapshot(&self, address: &Address) -> Peer {
        Peer {
            address: address.clone(),
            status: self.status(),
            time: self.time,
            since: self.since(),
            round_trip: (self.round_trip != NEVER).then(|| Duration::from_nanos(self.round_trip)),
            delivered: self.delivered,
            received: self.received,
            failed: self.failed.into(),
            ever_responded: self.ever_responded,
            last_attempt_ok: self.last_attempt_ok == Some(true),
            added_by_user: self.added_by_user,
            before_ignored: self.before_ignored.filter(|_| self.class == Class::Ignored),
        }
    }
}

/// The class of a peer. New peers differ by whether the user added them. Alive peers differ by whether they responded
/// when last tried, or the user added them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    UserAdded,
    New,
    Responding,
    /// Added by the user, never tried, and alive because a payload named it as sender. The claim of a stranger does not
    /// reduce the trust in a peer that the user added.
    UserAddedUntried,
    Unverified,
    Lost,
    Dead,
    Ignored,
}

impl Class {
    pub(super) const COUNT: usize = Self::Ignored as usize + 1;

    /// Whether its peers did not respond when last tried. The deliveries to them are limited together.
    pub(super) fn is_unresponsive(self) -> bool {
        !matches!(self, Self::Responding | Self::Ignored)
    }

    /// Whether its peers are verified.
    pub(super) fn is_verified(self) -> bool {
        matches!(self, Self::UserAdded | Self::Responding | Self::UserAddedUntried)
    }

    fn of(status: Status, added_by_user: bool, last_attempt_ok: Option<bool>) -> Self {
        match status {
            Status::New if added_by_user => Self::UserAdded,
            Status::New => Self::New,
            Status::Alive if last_attempt_ok == Some(true) => Self::Responding,
            Status::Alive if added_by_user && last_attempt_ok.is_none() => Self::UserAddedUntried,
            Status::Alive => Self::Unverified,
            Status::Lost => Self::Lost,
            Status::Dead => Self::Dead,
            Status::Ignored => Self::Ignored,
        }
    }

    fn status(self) -> Status {
        match self {
            Self::UserAdded | Self::New => Status::New,
            Self::Responding | Self::UserAddedUntried | Self::Unverified => Status::Alive,
            Self::Lost => Status::Lost,
            Self::Dead => Status::Dead,
            Self::Ignored => Status::Ignored,
        }
    }

    /// The classes of a status, in the order of sending.
    pub(super) fn all_of(status: Status) -> &'static [Self] {
        match status {
            Status::New => &[Self::UserAdded, Self::New],
            Status::Alive => &[Self::Responding, Self::UserAddedUntried, Self::Unverified],
            Status::Lost => &[Self::Lost],
            Status::Dead => &[Self::Dead],
            Status::Ignored => &[Self::Ignored],
        }
    }
}
