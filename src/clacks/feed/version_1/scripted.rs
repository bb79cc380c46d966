//! Test fixture: recordings of a node that runs random operations, with its expected state after each step.

use std::{
    fmt::Write as _,
    io::Write as _,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    time::Duration,
};

use clacks_p2p::{
    Address, Message,
    core::{
        CertificateFingerprint, Core, Delivery, DeliveryResult, Event, Failure, HeldMessage, HoldRule,
        LimitCounts, MessageId, MessageState, Now, Options, Peer, QueuedMessage, Reply, Scope,
    },
    node::{Overview, Snapshot},
    protocol::{Kind, Payload},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{line, recorded};

/// State of the node at one time, as far as a recording contains it.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Address, counts, rates and limits.
    pub overview: Overview,
    /// All peers.
    pub peers: Vec<Peer>,
    /// All queued messages.
    pub queue: Vec<QueuedMessage>,
    /// All held messages.
    pub held: Vec<HeldMessage>,
    /// The filter that holds messages, as text.
    pub hold_rule: Option<String>,
    /// IP addresses whose connections are closed.
    pub ignored_remotes: Vec<IpAddr>,
}

/// Events of a node, and its expected states.
#[derive(Debug)]
pub struct Recording {
    /// State at the start of the recording.
    pub began: Snapshot,
    options: Options,
    /// All events with their times.
    pub events: Vec<(Event, Now)>,
    /// The state after each step, with the number of events up to then.
    pub known: Vec<(usize, Known)>,
}

/// 2026-01-02 03:04:05 UTC.
const BEGINS: u64 = 1_767_323_045_000;

const REMOTE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

const NAMES: [&str; 7] = ["a:1", "a:2", "B:1", "b:1", "[::1]:1", "tower.example.org:8080", "ourselves:2"];

struct Script {
    core: Core,
    rng: StdRng,
    uptime: Duration,
    under_way: Vec<Delivery>,
}

impl Script {
    fn now(&self) -> Now {
        Now { uptime: self.uptime, unix_ms: BEGINS + self.uptime.as_millis() as u64 }
    }

    fn address(&mut self) -> Address {
        NAMES[self.rng.random_range(0..NAMES.len())].parse().unwrap()
    }

    fn message(&mut self) -> Message {
        match self.rng.random_range(0..12) {
            0 => Message::null(),
            1 => Message::from_json("{ \"a\":  [1.0e+2, \"\\u202e\\ud800\"]}", 9).unwrap(),
            number => Message::text(&format!("message {}", number / 2)),
        }
    }

    /// Does one thing.
    fn step(&mut self) {
        self.uptime += Duration::from_nanos(self.rng.random_range(0..800_000_000));
        let (now, address) = (self.now(), self.address());
        match self.rng.random_range(0..25) {
            0..6 => self.receive(&address),
            6..9 => drop(self.message_typed()),
            9 => {
                let head: Vec<_> = self.core.queue(0..1).map(|queued| queued.id).collect();
                let dropped = self.core.drop_these(&head);
                self.restore(dropped);
            }
            10 => drop(self.core.add_peer(&address, now)),
            11 => drop(self.core.ignore(&address, now)),
            12 => drop(self.core.unignore(&address, now)),
            13 => {
                let state = self.core.peer_state(&address);
                self.core.forget(&address);
                if self.rng.random_bool(0.5) {
                    self.core.restore_peer(state, now);
                }
            }
            14 => drop(self.core.announce(&address, &mut self.rng)),
            20..23 => self.hold(),
            23 => self.ignore_remote(),
            15 if self.rng.random_bool(0.1) => self.core.reclaim_in_flight(),
            15 => drop(self.core.set_send_rate(f64::from(self.rng.random_range(1..100)) / 4.0, now)),
            _ => self.core.handle_timeout(now, &mut self.rng),
        }
        self.under_way.extend(std::iter::from_fn(|| self.core.poll_delivery()));
        if self.rng.random_bool(0.5) {
            self.end_a_delivery();
        }
    }

    fn receive(&mut self, sender: &Address) {
        let kind = if self.rng.random_bool(0.9) { Kind::Message } else { Kind::Announce };
        let friend = self.rng.random_bool(0.5).then(|| self.address());
        let payload = Payload { message: self.message(), kind, sender: sender.clone(), friend };
        self.core.record_contact(sender, Some(REMOTE), self.now());
        self.core.accept_payload(sender, payload, Some(REMOTE), self.now());
    }

    fn message_typed(&mut self) -> bool {
        let (message, now) = (self.message(), self.now());
        self.core.enqueue(message, now).is_ok()
    }

    /// Holds, releases or changes something.
    fn hold(&mut self) {
        let ids: Vec<_> = self.core.queue(0..9).map(|queued| queued.id).collect();
        let held: Vec<_> = self.core.held(0..9).map(|held| held.queued.id).collect();
        let mut one_of = |ids: &[MessageId]| ids.get(self.rng.random_range(0..9)).copied();
        let (waiting, kept) = (one_of(&ids), one_of(&held));
        let number: u32 = self.rng.random_range(0..8);
        let rule = HoldRule::new(format!("{number}"), move |queued| {
            queued.message.as_json().contains(char::from_digit(number, 10).unwrap_or('x'))
        });
        match number {
            0 => self.core.set_hold_rule(None),
            1 => {
                self.core.set_hold_rule(Some(rule));
                self.core.hold_matching();
            }
            2 if self.rng.random_bool(0.5) => {
                self.core.drain_with_held();
                self.core.set_draining(false);
            }
            2 => drop(self.core.release_all()),
            3 => drop(kept.map(|id| self.core.release(id))),
            4 => {
                let ids: Vec<_> = kept.or(waiting).into_iter().collect();
                let dropped = self.core.drop_these(&ids);
                self.restore(dropped);
            }
            5 => {
                let id = kept.or(waiting);
                let state = id.and_then(|id| self.core.message_state(id));
                drop(id.map(|id| self.core.replace(id, Message::text("another"))));
                self.restore(state.into_iter().collect());
            }
            _ => drop(waiting.map(|id| self.core.hold(id))),
        }
    }

    /// Takes a drop back, or leaves it at that.
    fn restore(&mut self, dropped: Vec<MessageState>) {
        if self.rng.random_bool(0.5) {
            self.core.restore_messages(dropped);
        }
    }

    fn ignore_remote(&mut self) {
        let remote = [192, 0, 2, self.rng.random_range(0..3)].into();
        if self.rng.random_bool(0.5) {
            self.core.ignore_remote(remote);
        } else {
            self.core.unignore_remote(remote);
        }
    }

    fn end_a_delivery(&mut self) {
        if self.under_way.is_empty() {
            return;
        }
        let delivery = self.under_way.swap_remove(self.rng.random_range(0..self.under_way.len()));
        let round_trip = Duration::from_nanos(self.rng.random_range(0..3_000_000_000));
        let outcome = match self.rng.random_range(0..9) {
            0 => DeliveryResult::Failed(Failure::TimedOut),
            1 => DeliveryResult::Failed(Failure::Connection("stopped \u{1b}[31m".to_owned())),
            2 if delivery.to.port() == 2 => DeliveryResult::Failed(Failure::NotContacted(Scope::Loopback)),
            2 if delivery.to.port() == 3 => DeliveryResult::Failed(Failure::NoResources),
            2 => DeliveryResult::refused(503),
            3 => {
                let (pinned, presented) =
                    (CertificateFingerprint([1; 32]), CertificateFingerprint([0xab; 32]));
                DeliveryResult::Failed(Failure::CertificateChanged { pinned, presented })
            }
            4 if delivery.to.hostname() == "ourselves" => DeliveryResult::SelfConnection,
            5 => self.accepted(round_trip),
            _ => DeliveryResult::accepted(round_trip),
        };
        self.core.handle_delivery(delivery.id, outcome, self.now());
    }

    /// With a body or without, from one of two machines.
    fn accepted(&mut self, round_trip: Duration) -> DeliveryResult {
        let (remote, has_body) = ([192, 0, 2, self.rng.random_range(6..8)].into(), self.rng.random_bool(0.5));
        let mut reply = Reply::new(200, round_trip);
        (reply.remote, reply.has_body) = (Some(remote), has_body);
        DeliveryResult::Answered(reply)
    }

    fn snapshot(&self) -> Snapshot {
        let core = &self.core;
        let overview = Overview::of(core, self.uptime);
        let (peers, queue) = (core.peers().collect(), core.queue(0..usize::MAX).collect());
        let held = core.held(0..usize::MAX).cloned().collect();
        let hold_rule = core.hold_rule().map(|rule| rule.text().to_owned());
        let under_way = core.under_way().map(|(to, queued)| (to.clone(), queued.clone())).collect();
        let ignored_remotes = core.ignored_remotes().collect();
        let mut snapshot = Snapshot::new(overview, self.now());
        (snapshot.peers, snapshot.queue, snapshot.held) = (peers, queue, held);
        (snapshot.under_way, snapshot.hold_rule, snapshot.ignored_remotes) =
            (under_way, hold_rule, ignored_remotes);
        snapshot
    }
}

impl Recording {
    /// Runs `steps` random operations, determined by the seed, after 20 unrecorded ones.
    pub fn make(seed: u64, steps: usize) -> Self {
        let mut options = Options::new("tower:1".parse().unwrap());
        (options.send_rate, options.max_peers) = (5.0, 6);
        let core = Core::new(options.clone()).unwrap();
        let rng = StdRng::seed_from_u64(seed);
        let mut script = Script { core, rng, uptime: Duration::ZERO, under_way: Vec::new() };
        (0..20).for_each(|_| script.step());
        while script.core.poll_event().is_some() {}
        let mut recording = Self { began: script.snapshot(), options, events: Vec::new(), known: Vec::new() };
        for _ in 0..steps {
            script.step();
            let now = script.now();
            recording
                .events
                .extend(std::iter::from_fn(|| script.core.poll_event()).map(|event| (event, now)));
            recording.known.push((recording.events.len(), script.snapshot().into()));
        }
        recording
    }

    /// The text of the recording's file.
    pub fn text(&self) -> String {
        let mut text = line::header(&self.began, &self.options) + "\n";
        for (event, now) in &self.events {
            let _ = writeln!(text, "{}", recorded(event, *now));
        }
        text
    }

    /// Writes the recording to a file. Panics if the disk refuses.
    pub fn write(&self, path: &Path) {
        std::fs::File::create(path).unwrap().write_all(self.text().as_bytes()).unwrap();
    }
}

impl From<Snapshot> for Known {
    fn from(Snapshot { overview, peers, queue, held, hold_rule, ignored_remotes, .. }: Snapshot) -> Self {
        Self { overview, peers, queue, held, hold_rule, ignored_remotes }.without_the_untold()
    }
}

impl Known {
    /// Clears the values that events do not contain, so that states can be compared.
    pub fn without_the_untold(mut self) -> Self {
        // What the next send depends on is told only when something is sent; of many limits nothing is told.
        let overview = &mut self.overview;
        overview.free_peers = overview.peers;
        (overview.verified_only, overview.next_send, overview.uptime) = (false, None, Duration::ZERO);
        overview.counters.limits = LimitCounts::default();
        self
    }
}
