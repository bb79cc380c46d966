//! The connections from outside: how many there are, and who makes room for another.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio_util::sync::CancellationToken;

use crate::core::{Limit, place};

/// The connections that are open, at most so many in all and from one place. Where there are as many, the one that has
/// let us wait for the longest makes room, be it for a handshake, a request or its body: whoever keeps connections open
/// keeps nobody out.
#[derive(Debug)]
pub(super) struct Connections {
    max: usize,
    max_per_place: usize,
    open: Mutex<Open>,
    /// What the times of waiting are measured from.
    began: Instant,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Connection>,
    places: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Connection {
    place: IpAddr,
    waits: Arc<Waits>,
    cut: CancellationToken,
}

/// Since when a connection waits for its client, in nanoseconds. It is set for each request, so without the lock.
#[derive(Debug)]
struct Waits(AtomicU64);

impl Waits {
    /// While a payload is worked on.
    const NOT: u64 = u64::MAX;

    fn since(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|since| *since != Self::NOT)
    }
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
    pub(super) fn new(max: usize, max_per_place: usize) -> Arc<Self> {
        Arc::new(Self { max, max_per_place, open: Mutex::default(), began: Instant::now() })
    }

    /// Counts one more connection from this remote address, and the limit that another had to make room for, if any.
    /// None can be had while all are busy.
    pub(super) fn open(self: &Arc<Self>, remote: IpAddr) -> Result<(Ticket, Option<Limit>), Limit> {
        let place = place(remote);
        let mut open = self.lock();
        let is_place_full = open.places.get(&place).is_some_and(|count| *count >= self.max_per_place);
        let met = if is_place_full {
            Some(Limit::ConnectionsPerAddress)
        } else {
            (open.connections.len() >= self.max).then_some(Limit::Connections)
        };
        if let Some(limit) = met {
            let only_from = is_place_full.then_some(place);
            let waits_longest = open.waits_longest(only_from).ok_or(limit)?;
            open.close(waits_longest);
        }
        Ok((self.ticket(&mut open, place), met))
    }

    /// Cuts off the one that has let us wait for the longest, as where the system has no room for another. Returns
    /// whether there was one.
    pub(super) fn make_room(&self) -> bool {
        let mut open = self.lock();
        let waits_longest = open.waits_longest(None);
        waits_longest.into_iter().for_each(|number| open.close(number));
        waits_longest.is_some()
    }

    /// Cuts off all of them.
    pub(super) fn cut_all(&self) {
        let mut open = self.lock();
        let numbers: Vec<u64> = open.connections.keys().copied().collect();
        numbers.into_iter().for_each(|number| open.close(number));
    }

    fn ticket(self: &Arc<Self>, open: &mut Open, place: IpAddr) -> Ticket {
        let (number, cut) = (open.next, CancellationToken::new());
        let waits = Arc::new(Waits(AtomicU64::new(self.now())));
        open.next += 1;
        *open.places.entry(place).or_default() += 1;
        let connection = Connection { place, waits: Arc::clone(&waits), cut: cut.clone() };
        open.connections.insert(number, connection);
        Ticket { number, waits, cut, connections: Arc::clone(self) }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.lock().connections.len()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn waits_longest(&self, from: Option<IpAddr>) -> Option<u64> {
        self.connections
            .iter()
            .filter(|(_, connection)| from.is_none_or(|place| connection.place == place))
            .filter_map(|(number, connection)| Some((connection.waits.since()?, *number)))
            .min()
            .map(|(_, number)| number)
    }

    /// Cuts a connection off, if it is open still.
    fn close(&mut self, number: u64) {
        let Some(Connection { place, cut, .. }) = self.connections.remove(&number) else { return };
        cut.cancel();
        if let Some(count) = self.places.get_mut(&place) {
            *count -= 1;
            if *count == 0 {
                self.places.remove(&place);
            }
        }
    }
}

impl Ticket {
    /// Ends when the connection is to make room for another.
    pub(super) fn cut(&self) -> CancellationToken {
        self.cut.clone()
    }

    /// A request has begun: its client is waited for anew.
    pub(super) fn begin(&self) {
        self.waits.0.store(self.connections.now(), Ordering::Relaxed);
    }

    /// A payload is worked on now, and its client not waited for.
    pub(super) fn busy(&self) -> Busy<'_> {
        self.waits.0.store(Waits::NOT, Ordering::Relaxed);
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

    fn remote(number: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, number).into()
    }

    #[test]
    fn the_one_that_waits_for_the_longest_makes_room() {
        let connections = Connections::new(3, 3);
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
        let connections = Connections::new(10, 10);
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
        let connections = Connections::new(100, 2);
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
        let connections = Connections::new(2, 1);
        for number in 0..200 {
            drop(connections.open(remote(number)).unwrap());
        }
        let open = connections.lock();
        assert!(open.connections.is_empty() && open.places.is_empty());
    }
}
