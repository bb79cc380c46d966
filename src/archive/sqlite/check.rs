//! The examination of a whole archive.

use rusqlite::Connection;

use super::{prune::size, row::count};
use crate::{Access, ArchiveError, Checked, error::reason};

/// Maximum number of problems that are reported.
const MOST: usize = 100;

/// What must be zero, and the sentence about it.
const COUNTS: [(&str, &str); 6] = [
    (
        "SELECT count(*) FROM message WHERE id NOT IN (SELECT id FROM message_text_docsize)",
        "messages cannot be found by their words",
    ),
    (
        "SELECT count(*) FROM message_text_docsize WHERE id NOT IN (SELECT id FROM message)",
        "entries of the index of words have no message",
    ),
    (
        "SELECT count(*) FROM sighting WHERE message NOT IN (SELECT id FROM message)",
        "sightings have no message",
    ),
    (
        "SELECT count(*) FROM sighting WHERE peer IS NOT NULL AND peer NOT IN (SELECT id FROM peer)",
        "sightings refer to peers that do not exist",
    ),
    (
        "SELECT count(*) FROM message m
        WHERE times < (SELECT count(*) FROM sighting s WHERE s.message = m.id)",
        "messages have more sightings than they were seen",
    ),
    (
        "SELECT count(*) FROM message m WHERE last_seen < first_seen OR EXISTS
        (SELECT 1 FROM sighting s WHERE s.message = m.id AND (at < first_seen OR at > last_seen))",
        "messages were seen outside the time between first and last",
    ),
];

pub(super) fn check(connection: &mut Connection, access: Access) -> Result<Checked, ArchiveError> {
    // One moment of the archive.
    let transaction = connection.transaction()?;
    let mut checked = Checked { problems: integrity(&transaction, access)?, ..Checked::default() };
    // In a damaged file the counts can fail themselves.
    if checked.problems.is_empty() {
        for (sql, sentence) in COUNTS {
            let found = transaction.query_row(sql, [], |row| count(row, 0))?;
            if found > 0 {
                checked.problems.push(format!("{found} {sentence}"));
            }
        }
        let one = |sql| transaction.query_row(sql, [], |row| count(row, 0));
        checked.messages = one("SELECT count(*) FROM message")?;
        checked.sightings = one("SELECT count(*) FROM sighting")?;
        checked.peers = one("SELECT count(*) FROM peer")?;
        checked.times = one("SELECT coalesce(sum(times), 0) FROM message")?;
        checked.not_stored = one("SELECT value FROM meta WHERE name = 'not_stored'")?;
        checked.bytes = size(&transaction)?;
    }
    Ok(checked)
}

/// What SQLite finds in its pages, its indexes and the index of words.
fn integrity(connection: &Connection, access: Access) -> Result<Vec<String>, ArchiveError> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({MOST})"))?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut problems = Vec::new();
    for row in rows {
        match row {
            Ok(text) if text == "ok" => {}
            Ok(text) => problems.push(reason(&text)),
            Err(error) => problems.push(reason(&error.to_string())),
        }
    }
    // The check above covers it too. This one says more, but it is a statement that writes.
    if access == Access::Write {
        let sql = "INSERT INTO message_text (message_text) VALUES ('integrity-check')";
        if let Err(error) = connection.execute(sql, []) {
            problems.push(format!("the index of words: {}", reason(&error.to_string())));
        }
    }
    Ok(problems)
}
