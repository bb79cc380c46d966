//! What only a file has.

use std::fs;

use super::{InFile, Place, assert_is_whole, hash, keep, received, search};
use crate::{Access, ArchiveError, Query, Store, sqlite::Sqlite};

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_an_archive() {
    use std::os::unix::fs::PermissionsExt;
    let place = InFile::new();
    let modes = || {
        let files = fs::read_dir(place.0.path()).unwrap().map(|file| file.unwrap());
        files.map(|file| file.metadata().unwrap().permissions().mode() & 0o777).collect::<Vec<_>>()
    };
    let mut store = place.sqlite();
    store.append(&[received("1", 1)], 0).unwrap();
    // The file, its log of changes and its shared memory.
    assert_eq!(modes(), [0o600; 3]);
    drop(store);
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let _store = place.sqlite();
    assert_eq!(modes(), [0o600; 3]);
}

#[test]
fn other_files_are_not_overwritten() {
    let place = InFile::new();
    fs::write(place.path(), "somebody's notes ".repeat(100)).unwrap();
    for access in [Access::Read, Access::Write] {
        let error = place.open(access).err().unwrap();
        assert!(matches!(error, ArchiveError::NotAnArchive { .. }), "{error}");
    }
    assert!(fs::read_to_string(place.path()).unwrap().starts_with("somebody's notes"));

    let other = InFile::new();
    let connection = rusqlite::Connection::open(other.path()).unwrap();
    connection.execute_batch("CREATE TABLE message (text); INSERT INTO message VALUES ('kept')").unwrap();
    let error = other.open(Access::Write).err().unwrap();
    assert!(error.to_string().contains("archive.db is no archive of clacks"), "{error}");
    assert_eq!(connection.query_row("SELECT text FROM message", [], |row| row.get(0)), Ok("kept".to_owned()));
}

#[test]
fn an_archive_of_a_later_version_is_left_alone() {
    let place = InFile::new();
    place.sqlite().connection().execute("UPDATE meta SET value = 9 WHERE name = 'version'", []).unwrap();
    let error = place.open(Access::Read).err().unwrap();
    assert!(matches!(error, ArchiveError::Later { version: 9, known: 1, .. }), "{error}");
}

#[test]
fn a_missing_file_is_created_only_for_writing() {
    let place = InFile::new();
    let error = place.open(Access::Read).err().unwrap();
    assert!(matches!(error, ArchiveError::Open { .. }), "{error}");
    assert!(!place.path().exists());
    let nowhere = Sqlite::open(&place.0.path().join("no/archive.db"), Access::Write).err().unwrap();
    assert!(nowhere.to_string().contains("no/archive.db can't be opened: No such file"), "{nowhere}");
    // An empty file, as a crash can leave it behind.
    fs::write(place.path(), "").unwrap();
    assert_eq!(place.sqlite().find(&Query::default()), Ok(vec![]));
}

#[test]
fn a_full_disk_is_told_apart_and_leaves_whole_batches() {
    let place = InFile::new();
    let mut store = place.sqlite();
    let pages: i64 = store.connection().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.connection().pragma_update(None, "max_page_count", pages + 40).unwrap();
    let batch = |n: u64| (0..100).map(move |row| received(&format!("\"text {row} of batch {n}\""), n));
    let mut written = 0;
    let error = loop {
        match store.append(&batch(written).collect::<Vec<_>>(), 0) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ArchiveError::Full(_)), "{error}");
    assert!(!error.is_transient() && written > 0);
    assert_eq!(store.check().unwrap().sightings, written * 100);
    assert_is_whole(&mut store);
    assert_eq!(search(&mut store, "\"batch 0\"").len(), 50);
}

#[test]
fn damage_is_found() {
    for (damage, problem) in [
        (
            "DELETE FROM sighting; DELETE FROM message WHERE hash = x'00'; UPDATE message SET id = id + 9",
            "index of words have no message",
        ),
        ("DELETE FROM message", "1 sightings have no message"),
        ("DELETE FROM peer", "1 sightings refer to peers"),
        ("UPDATE message SET times = 0", "1 messages have more sightings"),
        ("UPDATE message SET last_seen = 0, first_seen = 0", "seen outside the time"),
        ("DELETE FROM message_text WHERE rowid = 1", "1 messages cannot be found by their words"),
    ] {
        let place = InFile::new();
        let mut store = place.sqlite();
        store.append(&[received("\"a\"", 1)], 0).unwrap();
        assert_is_whole(&mut store);
        store.connection().execute_batch(damage).unwrap();
        for access in [Access::Write, Access::Read] {
            let problems = place.open(access).unwrap().check().unwrap().problems;
            assert!(problems.iter().any(|found| found.contains(problem)), "{damage}: {problems:?}");
        }
    }
}

#[test]
fn damaged_pages_are_found() {
    let place = InFile::new();
    let mut store = place.sqlite();
    let batch: Vec<_> = (0..5_000).map(|n| received(&format!("\"wind {n}\""), n)).collect();
    store.append(&batch, 0).unwrap();
    drop(store);
    let mut bytes = fs::read(place.path()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0xa5);
    fs::write(place.path(), bytes).unwrap();
    let mut store = place.open(Access::Read).unwrap();
    let found = store.check();
    let is_found = match &found {
        Ok(checked) => !checked.problems.is_empty(),
        Err(error) => matches!(error, ArchiveError::Damaged(_)),
    };
    assert!(is_found, "{found:?}");
}

#[test]
fn a_file_shrinks_when_it_is_pruned() {
    let place = InFile::new();
    let mut store = place.sqlite();
    for at in 0..20 {
        let batch: Vec<_> = (0..1_000).map(|n| received(&format!("\"wind {at} {n}\""), at)).collect();
        store.append(&batch, 0).unwrap();
    }
    let size = |store: &Sqlite| -> i64 {
        store.connection().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap()
    };
    let before = size(&store);
    crate::prune_all(&mut store, &keep("1m"), u64::MAX / 2, |_| true).unwrap();
    let after = size(&store);
    assert!(after * 5 < before, "{after} pages of {before}");
    assert_eq!(store.last_seen(&hash("\"wind 0 0\"")), Ok(None));
}

#[test]
fn two_writers_take_turns() {
    let place = InFile::new();
    let path = place.path();
    place.sqlite();
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let path = &path;
            scope.spawn(move || {
                let mut store = Sqlite::open(path, Access::Write).unwrap();
                for n in 0..50 {
                    store.append(&[received(&format!("\"{writer} {n}\""), n)], 0).unwrap();
                }
            });
        }
    });
    assert_eq!(place.sqlite().check().unwrap().sightings, 100);
}
