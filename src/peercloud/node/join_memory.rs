//! The memory of answers to joins that are not read yet.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use clacks_transport::rate_limit_key;

/// Bounds the bytes of all answers to joins that are not read yet: each is as long as the list of the cloud, and who asks
/// may read it slowly. One address, or /64 network of IPv6, may use half of them, and each a single answer of any length.
#[derive(Debug)]
pub(super) struct JoinMemory {
    max: usize,
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// The memory of one answer, until this is dropped.
#[derive(Debug)]
pub(super) struct HeldAnswer {
    key: IpAddr,
    bytes: usize,
    memory: Arc<JoinMemory>,
}

impl JoinMemory {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, held: Mutex::default() })
    }

    /// Memory for an answer to this address; `None` if there is not enough.
    pub(super) fn hold(self: &Arc<Self>, remote: IpAddr, bytes: usize) -> Option<HeldAnswer> {
        let (key, mut held) = (rate_limit_key(remote), self.lock());
        let of_address = held.get(&key).copied().unwrap_or_default();
        let all: usize = held.values().sum();
        let has_room = |used: usize, max: usize| used == 0 || used + bytes <= max;
        if !has_room(all, self.max) || !has_room(of_address, self.max / 2) {
            return None;
        }
        held.insert(key, of_address + bytes);
        Some(HeldAnswer { key, bytes, memory: Arc::clone(self) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HeldAnswer {
    fn drop(&mut self) {
        let mut held = self.memory.lock();
        let of_address = held.entry(self.key).or_default();
        *of_address -= self.bytes;
        if *of_address == 0 {
            held.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(number: u8) -> IpAddr {
        [192, 0, 2, number].into()
    }

    #[test]
    fn all_answers_together_are_bounded() {
        let memory = JoinMemory::new(100);
        let held: Vec<_> = (1..=5).map(|number| memory.hold(remote(number), 30)).collect();
        assert_eq!(held.iter().flatten().count(), 3);
        drop(held);
        assert!(memory.lock().is_empty());
        assert!(memory.hold(remote(4), 30).is_some());
    }

    #[test]
    fn an_address_uses_half_of_the_memory() {
        let memory = JoinMemory::new(100);
        let held: Vec<_> = (0..5).map(|_| memory.hold(remote(1), 20)).collect();
        assert_eq!(held.iter().flatten().count(), 2);
        assert!(memory.hold(remote(2), 20).is_some());
    }

    #[test]
    fn a_single_answer_may_be_longer() {
        let memory = JoinMemory::new(100);
        let long = memory.hold(remote(1), 1000);
        assert!(long.is_some() && memory.hold(remote(2), 1).is_none());
        drop(long);
        assert!(memory.hold(remote(2), 1).is_some());
    }
}
