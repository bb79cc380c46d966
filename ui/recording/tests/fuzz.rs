//! Recordings, given any file.

use std::{task::Context, task::Poll, task::Waker, time::Duration};

use clacks_feed::{Network, News, Source, Window, conformance::walk, description::ListId};
use clacks_p2p_feed::version_1::{
    Version1,
    parse::{self, Line},
    recorded,
};
use jiff::tz::TimeZone;
use tempfile::TempDir;
use tokio::runtime::Builder;

use crate::replay::Replay;

#[test]
fn recording() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("r.jsonl");
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let _within = runtime.enter();
    clacks_fuzz::fuzz("recording", 1_000, |bytes| {
        std::fs::write(&path, bytes).unwrap();
        match Replay::open(&path, &[&Version1], 1.0, TimeZone::UTC, |_| {}) {
            Ok(replay) => play(replay),
            Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
        }
        String::from_utf8_lossy(bytes).lines().for_each(check_line);
    });
}

/// What was read once is read again, and whatever it tells adds up.
fn play(mut replay: Replay) {
    let network = replay.network();
    let lists: Vec<_> = network.description().lists().map(|(list, _)| list).collect();
    let mut events = 0;
    replay.jump(Duration::MAX);
    let mut cx = Context::from_waker(Waker::noop());
    while replay.playback().jumping.is_some() {
        while let Poll::Ready(Some(news)) = replay.poll_news(&mut cx) {
            events += u64::from(matches!(news, News::Event(_)));
            assert!(!matches!(news, News::Away(_)), "{news:?}");
            lists.iter().for_each(|list| check_list(&*network, *list));
        }
    }
    assert_eq!(events, replay.facts().events);
}

fn check_list(network: &dyn Network, list: ListId) {
    let rows = walk(network, list, None);
    assert!(rows.is_sorted_by(|one, other| (&one.order, &one.key) < (&other.order, &other.key)));
    assert!(rows.len() as u64 <= network.page(&Window::first(list, 0)).total);
    let keys: Vec<_> = rows.iter().map(|row| row.key.clone()).collect();
    let again: Vec<_> = keys.chunks(512).flat_map(|keys| network.rows(list, keys)).collect();
    assert_eq!(again, rows.into_iter().map(Some).collect::<Vec<_>>());
}

/// What is told of an event says the same when it is read and told again.
fn check_line(line: &str) {
    let Ok((now, Line::Event(event))) = parse::line(line) else { return };
    let told = recorded(&event, now);
    let Ok((again_now, Line::Event(again))) = parse::line(&told) else { panic!("{told}") };
    assert_eq!(recorded(&again, again_now), told);
}
