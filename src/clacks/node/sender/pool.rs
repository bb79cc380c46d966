use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until, timeout};

use crate::protocol::Address;

use super::link::Link;

/// Time for which an idle connection is kept. The package's server (Node.js) closes its own after 5 s, and a request at
/// that moment has to be repeated.
const MAX_IDLE_TIME: Duration = Duration::from_secs(4);
/// Maximum time from a response until the connection is ready for the next request. If the peer responded without
/// reading the request, it may never be ready.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

/// The idle connections to peers, up to a maximum in total. At the maximum the least recently used one is closed.
#[derive(Debug)]
pub(super) struct Pool {
    max: usize,
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    next: u64,
    /// In the order in which they became idle.
    links: BTreeMap<u64, (Address, Link, Instant)>,
    by_peer: HashMap<Address, Vec<u64>>,
    /// Connections with a response that are not ready for another request yet. They count as idle ones.
    finishing: usize,
    /// Whether a task is closing connections that are idle for too long.
    is_watched: bool,
    is_closed: bool,
}

impl Pool {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, idle: Mutex::default() })
    }

    /// The most recently used idle connection to this peer for which `may_be_used` returns true. Others are closed.
    pub(super) fn acquire(&self, to: &Address, may_be_used: impl Fn(&Link) -> bool) -> Option<Link> {
        loop {
            let link = self.lock().pop(to)?;
            if link.requests.is_ready() && may_be_used(&link) {
                return Some(link);
            }
        }
    }

    /// Returns a connection to the pool.
    pub(super) fn release(self: &Arc<Self>, to: Address, mut link: Link) {
        if link.requests.is_ready() {
            return self.insert_idle(to, link);
        }
        if link.requests.is_closed() {
            return;
        }
        let Some(finishing) = FinishingGuard::begin(self) else { return };
        // Its task has not processed the end of the response yet.
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            let finished = timeout(FINISH_TIMEOUT, link.requests.ready()).await;
            drop(finishing);
            if let Ok(Ok(())) = finished {
                pool.insert_idle(to, link);
            }
        });
    }

    fn insert_idle(self: &Arc<Self>, to: Address, link: Link) {
        let mut idle = self.lock();
        if idle.is_closed || self.max == 0 {
            return;
        }
        idle.push(to, link);
        let one_too_many = idle.pop_if_more_than(self.max);
        let is_watched = std::mem::replace(&mut idle.is_watched, true);
        drop(idle);
        drop(one_too_many);
        if !is_watched {
            tokio::spawn(Arc::clone(self).watch());
        }
    }

    /// Closes connections that are idle for too long, until there are none.
    async fn watch(self: Arc<Self>) {
        loop {
            let due = {
                let mut idle = self.lock();
                let Some((_, (_, _, since))) = idle.links.first_key_value() else {
                    idle.is_watched = false;
                    return;
                };
                *since + MAX_IDLE_TIME
            };
            sleep_until(due).await;
            while let Some(link) = self.lock().pop_if_idle_since(Instant::now() - MAX_IDLE_TIME) {
                drop(link);
            }
        }
    }

    /// Closes the connection that has been idle longest. Returns whether there was one.
    pub(super) fn close_oldest(&self) -> bool {
        let oldest = self.lock().pop_oldest();
        oldest.is_some()
    }

    /// Closes the idle connections to this peer.
    pub(super) fn close_to(&self, to: &Address) {
        while let Some(link) = self.lock().pop(to) {
            drop(link);
        }
    }

    /// Closes all idle connections and keeps no new ones.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        while self.close_oldest() {}
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    fn push(&mut self, to: Address, link: Link) {
        let number = self.next;
        self.next += 1;
        self.by_peer.entry(to.clone()).or_default().push(number);
        self.links.insert(number, (to, link, Instant::now()));
    }

    fn pop(&mut self, to: &Address) -> Option<Link> {
        let number = self.by_peer.get(to)?.last().copied()?;
        self.remove(number)
    }

    fn pop_oldest(&mut self) -> Option<Link> {
        let number = *self.links.first_key_value()?.0;
        self.remove(number)
    }

    fn pop_if_more_than(&mut self, max: usize) -> Option<Link> {
        if self.links.len() + self.finishing > max { self.pop_oldest() } else { None }
    }

    fn pop_if_idle_since(&mut self, time: Instant) -> Option<Link> {
        let (number, (_, _, since)) = self.links.first_key_value()?;
        let (number, is_too_long) = (*number, *since <= time);
        if is_too_long { self.remove(number) } else { None }
    }

    fn remove(&mut self, number: u64) -> Option<Link> {
        let (to, link, _) = self.links.remove(&number)?;
        if let Some(numbers) = self.by_peer.get_mut(&to) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_peer.remove(&to);
            }
        }
        Some(link)
    }
}

/// Counts a connection that is not ready for another request yet, until this is dropped.
struct FinishingGuard(Arc<Pool>);

impl FinishingGuard {
    /// `None` at the maximum: half of all.
    fn begin(pool: &Arc<Pool>) -> Option<Self> {
        let mut idle = pool.lock();
        if idle.is_closed || idle.finishing >= pool.max.div_ceil(2) {
            return None;
        }
        idle.finishing += 1;
        let one_too_many = idle.pop_if_more_than(pool.max);
        drop(idle);
        drop(one_too_many);
        Some(Self(Arc::clone(pool)))
    }
}

impl Drop for FinishingGuard {
    fn drop(&mut self) {
        self.0.lock().finishing -= 1;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, DuplexStream};

    use super::*;

    fn peer(number: u16) -> Address {
        Address::new("tower.example.org", number).unwrap()
    }

    /// Adds an idle connection with this certificate to the pool. Returns its other end.
    async fn put(pool: &Arc<Pool>, to: u16, certificate: u8) -> DuplexStream {
        let (mut link, other_end) = Link::to_nowhere(certificate).await;
        link.requests.ready().await.unwrap();
        pool.release(peer(to), link);
        other_end
    }

    async fn is_closed(other_end: &mut DuplexStream) -> bool {
        let read = timeout(Duration::from_millis(100), other_end.read(&mut [0])).await;
        read.is_ok_and(|read| read.unwrap() == 0)
    }

    fn acquire(pool: &Pool, from: u16) -> Option<u8> {
        pool.acquire(&peer(from), |_| true).map(|link| link.certificate.0[0])
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_pool_closes_the_least_recently_used_connection() {
        let pool = Pool::new(3);
        let mut first = put(&pool, 1, 1).await;
        let mut others = Vec::new();
        for number in 2..=10 {
            others.push(put(&pool, number, 0).await);
        }
        assert!(is_closed(&mut first).await);
        assert_eq!(pool.lock().links.len(), 3);
        assert_eq!([1, 7, 8, 10].map(|number| acquire(&pool, number).is_some()), [false, false, true, true]);
        assert!(pool.close_oldest() && !pool.close_oldest());
        assert!(pool.lock().by_peer.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_pool_returns_the_most_recent_usable_connection() {
        let pool = Pool::new(10);
        let mut ends = Vec::new();
        for certificate in [1, 2, 1, 3] {
            ends.push(put(&pool, 1, certificate).await);
        }
        ends.push(put(&pool, 2, 9).await);
        let allowed = |link: &Link| link.certificate.0[0] == 1;
        let taken = [(); 3].map(|()| pool.acquire(&peer(1), allowed).is_some());
        assert_eq!(taken, [true, true, false], "those that may not be used are closed");
        assert!(is_closed(&mut ends[1]).await && is_closed(&mut ends[3]).await);
        assert_eq!(acquire(&pool, 2), Some(9));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_closed_by_the_peer_is_not_reused() {
        let pool = Pool::new(10);
        let stays = put(&pool, 1, 1).await;
        drop(put(&pool, 1, 2).await);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!((acquire(&pool, 1), acquire(&pool, 1)), (Some(1), None));
        drop(stays);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_idle_for_too_long_is_closed() {
        let pool = Pool::new(10);
        let mut first = put(&pool, 1, 1).await;
        tokio::time::sleep(MAX_IDLE_TIME / 2).await;
        let mut second = put(&pool, 1, 2).await;
        tokio::time::sleep(MAX_IDLE_TIME / 2 + Duration::from_millis(1)).await;
        assert!(is_closed(&mut first).await && !is_closed(&mut second).await);
        tokio::time::sleep(MAX_IDLE_TIME).await;
        assert!(is_closed(&mut second).await && !pool.lock().is_watched);
        put(&pool, 1, 3).await;
        assert!(pool.lock().is_watched);
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_pool_keeps_no_connection() {
        let pool = Pool::new(10);
        let (mut one, mut other) = (put(&pool, 1, 1).await, put(&pool, 2, 1).await);
        pool.close_to(&peer(1));
        assert!(is_closed(&mut one).await && !is_closed(&mut other).await);
        pool.close();
        assert!(is_closed(&mut other).await);
        assert!(is_closed(&mut put(&pool, 1, 1).await).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_not_ready_counts_as_idle_until_its_time_out() {
        let pool = Pool::new(4);
        let mut ends = Vec::new();
        for number in 1..=4 {
            ends.push(put(&pool, number, 1).await);
        }
        for number in 1..=3 {
            let (mut link, other_end) = Link::to_nowhere(2).await;
            // The request gets no response, so the link is not ready.
            drop(link.requests.send_request(hyper::Request::default()));
            assert!(!link.requests.is_ready());
            pool.release(peer(number), link);
            ends.push(other_end);
        }
        let count = || {
            let idle = pool.lock();
            (idle.links.len(), idle.finishing)
        };
        assert_eq!(count(), (2, 2));
        tokio::time::sleep(2 * FINISH_TIMEOUT).await;
        assert_eq!(count(), (2, 0));
    }
}
