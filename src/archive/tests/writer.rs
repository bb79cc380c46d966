//! The thread that writes, with a store whose answers the test chooses.

use std::{
    ops::ControlFlow,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use super::{InFile, Place, assert_is_whole, keep, received};
use crate::{
    Access, Archive, ArchiveError, Checked, Exported, Figures, Found, Gnu, Hash, HashPrefix, Life, MAX_BATCH,
    MAX_WAITING, MAX_WAITING_BYTES, Options, Pruned, Query, Retention, Sighting, State, Store, Unseen,
};

/// No test waits as long as this if nothing is broken.
const LONG: Duration = Duration::from_secs(60);

/// A store that asks the test for each answer, and keeps the sizes of its batches.
struct Asking {
    asked: Sender<Asked>,
    answers: Receiver<Result<(), ArchiveError>>,
    batches: Arc<Mutex<Vec<(usize, u64)>>>,
}

#[derive(Debug, PartialEq)]
enum Asked {
    Append(usize),
    Prune,
}

struct Test {
    archive: Archive,
    asked: Receiver<Asked>,
    answers: Sender<Result<(), ArchiveError>>,
    batches: Arc<Mutex<Vec<(usize, u64)>>>,
}

impl Test {
    fn new(gnu: Gnu, retention: Retention) -> Self {
        let (to_test, asked) = channel();
        let (answers, from_test) = channel();
        let batches = Arc::default();
        let store = Asking { asked: to_test, answers: from_test, batches: Arc::clone(&batches) };
        let archive = Archive::with_store(Box::new(store), gnu, retention).unwrap();
        Self { archive, asked, answers, batches }
    }

    fn offer(&self, sightings: usize) {
        let appender = self.archive.appender();
        (0..sightings).for_each(|n| appender.offer(received(&format!("\"{n}\""), n as u64)));
    }

    fn asked(&self) -> Asked {
        self.asked.recv_timeout(LONG).unwrap()
    }

    fn answer(&self, result: Result<(), ArchiveError>) {
        self.answers.send(result).unwrap();
    }

    /// Ends the archive while every question is answered by `Ok`.
    fn finish(self) -> (Figures, Vec<(usize, u64)>) {
        // A closed channel means `Ok`.
        drop(self.answers);
        let figures = self.archive.finish(LONG);
        let batches = self.batches.lock().unwrap().clone();
        (figures, batches)
    }
}

#[rustfmt::skip]
impl Store for Asking {
    fn append(&mut self, batch: &[Sighting], not_stored: u64) -> Result<(), ArchiveError> {
        let _ = self.asked.send(Asked::Append(batch.len()));
        self.answers.recv().unwrap_or(Ok(()))?;
        self.batches.lock().unwrap().push((batch.len(), not_stored));
        Ok(())
    }
    fn prune(&mut self, _: &Retention, _: u64) -> Result<Pruned, ArchiveError> {
        let _ = self.asked.send(Asked::Prune);
        self.answers.recv().unwrap_or(Ok(()))?;
        Ok(Pruned::default())
    }
    fn find(&mut self, _: &Query) -> Result<Vec<Found>, ArchiveError> { unreachable!() }
    fn named(&mut self, _: &HashPrefix, _: usize) -> Result<Vec<Found>, ArchiveError> { unreachable!() }
    fn life(&mut self, _: &Hash, _: usize) -> Result<Option<Life>, ArchiveError> { unreachable!() }
    fn last_seen(&mut self, _: &Hash) -> Result<Option<u64>, ArchiveError> { unreachable!() }
    fn unseen_for(&mut self, _: &Unseen) -> Result<Vec<Found>, ArchiveError> { unreachable!() }
    fn mark(&mut self, _: &Hash, _: bool) -> Result<bool, ArchiveError> { unreachable!() }
    fn export(&mut self, _: &mut dyn FnMut(Exported<'_>) -> ControlFlow<()>) -> Result<(), ArchiveError> { unreachable!() }
    fn check(&mut self) -> Result<Checked, ArchiveError> { unreachable!() }
}

#[test]
fn everything_that_is_offered_is_written_in_batches() {
    let place = InFile::new();
    let archive = Archive::start(&Options::in_file(place.path()), "tower:8080").unwrap();
    let appender = archive.appender();
    (0..5_500).for_each(|n| appender.offer(received(&format!("\"{n}\""), n)));
    let figures = archive.finish(LONG);
    let expected = Figures { archived: 5_500, state: State::Finished, ..Figures::default() };
    assert_eq!(figures, expected);
    let mut store = place.open(Access::Read).unwrap();
    assert_eq!(store.check().unwrap().sightings, 5_500);
    assert_is_whole(&mut *store);
}

#[test]
fn a_batch_is_written_when_it_is_full_or_after_a_quarter_of_a_second() {
    let test = Test::new(Gnu::Keep, Retention::default());
    test.offer(3);
    assert_eq!(test.asked(), Asked::Append(3));
    // While the store is busy with it, others come.
    test.offer(2 * MAX_BATCH + 7);
    assert_eq!(test.archive.figures().waiting, 2 * MAX_BATCH + 7);
    let (figures, batches) = test.finish();
    assert_eq!(batches, [(3, 0), (MAX_BATCH, 0), (MAX_BATCH, 0), (7, 0)]);
    assert_eq!((figures.archived, figures.not_archived), (2 * MAX_BATCH as u64 + 10, 0));
}

#[test]
fn what_is_too_much_is_counted_and_nobody_waits() {
    let test = Test::new(Gnu::Keep, Retention::default());
    test.offer(1);
    assert_eq!(test.asked(), Asked::Append(1));
    test.offer(MAX_WAITING + 300);
    test.archive.appender().missed(5);
    let figures = test.archive.figures();
    assert_eq!((figures.waiting, figures.not_archived), (MAX_WAITING, 305));
    let (figures, _) = test.finish();
    assert_eq!((figures.archived, figures.not_archived), (MAX_WAITING as u64 + 1, 305));
}

#[test]
fn the_waiting_texts_have_a_limit_in_bytes() {
    let test = Test::new(Gnu::Keep, Retention::default());
    test.offer(1);
    assert_eq!(test.asked(), Asked::Append(1));
    let appender = test.archive.appender();
    // All share one text, which is counted for each.
    let large = received(&format!("\"{}\"", "x".repeat(MAX_WAITING_BYTES / 4)), 1);
    (0..6).for_each(|_| appender.offer(large.clone()));
    assert_eq!((test.archive.figures().waiting, test.archive.figures().not_archived), (3, 3));
    let (figures, _) = test.finish();
    assert_eq!(figures.archived, 4);
}

#[test]
fn a_full_disk_stops_the_archive_and_nothing_else() {
    let test = Test::new(Gnu::Keep, Retention::default());
    test.offer(2);
    assert_eq!(test.asked(), Asked::Append(2));
    test.offer(3);
    let full = ArchiveError::Full("disk is full".into());
    test.answer(Err(full.clone()));
    assert!(test.archive.appender().0.queue.wait_for_end(LONG));
    test.offer(4);
    let figures = test.archive.figures();
    assert_eq!((figures.archived, figures.not_archived, figures.waiting), (0, 9, 0));
    assert_eq!(figures.state, State::Stopped(full));
}

#[test]
fn a_server_that_was_away_gets_the_same_batch_again() {
    let test = Test::new(Gnu::Keep, Retention::default());
    test.offer(2);
    let away = ArchiveError::Away("connection refused".into());
    for _ in 0..2 {
        assert_eq!(test.asked(), Asked::Append(2));
        test.answer(Err(away.clone()));
    }
    assert_eq!(test.asked(), Asked::Append(2));
    assert_eq!(test.archive.figures().state, State::Retrying(away));
    test.answer(Ok(()));
    let (figures, batches) = test.finish();
    assert_eq!((figures.archived, figures.not_archived, batches), (2, 0, vec![(2, 0)]));
}

#[test]
fn the_end_does_not_wait_for_a_server_that_stays_away() {
    let test = Test::new(Gnu::Keep, Retention::default());
    test.offer(2);
    let away = ArchiveError::Away("connection refused".into());
    assert_eq!(test.asked(), Asked::Append(2));
    (0..3).for_each(|_| test.answer(Err(away.clone())));
    let Test { archive, answers, .. } = test;
    let figures = archive.finish(LONG);
    drop(answers);
    assert_eq!((figures.not_archived, figures.state), (2, State::Stopped(away)));
}

#[test]
fn gnu_says_do_not_log_and_is_counted_if_the_user_wishes() {
    for (gnu, batch) in [(Gnu::Count, (1, 2)), (Gnu::Keep, (3, 0))] {
        let test = Test::new(gnu, Retention::default());
        for json in ["\"GNU Terry Pratchett\"", "\"wind\"", "{\"text\":\"GNU John Dearheart\"}"] {
            test.archive.appender().offer(received(json, 1));
        }
        let (figures, batches) = test.finish();
        assert_eq!(batches, [batch]);
        assert_eq!((figures.archived as usize, figures.not_stored), batch);
    }
}

#[test]
fn the_archive_is_pruned_while_it_is_idle() {
    let test = Test::new(Gnu::Keep, keep("1d"));
    assert_eq!(test.asked(), Asked::Prune);
    test.answer(Err(ArchiveError::Busy("locked".into())));
    test.offer(1);
    assert_eq!(test.asked(), Asked::Append(1));
    let (figures, _) = test.finish();
    assert_eq!((figures.archived, figures.state), (1, State::Finished));
}

#[test]
fn a_fault_of_the_program_stops_the_archive_only() {
    let test = Test::new(Gnu::Keep, Retention::default());
    drop(test.asked);
    let batches = Arc::clone(&test.batches);
    // A poisoned lock makes the store panic.
    let _ = std::thread::spawn(move || {
        let _guard = batches.lock().unwrap();
        std::panic::resume_unwind(Box::new(()));
    })
    .join();
    test.archive.appender().offer(received("1", 1));
    drop(test.answers);
    let figures = test.archive.finish(LONG);
    assert!(matches!(figures.state, State::Stopped(ArchiveError::Failed(_))), "{figures:?}");
}
