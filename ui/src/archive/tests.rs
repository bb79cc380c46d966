use std::sync::Arc;

use clacks_archive::{
    Access, ArchiveError, Figures, Found, Hash, Life, Options, Peer, Query, Seen, SightingKind, State, open,
};
use clacks_feed::{Network, Text};
use clacks_p2p::Node;
use jiff::tz::TimeZone;

use super::{located, printed, running::losses, start};
use crate::networks;

fn message(json: &str) -> Found {
    let json = Text::new(json);
    let hash = Hash::of(&json);
    Found { hash, json, first_seen: 1_000, last_seen: 61_000, times: 2, keep: true }
}

#[test]
fn messages_and_their_lives_are_printed_without_control_characters() {
    let message = message("\"\u{9b}2J wind\u{202e}\"");
    let line = printed::line(&message, &TimeZone::UTC);
    let hash = &message.hash.to_string()[..12];
    assert_eq!(line, format!("{hash}  1970-01-01 00:01:01      2 times (kept)  \"\\u009b2J wind\\u202e\"\n"));

    let peer = Peer { hostname: "\u{1b}tower".into(), port: 8080, status: None };
    let received = Seen { at: 1_000, kind: SightingKind::Received, peer: Some(peer) };
    let enqueued = Seen { at: 61_000, kind: SightingKind::Enqueued, peer: None };
    let seen = Life { message, sightings: vec![received, enqueued], more: true };
    let printed = printed::life(&seen, &TimeZone::UTC);
    assert!(printed.starts_with("\"\\u009b2J wind\\u202e\"\nhash "), "{printed}");
    let end = "\n(older ones are left out)\n1970-01-01 00:00:01  received      \\u001btower:8080\n\
               1970-01-01 00:01:01  enqueued\n";
    assert!(printed.ends_with(end), "{printed}");
}

#[test]
fn what_is_not_in_the_archive_is_told_at_the_end() {
    let full = ArchiveError::Full("disk is full".into());
    let figures = Figures { not_archived: 2, waiting: 1, state: State::Stopped(full), ..Figures::default() };
    let told = losses(&figures);
    assert_eq!(
        told,
        [
            "the archive stopped: there is no space left for the archive: disk is full",
            "3 sightings of messages are not in the archive",
        ]
    );
    assert_eq!(losses(&Figures { archived: 9, state: State::Finished, ..Figures::default() }), [""; 0]);
}

#[tokio::test]
async fn what_a_node_does_is_archived_from_its_start_to_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options::in_file(directory.path().join("archive.db"));
    let node = Node::builder().hostname("localhost").port(0).keep_state(false).start().await.unwrap();
    let network: Arc<dyn Network> = networks::clacks(&node);
    let archiving = start(&network, &options).await.unwrap().unwrap();
    for n in 0..100 {
        node.enqueue(clacks_p2p::Message::text(&format!("wind {n}"))).unwrap();
    }
    node.stop().await;
    drop((node, network));
    archiving.finish().await;
    let mut store = open(&options, "", Access::Read).unwrap();
    let query = Query { kind: Some(SightingKind::Enqueued), limit: 1_000, ..Query::default() };
    assert_eq!(store.find(&query).unwrap().len(), 100);
    assert_eq!(store.check().unwrap().problems, [""; 0]);
}

#[tokio::test]
async fn without_options_nothing_is_archived_and_a_wrong_place_is_reported() {
    let node = Node::builder().hostname("localhost").port(0).keep_state(false).start().await.unwrap();
    let network: Arc<dyn Network> = networks::clacks(&node);
    assert!(start(&network, &Options::default()).await.unwrap().is_none());
    let error = start(&network, &Options::in_file("/nowhere/archive.db")).await.err().unwrap();
    assert!(error.to_string().contains("/nowhere/archive.db can't be opened"), "{error}");
    node.stop().await;
}

#[test]
fn a_tilde_in_the_path_is_the_home_directory() {
    let options = located(Options::in_file("~/archive.db")).unwrap();
    assert!(!options.path.unwrap().starts_with("~"));
    assert!(located(Options::in_file("~other/archive.db")).is_err());
}
