//! Refusals of messages by peers.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

use clacks_transport::rate_limit_key;

use crate::protocol::Address;

use super::MessageId;

/// Number of different rate-limit keys whose refusals make a message held. It is also the number of times that a
/// message is sent to peers that refused it, while there are no others.
const ENOUGH: usize = 3;
/// Number of refusals that make a message held, even if they all have one rate-limit key.
const MOST: usize = 12;

/// The refusals of the messages at this node, by message id. Messages that were not refused have no entry.
#[derive(Debug, Default)]
pub(super) struct Refusals(HashMap<MessageId, Refused>);

/// The refusals of one message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Refused {
    times: usize,
    peers: BTreeSet<Address>,
    /// Rate-limit keys of the responses, as far as they are known.
    places: BTreeSet<IpAddr>,
    /// Number of refusals with unknown rate-limit key.
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

    /// Whether sending the message again is pointless. `are_others_there` says whether a peer has not refused it yet.
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

    /// Moves the refusals of a message to its new id.
    pub(super) fn rename(&mut self, from: MessageId, to: MessageId) {
        if let Some(refused) = self.forget(from) {
            self.0.insert(to, refused);
        }
    }

    /// Restores the refusals of a message.
    pub(super) fn put(&mut self, id: MessageId, refused: Refused) {
        self.0.insert(id, refused);
    }

    /// Forgets the refusals of a message.
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

    /// The refusals, each with its rate-limit key, and whether they are enough with and without other peers.
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
