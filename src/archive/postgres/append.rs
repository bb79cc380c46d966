//! Batches of sightings.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use tokio_postgres::{Client, Error, Transaction};

use super::{
    prune::{bytes_of_message, bytes_of_sightings},
    row::{number, without_nul},
    words,
};
use crate::{
    Hash, Sighting,
    store::{Batch, PeerKey},
};

/// Messages that exist are seen once more; new ones are inserted. `xmax` is 0 in a new row.
const MESSAGES: &str = "
    INSERT INTO message (hash, json, words, first_seen, last_seen, times)
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
    ON CONFLICT (hash) DO UPDATE SET
        first_seen = least(message.first_seen, excluded.first_seen),
        last_seen = greatest(message.last_seen, excluded.last_seen),
        times = message.times + excluded.times
    RETURNING id, hash, xmax = 0, octet_length(json)::bigint";
const PEERS: &str = "
    INSERT INTO peer (hostname, port, first_seen, last_seen, status)
    SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::text[])
    ON CONFLICT (hostname, port) DO UPDATE SET
        status = CASE WHEN excluded.last_seen >= peer.last_seen
            THEN coalesce(excluded.status, peer.status) ELSE peer.status END,
        first_seen = least(peer.first_seen, excluded.first_seen),
        last_seen = greatest(peer.last_seen, excluded.last_seen)
    RETURNING id, hostname, port";
const SIGHTINGS: &str = "
    INSERT INTO sighting (message, at, kind, peer, node)
    SELECT message, at, kind, peer, $5
    FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[]) AS new (message, at, kind, peer)";

/// Numbers the batches, so that one whose confirmation was lost is not written twice.
pub(super) struct Attempt {
    /// Random, for each store.
    run: i64,
    /// The number of the batch.
    batch: i64,
    /// The content of that batch, and whether the server may have it.
    open: Option<u64>,
    is_repeated: bool,
    hasher: RandomState,
}

impl Attempt {
    pub(super) fn new() -> Self {
        let hasher = RandomState::new();
        // A hasher is seeded at random, and its hash of anything is as random.
        let run = hasher.hash_one(std::process::id()).cast_signed();
        Self { run, batch: 0, open: None, is_repeated: false, hasher }
    }

    /// Begins an attempt to write a batch: a new one, or the same as at the last attempt.
    pub(super) fn begin(&mut self, batch: &[Sighting], not_stored: u64) {
        let content = self.content(batch, not_stored);
        self.is_repeated = self.open == Some(content);
        if !self.is_repeated {
            self.batch += 1;
            self.open = Some(content);
        }
    }

    fn content(&self, batch: &[Sighting], not_stored: u64) -> u64 {
        self.hasher.hash_one((not_stored, batch))
    }

    #[cfg(test)]
    pub(super) fn reopen(&mut self, batch: &[Sighting], not_stored: u64) {
        self.open = Some(self.content(batch, not_stored));
    }

    pub(super) fn succeeded(&mut self) {
        self.open = None;
    }
}

pub(super) async fn append(
    client: &mut Client,
    node: i64,
    attempt: &Attempt,
    sightings: &[Sighting],
    not_stored: u64,
) -> Result<(), Error> {
    let batch = Batch::new(sightings);
    let transaction = client.transaction().await?;
    if attempt.is_repeated && is_written(&transaction, node, attempt).await? {
        return Ok(());
    }
    let (messages, bytes) = append_messages(&transaction, &batch).await?;
    let peers = append_peers(&transaction, &batch).await?;
    append_sightings(&transaction, &batch, &messages, &peers, node).await?;
    let mark = "UPDATE node SET run = $2, batch = $3 WHERE id = $1";
    transaction.execute(mark, &[&node, &attempt.run, &attempt.batch]).await?;
    let bytes = bytes + bytes_of_sightings(batch.rows.len() as u64);
    // Last, because other nodes wait for these rows until the transaction ends.
    for (name, added) in [("bytes", bytes), ("not_stored", number(not_stored))] {
        if added > 0 {
            let add = "UPDATE meta SET value = value + $2 WHERE name = $1";
            transaction.execute(add, &[&name, &added]).await?;
        }
    }
    transaction.commit().await
}

/// Whether the server has this batch already.
async fn is_written(transaction: &Transaction<'_>, node: i64, attempt: &Attempt) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM node WHERE id = $1 AND run = $2 AND batch = $3";
    let row = transaction.query_opt(sql, &[&node, &attempt.run, &attempt.batch]).await?;
    Ok(row.is_some())
}

/// The number of each message of a batch, and the bytes of the new ones.
async fn append_messages(
    transaction: &Transaction<'_>,
    batch: &Batch<'_>,
) -> Result<(HashMap<Hash, i64>, i64), Error> {
    let messages = &batch.messages;
    let hashes: Vec<&[u8]> = messages.keys().map(|hash| &hash.0[..]).collect();
    let jsons: Vec<_> = messages.values().map(|row| without_nul(row.json.untrusted())).collect();
    let jsons: Vec<&str> = jsons.iter().map(|json| &**json).collect();
    let words: Vec<_> = messages.values().map(|row| words::of_message(row.json.untrusted())).collect();
    let firsts: Vec<_> = messages.values().map(|row| number(row.first_seen)).collect();
    let lasts: Vec<_> = messages.values().map(|row| number(row.last_seen)).collect();
    let times: Vec<_> = messages.values().map(|row| number(row.times)).collect();
    let rows = transaction.query(MESSAGES, &[&hashes, &jsons, &words, &firsts, &lasts, &times]).await?;
    let mut numbers = HashMap::with_capacity(rows.len());
    let mut bytes = 0;
    for row in rows {
        if let Some(hash) = Hash::read(row.get(1)) {
            numbers.insert(hash, row.get(0));
        }
        if row.get(2) {
            bytes += bytes_of_message(row.get(3));
        }
    }
    Ok((numbers, bytes))
}

/// The number of each peer of a batch.
async fn append_peers(
    transaction: &Transaction<'_>,
    batch: &Batch<'_>,
) -> Result<HashMap<(String, i32), i64>, Error> {
    let peers = &batch.peers;
    let hostnames: Vec<_> = peers.keys().map(|key| without_nul(key.hostname)).collect();
    let hostnames: Vec<&str> = hostnames.iter().map(|name| &**name).collect();
    let ports: Vec<_> = peers.keys().map(|key| i32::from(key.port)).collect();
    let firsts: Vec<_> = peers.values().map(|row| number(row.first_seen)).collect();
    let lasts: Vec<_> = peers.values().map(|row| number(row.last_seen)).collect();
    let statuses: Vec<_> =
        peers.values().map(|row| row.status.map(|status| without_nul(status.untrusted()))).collect();
    let statuses: Vec<Option<&str>> = statuses.iter().map(Option::as_deref).collect();
    let rows = transaction.query(PEERS, &[&hostnames, &ports, &firsts, &lasts, &statuses]).await?;
    Ok(rows.iter().map(|row| ((row.get(1), row.get(2)), row.get(0))).collect())
}

async fn append_sightings(
    transaction: &Transaction<'_>,
    batch: &Batch<'_>,
    messages: &HashMap<Hash, i64>,
    peers: &HashMap<(String, i32), i64>,
    node: i64,
) -> Result<(), Error> {
    let ids: Vec<Option<i64>> = batch.rows.iter().map(|(_, hash)| messages.get(hash).copied()).collect();
    let times: Vec<_> = batch.rows.iter().map(|(row, _)| number(row.at)).collect();
    let kinds: Vec<_> = batch.rows.iter().map(|(row, _)| row.kind as i16).collect();
    let peer = |row: &Sighting| {
        let PeerKey { hostname, port } = PeerKey::new(row.peer.as_ref()?);
        peers.get(&(without_nul(hostname).into_owned(), port.into())).copied()
    };
    let peers: Vec<Option<i64>> = batch.rows.iter().map(|(row, _)| peer(row)).collect();
    transaction.execute(SIGHTINGS, &[&ids, &times, &kinds, &peers, &node]).await?;
    Ok(())
}

pub(super) async fn mark(client: &mut Client, hash: &Hash, keep: bool) -> Result<bool, Error> {
    let sql = "UPDATE message SET keep = $2 WHERE hash = $1";
    Ok(client.execute(sql, &[&&hash.0[..], &keep]).await? > 0)
}
