//! Usage and limits of the queue.

use std::net::IpAddr;

use super::{EnqueueError, Queue};
use crate::core::{
    HeldMessage, Options, PlaceRank, PlaceShare, QueuedMessage,
    shares::{Load, PlaceRange, Shares},
};

/// The reserve for the user's own messages: one sixteenth of the messages and bytes.
const RESERVE: usize = 16;

/// Why there is no room for a received message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::core) enum NoRoom {
    /// The queue is full for all peers.
    Full,
    /// The share of its rate-limit key or network is used up.
    Share,
}

/// The usage of the queue in total and by source, and the limits.
#[derive(Debug)]
pub(super) struct Room {
    /// All messages: queued, held and in flight.
    pub(super) all: Load,
    /// The messages of the user among those.
    local: Load,
    most: Load,
    /// The messages by rate-limit key. Nodes of a simulation have none.
    pub(super) shares: Option<Box<Shares>>,
}

impl Room {
    pub(super) fn new(options: &Options) -> Self {
        Self { all: Load::default(), local: Load::default(), most: most(options), shares: None }
    }

    /// Counts a message. Returns the rate-limit key that it is counted for.
    pub(super) fn add(&mut self, place: Option<IpAddr>, is_local: bool, size: usize) -> Option<IpAddr> {
        self.all.add(size);
        if is_local {
            self.local.add(size);
        }
        place.map(|place| {
            let new = || Box::new(Shares::new(self.most));
            self.shares.get_or_insert_with(new).add(place, size)
        })
    }

    /// Uncounts a message.
    pub(super) fn remove(&mut self, gone: &QueuedMessage) {
        let size = gone.message.size();
        self.all.remove(size);
        if gone.from.is_none() {
            self.local.remove(size);
        }
        if let Some((place, shares)) = gone.place.zip(self.shares.as_mut()) {
            shares.remove(place, size);
            if shares.len() == 0 {
                self.shares = None;
            }
        }
    }

    /// Updates the size of a message.
    pub(super) fn resize(&mut self, place: Option<IpAddr>, is_local: bool, before: usize, after: usize) {
        self.all.bytes = self.all.bytes - before + after;
        if is_local {
            self.local.bytes = self.local.bytes - before + after;
        }
        if let Some((place, shares)) = place.zip(self.shares.as_mut()) {
            shares.resize(place, before, after);
        }
    }

    /// Adds `change` to the number of held messages of a rate-limit key.
    pub(super) fn count_held(&mut self, queued: &QueuedMessage, change: isize) {
        if let Some((place, shares)) = queued.place.zip(self.shares.as_mut()) {
            shares.count_held(place, change);
        }
    }

    fn free(&self) -> Load {
        Load {
            messages: self.most.messages.saturating_sub(self.all.messages),
            bytes: self.most.bytes.saturating_sub(self.all.bytes),
        }
    }

    /// The limit of all received messages.
    fn total_for_received(&self) -> Load {
        let Load { messages, bytes } = self.most;
        Load { messages: messages - messages / RESERVE, bytes: bytes - bytes / RESERVE }
    }

    /// The free room minus the unused part of the user's reserve.
    pub(super) fn free_for_received(&self) -> Load {
        let (free, most, local) = (self.free(), self.most, self.local);
        let unused = |most: usize, local: usize| (most / RESERVE).saturating_sub(local);
        Load {
            messages: free.messages.saturating_sub(unused(most.messages, local.messages)),
            bytes: free.bytes.saturating_sub(unused(most.bytes, local.bytes)),
        }
    }
}

fn most(options: &Options) -> Load {
    Load { messages: options.max_queue_messages, bytes: options.max_queue_bytes }
}

impl Load {
    fn has_room(self, new: Self) -> bool {
        self.messages >= new.messages && self.bytes >= new.bytes
    }
}

impl Queue {
    /// Sets the limits. Messages above a lower one stay.
    pub(in crate::core) fn set_limits(&mut self, options: &Options) {
        self.room.most = most(options);
    }

    fn full_error(&self) -> EnqueueError {
        let Load { messages, bytes } = self.room.all;
        EnqueueError::Full { messages, bytes }
    }

    /// Checks whether there is room for a message of `size` bytes that the user writes or restores.
    pub(in crate::core) fn check_room(&self, size: usize) -> Result<(), EnqueueError> {
        if self.room.free().has_room(Load::of(size)) { Ok(()) } else { Err(self.full_error()) }
    }

    /// Checks whether there is room for received messages, all or none. Without a rate-limit key only the total is
    /// limited.
    pub(in crate::core) fn check_share(&self, place: Option<IpAddr>, new: Load) -> Result<(), NoRoom> {
        let has_room = |free: Load| if free.has_room(new) { Ok(free) } else { Err(NoRoom::Full) };
        let Some(place) = place else { return has_room(self.room.free()).map(drop) };
        let free = has_room(self.room.free_for_received())?;
        let none = Shares::new(self.room.most);
        let shares = self.room.shares.as_deref().unwrap_or(&none);
        if shares.admits(place, new, free, self.room.total_for_received()) {
            Ok(())
        } else {
            Err(NoRoom::Share)
        }
    }

    /// Counts a message that was refused because of the share of its rate-limit key.
    pub(in crate::core) fn count_refused(&mut self, place: IpAddr) {
        self.room.shares.iter_mut().for_each(|shares| shares.count_refused(place));
    }

    /// Checks whether a text of `size` bytes can replace one of `before` bytes.
    pub(in crate::core) fn check_replacement(&self, before: usize, size: usize) -> Result<(), EnqueueError> {
        if self.room.all.bytes - before + size <= self.room.most.bytes {
            Ok(())
        } else {
            Err(self.full_error())
        }
    }

    /// Bytes of JSON text of all messages: queued, held and in flight.
    pub(in crate::core) fn bytes(&self) -> usize {
        self.room.all.bytes
    }

    /// The shares of rate-limit keys at these positions, the largest first.
    pub(in crate::core) fn shares(
        &self,
        range: PlaceRange,
    ) -> impl DoubleEndedIterator<Item = (PlaceRank, PlaceShare)> {
        self.room.shares.iter().flat_map(move |shares| shares.ranked(range))
    }

    /// The share of a rate-limit key with messages, and its position.
    pub(in crate::core) fn share(&self, place: IpAddr) -> Option<(PlaceRank, PlaceShare)> {
        self.room.shares.as_ref()?.find(place)
    }

    /// Number of rate-limit keys with messages.
    pub(in crate::core) fn shares_len(&self) -> usize {
        self.room.shares.as_ref().map_or(0, |shares| shares.len())
    }

    /// Adds a message to the held messages. It is in no list yet.
    pub(in crate::core) fn hold_entry(&mut self, held: HeldMessage) {
        self.room.count_held(&held.queued, 1);
        self.held.insert(held);
    }
}
