//! What is on its way.

use crate::{core::DeliveryId, protocol::Payload};

use super::trace::Number;

/// What is on its way from one node to another.
#[derive(Debug)]
pub(super) struct Parcel {
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
pub(super) struct Parcels {
    places: Vec<Parcel>,
    free: Vec<u32>,
}

impl Parcels {
    pub(super) fn put(&mut self, parcel: Parcel) -> u32 {
        if let Some(place) = self.free.pop() {
            self.places[place as usize] = parcel;
            return place;
        }
        self.places.push(parcel);
        self.places.len() as u32 - 1
    }

    pub(super) fn at(&self, place: u32) -> &Parcel {
        &self.places[place as usize]
    }

    pub(super) fn at_mut(&mut self, place: u32) -> &mut Parcel {
        &mut self.places[place as usize]
    }

    /// Those in all places, also where nothing is on its way any more.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Parcel> {
        self.places.iter()
    }

    pub(super) fn end(&mut self, place: u32) {
        let parcel = self.at_mut(place);
        (parcel.payload, parcel.message, parcel.taken) = (None, None, None);
        self.free.push(place);
    }
}
