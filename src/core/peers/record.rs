//! What is kept of a peer, and where it stands.

use std::time::Duration;

use crate::{
    core::{Now, Peer, Status},
    protocol::Address,
};

/// What is kept of a peer beside its address.
#[derive(Debug, Clone)]
pub(in crate::core) struct Record {
    pub(super) time: u64,
    pub(super) since: Duration,
    pub(in crate::core) round_trip: Option<Duration>,
    pub(in crate::core) delivered: u64,
    pub(in crate::core) received: u64,
    pub(in crate::core) failed: u64,
    /// When it became known, as uptime.
    pub(super) known_since: Duration,
    /// When it last answered us, as uptime; of one that did in an earlier run, when it became known in this.
    pub(super) answered: Duration,
    /// Deliveries under way.
    pub(super) in_flight: u32,
    /// Its place in the group of its class.
    pub(super) place: u32,
    pub(super) class: Class,
    pub(super) reached: bool,
    /// Whether it answered when we last tried it; `None` if we never did.
    pub(super) answers: Option<bool>,
    /// The user named it, so it makes room for nobody.
    pub(super) is_named: bool,
    /// The status before the user ignored the peer.
    pub(super) before_ignored: Option<Status>,
}

impl Record {
    pub(super) fn new(status: Status, now: Now) -> Self {
        Self {
            time: now.unix_ms,
            since: now.uptime,
            round_trip: None,
            delivered: 0,
            received: 0,
            failed: 0,
            known_since: now.uptime,
            answered: now.uptime,
            in_flight: 0,
            place: 0,
            class: Class::of(status, false, None),
            reached: false,
            answers: None,
            is_named: false,
            before_ignored: None,
        }
    }

    pub(super) fn status(&self) -> Status {
        self.class.status()
    }

    /// Stands where it belongs with this status and what else is known of it.
    pub(super) fn classify(&mut self, status: Status) {
        self.class = Class::of(status, self.is_named, self.answers);
    }

    /// Whether the peer may be forgotten to make room for another before any that answered.
    pub(super) fn makes_room(&self) -> bool {
        !self.reached && !self.is_named && Class::UNANSWERED.contains(&self.class)
    }

    /// Whether it may be forgotten when there is no such peer, because it did answer but is lost or dead by now.
    pub(super) fn makes_room_at_last(&self) -> bool {
        self.reached && !self.is_named && matches!(self.class, Class::Lost | Class::Dead)
    }

    pub(super) fn snapshot(&self, address: &Address) -> Peer {
        Peer {
            address: address.clone(),
            status: self.status(),
            time: self.time,
            since: self.since,
            round_trip: self.round_trip,
            delivered: self.delivered,
            received: self.received,
            failed: self.failed,
            reached: self.reached,
            answers: self.answers == Some(true),
            is_named: self.is_named,
        }
    }
}

/// Where a peer stands: by its status, the new ones by whether the user named them, and the alive ones by whether they
/// answered when we last tried them, or what else speaks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Named,
    New,
    Answering,
    /// Named by the user and alive by its word before it was ever tried: what a stranger says of a peer takes nothing
    /// from what the user says of it.
    Vouched,
    Claimed,
    Lost,
    Dead,
    Ignored,
}

impl Class {
    const ALL: [Self; 8] = [
        Self::Answering,
        Self::Vouched,
        Self::Claimed,
        Self::Named,
        Self::New,
        Self::Ignored,
        Self::Lost,
        Self::Dead,
    ];
    /// Those in which peers have not answered.
    pub(super) const UNANSWERED: [Self; 6] =
        [Self::Dead, Self::Lost, Self::Claimed, Self::New, Self::Vouched, Self::Named];

    fn of(status: Status, is_named: bool, answers: Option<bool>) -> Self {
        match status {
            Status::New if is_named => Self::Named,
            Status::New => Self::New,
            Status::Alive if answers == Some(true) => Self::Answering,
            Status::Alive if is_named && answers.is_none() => Self::Vouched,
            Status::Alive => Self::Claimed,
            Status::Lost => Self::Lost,
            Status::Dead => Self::Dead,
            Status::Ignored => Self::Ignored,
        }
    }

    fn status(self) -> Status {
        match self {
            Self::Named | Self::New => Status::New,
            Self::Answering | Self::Vouched | Self::Claimed => Status::Alive,
            Self::Lost => Status::Lost,
            Self::Dead => Status::Dead,
            Self::Ignored => Status::Ignored,
        }
    }

    /// Those of a status, the ones that are sent to first.
    pub(super) fn all_of(status: Status) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |class| class.status() == status)
    }
}
