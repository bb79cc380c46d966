//! Rows of clacks as the types of that network.

use std::time::Duration;

use clacks_feed::{Row, Value};
use clacks_p2p::{
    Address,
    core::{MessageId, Now, Peer, Status},
};

use clacks_p2p_feed::description::CLAIMED;

use super::list::text_of;

/// Returns the address of a row of peers.
pub(crate) fn address_of(row: &Row) -> Option<Address> {
    row.cells.first().and_then(text_of)?.untrusted().parse().ok()
}

/// Returns the status of a row of peers.
pub(crate) fn status_of(row: &Row) -> Option<Status> {
    row.cells.iter().find_map(|cell| match cell {
        Value::Status(statuses) => Status::ALL.get(usize::from(statuses.main()?.0)).copied(),
        _ => None,
    })
}

/// Returns a peer with the address and status of a row of peers.
pub(crate) fn peer_of(row: &Row) -> Option<Peer> {
    let mut peer = Peer::new(address_of(row)?, status_of(row)?, Now { uptime: Duration::ZERO, unix_ms: 0 });
    // A live peer that never answered is one by its own word alone.
    let is_claimed = row.cells.iter().any(|cell| matches!(cell, Value::Status(all) if all.contains(CLAIMED)));
    peer.last_attempt_ok = !is_claimed;
    Some(peer)
}

/// Returns the number of a row of messages.
pub(crate) fn message_id_of(row: &Row) -> Option<MessageId> {
    row.key.untrusted().parse().ok()
}
