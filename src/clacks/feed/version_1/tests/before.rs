//! Recordings that an earlier version of the program made are played as they were then.
//!
//! `session.jsonl` is of a `clacks node` among others, `scripted.jsonl` of the node in
//! [`scripted`](crate::version_1::scripted). Beside each is what the program of then made of it: `.printed.jsonl`, the
//! events as `clacks node` prints them, and `.state.json`, what the node knew and held at the end.
//!
//! All is compared to the byte, except for limits that were added since: their counts are 0.

use clacks_p2p::{
    core::{Event, Limit, Now},
    node::Snapshot,
};

use crate::event::kinds::Written;
use crate::version_1::{
    ReplayedNode, line,
    parse::{self, Line},
    recorded, to_line,
};

/// A recording, and what was made of it.
pub(super) struct Before {
    pub(super) name: &'static str,
    pub(super) recording: &'static str,
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

pub(super) const RECORDINGS: [Before; 2] = [before!("session"), before!("scripted")];

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

/// The line without the limits that were added since `before` was written, if their counts are 0.
fn without_added_limits(line: &str, before: &str) -> String {
    let Some((start, rest)) = ["\"limits\":{", "\"met\":{"].iter().find_map(|name| line.split_once(name))
    else {
        return line.to_owned();
    };
    let (counts, end) = rest.split_once('}').unwrap();
    let is_kept = |member: &&str| {
        let added = |limit: &Limit| *member == format!("\"{}\":0", limit.name());
        !Limit::ALL.iter().any(added) || before.contains(member.trim_end_matches('0'))
    };
    let counts: Vec<_> = counts.split(',').filter(is_kept).collect();
    let name = &line[start.len()..line.len() - rest.len()];
    format!("{start}{name}{}}}{end}", counts.join(","))
}

#[test]
fn a_limit_that_was_added_is_passed_over_and_one_that_was_changed_or_lost_is_not() {
    let now = r#"{"peers":[],"limits":{"connections":1,"handshakes":0,"scopes":2},"queue":0}"#;
    let compared = |before: &str| without_added_limits(now, before) == before;
    assert!(compared(now));
    assert!(compared(r#"{"peers":[],"limits":{"connections":1,"scopes":2},"queue":0}"#));
    for before in [
        r#"{"peers":[],"limits":{"connections":1,"handshakes":3,"scopes":2},"queue":0}"#,
        r#"{"peers":[],"limits":{"connections":1,"handshakes":0},"queue":0}"#,
        r#"{"peers":[],"limits":{"connections":1,"handshakes":0,"scopes":2,"lost":0},"queue":0}"#,
        r#"{"peers":[],"limits":{"connections":1,"scopes":2}}"#,
    ] {
        assert!(!compared(before), "{before}");
    }
}

#[test]
fn every_event_of_a_recording_made_before_is_written_again_as_it_was() {
    for Before { name, recording, .. } in RECORDINGS {
        for (event, now, line) in replayed(recording).0 {
            assert_eq!(without_added_limits(&recorded(&event, now), line), line, "{name}");
        }
    }
}

#[test]
fn every_event_of_a_recording_made_before_is_printed_as_it_was() {
    for Before { name, recording, printed, .. } in RECORDINGS {
        let (events, _) = replayed(recording);
        assert_eq!(events.len(), printed.lines().count(), "{name}");
        for ((event, now, _), printed) in events.iter().zip(printed.lines()) {
            let line = to_line(&Written::brief(event, now.unix_ms));
            assert_eq!(without_added_limits(&line, printed), printed, "{name}");
        }
    }
}

#[test]
fn a_recording_made_before_ends_in_the_state_that_it_did() {
    for Before { name, recording, state, .. } in RECORDINGS {
        let (_, ended) = replayed(recording);
        let line = line::snapshot(&snapshot(&ended));
        assert_eq!(without_added_limits(&line, state), state.trim_end(), "{name}");
    }
}
