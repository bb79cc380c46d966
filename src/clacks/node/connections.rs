//! The connections from outside: how many there are, how fast they come, and who makes room for another.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::core::{Allowance, Limit, place};

use super::{
    Limits,
    shares::{Shares, Waits},
};

/// A remote address connects alone if no other has connected for so long.
const ALONE_AFTER: Duration = Duration::from_secs(1);
/// New connections that a remote address may make at once after a quiet time, in seconds of its rate.
const BURST: f64 = 5.0;

/// The open connections. There is a bound on them in all and from each place, and on how fast a place makes new ones
/// while others connect as well. Where a bound is met, another connection makes room: see [`Shares`].
#[derive(Debug)]
pub(super) struct Connections {
    max: usize,
    max_per_place: usize,
    open: Mutex<Open>,
    /// What the times of waiting are measured from.
    began: Instant,
}

#[derive(Debug)]
struct Open {
    next: u64,
    connections: HashMap<u64, Connection>,
    shares: Shares,
    rates: Rates,
}

#[derive(Debug)]
struct Connection {
    remote: IpAddr,
    waits: Arc<Waits>,
    cut: CancellationToken,
}

/// How fast new connections come.
#[derive(Debug)]
struct Rates {
    /// What each place may make whatever others do.
    each: Allowance,
    /// What all may make together beyond that. It is counted as one place.
    together: Allowance,
    /// The place that the last connection came from, and when, as time since the start.
    last: Option<(IpAddr, Duration)>,
    /// When the last one came from another place.
    last_of_another: Option<Duration>,
}

/// One connection, which counts until this is dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    number: u64,
    waits: Arc<Waits>,
    cut: CancellationToken,
    connections: Arc<Connections>,
}

/// While this is there, a payload is worked on.
pub(super) struct Busy<'a>(&'a Ticket);

impl Connections {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        let open = Open {
            next: 0,
            connections: HashMap::new(),
            shares: Shares::default(),
            rates: Rates::new(limits),
        };
        Arc::new(Self {
            max: limits.max_connections,
            max_per_place: limits.max_connections_per_address,
            open: Mutex::new(open),
            began: Instant::now(),
        })
    }

    /// Counts one more connection from this remote address, and the limit that another had to make room for, if any.
    /// An error names the limit for which this one is closed.
    pub(super) fn open(self: &Arc<Self>, remote: IpAddr) -> Result<(Ticket, Option<Limit>), Limit> {
        self.open_at(remote, self.began.elapsed())
    }

    fn open_at(self: &Arc<Self>, remote: IpAddr, now: Duration) -> Result<(Ticket, Option<Limit>), Limit> {
        let mut open = self.lock();
        open.rates.take(remote, now)?;
        let now = nanoseconds(now);
        let (number, in_place) = open.add(remote, now);
        let met = if in_place > self.max_per_place {
            Some((Limit::ConnectionsPerAddress, open.shares.first_of(remote, now)))
        } else if open.connections.len() > self.max {
            Some((Limit::Connections, open.shares.first(now)))
        } else {
            None
        };
        if let Some((limit, makes_room)) = met {
            // Where the others are busy, it is this one.
            let makes_room = makes_room.unwrap_or(number);
            open.close(makes_room);
            if makes_room == number {
                return Err(limit);
            }
        }
        let Connection { waits, cut, .. } = &open.connections[&number];
        let (waits, cut) = (Arc::clone(waits), cut.clone());
        drop(open);
        let ticket = Ticket { number, waits, cut, connections: Arc::clone(self) };
        Ok((ticket, met.map(|(limit, _)| limit)))
    }

    /// Closes the connection that makes room first, as where the system has no room for another. Returns whether there
    /// was one.
    pub(super) fn make_room(&self) -> bool {
        let mut open = self.lock();
        let first = open.shares.first(self.now());
        first.into_iter().for_each(|number| open.close(number));
        first.is_some()
    }

    /// Closes those from the place of this remote address.
    pub(super) fn cut_from(&self, remote: IpAddr) {
        let mut open = self.lock();
        open.shares.all_of(remote).into_iter().for_each(|number| open.close(number));
    }

    /// Closes all of them.
    pub(super) fn cut_all(&self) {
        let mut open = self.lock();
        let numbers: Vec<u64> = open.connections.keys().copied().collect();
        numbers.into_iter().for_each(|number| open.close(number));
    }

    fn now(&self) -> u64 {
        nanoseconds(self.began.elapsed())
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
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
    /// Returns its number, and how many its place has now.
    fn add(&mut self, remote: IpAddr, now: u64) -> (u64, usize) {
        let number = self.next;
        self.next += 1;
        let waits = Waits::from(now);
        let in_place = self.shares.add(remote, number, Arc::clone(&waits));
        self.connections.insert(number, Connection { remote, waits, cut: CancellationToken::new() });
        (number, in_place)
    }

    /// Closes a connection, if it is open still.
    fn close(&mut self, number: u64) {
        let Some(Connection { remote, waits, cut }) = self.connections.remove(&number) else { return };
        self.shares.remove(remote, number, &waits);
        cut.cancel();
    }
}

impl Rates {
    fn new(limits: &Limits) -> Self {
        let (each, together) =
            (f64::from(limits.connection_rate_per_address), f64::from(limits.connection_rate));
        Self {
            each: Allowance::new(each, each * BURST),
            together: Allowance::new(together, together),
            last: None,
            last_of_another: None,
        }
    }

    /// Counts a new connection, or says that there are too many. One place alone makes as many as it likes.
    fn take(&mut self, remote: IpAddr, now: Duration) -> Result<(), Limit> {
        let place = place(remote);
        let last = self.last.replace((place, now));
        if let Some((_, at)) = last.filter(|(last, _)| *last != place) {
            self.last_of_another = Some(at);
        }
        let is_alone = self.last_of_another.is_none_or(|at| at + ALONE_AFTER < now);
        if is_alone || self.each.take(remote, now).is_ok() {
            return Ok(());
        }
        let everybody = IpAddr::from([0; 4]);
        self.together.take(everybody, now).map_err(|_| Limit::ConnectionRate)
    }
}

impl Ticket {
    /// Ends when the connection is to make room for another.
    pub(super) fn cut(&self) -> CancellationToken {
        self.cut.clone()
    }

    /// A request has begun: its client is waited for anew.
    pub(super) fn begin(&self) {
        self.waits.begin(self.connections.now());
    }

    /// A payload is worked on now, and its client not waited for.
    pub(super) fn busy(&self) -> Busy<'_> {
        self.waits.end();
        Busy(self)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.begin();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.connections.lock().close(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn connections(max: usize, max_per_place: usize) -> Arc<Connections> {
        let limits =
            Limits { max_connections: max, max_connections_per_address: max_per_place, ..Limits::default() };
        Connections::new(&limits)
    }

    fn remote(number: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, number).into()
    }

    #[test]
    fn the_one_that_waits_for_the_longest_makes_room() {
        let connections = connections(3, 3);
        let open = |number| connections.open(remote(number)).expect("room");
        let [first, second, third] = [1, 2, 3].map(|number| open(number).0);
        drop(first.busy());
        let busy = third.busy();
        let (fourth, met) = open(4);
        assert_eq!((met, connections.count()), (Some(Limit::Connections), 3));
        assert_eq!([&first, &second, &third].map(|ticket| ticket.cut.is_cancelled()), [false, true, false]);
        drop(second);
        assert_eq!(connections.count(), 3, "it was counted out before");
        let _all_busy = (first.busy(), fourth.busy());
        assert_eq!(connections.open(remote(5)).err(), Some(Limit::Connections));
        drop(busy);
        assert!(connections.open(remote(5)).is_ok() && third.cut.is_cancelled());
    }

    #[test]
    fn a_request_that_begins_is_waited_for_anew() {
        let connections = connections(10, 10);
        let [first, second] = [1, 2].map(|number| connections.open(remote(number)).expect("room").0);
        first.begin();
        let cut = || [&first, &second].map(|ticket| ticket.cut.is_cancelled());
        assert!(connections.make_room());
        assert_eq!(cut(), [false, true]);
        assert!(connections.make_room() && !connections.make_room());
        assert_eq!((cut(), connections.count()), ([true, true], 0));
    }

    #[test]
    fn a_place_makes_room_among_its_own() {
        let connections = connections(100, 2);
        let other = connections.open(remote(9)).unwrap().0;
        let [first, second] = [1; 2].map(|_| connections.open(remote(1)).unwrap().0);
        let (third, met) = connections.open(remote(1)).unwrap();
        assert_eq!(met, Some(Limit::ConnectionsPerAddress));
        assert_eq!([&other, &first, &second].map(|ticket| ticket.cut.is_cancelled()), [false, true, false]);
        let _busy = (second.busy(), third.busy());
        assert_eq!(connections.open(remote(1)).err(), Some(Limit::ConnectionsPerAddress));
        assert!(connections.open(remote(2)).is_ok());
    }

    #[test]
    fn nothing_is_left_of_those_that_ended() {
        let connections = connections(2, 1);
        for number in 0..200 {
            drop(connections.open(remote(number)).unwrap());
        }
        let open = connections.lock();
        assert!(open.connections.is_empty());
        assert!((0..200).all(|number| open.shares.all_of(remote(number)).is_empty()));
    }

    #[test]
    fn a_place_with_one_connection_keeps_it_while_another_has_two() {
        let connections = connections(40, 40);
        // Thirty places of one network with one connection each, and one place elsewhere with ten.
        let honest: Vec<_> = (0..30).map(|number| connections.open(remote(number)).unwrap().0).collect();
        let elsewhere = IpAddr::from([198, 51, 100, 1]);
        let mut others: Vec<_> = (0..10).map(|_| connections.open(elsewhere).unwrap().0).collect();
        for _ in 0..50 {
            others.push(connections.open(elsewhere).unwrap().0);
        }
        assert!(honest.iter().all(|ticket| !ticket.cut.is_cancelled()));
        let newcomer = connections.open(remote(200)).unwrap().0;
        assert!(honest.iter().chain([&newcomer]).all(|ticket| !ticket.cut.is_cancelled()));
    }

    #[test]
    fn where_each_place_has_one_the_network_with_the_most_makes_room() {
        let connections = connections(40, 40);
        let alone = connections.open([198, 51, 100, 1].into()).unwrap().0;
        let crowd: Vec<_> = (0..200).map(|number| connections.open(remote(number)).unwrap().0).collect();
        assert!(!alone.cut.is_cancelled());
        assert_eq!(crowd.iter().filter(|ticket| !ticket.cut.is_cancelled()).count(), 39);
    }

    /// Attackers at 64 addresses who open 6,600 connections a second and never close one; and every 50 ms an honest
    /// client that needs its connection for a second, which is more than three round trips of 200 ms. Returns how many
    /// of 20 honest ones kept theirs.
    fn served(attacker: impl Fn(u64) -> IpAddr, honest: impl Fn(u64) -> IpAddr) -> (usize, u64) {
        let connections = Connections::new(&Limits::default());
        let (mut attackers, mut clients, mut closed) = (Vec::new(), Vec::new(), 0);
        for step in 0..13_200_u64 {
            let now = Duration::from_secs(1) + Duration::from_micros(step * 1_000_000 / 6600);
            match connections.open_at(attacker(step), now) {
                Ok((ticket, _)) => attackers.push(ticket),
                Err(limit) => {
                    assert_eq!(limit, Limit::ConnectionRate);
                    closed += 1;
                }
            }
            if step % 330 == 0 && clients.len() < 20 {
                clients.push(connections.open_at(honest(step / 330), now).map(|(ticket, _)| (ticket, now)));
            }
        }
        let is_served = |ticket: &Ticket| !ticket.cut.is_cancelled();
        let served =
            clients.iter().filter(|client| client.as_ref().is_ok_and(|(ticket, _)| is_served(ticket)));
        (served.count(), closed)
    }

    #[test]
    fn connections_that_come_and_go_keep_nobody_out() {
        let one_network = |step: u64| IpAddr::from([192, 0, 2, (step % 64) as u8]);
        let many_networks = |step: u64| IpAddr::from([10, 0, (step % 64) as u8, 1]);
        let in_the_same_network = |number: u64| IpAddr::from([192, 0, 2, 100 + number as u8]);
        let elsewhere = |number: u64| IpAddr::from([198, 51, 100, number as u8]);
        for honest in [in_the_same_network, elsewhere] {
            for attacker in [one_network, many_networks] {
                let (served, closed) = served(attacker, honest);
                assert_eq!(served, 20);
                // The rate in all is 1,000 a second and ten for each address, and what had gathered before.
                assert!(closed > 13_200 - 2 * 1640 - 1000 - 64 * 50, "{closed}");
            }
        }
    }

    #[test]
    fn a_place_alone_makes_as_many_connections_as_it_likes() {
        let limits = Limits { connection_rate: 1, connection_rate_per_address: 1, ..Limits::default() };
        let connections = Connections::new(&limits);
        let second = Duration::from_secs(1);
        let is_open = |number, time| connections.open_at(remote(number), time).is_ok();
        assert!((0..1000).all(|_| is_open(1, second)));
        assert!(is_open(2, second), "another place");
        // Five and one are what has gathered for the place and for all together.
        assert_eq!((0..100).filter(|_| is_open(1, second)).count(), 6);
        assert!(is_open(2, second), "the other has some left");
        assert!((0..100).all(|_| is_open(1, 3 * second)), "alone again");
    }

    #[test]
    fn those_of_one_place_are_closed_and_no_others() {
        let connections = connections(10, 10);
        let [one, another, elsewhere] = [1, 1, 2].map(|number| connections.open(remote(number)).unwrap().0);
        connections.cut_from(remote(1));
        assert_eq!([&one, &another, &elsewhere].map(|ticket| ticket.cut.is_cancelled()), [true, true, false]);
        assert_eq!(connections.count(), 1);
    }

    #[test]
    fn a_place_is_alone_once_the_last_of_another_is_longer_ago_than_a_while() {
        let limits = Limits { connection_rate_per_address: 1, connection_rate: 1, ..Limits::default() };
        for (after, is_alone) in
            [(Duration::ZERO, false), (ALONE_AFTER, false), (ALONE_AFTER + Duration::from_nanos(1), true)]
        {
            let mut rates = Rates::new(&limits);
            assert_eq!(rates.take(remote(1), Duration::ZERO), Ok(()));
            let are_all_let_in = (0..100).all(|_| rates.take(remote(2), after).is_ok());
            assert_eq!(are_all_let_in, is_alone, "{after:?}");
        }
    }
}
