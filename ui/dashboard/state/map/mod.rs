//! The network as far as this node knows it: the peers as towers, who made whom known, and what is on its way between
//! them and us. Bounded: with more peers than have room each stands on the ring of its status.

use std::{collections::VecDeque, time::Duration};

use clacks_p2p::{
    Address, PeerId,
    core::{Discovery, Event, MessageId, Peer},
};
use clacks_source::introductions::{Introduced, Introductions};
use clacks_widgets::animation::{Animations, Picture, Run};

use super::map_layout::{self, CENTRE, Point};

/// Towers at most; of more peers these are the first.
pub(crate) const MAX_TOWERS: usize = 64;

/// Messages that are seen on their way at most.
const MAX_FLIGHTS: usize = 48;

/// How long a message travels along its edge.
const TRAVEL: Duration = Duration::from_millis(900);
/// How long the mark of a failure stays half way.
const FAILURE_STAYS: Duration = Duration::from_millis(1800);
/// For how long a message is seen to wait for the answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How far a message goes while the answer is not there.
const AT_THE_DOOR: f64 = 0.85;
const HALF_WAY: f64 = 0.5;

/// Network map: peers, introductions and messages in flight.
#[derive(Debug, Clone, Default)]
pub struct Map {
    /// By identifier, which is no order that says anything, but always the same.
    towers: Vec<MapPeer>,
    introductions: Introductions,
    flights: VecDeque<Flight>,
    /// The peer with which a message was exchanged last: its edge stands out until the next one.
    last: Option<Address>,
    /// There are more peers than places.
    is_crowded: bool,
}

/// Peer on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapPeer {
    /// Last known state of the peer.
    pub peer: Peer,
    identifier: PeerId,
    place: Point,
    /// Uptime of the last message from or to the peer. `None` if none was observed.
    pub met: Option<Duration>,
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq)]
struct Flight {
    peer: Peer,
    heading: Heading,
    /// The uptime at which it began.
    began: Duration,
    run: Run,
    answer: FlightResult,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Heading {
    /// To us.
    In,
    /// From us, under this ticket.
    Out(MessageId),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum FlightResult {
    Awaited,
    Taken,
    /// Its mark stays for a while.
    Failed(Run),
}

/// Mark of a message on the edge between a peer and this node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Position of the peer.
    pub peer: Point,
    /// Distance from this node on the edge: 0 is this node, 1 the peer.
    pub part: f64,
    /// Kind of the mark.
    pub kind: MarkKind,
}

/// Kind of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// Message to this node.
    In,
    /// Message from this node.
    Out,
    /// Failed delivery.
    Failed,
}

/// Edge of the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Start of the edge.
    pub from: Point,
    /// End of the edge.
    pub to: Point,
    /// Kind of the edge.
    pub kind: EdgeKind,
}

/// Kind of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeKind {
    /// A message is in flight between the peer and this node, or was the last one.
    Busy,
    /// The peer exchanged messages with this node, or introduced itself.
    Met {
        /// Whether that was within the last 60 seconds.
        is_recent: bool,
    },
    /// One peer introduced the other to this node.
    Vouched {
        /// Whether that was within the last 60 seconds.
        is_recent: bool,
    },
}

/// For so long an edge is drawn as one of the present.
const RECENT: Duration = Duration::from_secs(60);

/// Direction of a move on the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapDirection {
    /// Towards the top.
    Up,
    /// Towards the bottom.
    Down,
    /// Towards the left.
    Left,
    /// Towards the right.
    Right,
}

impl Map {
    /// Updates the map with an event. `now` is the uptime.
    pub fn note(&mut self, event: &Event, now: Duration, motion: &mut Animations) {
        self.introductions.record(event, now);
        match event {
            Event::MessageDelivered { id, .. } => self.answer(*id, FlightResult::Taken),
            Event::DeliveryFailed { id, .. } => {
                let mark = motion.begin(Picture::Map, now, FAILURE_STAYS);
                self.answer(*id, mark.map_or(FlightResult::Taken, FlightResult::Failed));
            }
            _ => {}
        }
        self.land(now, motion);
        match event {
            Event::PeerDiscovered { peer, .. } | Event::PeerUpdated { peer, .. } => self.put(peer),
            Event::PeerForgotten { peer } => self.towers.retain(|tower| tower.peer.address != peer.address),
            Event::MessageReceived { peer, .. } => self.fly(peer, Heading::In, now, motion),
            Event::MessageSending { id, peer, .. } => self.fly(peer, Heading::Out(*id), now, motion),
            Event::MessageDelivered { peer, .. } | Event::DeliveryFailed { peer, .. } => self.meet(peer, now),
            _ => {}
        }
    }

    /// Takes in the first [`MAX_TOWERS`] of so many peers that are known.
    pub(crate) fn refresh(&mut self, peers: &[Peer], known: usize) {
        self.is_crowded = known > MAX_TOWERS;
        self.towers.retain(|tower| peers.iter().any(|peer| peer.address == tower.peer.address));
        let mut peers: Vec<_> = peers.iter().map(|peer| (peer.address.identifier(), peer)).collect();
        peers.sort_by_key(|(identifier, _)| *identifier);
        peers.into_iter().for_each(|(_, peer)| self.put(peer));
    }

    fn put(&mut self, peer: &Peer) {
        if let Some(tower) = self.towers.iter_mut().find(|tower| tower.peer.address == peer.address) {
            tower.peer = peer.clone();
            return;
        }
        if self.towers.len() >= MAX_TOWERS {
            return;
        }
        let identifier = peer.address.identifier();
        let others: Vec<Point> = self.towers.iter().map(|tower| tower.place).collect();
        let place = map_layout::settle(&identifier, &others);
        let at = self.towers.partition_point(|tower| tower.identifier < identifier);
        self.towers.insert(at, MapPeer { peer: peer.clone(), identifier, place, met: None });
    }

    fn fly(&mut self, peer: &Peer, heading: Heading, now: Duration, motion: &mut Animations) {
        self.meet(peer, now);
        if self.flights.len() < MAX_FLIGHTS
            && let Some(run) = motion.begin(Picture::Map, now, TRAVEL)
        {
            let answer = if heading == Heading::In { FlightResult::Taken } else { FlightResult::Awaited };
            self.flights.push_back(Flight { peer: peer.clone(), heading, began: now, run, answer });
        }
    }

    fn answer(&mut self, id: MessageId, answer: FlightResult) {
        if let Some(flight) = self.flights.iter_mut().find(|flight| flight.heading == Heading::Out(id)) {
            flight.answer = answer;
        }
    }

    fn meet(&mut self, peer: &Peer, now: Duration) {
        self.put(peer);
        if let Some(tower) = self.towers.iter_mut().find(|tower| tower.peer.address == peer.address) {
            tower.met = Some(now);
        }
        self.last = Some(peer.address.clone());
    }

    /// Forgets the messages that have arrived.
    fn land(&mut self, now: Duration, motion: &Animations) {
        self.flights.retain(|flight| flight.is_seen(now, motion));
    }

    /// Returns the peers on the map, ordered by identifier. At most 64.
    pub fn towers(&self) -> &[MapPeer] {
        &self.towers
    }

    pub(crate) fn is_crowded(&self) -> bool {
        self.is_crowded
    }

    /// Returns the introduction of a peer, if it was observed.
    pub fn introduction(&self, peer: &Address) -> Option<&Introduced> {
        self.introductions.by_peer.get(peer)
    }

    fn tower(&self, address: &Address) -> Option<&MapPeer> {
        self.towers.iter().find(|tower| tower.peer.address == *address)
    }

    /// Returns the position of a peer.
    pub fn place(&self, tower: &MapPeer) -> Point {
        if self.is_crowded { map_layout::on_ring(&tower.identifier, tower.peer.status) } else { tower.place }
    }

    /// Where a peer stands; none if it has no tower.
    pub(crate) fn place_of(&self, peer: &Peer) -> Option<Point> {
        match self.tower(&peer.address) {
            Some(tower) => Some(self.place(tower)),
            None if self.is_crowded => Some(map_layout::on_ring(&peer.address.identifier(), peer.status)),
            None => None,
        }
    }

    /// Returns the edges, least important first. A crowded map has only busy edges.
    pub fn edges(&self, now: Duration, motion: &Animations) -> Vec<Edge> {
        let mut edges = Vec::new();
        if !self.is_crowded {
            edges.extend(self.towers.iter().filter_map(|tower| self.vouched(tower, now)));
            edges.extend(self.towers.iter().filter_map(|tower| self.met(tower, now)));
        }
        let on_their_way = self.flights.iter().filter(|flight| flight.is_seen(now, motion));
        let busy = on_their_way.filter_map(|flight| self.place_of(&flight.peer));
        let last = self.last.as_ref().and_then(|last| self.tower(last)).map(|tower| self.place(tower));
        edges.extend(busy.chain(last).map(|from| Edge { from, to: CENTRE, kind: EdgeKind::Busy }));
        edges
    }

    fn vouched(&self, tower: &MapPeer, now: Duration) -> Option<Edge> {
        let introduced = self.introduction(&tower.peer.address)?;
        let Discovery::Referral(by) = &introduced.by else { return None };
        let is_recent = now.saturating_sub(introduced.at) < RECENT;
        let from = self.place(self.tower(by)?);
        Some(Edge { from, to: tower.place, kind: EdgeKind::Vouched { is_recent } })
    }

    fn met(&self, tower: &MapPeer, now: Duration) -> Option<Edge> {
        let introduced = self.introduction(&tower.peer.address);
        let in_person = introduced.filter(|introduced| !matches!(introduced.by, Discovery::Referral(_)));
        let since = tower.met.or(in_person.map(|introduced| introduced.at));
        if since.is_none() && tower.peer.delivered == 0 && tower.peer.received == 0 {
            return None;
        }
        let is_recent = since.is_some_and(|since| now.saturating_sub(since) < RECENT);
        Some(Edge { from: tower.place, to: CENTRE, kind: EdgeKind::Met { is_recent } })
    }

    /// Returns the marks of all messages in flight.
    pub fn marks(&self, now: Duration, motion: &Animations) -> Vec<Mark> {
        self.flights
            .iter()
            .filter_map(|flight| flight.mark(self.place_of(&flight.peer)?, now, motion))
            .collect()
    }

    /// Returns the nearest peer in a direction. `aspect` is the width of the map divided by its height.
    pub fn next(&self, from: &Peer, direction: MapDirection, aspect: f64) -> Option<&Address> {
        let start = self.place_of(from).unwrap_or(CENTRE);
        let others = self.towers.iter().filter(|tower| tower.peer.address != from.address);
        let costs = others.filter_map(|tower| {
            let place = self.place(tower);
            let (x, y) = ((place.x - start.x) * aspect, place.y - start.y);
            Some((direction.cost(x, y)?, tower))
        });
        costs.min_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, tower)| &tower.peer.address)
    }

    /// The tower nearest to a point, on a map that is so many times wider than high, and how far it is in heights of
    /// the map.
    pub(crate) fn nearest(&self, point: Point, aspect: f64) -> Option<(f64, &Address)> {
        let distances = self.towers.iter().map(|tower| {
            let place = self.place(tower);
            (((place.x - point.x) * aspect).hypot(place.y - point.y), &tower.peer.address)
        });
        distances.min_by(|(one, _), (other, _)| one.total_cmp(other))
    }
}

impl Flight {
    fn is_seen(&self, now: Duration, motion: &Animations) -> bool {
        match self.answer {
            // The answer may be one of the events that were missed.
            FlightResult::Awaited => now.saturating_sub(self.began) < PATIENCE,
            FlightResult::Taken => motion.progress(self.run, now).is_some(),
            FlightResult::Failed(mark) => motion.progress(mark, now).is_some(),
        }
    }

    fn mark(&self, peer: Point, now: Duration, motion: &Animations) -> Option<Mark> {
        if !self.is_seen(now, motion) {
            return None;
        }
        let progress = motion.progress(self.run, now).unwrap_or(1.0);
        let (part, kind) = match self.answer {
            FlightResult::Taken if self.heading == Heading::In => (1.0 - progress, MarkKind::In),
            FlightResult::Taken => (progress, MarkKind::Out),
            FlightResult::Awaited => (progress.min(AT_THE_DOOR), MarkKind::Out),
            FlightResult::Failed(_) if progress < HALF_WAY => (progress, MarkKind::Out),
            FlightResult::Failed(_) => (HALF_WAY, MarkKind::Failed),
        };
        Some(Mark { peer, part, kind })
    }
}

impl MapDirection {
    /// How far something is for who looks this way; none if it lies elsewhere.
    fn cost(self, x: f64, y: f64) -> Option<f64> {
        let (ahead, aside) = match self {
            Self::Up => (-y, x),
            Self::Down => (y, x),
            Self::Left => (-x, y),
            Self::Right => (x, y),
        };
        (ahead > 0.0 && aside.abs() <= 2.0 * ahead).then_some(ahead + 2.0 * aside.abs())
    }
}

#[cfg(test)]
mod tests;
