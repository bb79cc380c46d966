//! Recordings, given any file.

use clacks_p2p_feed::version_1::{
    parse::{self, Line},
    recorded,
};
use tempfile::TempDir;

use crate::tape::{Next, RecordingReader};

#[test]
fn recording() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("r.jsonl");
    clacks_fuzz::fuzz("recording", 1_000, |bytes| {
        std::fs::write(&path, bytes).unwrap();
        match RecordingReader::open(&path, |_| {}) {
            Ok(tape) => play(tape),
            Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
        }
        String::from_utf8_lossy(bytes).lines().for_each(check_line);
    });
}

/// What was read once is read again, and whatever it tells adds up.
fn play(mut tape: RecordingReader) {
    let mut state = tape.beginning().clone();
    let mut events = 0;
    while let Some((now, next)) = tape.next().unwrap() {
        match next {
            Next::Event(event) => {
                events += 1;
                state.apply(&event, now);
            }
            Next::State(told) => state = *told,
            Next::Nothing => state.pass(now),
        }
        let overview = state.overview();
        let (queue, held) = (state.queue_window(0..usize::MAX), state.held_window(0..usize::MAX));
        assert!(queue.len() <= overview.queued && held.len() <= overview.held);
        assert!(queue.is_sorted_by_key(|queued| queued.id));
        let peers = state.first_peers(usize::MAX);
        assert!(peers.iter().all(|peer| state.peer(&peer.address).as_ref() == Some(peer)));
    }
    assert_eq!(events, tape.facts.events);
}

/// What is told of an event says the same when it is read and told again.
fn check_line(line: &str) {
    let Ok((now, Line::Event(event))) = parse::line(line) else { return };
    let told = recorded(&event, now);
    let Ok((again_now, Line::Event(again))) = parse::line(&told) else { panic!("{told}") };
    assert_eq!(recorded(&again, again_now), told);
}
