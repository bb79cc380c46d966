//! The memory of signed requests, and what the shell reports about a signature.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use ring::digest::{Context, SHA256, digest};

use crate::protocol::{Id, Path, Signature, SignatureError, Timestamp};

/// What identifies a signed request: its signature, sender, path and body. The signature alone is not enough, because it
/// is the same for everything that a key signs in one millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of a request.
    pub fn of(signature: &Signature, sender: Option<&Id>, path: Path, body: &[u8]) -> Self {
        let mut context = Context::new(&SHA256);
        let id = sender.map_or("", Id::as_str);
        // Each part before the body has its length in front, so that no two requests give the same bytes.
        for part in [signature.bytes(), id.as_bytes(), path.as_str().as_bytes()] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.update(digest(&SHA256, body).as_ref());
        let mut half = [0; 16];
        half.copy_from_slice(&context.finish().as_ref()[..16]);
        Self(half)
    }
}

/// What the shell found about the signature of a request. It verifies outside of the core, because that takes long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureCheck {
    /// Not checked: the path needs none, or signatures are not in use.
    Unchecked,
    /// The headers are missing or have a wrong form.
    Malformed(SignatureError),
    /// No accepted key made it.
    Wrong,
    /// An accepted key made it.
    Good {
        /// The time that was signed.
        timestamp: Timestamp,
        /// What is remembered.
        fingerprint: Fingerprint,
    },
}

/// The signed requests of the last minutes.
#[derive(Debug, Default)]
pub(super) struct Replays {
    seen: HashSet<Fingerprint>,
    order: VecDeque<(Duration, Fingerprint)>,
}

/// Whether a signed request is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    New,
    Replayed,
    /// There is no room to remember it.
    Full,
}

/// Times are signed in whole milliseconds, so a request is accepted up to this much longer than twice the difference of
/// clocks.
const GRANULARITY: Duration = Duration::from_millis(1);

impl Replays {
    pub(super) fn record(
        &mut self,
        fingerprint: Fingerprint,
        now: Duration,
        memory: Duration,
        max: usize,
    ) -> Freshness {
        while let Some((at, oldest)) = self.order.front().copied() {
            if at + memory + GRANULARITY > now {
                break;
            }
            self.order.pop_front();
            self.seen.remove(&oldest);
        }
        if self.seen.contains(&fingerprint) {
            return Freshness::Replayed;
        }
        if self.seen.len() >= max {
            return Freshness::Full;
        }
        self.seen.insert(fingerprint);
        self.order.push_back((now, fingerprint));
        Freshness::New
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.order.len().max(self.seen.len())
    }
}
