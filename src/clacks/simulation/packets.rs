//! What is on its way.

use crate::{core::DeliveryId, protocol::Payload};

use super::trace::Number;

/// What is on its way from one node to another.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) from: u32,
    /// How often the sender had failed.
    pub(super) failures: u32,
    pub(super) to: u32,
    /// Of the receiver's address, by which its sender looks it up.
    pub(super) hash: u64,
    /// The sender's number for it; none for what comes from outside.
    pub(super) id: Option<DeliveryId>,
    /// In an announce, after how many seconds it is repeated if it fails; otherwise 0.
    pub(super) repeat: u32,
    pub(super) sent: u64,
    pub(super) payload: Option<Payload>,
    pub(super) message: Option<Number>,
    /// The receiver has it, and the sender does not know yet; how often the receiver had failed.
    pub(super) taken: Option<u32>,
}

/// What is on its way, each in a place that is used again.
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

    /// Those in all places, also where nothing is on its way any more.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Packet> {
        self.slots.iter()
    }

    pub(super) fn end(&mut self, index: u32) {
        let packet = self.at_mut(index);
        (packet.payload, packet.message, packet.taken) = (None, None, None);
        self.free.push(index);
    }
}
