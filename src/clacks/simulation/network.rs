//! The nodes and the events between them.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::{
    core::{Core, Delivery, DeliveryResult, Failure, Now, Options, Outputs},
    protocol::{Kind, Payload},
};

use super::{
    MessagePlacement, Scenario, ScenarioError,
    addresses::Addresses,
    event_queue::EventQueue,
    faults::Faults,
    latency::LatencySampler,
    packets::{Packet, Packets},
    trace::{Number, Trace},
};

/// The wall clock at the start, in milliseconds since the Unix epoch. Its value is arbitrary.
const STARTED: u64 = 1_700_000_000_000;
/// Pause in seconds before a failed announce is repeated. It doubles with each further failure, as in the program
/// `clacks`.
const FIRST_REPEAT: u32 = 1;
/// Maximum pause in seconds.
const MAX_REPEAT: u32 = 60;
/// The sender of packets from outside the network.
pub(super) const OUTSIDE: u32 = u32::MAX;

/// A network of nodes on a virtual clock. See the [module](crate::simulation).
#[derive(Debug)]
pub struct Simulation {
    pub(super) scenario: Scenario,
    options: Arc<Options>,
    pub(super) addresses: Addresses,
    pub(super) sim_nodes: Vec<SimNode>,
    pub(super) events: EventQueue<SimEvent>,
    pub(super) packets: Packets,
    /// Lent to each node during its event.
    outputs: Outputs,
    pub(super) rng: Pcg64,
    sampler: LatencySampler,
    /// Virtual time in nanoseconds since the start.
    pub(super) now: u64,
    pub(super) trace: Trace,
    pub(super) faults: Faults,
    pub(super) deliveries: u64,
    pub(super) failures: u64,
    /// Number of next events whose memory was prefetched.
    prefetched: usize,
}

/// One node.
#[derive(Debug)]
pub(super) struct SimNode {
    /// `None` while the node is down.
    pub(super) core: Option<Core>,
    /// Time of its timer in nanoseconds; [`NEVER`] if there is none.
    pub(super) wake: u64,
    /// Number of its failures. Events from before a failure are ignored after it.
    pub(super) failures: u32,
}

const NEVER: u64 = u64::MAX;

/// An event.
#[derive(Debug, Clone, Copy)]
pub(super) enum SimEvent {
    /// The timer of a node.
    Wake(u32),
    /// A node repeats an announce, that of the failed packet.
    Announce(u32),
    /// A packet arrives.
    Arrival(u32),
    /// The sender of a packet learns the result.
    Result(u32, PacketResult),
    /// A node fails.
    Failure(u32),
    /// A node returns.
    Return(u32),
    /// The stranger sends a payload.
    Flood,
}

/// The result of a packet for its sender.
#[derive(Debug, Clone, Copy)]
pub(super) enum PacketResult {
    Accepted,
    Refused(u16),
    /// No node has the address.
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
            sim_nodes: Vec::with_capacity(nodes as usize),
            events: events_for(&scenario),
            packets: Packets::default(),
            outputs: Outputs::default(),
            rng: Pcg64::seed_from_u64(scenario.seed),
            sampler: scenario.latency.sampler(),
            now: 0,
            trace: Trace::new(nodes, scenario.messages),
            faults: Faults::default(),
            deliveries: 0,
            failures: 0,
            prefetched: 0,
            scenario,
        };
        simulation.sim_nodes.extend((0..nodes).map(|_| SimNode { core: None, wake: NEVER, failures: 0 }));
        (0..nodes).for_each(|node| simulation.join(node));
        simulation.start_messages();
        simulation.schedule_faults();
        Ok(simulation)
    }

    /// Starts a node. It announces itself to its initial peers, or adds them.
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
        self.sim_nodes[node as usize].core = Some(core);
        self.flush_outputs(node);
    }

    fn start_messages(&mut self) {
        let (messages, nodes) = (self.scenario.messages, u64::from(self.scenario.nodes()));
        for number in 0..messages {
            let node = match self.scenario.origin {
                MessagePlacement::First => 0,
                MessagePlacement::Spread => (u64::from(number) * nodes / u64::from(messages)) as u32,
            };
            let now = self.time();
            let Some(core) = &mut self.sim_nodes[node as usize].core else { continue };
            core.swap_outputs(&mut self.outputs);
            if core.enqueue(Number::message(number), now).is_ok() {
                self.trace.start_message(number, node);
            }
            self.flush_outputs(node);
        }
    }

    // === Time ===

    /// The virtual clock, since the start.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.now)
    }

    /// The virtual clock in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.now().as_secs_f64()
    }

    pub(super) fn time(&self) -> Now {
        let uptime = self.now();
        Now { uptime, unix_ms: STARTED + uptime.as_millis() as u64 }
    }

    /// Runs the simulation until the virtual time `end`, or until the scenario ends. Returns whether it has not ended.
    pub fn run_until(&mut self, end: Duration) -> bool {
        self.run(end, u64::MAX)
    }

    /// As [`run_until`](Self::run_until), but returns after at most this many deliveries, so that the caller can
    /// display them.
    pub fn run(&mut self, end: Duration, deliveries: u64) -> bool {
        let duration = super::scenario::seconds(self.scenario.duration);
        let end = end.min(duration);
        let last = self.deliveries.saturating_add(deliveries);
        let nanos = u64::try_from(end.as_nanos()).unwrap_or(NEVER);
        while !self.is_scenario_over() && self.deliveries < last {
            if self.prefetched == 0 {
                self.prefetched = self.prefetch().max(1);
            }
            self.prefetched = self.prefetched.saturating_sub(1);
            let Some((at, event)) = self.events.next_before(nanos) else {
                self.now = self.now.max(nanos);
                return end < duration;
            };
            self.now = at;
            self.handle(event);
        }
        !self.is_scenario_over()
    }

    /// Runs the simulation until one message was delivered. Returns whether the scenario has not ended.
    pub fn step(&mut self) -> bool {
        self.run(Duration::MAX, 1)
    }

    /// Whether the scenario has ended.
    pub fn has_ended(&self) -> bool {
        self.is_scenario_over() || self.now() >= super::scenario::seconds(self.scenario.duration)
    }

    /// Progress of the scenario from 0 to 1, by time or by deliveries, whichever is greater.
    pub fn progress(&self) -> f64 {
        let Scenario { deliveries, duration, .. } = self.scenario;
        let by_deliveries = if deliveries > 0 { self.deliveries as f64 / deliveries as f64 } else { 0.0 };
        by_deliveries.max(self.seconds() / duration).min(1.0)
    }

    fn is_scenario_over(&self) -> bool {
        let Scenario { deliveries, until_visited, .. } = self.scenario;
        (deliveries > 0 && self.deliveries >= deliveries)
            || (until_visited > 0.0 && self.trace.first_visited() >= until_visited)
    }

    fn handle(&mut self, event: SimEvent) {
        match event {
            SimEvent::Wake(node) => self.on_timer(node),
            SimEvent::Announce(slot) => self.repeat_announce(slot),
            SimEvent::Arrival(slot) => self.on_arrival(slot),
            SimEvent::Result(slot, end) => self.on_result(slot, end),
            SimEvent::Failure(node) => self.on_failure(node),
            SimEvent::Return(node) => self.on_return(node),
            SimEvent::Flood => self.on_flood(),
        }
    }

    pub(super) fn after(&self, seconds: f64) -> u64 {
        self.now.saturating_add((seconds * 1e9) as u64)
    }

    // === What nodes do ===

    fn on_timer(&mut self, node: u32) {
        let now = self.time();
        let sim_node = &mut self.sim_nodes[node as usize];
        if sim_node.wake != self.now {
            return;
        }
        sim_node.wake = NEVER;
        if let Some(core) = &mut sim_node.core {
            core.swap_outputs(&mut self.outputs);
            core.handle_timeout(now, &mut self.rng);
            self.flush_outputs(node);
        }
    }

    /// Processes the outputs of a node after an event, and returns the lent memory.
    pub(super) fn flush_outputs(&mut self, node: u32) {
        self.send_all(node, FIRST_REPEAT);
        let sim_node = &mut self.sim_nodes[node as usize];
        let Some(core) = &mut sim_node.core else { return };
        core.swap_outputs(&mut self.outputs);
        let Some(wake) = core.poll_timeout() else { return };
        let wake = u64::try_from(wake.as_nanos()).unwrap_or(NEVER).max(self.now);
        if wake < sim_node.wake {
            sim_node.wake = wake;
            self.events.schedule(wake, SimEvent::Wake(node));
        }
    }

    /// Sends the payloads of a node. Failed announces among them are repeated after this many seconds.
    fn send_all(&mut self, node: u32, repeat: u32) {
        while let Some(delivery) = self.sim_nodes[node as usize].core.as_mut().and_then(Core::poll_delivery) {
            self.send(node, delivery, repeat);
        }
    }

    fn send(&mut self, from: u32, delivery: Delivery, repeat: u32) {
        let failures = self.sim_nodes[from as usize].failures;
        let to = Addresses::node(&delivery.to);
        let is_message = delivery.payload.kind == Kind::Message;
        let packet = Packet {
            message: is_message.then(|| Number::of(&delivery.payload.message)).flatten(),
            from,
            failures,
            to: to.unwrap_or(OUTSIDE),
            hash: delivery.to.table_hash(),
            id: Some(delivery.id),
            repeat: if delivery.payload.kind == Kind::Announce { repeat } else { 0 },
            sent: self.now,
            payload: Some(delivery.payload),
            accepted_by: None,
        };
        self.send_packet(packet);
    }

    /// Sends a packet.
    pub(super) fn send_packet(&mut self, packet: Packet) {
        let (from, to) = (packet.from, packet.to);
        let slot = self.packets.insert(packet);
        if to == OUTSIDE {
            // No node has the address.
            let at = self.one_way_from_now();
            self.events.schedule(at, SimEvent::Result(slot, PacketResult::Unreachable));
        } else if self.is_partitioned(from, to) || self.is_drawn(self.scenario.loss) {
            self.on_timeout(slot);
        } else {
            let at = self.one_way_from_now();
            let slot = if at > self.timeout_at(slot) { self.detach(slot) } else { slot };
            self.events.schedule(at, SimEvent::Arrival(slot));
        }
    }

    /// The time-out of a packet, in nanoseconds.
    fn timeout_at(&self, slot: u32) -> u64 {
        self.packets.at(slot).sent.saturating_add((self.scenario.timeout * 1e9) as u64)
    }

    /// Handles a time-out before the packet arrives. The packet continues without a waiting sender. Returns its new
    /// slot. A packet from outside has no waiting sender anyway.
    fn detach(&mut self, slot: u32) -> u32 {
        let Packet { from, failures, to, hash, id, repeat, sent, message, ref mut payload, .. } =
            *self.packets.at_mut(slot);
        if id.is_none() {
            return slot;
        }
        let payload = payload.take();
        self.on_timeout(slot);
        let without_sender =
            Packet { from, failures, to, hash, id: None, repeat, sent, payload, message, accepted_by: None };
        self.packets.insert(without_sender)
    }

    fn one_way_from_now(&mut self) -> u64 {
        let seconds = self.sampler.draw(&mut self.rng);
        self.after(seconds)
    }

    fn on_timeout(&mut self, slot: u32) {
        let at = self.timeout_at(slot);
        self.events.schedule(at.max(self.now), SimEvent::Result(slot, PacketResult::TimedOut));
    }

    pub(super) fn is_drawn(&mut self, share: f64) -> bool {
        // No number is drawn if the probability is zero, because that is faster.
        share > 0.0 && self.rng.random_bool(share)
    }

    fn on_arrival(&mut self, slot: u32) {
        let Packet { from, to, id, message, ref mut payload, .. } = *self.packets.at_mut(slot);
        let Some(payload) = payload.take() else { return };
        let end = self.deliver(from, to, payload);
        if let Some(number) = message.filter(|_| matches!(end, PacketResult::Accepted)) {
            self.trace.visits(number, to, self.seconds());
            self.record_accepted(to);
        }
        if id.is_none() && from != OUTSIDE {
            self.packets.end(slot);
            return;
        }
        let at = self.one_way_from_now();
        let is_late = at > self.timeout_at(slot);
        if is_late || self.is_partitioned(from, to) || self.is_drawn(self.scenario.answer_loss) {
            self.on_timeout(slot);
            return;
        }
        if matches!(end, PacketResult::Accepted) {
            self.packets.at_mut(slot).accepted_by = Some(self.sim_nodes[to as usize].failures);
        }
        self.events.schedule(at, SimEvent::Result(slot, end));
    }

    /// Passes a payload to a node, as the listener of a real node does.
    fn deliver(&mut self, from: u32, to: u32, payload: Payload) -> PacketResult {
        let (now, remote) = (self.time(), self.remote(from));
        let sim_node = &mut self.sim_nodes[to as usize];
        let Some(core) = &mut sim_node.core else { return PacketResult::Unreachable };
        core.swap_outputs(&mut self.outputs);
        if let Some(answer) = remote.and_then(|remote| core.allow_payload(remote, now).err()) {
            self.flush_outputs(to);
            return PacketResult::Refused(answer.status);
        }
        let answer = core.receive(payload, remote, now);
        self.flush_outputs(to);
        if answer.status == 200 { PacketResult::Accepted } else { PacketResult::Refused(answer.status) }
    }

    /// The remote address of a sender.
    fn remote(&self, from: u32) -> Option<IpAddr> {
        // From a range for private networks that is large enough.
        let address = |number: u32| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | number));
        match from {
            OUTSIDE => Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
            node => self.scenario.limits.then(|| address(node)),
        }
    }

    fn on_result(&mut self, slot: u32, end: PacketResult) {
        let Packet { from, failures, id, repeat, sent, message, .. } = *self.packets.at(slot);
        if repeat == 0 || matches!(end, PacketResult::Accepted) {
            self.packets.end(slot);
        } else {
            self.events.schedule(self.after(f64::from(repeat)), SimEvent::Announce(slot));
        }
        let (Some(id), now) = (id, self.time()) else { return };
        let sim_node = &mut self.sim_nodes[from as usize];
        let Some(core) = sim_node.core.as_mut().filter(|_| sim_node.failures == failures) else {
            // The copy of the message is lost with the node.
            message.into_iter().for_each(|message| self.trace.remove_copy(message));
            return;
        };
        core.swap_outputs(&mut self.outputs);
        let round_trip = Duration::from_nanos(self.now - sent);
        core.handle_delivery(id, end.outcome(round_trip), now);
        if let Some(message) = message {
            if matches!(end, PacketResult::Accepted) {
                self.deliveries += 1;
                self.record_delivery();
                self.trace.remove_copy(message);
            } else {
                self.failures += 1;
            }
        }
        self.flush_outputs(from);
    }

    /// Repeats an announce that got no response, unless the node has failed since.
    fn repeat_announce(&mut self, slot: u32) {
        let Packet { from, to, failures, repeat, .. } = *self.packets.at(slot);
        self.packets.end(slot);
        let address = self.addresses.of_node(to);
        let sim_node = &mut self.sim_nodes[from as usize];
        let Some(core) = sim_node.core.as_mut().filter(|_| sim_node.failures == failures) else { return };
        core.swap_outputs(&mut self.outputs);
        core.announce(&address, &mut self.rng);
        self.send_all(from, (repeat * 2).min(MAX_REPEAT));
        self.flush_outputs(from);
    }
}

/// Each delivery of a message is three events, up to the next timer of its sender or the arrival.
fn events_for(scenario: &Scenario) -> EventQueue<SimEvent> {
    let senders = f64::from(scenario.nodes().min(scenario.messages.max(1)));
    EventQueue::of(3.0 * senders * scenario.send_rate, 1.25 / scenario.send_rate)
}

impl PacketResult {
    fn outcome(self, round_trip: Duration) -> DeliveryResult {
        match self {
            Self::Accepted => DeliveryResult::accepted(round_trip),
            Self::Refused(status) => DeliveryResult::refused(status),
            Self::Unreachable => DeliveryResult::Failed(Failure::Connection(String::new())),
            Self::TimedOut => DeliveryResult::Failed(Failure::TimedOut),
        }
    }
}
