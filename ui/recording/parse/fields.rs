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
    pub event: Option<String>,
    pub clacks: Option<String>,
    pub time: u64,
    pub uptime_ms: f64,
    pub address: Option<Place>,
    pub snapshot: Option<Snapshot>,
    pub peer: Option<Described>,
    #[serde(default, deserialize_with = "there")]
    pub message: Option<Box<RawValue>>,
    pub id: Option<u64>,
    pub visits: Option<u32>,
    pub since_ms: Option<u64>,
    pub origin: Option<String>,
    pub from: Option<From>,
    pub draw: Option<u32>,
    pub free_peers: Option<Counts>,
    pub for_proven: Option<bool>,
    pub alive_places: Option<u32>,
    pub at_place: Option<u32>,
    pub round_trip_ms: Option<f64>,
    pub introduction: Option<String>,
    pub of: Option<Place>,
    pub failure: Option<String>,
    pub cause: Option<String>,
    pub status: Option<u16>,
    pub trusted: Option<String>,
    pub presented: Option<String>,
    pub scope: Option<String>,
    pub reason: Option<String>,
    pub sender: Option<Place>,
    pub preview: Option<String>,
    pub remote: Option<IpAddr>,
    /// Where a message came from.
    pub place: Option<IpAddr>,
    pub met: Option<LimitCounts>,
    pub was: Option<u64>,
    #[serde(default, deserialize_with = "there")]
    pub before: Option<Box<RawValue>>,
    pub by: Option<By>,
    pub rule: Option<String>,
    pub missed: Option<u64>,
    pub rate: Option<f64>,
}

#[derive(Deserialize)]
pub struct Snapshot {
    pub send_rate: f64,
    pub queued: u32,
    pub in_flight: u32,
    pub held_bytes: u64,
    pub(crate) next_send_ms: Option<f64>,
    pub(crate) peer_counts: Counts,
    pub counters: Counted,
    pub peers: Vec<Described>,
    pub queue: Vec<Waiting>,
    pub(crate) held_in_all: u32,
    pub held: Vec<Waiting>,
    pub(crate) under_way: Vec<Waiting>,
    pub hold_rule: Option<String>,
    #[serde(default)]
    pub ignored_remotes: Vec<IpAddr>,
}

#[derive(Deserialize)]
pub struct Place {
    pub hostname: String,
    pub port: u16,
}

#[derive(Deserialize)]
pub struct Described {
    #[serde(flatten)]
    pub place: Place,
    pub status: Option<Status>,
    pub time: Option<u64>,
    pub since_ms: Option<f64>,
    pub round_trip_ms: Option<f64>,
    pub delivered: Option<u64>,
    pub received: Option<u64>,
    pub failed: Option<u64>,
    pub answers: Option<bool>,
    pub reached: Option<bool>,
    pub by_user: Option<bool>,
    pub before_ignored: Option<Status>,
}

/// Where a message came from, or the status that a peer had.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum From {
    Status(Status),
    Place(Place),
}

#[derive(Deserialize)]
pub(crate) struct Counts {
    pub new: u32,
    pub alive: u32,
    // Recordings of before it was told have none.
    #[serde(default)]
    pub claimed: u32,
    pub lost: u32,
    pub dead: u32,
    pub ignored: u32,
}

#[derive(Deserialize)]
pub struct Counted {
    pub received: u64,
    pub delivered: u64,
    pub failed: u64,
    pub enqueued: u64,
    pub announces: u64,
    pub refused: u64,
    #[serde(default)]
    pub limits: LimitCounts,
}

#[derive(Deserialize)]
pub struct Waiting {
    pub id: u64,
    pub message: Box<RawValue>,
    pub visits: u32,
    pub since_ms: u64,
    pub from: Option<Place>,
    pub place: Option<IpAddr>,
    /// Only of one that is held.
    pub by: Option<By>,
    /// Only of one that is on its way.
    pub to: Option<Place>,
}

/// Why a message is held.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
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
    pub fn address(self) -> Result<Address, String> {
        Address::new(&self.hostname, self.port).map_err(|error| error.to_string())
    }
}

impl Described {
    pub fn peer(self) -> Result<Peer, String> {
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
    pub fn queued(self) -> Result<QueuedMessage, String> {
        let Self { id, visits, since_ms, place, .. } = self;
        let (id, message) = (ticket(id)?, message(Some(&self.message))?);
        let from = self.from.map(Place::address).transpose()?;
        Ok(QueuedMessage::new(id, message, since_ms, visits, from, place))
    }

    pub fn held(mut self) -> Result<HeldMessage, String> {
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
