//! Recordings of version 1, whose form the program passes to the replay, also damaged ones.

use std::path::Path;

use clacks_feed::{Network, Value, conformance::walk};
use clacks_p2p::{core::Event, node::Overview};
use clacks_p2p_feed::{
    ClacksEvent,
    version_1::{MAX_LINE, ReplayedNode, Version1, parse, scripted::Recording},
};
use jiff::tz::TimeZone;
use tempfile::TempDir;

use super::{
    replaying::{block_on, events},
    toy::settle,
};
use crate::{
    files::BEGINNING_OF_VERSION_1,
    left_out::{LeftOut, Lines},
    replay::{Facts, Replay},
};

fn open_path(path: &Path) -> Replay {
    Replay::open(path, &[&Version1], 1.0, TimeZone::UTC, |_| {}).unwrap()
}

fn open(bytes: &[u8]) -> Result<Facts, String> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("r.jsonl");
    std::fs::write(&path, bytes).unwrap();
    let opened = Replay::open(&path, &[&Version1], 1.0, TimeZone::UTC, |_| {});
    let opened = opened.map(|replay| replay.facts()).map_err(|error| error.to_string());
    opened.map_err(|error| error.replace(&format!("{}/", directory.path().display()), ""))
}

#[test]
fn a_recording_begins_with_what_a_recorder_may_overwrite() {
    assert_eq!(parse::BEGINNING, BEGINNING_OF_VERSION_1);
}

/// What a recording of version 1 has at one time, by the state that follows from its events.
fn state_at(recording: &Recording, events: usize) -> ReplayedNode {
    let text = recording.text();
    let (now, line) = parse::header(text.lines().next().unwrap()).unwrap();
    let parse::Line::Header(mut holdings) = line else { panic!("no header") };
    let address = holdings.address.take().unwrap();
    let mut node = ReplayedNode::new(address, *holdings, now);
    recording.events[..events].iter().for_each(|(event, now)| node.apply(event, *now));
    node
}

#[track_caller]
fn assert_rows(network: &dyn Network, node: &ReplayedNode) {
    let keys = |list: &str| -> Vec<String> {
        let list = network.description().list_id(list).unwrap();
        walk(network, list, None).iter().map(|row| row.key.untrusted().to_owned()).collect()
    };
    let peers = node.first_peers(99).into_iter().map(|peer| peer.address.canonical().to_string());
    assert_eq!(keys("peers"), peers.collect::<Vec<_>>());
    let queue = node.queue_window(0..99).into_iter().map(|queued| queued.id.to_string());
    assert_eq!(keys("queue"), queue.collect::<Vec<_>>());
    let held = node.held_window(0..99).into_iter().map(|held| held.queued.id.to_string());
    assert_eq!(keys("held"), held.collect::<Vec<_>>());
    let Overview { counters, .. } = node.overview();
    let gauge = |name: &str| network.gauges()[network.description().gauge(name).unwrap()].clone();
    assert_eq!(gauge("received"), Value::Count(counters.received));
    assert_eq!(gauge("connections"), Value::None, "it is not recorded");
}

#[test]
fn a_replay_has_everywhere_the_events_and_the_rows_that_follow_from_them() {
    block_on(async {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("r.jsonl");
        let recording = Recording::make(11, 200);
        recording.write(&path);
        let mut replay = open_path(&path);
        replay.pause(true);
        let facts = replay.facts();
        assert_eq!((facts.events, facts.left_out), (recording.events.len() as u64, NOTHING));
        let begins = facts.begins.uptime;
        // What was already seen before the place that the replay stands at.
        let mut seen = 0;
        for part in [0.3, 0.9, 0.1, 1.0, 0.5] {
            let place = facts.length.mul_f64(part);
            let due = recording.events.partition_point(|(_, now)| now.uptime <= begins + place);
            replay.jump(place);
            let news = settle(&mut replay).await;
            let typed = events(&news).into_iter().map(|event| event.get::<ClacksEvent>().unwrap().0.clone());
            let from = if seen <= due { seen } else { 0 };
            assert_eq!(typed.collect::<Vec<_>>(), read_again(&recording, from..due), "at {part}");
            assert_rows(&*replay.network(), &state_at(&recording, due));
            assert_eq!(replay.playback().position, place);
            seen = due;
        }
    });
}

/// The events as their lines have them.
fn read_again(recording: &Recording, events: std::ops::Range<usize>) -> Vec<Event> {
    let text = recording.text();
    let lines = text.lines().filter_map(|line| match parse::line(line) {
        Ok((_, parse::Line::Event(event))) => Some(event),
        _ => None,
    });
    lines.skip(events.start).take(events.len()).collect()
}

#[test]
fn a_first_line_of_another_kind_or_version_is_refused() {
    let foreign = "r.jsonl line 1: this is not a recording; :record and --record make one";
    let snapshot = "{\"clacks\":\"snapshot\",\"version\":1}\n";
    assert_eq!(open(snapshot.as_bytes()), Err(foreign.to_owned()));
    let later = Recording::make(1, 5).text().replacen("\"version\":1", "\"version\":2", 1);
    let reason = "r.jsonl line 1: the recording is of version 2; this program reads version 1";
    assert_eq!(open(later.as_bytes()), Err(reason.to_owned()));
}

/// A recording, and what is wrong with it once its lines are changed so.
fn opened(change: impl Fn(&mut Vec<String>)) -> (Facts, Result<Facts, String>) {
    let text = Recording::make(1, 30).text();
    let whole = open(text.as_bytes()).unwrap();
    let mut lines: Vec<String> = text.lines().map(|line| format!("{line}\n")).collect();
    change(&mut lines);
    (whole, open(lines.concat().as_bytes()))
}

const NOTHING: LeftOut =
    LeftOut { blank: none(), unreadable: none(), unknown: none(), cut_off: None, other_from: None };

const fn none() -> Lines {
    lines(0, 0)
}

const fn lines(count: u64, first: u64) -> Lines {
    Lines { count, first }
}

#[test]
fn lines_between_that_cannot_be_played_are_left_out_and_counted() {
    let unreadable = |text: &'static str| (text, LeftOut { unreadable: lines(1, 12), ..NOTHING });
    let blank = |text: &'static str| (text, LeftOut { blank: lines(1, 12), ..NOTHING });
    let unknown = |text: &'static str| (text, LeftOut { unknown: lines(1, 12), ..NOTHING });
    for (line, left_out) in [
        blank("\n"),
        blank("\r\n"),
        blank(" \t\n"),
        unreadable("{\"event\":\n"),
        unreadable("hello\n"),
        unreadable("[1]\n"),
        unreadable("{\"event\":\"lagged\",\"time\":1,\"uptime_ms\":1}\n"),
        unreadable("{\"event\":\"lagged\",\"time\":1,\"missed\":1}\n"),
        unreadable("{\"event\":\"lagged\",\"time\":1,\"uptime_ms\":-1,\"missed\":1}\n"),
        unreadable(
            "{\"event\":\"found_ourselves\",\"time\":1,\"uptime_ms\":1,\"peer\":{\"hostname\":\"a b\",\"port\":1}}\n",
        ),
        unreadable("\u{feff}\n"),
        unknown("{\"event\":\"semaphore\",\"time\":1,\"uptime_ms\":1}\n"),
        unknown("{\"clacks\":\"frobnicate\",\"time\":1,\"uptime_ms\":1}\n"),
    ] {
        let (whole, facts) = opened(|lines| lines.insert(11, line.to_owned()));
        assert_eq!(facts.unwrap(), Facts { left_out, ..whole }, "{line:?}");
    }
}

#[test]
fn every_kind_of_line_is_counted_by_itself_and_the_first_is_named() {
    let (whole, facts) = opened(|lines| {
        lines.insert(3, "\n".to_owned());
        lines.insert(5, "\n".to_owned());
        lines.insert(8, "garbage\n".to_owned());
        lines.push("{\"event\":\"semaphore\",\"time\":1,\"uptime_ms\":1}\n".to_owned());
        lines.push("{\"event\":\"mess".to_owned());
    });
    let facts = facts.unwrap();
    let count = whole.events + 5;
    let left_out = LeftOut {
        blank: lines(2, 4),
        unreadable: lines(1, 9),
        unknown: lines(1, count),
        cut_off: Some(count + 1),
        other_from: None,
    };
    assert_eq!((facts.left_out, facts.events), (left_out, whole.events));
}

#[test]
fn how_lines_of_version_1_end_and_a_mark_at_the_start_change_nothing() {
    let text = Recording::make(1, 30).text();
    let whole = open(text.as_bytes()).unwrap();
    for changed in [
        format!("\u{feff}{text}"),
        text.replace('\n', "\r\n"),
        format!("\u{feff}{}", text.replace('\n', "\r\n")),
        text.replace('\n', "  \n"),
        text.trim_end().to_owned(),
    ] {
        assert_eq!(open(changed.as_bytes()), Ok(whole));
    }
    let begun_late = open(format!("\u{feff}\n \r\n{text}").as_bytes()).unwrap();
    assert_eq!(begun_late, Facts { left_out: LeftOut { blank: lines(2, 1), ..NOTHING }, ..whole });
}

#[test]
fn what_is_no_text_and_a_line_that_is_too_long_are_left_out() {
    let text = Recording::make(1, 5).text();
    let whole = open(text.as_bytes()).unwrap();
    let (first, rest) = text.split_at(text.find('\n').unwrap() + 1);
    let long = vec![b'x'; MAX_LINE + 1];
    for garbage in
        [&b"\xff\xfe\x00\n"[..], b"\x00\n", &[&long[..], b"\n"].concat(), &[&long[..], &long, b"\n"].concat()]
    {
        let facts = open(&[first.as_bytes(), garbage, rest.as_bytes()].concat()).unwrap();
        assert_eq!(facts, Facts { left_out: LeftOut { unreadable: lines(1, 2), ..NOTHING }, ..whole });
    }
    let cut_off = open(&[text.as_bytes(), &long].concat()).unwrap();
    assert_eq!(cut_off.left_out.cut_off, Some(whole.events + 2));
}

#[test]
fn files_of_one_recording_put_together_are_played_and_another_recording_is_left_out() {
    let first = Recording::make(1, 30);
    let whole = open(first.text().as_bytes()).unwrap();
    let header = |uptime: f64, host: &str| {
        let line = first.text().lines().next().unwrap().to_owned();
        let mut value: serde_json::Value = serde_json::from_str(&line).unwrap();
        value["uptime_ms"] = uptime.into();
        value["address"]["hostname"] = host.into();
        // The first fields come first, as in a file that was written.
        let rest = value.to_string();
        rest.replacen('{', "{\"clacks\":\"recording\",\"version\":1,", 1)
            .replace(",\"clacks\":\"recording\"", "")
            .replace(",\"version\":1,", ",")
            .replacen(
                "\"clacks\":\"recording\",\"address",
                "\"clacks\":\"recording\",\"version\":1,\"address",
                1,
            )
    };
    let value: serde_json::Value = serde_json::from_str(first.text().lines().next().unwrap()).unwrap();
    let host = value["address"]["hostname"].as_str().unwrap();
    let after = 1e12;
    for (uptime, host, is_played) in [(after, host, true), (0.0, host, false), (after, "elsewhere", false)] {
        let next = header(uptime, host);
        let text = format!(
            "{}{next}\n{{\"event\":\"send_rate_changed\",\"time\":9,\"uptime_ms\":{after},\"rate\":1}}\n",
            first.text()
        );
        let facts = open(text.as_bytes()).unwrap();
        let other_from = (!is_played).then_some(whole.events + 2);
        assert_eq!(facts.left_out, LeftOut { other_from, ..NOTHING }, "{uptime} {host}");
        assert_eq!(facts.events, whole.events + u64::from(is_played), "{uptime} {host}");
    }
}

#[test]
fn a_send_rate_that_no_node_has_is_refused() {
    let text = Recording::make(1, 5).text();
    let changed = |rate: &str| {
        let event = r#"{"event":"send_rate_changed","time":1,"uptime_ms":1,"rate":RATE}"#;
        open(format!("{text}{}\n", event.replace("RATE", rate)).as_bytes())
    };
    let (before, rest) = text.split_once(r#""snapshot":{"send_rate":"#).unwrap();
    let (_, behind) = rest.split_once(',').unwrap();
    let begun = |rate: &str| open(format!(r#"{before}"snapshot":{{"send_rate":{rate},{behind}"#).as_bytes());
    for rate in ["0.001", "100000"] {
        assert!(changed(rate).is_ok() && begun(rate).is_ok(), "{rate}");
    }
    for rate in ["1e-19", "0", "-1", "100001", "1e300"] {
        let reason = begun(rate).unwrap_err();
        assert!(reason.ends_with("it must be 0.001 to 100000 messages a second"), "{reason}");
        assert_eq!(changed(rate).unwrap().left_out.unreadable.count, 1, "{rate}");
    }
}

#[test]
fn a_last_line_that_is_cut_off_is_left_out_and_told() {
    let recording = Recording::make(1, 30);
    let (text, events) = (recording.text(), recording.events.len() as u64);
    let whole = open(text.as_bytes()).unwrap();
    assert_eq!((whole.events, whole.left_out), (events, NOTHING));
    assert_eq!(open(text.trim_end().as_bytes()), Ok(whole), "only the end of the line is missing");
    let last = text.trim_end().rfind('\n').unwrap() + 1;
    for cut in [last + 1, text.len() - 2, text.len() - 20] {
        let facts = open(&text.as_bytes()[..cut]).unwrap();
        assert_eq!((facts.events, facts.left_out.cut_off), (events - 1, Some(events + 1)), "at {cut}");
    }
    let mut torn = text.clone().into_bytes();
    torn.extend(b"{\"event\":\"\xc3");
    assert_eq!(open(&torn).unwrap().left_out.cut_off, Some(events + 2));
}
