//! A recording that is played, forwards and backwards.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_language::command::playback::{Jump, ReplayCommand, Speed};
use clacks_p2p::core::{Event, Now};
use clacks_source::lists::Lists;
use jiff::tz::TimeZone;
use tempfile::TempDir;

use crate::{
    ReplayedNode,
    player::{AT_A_STRETCH, Playback, Player, Seek},
    scripted::Recording,
};

/// A recording, a player of it that stands still, and where the file is.
fn player() -> (Recording, Player, TempDir) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("r.jsonl");
    let recording = Recording::make(5, 200);
    recording.write(&path);
    let mut player = Player::open(&path, 1.0, |_| {}).unwrap();
    player.pause(true);
    (recording, player, directory)
}

fn taken(player: &mut Player) -> Vec<(Event, Now)> {
    std::iter::from_fn(|| player.try_next()).collect()
}

fn command(player: &mut Player, command: ReplayCommand) -> Seek {
    player.carry_out(command, &TimeZone::UTC).unwrap()
}

/// What is known at this place by playing straight to it.
fn straight(recording: &Recording, place: Duration) -> (Vec<(Event, Now)>, ReplayedNode) {
    let (_, mut player, _directory) = player();
    player.jump(place);
    let events = taken(&mut player);
    assert!(events.len() <= recording.events.len());
    (events, player.state().clone())
}

#[test]
fn a_jump_forward_or_back_comes_to_the_same_as_playing_straight_there() {
    let (recording, mut player, _directory) = player();
    let length = player.progress().length;
    let mut seen = Vec::new();
    for part in [0.5, 0.7, 0.2, 0.2, 1.0, 0.0, 0.9] {
        let place = length.mul_f64(part);
        if player.jump(place) == Seek::BeginsAgain {
            seen.clear();
        }
        seen.extend(taken(&mut player));
        let (expected, state) = straight(&recording, place);
        assert_eq!((seen.len(), player.state()), (expected.len(), &state), "at {part}");
        assert_eq!(player.progress().position, place);
    }
}

#[test]
fn a_step_takes_one_event_and_stands_still() {
    let (recording, mut player, _directory) = player();
    assert_eq!(taken(&mut player), []);
    for (event, now) in &recording.events[..20] {
        command(&mut player, ReplayCommand::Step);
        let [(stepped, at)] = &taken(&mut player)[..] else { panic!("it is one event") };
        assert_eq!((std::mem::discriminant(stepped), at), (std::mem::discriminant(event), now));
        assert_eq!(player.now(), *now);
    }
}

#[test]
fn at_the_end_it_stands_until_it_goes_back() {
    let (recording, mut player, _directory) = player();
    player.pause(false);
    command(&mut player, ReplayCommand::Jump(Jump::On(Duration::from_secs(1_000_000))));
    assert!(!player.stands());
    assert_eq!(taken(&mut player).len(), recording.events.len());
    assert!(player.stands() && player.progress().at_end);
    assert_eq!(player.takes(Duration::from_secs(1)), None);
    assert_eq!(player.progress().position, player.progress().length);
    let back = command(&mut player, ReplayCommand::Jump(Jump::Back(Duration::from_secs(5))));
    assert_eq!(back, Seek::BeginsAgain);
    taken(&mut player);
    assert!(!player.stands());
}

#[test]
fn the_speed_is_doubled_and_halved_between_its_bounds() {
    let (_, mut player, _directory) = player();
    let mut press = |speed| {
        command(&mut player, ReplayCommand::Speed(speed));
        // In quarters, to compare whole numbers.
        player.progress().speed * 4.0
    };
    let mut press = |speed| press(speed) as u32;
    assert_eq!(press(Speed::Faster), 8);
    assert_eq!(press(Speed::Times(48.0)), 192);
    assert_eq!(press(Speed::Faster), 256);
    let slowest = (0..12).map(|_| press(Speed::Slower)).last();
    assert_eq!(slowest, Some(1));
}

#[tokio::test(start_paused = true)]
async fn events_come_when_their_time_has_come() {
    let (recording, mut player, _directory) = player();
    command(&mut player, ReplayCommand::Speed(Speed::Times(4.0)));
    player.pause(false);
    let began = tokio::time::Instant::now();
    for (_, now) in &recording.events[..50] {
        let Ok(Playback::Event(_, at)) = player.next().await else { panic!("it is an event") };
        assert_eq!(at, *now);
        let gone = now.uptime.saturating_sub(recording.began.now.uptime) / 4;
        let late = began.elapsed().checked_sub(gone).expect("not before its time");
        assert!(late < Duration::from_millis(5), "{late:?} late");
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_is_paused_nothing_comes_however_long_that_lasts() {
    let (_, mut player, _directory) = player();
    let waited = tokio::time::timeout(Duration::from_secs(3600), player.next()).await;
    assert!(waited.is_err());
    assert_eq!(player.progress().position, Duration::ZERO);
}

#[test]
fn a_file_that_is_spoilt_meanwhile_is_told_and_plays_no_further() {
    let (recording, mut player, directory) = player();
    let text = recording.text();
    let spoilt: String = text.lines().map(|line| "x".repeat(line.len()) + "\n").collect();
    std::fs::write(directory.path().join("r.jsonl"), spoilt).unwrap();
    player.jump(player.progress().length);
    taken(&mut player);
    player.jump(Duration::ZERO);
    taken(&mut player);
    let error = futures_now(player.next()).unwrap_err().to_string();
    assert!(error.contains("r.jsonl line "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn that_a_jump_or_the_recording_has_come_to_its_end_is_told_once() {
    let (_, mut player, _directory) = player();
    let length = player.progress().length;
    // Nothing happens between the beginning and this place.
    player.jump(Duration::from_nanos(1));
    assert_eq!(player.next().await.unwrap(), Playback::Arrived);
    player.pause(false);
    player.jump(length.mul_f64(0.9));
    let mut arrived = 0;
    while let Ok(Ok(played)) = tokio::time::timeout(length, player.next()).await {
        arrived += u32::from(played == Playback::Arrived);
    }
    assert_eq!((arrived, player.progress().at_end), (2, true));
}

#[tokio::test]
async fn a_run_of_lines_that_tell_of_nothing_holds_nobody_up() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("r.jsonl");
    let recording = Recording::make(5, 1);
    let begins = recording.began.now.uptime.as_millis();
    let line = format!("{{\"event\":\"semaphore\",\"time\":1,\"uptime_ms\":{begins}}}\n");
    let lines = 4 * AT_A_STRETCH as usize / line.len();
    let header = recording.text().lines().next().unwrap().to_owned() + "\n";
    std::fs::write(&path, header + &line.repeat(lines)).unwrap();
    let jumping = || {
        let mut player = Player::open(&path, 1.0, |_| {}).unwrap();
        player.pause(true);
        player.jump(Duration::ZERO);
        player
    };
    let mut player = jumping();
    let stretches = std::iter::from_fn(|| {
        assert_eq!(player.try_next(), None);
        player.progress().jumping
    });
    assert!(stretches.count() >= 3, "it can be told how far it is");
    let mut player = jumping();
    let mut next = pin!(player.next());
    let mut polls = 0;
    while poll(next.as_mut()).is_pending() {
        polls += 1;
    }
    assert!(polls >= 3, "others have their turn meanwhile");
}

/// What is there without waiting.
fn futures_now<T>(future: impl Future<Output = T>) -> T {
    match poll(pin!(future)) {
        Poll::Ready(ready) => ready,
        Poll::Pending => panic!("it waits"),
    }
}

fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn the_command_to_pause_stops_what_plays_and_goes_on_with_what_stands_still() {
    let (_, mut player, _directory) = player();
    for paused in [false, true, false] {
        assert_eq!(command(&mut player, ReplayCommand::Pause), Seek::GoesOn);
        assert_eq!(player.progress().paused, paused);
    }
}

#[test]
fn a_recording_does_not_tell_how_many_connections_there_are() {
    let (_, player, _directory) = player();
    assert_eq!(Lists::connections(player.state()), None);
}
