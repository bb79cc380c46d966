//! The connections from outside: how many there are, and who makes room for another.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio_util::sync::CancellationToken;

use crate::core::{Limit, place};

/// The connections that are open, at most so many in all and from one place. Where there are as many, the one that has
/// waited for a request for the longest makes room: whoever keeps connections open without a use keeps nobody out.
#[derive(Debug)]
pub(super) struct Connections {
    max: usize,
    max_per_place: usize,
    open: Mutex<Open>,
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
    /// Since when it waits for a request or shakes hands; `None` while one is answered.
    idle_since: Option<Instant>,
    cut: CancellationToken,
}

/// One connection, which counts until this is dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    number: u64,
    cut: CancellationToken,
    connections: Arc<Connections>,
}

/// While this is there, a request is answered.
pub(super) struct Busy<'a>(&'a Ticket);

impl Connections {
    pub(super) fn new(max: usize, max_per_place: usize) -> Arc<Self> {
        Arc::new(Self { max, max_per_place, open: Mutex::default() })
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
            let longest_idle = open.longest_idle(only_from).ok_or(limit)?;
            open.close(longest_idle);
        }
        Ok((self.ticket(&mut open, place), met))
    }

    fn ticket(self: &Arc<Self>, open: &mut Open, place: IpAddr) -> Ticket {
        let (number, cut) = (open.next, CancellationToken::new());
        open.next += 1;
        *open.places.entry(place).or_default() += 1;
        let connection = Connection { place, idle_since: Some(Instant::now()), cut: cut.clone() };
        open.connections.insert(number, connection);
        Ticket { number, cut, connections: Arc::clone(self) }
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
    fn longest_idle(&self, from: Option<IpAddr>) -> Option<u64> {
        self.connections
            .iter()
            .filter(|(_, connection)| from.is_none_or(|place| connection.place == place))
            .filter_map(|(number, connection)| Some((connection.idle_since?, *number)))
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

    /// A request is answered now.
    pub(super) fn busy(&self) -> Busy<'_> {
        self.set_idle_since(None);
        Busy(self)
    }

    fn set_idle_since(&self, since: Option<Instant>) {
        if let Some(connection) = self.connections.lock().connections.get_mut(&self.number) {
            connection.idle_since = since;
        }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.set_idle_since(Some(Instant::now()));
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
    fn the_one_that_is_idle_for_the_longest_makes_room() {
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
