//! A node on a virtual clock for the pictures: one [`Core`]. Replies and messages of its peers follow from a script
//! and a seed, so every run is the same.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use clacks_p2p::{
    Address, Message,
    core::{Core, Delivery, DeliveryId, DeliveryResult, Event, Failure, Now, Options},
    protocol::{Kind, Payload},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// 2026-03-12 20:56:00 UTC.
const STARTS_AT: u64 = 1_773_348_960_000;
const PORT: u16 = 443;
/// Messages per second.
const SEND_RATE: f64 = 2.0;
const KILL_TIMEOUT: Duration = Duration::from_secs(10);
/// Milliseconds until an accepted message returns from another peer.
const AWAY: Range<u64> = 6_000..22_000;
/// Milliseconds between two requests of the ignored peer.
const LOUD: u64 = 19_000;
const OWN: &str = "Good evening, all towers. How is the fog?";
/// Time at which the user sends [`OWN`], in milliseconds.
const OWN_AT: u64 = 231_400;

/// A peer of the node.
struct Tower {
    host: &'static str,
    /// In milliseconds.
    round_trip: u64,
    /// Time without connection, in milliseconds.
    down: Range<u64>,
}

/// Announced peers first, the ignored one last. At the end one is lost, one is dead, and one has just announced
/// itself.
const TOWERS: [Tower; 12] = [
    tower("cape", 69, 0..0),
    tower("isle", 62, 0..0),
    tower("dale", 51, 90_000..104_000),
    tower("fell", 31, 0..0),
    tower("ford", 23, 40_000..52_000),
    tower("hill", 79, 0..0),
    tower("loch", 40, 0..0),
    tower("mill", 35, 226_000..300_000),
    tower("moor", 64, 0..0),
    tower("rock", 49, 150_000..300_000),
    tower("weir", 20, 0..NEWCOMER_AT),
    tower("fair", 45, 0..0),
];
const ANNOUNCED_TO: usize = 2;
const NEWCOMER: usize = TOWERS.len() - 2;
const NEWCOMER_AT: u64 = 237_000;
const IGNORED: usize = TOWERS.len() - 1;

/// Repeated messages, as JSON.
const MESSAGES: [&str; 20] = [
    r#""GNU Terry Pratchett""#,
    r#""GNU Ada Lovelace""#,
    r#""GNU Claude Chappe""#,
    r#""Shutters oiled, lamps trimmed, tea is on.""#,
    r#""Who has the spare lens? Ours fell on the goat.""#,
    r#""The goat is fine. The lens is not.""#,
    r#""Wind from the north-east, arms stiff, spirits high.""#,
    r#""Fog in the valley. Repeating everything twice, everything twice.""#,
    r#""The message is not late. It is scenic.""#,
    r#""The moon has not answered.""#,
    r#""Counted 4,112 messages today. Read none of them, on my honour.""#,
    r#""Top left.""#,
    r#""Reminder: a message that nobody passes on is only a rumour.""#,
    r#""Apprentice 👩\u200d🔧 has fixed the west arm. 🎉""#,
    r#""塔の灯りは今夜も消えません。""#,
    r#""Ici la tour du moulin : le vent se lève, les bras aussi.""#,
    r#""Ćma w latarni, wszystkie litery trzepoczą.""#,
    r#""\u001b]0;all your towers\u0007\u001b[2J\u001b[31mare belong to us""#,
    r#"{"tower":"mill","shutters":[true,true,false,true],"oil":0.7}"#,
    r#"{"game":"noughts and crosses","move":"middle"}"#,
];

/// The node and its scheduled events.
pub(super) struct Scripted {
    core: Core,
    now: Duration,
    /// The number distinguishes events at the same time.
    due: BTreeMap<(Duration, usize), Due>,
    planned: usize,
    rng: StdRng,
}

enum Due {
    Ends(DeliveryId, DeliveryResult),
    /// A tower sends a message, if it is up.
    Comes(usize, Message),
    /// The new peer announces itself.
    Announces,
    /// The ignored peer sends something.
    IsLoud,
    Own,
}

const fn tower(host: &'static str, round_trip: u64, down: Range<u64>) -> Tower {
    Tower { host, round_trip, down }
}

impl Tower {
    fn address(&self) -> Address {
        Address::new(&format!("{}.example", self.host), PORT).unwrap()
    }

    fn is_up(&self, at: Duration) -> bool {
        !self.down.contains(&(at.as_millis() as u64))
    }
}

impl Scripted {
    pub(super) fn new(seed: u64) -> Self {
        let address = Address::new("tower.example", PORT).unwrap();
        let mut options = Options::new(address);
        (options.send_rate, options.kill_timeout) = (SEND_RATE, KILL_TIMEOUT);
        let mut node = Self {
            core: Core::new(options).unwrap(),
            now: Duration::ZERO,
            due: BTreeMap::new(),
            planned: 0,
            rng: StdRng::seed_from_u64(seed),
        };
        node.core.ignore(&TOWERS[IGNORED].address(), node.now());
        for tower in &TOWERS[..ANNOUNCED_TO] {
            let _ = node.core.announce(&tower.address(), &mut node.rng);
        }
        for message in MESSAGES {
            node.comes_after(Message::from_json(message, 8).unwrap());
        }
        for (at, due) in [(LOUD, Due::IsLoud), (OWN_AT, Due::Own), (NEWCOMER_AT, Due::Announces)] {
            node.plan(Duration::from_millis(at), due);
        }
        node
    }

    pub(super) fn core(&self) -> &Core {
        &self.core
    }

    pub(super) fn now(&self) -> Now {
        Now { uptime: self.now, unix_ms: STARTS_AT + self.now.as_millis() as u64 }
    }

    /// Advances the clock to an uptime. Returns the events with their times.
    pub(super) fn run_until(&mut self, until: Duration) -> Vec<(Event, Now)> {
        let mut happened = Vec::new();
        self.send();
        while let Some(at) = self.next_time().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let due = entry.remove();
                self.happen(due);
            }
            self.core.handle_timeout(self.now(), &mut self.rng);
            self.send();
            let now = self.now();
            happened.extend(std::iter::from_fn(|| self.core.poll_event()).map(|event| (event, now)));
        }
        self.now = until;
        happened
    }

    /// Returns the time of the next event or send.
    fn next_time(&self) -> Option<Duration> {
        let due = self.due.first_key_value().map(|((at, _), _)| *at);
        due.into_iter().chain(self.core.poll_timeout()).min()
    }

    fn plan(&mut self, after: Duration, due: Due) {
        self.due.insert((self.now + after, self.planned), due);
        self.planned += 1;
    }

    /// Schedules a message from some tower.
    fn comes_after(&mut self, message: Message) {
        let (sender, after) = (self.rng.random_range(0..IGNORED), self.rng.random_range(AWAY));
        self.plan(Duration::from_millis(after), Due::Comes(sender, message));
    }

    /// Replies to what the node sends.
    fn send(&mut self) {
        while let Some(Delivery { id, to, payload, .. }) = self.core.poll_delivery() {
            let tower = TOWERS.iter().find(|tower| tower.address() == to).unwrap();
            let round_trip = Duration::from_millis(tower.round_trip).mul_f64(self.rng.random_range(0.9..1.3));
            let outcome = if tower.is_up(self.now) {
                if payload.kind == Kind::Message {
                    self.comes_after(payload.message);
                }
                DeliveryResult::accepted(round_trip)
            } else {
                DeliveryResult::Failed(Failure::Connection("connection refused".to_owned()))
            };
            self.plan(round_trip, Due::Ends(id, outcome));
        }
    }

    fn happen(&mut self, due: Due) {
        let now = self.now();
        match due {
            Due::Ends(id, outcome) => drop(self.core.handle_delivery(id, outcome, now)),
            Due::Comes(sender, message) if TOWERS[sender].is_up(self.now) => {
                self.receive(sender, Kind::Message, message);
            }
            Due::Comes(_, message) => self.comes_after(message),
            Due::Announces => self.receive(NEWCOMER, Kind::Announce, Message::null()),
            Due::IsLoud => {
                self.receive(IGNORED, Kind::Message, Message::text("BUY MORE LAMP OIL"));
                self.plan(Duration::from_millis(LOUD), Due::IsLoud);
            }
            Due::Own => drop(self.core.enqueue(Message::text(OWN), now)),
        }
    }

    /// A tower sends a message and introduces another that is up.
    fn receive(&mut self, sender: usize, kind: Kind, message: Message) {
        let friend = &TOWERS[self.rng.random_range(0..IGNORED)];
        let friend = friend.is_up(self.now).then(|| friend.address());
        let sender = TOWERS[sender].address();
        self.core.receive(Payload { message, kind, sender, friend }, None, self.now());
    }
}
