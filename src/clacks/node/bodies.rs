//! The bodies that come in: how much memory they take together, and which makes room for another.

use std::{
    cmp::Reverse,
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use crate::core::place;

/// The bodies that are being read, of at most so many bytes together. Where they would take more, the place with the
/// most bytes makes room, with its largest body: whoever sends much, and slowly, keeps nobody out who sends little. One
/// body alone is never too much.
#[derive(Debug)]
pub(super) struct Bodies {
    max_bytes: usize,
    coming: Mutex<Coming>,
}

#[derive(Debug, Default)]
struct Coming {
    next: u64,
    bytes: usize,
    bodies: HashMap<u64, Body>,
    /// Bytes by place, of those that have any.
    places: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Body {
    place: IpAddr,
    bytes: usize,
    cut: CancellationToken,
}

/// What one body takes, until this is dropped.
#[derive(Debug)]
pub(super) struct Share<'a> {
    number: u64,
    cut: CancellationToken,
    bodies: &'a Bodies,
}

impl Bodies {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, coming: Mutex::default() }
    }

    /// One more body begins to come from this remote address. It takes nothing yet.
    pub(super) fn begin(&self, remote: IpAddr) -> Share<'_> {
        let mut coming = self.lock();
        let (number, cut) = (coming.next, CancellationToken::new());
        coming.next += 1;
        coming.bodies.insert(number, Body { place: place(remote), bytes: 0, cut: cut.clone() });
        Share { number, cut, bodies: self }
    }

    fn lock(&self) -> MutexGuard<'_, Coming> {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Coming {
    fn set(&mut self, number: u64, bytes: usize) {
        let Some(body) = self.bodies.get_mut(&number) else { return };
        self.bytes = self.bytes - body.bytes + bytes;
        let in_place = self.places.entry(body.place).or_default();
        *in_place = *in_place - body.bytes + bytes;
        if *in_place == 0 {
            self.places.remove(&body.place);
        }
        body.bytes = bytes;
    }

    /// The largest body of the place that has the most bytes and, of those that are as large, the oldest.
    fn first(&self) -> Option<u64> {
        let in_place = |body: &Body| self.places.get(&body.place).copied().unwrap_or_default();
        let rank = |(number, body): &(&u64, &Body)| (in_place(body), body.bytes, Reverse(**number));
        self.bodies.iter().max_by_key(rank).map(|(number, _)| *number)
    }

    fn end(&mut self, number: u64) -> Option<Body> {
        self.set(number, 0);
        self.bodies.remove(&number)
    }
}

impl Share<'_> {
    /// The body takes so many bytes now. If all together take too many, others have to make room, or this one.
    pub(super) fn takes(&self, bytes: usize) {
        let mut coming = self.bodies.lock();
        coming.set(self.number, bytes);
        while coming.bytes > self.bodies.max_bytes && coming.bodies.len() > 1 {
            let Some(first) = coming.first().and_then(|number| coming.end(number)) else { return };
            first.cut.cancel();
        }
    }

    /// Ends when the body is to make room.
    pub(super) async fn has_to_make_room(&self) {
        self.cut.cancelled().await;
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.bodies.lock().end(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(number: u8) -> IpAddr {
        [192, 0, 2, number].into()
    }

    fn cut(shares: &[&Share<'_>]) -> Vec<bool> {
        shares.iter().map(|share| share.cut.is_cancelled()).collect()
    }

    #[test]
    fn the_largest_makes_room() {
        let bodies = Bodies::new(100);
        let [first, second, third] = [40, 50, 10].map(|bytes| {
            let share = bodies.begin(remote(bytes as u8));
            share.takes(bytes);
            share
        });
        assert_eq!(cut(&[&first, &second, &third]), [false; 3]);
        third.takes(11);
        assert_eq!(cut(&[&first, &second, &third]), [false, true, false]);
        // Which is the one that grows, if that is the largest.
        third.takes(61);
        assert_eq!(cut(&[&first, &second, &third]), [false, true, true]);
        // What they go on to take is nobody's loss.
        second.takes(1000);
        third.takes(1000);
        assert_eq!((cut(&[&first])[0], bodies.lock().bytes), (false, 40));
    }

    #[test]
    fn one_alone_has_all_the_room_that_it_needs() {
        let bodies = Bodies::new(100);
        let alone = bodies.begin(remote(1));
        alone.takes(1000);
        assert_eq!(cut(&[&alone]), [false]);
        let small = bodies.begin(remote(2));
        small.takes(1);
        assert_eq!(cut(&[&alone, &small]), [true, false]);
    }

    #[test]
    fn nothing_is_left_of_those_that_ended() {
        let bodies = Bodies::new(100);
        for bytes in 0..200 {
            let (share, _other) = (bodies.begin(remote(1)), bodies.begin(remote(2)));
            share.takes(bytes);
        }
        let coming = bodies.lock();
        assert!(coming.bytes == 0 && coming.bodies.is_empty() && coming.places.is_empty());
    }

    #[test]
    fn many_small_bodies_of_one_place_make_room_before_a_large_one() {
        let bodies = Bodies::new(100);
        let honest = bodies.begin(remote(1));
        honest.takes(30);
        let crowd: Vec<_> = (1..=40)
            .map(|number| {
                let share = bodies.begin(remote(2));
                share.takes(if number == 3 { 5 } else { 4 });
                share
            })
            .collect();
        assert_eq!(cut(&[&honest]), [false]);
        assert!(crowd[2].cut.is_cancelled(), "its largest first");
        assert!(bodies.lock().bytes <= 100 && !crowd[39].cut.is_cancelled());
    }
}
