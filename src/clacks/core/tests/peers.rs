//! The table of peers, compared with a naive one.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::core::peers::{Accepted, Drawn, Peers};

const PER_PEER: usize = 3;
const MOST: usize = 12;
/// Response time in microseconds above which a peer is slow.
const SLOW_FROM: u32 = 1000;

#[derive(Debug, Clone)]
enum Step {
    Insert(u16, Status),
    Remove(u16),
    SetStatus(u16, Status),
    /// A peer accepts something, from a known or unknown address, fast or slowly.
    Response(u16, Option<u8>, bool),
    FailToAnswer(u16),
    Begin(u16),
    End(u16),
    Pause(u16, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let peer = 1_u16..12;
    let status = select(Status::ALL.to_vec());
    let place = proptest::option::of(1_u8..4);
    let step = prop_oneof![
        3 => (peer.clone(), status.clone()).prop_map(|(peer, status)| Step::Insert(peer, status)),
        1 => peer.clone().prop_map(Step::Remove),
        2 => (peer.clone(), status).prop_map(|(peer, status)| Step::SetStatus(peer, status)),
        4 => (peer.clone(), place, any::<bool>())
            .prop_map(|(peer, place, is_slow)| Step::Response(peer, place, is_slow)),
        1 => peer.clone().prop_map(Step::FailToAnswer),
        5 => peer.clone().prop_map(Step::Begin),
        4 => peer.clone().prop_map(Step::End),
        1 => (peer, any::<bool>()).prop_map(|(peer, is_paused)| Step::Pause(peer, is_paused)),
    ];
    vec(step, 0..150)
}

fn peer(port: u16) -> Address {
    Address::new("peer", port).unwrap()
}

fn at_place(place: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, place])
}

#[derive(Debug, Clone, Copy)]
struct Known {
    status: Status,
    answers: bool,
    place: Option<u8>,
    delay: u32,
    is_paused: bool,
}

/// A naive implementation of the table.
#[derive(Default)]
struct Naive {
    known: BTreeMap<u16, Known>,
    in_flight: BTreeMap<u16, usize>,
}

impl Naive {
    fn of(&self, status: Status) -> Vec<u16> {
        self.known.iter().filter(|(_, known)| known.status == status).map(|(port, _)| *port).collect()
    }

    fn is_responding(&self, port: u16) -> bool {
        self.known[&port].status == Status::Alive && self.known[&port].answers
    }

    fn in_flight(&self, port: u16) -> usize {
        self.in_flight.get(&port).copied().unwrap_or(0)
    }

    /// The machine of a peer: its address, or the peer itself.
    fn machine(&self, port: u16) -> (Option<u8>, u16) {
        let place = self.known[&port].place.filter(|_| self.is_responding(port));
        (place, if place.is_some() { 0 } else { port })
    }

    fn in_flight_at(&self, machine: (Option<u8>, u16)) -> usize {
        let there =
            self.known.keys().filter(|port| self.is_responding(**port) && self.machine(**port) == machine);
        there.map(|port| self.in_flight(*port)).sum()
    }

    fn probes(&self) -> usize {
        let has_probe = |port: &&u16| {
            self.known[port].status != Status::Ignored
                && !self.is_responding(**port)
                && self.in_flight(**port) > 0
        };
        self.known.keys().filter(has_probe).count()
    }

    fn is_only_machine(&self) -> bool {
        let answering = self.known.keys().filter(|port| self.is_responding(**port));
        answering.map(|port| self.machine(*port)).collect::<BTreeSet<_>>().len() <= 1
    }

    fn is_any_fast(&self) -> bool {
        let is_fast = |(port, known): (&u16, &Known)| self.is_responding(*port) && known.delay <= SLOW_FROM;
        self.known.iter().any(is_fast)
    }

    fn is_free(&self, port: u16) -> bool {
        let (known, in_flight) = (self.known[&port], self.in_flight(port));
        let free = MOST - self.in_flight.values().sum::<usize>();
        let has_room_for_slow = free > MOST / 4 || !self.is_any_fast();
        if known.is_paused || known.status == Status::Ignored {
            return false;
        }
        if !self.is_responding(port) {
            return in_flight == 0 && has_room_for_slow && self.probes() < MOST / 2;
        }
        let is_slow = known.delay > SLOW_FROM;
        let (machine, factor) = (self.machine(port), if is_slow { 1 } else { 3 });
        in_flight < free.div_ceil(4).clamp(1, PER_PEER)
            && (has_room_for_slow || !is_slow)
            && (self.is_only_machine() || self.in_flight_at(machine) < (factor * free).max(1))
    }

    fn free(&self, status: Status) -> Vec<u16> {
        self.of(status).into_iter().filter(|port| self.is_free(*port)).collect()
    }

    fn answer(&mut self, port: u16, place: Option<u8>, delay: u32) {
        if let Some(known) = self.known.get_mut(&port) {
            known.answers = true;
            known.place = place.or(known.place);
            known.delay = delay.max(known.delay - known.delay.saturating_sub(delay).div_ceil(8));
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Insert(port, status) => {
                let new = Known { status, answers: false, place: None, delay: 0, is_paused: false };
                self.known.entry(port).and_modify(|known| known.status = status).or_insert(new);
            }
            Step::Remove(port) => _ = self.known.remove(&port),
            Step::SetStatus(port, status) => {
                self.known.entry(port).and_modify(|known| known.status = status);
            }
            Step::Response(port, place, is_slow) => self.answer(port, place, delay(is_slow)),
            Step::FailToAnswer(port) => {
                self.known.entry(port).and_modify(|known| known.answers = false);
            }
            Step::Begin(port) => *self.in_flight.entry(port).or_default() += 1,
            Step::End(port) => *self.in_flight.entry(port).or_default() -= 1,
            Step::Pause(port, is_paused) => {
                self.known.entry(port).and_modify(|known| known.is_paused = is_paused);
            }
        }
    }
}

fn delay(is_slow: bool) -> u32 {
    if is_slow { SLOW_FROM * 3 } else { SLOW_FROM / 10 }
}

fn step(peers: &mut Peers, naive: &mut Naive, step: &Step) {
    // Deliveries begin only to free peers, and only running ones end.
    match step {
        Step::Begin(port) if !naive.known.contains_key(port) || !naive.is_free(*port) => return,
        Step::End(port) if naive.in_flight(*port) == 0 => return,
        _ => naive.step(step),
    }
    let number = |peers: &Peers, port| peers.find(&peer(port));
    match *step {
        Step::Insert(port, status) => match number(peers, port) {
            Some(number) => _ = peers.set_status(number, status, at(0)),
            None => _ = peers.insert(&peer(port), status, at(0)),
        },
        Step::Remove(port) => drop(peers.remove(&peer(port))),
        Step::SetStatus(port, status) => {
            number(peers, port).into_iter().for_each(|number| _ = peers.set_status(number, status, at(0)));
        }
        Step::Response(port, place, is_slow) => {
            let round_trip = Duration::from_micros(delay(is_slow).into());
            let accepted = Accepted { round_trip, remote: place.map(at_place), has_body: false };
            number(peers, port)
                .into_iter()
                .for_each(|number| peers.record_response(number, &accepted, at(0)));
        }
        Step::FailToAnswer(port) => {
            number(peers, port).into_iter().for_each(|number| peers.record_no_response(number));
        }
        Step::Begin(port) => number(peers, port).into_iter().for_each(|number| peers.begin_delivery(number)),
        Step::End(port) => _ = peers.end_delivery(&peer(port)),
        Step::Pause(port, is_paused) => {
            number(peers, port).into_iter().for_each(|number| _ = peers.set_paused(number, is_paused));
        }
    }
}

/// The probability of each peer. `draw` is repeated with every number that it can pick.
fn odds(draw: impl Fn(&mut dyn FnMut(usize) -> usize) -> Option<usize>) -> BTreeMap<usize, f64> {
    let mut odds = BTreeMap::new();
    let mut paths = vec![Vec::new()];
    while let Some(path) = paths.pop() {
        let (picked, likelihood) = (RefCell::new(0), RefCell::new(1.0));
        let further = RefCell::new(None);
        let drawn = draw(&mut |count| {
            *likelihood.borrow_mut() /= count as f64;
            let at = picked.replace_with(|at| *at + 1);
            let given = path.get(at).copied();
            if given.is_none() && further.borrow().is_none() {
                *further.borrow_mut() = Some(count);
            }
            given.unwrap_or(0)
        });
        match further.into_inner() {
            Some(count) => paths.extend((0..count).map(|pick| [path.as_slice(), &[pick]].concat())),
            None => drawn.into_iter().for_each(|drawn| *odds.entry(drawn).or_default() += likelihood.take()),
        }
    }
    odds
}

/// Each machine is equally likely, and on it each peer.
fn expected(naive: &Naive, ports: &[u16]) -> BTreeMap<u16, f64> {
    let machines: BTreeSet<_> = ports.iter().map(|port| naive.machine(*port)).collect();
    let at = |machine| ports.iter().filter(|port| naive.machine(**port) == machine).count();
    let likelihood = |port: &u16| 1.0 / machines.len() as f64 / at(naive.machine(*port)) as f64;
    ports.iter().map(|port| (*port, likelihood(port))).collect()
}

fn by_port(peers: &Peers, odds: &BTreeMap<usize, f64>) -> BTreeMap<u16, f64> {
    odds.iter().map(|(number, likelihood)| (peers.address(*number).port(), *likelihood)).collect()
}

fn assert_same(found: &BTreeMap<u16, f64>, expected: &BTreeMap<u16, f64>) {
    let is_same = |port| (found.get(port).unwrap_or(&0.0) - expected.get(port).unwrap_or(&0.0)).abs() < 1e-9;
    assert!(found.keys().chain(expected.keys()).all(is_same), "{found:?}, expected {expected:?}");
}

fn check(peers: &Peers, naive: &Naive) {
    assert!(peers.is_consistent());
    for status in Status::ALL {
        let free = naive.free(status);
        assert_eq!(peers.free(status), free.len(), "{status}");
        assert_eq!(peers.counts().of(status), naive.of(status).len());
        let drawn = odds(|pick| peers.draw(status, false, pick).map(|Drawn { number, .. }| number));
        assert_same(&by_port(peers, &drawn), &expected(naive, &free));
        for port in naive.of(status) {
            assert_eq!(peers.is_free(peers.find(&peer(port)).unwrap()), free.contains(&port), "{port}");
        }
    }
    let all = naive.known.keys().copied();
    assert_eq!(peers.is_any_free(), all.clone().any(|port| naive.is_free(port)));
    let answering: Vec<u16> = all.filter(|port| naive.is_responding(*port)).collect();
    let free: Vec<u16> = answering.iter().copied().filter(|port| naive.is_free(*port)).collect();
    assert_eq!(peers.free_verified().alive, free.len());
    let drawn = odds(|pick| peers.draw(Status::Alive, true, pick).map(|Drawn { number, .. }| number));
    assert_same(&by_port(peers, &drawn), &expected(naive, &free));
    for receiver in [None, Some(1), Some(2), Some(3)] {
        let others: Vec<u16> = answering.iter().copied().filter(|port| Some(*port) != receiver).collect();
        let receiver = receiver.and_then(|port| peers.find(&peer(port)));
        let drawn = odds(|pick| peers.draw_friend(receiver, pick));
        assert_same(&by_port(peers, &drawn), &expected(naive, &others));
    }
}

#[test]
fn slow_peers_of_a_busy_machine_wait_while_few_slots_are_free() {
    let (mut peers, mut naive) = (Peers::new(PER_PEER, MOST), Naive::default());
    peers.set_slow_from(SLOW_FROM);
    let mut then = |each: Step| {
        step(&mut peers, &mut naive, &each);
        check(&peers, &naive);
    };
    for peer in 1..=11 {
        // The last two are slow and on one machine.
        let is_slow = peer > 9;
        then(Step::Insert(peer, Status::Alive));
        then(Step::Response(peer, is_slow.then_some(1), is_slow));
    }
    // Until a quarter of all slots is free, with one fast peer idle.
    [10, 1, 2, 3, 4, 5, 6, 7, 8].into_iter().for_each(|peer| then(Step::Begin(peer)));
    [1, 2, 3].into_iter().for_each(|peer| then(Step::End(peer)));
}

proptest! {
    #[test]
    fn free_machines_are_drawn_uniformly_after_any_sequence(
        steps in steps(), ordered_from in 0_usize..60,
    ) {
        let (mut peers, mut naive) = (Peers::new(PER_PEER, MOST), Naive::default());
        peers.set_slow_from(SLOW_FROM);
        for (number, each) in steps.iter().enumerate() {
            step(&mut peers, &mut naive, each);
            if number == ordered_from {
                // The orders exist from now on.
                prop_assert_eq!(peers.iter().count(), peers.len());
                let _ = peers.eviction_candidate(None);
            }
            check(&peers, &naive);
        }
    }

    #[test]
    fn peers_are_classified_as_slow_after_every_change_of_the_threshold(steps in steps(), slow_from in 0..4 * SLOW_FROM) {
        let (mut changed, mut naive) = (Peers::new(PER_PEER, MOST), Naive::default());
        for each in &steps {
            step(&mut changed, &mut naive, each);
        }
        changed.set_slow_from(slow_from);
        changed.set_slow_from(SLOW_FROM);
        check(&changed, &naive);
    }
}
