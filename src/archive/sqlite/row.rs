//! Rows as values.

use rusqlite::{Row, types::Type};

use crate::{Found, Hash, Peer, Seen, SightingKind};

/// The columns of a message `m`, as [`found`] reads them.
pub(super) const MESSAGE: &str = "m.hash, m.json, m.first_seen, m.last_seen, m.times, m.keep";
/// The columns of a sighting `s` with its peer `p`, as [`seen`] reads them.
pub(super) const SIGHTING: &str = "s.at, s.kind, p.hostname, p.port, p.status";

/// A number for a column: SQLite has signed numbers only.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A number of a column.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|value| u64::try_from(value).unwrap_or_default())
}

pub(super) fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    let hash = row.get_ref(0)?.as_blob().ok().and_then(Hash::read);
    Ok(Found {
        hash: hash.ok_or_else(|| wrong(0, "hash"))?,
        json: row.get_ref(1)?.as_str()?.into(),
        first_seen: count(row, 2)?,
        last_seen: count(row, 3)?,
        times: count(row, 4)?,
        keep: row.get(5)?,
    })
}

pub(super) fn seen(row: &Row<'_>) -> rusqlite::Result<Seen> {
    let peer = match row.get_ref(2)?.as_str_or_null()? {
        None => None,
        Some(hostname) => Some(Peer {
            hostname: hostname.into(),
            port: row.get(3)?,
            status: row.get_ref(4)?.as_str_or_null()?.map(Into::into),
        }),
    };
    let kind = SightingKind::numbered(row.get(1)?).ok_or_else(|| wrong(1, "kind"))?;
    Ok(Seen { at: count(row, 0)?, kind, peer })
}

fn wrong(column: usize, name: &str) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, name.to_owned(), Type::Blob)
}
