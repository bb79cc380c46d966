//! Limits on inbound connections: how many are open, how fast new ones come, and which is closed for another.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::{
    RateLimiter,
    connection_shares::{ConnectionShares, IdleSince},
    rate_limit_key,
};

/// A remote address counts as the only one if no other has connected for this long.
const ALONE_AFTER: Duration = Duration::from_secs(1);
/// Burst of new connections of a remote address, in seconds of its rate.
const BURST: f64 = 5.0;

/// Limits on inbound connections. "Per address" means per [`rate_limit_key`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Maximum open connections.
    pub max: usize,
    /// Maximum open connections per address.
    pub max_per_address: usize,
    /// New connections per second per address while other addresses connect as well. The burst is 5 seconds of it. 0 for no
    /// limit.
    pub rate_per_address: u32,
    /// New connections per second of all addresses together, beyond `rate_per_address`. 0 for no limit.
    pub rate: u32,
}

/// One of the [`ConnectionLimits`] that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionLimit {
    /// [`ConnectionLimits::max`].
    Total,
    /// [`ConnectionLimits::max_per_address`].
    PerAddress,
    /// [`ConnectionLimits::rate_per_address`] and [`ConnectionLimits::rate`].
    Rate,
}

/// The open inbound connections.
///
/// If the number of connections reaches a limit, an idle one is closed for the new one: of the network and then the address
/// with the most connections the one that has been idle longest. If all of those are busy, the new one is refused. An
/// address that connects alone is not limited in its rate.
#[derive(Debug)]
pub struct Connections {
    max: usize,
    max_per_address: usize,
    open: Mutex<Open>,
    /// The origin of idle times.
    started: Instant,
}

#[derive(Debug)]
struct Open {
    next_id: u64,
    connections: HashMap<u64, Connection>,
    shares: ConnectionShares,
    rates: Rates,
}

#[derive(Debug)]
struct Connection {
    remote: IpAddr,
    idle: Arc<IdleSince>,
    closed: CancellationToken,
}

/// Rate limits on new connections.
#[derive(Debug)]
struct Rates {
    /// Of each address.
    each: RateLimiter,
    /// Of all addresses together beyond that, under one key.
    together: RateLimiter,
    /// The rate-limit key of the last connection, and its time since the start.
    last: Option<(IpAddr, Duration)>,
    /// The time of the last connection of another key.
    last_of_another: Option<Duration>,
}

/// One open connection. It counts until the permit is dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    id: u64,
    idle: Arc<IdleSince>,
    closed: CancellationToken,
    connections: Arc<Connections>,
}

/// Marks a connection as busy until it is dropped. A busy connection is not closed for another.
#[derive(Debug)]
pub struct BusyGuard<'a>(&'a ConnectionPermit);

impl Connections {
    /// A limiter without open connections.
    pub fn new(limits: &ConnectionLimits) -> Arc<Self> {
        let open = Open {
            next_id: 0,
            connections: HashMap::new(),
            shares: ConnectionShares::default(),
            rates: Rates::new(limits),
        };
        Arc::new(Self {
            max: limits.max,
            max_per_address: limits.max_per_address,
            open: Mutex::new(open),
            started: Instant::now(),
        })
    }

    /// Opens a connection from this remote address. Returns its permit, and the limit for which another connection was
    /// closed, if any.
    ///
    /// # Errors
    /// The limit for which this connection is refused.
    pub fn open(
        self: &Arc<Self>,
        remote: IpAddr,
    ) -> Result<(ConnectionPermit, Option<ConnectionLimit>), ConnectionLimit> {
        self.open_at(remote, self.started.elapsed())
    }

    fn open_at(
        self: &Arc<Self>,
        remote: IpAddr,
        now: Duration,
    ) -> Result<(ConnectionPermit, Option<ConnectionLimit>), ConnectionLimit> {
        let mut open = self.lock();
        open.rates.try_acquire(remote, now)?;
        let now = nanoseconds(now);
        let (id, of_address) = open.add(remote, now);
        let reached = if of_address > self.max_per_address {
            Some((ConnectionLimit::PerAddress, open.shares.first_of(remote, now)))
        } else if open.connections.len() > self.max {
            Some((ConnectionLimit::Total, open.shares.first(now)))
        } else {
            None
        };
        if let Some((limit, oldest)) = reached {
            // If all others are busy, the new connection is closed.
            let oldest = oldest.unwrap_or(id);
            open.close(oldest);
            if oldest == id {
                return Err(limit);
            }
        }
        let Connection { idle, closed, .. } = &open.connections[&id];
        let (idle, closed) = (Arc::clone(idle), closed.clone());
        drop(open);
        let permit = ConnectionPermit { id, idle, closed, connections: Arc::clone(self) };
        Ok((permit, reached.map(|(limit, _)| limit)))
    }

    /// Closes one idle connection, because the system has no room for another. Returns whether there was one.
    pub fn make_room(&self) -> bool {
        let mut open = self.lock();
        let first = open.shares.first(self.now());
        first.into_iter().for_each(|id| open.close(id));
        first.is_some()
    }

    /// Closes all connections of the [`rate_limit_key`] of this remote address.
    pub fn close_from(&self, remote: IpAddr) {
        let mut open = self.lock();
        open.shares.all_of(remote).into_iter().for_each(|id| open.close(id));
    }

    /// Closes all connections.
    pub fn close_all(&self) {
        let mut open = self.lock();
        let ids: Vec<u64> = open.connections.keys().copied().collect();
        ids.into_iter().for_each(|id| open.close(id));
    }

    fn now(&self) -> u64 {
        nanoseconds(self.started.elapsed())
    }

    /// The number of open connections.
    pub fn count(&self) -> usize {
        self.lock().connections.len()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nanoseconds(time: Duration) -> u64 {
    time.as_nanos() as u64
}

impl Open {
    /// Returns the id of the new connection, and the number of connections of its address.
    fn add(&mut self, remote: IpAddr, now: u64) -> (u64, usize) {
        let id = self.next_id;
        self.next_id += 1;
        let idle = IdleSince::from(now);
        let of_address = self.shares.add(remote, id, Arc::clone(&idle));
        self.connections.insert(id, Connection { remote, idle, closed: CancellationToken::new() });
        (id, of_address)
    }

    /// Closes a connection, if it is open still.
    fn close(&mut self, id: u64) {
        let Some(Connection { remote, idle, closed }) = self.connections.remove(&id) else { return };
        self.shares.remove(remote, id, &idle);
        closed.cancel();
    }
}

impl Rates {
    fn new(limits: &ConnectionLimits) -> Self {
        let (each, together) = (f64::from(limits.rate_per_address), f64::from(limits.rate));
        Self {
            each: RateLimiter::new(each, each * BURST),
            together: RateLimiter::new(together, together),
            last: None,
            last_of_another: None,
        }
    }

    /// Counts a new connection. A single address without others is not limited.
    fn try_acquire(&mut self, remote: IpAddr, now: Duration) -> Result<(), ConnectionLimit> {
        let key = rate_limit_key(remote);
        let last = self.last.replace((key, now));
        if let Some((_, at)) = last.filter(|(last, _)| *last != key) {
            self.last_of_another = Some(at);
        }
        let is_alone = self.last_of_another.is_none_or(|at| at + ALONE_AFTER < now);
        if is_alone || self.each.try_acquire(remote, now).is_ok() {
            return Ok(());
        }
        let everybody = IpAddr::from([0; 4]);
        self.together.try_acquire(everybody, now).map_err(|_| ConnectionLimit::Rate)
    }
}

impl ConnectionPermit {
    /// Cancelled when the connection is to be closed for another.
    pub fn closed(&self) -> CancellationToken {
        self.closed.clone()
    }

    /// Restarts the idle time, because a request has begun.
    pub fn touch(&self) {
        self.idle.set_idle(self.connections.now());
    }

    /// Marks the connection as busy, because a request is being handled.
    pub fn busy(&self) -> BusyGuard<'_> {
        self.idle.set_busy();
        BusyGuard(self)
    }
}

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        self.0.touch();
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.connections.lock().close(self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const DEFAULT: ConnectionLimits =
        ConnectionLimits { max: 768, max_per_address: 64, rate_per_address: 10, rate: 1000 };

    fn connections(max: usize, max_per_address: usize) -> Arc<Connections> {
        Connections::new(&ConnectionLimits { max, max_per_address, ..DEFAULT })
    }

    fn remote(number: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, number).into()
    }

    #[test]
    fn the_longest_idle_connection_is_closed() {
        let connections = connections(3, 3);
        let open = |number| connections.open(remote(number)).expect("room");
        let [first, second, third] = [1, 2, 3].map(|number| open(number).0);
        drop(first.busy());
        let busy = third.busy();
        let (fourth, limit) = open(4);
        assert_eq!((limit, connections.count()), (Some(ConnectionLimit::Total), 3));
        assert_eq!(
            [&first, &second, &third].map(|permit| permit.closed.is_cancelled()),
            [false, true, false]
        );
        drop(second);
        assert_eq!(connections.count(), 3, "it was counted out before");
        let _all_busy = (first.busy(), fourth.busy());
        assert_eq!(connections.open(remote(5)).err(), Some(ConnectionLimit::Total));
        drop(busy);
        assert!(connections.open(remote(5)).is_ok() && third.closed.is_cancelled());
    }

    #[test]
    fn a_new_request_restarts_the_idle_time() {
        let connections = connections(10, 10);
        let [first, second] = [1, 2].map(|number| connections.open(remote(number)).expect("room").0);
        first.touch();
        let cut = || [&first, &second].map(|permit| permit.closed.is_cancelled());
        assert!(connections.make_room());
        assert_eq!(cut(), [false, true]);
        assert!(connections.make_room() && !connections.make_room());
        assert_eq!((cut(), connections.count()), ([true, true], 0));
    }

    #[test]
    fn an_address_at_its_limit_loses_one_of_its_own_connections() {
        let connections = connections(100, 2);
        let other = connections.open(remote(9)).unwrap().0;
        let [first, second] = [1; 2].map(|_| connections.open(remote(1)).unwrap().0);
        let (third, limit) = connections.open(remote(1)).unwrap();
        assert_eq!(limit, Some(ConnectionLimit::PerAddress));
        assert_eq!(
            [&other, &first, &second].map(|permit| permit.closed.is_cancelled()),
            [false, true, false]
        );
        let _busy = (second.busy(), third.busy());
        assert_eq!(connections.open(remote(1)).err(), Some(ConnectionLimit::PerAddress));
        assert!(connections.open(remote(2)).is_ok());
    }

    #[test]
    fn ended_entries_leave_no_memory() {
        let connections = connections(2, 1);
        for number in 0..200 {
            drop(connections.open(remote(number)).unwrap());
        }
        let open = connections.lock();
        assert!(open.connections.is_empty());
        assert!((0..200).all(|number| open.shares.all_of(remote(number)).is_empty()));
    }

    #[test]
    fn an_address_with_one_connection_keeps_it_while_another_has_two() {
        let connections = connections(40, 40);
        // Thirty addresses of one network with one connection each, and one address elsewhere with ten.
        let honest: Vec<_> = (0..30).map(|number| connections.open(remote(number)).unwrap().0).collect();
        let elsewhere = IpAddr::from([198, 51, 100, 1]);
        let mut others: Vec<_> = (0..10).map(|_| connections.open(elsewhere).unwrap().0).collect();
        for _ in 0..50 {
            others.push(connections.open(elsewhere).unwrap().0);
        }
        assert!(honest.iter().all(|permit| !permit.closed.is_cancelled()));
        let newcomer = connections.open(remote(200)).unwrap().0;
        assert!(honest.iter().chain([&newcomer]).all(|permit| !permit.closed.is_cancelled()));
    }

    #[test]
    fn the_largest_network_loses_a_connection_if_each_address_has_one() {
        let connections = connections(40, 40);
        let alone = connections.open([198, 51, 100, 1].into()).unwrap().0;
        let crowd: Vec<_> = (0..200).map(|number| connections.open(remote(number)).unwrap().0).collect();
        assert!(!alone.closed.is_cancelled());
        assert_eq!(crowd.iter().filter(|permit| !permit.closed.is_cancelled()).count(), 39);
    }

    /// Attackers at 64 addresses open 6,600 connections per second and never close one. Every 50 ms an honest client
    /// opens a connection that it needs for a second, which is more than three round trips of 200 ms. Returns how many
    /// of 20 honest clients kept their connection, and how many connections were refused.
    fn served(attacker: impl Fn(u64) -> IpAddr, honest: impl Fn(u64) -> IpAddr) -> (usize, u64) {
        let connections = Connections::new(&DEFAULT);
        let (mut attackers, mut clients, mut closed) = (Vec::new(), Vec::new(), 0);
        for step in 0..13_200_u64 {
            let now = Duration::from_secs(1) + Duration::from_micros(step * 1_000_000 / 6600);
            match connections.open_at(attacker(step), now) {
                Ok((permit, _)) => attackers.push(permit),
                Err(limit) => {
                    assert_eq!(limit, ConnectionLimit::Rate);
                    closed += 1;
                }
            }
            if step % 330 == 0 && clients.len() < 20 {
                clients.push(connections.open_at(honest(step / 330), now).map(|(permit, _)| (permit, now)));
            }
        }
        let is_served = |permit: &ConnectionPermit| !permit.closed.is_cancelled();
        let served =
            clients.iter().filter(|client| client.as_ref().is_ok_and(|(permit, _)| is_served(permit)));
        (served.count(), closed)
    }

    #[test]
    fn a_connection_flood_does_not_evict_honest_clients() {
        let one_network = |step: u64| IpAddr::from([192, 0, 2, (step % 64) as u8]);
        let many_networks = |step: u64| IpAddr::from([10, 0, (step % 64) as u8, 1]);
        let in_the_same_network = |number: u64| IpAddr::from([192, 0, 2, 100 + number as u8]);
        let elsewhere = |number: u64| IpAddr::from([198, 51, 100, number as u8]);
        for honest in [in_the_same_network, elsewhere] {
            for attacker in [one_network, many_networks] {
                let (served, closed) = served(attacker, honest);
                assert_eq!(served, 20);
                // The total rate is 1,000 per second and ten for each address, plus the bursts.
                assert!(closed > 13_200 - 2 * 1640 - 1000 - 64 * 50, "{closed}");
            }
        }
    }

    #[test]
    fn an_address_alone_has_no_connection_rate_limit() {
        let limits = ConnectionLimits { rate: 1, rate_per_address: 1, ..DEFAULT };
        let connections = Connections::new(&limits);
        let second = Duration::from_secs(1);
        let is_open = |number, time| connections.open_at(remote(number), time).is_ok();
        assert!((0..1000).all(|_| is_open(1, second)));
        assert!(is_open(2, second), "another place");
        // The bursts are five of the address and one of the total.
        assert_eq!((0..100).filter(|_| is_open(1, second)).count(), 6);
        assert!(is_open(2, second), "the other has some left");
        assert!((0..100).all(|_| is_open(1, 3 * second)), "alone again");
    }

    #[test]
    fn closing_an_address_closes_only_its_connections() {
        let connections = connections(10, 10);
        let [one, another, elsewhere] = [1, 1, 2].map(|number| connections.open(remote(number)).unwrap().0);
        connections.close_from(remote(1));
        assert_eq!(
            [&one, &another, &elsewhere].map(|permit| permit.closed.is_cancelled()),
            [true, true, false]
        );
        assert_eq!(connections.count(), 1);
    }

    #[test]
    fn an_address_is_alone_a_while_after_the_last_other_connection() {
        let limits = ConnectionLimits { rate: 1, rate_per_address: 1, ..DEFAULT };
        for (after, is_alone) in
            [(Duration::ZERO, false), (ALONE_AFTER, false), (ALONE_AFTER + Duration::from_nanos(1), true)]
        {
            let mut rates = Rates::new(&limits);
            assert_eq!(rates.try_acquire(remote(1), Duration::ZERO), Ok(()));
            let are_all_let_in = (0..100).all(|_| rates.try_acquire(remote(2), after).is_ok());
            assert_eq!(are_all_let_in, is_alone, "{after:?}");
        }
    }
}
