//! The tables.

use rusqlite::Connection;

use crate::SightingKind;

/// Says that a file is an archive, in the header of a file of SQLite: `clks`.
pub(super) const APPLICATION: i64 = 0x636c_6b73;
/// The version of the tables.
pub(super) const VERSION: i64 = 1;

/// `message_text` has no copy of the texts. Its rows are removed with those of `message`, in one transaction. The other
/// way, with triggers, can drift apart from its table, and then a row cannot be removed any more.
const TABLES: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE kind (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
    CREATE TABLE message (
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        json TEXT NOT NULL,
        first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL,
        times INTEGER NOT NULL,
        keep INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE peer (
        id INTEGER PRIMARY KEY,
        hostname TEXT NOT NULL,
        port INTEGER NOT NULL,
        first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL,
        status TEXT,
        UNIQUE (hostname, port)
    ) STRICT;
    CREATE TABLE sighting (
        id INTEGER PRIMARY KEY,
        message INTEGER NOT NULL,
        at INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        peer INTEGER
    ) STRICT;
    CREATE INDEX message_last_seen ON message (last_seen);
    CREATE INDEX peer_last_seen ON peer (last_seen);
    CREATE INDEX sighting_message ON sighting (message, at);
    CREATE INDEX sighting_at ON sighting (at);
    CREATE VIRTUAL TABLE message_text USING fts5(
        text, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2'
    );
    INSERT INTO meta VALUES ('not_stored', 0);
";

/// Creates the tables in an empty file.
pub(super) fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    // Before the first table, or it has no effect.
    connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    for kind in SightingKind::ALL {
        transaction.execute("INSERT INTO kind VALUES (?1, ?2)", (kind as i64, kind.name()))?;
    }
    transaction.execute("INSERT INTO meta VALUES ('version', ?1)", [VERSION])?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.commit()
}
