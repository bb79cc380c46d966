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
const MAX_REFUSERS: usize = 3;
/// Number of refusals that make a message held, even if they all have one rate-limit key.
const MAX_REFUSALS: usize = 12;

/// The refusals of the messages at this node, by message id. Messages that were not refused have no entry.
#[derive(Debug, Default)]
pub(super) struct Refusals(HashMap<MessageId, MessageRefusals>);

/// The refusals of one message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct MessageRefusals {
    times: usize,
    peers: BTreeSet<Address>,
    /// Rate-limit keys of the responses, as far as they are known.
    places: BTreeSet<IpAddr>,
    /// Number of refusals with unknown rate-limit key.
    unknown_places: usize,
}

impl MessageRefusals {
    /// A peer refused the message.
    pub(super) fn record(&mut self, peer: &Address, remote: Option<IpAddr>) {
        self.times += 1;
        let is_another = self.peers.insert(peer.clone());
        match remote {
            Some(remote) => _ = self.places.insert(rate_limit_key(remote)),
            None => self.unknown_places += usize::from(is_another),
        }
    }

    /// Whether sending the message again is pointless. `has_others` says whether a peer has not refused it yet.
    pub(super) fn should_hold(&self, has_others: bool) -> bool {
        let most = if has_others { MAX_REFUSALS } else { MAX_REFUSERS };
        self.places.len() + self.unknown_places >= MAX_REFUSERS || self.times >= most
    }

    pub(super) fn contains(&self, peer: &Address) -> bool {
        self.peers.contains(peer)
    }

    /// The peers that refused it.
    pub(super) fn peers(&self) -> impl Iterator<Item = &Address> {
        self.peers.iter()
    }
}

impl Refusals {
    pub(super) fn of(&self, id: MessageId) -> Option<&MessageRefusals> {
        self.0.get(&id)
    }

    pub(super) fn of_mut(&mut self, id: MessageId) -> &mut MessageRefusals {
        self.0.entry(id).or_default()
    }

    /// Moves the refusals of a message to its new id.
    pub(super) fn change_id(&mut self, from: MessageId, to: MessageId) {
        if let Some(refused) = self.forget(from) {
            self.0.insert(to, refused);
        }
    }

    /// Restores the refusals of a message.
    pub(super) fn restore(&mut self, id: MessageId, refused: MessageRefusals) {
        self.0.insert(id, refused);
    }

    /// Forgets the refusals of a message.
    pub(super) fn forget(&mut self, id: MessageId) -> Option<MessageRefusals> {
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
    fn a_message_is_held_after_refusals_of_three_addresses_or_many_refusals() {
        let place = |number: u8| Some(IpAddr::from([10, 0, 0, number]));
        let peer = |number: u16| Address::new("peer", number).unwrap();
        for (refusals, with_others, without) in [
            (vec![(1, None), (2, None), (3, None)], true, true),
            (vec![(1, place(1)), (2, place(2)), (3, None)], true, true),
            (vec![(1, place(1)), (2, place(1)), (3, place(1))], false, true),
            (vec![(1, None), (1, None)], false, false),
            (vec![(1, None), (1, None), (1, None)], false, true),
            (vec![(1, place(1)); MAX_REFUSALS - 1], false, true),
            (vec![(1, place(1)); MAX_REFUSALS], true, true),
        ] {
            let mut refused = MessageRefusals::default();
            refusals.iter().for_each(|(number, remote)| refused.record(&peer(*number), *remote));
            assert_eq!((refused.should_hold(true), refused.should_hold(false)), (with_others, without));
        }
    }
}
