//! Faults: failures of nodes, a partition, and a flood of made-up names.

use rand::RngExt;
use rand_distr::{Distribution, Exp};

use crate::{
    core::Status,
    protocol::{Address, Kind, Message, Payload},
};

use super::{
    Churn, Flood, Outage, Outages, Partition, Simulation,
    addresses::Addresses,
    network::{OUTSIDE, SimEvent},
    packets::Packet,
    trace::Number,
};

/// Measurements of the faults.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) outage: Option<OutageProbe>,
    /// Number of made-up names.
    made_up_names: u64,
    /// Number of deliveries before and during the flood.
    delivered: (u64, u64),
}

/// Measures the failure and return of one node.
#[derive(Debug, Default)]
pub(super) struct OutageProbe {
    failed: Option<f64>,
    returned: Option<f64>,
    outage: Outage,
}

impl OutageProbe {
    pub(super) fn outage(&self) -> Outage {
        self.outage
    }
}

impl Simulation {
    /// Schedules the faults of the scenario.
    pub(super) fn schedule_faults(&mut self) {
        if let Some(churn) = self.scenario.churn {
            (0..self.scenario.nodes())
                .for_each(|node| self.schedule_after(churn.mean_up, SimEvent::Failure(node)));
        }
        if let Some(Outages { node, from, until }) = self.scenario.outage {
            self.faults.outage = Some(OutageProbe::default());
            self.events.schedule((from * 1e9) as u64, SimEvent::Failure(node));
            self.events.schedule((until * 1e9) as u64, SimEvent::Return(node));
        }
        if let Some(Flood { from, .. }) = self.scenario.flood {
            self.events.schedule((from * 1e9) as u64, SimEvent::Flood);
        }
    }

    /// Schedules an event after an exponentially distributed time with this mean in seconds.
    fn schedule_after(&mut self, mean: f64, what: SimEvent) {
        // The distribution accepts every mean that the scenario check accepts.
        let after = Exp::new(1.0 / mean).map_or(mean, |time| time.sample(&mut self.rng));
        let at = self.after(after);
        self.events.schedule(at, what);
    }

    /// A node fails: its peers and messages are lost.
    pub(super) fn on_failure(&mut self, node: u32) {
        self.watch_failure(node);
        let sim_node = &mut self.sim_nodes[node as usize];
        let Some(core) = sim_node.core.take() else { return };
        sim_node.failures += 1;
        // Messages in flight are lost when their delivery ends.
        for queued in core.queue(0..usize::MAX) {
            Number::of(&queued.message).into_iter().for_each(|message| self.trace.remove_copy(message));
        }
        if let Some(Churn { mean_down, .. }) = self.scenario.churn {
            self.schedule_after(mean_down, SimEvent::Return(node));
        }
    }

    /// A node returns with its initial peers.
    pub(super) fn on_return(&mut self, node: u32) {
        if self.is_up(node) {
            return;
        }
        self.join(node);
        let now = self.seconds();
        if let Some(probe_of) = self.probe_of(node) {
            probe_of.returned = Some(now);
        }
        if let Some(Churn { mean_up, .. }) = self.scenario.churn {
            self.schedule_after(mean_up, SimEvent::Failure(node));
        }
    }

    /// Whether the partition separates two nodes now.
    pub(super) fn is_partitioned(&self, one: u32, other: u32) -> bool {
        let Some(Partition { from, until, share }) = self.scenario.partition else { return false };
        if one == OUTSIDE || other == OUTSIDE {
            return false;
        }
        let border = (f64::from(self.scenario.nodes()) * share) as u32;
        (from..until).contains(&self.seconds()) && (one < border) != (other < border)
    }

    /// The stranger sends a payload with a made-up friend to a random node.
    pub(super) fn on_flood(&mut self) {
        let Some(Flood { until, rate, .. }) = self.scenario.flood else { return };
        let next = self.after(1.0 / rate);
        if next <= (until * 1e9) as u64 {
            self.events.schedule(next, SimEvent::Flood);
        }
        self.faults.made_up_names += 1;
        let to = self.rng.random_range(0..self.scenario.nodes());
        if let Some(payload) = made_up_payload(self.faults.made_up_names) {
            let sent = self.now;
            let (from, payload) = (OUTSIDE, Some(payload));
            self.send_packet(Packet {
                from,
                failures: 0,
                to,
                hash: 0,
                id: None,
                repeat: 0,
                sent,
                payload,
                message: None,
                accepted_by: None,
            });
        }
    }

    /// Counts a delivery for the flood.
    pub(super) fn record_delivery(&mut self) {
        let Some(Flood { from, until, .. }) = self.scenario.flood else { return };
        let now = self.seconds();
        let (before, during) = &mut self.faults.delivered;
        *before += u64::from(now < from);
        *during += u64::from((from..until).contains(&now));
    }

    /// Deliveries per second before and during the flood.
    pub(super) fn flood_rates(&self) -> Option<(f64, f64)> {
        let Flood { from, until, .. } = self.scenario.flood?;
        let (before, during) = self.faults.delivered;
        let now = self.seconds();
        let lasted = (now.min(until) - from).max(f64::MIN_POSITIVE);
        Some((before as f64 / from.min(now).max(f64::MIN_POSITIVE), during as f64 / lasted))
    }

    // === The outage of one node ===

    fn probe_of(&mut self, node: u32) -> Option<&mut OutageProbe> {
        let is_it = self.scenario.outage.is_some_and(|outage| outage.node == node);
        self.faults.outage.as_mut().filter(|_| is_it)
    }

    fn watch_failure(&mut self, node: u32) {
        if self.probe_of(node).is_none() {
            return;
        }
        let (known_by, now) = (self.known_by(node), self.seconds());
        if let Some(probe_of) = self.probe_of(node).filter(|probe_of| probe_of.failed.is_none()) {
            probe_of.failed = Some(now);
            probe_of.outage.known_by = known_by;
        }
    }

    /// Records that a node accepted a message.
    pub(super) fn record_accepted(&mut self, node: u32) {
        let now = self.seconds();
        let Some(probe_of) = self.probe_of(node) else { return };
        if let Some(returned) = probe_of.returned {
            probe_of.outage.found.get_or_insert(now - returned);
        }
    }

    /// Counts the nodes for which the failed node is new or alive.
    pub(super) fn watch(&mut self) {
        let Some(Outages { node, .. }) = self.scenario.outage else { return };
        let (known_by, now) = (self.known_by(node), self.seconds());
        let Some(OutageProbe { failed, returned, outage }) = &mut self.faults.outage else { return };
        match (failed, returned) {
            (Some(failed), None) if known_by == 0 => {
                outage.forgotten.get_or_insert(now - *failed);
            }
            (_, Some(returned)) if known_by * 2 >= outage.known_by => {
                outage.known_again.get_or_insert(now - *returned);
            }
            _ => {}
        }
    }

    /// Number of nodes for which this node is new or alive.
    fn known_by(&self, node: u32) -> u32 {
        let address = self.addresses.of_node(node);
        let peers = self.sim_nodes.iter().filter_map(|sim_node| sim_node.core.as_ref()?.peer(&address));
        peers.filter(|peer| matches!(peer.status, Status::New | Status::Alive)).count() as u32
    }
}

/// A payload without a message, with a made-up sender and friend.
fn made_up_payload(number: u64) -> Option<Payload> {
    let sender: Address = Addresses::made_up(0)?;
    let friend = Addresses::made_up(number)?;
    Some(Payload { message: Message::null(), kind: Kind::Announce, sender, friend: Some(friend) })
}
