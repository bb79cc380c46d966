//! The files of a recording: whose they are, when the next begins, and what is never overwritten.

use std::{
    fs,
    path::Path,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_feed::{Network, News, Source};
use clacks_language::command::argument::{Existing, RecordCommand};
use clacks_text::byte_size::ByteSize;
use clacks_toy::Toy;
use jiff::tz::TimeZone;
use tempfile::TempDir;

use super::toy::Moment;
use crate::{
    files::{KEPT, numbered},
    recorder::{Recorder, RecordingError},
    replay::Replay,
};

/// A toy that holds as many cards as are posted, and where it is recorded to.
fn toy() -> (Arc<Toy>, TempDir) {
    let toy = Toy::start(1);
    toy.with_core(|core, _| core.set_limit(1_000_000));
    (toy, TempDir::new().unwrap())
}

fn recorder(toy: &Arc<Toy>, file_size: u64) -> Recorder {
    Recorder::with_texts(toy.clone(), Some(ByteSize(file_size)))
}

fn post(toy: &Toy, numbers: std::ops::Range<u32>) {
    for number in numbers {
        toy.with_core(|core, now| core.post(format!("message {number}").as_str().into(), now)).unwrap();
    }
}

/// Plays a recording to its end. Returns the numbers of its events too.
async fn played(path: &Path) -> (Replay, Vec<u64>) {
    let mut replay = Replay::open(path, &[], 1.0, TimeZone::UTC, |_| {}).unwrap();
    replay.jump(Duration::MAX);
    let mut cx = Context::from_waker(Waker::noop());
    let mut events = Vec::new();
    while replay.playback().jumping.is_some() {
        while let Poll::Ready(Some(news)) = replay.poll_news(&mut cx) {
            events.extend(if let News::Event(event) = news { Some(event.seq) } else { None });
        }
        // Another thread reads a large state.
        tokio::task::yield_now().await;
    }
    assert_eq!(replay.remark(), None, "{}", path.display());
    (replay, events)
}

async fn record(recorder: &mut Recorder, path: &Path, existing: Existing) -> Result<String, RecordingError> {
    recorder.carry_out(RecordCommand::Start(path.to_owned(), existing)).await
}

#[test]
fn a_command_is_accepted_without_waiting_for_the_disk() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (toy, directory) = toy();
        let path = directory.path().join("r.jsonl");
        let mut recorder = recorder(&toy, u64::MAX);
        let start = RecordCommand::Start(path.clone(), Existing::Refuse);
        // The only thread that writes is busy.
        let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || goes_on.recv());
        recorder.ask(&start).unwrap();
        assert!(recorder.ask(&start).unwrap_err().to_string().ends_with(":record alone ends it"));
        recorder.ask(&RecordCommand::Stop).unwrap();
        for command in [&start, &RecordCommand::Stop] {
            assert!(recorder.ask(command).unwrap_err().to_string().ends_with("is still being written"));
        }
        assert_eq!((path.exists(), recorder.bytes()), (false, None));
        go_on.send(()).unwrap();
        assert_eq!(recorder.said().await.unwrap(), format!("records to {}", path.display()));
        assert!(recorder.said().await.unwrap().starts_with("recorded "));
        // One that can't be opened is reported once, and is not in the way of another.
        recorder.ask(&start).unwrap();
        assert!(recorder.said().await.unwrap_err().to_string().contains(":record!"));
        recorder.ask(&RecordCommand::Start(path, Existing::Overwrite)).unwrap();
        assert!(recorder.stop().await.unwrap().unwrap().starts_with("recorded "));
        assert!(recorder.carry_out(RecordCommand::Stop).await.is_err());
    });
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_its_owner_may_read_a_recording() {
    use std::os::unix::fs::PermissionsExt;
    let (toy, directory) = toy();
    let path = directory.path().join("r.jsonl");
    record(&mut recorder(&toy, u64::MAX), &path, Existing::Refuse).await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_link_stays_a_link_to_the_newest_file() {
    for existing in [Existing::Refuse, Existing::Rotate, Existing::Overwrite] {
        let (toy, directory) = toy();
        let (link, target) = (directory.path().join("link"), directory.path().join("there").join("r.jsonl"));
        fs::create_dir(target.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("there/r.jsonl", &link).unwrap();
        for existing in [Existing::Refuse, existing] {
            let mut recorder = recorder(&toy, 8192);
            let begun = record(&mut recorder, &link, existing).await;
            assert_eq!(
                begun.is_err(),
                existing == Existing::Refuse && target.exists() && recorder.bytes().is_none()
            );
            post(&toy, 0..200);
            let _ = recorder.stop().await;
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{existing:?}");
        played(&target).await;
        assert!(numbered(&target, 1).exists() && !numbered(&link, 1).exists(), "{existing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_file_that_gave_way_to_a_newer_one_plays_alone() {
    let (toy, directory) = toy();
    let path = directory.path().join("r.jsonl");
    let mut recorder = recorder(&toy, 8192);
    record(&mut recorder, &path, Existing::Refuse).await.unwrap();
    // Until the oldest has made room, however much a busy machine puts into each.
    for round in (0..).take_while(|round| *round < 60 || !numbered(&path, KEPT).exists()) {
        let before = recorder.bytes();
        post(&toy, 10 * round..10 * round + 10);
        // What is told at once goes into one file. The recorder must not fall behind by more than events are kept; a
        // round has more bytes than this.
        while recorder.bytes() < before.map(|bytes| bytes + 1000) {
            tokio::task::yield_now().await;
        }
    }
    recorder.carry_out(RecordCommand::Stop).await.unwrap();
    let (newest, events) = played(&path).await;
    Moment::of(&*toy).is_of(&*newest.network());
    // A file has no event if the last one filled the file before it.
    let mut next = events.first().copied().unwrap_or(toy.watch().seq() + 1);
    for number in 1..=KEPT {
        let older = numbered(&path, number);
        let (_, events) = played(&older).await;
        assert!(fs::metadata(&older).unwrap().len() >= 8192);
        // Each ends where the next begins.
        assert_eq!(*events.last().unwrap() + 1, next);
        next = events[0];
    }
    assert!(!numbered(&path, KEPT + 1).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_holds_more_than_fits_into_a_file_does_not_begin_one_with_every_event() {
    let (toy, directory) = toy();
    let path = directory.path().join("r.jsonl");
    let large = "x".repeat(20_000);
    let post_large = || toy.with_core(|core, now| core.post(large.as_str().into(), now)).unwrap();
    post_large();
    let mut recorder = recorder(&toy, 8192);
    record(&mut recorder, &path, Existing::Refuse).await.unwrap();
    post(&toy, 0..20);
    recorder.carry_out(RecordCommand::Stop).await.unwrap();
    assert!(!numbered(&path, 1).exists());
    assert_eq!(played(&path).await.0.facts().events, 20);

    record(&mut recorder, &path, Existing::Overwrite).await.unwrap();
    post_large();
    post(&toy, 20..40);
    recorder.carry_out(RecordCommand::Stop).await.unwrap();
    assert!(numbered(&path, 1).exists() && !numbered(&path, 2).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_recording_is_overwritten_and_that_only_if_asked() {
    let (toy, directory) = toy();
    let path = directory.path().join("letter");
    let mut recorder = recorder(&toy, u64::MAX);
    for text in ["Dear Terry", ""] {
        fs::write(&path, text).unwrap();
        for existing in [Existing::Refuse, Existing::Rotate, Existing::Overwrite] {
            let error = record(&mut recorder, &path, existing).await.unwrap_err().to_string();
            assert!(error.ends_with("is there already and is no recording; name another file"), "{error}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert!(record(&mut recorder, directory.path(), Existing::Overwrite).await.is_err());

    let path = directory.path().join("r.jsonl");
    record(&mut recorder, &path, Existing::Refuse).await.unwrap();
    recorder.stop().await;
    let first = fs::read(&path).unwrap();
    let error = record(&mut recorder, &path, Existing::Refuse).await.unwrap_err().to_string();
    let name = path.display();
    assert_eq!(error, format!("{name} is a recording already; :record! {name} overwrites it"));
    record(&mut recorder, &path, Existing::Rotate).await.unwrap();
    recorder.stop().await;
    assert_eq!(fs::read(numbered(&path, 1)).unwrap(), first);
    record(&mut recorder, &path, Existing::Overwrite).await.unwrap();
    recorder.stop().await;
    assert_eq!(fs::read(numbered(&path, 1)).unwrap(), first);

    fs::write(numbered(&path, 3), "Dear Terry").unwrap();
    let error = record(&mut recorder, &path, Existing::Rotate).await.unwrap_err().to_string();
    assert!(error.contains("r.jsonl.3 is there"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_can_not_be_written_ends_the_recording_and_nothing_else() {
    let (toy, directory) = toy();
    let path = directory.path().join("r.jsonl");
    let mut recorder = recorder(&toy, 4096);
    record(&mut recorder, &path, Existing::Refuse).await.unwrap();
    // In the way of the next file.
    fs::write(numbered(&path, 1), "Dear Terry").unwrap();
    post(&toy, 0..100);
    let reason = recorder.said().await.unwrap_err().to_string();
    assert!(
        reason.starts_with("recording has stopped: ") && reason.contains("r.jsonl.1 is there"),
        "{reason}"
    );
    assert_eq!(recorder.bytes(), None);
    post(&toy, 100..110);
    assert_eq!(fs::read_to_string(numbered(&path, 1)).unwrap(), "Dear Terry");
}
