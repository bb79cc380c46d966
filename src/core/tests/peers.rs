//! The table of peers against a naive one.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::core::peers::Peers;

const PER_PEER: usize = 2;

#[derive(Debug, Clone)]
enum Step {
    Insert(u16, Status),
    Remove(u16),
    SetStatus(u16, Status),
    SetAnswers(u16, bool),
    Begin(u16),
    End(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let peer = 1_u16..12;
    let status = select(Status::ALL.to_vec());
    let step = prop_oneof![
        3 => (peer.clone(), status.clone()).prop_map(|(peer, status)| Step::Insert(peer, status)),
        1 => peer.clone().prop_map(Step::Remove),
        2 => (peer.clone(), status).prop_map(|(peer, status)| Step::SetStatus(peer, status)),
        2 => (peer.clone(), any::<bool>()).prop_map(|(peer, answers)| Step::SetAnswers(peer, answers)),
        4 => peer.clone().prop_map(Step::Begin),
        3 => peer.prop_map(Step::End),
    ];
    vec(step, 0..120)
}

fn peer(port: u16) -> Address {
    Address::new("peer", port).unwrap()
}

/// What is known and what is under way, without any cleverness.
#[derive(Default)]
struct Naive {
    /// And whether it answers.
    statuses: BTreeMap<u16, (Status, bool)>,
    in_flight: BTreeMap<u16, usize>,
}

impl Naive {
    fn free(&self, status: Status) -> Vec<Address> {
        let is_free = |port: &u16| {
            let most = if self.statuses[port] == (Status::Alive, true) { PER_PEER } else { 1 };
            self.in_flight.get(port).is_none_or(|in_flight| *in_flight < most)
        };
        self.of(status).into_iter().filter(is_free).map(peer).collect()
    }

    fn of(&self, status: Status) -> Vec<u16> {
        self.statuses.iter().filter(|(_, (other, _))| *other == status).map(|(port, _)| *port).collect()
    }

    fn answering(&self) -> Vec<u16> {
        self.of(Status::Alive).into_iter().filter(|port| self.statuses[port].1).collect()
    }
}

fn step(peers: &mut Peers, naive: &mut Naive, step: &Step) {
    let number = |peers: &Peers, port| peers.find(&peer(port));
    match *step {
        Step::Insert(port, status) => {
            if let Entry::Vacant(vacant) = naive.statuses.entry(port) {
                vacant.insert((status, false));
                peers.insert(&peer(port), status, at(0));
            } else {
                naive.statuses.entry(port).and_modify(|known| known.0 = status);
                peers.set_status(number(peers, port).unwrap(), status, at(0));
            }
        }
        Step::Remove(port) => {
            let was = naive.statuses.remove(&port).map(|(status, _)| status);
            assert_eq!(peers.remove(&peer(port)).map(|removed| removed.status), was);
        }
        Step::SetStatus(port, status) => {
            let known = number(peers, port);
            let changed = known.and_then(|number| peers.set_status(number, status, at(0)));
            let from = naive.statuses.get_mut(&port).map(|(status, _)| status);
            assert_eq!(changed, from.as_deref().copied().filter(|from| *from != status));
            if let Some(from) = from {
                *from = status;
            }
        }
        Step::SetAnswers(port, answers) => {
            match number(peers, port) {
                Some(number) if answers => peers.note_answer(number, at(0)),
                Some(number) => peers.note_no_answer(number),
                None => {}
            }
            naive.statuses.entry(port).and_modify(|known| known.1 = answers);
        }
        Step::Begin(port) => {
            if let Some(number) = number(peers, port) {
                *naive.in_flight.entry(port).or_default() += 1;
                peers.begin_delivery(number);
            }
        }
        Step::End(port) => {
            let in_flight = naive.in_flight.entry(port).or_default();
            *in_flight = in_flight.saturating_sub(1);
            peers.end_delivery(&peer(port));
        }
    }
}

/// The addresses that a table gives for the places from 0 on, in order.
fn placed<'a>(nth: impl Fn(usize) -> Option<&'a Address>) -> Vec<Address> {
    let mut addresses: Vec<Address> = (0..).map_while(nth).cloned().collect();
    addresses.sort();
    addresses
}

fn free_at(peers: &Peers, status: Status, place: usize) -> Option<&Address> {
    peers.nth_free(status, place).map(|number| peers.address(number))
}

proptest! {
    #[test]
    fn those_that_are_free_are_placed_without_gap_or_double(steps in steps(), ordered_from in 0_usize..60) {
        let (mut peers, mut naive) = (Peers::new(PER_PEER, usize::MAX), Naive::default());
        for (number, each) in steps.iter().enumerate() {
            step(&mut peers, &mut naive, each);
            if number == ordered_from {
                // From now on the orders are kept.
                prop_assert_eq!(peers.iter().count(), peers.len());
                let _ = peers.first_to_go();
            }
            prop_assert!(peers.is_sound());
            for status in Status::ALL {
                let free = naive.free(status);
                prop_assert_eq!(peers.free(status), free.len());
                prop_assert_eq!(placed(|place| free_at(&peers, status, place)), free);
                prop_assert_eq!(peers.counts().of(status), naive.of(status).len());
            }
            let answering = naive.answering();
            let free: Vec<Address> = naive.free(Status::Alive).into_iter()
                .filter(|free| answering.contains(&free.port())).collect();
            prop_assert_eq!(peers.free_proven().alive, free.len());
            // They come first among the alive ones that are free.
            let first = (0..free.len()).filter_map(|place| free_at(&peers, Status::Alive, place).cloned());
            prop_assert_eq!(first.collect::<BTreeSet<_>>(), free.into_iter().collect::<BTreeSet<_>>());
            let all: Vec<Address> = answering.into_iter().map(peer).collect();
            prop_assert_eq!(placed(|place| peers.nth_answering(place).map(|number| peers.address(number))), all.clone());
            for address in all {
                let (_, place) = peers.answering(peers.find(&address));
                prop_assert_eq!(place.and_then(|place| peers.nth_answering(place)), peers.find(&address));
            }
        }
    }
}
