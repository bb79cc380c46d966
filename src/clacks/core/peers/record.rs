//! What is kept of a peer, and where it stands.

use std::time::Duration;

use crate::{
    core::{Now, Peer, Status, packed_key::PackedKey},
    protocol::Address,
};

/// What is kept of a peer beside its address. There are many, so it is small: times are nanoseconds of uptime.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub(in crate::core) struct Record {
    pub(super) time: u64,
    /// When the status last changed. Before the start of the node it is negative.
    pub(super) since: i64,
    /// [`NEVER`] if there was none.
    pub(super) round_trip: u64,
    pub(in crate::core) delivered: u64,
    pub(in crate::core) received: u64,
    /// When it became known.
    pub(super) known_since: u64,
    /// When it last answered us; of one that did in an earlier run, when it became known in this.
    pub(super) answered: u64,
    pub(super) failed: u32,
    /// Deliveries under way.
    pub(super) in_flight: u32,
    pub(super) class: Class,
    pub(super) ever_responded: bool,
    /// Whether it answered when we last tried it; `None` if we never did.
    pub(super) last_attempt_ok: Option<bool>,
    /// The user named it, so it makes room for nobody.
    pub(in crate::core) added_by_user: bool,
    /// It is sent nothing until it is resumed.
    pub(super) is_paused: bool,
    /// Its answers take so long that many of them would hold all slots.
    pub(super) is_slow: bool,
    /// It was shown that it speaks the protocol: it accepted something with an answer without a body, or sent us
    /// something from where it was reached.
    pub(super) speaks: bool,
    /// It accepted what we last sent to it, but with a body, and was not shown to speak: so does any web page.
    pub(super) is_mute: bool,
    /// The status before the user ignored the peer.
    pub(super) before_ignored: Option<Status>,
    /// How long its answers take, in microseconds: as the slowest of late, which counts for less with each one after it.
    pub(super) delay: u32,
    /// Where it was reached last.
    pub(super) place: Option<PackedKey>,
    /// Where the payload came from that introduced it.
    pub(super) source: Option<PackedKey>,
    /// That payload came in its own name.
    pub(in crate::core) introduced_itself: bool,
}

const NEVER: u64 = u64::MAX;

/// A time of uptime as it is kept in [`Record::since`]. Enough for 292 years.
pub(super) fn signed_nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// A time so many milliseconds before another, which may be before the start of the node.
pub(super) fn before(uptime: Duration, millis: u64) -> i64 {
    let earlier = i64::try_from(Duration::from_millis(millis).as_nanos()).unwrap_or(i64::MAX);
    signed_nanos(uptime).saturating_sub(earlier)
}

/// Enough for 584 years.
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
            answered: uptime,
            in_flight: 0,
            class: Class::of(status, false, None),
            ever_responded: false,
            last_attempt_ok: None,
            added_by_user: false,
            is_paused: false,
            is_slow: false,
            speaks: false,
            is_mute: false,
            before_ignored: None,
            delay: 0,
            place: None,
            source: None,
            introduced_itself: false,
        }
    }

    pub(in crate::core) fn status(&self) -> Status {
        self.class.status()
    }

    /// When the status last changed, as uptime; zero if that was before the start of the node.
    pub(in crate::core) fn since(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.since).unwrap_or(0))
    }

    /// How long the peer has had its status, also where that began before the start of the node.
    pub(in crate::core) fn age(&self, uptime: Duration) -> Duration {
        Duration::from_nanos(u64::try_from(signed_nanos(uptime).saturating_sub(self.since)).unwrap_or(0))
    }

    /// Notes how long an answer took.
    pub(super) fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = nanos(round_trip);
        let micros = u32::try_from(round_trip.as_micros()).unwrap_or(u32::MAX);
        self.delay = micros.max(self.delay - self.delay.saturating_sub(micros).div_ceil(8));
    }

    /// Whether nothing more is sent to a peer that did not answer last time until a delivery has ended or it is resumed.
    pub(super) fn is_busy(&self) -> bool {
        self.is_paused || self.in_flight > 0
    }

    pub(in crate::core) fn count_failure(&mut self) {
        self.failed = self.failed.saturating_add(1);
    }

    /// Whether nothing but a sender's claim says that it is alive.
    pub(in crate::core) fn is_unverified(&self) -> bool {
        matches!(self.class, Class::UserAddedUntried | Class::Unverified)
    }

    /// Whether a delivery is under way to it though it did not answer last time.
    pub(super) fn is_try(&self) -> bool {
        self.in_flight > 0 && self.class.is_bounded()
    }

    /// Stands where it belongs with this status and what else is known of it.
    pub(super) fn classify(&mut self, status: Status) {
        self.class = Class::of(status, self.added_by_user, self.last_attempt_ok);
    }

    /// Whether the peer may be forgotten to make room for another before any that answered.
    pub(super) fn is_evictable(&self) -> bool {
        !self.ever_responded && !self.added_by_user && self.class.is_bounded()
    }

    /// Whether it may be forgotten when there is no such peer, because it did answer but is lost or dead by now.
    pub(super) fn is_evictable_last(&self) -> bool {
        self.ever_responded && !self.added_by_user && matches!(self.class, Class::Lost | Class::Dead)
    }

    /// Where it was reached, if it may be forgotten because too many others were reached there.
    pub(super) fn crowded_place(&self) -> Option<PackedKey> {
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

/// Where a peer stands: by its status, the new ones by whether the user named them, and the alive ones by whether they
/// answered when we last tried them, or what else speaks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    UserAdded,
    New,
    Responding,
    /// Named by the user and alive by its word before it was ever tried: what a stranger says of a peer takes nothing
    /// from what the user says of it.
    UserAddedUntried,
    Unverified,
    Lost,
    Dead,
    Ignored,
}

impl Class {
    pub(super) const COUNT: usize = Self::Ignored as usize + 1;

    /// Whether it is one of those in which peers have not answered, of which only so many are sent to at once.
    pub(super) fn is_bounded(self) -> bool {
        !matches!(self, Self::Responding | Self::Ignored)
    }

    /// Whether more than strangers speak for its peers.
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

    /// Those of a status, the ones first that are sent to first.
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
