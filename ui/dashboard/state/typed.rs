//! Rows of clacks as the types of that network.

use clacks_feed::{Row, Value};
use clacks_p2p::{
    Address,
    core::{MessageId, Status},
};

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

/// Returns the number of a row of messages.
pub(crate) fn message_id_of(row: &Row) -> Option<MessageId> {
    row.key.untrusted().parse().ok()
}
