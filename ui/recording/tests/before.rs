//! Recordings that an earlier version of the program made are played as they were then.
//!
//! `session.jsonl` is of a `clacks node` among others, `scripted.jsonl` of the node in
//! [`scripted`](crate::scripted). Beside each is what the program of then made of it: `.printed.jsonl`, the
//! events as `clacks node` prints them, and `.state.json`, what the node knew and held at the end.

use clacks_p2p::{
    core::{Event, Now},
    node::Snapshot,
};

use clacks_source::{
    json::{happened, recorded},
    lists::Lists,
};

use crate::{
    line,
    parse::{self, Line},
    state::ReplayedNode,
};

/// A recording, and what was made of it.
struct Before {
    name: &'static str,
    recording: &'static str,
    printed: &'static str,
    state: &'static str,
}

macro_rules! before {
    ($name:literal) => {
        Before {
            name: $name,
            recording: include_str!(concat!("data/", $name, ".jsonl")),
            printed: include_str!(concat!("data/", $name, ".printed.jsonl")),
            state: include_str!(concat!("data/", $name, ".state.json")),
        }
    };
}

const RECORDINGS: [Before; 2] = [before!("session"), before!("scripted")];

/// The events of a recording, each with its line, and the state that follows from them.
fn replayed(recording: &'static str) -> (Vec<(Event, Now, &'static str)>, ReplayedNode) {
    let mut lines = recording.lines();
    let Ok((now, Line::Header(mut held))) = parse::header(lines.next().unwrap()) else { panic!("no header") };
    let mut state = ReplayedNode::new(held.address.take().unwrap(), *held, now);
    let mut events = Vec::new();
    for line in lines {
        match parse::line(line) {
            Ok((now, Line::Event(event))) => {
                state.apply(&event, now);
                events.push((event, now, line));
            }
            Ok((now, Line::End)) => state.pass(now),
            other => panic!("{other:?} in {line}"),
        }
    }
    (events, state)
}

fn snapshot(state: &ReplayedNode) -> Snapshot {
    let mut snapshot = Snapshot::new(state.overview(), state.now());
    snapshot.peers = state.first_peers(usize::MAX);
    snapshot.queue = state.queue_window(0..usize::MAX);
    snapshot.held = state.held_window(0..usize::MAX);
    snapshot.hold_rule = state.hold_rule();
    snapshot.ignored_remotes = state.ignored_remotes();
    snapshot
}

#[test]
fn every_event_of_a_recording_made_before_is_written_again_as_it_was() {
    for Before { name, recording, .. } in RECORDINGS {
        for (event, now, line) in replayed(recording).0 {
            assert_eq!(recorded(&event, now).into_line(), line, "{name}");
        }
    }
}

#[test]
fn every_event_of_a_recording_made_before_is_printed_as_it_was() {
    for Before { name, recording, printed, .. } in RECORDINGS {
        let (events, _) = replayed(recording);
        assert_eq!(events.len(), printed.lines().count(), "{name}");
        for ((event, now, _), printed) in events.iter().zip(printed.lines()) {
            assert_eq!(happened(event, now.unix_ms).into_line(), printed, "{name}");
        }
    }
}

#[test]
fn a_recording_made_before_ends_in_the_state_that_it_did() {
    for Before { name, recording, state, .. } in RECORDINGS {
        let (_, ended) = replayed(recording);
        assert_eq!(line::snapshot(&snapshot(&ended)).into_line(), state.trim_end(), "{name}");
    }
}
