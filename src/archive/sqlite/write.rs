//! Batches of sightings.

use std::collections::HashMap;

use clacks_feed::Text;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::row::number;
use crate::{
    ArchiveError, Hash, Sighting,
    store::{Batch, PeerKey},
    words::words,
};

/// A message that exists is seen once more; a new one is inserted.
const MESSAGE: &str = "
    INSERT INTO message (hash, json, first_seen, last_seen, times) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (hash) DO UPDATE SET
        first_seen = min(first_seen, excluded.first_seen),
        last_seen = max(last_seen, excluded.last_seen),
        times = times + excluded.times
    RETURNING id, times";
const PEER: &str = "
    INSERT INTO peer (hostname, port, first_seen, last_seen, status) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (hostname, port) DO UPDATE SET
        status = CASE WHEN excluded.last_seen >= last_seen THEN coalesce(excluded.status, status) ELSE status END,
        first_seen = min(first_seen, excluded.first_seen),
        last_seen = max(last_seen, excluded.last_seen)
    RETURNING id";

pub(super) fn append(
    connection: &mut Connection,
    sightings: &[Sighting],
    not_stored: u64,
) -> Result<(), ArchiveError> {
    let batch = Batch::new(sightings);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let messages = append_messages(&transaction, &batch)?;
    let peers = append_peers(&transaction, &batch)?;
    {
        let mut insert =
            transaction.prepare("INSERT INTO sighting (message, at, kind, peer) VALUES (?1, ?2, ?3, ?4)")?;
        for (sighting, hash) in &batch.rows {
            let peer = sighting.peer.as_ref().and_then(|peer| peers.get(&PeerKey::new(peer)));
            insert.execute((messages.get(hash), number(sighting.at), sighting.kind as i64, peer))?;
        }
    }
    if not_stored > 0 {
        let add = "UPDATE meta SET value = value + ?1 WHERE name = 'not_stored'";
        transaction.execute(add, [number(not_stored)])?;
    }
    transaction.commit()?;
    Ok(())
}

/// The number of each message of a batch.
fn append_messages(transaction: &Transaction<'_>, batch: &Batch<'_>) -> rusqlite::Result<HashMap<Hash, i64>> {
    let mut upsert = transaction.prepare(MESSAGE)?;
    let mut add_words = transaction.prepare("INSERT INTO message_text (rowid, text) VALUES (?1, ?2)")?;
    let mut numbers = HashMap::with_capacity(batch.messages.len());
    for (hash, message) in &batch.messages {
        let times = number(message.times);
        let json = message.json.untrusted();
        let row = (&hash.0[..], json, number(message.first_seen), number(message.last_seen), times);
        let (id, times_now): (i64, i64) = upsert.query_row(row, |row| Ok((row.get(0)?, row.get(1)?)))?;
        if times_now == times {
            add_words.execute((id, words(json)))?;
        }
        numbers.insert(*hash, id);
    }
    Ok(numbers)
}

/// The number of each peer of a batch.
fn append_peers<'a>(
    transaction: &Transaction<'_>,
    batch: &Batch<'a>,
) -> rusqlite::Result<HashMap<PeerKey<'a>, i64>> {
    let mut upsert = transaction.prepare(PEER)?;
    let mut numbers = HashMap::with_capacity(batch.peers.len());
    for (key, peer) in &batch.peers {
        let status = peer.status.map(Text::untrusted);
        let row = (key.hostname, key.port, number(peer.first_seen), number(peer.last_seen), status);
        numbers.insert(*key, upsert.query_row(row, |row| row.get(0))?);
    }
    Ok(numbers)
}

pub(super) fn mark(connection: &mut Connection, hash: &Hash, keep: bool) -> Result<bool, ArchiveError> {
    let changed = connection.execute("UPDATE message SET keep = ?2 WHERE hash = ?1", (&hash.0[..], keep))?;
    Ok(changed > 0)
}
