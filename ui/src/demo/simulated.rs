//! A demo network in a time of its own: the state machines of its nodes and, in the place of sockets and timers, a list
//! of what is due. A seed tells the same story every time, in no more time than it takes to work out.

use std::{collections::BTreeMap, time::Duration};

use clacks_p2p::{
    Address, Message,
    core::{Core, Delivery, DeliveryId, DeliveryResult, Event, Failure, Now, Options},
    protocol::{Kind, Payload},
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::{
    KILL_TIMEOUT, LINES, SEND_RATE_HERE, SEND_RATE_OF_THE_LOUD, SEND_RATES, conversation::Conversation,
};

/// 2026-03-12 20:56:00 UTC.
const STARTS_AT: u64 = 1_773_348_960_000;
/// The node that is watched, then the towers; the last but one is new, the last is the loud one.
const HOSTS: [&str; 13] =
    ["tower", "cape", "dale", "fell", "ford", "hill", "isle", "loch", "mill", "moor", "rock", "weir", "fair"];
const WATCHED: usize = 0;
const NEW: usize = HOSTS.len() - 2;
const LOUD: usize = HOSTS.len() - 1;
const PORT: u16 = 443;
/// Milliseconds from one node to another and back.
const ROUND_TRIPS: std::ops::Range<f64> = 2.0..90.0;
/// In milliseconds, as all that is planned.
const NEXT_LINE: u64 = 2_000;

/// A network that runs when it is told to.
#[derive(Debug)]
pub(crate) struct Simulated {
    nodes: Vec<Simulation>,
    now: Duration,
    /// What is to happen when. The number tells apart what happens at the same time.
    due: BTreeMap<(Duration, u64), Due>,
    next_number: u64,
    conversation: Conversation,
    rng: StdRng,
}

#[derive(Debug)]
struct Simulation {
    core: Core,
    /// To it and back from it, for any other node.
    round_trip: Duration,
    stands: bool,
}

#[derive(Debug)]
enum Due {
    /// A request reaches the node that it was sent to.
    Arrival {
        from: usize,
        delivery: Delivery,
    },
    /// Its end is known where it came from.
    End {
        at: usize,
        id: DeliveryId,
        outcome: DeliveryResult,
    },
    /// Some tower says something.
    Line,
    /// And again and again from now on.
    Lines,
    /// A node makes itself known to another.
    Announce {
        from: usize,
        to: usize,
    },
    /// The user says something.
    Own(&'static str),
    /// A tower falls, or is built again and makes itself known to the node that is watched.
    Fall(usize),
    Rise(usize),
}

impl Simulated {
    /// A network of which nobody knows anybody yet; what happens in it within the next four minutes is planned.
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let nodes = (0..HOSTS.len()).map(|number| Simulation::build(number, &mut rng)).collect();
        let conversation = Conversation::new(LINES * HOSTS.len()).unwrap();
        let mut network =
            Self { nodes, now: Duration::ZERO, due: BTreeMap::new(), next_number: 0, conversation, rng };
        network.plan();
        network
    }

    fn plan(&mut self) {
        let now = self.now();
        self.nodes[WATCHED].core.ignore(&address(LOUD), now);
        self.nodes[NEW].stands = false;
        for tower in (1..=LOUD).filter(|tower| *tower != NEW) {
            let next = if tower + 1 == NEW { LOUD } else { tower % LOUD + 1 };
            self.plan_at(0, Due::Announce { from: tower, to: next });
            self.plan_at(0, Due::Line);
        }
        for to in [1, 6] {
            self.plan_at(0, Due::Announce { from: WATCHED, to });
        }
        self.plan_at(NEXT_LINE, Due::Lines);
        // Two that come back, and two that stay away: long enough to be dead, and long enough to be lost.
        for (tower, falls, rises) in
            [(9, 40_000, 52_000), (3, 90_000, 104_000), (10, 150_000, 300_000), (4, 228_000, 300_000)]
        {
            self.plan_at(falls, Due::Fall(tower));
            self.plan_at(rises, Due::Rise(tower));
        }
        self.plan_at(231_400, Due::Own("Good evening, all towers. How is the fog?"));
        self.plan_at(237_000, Due::Rise(NEW));
    }

    fn plan_at(&mut self, millis: u64, due: Due) {
        self.put(Duration::from_millis(millis), due);
    }

    fn put(&mut self, at: Duration, due: Due) {
        self.due.insert((at, self.next_number), due);
        self.next_number += 1;
    }

    /// The node that is watched.
    pub(crate) fn watched(&self) -> &Core {
        &self.nodes[WATCHED].core
    }

    pub(crate) fn now(&self) -> Now {
        Now { uptime: self.now, unix_ms: STARTS_AT + self.now.as_millis() as u64 }
    }

    /// Lets time pass until this uptime. Returns what happened at the node that is watched, and when.
    pub(crate) fn run_until(&mut self, until: Duration) -> Vec<(Event, Now)> {
        let mut happened = Vec::new();
        while let Some(at) = self.next_time().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.step();
            let now = self.now();
            let node = &mut self.nodes[WATCHED].core;
            happened.extend(std::iter::from_fn(|| node.poll_event()).map(|event| (event, now)));
        }
        self.now = until;
        happened
    }

    /// When something is due, or a node is to send.
    fn next_time(&self) -> Option<Duration> {
        let due = self.due.first_key_value().map(|((at, _), _)| *at);
        let sends = self.standing().filter_map(|node| self.nodes[node].core.poll_timeout());
        due.into_iter().chain(sends).min()
    }

    fn standing(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].stands)
    }

    fn step(&mut self) {
        let now = self.now();
        if self.due.first_key_value().is_some_and(|((at, _), _)| *at <= self.now) {
            self.due.pop_first().into_iter().for_each(|(_, due)| self.happen(due));
        }
        for from in 0..self.nodes.len() {
            let node = &mut self.nodes[from];
            if node.stands {
                node.core.handle_timeout(now, &mut self.rng);
            }
            while let Some(delivery) = self.nodes[from].core.poll_delivery() {
                let way = self.way(from, &delivery.to);
                self.put(self.now + way, Due::Arrival { from, delivery });
            }
        }
    }

    /// How long a request takes from one node to another, a little longer at times.
    fn way(&mut self, from: usize, to: &Address) -> Duration {
        let to = node_at(to).map_or(Duration::ZERO, |to| self.nodes[to].round_trip);
        (self.nodes[from].round_trip + to).mul_f64(self.rng.random_range(0.25..0.4))
    }

    fn happen(&mut self, due: Due) {
        let now = self.now();
        match due {
            Due::Arrival { from, delivery } => self.arrive(from, delivery),
            Due::End { at, id, outcome } => drop(self.nodes[at].core.handle_delivery(id, outcome, now)),
            Due::Line => self.say_a_line(),
            Due::Lines => {
                self.say_a_line();
                self.put(self.now + Duration::from_millis(NEXT_LINE), Due::Lines);
            }
            Due::Announce { from, to } => drop(self.nodes[from].core.announce(&address(to), &mut self.rng)),
            Due::Own(text) => drop(self.nodes[WATCHED].core.enqueue(Message::text(text), now)),
            Due::Fall(tower) => self.fall(tower),
            Due::Rise(tower) => {
                self.nodes[tower].stands = true;
                self.put(self.now, Due::Announce { from: tower, to: WATCHED });
            }
        }
    }

    fn arrive(&mut self, from: usize, Delivery { id, to, payload, .. }: Delivery) {
        let back = self.way(from, &to);
        let there = node_at(&to).filter(|to| self.nodes[*to].stands);
        let outcome = match there.map(|to| self.take(to, payload)) {
            None => DeliveryResult::Failed(Failure::Connection("connection refused".to_owned())),
            // The way there took about as long.
            Some(200) => DeliveryResult::accepted(back * 2),
            Some(status) => DeliveryResult::refused(status),
        };
        self.put(self.now + back, Due::End { at: from, id, outcome });
    }

    /// What a node does with a payload: as the listener of a real one.
    fn take(&mut self, at: usize, mut payload: Payload) -> u16 {
        let now = self.now();
        let sender = payload.sender.clone();
        let core = &mut self.nodes[at].core;
        core.record_contact(&sender, None, now);
        let is_message = payload.kind == Kind::Message;
        if is_message && !self.conversation.goes_on(&payload.message, &sender, &address(at)) {
            payload.message = Message::null();
        }
        core.accept_payload(&sender, payload, None, now).status
    }

    fn say_a_line(&mut self) {
        let now = self.now();
        let towers: Vec<usize> = self.standing().filter(|node| *node != WATCHED).collect();
        let Some(tower) = towers.choose(&mut self.rng) else { return };
        if let Some(line) = self.conversation.next_line(&address(*tower), &mut self.rng) {
            let _ = self.nodes[*tower].core.enqueue(line, now);
        }
    }

    /// It forgets everything, and what it held is lost.
    fn fall(&mut self, tower: usize) {
        let node = &mut self.nodes[tower];
        node.stands = false;
        let core = std::mem::replace(&mut node.core, core(tower, SEND_RATE_HERE));
        for queued in core.queue(0..usize::MAX) {
            self.conversation.fell_silent(&queued.message, &address(tower));
        }
    }
}

impl Simulation {
    fn build(number: usize, rng: &mut StdRng) -> Self {
        let rate = match number {
            WATCHED => SEND_RATE_HERE,
            LOUD => SEND_RATE_OF_THE_LOUD,
            _ => rng.random_range(SEND_RATES),
        };
        let round_trip = Duration::from_secs_f64(rng.random_range(ROUND_TRIPS) / 1000.0);
        Self { core: core(number, rate), round_trip, stands: true }
    }
}

fn core(number: usize, send_rate: f64) -> Core {
    let mut options = Options::new(address(number));
    options.send_rate = send_rate;
    options.kill_timeout = Duration::from_secs_f64(KILL_TIMEOUT);
    Core::new(options).unwrap()
}

/// Where a node is found: at a name that nobody can have.
fn address(number: usize) -> Address {
    Address::new(&format!("{}.example", HOSTS[number]), PORT).unwrap()
}

fn node_at(address: &Address) -> Option<usize> {
    (0..HOSTS.len()).find(|number| *address == self::address(*number))
}
