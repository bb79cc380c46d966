//! The order in which connections are closed when a limit is reached.

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

use crate::{network, rate_limit_key};

/// Open connections by network and rate-limit key.
///
/// The connection to close is found in three steps: the network with the most connections beyond the first of each key
/// (if every key has one, the network with the most connections), then the key with the most connections in it, then the
/// connection of that key that has been idle longest. Idle time also decides ties.
///
/// Each operation takes time logarithmic in the number of connections.
#[derive(Debug, Default)]
pub(crate) struct ConnectionShares {
    networks: HashMap<IpAddr, Network>,
    order: BTreeSet<(Rank, IpAddr)>,
}

#[derive(Debug, Default)]
struct Network {
    keys: HashMap<IpAddr, Key>,
    order: BTreeSet<(Rank, IpAddr)>,
    connections: usize,
}

#[derive(Debug, Default)]
struct Key {
    /// By the start of the idle time and the id. The start may be out of date: it is corrected when the connection is about
    /// to be closed.
    connections: BTreeMap<(u64, u64), Arc<IdleSince>>,
}

/// Connections of the highest rank are closed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    beyond_first: usize,
    connections: usize,
    since: Reverse<u64>,
}

/// The time since which a connection has been idle, in nanoseconds. Every request sets it, so it has no lock.
#[derive(Debug)]
pub(crate) struct IdleSince {
    since: AtomicU64,
    /// The time under which the connection is listed.
    listed: AtomicU64,
}

impl IdleSince {
    /// The value while a request is being handled.
    const BUSY: u64 = u64::MAX;

    pub(crate) fn from(now: u64) -> Arc<Self> {
        Arc::new(Self { since: AtomicU64::new(now), listed: AtomicU64::new(now) })
    }

    /// The connection is idle from now on.
    pub(crate) fn set_idle(&self, now: u64) {
        self.since.store(now, Ordering::Relaxed);
    }

    /// The connection is busy.
    pub(crate) fn set_busy(&self) {
        self.since.store(Self::BUSY, Ordering::Relaxed);
    }

    fn since(&self) -> Option<u64> {
        Some(self.since.load(Ordering::Relaxed)).filter(|since| *since != Self::BUSY)
    }

    fn listed(&self) -> u64 {
        self.listed.load(Ordering::Relaxed)
    }
}

impl ConnectionShares {
    /// Adds a connection. Returns the number of connections of its key.
    pub(crate) fn add(&mut self, remote: IpAddr, id: u64, idle: Arc<IdleSince>) -> usize {
        self.change(rate_limit_key(remote), |place| {
            place.connections.insert((idle.listed(), id), idle);
            place.connections.len()
        })
    }

    pub(crate) fn remove(&mut self, remote: IpAddr, id: u64, idle: &IdleSince) {
        self.change(rate_limit_key(remote), |place| place.connections.remove(&(idle.listed(), id)));
    }

    /// The connection to close first; `None` if all connections of the key concerned are busy.
    pub(crate) fn first(&mut self, now: u64) -> Option<u64> {
        loop {
            let (_, network) = self.order.last()?;
            let (_, place) = *self.networks.get(network)?.order.last()?;
            if let ControlFlow::Break(found) = self.longest_idle(place, now) {
                return found;
            }
        }
    }

    /// The connection of this key that has been idle longest; `None` if all are busy.
    pub(crate) fn first_of(&mut self, remote: IpAddr, now: u64) -> Option<u64> {
        loop {
            if let ControlFlow::Break(found) = self.longest_idle(rate_limit_key(remote), now) {
                return found;
            }
        }
    }

    /// The ids of the connections of this key.
    pub(crate) fn all_of(&self, remote: IpAddr) -> Vec<u64> {
        let place =
            self.networks.get(&network(remote)).and_then(|network| network.keys.get(&rate_limit_key(remote)));
        place.into_iter().flat_map(|place| place.connections.keys()).map(|(_, id)| *id).collect()
    }

    /// Examines the connection that is listed first for its key. If a request came since it was listed, it is listed anew
    /// and the search continues; that happens at most once for each request.
    fn longest_idle(&mut self, place: IpAddr, now: u64) -> ControlFlow<Option<u64>> {
        self.change(place, |place| {
            let Some(entry) = place.connections.first_entry() else { return ControlFlow::Break(None) };
            let ((listed, id), since) = (*entry.key(), entry.get().since());
            // A busy connection is idle from now on at the earliest.
            if since.unwrap_or(now) <= listed {
                return ControlFlow::Break(since.map(|_| id));
            }
            let idle = entry.remove();
            idle.listed.store(since.unwrap_or(now), Ordering::Relaxed);
            place.connections.insert((idle.listed(), id), idle);
            ControlFlow::Continue(())
        })
    }

    fn change<T>(&mut self, place: IpAddr, change: impl FnOnce(&mut Key) -> T) -> T {
        let key = network(place);
        let network = self.networks.entry(key).or_default();
        self.order.remove(&(network.rank(), key));
        let changed = network.change(place, change);
        if network.keys.is_empty() {
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
        let beyond_first = self.connections - self.keys.len();
        Rank { beyond_first, connections: self.connections, since }
    }

    fn change<T>(&mut self, key: IpAddr, change: impl FnOnce(&mut Key) -> T) -> T {
        let place = self.keys.entry(key).or_default();
        self.order.remove(&(place.rank(), key));
        self.connections -= place.connections.len();
        let changed = change(place);
        self.connections += place.connections.len();
        if place.connections.is_empty() {
            self.keys.remove(&key);
        } else {
            self.order.insert((place.rank(), key));
        }
        changed
    }
}

impl Key {
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

    /// An operation on the connections of keys in three networks.
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

    type Known = BTreeMap<u64, (IpAddr, Arc<IdleSince>)>;

    /// The expected result by linear search: among the connections of the key that is to lose one, the one that has
    /// been idle longest.
    fn expected(known: &Known, now: u64) -> Option<u64> {
        let mut networks: HashMap<IpAddr, HashMap<IpAddr, usize>> = HashMap::new();
        for (remote, _) in known.values() {
            *networks.entry(network(*remote)).or_default().entry(*remote).or_default() += 1;
        }
        let rank = |keys: &HashMap<IpAddr, usize>| {
            let connections: usize = keys.values().sum();
            (connections - keys.len(), connections)
        };
        let most = networks.values().map(rank).max()?;
        let makes_room = |remote: &IpAddr| {
            let keys = &networks[&network(*remote)];
            rank(keys) == most && Some(&keys[remote]) == keys.values().max()
        };
        let first = known.iter().filter(|(_, (remote, _))| makes_room(remote));
        first
            .map(|(id, (_, idle))| (idle.since().unwrap_or(now), *id))
            .min()
            .filter(|(_, id)| known[id].1.since().is_some())
            .map(|(_, id)| id)
    }

    proptest! {
        #[test]
        fn the_longest_idle_connection_of_the_largest_share_is_closed(steps in prop::collection::vec(step(), 1..80)) {
            let (mut shares, mut known, mut now) = (ConnectionShares::default(), Known::new(), 0_u64);
            for step in steps {
                now += 1;
                let pick = |known: &Known, id: usize| {
                    (!known.is_empty()).then(|| *known.keys().nth(id % known.len()).unwrap())
                };
                match step {
                    Step::Add(remote) => {
                        let (remote, idle) = (IpAddr::from(remote), IdleSince::from(now));
                        shares.add(remote, now, Arc::clone(&idle));
                        known.insert(now, (remote, idle));
                    }
                    Step::Remove(id) => {
                        if let Some(id) = pick(&known, id) {
                            let (remote, idle) = known.remove(&id).unwrap();
                            shares.remove(remote, id, &idle);
                        }
                    }
                    Step::Request(id) => {
                        pick(&known, id).into_iter().for_each(|id| known[&id].1.set_idle(now));
                    }
                    Step::Busy(id) => pick(&known, id).into_iter().for_each(|id| known[&id].1.set_busy()),
                    Step::MakeRoom => {
                        let first = shares.first(now);
                        prop_assert_eq!(first, expected(&known, now));
                        if let Some(id) = first {
                            let (remote, idle) = known.remove(&id).unwrap();
                            shares.remove(remote, id, &idle);
                        }
                    }
                }
            }
            for (id, (remote, idle)) in known {
                shares.remove(remote, id, &idle);
            }
            prop_assert!(shares.networks.is_empty() && shares.order.is_empty());
        }
    }
}
