//! Peers as they were before a command changed them.

use crate::protocol::Address;

use super::{Peers, record::Record, standing::Standing};

/// All that is kept of a peer.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::core) struct PeerRecord {
    record: Record,
    standing: Option<Standing>,
}

impl Peers {
    /// All that is kept of a peer, if it is known.
    pub(in crate::core) fn state(&self, address: &Address) -> Option<PeerRecord> {
        let record = self.record(self.find(address)?).clone();
        let standing = self.standings.as_ref().and_then(|standings| standings.of(address)).cloned();
        Some(PeerRecord { record, standing })
    }

    /// Adds a peer that was forgotten, as it was, and returns its number.
    pub(in crate::core) fn put_back(&mut self, address: Address, peer: PeerRecord) -> usize {
        let PeerRecord { record, standing } = peer;
        if let Some(standing) = standing {
            self.standings.get_or_insert_default().put_back(&address, standing);
        }
        self.put(address, record)
    }

    /// Gives a peer the status that it had, the time of that, and what the user said of it.
    pub(in crate::core) fn restore_status(&mut self, number: usize, peer: &PeerRecord) {
        let Record { time, since, added_by_user, before_ignored, .. } = peer.record;
        self.change(number, peer.record.status(), |record| {
            (record.time, record.since) = (time, since);
            (record.added_by_user, record.before_ignored) = (added_by_user, before_ignored);
        });
    }
}
