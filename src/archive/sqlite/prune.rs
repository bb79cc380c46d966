//! The removal of what a retention does not keep.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::row::number;
use crate::{ArchiveError, MAX_STEP, Pruned, Retention};

/// Free pages that a step gives back to the file system.
const PAGES: u64 = 1_000;
/// Pages of the index of words that a step merges, so that removed words free their space.
const MERGED: i64 = 64;

pub(super) fn step(
    connection: &mut Connection,
    retention: &Retention,
    now: u64,
) -> Result<Pruned, ArchiveError> {
    if retention.is_everything() {
        return Ok(Pruned::default());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut pruned = Pruned::default();
    if let Some(keep) = retention.keep {
        let before = number(now.saturating_sub(keep.0));
        pruned.sightings += remove_sightings(&transaction, before, MAX_STEP as u64)?;
        let rest = MAX_STEP as u64 - pruned.sightings;
        pruned.messages += remove_messages(&transaction, before, rest)?;
    }
    let rest = MAX_STEP as u64 - pruned.sightings - pruned.messages;
    if retention.max_size.is_some_and(|most| size(&transaction).is_ok_and(|size| size > most.0)) {
        let sightings = remove_sightings(&transaction, i64::MAX, rest)?;
        pruned.sightings += sightings;
        pruned.messages += remove_messages(&transaction, i64::MAX, rest - sightings)?;
    }
    let removed = pruned.sightings + pruned.messages;
    if removed > 0 {
        pruned.peers = remove_peers(&transaction)?;
    }
    if pruned.messages > 0 {
        transaction
            .execute("INSERT INTO message_text (message_text, rank) VALUES ('merge', ?1)", [MERGED])?;
    }
    transaction.commit()?;
    give_back(connection, PAGES)?;
    let is_large = match retention.max_size {
        Some(most) => size(connection)? > most.0,
        None => false,
    };
    pruned.more = removed >= MAX_STEP as u64 || removed > 0 && is_large;
    Ok(pruned)
}

/// Bytes of the pages in use.
pub(super) fn size(connection: &Connection) -> rusqlite::Result<u64> {
    let value = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = value("page_count")? - value("freelist_count")?;
    Ok(u64::try_from(pages * value("page_size")?).unwrap_or_default())
}

fn remove_sightings(transaction: &Transaction<'_>, before: i64, most: u64) -> rusqlite::Result<u64> {
    let sql = "DELETE FROM sighting WHERE id IN
        (SELECT id FROM sighting WHERE at < ?1 ORDER BY at LIMIT ?2)";
    transaction.execute(sql, (before, number(most))).map(|removed| removed as u64)
}

/// Removes messages without sightings that are not marked, with their words.
fn remove_messages(transaction: &Transaction<'_>, before: i64, most: u64) -> rusqlite::Result<u64> {
    if most == 0 {
        return Ok(0);
    }
    let sql = "SELECT id FROM message WHERE last_seen < ?1 AND keep = 0
        AND NOT EXISTS (SELECT 1 FROM sighting WHERE message = message.id) ORDER BY last_seen LIMIT ?2";
    let mut old = transaction.prepare(sql)?;
    let ids: Vec<i64> = old.query_map((before, number(most)), |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut remove_words = transaction.prepare("DELETE FROM message_text WHERE rowid = ?1")?;
    let mut remove = transaction.prepare("DELETE FROM message WHERE id = ?1")?;
    for id in &ids {
        remove_words.execute([id])?;
        remove.execute([id])?;
    }
    Ok(ids.len() as u64)
}

/// Removes peers that were last seen before every sighting, so that none refers to them.
fn remove_peers(transaction: &Transaction<'_>) -> rusqlite::Result<u64> {
    let sql = "DELETE FROM peer WHERE id IN (SELECT id FROM peer
        WHERE last_seen < coalesce((SELECT min(at) FROM sighting), ?1) ORDER BY last_seen LIMIT ?2)";
    transaction.execute(sql, (i64::MAX, number(MAX_STEP as u64))).map(|removed| removed as u64)
}

fn give_back(connection: &Connection, pages: u64) -> rusqlite::Result<()> {
    // Each row of the statement frees a page.
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
