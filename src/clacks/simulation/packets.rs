//! Packets in flight.

use crate::{core::DeliveryId, protocol::Payload};

use super::trace::Number;

/// A packet from one node to another.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) from: u32,
    /// Number of failures of the sender when it sent the packet.
    pub(super) failures: u32,
    pub(super) to: u32,
    /// The hash of the receiver's address, for lookups.
    pub(super) hash: u64,
    /// The id of the delivery at the sender; `None` for a packet from outside.
    pub(super) id: Option<DeliveryId>,
    /// For an announce, the pause in seconds before it is repeated if it fails; otherwise 0.
    pub(super) repeat: u32,
    pub(super) sent: u64,
    pub(super) payload: Option<Payload>,
    pub(super) message: Option<Number>,
    /// Set while the receiver has accepted the packet and the sender does not know: the number of failures of the
    /// receiver.
    pub(super) accepted_by: Option<u32>,
}

/// The packets in flight, in reusable slots.
#[derive(Debug, Default)]
pub(super) struct Packets {
    slots: Vec<Packet>,
    free: Vec<u32>,
}

impl Packets {
    pub(super) fn insert(&mut self, packet: Packet) -> u32 {
        if let Some(index) = self.free.pop() {
            self.slots[index as usize] = packet;
            return index;
        }
        self.slots.push(packet);
        self.slots.len() as u32 - 1
    }

    pub(super) fn at(&self, index: u32) -> &Packet {
        &self.slots[index as usize]
    }

    pub(super) fn at_mut(&mut self, index: u32) -> &mut Packet {
        &mut self.slots[index as usize]
    }

    /// The packets of all slots, including unused ones.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Packet> {
        self.slots.iter()
    }

    pub(super) fn end(&mut self, index: u32) {
        let packet = self.at_mut(index);
        (packet.payload, packet.message, packet.accepted_by) = (None, None, None);
        self.free.push(index);
    }
}
