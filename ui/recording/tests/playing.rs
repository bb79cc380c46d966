//! What the commands and the clock of a replay do.

use std::{
    fs,
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_feed::{News, Source};
use clacks_language::command::playback::{Jump, ReplayCommand, Speed};
use jiff::tz::TimeZone;
use tokio::time::{Instant, timeout};

use super::{
    replaying::{block_on, events},
    toy::{Recorded, settle},
};
use crate::replay::{Replay, SLICE};

/// A recording, and a replay of it that is paused at its start.
fn paused() -> (Recorded, Replay) {
    let recorded = Recorded::make(5, 100);
    let mut replay = recorded.open();
    replay.pause(true);
    (recorded, replay)
}

async fn next(replay: &mut Replay) -> News {
    std::future::poll_fn(|cx| replay.poll_news(cx)).await.unwrap()
}

#[test]
fn a_step_plays_one_event_and_pauses() {
    block_on(async {
        let (_recorded, mut replay) = paused();
        assert!(events(&settle(&mut replay).await).is_empty());
        let mut last = 0;
        for _ in 0..20 {
            replay.carry_out(ReplayCommand::Step).unwrap();
            let news = settle(&mut replay).await;
            let [event] = &events(&news)[..] else { panic!("it is one event: {news:?}") };
            assert!(last == 0 || event.seq == last + 1, "{} after {last}", event.seq);
            assert_eq!(replay.now(), event.now);
            last = event.seq;
        }
    });
}

#[test]
fn at_the_end_nothing_happens_until_a_jump_back() {
    block_on(async {
        let (_recorded, mut replay) = paused();
        replay.pause(false);
        replay.carry_out(ReplayCommand::Jump(Jump::On(Duration::from_secs(1_000_000)))).unwrap();
        assert!(!replay.playback().at_end);
        let news = settle(&mut replay).await;
        assert_eq!(events(&news).len() as u64, replay.facts().events);
        let playback = replay.playback();
        assert!(playback.at_end && playback.position == playback.length);
        replay.carry_out(ReplayCommand::Jump(Jump::Back(Duration::from_secs(5)))).unwrap();
        assert!(matches!(next(&mut replay).await, News::Back { restarted: false }));
        assert!(!replay.playback().at_end);
    });
}

#[test]
fn the_speed_is_doubled_and_halved_between_its_bounds() {
    block_on(async {
        let (_recorded, mut replay) = paused();
        let mut press = |speed| {
            replay.carry_out(ReplayCommand::Speed(speed)).unwrap();
            // In quarters, to compare whole numbers.
            (replay.playback().speed * 4.0) as u32
        };
        assert_eq!(press(Speed::Faster), 8);
        assert_eq!(press(Speed::Times(48.0)), 192);
        assert_eq!(press(Speed::Faster), 256);
        assert_eq!((0..12).map(|_| press(Speed::Slower)).last(), Some(1));
    });
}

#[tokio::test(start_paused = true)]
async fn while_it_is_paused_nothing_comes_however_long_that_lasts() {
    let (_recorded, mut replay) = paused();
    settle(&mut replay).await;
    assert!(timeout(Duration::from_secs(3600), next(&mut replay)).await.is_err());
    assert_eq!(replay.playback().position, Duration::ZERO);
}

#[test]
fn the_command_to_pause_pauses_and_continues() {
    block_on(async {
        let (_recorded, mut replay) = paused();
        for paused in [false, true, false] {
            replay.carry_out(ReplayCommand::Pause).unwrap();
            assert_eq!(replay.playback().paused, paused);
        }
    });
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_jump_and_of_the_recording_are_each_reported_once() {
    let recorded = Recorded::make(5, 100);
    // Nothing happens in the last minute.
    recorded.toy.pass(Duration::from_secs(60));
    let (_, directory) = recorded.finish();
    let path = directory.path().join("r.jsonl");
    let mut replay = Replay::open(&path, &[], 1.0, TimeZone::UTC, |_| {}).unwrap();
    replay.pause(true);
    let length = replay.playback().length;
    let looked = |news: &[News]| news.iter().filter(|news| matches!(news, News::Looked)).count();
    replay.jump(length.saturating_sub(Duration::from_secs(30)));
    settle(&mut replay).await;
    // Nothing happens between the two places.
    replay.jump(length.saturating_sub(Duration::from_secs(20)));
    assert_eq!(looked(&settle(&mut replay).await), 1);
    let began = Instant::now();
    replay.pause(false);
    assert_eq!(looked(&settle(&mut replay).await), 1);
    assert!(replay.playback().at_end && began.elapsed() >= Duration::from_secs(19));
    assert!(timeout(Duration::from_secs(3600), next(&mut replay)).await.is_err());
}

#[test]
fn a_file_that_is_damaged_meanwhile_plays_to_its_end_without_what_is_damaged() {
    block_on(async {
        let (recorded, mut replay) = paused();
        settle(&mut replay).await;
        let length = fs::metadata(recorded.path()).unwrap().len() as usize;
        assert!(length > 20_000, "{length}");
        fs::write(recorded.path(), "x\n".repeat(length / 2)).unwrap();
        for place in [Duration::MAX, Duration::ZERO, Duration::MAX] {
            replay.jump(place);
            let news = settle(&mut replay).await;
            assert!((events(&news).len() as u64) < replay.facts().events / 2, "{}", events(&news).len());
        }
        assert!(replay.playback().at_end);
    });
}

#[test]
fn lines_that_say_nothing_hold_nobody_up() {
    let recorded = Recorded::make(5, 1);
    let (_, directory) = recorded.finish();
    let path = directory.path().join("r.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let line = "{\"semaphore\":{\"arms\":2}}\n";
    fs::write(&path, text + &line.repeat(4 * SLICE as usize / line.len())).unwrap();
    block_on(async {
        let mut replay = Replay::open(&path, &[], 1.0, TimeZone::UTC, |_| {}).unwrap();
        replay.jump(Duration::MAX);
        let mut cx = Context::from_waker(Waker::noop());
        let mut polls = 0;
        while replay.playback().jumping.is_some() {
            let is_event = matches!(replay.poll_news(&mut cx), Poll::Ready(Some(News::Event(_))));
            polls = if is_event { 0 } else { polls + 1 };
        }
        assert!(polls >= 3, "others have their turn meanwhile: {polls}");
    });
}
