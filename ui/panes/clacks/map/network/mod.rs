//! The network as known to this node: peers, introductions and messages in flight.
//!
//! The map is bounded. If there are more peers than fit, each peer is on the ring of its status.

use std::{collections::VecDeque, time::Duration};

use clacks_p2p::{
    Address, PeerId,
    core::{Discovery, Event, MessageId, Peer, Status},
};
use clacks_widgets::animation::{Animations, Pace, Run};

use super::layout::{self, CENTRE, Point};
use crate::introductions::{Introduced, Introductions};

/// Maximum peers on the map. If there are more, the map has the first ones.
pub(crate) const MAX_MAP_PEERS: usize = 64;

/// Maximum messages in flight on the map.
const MAX_FLIGHTS: usize = 48;

/// Time in which a message travels along its edge.
const TRAVEL_TIME: Duration = Duration::from_millis(900);
/// Time for which the mark of a failure stays.
const FAILURE_TIME: Duration = Duration::from_millis(1800);
/// Maximum time for which a message without result is shown.
const MAX_PENDING_TIME: Duration = Duration::from_secs(60);
/// Distance on the edge at which a message without result stops: 0 is this node, 1 the peer.
const PENDING_POSITION: f64 = 0.85;
const FAILURE_POSITION: f64 = 0.5;

/// Network map: peers, introductions and messages in flight.
#[derive(Debug, Clone, Default)]
pub struct Map {
    /// Ordered by identifier: an arbitrary but stable order.
    peers: Vec<MapPeer>,
    introductions: Introductions,
    flights: VecDeque<Flight>,
    /// Peer of the last message. Its edge is highlighted until the next message.
    latest_peer: Option<Address>,
    /// Whether there are more peers than the map can have.
    is_crowded: bool,
}

/// Peer on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapPeer {
    /// Last known state of the peer.
    pub peer: Peer,
    identifier: PeerId,
    position: Point,
    /// Uptime of the last message from or to the peer. `None` if none was observed.
    pub last_contact: Option<Duration>,
}

/// A message in flight.
#[derive(Debug, Clone, PartialEq)]
struct Flight {
    peer: Peer,
    heading: Heading,
    /// Uptime of the start.
    started: Duration,
    run: Run,
    result: FlightResult,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Heading {
    /// To this node.
    In,
    /// From this node, with its id.
    Out(MessageId),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum FlightResult {
    Pending,
    Accepted,
    /// The mark of the failure is animated.
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
    Contact {
        /// Whether that was within the last 60 seconds.
        is_recent: bool,
    },
    /// One peer introduced the other to this node.
    Introduction {
        /// Whether that was within the last 60 seconds.
        is_recent: bool,
    },
}

/// Age up to which an edge is drawn as recent.
const RECENT_TIME: Duration = Duration::from_secs(60);

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
    pub fn on_event(&mut self, event: &Event, now: Duration, motion: Animations) {
        self.introductions.record(event, now);
        match event {
            Event::MessageDelivered { id, .. } => self.set_result(*id, FlightResult::Accepted),
            Event::DeliveryFailed { id, .. } => {
                let mark = motion.begin(Pace::SmoothOrStill, now, FAILURE_TIME);
                self.set_result(*id, mark.map_or(FlightResult::Accepted, FlightResult::Failed));
            }
            _ => {}
        }
        self.remove_finished(now, motion);
        match event {
            Event::PeerDiscovered { peer, .. } | Event::PeerUpdated { peer, .. } => self.upsert(peer),
            Event::PeerForgotten { peer } => self.peers.retain(|tower| tower.peer.address != peer.address),
            Event::MessageReceived { peer, .. } => self.start_flight(peer, Heading::In, now, motion),
            Event::MessageSending { id, peer, .. } => self.start_flight(peer, Heading::Out(*id), now, motion),
            Event::MessageDelivered { peer, .. } | Event::DeliveryFailed { peer, .. } => {
                self.record_contact(peer, now);
            }
            _ => {}
        }
    }

    /// Replaces the peers by the first [`MAX_MAP_PEERS`] peers. `known` is the number of all known peers.
    pub(crate) fn refresh(&mut self, peers: &[Peer], known: usize) {
        self.is_crowded = known > MAX_MAP_PEERS;
        self.peers.retain(|tower| peers.iter().any(|peer| peer.address == tower.peer.address));
        let mut peers: Vec<_> = peers.iter().map(|peer| (peer.address.identifier(), peer)).collect();
        peers.sort_by_key(|(identifier, _)| *identifier);
        peers.into_iter().for_each(|(_, peer)| self.upsert(peer));
    }

    fn upsert(&mut self, peer: &Peer) {
        if let Some(tower) = self.peers.iter_mut().find(|tower| tower.peer.address == peer.address) {
            tower.peer = peer.clone();
            return;
        }
        if self.peers.len() >= MAX_MAP_PEERS {
            return;
        }
        let identifier = peer.address.identifier();
        let others: Vec<Point> = self.peers.iter().map(|tower| tower.position).collect();
        let place = layout::choose_position(&identifier, &others);
        let at = self.peers.partition_point(|tower| tower.identifier < identifier);
        self.peers
            .insert(at, MapPeer { peer: peer.clone(), identifier, position: place, last_contact: None });
    }

    fn start_flight(&mut self, peer: &Peer, heading: Heading, now: Duration, motion: Animations) {
        self.record_contact(peer, now);
        if self.flights.len() < MAX_FLIGHTS
            && let Some(run) = motion.begin(Pace::SmoothOrStill, now, TRAVEL_TIME)
        {
            let answer = if heading == Heading::In { FlightResult::Accepted } else { FlightResult::Pending };
            self.flights.push_back(Flight { peer: peer.clone(), heading, started: now, run, result: answer });
        }
    }

    fn set_result(&mut self, id: MessageId, answer: FlightResult) {
        if let Some(flight) = self.flights.iter_mut().find(|flight| flight.heading == Heading::Out(id)) {
            flight.result = answer;
        }
    }

    fn record_contact(&mut self, peer: &Peer, now: Duration) {
        self.upsert(peer);
        if let Some(tower) = self.peers.iter_mut().find(|tower| tower.peer.address == peer.address) {
            tower.last_contact = Some(now);
        }
        self.latest_peer = Some(peer.address.clone());
    }

    /// Removes the messages whose animation has ended.
    fn remove_finished(&mut self, now: Duration, motion: Animations) {
        self.flights.retain(|flight| flight.is_visible(now, motion));
    }

    /// Returns the time until a message or a mark is somewhere else. `None` if nothing moves.
    pub fn changes_after(&self, now: Duration, motion: Animations) -> Option<Duration> {
        let runs = self.flights.iter().flat_map(|flight| match flight.result {
            FlightResult::Failed(mark) => [Some(flight.run), Some(mark)],
            FlightResult::Pending | FlightResult::Accepted => [Some(flight.run), None],
        });
        runs.flatten().filter_map(|run| motion.changes_after(run, now)).min()
    }

    /// Returns the peers on the map, ordered by identifier. At most 64.
    pub fn peers(&self) -> &[MapPeer] {
        &self.peers
    }

    pub(crate) fn is_crowded(&self) -> bool {
        self.is_crowded
    }

    /// Returns the introduction of a peer, if it was observed.
    pub fn introduction(&self, peer: &Address) -> Option<&Introduced> {
        self.introductions.by_peer.get(peer)
    }

    fn map_peer(&self, address: &Address) -> Option<&MapPeer> {
        self.peers.iter().find(|tower| tower.peer.address == *address)
    }

    /// Returns the position of a peer.
    pub fn position(&self, tower: &MapPeer) -> Point {
        if self.is_crowded {
            layout::ring_position(&tower.identifier, tower.peer.status)
        } else {
            tower.position
        }
    }

    /// Returns the position of a peer, or `None` if it is not on the map.
    pub(crate) fn position_of(&self, peer: &Address, status: Status) -> Option<Point> {
        match self.map_peer(peer) {
            Some(tower) => Some(self.position(tower)),
            None if self.is_crowded => Some(layout::ring_position(&peer.identifier(), status)),
            None => None,
        }
    }

    /// Returns the edges, least important first. A crowded map has only busy edges.
    pub fn edges(&self, now: Duration, motion: Animations) -> Vec<Edge> {
        let mut edges = Vec::new();
        if !self.is_crowded {
            edges.extend(self.peers.iter().filter_map(|tower| self.introduction_edge(tower, now)));
            edges.extend(self.peers.iter().filter_map(|tower| self.contact_edge(tower, now)));
        }
        let on_their_way = self.flights.iter().filter(|flight| flight.is_visible(now, motion));
        let busy =
            on_their_way.filter_map(|flight| self.position_of(&flight.peer.address, flight.peer.status));
        let last =
            self.latest_peer.as_ref().and_then(|last| self.map_peer(last)).map(|tower| self.position(tower));
        edges.extend(busy.chain(last).map(|from| Edge { from, to: CENTRE, kind: EdgeKind::Busy }));
        edges
    }

    fn introduction_edge(&self, tower: &MapPeer, now: Duration) -> Option<Edge> {
        let introduced = self.introduction(&tower.peer.address)?;
        let Discovery::Referral(by) = &introduced.by else { return None };
        let is_recent = now.saturating_sub(introduced.at) < RECENT_TIME;
        let from = self.position(self.map_peer(by)?);
        Some(Edge { from, to: tower.position, kind: EdgeKind::Introduction { is_recent } })
    }

    fn contact_edge(&self, tower: &MapPeer, now: Duration) -> Option<Edge> {
        let introduced = self.introduction(&tower.peer.address);
        let in_person = introduced.filter(|introduced| !matches!(introduced.by, Discovery::Referral(_)));
        let since = tower.last_contact.or(in_person.map(|introduced| introduced.at));
        if since.is_none() && tower.peer.delivered == 0 && tower.peer.received == 0 {
            return None;
        }
        let is_recent = since.is_some_and(|since| now.saturating_sub(since) < RECENT_TIME);
        Some(Edge { from: tower.position, to: CENTRE, kind: EdgeKind::Contact { is_recent } })
    }

    /// Returns the marks of all messages in flight.
    pub fn marks(&self, now: Duration, motion: Animations) -> Vec<Mark> {
        self.flights
            .iter()
            .filter_map(|flight| {
                flight.mark(self.position_of(&flight.peer.address, flight.peer.status)?, now, motion)
            })
            .collect()
    }

    /// Returns the nearest peer in a direction. `aspect` is the width of the map divided by its height.
    pub fn nearest_in_direction(
        &self,
        from: &Address,
        status: Status,
        direction: MapDirection,
        aspect: f64,
    ) -> Option<&Address> {
        let start = self.position_of(from, status).unwrap_or(CENTRE);
        let others = self.peers.iter().filter(|tower| tower.peer.address != *from);
        let costs = others.filter_map(|tower| {
            let place = self.position(tower);
            let (x, y) = ((place.x - start.x) * aspect, place.y - start.y);
            Some((direction.cost(x, y)?, tower))
        });
        costs.min_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, tower)| &tower.peer.address)
    }

    /// Returns the nearest peer to a point and its distance, in heights of the map. `aspect` is the width of the map
    /// divided by its height.
    pub(crate) fn nearest(&self, point: Point, aspect: f64) -> Option<(f64, &Address)> {
        let distances = self.peers.iter().map(|tower| {
            let place = self.position(tower);
            (((place.x - point.x) * aspect).hypot(place.y - point.y), &tower.peer.address)
        });
        distances.min_by(|(one, _), (other, _)| one.total_cmp(other))
    }
}

impl Flight {
    fn is_visible(&self, now: Duration, motion: Animations) -> bool {
        match self.result {
            // The event with the result can be lost.
            FlightResult::Pending => now.saturating_sub(self.started) < MAX_PENDING_TIME,
            FlightResult::Accepted => motion.progress(self.run, now).is_some(),
            FlightResult::Failed(mark) => motion.progress(mark, now).is_some(),
        }
    }

    fn mark(&self, peer: Point, now: Duration, motion: Animations) -> Option<Mark> {
        if !self.is_visible(now, motion) {
            return None;
        }
        let progress = motion.progress(self.run, now).unwrap_or(1.0);
        let (part, kind) = match self.result {
            FlightResult::Accepted if self.heading == Heading::In => (1.0 - progress, MarkKind::In),
            FlightResult::Accepted => (progress, MarkKind::Out),
            FlightResult::Pending => (progress.min(PENDING_POSITION), MarkKind::Out),
            FlightResult::Failed(_) if progress < FAILURE_POSITION => (progress, MarkKind::Out),
            FlightResult::Failed(_) => (FAILURE_POSITION, MarkKind::Failed),
        };
        Some(Mark { peer, part, kind })
    }
}

impl MapDirection {
    /// Returns the cost of a move to an offset in this direction, or `None` if it is not in this direction.
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
