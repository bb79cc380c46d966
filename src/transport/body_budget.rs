//! A memory budget for request bodies that are being read.

use std::{
    cmp::Reverse,
    collections::HashMap,
    net::IpAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use tokio_util::sync::CancellationToken;

use crate::rate_limit_key;

/// Limits the memory of all request bodies that are being read.
///
/// When the budget is exceeded, the largest body of the remote address with the most bytes is cancelled, so that slow
/// uploads cannot block small ones. A single body is never cancelled.
#[derive(Debug)]
pub struct BodyBudget {
    max_bytes: AtomicUsize,
    in_progress: Mutex<InProgress>,
}

#[derive(Debug, Default)]
struct InProgress {
    next_id: u64,
    bytes: usize,
    bodies: HashMap<u64, Body>,
    /// Bytes by rate-limit key, without zeros.
    keys: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Body {
    key: IpAddr,
    bytes: usize,
    cancelled: CancellationToken,
}

/// The part of the budget that one body uses, until this is dropped.
#[derive(Debug)]
pub struct Reservation<'a> {
    id: u64,
    cancelled: CancellationToken,
    budget: &'a BodyBudget,
}

impl BodyBudget {
    /// A budget of `max_bytes` bytes.
    pub fn new(max_bytes: usize) -> Self {
        Self { max_bytes: max_bytes.into(), in_progress: Mutex::default() }
    }

    /// Sets the number of bytes. It applies when the next body grows.
    pub fn set_max_bytes(&self, max_bytes: usize) {
        self.max_bytes.store(max_bytes, Relaxed);
    }

    /// Begins to read a body from this remote address. It uses no bytes yet.
    pub fn begin(&self, remote: IpAddr) -> Reservation<'_> {
        let mut in_progress = self.lock();
        let (id, cancelled) = (in_progress.next_id, CancellationToken::new());
        in_progress.next_id += 1;
        in_progress
            .bodies
            .insert(id, Body { key: rate_limit_key(remote), bytes: 0, cancelled: cancelled.clone() });
        Reservation { id, cancelled, budget: self }
    }

    fn lock(&self) -> MutexGuard<'_, InProgress> {
        self.in_progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InProgress {
    fn set(&mut self, id: u64, bytes: usize) {
        let Some(body) = self.bodies.get_mut(&id) else { return };
        self.bytes = self.bytes - body.bytes + bytes;
        let of_key = self.keys.entry(body.key).or_default();
        *of_key = *of_key - body.bytes + bytes;
        if *of_key == 0 {
            self.keys.remove(&body.key);
        }
        body.bytes = bytes;
    }

    /// The largest body of the key with the most bytes; of equals the oldest.
    fn first(&self) -> Option<u64> {
        let of_key = |body: &Body| self.keys.get(&body.key).copied().unwrap_or_default();
        let rank = |(id, body): &(&u64, &Body)| (of_key(body), body.bytes, Reverse(**id));
        self.bodies.iter().max_by_key(rank).map(|(id, _)| *id)
    }

    fn end(&mut self, id: u64) -> Option<Body> {
        self.set(id, 0);
        self.bodies.remove(&id)
    }
}

impl Reservation<'_> {
    /// Sets the number of bytes that the body uses. If the budget is exceeded, bodies are cancelled: others, or this one.
    pub fn set_bytes(&self, bytes: usize) {
        let mut in_progress = self.budget.lock();
        in_progress.set(self.id, bytes);
        let max_bytes = self.budget.max_bytes.load(Relaxed);
        while in_progress.bytes > max_bytes && in_progress.bodies.len() > 1 {
            let Some(first) = in_progress.first().and_then(|id| in_progress.end(id)) else { return };
            first.cancelled.cancel();
        }
    }

    /// Waits until the body is cancelled because the budget was exceeded.
    pub async fn evicted(&self) {
        self.cancelled.cancelled().await;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.budget.lock().end(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(number: u8) -> IpAddr {
        [192, 0, 2, number].into()
    }

    fn cancelled(reservations: &[&Reservation<'_>]) -> Vec<bool> {
        reservations.iter().map(|reservation| reservation.cancelled.is_cancelled()).collect()
    }

    #[test]
    fn the_largest_body_is_cancelled() {
        let budget = BodyBudget::new(100);
        let [first, second, third] = [40, 50, 10].map(|bytes| {
            let reservation = budget.begin(remote(bytes as u8));
            reservation.set_bytes(bytes);
            reservation
        });
        assert_eq!(cancelled(&[&first, &second, &third]), [false; 3]);
        third.set_bytes(11);
        assert_eq!(cancelled(&[&first, &second, &third]), [false, true, false]);
        // The body that grows is cancelled if it is the largest.
        third.set_bytes(61);
        assert_eq!(cancelled(&[&first, &second, &third]), [false, true, true]);
        // Bytes of a cancelled body do not count.
        second.set_bytes(1000);
        third.set_bytes(1000);
        assert_eq!((cancelled(&[&first])[0], budget.lock().bytes), (false, 40));
    }

    #[test]
    fn a_single_body_is_never_cancelled() {
        let budget = BodyBudget::new(100);
        let alone = budget.begin(remote(1));
        alone.set_bytes(1000);
        assert_eq!(cancelled(&[&alone]), [false]);
        let small = budget.begin(remote(2));
        small.set_bytes(1);
        assert_eq!(cancelled(&[&alone, &small]), [true, false]);
    }

    #[test]
    fn ended_entries_leave_no_memory() {
        let budget = BodyBudget::new(100);
        for bytes in 0..200 {
            let (reservation, _other) = (budget.begin(remote(1)), budget.begin(remote(2)));
            reservation.set_bytes(bytes);
        }
        let in_progress = budget.lock();
        assert!(in_progress.bytes == 0 && in_progress.bodies.is_empty() && in_progress.keys.is_empty());
    }

    #[test]
    fn many_small_bodies_of_one_address_are_cancelled_before_a_large_one() {
        let budget = BodyBudget::new(100);
        let honest = budget.begin(remote(1));
        honest.set_bytes(30);
        let crowd: Vec<_> = (1..=40)
            .map(|number| {
                let reservation = budget.begin(remote(2));
                reservation.set_bytes(if number == 3 { 5 } else { 4 });
                reservation
            })
            .collect();
        assert_eq!(cancelled(&[&honest]), [false]);
        assert!(crowd[2].cancelled.is_cancelled(), "its largest first");
        assert!(budget.lock().bytes <= 100 && !crowd[39].cancelled.is_cancelled());
    }
}
