//! Rows as values.

use std::borrow::Cow;

use tokio_postgres::Row;

use crate::{Found, Hash, Peer, Seen, SightingKind};

/// The columns of a message `m`, as [`found`] reads them.
pub(super) const MESSAGE: &str = "m.hash, m.json, m.first_seen, m.last_seen, m.times, m.keep";
/// The columns of a sighting `s` with its peer `p`, as [`seen`] reads them.
pub(super) const SIGHTING: &str = "s.at, s.kind, p.hostname, p.port, p.status";

/// A number for a column: the server has signed numbers only.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A number of a column.
pub(super) fn count(row: &Row, column: usize) -> u64 {
    u64::try_from(row.get::<_, i64>(column)).unwrap_or_default()
}

pub(super) fn found(row: &Row) -> Found {
    Found {
        hash: Hash::read(row.get(0)).unwrap_or(Hash([0; 32])),
        json: row.get::<_, &str>(1).into(),
        first_seen: count(row, 2),
        last_seen: count(row, 3),
        times: count(row, 4),
        keep: row.get(5),
    }
}

/// `None` for a kind of a later version.
pub(super) fn seen(row: &Row) -> Option<Seen> {
    let peer = row.get::<_, Option<&str>>(2).map(|hostname| Peer {
        hostname: hostname.into(),
        port: u16::try_from(row.get::<_, i32>(3)).unwrap_or_default(),
        status: row.get::<_, Option<&str>>(4).map(Into::into),
    });
    let kind = SightingKind::numbered(row.get::<_, i16>(1).into())?;
    Some(Seen { at: count(row, 0), kind, peer })
}

/// The text without NUL, which a text of the server cannot contain.
pub(super) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}
