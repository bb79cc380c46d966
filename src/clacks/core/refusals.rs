//! Who refused which message.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

use clacks_transport::rate_limit_key;

use crate::protocol::Address;

use super::MessageId;

/// A message that so many different peers refused is set aside. It is also how often one is sent to peers that refused
/// it while there are no others.
const ENOUGH: usize = 3;
/// A message that was refused so often is set aside, even if it was always by the same place.
const MOST: usize = 12;

/// The refusals of the messages that are here and were refused, by their tickets.
#[derive(Debug, Default)]
pub(super) struct Refusals(HashMap<MessageId, Refused>);

/// The refusals of one message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Refused {
    times: usize,
    peers: BTreeSet<Address>,
    /// Where they answered, as far as it is known.
    places: BTreeSet<IpAddr>,
    /// How many answered from a place that is not known.
    elsewhere: usize,
}

impl Refused {
    /// A peer refused the message.
    pub(super) fn record(&mut self, peer: &Address, remote: Option<IpAddr>) {
        self.times += 1;
        let is_another = self.peers.insert(peer.clone());
        match remote {
            Some(remote) => _ = self.places.insert(rate_limit_key(remote)),
            None => self.elsewhere += usize::from(is_another),
        }
    }

    /// Whether it is of no use to send the message again, with or without peers that have not refused it.
    pub(super) fn is_enough(&self, are_others_there: bool) -> bool {
        let most = if are_others_there { MOST } else { ENOUGH };
        self.places.len() + self.elsewhere >= ENOUGH || self.times >= most
    }

    pub(super) fn is_by(&self, peer: &Address) -> bool {
        self.peers.contains(peer)
    }

    /// The peers that refused it.
    pub(super) fn peers(&self) -> impl Iterator<Item = &Address> {
        self.peers.iter()
    }
}

impl Refusals {
    pub(super) fn of(&self, id: MessageId) -> Option<&Refused> {
        self.0.get(&id)
    }

    pub(super) fn of_mut(&mut self, id: MessageId) -> &mut Refused {
        self.0.entry(id).or_default()
    }

    /// The message has another ticket.
    pub(super) fn rename(&mut self, from: MessageId, to: MessageId) {
        if let Some(refused) = self.forget(from) {
            self.0.insert(to, refused);
        }
    }

    /// Notes what is known of a message that is here again.
    pub(super) fn put(&mut self, id: MessageId, refused: Refused) {
        self.0.insert(id, refused);
    }

    /// Forgets who refused a message.
    pub(super) fn forget(&mut self, id: MessageId) -> Option<Refused> {
        let refused = self.0.remove(&id);
        if self.0.is_empty() {
            self.0 = HashMap::new();
        }
        refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who refused it from where, and whether that is enough with and without others.
    #[test]
    fn it_is_enough_after_three_places_or_after_many_tries() {
        let place = |number: u8| Some(IpAddr::from([10, 0, 0, number]));
        let peer = |number: u16| Address::new("peer", number).unwrap();
        for (refusals, with_others, without) in [
            (vec![(1, None), (2, None), (3, None)], true, true),
            (vec![(1, place(1)), (2, place(2)), (3, None)], true, true),
            (vec![(1, place(1)), (2, place(1)), (3, place(1))], false, true),
            (vec![(1, None), (1, None)], false, false),
            (vec![(1, None), (1, None), (1, None)], false, true),
            (vec![(1, place(1)); MOST - 1], false, true),
            (vec![(1, place(1)); MOST], true, true),
        ] {
            let mut refused = Refused::default();
            refusals.iter().for_each(|(number, remote)| refused.record(&peer(*number), *remote));
            assert_eq!((refused.is_enough(true), refused.is_enough(false)), (with_others, without));
        }
    }
}
