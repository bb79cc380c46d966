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
pub(crate) struct Fields {
    pub(crate) event: Option<String>,
    pub(crate) clacks: Option<String>,
    pub(crate) time: u64,
    pub(crate) uptime_ms: f64,
    pub(crate) address: Option<Place>,
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) peer: Option<Described>,
    #[serde(default, deserialize_with = "there")]
    pub(crate) message: Option<Box<RawValue>>,
    pub(crate) id: Option<u64>,
    pub(crate) visits: Option<u32>,
    pub(crate) since_ms: Option<u64>,
    pub(crate) origin: Option<String>,
    pub(crate) from: Option<From>,
    pub(crate) draw: Option<u32>,
    pub(crate) free_peers: Option<Counts>,
    pub(crate) for_proven: Option<bool>,
    pub(crate) alive_places: Option<u32>,
    pub(crate) at_place: Option<u32>,
    pub(crate) round_trip_ms: Option<f64>,
    pub(crate) introduction: Option<String>,
    pub(crate) of: Option<Place>,
    pub(crate) failure: Option<String>,
    pub(crate) cause: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) trusted: Option<String>,
    pub(crate) presented: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) sender: Option<Place>,
    pub(crate) preview: Option<String>,
    pub(crate) remote: Option<IpAddr>,
    /// Where a message came from.
    pub(crate) place: Option<IpAddr>,
    pub(crate) met: Option<LimitCounts>,
    pub(crate) was: Option<u64>,
    #[serde(default, deserialize_with = "there")]
    pub(crate) before: Option<Box<RawValue>>,
    pub(crate) by: Option<By>,
    pub(crate) rule: Option<String>,
    pub(crate) missed: Option<u64>,
    pub(crate) rate: Option<f64>,
}

#[derive(Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) send_rate: f64,
    pub(crate) queued: u32,
    pub(crate) in_flight: u32,
    pub(crate) held_bytes: u64,
    pub(crate) next_send_ms: Option<f64>,
    pub(crate) peer_counts: Counts,
    pub(crate) counters: Counted,
    pub(crate) peers: Vec<Described>,
    pub(crate) queue: Vec<Waiting>,
    pub(crate) held_in_all: u32,
    pub(crate) held: Vec<Waiting>,
    pub(crate) under_way: Vec<Waiting>,
    pub(crate) hold_rule: Option<String>,
    #[serde(default)]
    pub(crate) ignored_remotes: Vec<IpAddr>,
}

#[derive(Deserialize)]
pub(crate) struct Place {
    pub(crate) hostname: String,
    pub(crate) port: u16,
}

#[derive(Deserialize)]
pub(crate) struct Described {
    #[serde(flatten)]
    pub(crate) place: Place,
    pub(crate) status: Option<Status>,
    pub(crate) time: Option<u64>,
    pub(crate) since_ms: Option<f64>,
    pub(crate) round_trip_ms: Option<f64>,
    pub(crate) delivered: Option<u64>,
    pub(crate) received: Option<u64>,
    pub(crate) failed: Option<u64>,
    pub(crate) answers: Option<bool>,
    pub(crate) reached: Option<bool>,
    pub(crate) by_user: Option<bool>,
    pub(crate) before_ignored: Option<Status>,
}

/// Where a message came from, or the status that a peer had.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum From {
    Status(Status),
    Place(Place),
}

#[derive(Deserialize)]
pub(crate) struct Counts {
    pub(crate) new: u32,
    pub(crate) alive: u32,
    // Recordings of before it was told have none.
    #[serde(default)]
    pub(crate) claimed: u32,
    pub(crate) lost: u32,
    pub(crate) dead: u32,
    pub(crate) ignored: u32,
}

#[derive(Deserialize)]
pub(crate) struct Counted {
    pub(crate) received: u64,
    pub(crate) delivered: u64,
    pub(crate) failed: u64,
    pub(crate) enqueued: u64,
    pub(crate) announces: u64,
    pub(crate) refused: u64,
    #[serde(default)]
    pub(crate) limits: LimitCounts,
}

#[derive(Deserialize)]
pub(crate) struct Waiting {
    pub(crate) id: u64,
    pub(crate) message: Box<RawValue>,
    pub(crate) visits: u32,
    pub(crate) since_ms: u64,
    pub(crate) from: Option<Place>,
    pub(crate) place: Option<IpAddr>,
    /// Only of one that is held.
    pub(crate) by: Option<By>,
    /// Only of one that is on its way.
    pub(crate) to: Option<Place>,
}

/// Why a message is held.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    Hand,
    Rule,
    Refused,
}

impl Fields {
    /// What the node knew and held.
    pub(crate) fn held(self) -> Result<Holdings, String> {
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
    pub(crate) fn address(self) -> Result<Address, String> {
        Address::new(&self.hostname, self.port).map_err(|error| error.to_string())
    }
}

impl Described {
    pub(crate) fn peer(self) -> Result<Peer, String> {
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
    pub(crate) fn queued(self) -> Result<QueuedMessage, String> {
        let Self { id, visits, since_ms, place, .. } = self;
        let (id, message) = (ticket(id)?, message(Some(&self.message))?);
        let from = self.from.map(Place::address).transpose()?;
        Ok(QueuedMessage::new(id, message, since_ms, visits, from, place))
    }

    pub(crate) fn held(mut self) -> Result<HeldMessage, String> {
        let by = needed("by", self.by.take())?.into();
        Ok(HeldMessage::new(self.queued()?, by))
    }

    pub(crate) fn under_way(mut self) -> Result<(Address, QueuedMessage), String> {
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
