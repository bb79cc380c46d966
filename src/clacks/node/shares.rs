//! Which connection makes room where no more may be open.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::core::{network, place};

/// Connections by the network and the place that they come from.
///
/// The network with the most connections beyond the first of each place makes room first. Where every place has just
/// one, it is the network with the most connections. Within a network it is the place with the most, and within a place
/// the connection that waits for its client the longest. That is also what decides between equals.
///
/// Each operation takes time in proportion to the logarithm of the number of connections.
#[derive(Debug, Default)]
pub(super) struct Shares {
    networks: HashMap<IpAddr, Network>,
    order: BTreeSet<(Rank, IpAddr)>,
}

#[derive(Debug, Default)]
struct Network {
    places: HashMap<IpAddr, Place>,
    order: BTreeSet<(Rank, IpAddr)>,
    connections: usize,
}

#[derive(Debug, Default)]
struct Place {
    /// By the time since which each waits and its number. The time can be an earlier one than the real one, as it is
    /// brought up to date only when the connection is about to make room.
    connections: BTreeMap<(u64, u64), Arc<Waits>>,
}

/// The highest makes room first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    beyond_first: usize,
    connections: usize,
    since: Reverse<u64>,
}

/// Since when a connection waits for its client, in nanoseconds. It is set for each request, so without a lock.
#[derive(Debug)]
pub(super) struct Waits {
    since: AtomicU64,
    /// The time that it is listed under.
    listed: AtomicU64,
}

impl Waits {
    /// While a payload is worked on.
    const NOT: u64 = u64::MAX;

    pub(super) fn from(now: u64) -> Arc<Self> {
        Arc::new(Self { since: AtomicU64::new(now), listed: AtomicU64::new(now) })
    }

    /// The client is waited for anew.
    pub(super) fn begin(&self, now: u64) {
        self.since.store(now, Ordering::Relaxed);
    }

    /// The client is not waited for.
    pub(super) fn end(&self) {
        self.since.store(Self::NOT, Ordering::Relaxed);
    }

    fn since(&self) -> Option<u64> {
        Some(self.since.load(Ordering::Relaxed)).filter(|since| *since != Self::NOT)
    }

    fn listed(&self) -> u64 {
        self.listed.load(Ordering::Relaxed)
    }
}

impl Shares {
    /// Adds a connection and returns how many its place has now.
    pub(super) fn add(&mut self, remote: IpAddr, number: u64, waits: Arc<Waits>) -> usize {
        self.change(place(remote), |place| {
            place.connections.insert((waits.listed(), number), waits);
            place.connections.len()
        })
    }

    pub(super) fn remove(&mut self, remote: IpAddr, number: u64, waits: &Waits) {
        self.change(place(remote), |place| place.connections.remove(&(waits.listed(), number)));
    }

    /// The connection that makes room first; none if all of the place that has to make room are busy.
    pub(super) fn first(&mut self, now: u64) -> Option<u64> {
        loop {
            let (_, network) = self.order.last()?;
            let (_, place) = *self.networks.get(network)?.order.last()?;
            if let ControlFlow::Break(found) = self.longest_waiting(place, now) {
                return found;
            }
        }
    }

    /// The connection of this place that waits the longest; none if all of them are busy.
    pub(super) fn first_of(&mut self, remote: IpAddr, now: u64) -> Option<u64> {
        loop {
            if let ControlFlow::Break(found) = self.longest_waiting(place(remote), now) {
                return found;
            }
        }
    }

    /// The numbers of the connections of this place.
    pub(super) fn all_of(&self, remote: IpAddr) -> Vec<u64> {
        let place =
            self.networks.get(&network(remote)).and_then(|network| network.places.get(&place(remote)));
        place.into_iter().flat_map(|place| place.connections.keys()).map(|(_, number)| *number).collect()
    }

    /// Looks at the connection that is listed first in its place. Goes on if it had to be listed anew, as a request came
    /// since; that is done once for each request at most.
    fn longest_waiting(&mut self, place: IpAddr, now: u64) -> ControlFlow<Option<u64>> {
        self.change(place, |place| {
            let Some(entry) = place.connections.first_entry() else { return ControlFlow::Break(None) };
            let ((listed, number), since) = (*entry.key(), entry.get().since());
            // One that is busy waits from now on at the earliest.
            if since.unwrap_or(now) <= listed {
                return ControlFlow::Break(since.map(|_| number));
            }
            let waits = entry.remove();
            waits.listed.store(since.unwrap_or(now), Ordering::Relaxed);
            place.connections.insert((waits.listed(), number), waits);
            ControlFlow::Continue(())
        })
    }

    fn change<T>(&mut self, place: IpAddr, change: impl FnOnce(&mut Place) -> T) -> T {
        let key = network(place);
        let network = self.networks.entry(key).or_default();
        self.order.remove(&(network.rank(), key));
        let changed = network.change(place, change);
        if network.places.is_empty() {
            self.networks.remove(&key);
        } else {
            self.order.insert((network.rank(), key));
        }
        changed
    }
}

impl Network {
    fn rank(&self) -> Rank {
        let since = self.order.last().map_or(Reverse(0), |(rank, _)| rank.since);
        let beyond_first = self.connections - self.places.len();
        Rank { beyond_first, connections: self.connections, since }
    }

    fn change<T>(&mut self, key: IpAddr, change: impl FnOnce(&mut Place) -> T) -> T {
        let place = self.places.entry(key).or_default();
        self.order.remove(&(place.rank(), key));
        self.connections -= place.connections.len();
        let changed = change(place);
        self.connections += place.connections.len();
        if place.connections.is_empty() {
            self.places.remove(&key);
        } else {
            self.order.insert((place.rank(), key));
        }
        changed
    }
}

impl Place {
    fn rank(&self) -> Rank {
        let connections = self.connections.len();
        let since = self.connections.first_key_value().map_or(0, |((since, _), _)| *since);
        Rank { beyond_first: connections.saturating_sub(1), connections, since: Reverse(since) }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    /// What can happen to the connections, of places in three networks.
    #[derive(Debug, Clone)]
    enum Step {
        Add(Ipv4Addr),
        Remove(usize),
        Request(usize),
        Busy(usize),
        MakeRoom,
    }

    fn step() -> impl Strategy<Value = Step> {
        let remote = (0..3_u8, 1..4_u8).prop_map(|(network, host)| Ipv4Addr::new(10, 0, network, host));
        prop_oneof![
            6 => remote.prop_map(Step::Add),
            2 => any::<usize>().prop_map(Step::Remove),
            3 => any::<usize>().prop_map(Step::Request),
            2 => any::<usize>().prop_map(Step::Busy),
            3 => Just(Step::MakeRoom),
        ]
    }

    type Known = BTreeMap<u64, (IpAddr, Arc<Waits>)>;

    /// The same by looking at all of them: the connections of the place that has to make room, and of these the one
    /// that waits the longest.
    fn expected(known: &Known, now: u64) -> Option<u64> {
        let mut networks: HashMap<IpAddr, HashMap<IpAddr, usize>> = HashMap::new();
        for (remote, _) in known.values() {
            *networks.entry(network(*remote)).or_default().entry(*remote).or_default() += 1;
        }
        let rank = |places: &HashMap<IpAddr, usize>| {
            let connections: usize = places.values().sum();
            (connections - places.len(), connections)
        };
        let most = networks.values().map(rank).max()?;
        let makes_room = |remote: &IpAddr| {
            let places = &networks[&network(*remote)];
            rank(places) == most && Some(&places[remote]) == places.values().max()
        };
        let first = known.iter().filter(|(_, (remote, _))| makes_room(remote));
        first
            .map(|(number, (_, waits))| (waits.since().unwrap_or(now), *number))
            .min()
            .filter(|(_, number)| known[number].1.since().is_some())
            .map(|(_, number)| number)
    }

    proptest! {
        #[test]
        fn who_makes_room_is_who_has_the_most_and_waits_the_longest(steps in prop::collection::vec(step(), 1..80)) {
            let (mut shares, mut known, mut now) = (Shares::default(), Known::new(), 0_u64);
            for step in steps {
                now += 1;
                let pick = |known: &Known, number: usize| {
                    (!known.is_empty()).then(|| *known.keys().nth(number % known.len()).unwrap())
                };
                match step {
                    Step::Add(remote) => {
                        let (remote, waits) = (IpAddr::from(remote), Waits::from(now));
                        shares.add(remote, now, Arc::clone(&waits));
                        known.insert(now, (remote, waits));
                    }
                    Step::Remove(number) => {
                        if let Some(number) = pick(&known, number) {
                            let (remote, waits) = known.remove(&number).unwrap();
                            shares.remove(remote, number, &waits);
                        }
                    }
                    Step::Request(number) => {
                        pick(&known, number).into_iter().for_each(|number| known[&number].1.begin(now));
                    }
                    Step::Busy(number) => pick(&known, number).into_iter().for_each(|number| known[&number].1.end()),
                    Step::MakeRoom => {
                        let first = shares.first(now);
                        prop_assert_eq!(first, expected(&known, now));
                        if let Some(number) = first {
                            let (remote, waits) = known.remove(&number).unwrap();
                            shares.remove(remote, number, &waits);
                        }
                    }
                }
            }
            for (number, (remote, waits)) in known {
                shares.remove(remote, number, &waits);
            }
            prop_assert!(shares.networks.is_empty() && shares.order.is_empty());
        }
    }
}
