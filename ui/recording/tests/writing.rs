//! What a node does, recorded while it does it.

use std::{fs, path::Path};

use clacks_language::command::argument::{Existing, RecordCommand};
use clacks_p2p::{Builder, Message, Node};
use clacks_text::byte_size::ByteSize;
use tempfile::TempDir;

use crate::{
    files::{KEPT, numbered},
    player::Player,
    recorder::{Recorder, RecordingError},
};

fn builder() -> Builder {
    Node::builder().hostname("127.0.0.1").port(0)
}

fn enqueue(node: &Node, numbers: std::ops::Range<u32>) {
    for number in numbers {
        node.enqueue(Message::text(&format!("message {number}"))).unwrap();
    }
}

fn played(path: &Path) -> Player {
    let mut player = Player::open(path, 1.0, |_| {}).unwrap();
    player.jump(player.progress().length);
    while player.try_next().is_some() {}
    player
}

async fn record(recorder: &mut Recorder, path: &Path, existing: Existing) -> Result<String, RecordingError> {
    recorder.carry_out(RecordCommand::Start(path.to_owned(), existing)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_ends_with_what_the_node_knows_and_holds() {
    let (node, directory) = (builder().start().await.unwrap(), TempDir::new().unwrap());
    let path = directory.path().join("r.jsonl");
    enqueue(&node, 0..3);
    let mut recorder = Recorder::new(&node, None);
    assert_eq!(
        record(&mut recorder, &path, Existing::Refuse).await.unwrap(),
        format!("records to {}", path.display())
    );
    let refused = record(&mut recorder, &path, Existing::Refuse).await.unwrap_err().to_string();
    assert!(refused.ends_with("ends it"), "{refused}");
    enqueue(&node, 3..30);
    node.dequeue().unwrap();
    node.set_send_rate(7.5).unwrap();
    assert!(node.ignore(&"rude:1".parse().unwrap()));
    let said = recorder.carry_out(RecordCommand::Stop).await.unwrap();
    assert!(said.starts_with("recorded ") && said.ends_with("r.jsonl"), "{said}");
    assert!(recorder.carry_out(RecordCommand::Stop).await.is_err());
    let player = played(&path);
    assert_eq!(player.state().queue_window(0..99), node.queue_window(0..99));
    assert_eq!(player.state().first_peers(9), node.first_peers(9));
    assert_eq!(player.state().overview().counters, node.overview().counters);
    assert!((player.state().overview().send_rate - 7.5).abs() < f64::EPSILON);
    assert_eq!(player.facts().events, 27 + 3);
}

#[test]
fn nobody_waits_for_the_disk_who_only_asks() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (node, directory) = (builder().start().await.unwrap(), TempDir::new().unwrap());
        let path = directory.path().join("r.jsonl");
        let mut recorder = Recorder::new(&node, None);
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
        // One that can't be opened is told once, and is not in the way of another.
        recorder.ask(&start).unwrap();
        assert!(recorder.said().await.unwrap_err().to_string().contains(":record!"));
        recorder.ask(&RecordCommand::Start(path, Existing::Overwrite)).unwrap();
        assert!(recorder.stop().await.unwrap().unwrap().starts_with("recorded "));
    });
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_its_owner_may_read_a_recording() {
    use std::os::unix::fs::PermissionsExt;
    let (node, directory) = (builder().start().await.unwrap(), TempDir::new().unwrap());
    let path = directory.path().join("r.jsonl");
    record(&mut Recorder::new(&node, None), &path, Existing::Refuse).await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_link_stays_a_link_to_the_newest_file() {
    let node = builder().start().await.unwrap();
    for existing in [Existing::Refuse, Existing::Rotate, Existing::Overwrite] {
        let directory = TempDir::new().unwrap();
        let (link, target) = (directory.path().join("link"), directory.path().join("there").join("r.jsonl"));
        fs::create_dir(target.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("there/r.jsonl", &link).unwrap();
        for existing in [Existing::Refuse, existing] {
            let mut recorder = Recorder::new(&node, Some(ByteSize(8192)));
            let begun = record(&mut recorder, &link, existing).await;
            assert_eq!(
                begun.is_err(),
                existing == Existing::Refuse && target.exists() && recorder.bytes().is_none()
            );
            enqueue(&node, 0..200);
            let _ = recorder.stop().await;
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{existing:?}");
        played(&target);
        assert!(numbered(&target, 1).exists() && !numbered(&link, 1).exists(), "{existing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_the_files_that_a_full_one_makes_room_for_plays_alone() {
    let (node, directory) = (builder().start().await.unwrap(), TempDir::new().unwrap());
    let path = directory.path().join("r.jsonl");
    let mut recorder = Recorder::new(&node, Some(ByteSize(8192)));
    record(&mut recorder, &path, Existing::Refuse).await.unwrap();
    // Until the oldest has made room, however much a busy machine puts into each.
    for round in (0..).take_while(|round| *round < 60 || !numbered(&path, KEPT).exists()) {
        let before = recorder.bytes();
        enqueue(&node, 10 * round..10 * round + 10);
        (0..9).for_each(|_| drop(node.dequeue()));
        // What is told at once goes into one file. The recorder must not fall behind by more than events are kept; a
        // round has more bytes than this.
        while recorder.bytes() < before.map(|bytes| bytes + 1000) {
            tokio::task::yield_now().await;
        }
    }
    recorder.carry_out(RecordCommand::Stop).await.unwrap();
    assert_eq!(played(&path).state().queue_window(0..99), node.queue_window(0..99));
    for number in 1..=KEPT {
        let older = numbered(&path, number);
        let player = played(&older);
        assert!(fs::metadata(&older).unwrap().len() >= 8192 && player.facts().events > 0);
    }
    // The oldest that is kept ends where the next begins.
    let first_of = |number| Player::open(&numbered(&path, number), 1.0, |_| {}).unwrap();
    assert_eq!(
        played(&numbered(&path, 2)).state().queue_window(0..99),
        first_of(1).state().queue_window(0..99)
    );
    assert!(!numbered(&path, KEPT + 1).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_holds_more_than_fits_into_a_file_does_not_begin_one_with_every_event() {
    let (node, directory) = (builder().start().await.unwrap(), TempDir::new().unwrap());
    let path = directory.path().join("r.jsonl");
    let large = Message::text(&"x".repeat(20_000));
    node.enqueue(large.clone()).unwrap();
    let mut recorder = Recorder::new(&node, Some(ByteSize(8192)));
    record(&mut recorder, &path, Existing::Refuse).await.unwrap();
    enqueue(&node, 0..20);
    recorder.carry_out(RecordCommand::Stop).await.unwrap();
    assert!(!numbered(&path, 1).exists());
    assert_eq!(played(&path).facts().events, 20);

    record(&mut recorder, &path, Existing::Overwrite).await.unwrap();
    node.enqueue(large).unwrap();
    enqueue(&node, 20..40);
    recorder.carry_out(RecordCommand::Stop).await.unwrap();
    assert!(numbered(&path, 1).exists() && !numbered(&path, 2).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_recording_is_overwritten_and_that_only_if_asked() {
    let (node, directory) = (builder().start().await.unwrap(), TempDir::new().unwrap());
    let path = directory.path().join("letter");
    let mut recorder = Recorder::new(&node, None);
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
    let (node, directory) = (builder().start().await.unwrap(), TempDir::new().unwrap());
    let path = directory.path().join("r.jsonl");
    let mut recorder = Recorder::new(&node, Some(ByteSize(4096)));
    record(&mut recorder, &path, Existing::Refuse).await.unwrap();
    // In the way of the next file.
    fs::write(numbered(&path, 1), "Dear Terry").unwrap();
    enqueue(&node, 0..100);
    let reason = recorder.said().await.unwrap_err().to_string();
    assert!(
        reason.starts_with("recording has stopped: ") && reason.contains("r.jsonl.1 is there"),
        "{reason}"
    );
    assert_eq!(recorder.bytes(), None);
    enqueue(&node, 100..110);
    assert_eq!(node.queue_len(), 110);
    assert_eq!(fs::read_to_string(numbered(&path, 1)).unwrap(), "Dear Terry");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_recording_missed_is_made_up_for() {
    let (node, directory) = (builder().start().await.unwrap(), TempDir::new().unwrap());
    let path = directory.path().join("r.jsonl");
    let mut recorder = Recorder::new(&node, None);
    record(&mut recorder, &path, Existing::Refuse).await.unwrap();
    // More at once than any watcher may be behind.
    enqueue(&node, 0..60_000);
    (0..50_000).for_each(|_| drop(node.dequeue()));
    recorder.carry_out(RecordCommand::Stop).await.unwrap();
    let player = played(&path);
    assert_eq!(player.state().overview().queued, 10_000);
    assert_eq!(player.state().queue_window(0..20_000), node.queue_window(0..20_000));
}
