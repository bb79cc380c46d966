//! What the lines of a recording hold, as JSON.

use std::net::IpAddr;

use clacks_p2p::{
    Address,
    core::{Counters, HeldBy, HeldMessage, LimitCounts, Now, Peer, PeerCounts, QueuedMessage, Status},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Holdings,
    values::{duration, message, needed, rate, there, ticket},
};

/// Everything that any line holds.
#[derive(Deserialize)]
pub(super) struct Fields {
    pub(super) event: Option<String>,
    pub(super) clacks: Option<String>,
    pub(super) time: u64,
    pub(super) uptime_ms: f64,
    pub(super) address: Option<Place>,
    pub(super) snapshot: Option<Snapshot>,
    pub(super) peer: Option<Described>,
    #[serde(default, deserialize_with = "there")]
    pub(super) message: Option<Box<RawValue>>,
    pub(super) id: Option<u64>,
    pub(super) visits: Option<u32>,
    pub(super) since_ms: Option<u64>,
    pub(super) origin: Option<String>,
    pub(super) from: Option<From>,
    pub(super) draw: Option<u32>,
    pub(super) free_peers: Option<Counts>,
    pub(super) for_proven: Option<bool>,
    pub(super) alive_places: Option<u32>,
    pub(super) at_place: Option<u32>,
    pub(super) round_trip_ms: Option<f64>,
    pub(super) introduction: Option<String>,
    pub(super) of: Option<Place>,
    pub(super) failure: Option<String>,
    pub(super) cause: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) trusted: Option<String>,
    pub(super) presented: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) sender: Option<Place>,
    pub(super) preview: Option<String>,
    pub(super) remote: Option<IpAddr>,
    /// Where a message came from.
    pub(super) place: Option<IpAddr>,
    pub(super) met: Option<LimitCounts>,
    pub(super) was: Option<u64>,
    #[serde(default, deserialize_with = "there")]
    pub(super) before: Option<Box<RawValue>>,
    pub(super) by: Option<By>,
    pub(super) rule: Option<String>,
    pub(super) missed: Option<u64>,
    pub(super) rate: Option<f64>,
}

#[derive(Deserialize)]
pub(super) struct Snapshot {
    pub(super) send_rate: f64,
    pub(super) queued: u32,
    pub(super) in_flight: u32,
    pub(super) held_bytes: u64,
    pub(super) next_send_ms: Option<f64>,
    pub(super) peer_counts: Counts,
    pub(super) counters: Counted,
    pub(super) peers: Vec<Described>,
    pub(super) queue: Vec<Waiting>,
    pub(super) held_in_all: u32,
    pub(super) held: Vec<Waiting>,
    pub(super) under_way: Vec<Waiting>,
    pub(super) hold_rule: Option<String>,
    #[serde(default)]
    pub(super) ignored_remotes: Vec<IpAddr>,
}

#[derive(Deserialize)]
pub(super) struct Place {
    pub(super) hostname: String,
    pub(super) port: u16,
}

#[derive(Deserialize)]
pub(super) struct Described {
    #[serde(flatten)]
    pub(super) place: Place,
    pub(super) status: Option<Status>,
    pub(super) time: Option<u64>,
    pub(super) since_ms: Option<f64>,
    pub(super) round_trip_ms: Option<f64>,
    pub(super) delivered: Option<u64>,
    pub(super) received: Option<u64>,
    pub(super) failed: Option<u64>,
    pub(super) answers: Option<bool>,
    pub(super) reached: Option<bool>,
    pub(super) by_user: Option<bool>,
    pub(super) before_ignored: Option<Status>,
}

/// Where a message came from, or the status that a peer had.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum From {
    Status(Status),
    Place(Place),
}

#[derive(Deserialize)]
pub(super) struct Counts {
    pub(super) new: u32,
    pub(super) alive: u32,
    // Recordings of before it was told have none.
    #[serde(default)]
    pub(super) claimed: u32,
    pub(super) lost: u32,
    pub(super) dead: u32,
    pub(super) ignored: u32,
}

#[derive(Deserialize)]
pub(super) struct Counted {
    pub(super) received: u64,
    pub(super) delivered: u64,
    pub(super) failed: u64,
    pub(super) enqueued: u64,
    pub(super) announces: u64,
    pub(super) refused: u64,
    #[serde(default)]
    pub(super) limits: LimitCounts,
}

#[derive(Deserialize)]
pub(super) struct Waiting {
    pub(super) id: u64,
    pub(super) message: Box<RawValue>,
    pub(super) visits: u32,
    pub(super) since_ms: u64,
    pub(super) from: Option<Place>,
    pub(super) place: Option<IpAddr>,
    /// Only of one that is held.
    pub(super) by: Option<By>,
    /// Only of one that is on its way.
    pub(super) to: Option<Place>,
}

/// Why a message is held.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum By {
    Hand,
    Rule,
    Refused,
}

impl Fields {
    /// What the node knew and held.
    pub(super) fn held(self) -> Result<Holdings, String> {
        let snapshot = needed("snapshot", self.snapshot)?;
        Ok(Holdings {
            address: self.address.map(Place::address).transpose()?,
            send_rate: rate(snapshot.send_rate)?,
            queued: snapshot.queued as usize,
            in_flight: snapshot.in_flight as usize,
            held_bytes: usize::try_from(snapshot.held_bytes).unwrap_or(usize::MAX),
            next_send: snapshot.next_send_ms.map(duration).transpose()?,
            peer_counts: snapshot.peer_counts.into(),
            counters: snapshot.counters.into(),
            peers: snapshot.peers.into_iter().map(Described::peer).collect::<Result<_, _>>()?,
            queue: snapshot.queue.into_iter().map(Waiting::queued).collect::<Result<_, _>>()?,
            held_in_all: snapshot.held_in_all as usize,
            held: snapshot.held.into_iter().map(Waiting::held).collect::<Result<_, _>>()?,
            under_way: snapshot.under_way.into_iter().map(Waiting::under_way).collect::<Result<_, _>>()?,
            hold_rule: snapshot.hold_rule,
            ignored_remotes: snapshot.ignored_remotes.into_iter().collect(),
        })
    }
}

impl Place {
    pub(super) fn address(self) -> Result<Address, String> {
        Address::new(&self.hostname, self.port).map_err(|error| error.to_string())
    }
}

impl Described {
    pub(super) fn peer(self) -> Result<Peer, String> {
        let address = self.place.address()?;
        let status = needed("status", self.status)?;
        let uptime = duration(needed("since_ms", self.since_ms)?)?;
        let since = Now { uptime, unix_ms: needed("time", self.time)? };
        let round_trip = self.round_trip_ms.map(duration).transpose()?;
        // Older recordings tell neither who answered nor whom the user named.
        Ok(Peer {
            round_trip,
            delivered: needed("delivered", self.delivered)?,
            received: needed("received", self.received)?,
            failed: needed("failed", self.failed)?,
            last_attempt_ok: self.answers.unwrap_or(status == Status::Alive),
            ever_responded: self.reached.unwrap_or(round_trip.is_some()),
            added_by_user: self.by_user.unwrap_or_default(),
            before_ignored: self.before_ignored,
            ..Peer::new(address, status, since)
        })
    }
}

impl Waiting {
    pub(super) fn queued(self) -> Result<QueuedMessage, String> {
        let Self { id, visits, since_ms, place, .. } = self;
        let (id, message) = (ticket(id)?, message(Some(&self.message))?);
        let from = self.from.map(Place::address).transpose()?;
        Ok(QueuedMessage { id, message, since_ms, visits, from, place })
    }

    pub(super) fn held(mut self) -> Result<HeldMessage, String> {
        let by = needed("by", self.by.take())?.into();
        Ok(HeldMessage { queued: self.queued()?, by })
    }

    pub(super) fn under_way(mut self) -> Result<(Address, QueuedMessage), String> {
        let to = needed("to", self.to.take())?.address()?;
        Ok((to, self.queued()?))
    }
}

impl std::convert::From<By> for HeldBy {
    fn from(by: By) -> Self {
        match by {
            By::Hand => Self::Hand,
            By::Rule => Self::Rule,
            By::Refused => Self::Refused,
        }
    }
}

impl std::convert::From<Counts> for PeerCounts {
    fn from(Counts { new, alive, claimed, lost, dead, ignored }: Counts) -> Self {
        let counts = [new, alive, claimed.min(alive), lost, dead, ignored];
        let [new, alive, claimed, lost, dead, ignored] = counts.map(|count| count as usize);
        Self { new, alive, unverified: claimed, lost, dead, ignored }
    }
}

impl std::convert::From<Counted> for Counters {
    fn from(Counted { received, delivered, failed, enqueued, announces, refused, limits }: Counted) -> Self {
        let mut counters = Self::default();
        (counters.received, counters.delivered, counters.failed) = (received, delivered, failed);
        (counters.enqueued, counters.announces, counters.refused) = (enqueued, announces, refused);
        counters.limits = limits;
        counters
    }
}
