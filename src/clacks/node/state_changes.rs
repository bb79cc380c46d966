//! Changes since the state was last written.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::{
    core::{Event, Saved},
    protocol::Address,
};

/// Maximum changes. Above it the whole state is written.
const MAX_CHANGES: usize = 65_536;

/// Collects changes for the writer of the state file.
#[derive(Debug)]
pub(super) struct Changes {
    pending: Mutex<Pending>,
    any: Notify,
    /// Notified of changes by the user, which are written without delay.
    by_user: Notify,
}

/// The changes to write.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pending {
    /// Whether to write everything. Then the following fields are empty.
    pub(super) all: bool,
    /// Peers that changed or were removed.
    pub(super) peers: HashSet<Address>,
    /// Addresses whose trusted certificate changed or was removed.
    pub(super) pins: HashSet<Address>,
    /// Whether the ignored remote addresses changed.
    pub(super) remotes: bool,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn record(&mut self, record: impl FnOnce(&mut Self)) {
        if self.all {
            return;
        }
        record(self);
        if self.peers.len() + self.pins.len() > MAX_CHANGES {
            *self = Self { all: true, ..Self::default() };
        }
    }
}

impl Default for Changes {
    /// Everything is to be written. So a node that never writes collects no changes.
    fn default() -> Self {
        let pending = Mutex::new(Pending { all: true, ..Pending::default() });
        Self { pending, any: Notify::new(), by_user: Notify::new() }
    }
}

impl Changes {
    /// Records what an event changes.
    pub(super) fn record_event(&self, event: &Event) {
        match event.saved() {
            Some(Saved::Peer { address, is_by_user }) => self.record_peer(address, is_by_user),
            Some(Saved::IgnoredRemotes) => {
                self.pending().record(|pending| pending.remotes = true);
                self.wake(true);
            }
            None => {}
        }
    }

    /// Records that the trusted certificate of an address changed or was removed.
    pub(super) fn record_pin(&self, address: &Address, is_by_user: bool) {
        self.pending().record(|pending| _ = pending.pins.insert(address.clone()));
        self.wake(is_by_user);
    }

    fn record_peer(&self, address: &Address, is_by_user: bool) {
        self.pending().record(|pending| _ = pending.peers.insert(address.clone()));
        self.wake(is_by_user);
    }

    /// Starts to collect changes, because the file contains the whole state.
    pub(super) fn begin(&self) {
        *self.pending() = Pending::default();
    }

    /// Whether everything is to be written.
    pub(super) fn are_all(&self) -> bool {
        self.pending().all
    }

    /// Removes and returns the changes.
    pub(super) fn drain(&self) -> Pending {
        std::mem::take(&mut self.pending())
    }

    /// Requests to write everything, because the changes could not be written.
    pub(super) fn write_all(&self) {
        *self.pending() = Pending { all: true, ..Pending::default() };
    }

    /// Waits for a change. An earlier change that was not drained ends the wait at once.
    pub(super) async fn any(&self) {
        self.any.notified().await;
    }

    /// Waits for a change by the user.
    pub(super) async fn by_user(&self) {
        self.by_user.notified().await;
    }

    fn wake(&self, is_by_user: bool) {
        if is_by_user {
            self.by_user.notify_one();
        }
        self.any.notify_one();
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: usize) -> Address {
        Address::new(&format!("n{number}.example.org"), 1).unwrap()
    }

    #[test]
    fn changes_are_collected_only_after_a_write_and_too_many_become_all() {
        let changes = Changes::default();
        changes.record_pin(&address(1), false);
        assert_eq!(changes.drain(), Pending { all: true, ..Pending::default() });
        changes.begin();
        (0..MAX_CHANGES).for_each(|number| changes.record_pin(&address(number), false));
        assert_eq!(changes.pending().pins.len(), MAX_CHANGES);
        changes.record_pin(&address(MAX_CHANGES), false);
        assert_eq!(changes.drain(), Pending { all: true, ..Pending::default() });
        assert!(changes.drain().is_empty());
    }
}
