//! The removal of what a retention does not keep.
//!
//! A database does not get smaller when rows are removed: the server uses their space again. So the size is estimated
//! from the rows, and the estimate is kept in the table `meta`.

use tokio_postgres::{Client, Error, Transaction};

use super::row::{count, number};
use crate::{MAX_STEP, Pruned, Retention};

/// The estimated bytes of a message whose JSON text has this length: its text, its words, their index, its row and the
/// indexes of the row.
pub(super) fn bytes_of_message(length: i64) -> i64 {
    300 + 4 * length
}

/// The estimated bytes of sightings: their rows and the indexes of the rows.
pub(super) fn bytes_of_sightings(sightings: u64) -> i64 {
    number(sightings.saturating_mul(150))
}

pub(super) async fn step(client: &mut Client, retention: &Retention, now: u64) -> Result<Pruned, Error> {
    let mut pruned = Pruned::default();
    if retention.is_everything() {
        return Ok(pruned);
    }
    let transaction = client.transaction().await?;
    let most = MAX_STEP as u64;
    let mut bytes = 0;
    if let Some(keep) = retention.keep {
        let before = number(now.saturating_sub(keep.0));
        pruned.sightings = remove_sightings(&transaction, before, most).await?;
        (pruned.messages, bytes) = remove_messages(&transaction, before, most - pruned.sightings).await?;
        bytes += bytes_of_sightings(pruned.sightings);
    }
    let rest = most - pruned.sightings - pruned.messages;
    let limit = retention.max_size.map_or(i64::MAX, |size| number(size.0));
    if size(&transaction).await? - bytes > limit {
        let sightings = remove_sightings(&transaction, i64::MAX, rest).await?;
        let (messages, freed) = remove_messages(&transaction, i64::MAX, rest - sightings).await?;
        bytes += freed + bytes_of_sightings(sightings);
        pruned.sightings += sightings;
        pruned.messages += messages;
    }
    let removed = pruned.sightings + pruned.messages;
    if removed > 0 {
        pruned.peers = remove_peers(&transaction).await?;
        let subtract = "UPDATE meta SET value = greatest(value - $1, 0) WHERE name = 'bytes'";
        transaction.execute(subtract, &[&bytes]).await?;
    }
    let is_large = size(&transaction).await? > limit;
    pruned.more = removed >= most || removed > 0 && is_large;
    transaction.commit().await?;
    Ok(pruned)
}

async fn size(transaction: &Transaction<'_>) -> Result<i64, Error> {
    let row = transaction.query_one("SELECT value FROM meta WHERE name = 'bytes'", &[]).await?;
    Ok(row.get(0))
}

async fn remove_sightings(transaction: &Transaction<'_>, before: i64, most: u64) -> Result<u64, Error> {
    let sql = "DELETE FROM sighting WHERE id IN
        (SELECT id FROM sighting WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)";
    transaction.execute(sql, &[&before, &number(most)]).await
}

/// Removes messages without sightings that are not marked. Returns their number and their bytes. The outer conditions
/// are looked at again if another node has seen the message meanwhile.
async fn remove_messages(transaction: &Transaction<'_>, before: i64, most: u64) -> Result<(u64, i64), Error> {
    if most == 0 {
        return Ok((0, 0));
    }
    let sql = "WITH old AS (
            SELECT id FROM message m WHERE last_seen < $1 AND NOT keep
            AND NOT EXISTS (SELECT 1 FROM sighting WHERE message = m.id)
            ORDER BY last_seen LIMIT $2 FOR UPDATE SKIP LOCKED
        ), removed AS (
            DELETE FROM message m USING old WHERE m.id = old.id AND m.last_seen < $1
            RETURNING octet_length(json)::bigint AS bytes
        ) SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM removed";
    let row = transaction.query_one(sql, &[&before, &number(most)]).await?;
    let (removed, bytes) = (count(&row, 0), row.get::<_, i64>(1));
    Ok((removed, bytes_of_message(0) * number(removed) + bytes_of_message(bytes) - bytes_of_message(0)))
}

/// Removes peers that were last seen before every sighting, so that none refers to them.
async fn remove_peers(transaction: &Transaction<'_>) -> Result<u64, Error> {
    let sql = "DELETE FROM peer WHERE id IN (SELECT id FROM peer
        WHERE last_seen < coalesce((SELECT min(at) FROM sighting), $1)
        ORDER BY last_seen LIMIT $2 FOR UPDATE SKIP LOCKED)";
    transaction.execute(sql, &[&i64::MAX, &number(MAX_STEP as u64)]).await
}
