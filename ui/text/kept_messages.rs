//! A memory budget for whole messages, shared by sender. Over the budget, the sender with the most bytes loses its
//! oldest messages first.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
};

use crate::format;
use clacks_feed::Key;

/// Bytes at the start of a message that are always kept.
const BEGINNING: usize = 200;

/// The sender that a message's memory is charged to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The user of this node.
    Own,
    /// A remote IPv4 address, or the first address of an IPv6 /64 network, because hosts choose the rest freely.
    Place(IpAddr),
    /// A peer whose remote address is not known.
    Peer(Key),
    /// Unknown, or an outbound message.
    Other,
}

impl Sender {
    /// The sender of a message: the remote address or its /64 network if known, otherwise the peer.
    pub fn of(remote: Option<IpAddr>, peer: impl FnOnce() -> Key) -> Self {
        match remote.map(|remote| remote.to_canonical()) {
            Some(IpAddr::V6(v6)) => {
                let network = Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX));
                Self::Place(network.into())
            }
            Some(v4) => Self::Place(v4),
            None => Self::Peer(peer()),
        }
    }
}

/// The whole messages that are kept, by sender and number.
#[derive(Debug, Clone, Default)]
pub struct KeptMessages {
    bytes: usize,
    by_sender: HashMap<Sender, KeptShare>,
}

/// The messages of one sender by their numbers, with their sizes.
#[derive(Debug, Clone, Default)]
struct KeptShare {
    bytes: usize,
    sizes: BTreeMap<u64, usize>,
}

impl KeptMessages {
    /// Counts a message of `size` bytes under a number. A message of at most 200 bytes is not counted, because its beginning is always
    /// kept.
    pub fn add(&mut self, number: u64, size: usize, sender: impl FnOnce() -> Sender) {
        if size <= BEGINNING {
            return;
        }
        let share = self.by_sender.entry(sender()).or_default();
        if share.sizes.insert(number, size).is_none() {
            share.bytes += size;
            self.bytes += size;
        }
    }

    /// Stops counting a message.
    pub fn remove(&mut self, sender: &Sender, number: u64) {
        let Some(share) = self.by_sender.get_mut(sender) else { return };
        let size = share.sizes.remove(&number).unwrap_or(0);
        share.bytes -= size;
        self.bytes -= size;
        if share.sizes.is_empty() {
            self.by_sender.remove(sender);
        }
    }

    /// Removes one message from the count if more than `most` bytes are counted, and returns its number: the oldest of
    /// the sender with the most bytes. The caller cuts it.
    pub fn pop_over(&mut self, most: usize) -> Option<u64> {
        if self.bytes <= most {
            return None;
        }
        let (sender, share) = self.by_sender.iter().max_by_key(|(_, share)| share.bytes)?;
        let (sender, number) = (sender.clone(), *share.sizes.first_key_value()?.0);
        self.remove(&sender, number);
        Some(number)
    }

    /// The bytes of all messages that are kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The first 200 bytes of a message, with the size of the rest and six hex digits of `digest`, which distinguish
/// messages with equal beginnings. `whole` are its characters.
pub fn beginning(whole: &str, digest: u64) -> String {
    let end = format::char_boundary(whole, BEGINNING);
    let missing = format::size(whole.len() - end);
    format!("{}\u{2026} ({missing} more not kept, #{:06x})", &whole[..end], digest & 0xff_ffff)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn peer(number: u8) -> Sender {
        Sender::of(None, || format!("tower-{number}:1").into())
    }

    #[test]
    fn whoever_has_the_most_loses_its_own_oldest_first() {
        let mut kept = KeptMessages::default();
        (0..10).for_each(|number| kept.add(number, 300, || peer(1)));
        (10..40).for_each(|number| kept.add(number, 1000, || peer(2)));
        let cut: Vec<_> = std::iter::from_fn(|| kept.pop_over(10_000)).collect();
        assert_eq!(cut, (10..33).collect::<Vec<_>>());
        assert_eq!(kept.bytes(), 3000 + 7000);
    }

    #[test]
    fn names_from_one_place_are_one_sender() {
        let of = |name: &str, remote: &str| Sender::of(remote.parse().ok(), || name.into());
        assert_eq!(of("a:1", "192.0.2.1"), of("b:1", "::ffff:192.0.2.1"));
        assert_eq!(of("a:1", "2001:db8::1"), of("b:1", "2001:db8::ffff:1"));
        assert_ne!(of("a:1", "2001:db8::1"), of("a:1", "2001:db8:0:1::1"));
        assert_ne!(of("a:1", "192.0.2.1"), of("a:1", "192.0.2.2"));
    }

    #[test]
    fn a_beginning_says_what_is_missing_and_is_cut_between_characters() {
        let long = "\u{20ac}".repeat(1000);
        let cut = beginning(&long, 0xabc);
        assert!(
            cut.starts_with(&"\u{20ac}".repeat(66)) && cut.ends_with(" more not kept, #000abc)"),
            "{cut}"
        );
        assert!(cut.len() < BEGINNING + 60);
        assert_ne!(beginning(&long, 1), beginning(&long, 2));
    }

    proptest! {
        #[test]
        fn what_is_counted_is_what_is_kept(steps in vec((0_u8..4, 0_u64..20, 1_usize..2000, any::<bool>()), 1..200)) {
            let mut kept = KeptMessages::default();
            let mut model: BTreeMap<u64, (u8, usize)> = BTreeMap::new();
            for (sender, number, size, adds) in steps {
                if adds && !model.contains_key(&number) {
                    kept.add(number, size + 2, || peer(sender));
                    if size + 2 > BEGINNING {
                        model.insert(number, (sender, size + 2));
                    }
                } else if let Some((sender, _)) = model.remove(&number) {
                    kept.remove(&peer(sender), number);
                }
                while let Some(number) = kept.pop_over(5000) {
                    prop_assert!(model.remove(&number).is_some());
                }
                let bytes: usize = model.values().map(|(_, size)| size).sum();
                prop_assert_eq!(kept.bytes(), bytes);
                prop_assert!(bytes <= 5000);
            }
        }
    }
}
