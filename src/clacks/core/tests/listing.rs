//! The lists of peers and messages for a screen, compared with a naive sort.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// A node with one peer for each of these, and the same peers in the expected order.
fn listed(peers: Vec<(u8, u16, Status)>) -> (Core, Vec<Address>) {
    let mut core = core();
    for (host, port, status) in peers {
        let address = Address::new(["a", "b", "b-1", "::1", "10.0.0.1"][usize::from(host)], port).unwrap();
        match status {
            Status::Ignored => {
                core.ignore(&address, at(0));
            }
            Status::New => {
                core.add_peer(&address, at(0));
            }
            Status::Alive => {
                core.record_contact(&address, None, at(0));
                core.record_contact(&address, None, at(0));
            }
            status => {
                core.restore(
                    [KnownPeer {
                        address,
                        status,
                        time: 0,
                        ever_responded: false,
                        added_by_user: false,
                        before_ignored: None,
                    }],
                    at(0),
                );
            }
        }
    }
    let mut sorted: Vec<Peer> = core.peers().collect();
    sorted.sort_by(|one, other| (one.status, &one.address).cmp(&(other.status, &other.address)));
    (core, sorted.into_iter().map(|peer| peer.address).collect())
}

fn peers() -> impl Strategy<Value = Vec<(u8, u16, Status)>> {
    vec((0_u8..5, 1_u16..4, select(Status::ALL.to_vec())), 0..15)
}

fn addresses(peers: Vec<Peer>) -> Vec<Address> {
    peers.into_iter().map(|peer| peer.address).collect()
}

proptest! {
    #[test]
    fn peers_are_listed_by_status_and_then_by_address(
        peers in peers(), before in 0_usize..8, after in 0_usize..8, anchor in any::<prop::sample::Index>(),
    ) {
        let (core, sorted) = listed(peers);
        prop_assert_eq!(addresses(core.peers().collect()), sorted.clone());
        let last = &sorted[sorted.len().saturating_sub(before)..];
        prop_assert_eq!(addresses(core.last_peers(before)), last);
        let first = &sorted[..sorted.len().min(before + after)];
        prop_assert_eq!(addresses(core.peers_around(&address("unknown:9"), before, after)), first);
        if !sorted.is_empty() {
            let position = anchor.index(sorted.len());
            let window = &sorted[position.saturating_sub(before)..sorted.len().min(position + after)];
            prop_assert_eq!(addresses(core.peers_around(&sorted[position], before, after)), window);
        }
    }

    #[test]
    fn a_window_larger_than_the_list_is_allowed(peers in peers()) {
        let (core, sorted) = listed(peers);
        for anchor in sorted.iter().chain([&address("unknown:9")]) {
            prop_assert_eq!(addresses(core.peers_around(anchor, usize::MAX, usize::MAX)), sorted.clone());
        }
        prop_assert_eq!(addresses(core.last_peers(usize::MAX)), sorted);
    }

    #[test]
    fn the_queue_is_listed_in_the_order_of_sending(
        messages in 0_usize..20, dropped in vec(any::<prop::sample::Index>(), 0..5),
        start in 0_usize..25, end in 0_usize..25,
    ) {
        let mut core = core();
        let mut ids: Vec<MessageId> =
            (0..messages).map(|number| core.enqueue(Message::text(&format!("{number}")), at(0)).unwrap()).collect();
        for index in dropped {
            if !ids.is_empty() {
                let id = ids.remove(index.index(ids.len()));
                prop_assert_eq!(core.drop_message(id).map(|dropped| dropped.id), Some(id));
                prop_assert_eq!((core.queue_position(id), core.queued_message(id)), (None, None));
            }
        }
        let shown = |range| core.queue(range).map(|queued| queued.id).collect::<Vec<_>>();
        prop_assert_eq!(shown(0..usize::MAX), ids.clone());
        let end_there_is = end.min(ids.len());
        prop_assert_eq!(shown(start..end), ids[start.min(end_there_is)..end_there_is].to_vec());
        for (position, id) in ids.into_iter().enumerate() {
            prop_assert_eq!(core.queue_position(id), Some(position));
            prop_assert_eq!(core.queued_message(id).map(|queued| queued.id), Some(id));
        }
    }
}
