//! The nodes, and what happens between them.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::{
    core::{Core, Delivery, Failure, Now, Options, Outcome, Outputs},
    protocol::{Kind, Payload},
};

use super::{
    Origin, Scenario, ScenarioError,
    addresses::Addresses,
    calendar::Calendar,
    latency::Ways,
    parcels::{Parcel, Parcels},
    trace::{Number, Trace},
    trouble::Trouble,
};

/// The wall clock at the start, in milliseconds since the Unix epoch; any would do.
const STARTED: u64 = 1_700_000_000_000;
/// An announce that fails is repeated after so many seconds, then after twice as many, and so on, as the program `clacks`
/// does.
const FIRST_WAIT: u32 = 1;
/// It is repeated after so many at last.
const LONGEST_WAIT: u32 = 60;
/// The sender of what comes from outside the network.
pub(super) const OUTSIDE: u32 = u32::MAX;

/// A network of nodes on a virtual clock. See the [module](crate::simulation).
#[derive(Debug)]
pub struct Simulation {
    pub(super) scenario: Scenario,
    options: Arc<Options>,
    pub(super) addresses: Addresses,
    pub(super) towers: Vec<Tower>,
    pub(super) calendar: Calendar<Happening>,
    pub(super) parcels: Parcels,
    /// Lent to each node while something happens to it.
    outputs: Outputs,
    pub(super) rng: Pcg64,
    ways: Ways,
    /// Nanoseconds since the start.
    pub(super) now: u64,
    pub(super) trace: Trace,
    pub(super) trouble: Trouble,
    pub(super) deliveries: u64,
    pub(super) failures: u64,
    /// So many of the things that happen next were looked at already.
    ahead: usize,
}

/// One node.
#[derive(Debug)]
pub(super) struct Tower {
    /// None while it is down.
    pub(super) core: Option<Core>,
    /// When it is to be woken, in nanoseconds; [`NEVER`] if not.
    pub(super) wake: u64,
    /// How often it has failed: what was for it before is not for it now.
    pub(super) failures: u32,
}

const NEVER: u64 = u64::MAX;

/// Something that happens at a time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Happening {
    /// A node may send.
    Wake(u32),
    /// A node makes itself known once more, as the parcel that failed says.
    Announces(u32),
    /// A parcel is there.
    Arrives(u32),
    /// Its sender knows what became of it.
    Ends(u32, End),
    /// A node fails.
    Fails(u32),
    /// A node is there again.
    Returns(u32),
    /// The stranger sends.
    Floods,
}

/// How the sending of a parcel ended, for its sender.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Taken,
    Refused(u16),
    /// Nobody listens there.
    Unreachable,
    TimedOut,
}

impl Simulation {
    /// A network at its start: every node knows its neighbours, and the messages wait at their origins.
    pub fn new(scenario: Scenario) -> Result<Self, ScenarioError> {
        scenario.check()?;
        let nodes = scenario.nodes();
        let addresses = Addresses::of(nodes);
        let mut simulation = Self {
            options: Arc::new(scenario.options(addresses.of_node(0))),
            addresses,
            towers: Vec::with_capacity(nodes as usize),
            calendar: calendar_for(&scenario),
            parcels: Parcels::default(),
            outputs: Outputs::default(),
            rng: Pcg64::seed_from_u64(scenario.seed),
            ways: scenario.latency.ways(),
            now: 0,
            trace: Trace::new(nodes, scenario.messages),
            trouble: Trouble::default(),
            deliveries: 0,
            failures: 0,
            ahead: 0,
            scenario,
        };
        simulation.towers.extend((0..nodes).map(|_| Tower { core: None, wake: NEVER, failures: 0 }));
        (0..nodes).for_each(|node| simulation.join(node));
        simulation.start_messages();
        simulation.expect_trouble();
        Ok(simulation)
    }

    /// A node starts, and makes itself known to its neighbours or is told of them.
    pub(super) fn join(&mut self, node: u32) {
        let mut core = Core::sharing(self.addresses.of_node(node), Arc::clone(&self.options));
        core.set_watched(false);
        core.swap_outputs(&mut self.outputs);
        for peer in self.scenario.topology.neighbours(node, self.scenario.seed) {
            let (peer, now) = (self.addresses.of_node(peer), self.time());
            if self.scenario.announces {
                core.announce(&peer, &mut self.rng);
            } else {
                core.add_peer(&peer, now);
            }
        }
        self.towers[node as usize].core = Some(core);
        self.attend_to(node);
    }

    fn start_messages(&mut self) {
        let (messages, nodes) = (self.scenario.messages, u64::from(self.scenario.nodes()));
        for number in 0..messages {
            let node = match self.scenario.origin {
                Origin::First => 0,
                Origin::Spread => (u64::from(number) * nodes / u64::from(messages)) as u32,
            };
            let now = self.time();
            let Some(core) = &mut self.towers[node as usize].core else { continue };
            core.swap_outputs(&mut self.outputs);
            if core.enqueue(Number::message(number), now).is_ok() {
                self.trace.starts(number, node);
            }
            self.attend_to(node);
        }
    }

    // === Time ===

    /// The virtual clock, since the start.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.now)
    }

    /// The same in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.now().as_secs_f64()
    }

    pub(super) fn time(&self) -> Now {
        let uptime = self.now();
        Now { uptime, unix_ms: STARTED + uptime.as_millis() as u64 }
    }

    /// Lets everything happen that happens before `end`, and sets the clock to it; or ends earlier, when the scenario
    /// does. Returns whether it goes on.
    pub fn run_until(&mut self, end: Duration) -> bool {
        self.run(end, u64::MAX)
    }

    /// The same, but returns after so many deliveries at the latest, so that who shows it can show it.
    pub fn run(&mut self, end: Duration, deliveries: u64) -> bool {
        let duration = super::scenario::seconds(self.scenario.duration);
        let end = end.min(duration);
        let last = self.deliveries.saturating_add(deliveries);
        let nanos = u64::try_from(end.as_nanos()).unwrap_or(NEVER);
        while !self.is_over() && self.deliveries < last {
            if self.ahead == 0 {
                self.ahead = self.look_ahead().max(1);
            }
            self.ahead = self.ahead.saturating_sub(1);
            let Some((at, what)) = self.calendar.next_before(nanos) else {
                self.now = self.now.max(nanos);
                return end < duration;
            };
            self.now = at;
            self.happens(what);
        }
        !self.is_over()
    }

    /// Lets the next thing happen, and what happens until a message was delivered. Returns whether it goes on.
    pub fn step(&mut self) -> bool {
        self.run(Duration::MAX, 1)
    }

    /// Whether the scenario is at its end.
    pub fn has_ended(&self) -> bool {
        self.is_over() || self.now() >= super::scenario::seconds(self.scenario.duration)
    }

    /// How much of the scenario is over, 0 to 1: by time or by deliveries, whichever is further.
    pub fn progress(&self) -> f64 {
        let Scenario { deliveries, duration, .. } = self.scenario;
        let by_deliveries = if deliveries > 0 { self.deliveries as f64 / deliveries as f64 } else { 0.0 };
        by_deliveries.max(self.seconds() / duration).min(1.0)
    }

    fn is_over(&self) -> bool {
        let Scenario { deliveries, until_visited, .. } = self.scenario;
        (deliveries > 0 && self.deliveries >= deliveries)
            || (until_visited > 0.0 && self.trace.first_visited() >= until_visited)
    }

    fn happens(&mut self, what: Happening) {
        match what {
            Happening::Wake(node) => self.wakes(node),
            Happening::Announces(place) => self.announces_again(place),
            Happening::Arrives(place) => self.arrives(place),
            Happening::Ends(place, end) => self.ends(place, end),
            Happening::Fails(node) => self.fails(node),
            Happening::Returns(node) => self.returns(node),
            Happening::Floods => self.floods(),
        }
    }

    pub(super) fn after(&self, seconds: f64) -> u64 {
        self.now.saturating_add((seconds * 1e9) as u64)
    }

    // === What nodes do ===

    fn wakes(&mut self, node: u32) {
        let now = self.time();
        let tower = &mut self.towers[node as usize];
        if tower.wake != self.now {
            return;
        }
        tower.wake = NEVER;
        if let Some(core) = &mut tower.core {
            core.swap_outputs(&mut self.outputs);
            core.handle_timeout(now, &mut self.rng);
            self.attend_to(node);
        }
    }

    /// Carries out what a node asks for after something happened to it, and takes back what was lent to it.
    pub(super) fn attend_to(&mut self, node: u32) {
        self.send_all(node, FIRST_WAIT);
        let tower = &mut self.towers[node as usize];
        let Some(core) = &mut tower.core else { return };
        core.swap_outputs(&mut self.outputs);
        let Some(wake) = core.poll_timeout() else { return };
        let wake = u64::try_from(wake.as_nanos()).unwrap_or(NEVER).max(self.now);
        if wake < tower.wake {
            tower.wake = wake;
            self.calendar.note(wake, Happening::Wake(node));
        }
    }

    /// Sends what a node asks for. Announces among it are repeated after so many seconds if they fail.
    fn send_all(&mut self, node: u32, repeat: u32) {
        while let Some(delivery) = self.towers[node as usize].core.as_mut().and_then(Core::poll_delivery) {
            self.send(node, delivery, repeat);
        }
    }

    fn send(&mut self, from: u32, delivery: Delivery, repeat: u32) {
        let failures = self.towers[from as usize].failures;
        let to = Addresses::node(&delivery.to);
        let is_message = delivery.payload.kind == Kind::Message;
        let parcel = Parcel {
            message: is_message.then(|| Number::of(&delivery.payload.message)).flatten(),
            from,
            failures,
            to: to.unwrap_or(OUTSIDE),
            hash: delivery.to.table_hash(),
            id: Some(delivery.id),
            repeat: if delivery.payload.kind == Kind::Announce { repeat } else { 0 },
            sent: self.now,
            payload: Some(delivery.payload),
            taken: None,
        };
        self.post(parcel);
    }

    /// Sends a parcel on its way.
    pub(super) fn post(&mut self, parcel: Parcel) {
        let (from, to) = (parcel.from, parcel.to);
        let place = self.parcels.put(parcel);
        if to == OUTSIDE {
            // The name leads nowhere.
            let at = self.one_way_from_now();
            self.calendar.note(at, Happening::Ends(place, End::Unreachable));
        } else if self.is_cut(from, to) || self.happens_by_chance(self.scenario.loss) {
            self.times_out(place);
        } else {
            let at = self.one_way_from_now();
            let place = if at > self.gives_up_at(place) { self.part_with(place) } else { place };
            self.calendar.note(at, Happening::Arrives(place));
        }
    }

    /// When the sender of a parcel gives up, in nanoseconds.
    fn gives_up_at(&self, place: u32) -> u64 {
        self.parcels.at(place).sent.saturating_add((self.scenario.timeout * 1e9) as u64)
    }

    /// The sender gives up before the parcel arrives, which then goes on without anybody who waits for it. Returns its
    /// place. What comes from outside is waited for by nobody as it is.
    fn part_with(&mut self, place: u32) -> u32 {
        let Parcel { from, failures, to, hash, id, repeat, sent, message, ref mut payload, .. } =
            *self.parcels.at_mut(place);
        if id.is_none() {
            return place;
        }
        let payload = payload.take();
        self.times_out(place);
        let without_sender =
            Parcel { from, failures, to, hash, id: None, repeat, sent, payload, message, taken: None };
        self.parcels.put(without_sender)
    }

    fn one_way_from_now(&mut self) -> u64 {
        let seconds = self.ways.draw(&mut self.rng);
        self.after(seconds)
    }

    fn times_out(&mut self, place: u32) {
        let at = self.gives_up_at(place);
        self.calendar.note(at.max(self.now), Happening::Ends(place, End::TimedOut));
    }

    pub(super) fn happens_by_chance(&mut self, share: f64) -> bool {
        // Without a draw where there is no chance: faster.
        share > 0.0 && self.rng.random_bool(share)
    }

    fn arrives(&mut self, place: u32) {
        let Parcel { from, to, id, message, ref mut payload, .. } = *self.parcels.at_mut(place);
        let Some(payload) = payload.take() else { return };
        let end = self.deliver(from, to, payload);
        if let Some(number) = message.filter(|_| matches!(end, End::Taken)) {
            self.trace.visits(number, to, self.seconds());
            self.note_taken_by(to);
        }
        if id.is_none() && from != OUTSIDE {
            self.parcels.end(place);
            return;
        }
        let at = self.one_way_from_now();
        let is_late = at > self.gives_up_at(place);
        if is_late || self.is_cut(from, to) || self.happens_by_chance(self.scenario.answer_loss) {
            self.times_out(place);
            return;
        }
        if matches!(end, End::Taken) {
            self.parcels.at_mut(place).taken = Some(self.towers[to as usize].failures);
        }
        self.calendar.note(at, Happening::Ends(place, end));
    }

    /// Gives a payload to a node, as the listener of a real one does.
    fn deliver(&mut self, from: u32, to: u32, payload: Payload) -> End {
        let (now, remote) = (self.time(), self.remote(from));
        let tower = &mut self.towers[to as usize];
        let Some(core) = &mut tower.core else { return End::Unreachable };
        core.swap_outputs(&mut self.outputs);
        if let Some(answer) = remote.and_then(|remote| core.allow_payload(remote, now).err()) {
            self.attend_to(to);
            return End::Refused(answer.status);
        }
        let answer = core.receive(payload, remote, now);
        self.attend_to(to);
        if answer.status == 200 { End::Taken } else { End::Refused(answer.status) }
    }

    /// The network address that a sender has for others.
    fn remote(&self, from: u32) -> Option<IpAddr> {
        // From the range for private networks, of which there are enough.
        let address = |number: u32| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | number));
        match from {
            OUTSIDE => Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
            node => self.scenario.limits.then(|| address(node)),
        }
    }

    fn ends(&mut self, place: u32, end: End) {
        let Parcel { from, failures, id, repeat, sent, message, .. } = *self.parcels.at(place);
        if repeat == 0 || matches!(end, End::Taken) {
            self.parcels.end(place);
        } else {
            self.calendar.note(self.after(f64::from(repeat)), Happening::Announces(place));
        }
        let (Some(id), now) = (id, self.time()) else { return };
        let tower = &mut self.towers[from as usize];
        let Some(core) = tower.core.as_mut().filter(|_| tower.failures == failures) else {
            // What it had of the message is gone with it.
            message.into_iter().for_each(|message| self.trace.leaves(message));
            return;
        };
        core.swap_outputs(&mut self.outputs);
        let round_trip = Duration::from_nanos(self.now - sent);
        core.handle_delivery(id, end.outcome(round_trip), now);
        if let Some(message) = message {
            if matches!(end, End::Taken) {
                self.deliveries += 1;
                self.note_delivery();
                self.trace.leaves(message);
            } else {
                self.failures += 1;
            }
        }
        self.attend_to(from);
    }

    /// A node makes itself known again to one that did not answer, unless it has failed meanwhile.
    fn announces_again(&mut self, place: u32) {
        let Parcel { from, to, failures, repeat, .. } = *self.parcels.at(place);
        self.parcels.end(place);
        let address = self.addresses.of_node(to);
        let tower = &mut self.towers[from as usize];
        let Some(core) = tower.core.as_mut().filter(|_| tower.failures == failures) else { return };
        core.swap_outputs(&mut self.outputs);
        core.announce(&address, &mut self.rng);
        self.send_all(from, (repeat * 2).min(LONGEST_WAIT));
        self.attend_to(from);
    }
}

/// Each message that is sent is three things that happen, up to the next of its sender or the end of its way.
fn calendar_for(scenario: &Scenario) -> Calendar<Happening> {
    let senders = f64::from(scenario.nodes().min(scenario.messages.max(1)));
    Calendar::of(3.0 * senders * scenario.send_rate, 1.25 / scenario.send_rate)
}

impl End {
    fn outcome(self, round_trip: Duration) -> Outcome {
        match self {
            Self::Taken => Outcome::taken(round_trip),
            Self::Refused(status) => Outcome::refused(status),
            Self::Unreachable => Outcome::Failed(Failure::Connection(String::new())),
            Self::TimedOut => Outcome::Failed(Failure::TimedOut),
        }
    }
}
