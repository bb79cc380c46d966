use super::*;
use crate::{
    introductions::MAX_INTRODUCTIONS,
    map::layout::{CENTRE, Point, ring_radius},
};
use clacks_language::command::motion_setting::Setting;
use clacks_p2p::{
    Message,
    core::{Failure, Now, PeerChoice, PeerCounts, Status},
};

const NOW: Duration = Duration::from_secs(3000);

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn peer(text: &str) -> Peer {
    let since = Now { uptime: Duration::ZERO, unix_ms: 0 };
    let mut peer = Peer::new(address(text), Status::Alive, since);
    peer.last_attempt_ok = true;
    peer
}

fn peers(count: u16) -> Vec<Peer> {
    (1..=count).map(|port| peer(&format!("tower:{port}"))).collect()
}

/// A map with its animations and time.
struct Scene {
    map: Map,
    motion: Animations,
    now: Duration,
}

impl Scene {
    fn new(setting: Setting, peers: &[Peer]) -> Self {
        let mut map = Map::default();
        map.refresh(peers, peers.len());
        Self { map, motion: Animations::new(setting), now: NOW }
    }

    fn note(&mut self, event: &Event) {
        self.map.on_event(event, self.now, self.motion);
    }

    fn introduce(&mut self, text: &str, by: Discovery) {
        self.note(&Event::PeerDiscovered { peer: peer(text), introduction: by, remote: None });
    }

    fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    fn edges(&self) -> Vec<Edge> {
        self.map.edges(self.now, self.motion)
    }

    fn kinds(&self) -> Vec<EdgeKind> {
        self.edges().iter().map(|edge| edge.kind).collect()
    }

    fn marks(&self) -> Vec<(MarkKind, u32)> {
        let marks = self.map.marks(self.now, self.motion);
        marks.iter().map(|mark| (mark.kind, (mark.part * 100.0).round() as u32)).collect()
    }

    fn places(&self) -> Vec<(Address, Point)> {
        let towers = self.map.peers().iter();
        towers.map(|tower| (tower.peer.address.clone(), self.map.position(tower))).collect()
    }
}

fn id(number: u64) -> MessageId {
    number.to_string().parse().unwrap()
}

fn message() -> Message {
    Message::text("GNU Terry Pratchett")
}

fn sending(number: u64, to: &str) -> Event {
    let choice = PeerChoice::new(0, PeerCounts::default());
    Event::MessageSending { id: id(number), peer: peer(to), message: message(), choice }
}

fn delivered(number: u64, to: &str) -> Event {
    Event::MessageDelivered {
        id: id(number),
        peer: peer(to),
        message: message(),
        round_trip: Duration::ZERO,
        place: None,
    }
}

fn failed(number: u64, to: &str) -> Event {
    Event::DeliveryFailed { id: id(number), peer: peer(to), message: message(), failure: Failure::TimedOut }
}

fn received(from: &str) -> Event {
    Event::MessageReceived {
        peer: peer(from),
        message: message(),
        id: None,
        visits: 1,
        remote: None,
        held: None,
    }
}

#[test]
fn a_peer_keeps_its_position_while_others_come_and_go() {
    let mut scene = Scene::new(Setting::Off, &peers(10));
    let before = scene.places();
    scene.map.refresh(&peers(40), 40);
    let after = scene.places();
    assert!(before.iter().all(|place| after.contains(place)));
    scene.map.refresh(&peers(40)[5..], 35);
    assert!(scene.places().iter().all(|place| after.contains(place)));
    assert_eq!(scene.map.peers().len(), 35);
}

#[test]
fn positions_do_not_depend_on_the_order_of_peers() {
    let mut others = peers(30);
    others.reverse();
    assert_eq!(Scene::new(Setting::Off, &peers(30)).places(), Scene::new(Setting::Off, &others).places());
}

#[test]
fn the_map_is_bounded_and_a_crowd_is_on_rings() {
    let mut scene = Scene::new(Setting::Off, &[]);
    for peer in peers(500) {
        scene.introduce(&peer.address.to_string(), Discovery::Referral(address("tower:1")));
    }
    assert_eq!(scene.map.peers().len(), MAX_MAP_PEERS);
    assert_eq!(scene.map.introductions.by_peer.len(), MAX_INTRODUCTIONS);
    assert_eq!(scene.map.introductions.order.len(), MAX_INTRODUCTIONS);
    scene.map.refresh(&peers(500)[..MAX_MAP_PEERS], 500);
    assert!(scene.map.is_crowded() && scene.edges().is_empty());
    let radius = |point: Point| (point.x - CENTRE.x).hypot(point.y - CENTRE.y);
    assert!(
        scene.places().iter().all(|(_, place)| (radius(*place) - ring_radius(Status::Alive)).abs() < 1e-9)
    );
}

#[test]
fn edges_show_introductions() {
    let mut scene = Scene::new(Setting::Off, &[]);
    scene.introduce("one:1", Discovery::Inbound);
    scene.introduce("two:2", Discovery::Referral(address("one:1")));
    scene.introduce("three:3", Discovery::Referral(address("nobody:1")));
    let place = |name| scene.map.position(scene.map.map_peer(&address(name)).unwrap());
    let (one, two) = (place("one:1"), place("two:2"));
    let vouched = Edge { from: one, to: two, kind: EdgeKind::Introduction { is_recent: true } };
    let met = Edge { from: one, to: CENTRE, kind: EdgeKind::Contact { is_recent: true } };
    assert_eq!(scene.edges(), [vouched, met]);
    scene.wait(61_000);
    assert_eq!(
        scene.kinds(),
        [EdgeKind::Introduction { is_recent: false }, EdgeKind::Contact { is_recent: false }]
    );
    scene.note(&Event::PeerForgotten { peer: peer("one:1") });
    assert_eq!(scene.edges(), []);
    assert_eq!(scene.map.introduction(&address("one:1")), None);
}

#[test]
fn a_peer_with_earlier_messages_has_a_contact_edge() {
    let mut known = peers(1);
    let mut scene = Scene::new(Setting::Off, &known);
    assert_eq!(scene.edges(), []);
    known[0].delivered = 1;
    scene.map.refresh(&known, 1);
    assert_eq!(scene.kinds(), [EdgeKind::Contact { is_recent: false }]);
}

#[test]
fn messages_travel_in_their_direction() {
    let mut scene = Scene::new(Setting::Full, &peers(2));
    scene.note(&sending(1, "tower:1"));
    scene.note(&received("tower:2"));
    scene.wait(450);
    assert_eq!(scene.marks(), [(MarkKind::Out, 50), (MarkKind::In, 50)]);
    scene.note(&delivered(1, "tower:1"));
    scene.wait(180);
    assert_eq!(scene.marks(), [(MarkKind::Out, 70), (MarkKind::In, 30)]);
    scene.wait(270);
    assert_eq!(scene.marks(), []);
}

#[test]
fn a_message_without_result_stops_before_the_peer_for_a_limited_time() {
    let mut scene = Scene::new(Setting::Full, &peers(1));
    scene.note(&sending(1, "tower:1"));
    scene.wait(5000);
    assert_eq!(scene.marks(), [(MarkKind::Out, 85)]);
    scene.wait(60_000);
    assert_eq!(scene.marks(), []);
}

#[test]
fn a_failed_message_stops_half_way() {
    let mut scene = Scene::new(Setting::Full, &peers(1));
    scene.note(&sending(1, "tower:1"));
    scene.note(&failed(1, "tower:1"));
    scene.wait(270);
    assert_eq!(scene.marks(), [(MarkKind::Out, 30)]);
    scene.wait(600);
    assert_eq!(scene.marks(), [(MarkKind::Failed, 50)]);
    scene.wait(1000);
    assert_eq!(scene.marks(), []);
}

#[test]
fn without_motion_the_edge_of_the_last_message_is_highlighted() {
    for setting in [Setting::Reduced, Setting::Off] {
        let mut scene = Scene::new(setting, &peers(2));
        scene.note(&received("tower:1"));
        scene.wait(30_000);
        scene.note(&received("tower:2"));
        assert_eq!(scene.marks(), []);
        let busy: Vec<_> = scene.edges().into_iter().filter(|edge| edge.kind == EdgeKind::Busy).collect();
        let place = scene.map.position(scene.map.map_peer(&address("tower:2")).unwrap());
        assert_eq!(busy, [Edge { from: place, to: CENTRE, kind: EdgeKind::Busy }]);
    }
}

#[test]
fn messages_in_flight_are_bounded() {
    let mut scene = Scene::new(Setting::Full, &peers(3));
    (0..1000).for_each(|number| scene.note(&sending(number, "tower:1")));
    assert_eq!(scene.map.flights.len(), MAX_FLIGHTS);
    scene.wait(70_000);
    scene.note(&received("tower:2"));
    assert_eq!(scene.map.flights.len(), 1);
}

#[test]
fn arrow_keys_reach_every_peer_in_their_direction() {
    let scene = Scene::new(Setting::Off, &peers(24));
    let directions = [MapDirection::Up, MapDirection::Down, MapDirection::Left, MapDirection::Right];
    let mut reached = vec![address("tower:1")];
    let mut index = 0;
    while index < reached.len() {
        let from = scene.map.map_peer(&reached[index]).unwrap();
        for direction in directions {
            let Some(next) =
                scene.map.nearest_in_direction(&from.peer.address, from.peer.status, direction, 2.0)
            else {
                continue;
            };
            let (here, there) = (from.position, scene.map.map_peer(next).unwrap().position);
            assert!(match direction {
                MapDirection::Up => there.y < here.y,
                MapDirection::Down => there.y > here.y,
                MapDirection::Left => there.x < here.x,
                MapDirection::Right => there.x > here.x,
            });
            if !reached.contains(next) {
                reached.push(next.clone());
            }
        }
        index += 1;
    }
    assert_eq!(reached.len(), 24);
}
