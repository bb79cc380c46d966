//! One set of tests runs on each store: [`cases`]. The other modules test what only one store has, and the thread that
//! writes.
#![allow(clippy::disallowed_methods, reason = "tests measure time and wait")]

mod cases;
mod events;
mod export;
mod killed;
#[cfg(feature = "postgres")]
mod on_postgres;
mod pruning;
mod reading;
mod sqlite;
mod writer;

use std::ops::ControlFlow;

use clacks_feed::Text;

use crate::{
    Access, ArchiveError, Exported, Found, Hash, Peer, Query, Retention, Sighting, SightingKind, Store,
    sqlite::Sqlite,
};

/// A place for one archive.
trait Place {
    fn open(&self, access: Access) -> Result<Box<dyn Store>, ArchiveError>;
}

/// A file in a directory of its own.
struct InFile(tempfile::TempDir);

impl InFile {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("archive.db")
    }

    fn sqlite(&self) -> Sqlite {
        Sqlite::open(&self.path(), Access::Write).unwrap()
    }
}

impl Place for InFile {
    fn open(&self, access: Access) -> Result<Box<dyn Store>, ArchiveError> {
        Ok(Box::new(Sqlite::open(&self.path(), access)?))
    }
}

fn writing(place: &dyn Place) -> Box<dyn Store> {
    place.open(Access::Write).unwrap()
}

/// A message that a peer sent at this time.
fn received(json: &str, at: u64) -> Sighting {
    Sighting { json: json.into(), at, kind: SightingKind::Received, peer: Some(peer("tower", "alive")) }
}

/// A message that the user wrote at this time.
fn enqueued(json: &str, at: u64) -> Sighting {
    Sighting { json: json.into(), at, kind: SightingKind::Enqueued, peer: None }
}

fn peer(hostname: &str, status: &str) -> Peer {
    Peer { hostname: hostname.into(), port: 8080, status: Some(status.into()) }
}

fn hash(json: &str) -> Hash {
    Hash::of(&Text::new(json))
}

/// The JSON texts of messages.
fn texts(found: &[Found]) -> Vec<&str> {
    found.iter().map(|found| found.json.untrusted()).collect()
}

/// The JSON texts of the messages that a search finds.
fn search(store: &mut dyn Store, words: &str) -> Vec<String> {
    let query = Query { search: Some(words.parse().unwrap()), ..Query::default() };
    store.find(&query).unwrap().iter().map(|found| found.json.untrusted().to_owned()).collect()
}

/// Every line of an export.
fn lines(store: &mut dyn Store) -> Vec<String> {
    let mut lines = Vec::new();
    let mut each = |part: Exported<'_>| {
        lines.push(crate::ExportLine(part).to_string());
        ControlFlow::Continue(())
    };
    store.export(&mut each).unwrap();
    lines
}

fn assert_is_whole(store: &mut dyn Store) {
    assert_eq!(store.check().unwrap().problems, [""; 0]);
}

fn keep(text: &str) -> Retention {
    Retention { keep: Some(text.parse().unwrap()), max_size: None }
}
