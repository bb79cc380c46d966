//! Saved states of peers, for undo.

use crate::protocol::Address;

use super::{Peers, backoff::Backoff, record::Record};

/// All stored data of a peer.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::core) struct PeerRecord {
    record: Record,
    backoff: Option<Backoff>,
}

impl Peers {
    /// The data of a peer, if it is known.
    pub(in crate::core) fn state(&self, address: &Address) -> Option<PeerRecord> {
        let record = self.record(self.find(address)?).clone();
        let backoff = self.backoffs.as_ref().and_then(|backoffs| backoffs.of(address)).cloned();
        Some(PeerRecord { record, backoff })
    }

    /// Adds a removed peer with its former data. Returns its number.
    pub(in crate::core) fn put_back(&mut self, address: Address, peer: PeerRecord) -> usize {
        let PeerRecord { record, backoff } = peer;
        if let Some(backoff) = backoff {
            self.backoffs.get_or_insert_default().restore(&address, backoff);
        }
        self.insert_record(address, record)
    }

    /// Restores the status of a peer, its time, and whether the user added it.
    pub(in crate::core) fn restore_status(&mut self, number: usize, peer: &PeerRecord) {
        let Record { time, since, added_by_user, before_ignored, .. } = peer.record;
        self.reclassify(number, peer.record.status(), |record| {
            (record.time, record.since) = (time, since);
            (record.added_by_user, record.before_ignored) = (added_by_user, before_ignored);
        });
    }
}
