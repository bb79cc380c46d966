//! Queries.

use std::ops::ControlFlow;

use rusqlite::{
    Connection, OptionalExtension, Statement, ToSql, named_params, params_from_iter, types::Value,
};

use super::row::{MESSAGE, SIGHTING, found, number, seen};
use crate::{
    ArchiveError, Exported, Found, Hash, HashPrefix, Life, MAX_FOUND, Order, Query, Search, Seen, Unseen,
    search::{Group, Term},
};

/// Messages that an export reads at once.
const PAGE: i64 = 500;

pub(super) fn find(connection: &Connection, query: &Query) -> Result<Vec<Found>, ArchiveError> {
    let mut values: Vec<Value> = Vec::new();
    let mut place = |value: Value| {
        values.push(value);
        format!("?{}", values.len())
    };
    let mut conditions = vec!["1".to_owned()];
    let mut from = "message m";
    if let Some(search) = &query.search {
        // The order of a CROSS JOIN is kept: the words first, which select most.
        from = "message_text CROSS JOIN message m ON m.id = message_text.rowid";
        conditions.push(format!("message_text MATCH {}", place(expression(search).into())));
    }
    if let Some(since) = query.since {
        conditions.push(format!("m.last_seen >= {}", place(number(since).into())));
    }
    if let Some(until) = query.until {
        conditions.push(format!("m.first_seen < {}", place(number(until).into())));
    }
    let mut of_sighting = Vec::new();
    if let Some(kind) = query.kind {
        of_sighting.push(format!("s.kind = {}", place((kind as i64).into())));
    }
    if let Some(peer) = &query.peer {
        let hostname = place(peer.hostname.untrusted().to_owned().into());
        let port = peer.port.map(|port| format!(" AND port = {}", place(i64::from(port).into())));
        let port = port.unwrap_or_default();
        of_sighting.push(format!("s.peer IN (SELECT id FROM peer WHERE hostname = {hostname}{port})"));
    }
    if !of_sighting.is_empty() {
        let of_sighting = of_sighting.join(" AND ");
        conditions
            .push(format!("EXISTS (SELECT 1 FROM sighting s WHERE s.message = m.id AND {of_sighting})"));
    }
    let order = match query.order {
        Order::Best if query.search.is_some() => "message_text.rank, m.last_seen DESC",
        Order::Best | Order::Newest => "m.last_seen DESC, m.hash",
    };
    let limit = place(limit(query.limit).into());
    let conditions = conditions.join(" AND ");
    let sql = format!("SELECT {MESSAGE} FROM {from} WHERE {conditions} ORDER BY {order} LIMIT {limit}");
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), found)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The search as FTS5 reads it. Every word is quoted, so that nothing in it is read as syntax.
fn expression(search: &Search) -> String {
    let term = |term: &Term| {
        let star = if term.is_prefix { "*" } else { "" };
        format!("\"{}\"{star}", term.words.join(" "))
    };
    let group = |group: &Group| {
        let with = group.with.iter().map(term).collect::<Vec<_>>().join(" AND ");
        let without = group.without.iter().map(|without| format!(" NOT {}", term(without)));
        format!("(({with}){})", without.collect::<String>())
    };
    search.any.iter().map(group).collect::<Vec<_>>().join(" OR ")
}

pub(super) fn named(
    connection: &Connection,
    prefix: &HashPrefix,
    most: usize,
) -> Result<Vec<Found>, ArchiveError> {
    let sql = format!("SELECT {MESSAGE} FROM message m WHERE hash BETWEEN ?1 AND ?2 ORDER BY hash LIMIT ?3");
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map((&prefix.first.0[..], &prefix.last.0[..], limit(most)), found)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn life(
    connection: &mut Connection,
    hash: &Hash,
    most: usize,
) -> Result<Option<Life>, ArchiveError> {
    // Both are of one moment.
    let transaction = connection.transaction()?;
    let sql = format!("SELECT {MESSAGE}, m.id FROM message m WHERE hash = ?1");
    let message = transaction
        .query_row(&sql, [&hash.0[..]], |row| Ok((found(row)?, row.get::<_, i64>(6)?)))
        .optional()?;
    let Some((message, id)) = message else { return Ok(None) };
    let sql = format!(
        "SELECT {SIGHTING} FROM sighting s LEFT JOIN peer p ON p.id = s.peer WHERE s.message = ?1
        ORDER BY s.at DESC, s.id DESC LIMIT ?2"
    );
    let most = most.min(MAX_FOUND);
    let mut statement = transaction.prepare(&sql)?;
    let rows = statement.query_map((id, number(most as u64 + 1)), seen)?;
    let mut sightings: Vec<Seen> = rows.collect::<Result<_, _>>()?;
    let more = sightings.len() > most;
    sightings.truncate(most);
    sightings.reverse();
    Ok(Some(Life { message, sightings, more }))
}

pub(super) fn last_seen(connection: &Connection, hash: &Hash) -> Result<Option<u64>, ArchiveError> {
    let sql = "SELECT last_seen FROM message WHERE hash = ?1";
    let last = connection.query_row(sql, [&hash.0[..]], |row| super::row::count(row, 0)).optional()?;
    Ok(last)
}

pub(super) fn unseen_for(connection: &Connection, unseen: &Unseen) -> Result<Vec<Found>, ArchiveError> {
    let sql = format!(
        "SELECT {MESSAGE} FROM message m WHERE last_seen < :before AND (last_seen, hash) > (:after, :hash)
        ORDER BY last_seen, hash LIMIT :limit"
    );
    let (after, hash) = unseen.after.map_or((-1, Vec::new()), |(at, hash)| (number(at), hash.0.to_vec()));
    let mut statement = connection.prepare(&sql)?;
    let values = named_params! {
        ":before": number(unseen.before), ":after": after, ":hash": hash, ":limit": limit(unseen.limit),
    };
    let rows = statement.query_map(values, found)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn export(
    connection: &mut Connection,
    each: &mut dyn FnMut(Exported<'_>) -> ControlFlow<()>,
) -> Result<(), ArchiveError> {
    // One moment of the archive, however long the export takes.
    let transaction = connection.transaction()?;
    let sql = format!("SELECT {MESSAGE}, m.id FROM message m WHERE id > ?1 ORDER BY id LIMIT ?2");
    let mut messages = transaction.prepare(&sql)?;
    let sql = format!(
        "SELECT {SIGHTING} FROM sighting s LEFT JOIN peer p ON p.id = s.peer WHERE s.message = ?1
        ORDER BY s.at, s.id"
    );
    let mut sightings = transaction.prepare(&sql)?;
    let mut last = 0_i64;
    loop {
        let rows = messages.query_map((last, PAGE), |row| Ok((found(row)?, row.get(6)?)))?;
        let page: Vec<(Found, i64)> = rows.collect::<Result<_, _>>()?;
        let Some((_, id)) = page.last() else { return Ok(()) };
        last = *id;
        for (message, id) in &page {
            if export_one(&mut sightings, message, *id, each)?.is_break() {
                return Ok(());
            }
        }
    }
}

fn export_one(
    sightings: &mut Statement<'_>,
    message: &Found,
    id: i64,
    each: &mut dyn FnMut(Exported<'_>) -> ControlFlow<()>,
) -> rusqlite::Result<ControlFlow<()>> {
    if each(Exported::Message(message)).is_break() {
        return Ok(ControlFlow::Break(()));
    }
    let parameters: [&dyn ToSql; 1] = [&id];
    let mut rows = sightings.query(&parameters[..])?;
    while let Some(row) = rows.next()? {
        if each(Exported::Sighting(message, &seen(row)?)).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn limit(most: usize) -> i64 {
    number(most.min(MAX_FOUND) as u64)
}
