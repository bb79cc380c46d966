//! Queries.

use std::ops::ControlFlow;

use tokio_postgres::{Client, Error, IsolationLevel, Transaction, types::ToSql};

use super::{
    row::{MESSAGE, SIGHTING, count, found, number, seen, without_nul},
    words,
};
use crate::{Exported, Found, Hash, HashPrefix, Life, MAX_FOUND, Order, Query, Seen, Unseen};

/// Messages that an export reads at once.
const PAGE: i64 = 500;
/// Sightings that an export reads at once.
const ROWS: i32 = 1_000;

pub(super) async fn find(client: &Client, query: &Query) -> Result<Vec<Found>, Error> {
    let mut values: Vec<Box<dyn ToSql + Sync>> = Vec::new();
    let mut place = |value: Box<dyn ToSql + Sync>| {
        values.push(value);
        format!("${}", values.len())
    };
    let mut from = "message m".to_owned();
    let mut conditions = vec!["true".to_owned()];
    if let Some(search) = &query.search {
        let words = place(Box::new(words::of_search(search)));
        from = format!("message m, to_tsquery('simple', {words}) wanted");
        conditions.push("m.search @@ wanted".to_owned());
    }
    if let Some(since) = query.since {
        conditions.push(format!("m.last_seen >= {}", place(Box::new(number(since)))));
    }
    if let Some(until) = query.until {
        conditions.push(format!("m.first_seen < {}", place(Box::new(number(until)))));
    }
    let mut of_sighting = Vec::new();
    if let Some(kind) = query.kind {
        of_sighting.push(format!("s.kind = {}", place(Box::new(kind as i16))));
    }
    if let Some(peer) = &query.peer {
        let hostname = place(Box::new(without_nul(peer.hostname.untrusted()).into_owned()));
        let port = peer.port.map(|port| format!(" AND port = {}", place(Box::new(i32::from(port)))));
        let port = port.unwrap_or_default();
        of_sighting.push(format!("s.peer IN (SELECT id FROM peer WHERE hostname = {hostname}{port})"));
    }
    if !of_sighting.is_empty() {
        let of_sighting = of_sighting.join(" AND ");
        conditions
            .push(format!("EXISTS (SELECT 1 FROM sighting s WHERE s.message = m.id AND {of_sighting})"));
    }
    let order = match query.order {
        Order::Best if query.search.is_some() => "ts_rank(m.search, wanted, 1) DESC, m.last_seen DESC",
        Order::Best | Order::Newest => "m.last_seen DESC, m.hash",
    };
    let limit = place(Box::new(limit(query.limit)));
    let conditions = conditions.join(" AND ");
    let sql = format!("SELECT {MESSAGE} FROM {from} WHERE {conditions} ORDER BY {order} LIMIT {limit}");
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value).collect();
    Ok(client.query(&sql, &values).await?.iter().map(found).collect())
}

pub(super) async fn named(client: &Client, prefix: &HashPrefix, most: usize) -> Result<Vec<Found>, Error> {
    let sql = format!("SELECT {MESSAGE} FROM message m WHERE hash BETWEEN $1 AND $2 ORDER BY hash LIMIT $3");
    let (first, last) = (&prefix.first.0[..], &prefix.last.0[..]);
    Ok(client.query(&sql, &[&first, &last, &limit(most)]).await?.iter().map(found).collect())
}

pub(super) async fn life(client: &mut Client, hash: &Hash, most: usize) -> Result<Option<Life>, Error> {
    let transaction = moment(client).await?;
    let sql = format!("SELECT {MESSAGE}, m.id FROM message m WHERE hash = $1");
    let Some(row) = transaction.query_opt(&sql, &[&&hash.0[..]]).await? else { return Ok(None) };
    let (message, id) = (found(&row), row.get::<_, i64>(6));
    let sql = format!(
        "SELECT {SIGHTING} FROM sighting s LEFT JOIN peer p ON p.id = s.peer WHERE s.message = $1
        ORDER BY s.at DESC, s.id DESC LIMIT $2"
    );
    let most = most.min(MAX_FOUND);
    let rows = transaction.query(&sql, &[&id, &number(most as u64 + 1)]).await?;
    let mut sightings: Vec<Seen> = rows.iter().take(most).filter_map(seen).collect();
    sightings.reverse();
    Ok(Some(Life { message, sightings, more: rows.len() > most }))
}

pub(super) async fn last_seen(client: &Client, hash: &Hash) -> Result<Option<u64>, Error> {
    let row = client.query_opt("SELECT last_seen FROM message WHERE hash = $1", &[&&hash.0[..]]).await?;
    Ok(row.map(|row| count(&row, 0)))
}

pub(super) async fn unseen_for(client: &Client, unseen: &Unseen) -> Result<Vec<Found>, Error> {
    let sql = format!(
        "SELECT {MESSAGE} FROM message m WHERE last_seen < $1 AND (last_seen, hash) > ($2, $3)
        ORDER BY last_seen, hash LIMIT $4"
    );
    let (after, hash) = unseen.after.map_or((-1, Vec::new()), |(at, hash)| (number(at), hash.0.to_vec()));
    let rows = client.query(&sql, &[&number(unseen.before), &after, &hash, &limit(unseen.limit)]).await?;
    Ok(rows.iter().map(found).collect())
}

pub(super) async fn export(
    client: &mut Client,
    each: &mut dyn FnMut(Exported<'_>) -> ControlFlow<()>,
) -> Result<(), Error> {
    // One moment of the archive, however long the export takes.
    let transaction = moment(client).await?;
    let sql = format!("SELECT {MESSAGE}, m.id FROM message m WHERE id > $1 ORDER BY id LIMIT $2");
    let messages = transaction.prepare(&sql).await?;
    let mut last = 0_i64;
    loop {
        let rows = transaction.query(&messages, &[&last, &PAGE]).await?;
        let page: Vec<(i64, Found)> = rows.iter().map(|row| (row.get(6), found(row))).collect();
        let Some((id, _)) = page.last() else { return Ok(()) };
        last = *id;
        if export_page(&transaction, &page, each).await?.is_break() {
            return Ok(());
        }
    }
}

/// Exports messages, in the order of their numbers, with their sightings.
async fn export_page(
    transaction: &Transaction<'_>,
    page: &[(i64, Found)],
    each: &mut dyn FnMut(Exported<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    let sql = format!(
        "SELECT {SIGHTING}, s.message FROM sighting s LEFT JOIN peer p ON p.id = s.peer
        WHERE s.message = ANY($1) ORDER BY s.message, s.at, s.id"
    );
    let ids: Vec<i64> = page.iter().map(|(id, _)| *id).collect();
    let portal = transaction.bind(&sql, &[&ids]).await?;
    let mut messages = page.iter();
    let mut current: Option<&(i64, Found)> = None;
    loop {
        let rows = transaction.query_portal(&portal, ROWS).await?;
        for row in &rows {
            let of: i64 = row.get(5);
            // A message without sightings stands before the next one with some.
            while current.is_none_or(|(id, _)| *id < of) {
                let Some(next) = messages.next() else { return Ok(ControlFlow::Break(())) };
                current = Some(next);
                if each(Exported::Message(&next.1)).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            if let (Some((_, message)), Some(seen)) = (current, seen(row))
                && each(Exported::Sighting(message, &seen)).is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
        if rows.len() < ROWS as usize {
            break;
        }
    }
    let rest = messages.try_for_each(|(_, message)| each(Exported::Message(message)));
    Ok(rest)
}

/// A transaction that sees the archive as it is at its begin.
async fn moment(client: &mut Client) -> Result<Transaction<'_>, Error> {
    client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start().await
}

fn limit(most: usize) -> i64 {
    number(most.min(MAX_FOUND) as u64)
}
