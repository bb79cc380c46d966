//! What is read back is what was written, and what follows from it is what the node knew and held.

use std::time::Duration;

use clacks_p2p::{
    Address,
    core::{Event, Failure, Now, Origin, Refusal, Scope},
};
use proptest::prelude::*;

use crate::version_1::{
    ReplayedNode,
    parse::{self, Line},
    recorded,
    scripted::{Known, Recording},
};

fn known(state: &ReplayedNode) -> Known {
    Known {
        overview: state.overview(),
        peers: state.first_peers(usize::MAX),
        queue: state.queue_window(0..usize::MAX),
        held: state.held_window(0..usize::MAX),
        hold_rule: state.hold_rule(),
        ignored_remotes: state.ignored_remotes(),
    }
    .without_the_untold()
}

fn beginning(line: &str) -> ReplayedNode {
    let Ok((now, Line::Header(mut held))) = parse::header(line) else { panic!("{line}") };
    ReplayedNode::new(held.address.take().unwrap(), *held, now)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn at_every_event_the_recording_knows_what_the_node_knew(seed in any::<u64>(), steps in 1_usize..300) {
        let recording = Recording::make(seed, steps);
        let text = recording.text();
        let mut lines = text.lines();
        let mut state = beginning(lines.next().unwrap());
        prop_assert_eq!(known(&state), Known::from(recording.began));
        let mut told = recording.events.iter().zip(lines);
        let mut so_far = 0;
        for (count, expected) in recording.known {
            for ((event, at), line) in told.by_ref().take(count - so_far) {
                let (now, read) = parse::line(line).unwrap();
                // White space and escapes in a message may be others; it is the same JSON.
                prop_assert_eq!((recorded_again(&read, now), now), (recorded(event, *at), *at));
                state.apply(event, now);
            }
            so_far = count;
            prop_assert_eq!(known(&state), expected, "after {} events", count);
        }
    }
}

/// An event that was read, written as it is recorded.
fn recorded_again(line: &Line, now: Now) -> String {
    let Line::Event(event) = line else { panic!("{line:?}") };
    recorded(event, now)
}

#[test]
fn what_no_script_brings_about_is_read_as_it_was_written() {
    let address: Address = "tower:1".parse().unwrap();
    let now = Now { uptime: Duration::from_micros(12_345_678), unix_ms: 5 };
    for told in [
        Event::AnnounceFailed { peer: address.clone(), failure: Failure::Stopped },
        Event::AnnounceFailed { peer: address.clone(), failure: Failure::Connection("stopped".to_owned()) },
        Event::Refused(Refusal::new(
            403,
            "ignored \u{1b}]0;x\u{7}\n\u{202e}".to_owned(),
            None,
            Some("\"cut\u{2026}".to_owned()),
            Some("::1".parse().unwrap()),
        )),
        Event::AnnounceFailed { peer: address.clone(), failure: Failure::NotContacted(Scope::Metadata) },
        Event::LimitsMet {
            met: serde_json::from_str(r#"{"connections":1,"handshakes":18446744073709551615}"#).unwrap(),
        },
        Event::Lagged(7),
        Event::SendRateChanged { rate: 0.1 },
    ] {
        let line = recorded(&told, now);
        assert_eq!(parse::line(&line).unwrap(), (now, Line::Event(told)), "{line}");
    }
    let line = recorded(&Event::Lagged(7), now).replace("lagged", "a_later_kind");
    assert_eq!(parse::line(&line).unwrap(), (now, Line::Unknown));
}

#[test]
fn what_is_held_as_it_comes_back_is_not_on_its_way_any_more() {
    // Of ten times as many messages as are on their way at once some come back to be held.
    let is_held_as_it_came_back = |(event, _): &(Event, Now)| {
        matches!(event, Event::MessageHeld { origin: Some(Origin::Returned(_)), .. })
    };
    let recording = (1..20)
        .map(|seed| Recording::make(seed, 1500))
        .find(|recording| recording.events.iter().any(is_held_as_it_came_back))
        .unwrap();
    let mut state = beginning(recording.text().lines().next().unwrap());
    for (event, now) in &recording.events {
        state.apply(event, *now);
    }
    assert_eq!(state.under_way(), state.overview().in_flight);
}

#[test]
fn a_rate_of_next_to_nothing_leads_to_no_time_beyond_all() {
    let recording = Recording::make(1, 60);
    let mut state = beginning(recording.text().lines().next().unwrap());
    let now = Now { uptime: Duration::from_secs(100_000), unix_ms: 5 };
    // From one message to the next it is as long as can be told, but for an hour.
    state.apply(&Event::SendRateChanged { rate: 5.421_010_862_427_523e-20 }, now);
    let sent = recording.events.iter().filter(|(event, _)| matches!(event, Event::MessageSending { .. }));
    assert_ne!(sent.inspect(|(event, _)| state.apply(event, now)).count(), 0);
}

#[test]
fn of_what_a_recording_began_without_only_the_number_is_known() {
    // That a peer is this node itself is told without the status that it had.
    let tells_all = |recording: &Recording| {
        recording.began.peers.len() > 1
            && recording.began.queue.len() > 1
            && !recording.events.iter().any(|(event, _)| matches!(event, Event::FoundOurselves { .. }))
    };
    let mut recording = (0..100).map(|seed| Recording::make(seed, 60)).find(tells_all).unwrap();
    let [peers, queued] = [recording.began.peers.len(), recording.began.queue.len()];
    assert!(peers > 1 && queued > 1, "{peers} peers, {queued} messages");
    recording.began.peers.truncate(1);
    recording.began.queue.truncate(1);
    let text = recording.text();
    let mut state = beginning(text.lines().next().unwrap());
    assert_eq!((state.overview().peers.total(), state.first_peers(9).len()), (peers, 1));
    assert_eq!((state.overview().queued, state.queue_len()), (queued, 1));
    for (event, now) in &recording.events {
        state.apply(event, *now);
    }
    let (_, last) = recording.known.pop().unwrap();
    assert_eq!(state.overview().peers, last.overview.peers);
    assert_eq!(state.overview().queued, last.overview.queued);
}

#[test]
fn what_older_recordings_do_not_tell_is_taken_for_what_it_was_then() {
    let mut recording = Recording::make(7, 200);
    recording.began.peers.iter_mut().for_each(|peer| peer.added_by_user = true);
    let text = recording.text();
    let told_since = [",\"answers\":true", ",\"answers\":false", ",\"reached\":true", ",\"reached\":false"];
    let told_since = told_since.into_iter().chain([
        ",\"by_user\":true",
        ",\"by_user\":false",
        ",\"for_proven\":true",
        ",\"for_proven\":false",
        ",\"ignored_remotes\":[]",
    ]);
    let older = told_since.fold(text, |text, field| text.replace(field, ""));
    let older = (0..100).fold(older, |text, claimed| text.replace(&format!(",\"claimed\":{claimed},"), ","));
    assert!(!older.contains("claimed"), "{older}");
    let limits = older.find(",\"limits\":{").unwrap();
    let end = limits + older[limits..].find('}').unwrap() + 1;
    let older = format!("{}{}", &older[..limits], &older[end..]);
    let mut lines = older.lines();
    let state = beginning(lines.next().unwrap());
    let peers = state.first_peers(usize::MAX);
    assert!(
        !peers.is_empty() && peers.iter().all(|peer| !peer.is_unverified() && !peer.added_by_user),
        "{peers:?}"
    );
    assert_eq!(state.overview().counters.limits.total(), 0);
    for line in lines {
        match parse::line(line).unwrap() {
            (_, Line::Event(Event::MessageSending { choice, .. })) => assert!(!choice.verified_only),
            (_, told) => assert!(matches!(told, Line::Event(_)), "{told:?}"),
        }
    }
}
