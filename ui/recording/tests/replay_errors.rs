//! Files that are no recordings of version 2, or not whole, in the player that is a source.

use std::{fs, path::Path, time::Duration};

use clacks_feed::Source;
use jiff::tz::TimeZone;
use tempfile::TempDir;
use tokio::runtime::Builder;

use super::toy::{Moment, Recorded, settle};
use crate::{
    left_out::{LeftOut, Lines},
    replay::{Facts, Replay},
};

const NOTHING: LeftOut = LeftOut {
    blank: lines(0, 0),
    unreadable: lines(0, 0),
    unknown: lines(0, 0),
    cut_off: None,
    other_from: None,
};

const fn lines(count: u64, first: u64) -> Lines {
    Lines { count, first }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

fn open_path(path: &Path) -> Result<Replay, String> {
    block_on(async { Replay::open(path, &[], 1.0, TimeZone::UTC, |_| {}) }).map_err(|error| error.to_string())
}

/// Opens a file with these bytes. Errors name it without its directory.
fn open(bytes: &[u8]) -> Result<Facts, String> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("r.jsonl");
    fs::write(&path, bytes).unwrap();
    let opened = open_path(&path).map(|replay| replay.facts());
    opened.map_err(|error| error.replace(&format!("{}/", directory.path().display()), ""))
}

/// A recording, and the moments in it.
fn recording() -> (String, Vec<Moment>) {
    let recorded = Recorded::make(2, 50);
    let path = recorded.path();
    let (moments, _directory) = recorded.finish();
    (fs::read_to_string(path).unwrap(), moments)
}

/// What is in a file with these lines at its end.
fn plays_to(text: &[u8], moment: &Moment) -> Replay {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("r.jsonl");
    fs::write(&path, text).unwrap();
    block_on(async {
        let mut replay = Replay::open(&path, &[], 1.0, TimeZone::UTC, |_| {}).unwrap();
        replay.jump(Duration::MAX);
        settle(&mut replay).await;
        moment.is_of(&*replay.network());
        replay
    })
}

#[test]
fn a_file_that_is_no_recording_is_told_at_its_first_line() {
    let foreign = "r.jsonl line 1: this is not a recording; :record and --record make one";
    for text in ["hello\n", "{}", "{\"hello\":1}", "[1]\n", "{\"event\":\"ready\"}\n"] {
        assert_eq!(open(text.as_bytes()), Err(foreign.to_owned()), "{text}");
    }
    assert_eq!(open(b""), Err("r.jsonl line 1: the file is empty".to_owned()));
    assert_eq!(open(b"\xff\xfe\n"), Err("r.jsonl line 1: the line is not UTF-8 text".to_owned()));
    let (text, _) = recording();
    let later = text.replacen("\"version\":2", "\"version\":3", 1);
    let reason = open(later.as_bytes()).unwrap_err();
    assert!(reason.contains("version 3") && reason.contains("update this program"), "{reason}");
    let directory = TempDir::new().unwrap();
    assert!(open_path(directory.path()).err().unwrap().ends_with(": it is a directory, not a regular file"));
    assert!(open_path(&directory.path().join("nothing")).err().unwrap().starts_with("cannot read "));
}

#[test]
fn a_hostile_description_is_refused_with_the_reason() {
    let (text, _) = recording();
    for (from, to) in [
        ("\"node\":\"a toy in memory\"", "\"node\":\"\\u001b[2J\""),
        ("\"node\":\"a toy in memory\"", "\"node\":\"\\u202eyot a\""),
        ("\"name\":\"boxes\"", "\"name\":\"Boxes\""),
        ("\"letter\":\"O\"", "\"letter\":\"\\u200b\""),
        ("\"under\":\"cards\"", "\"under\":\"nowhere\""),
        ("\"says\":\"post\"", "\"says\":\"nothing\""),
    ] {
        assert!(text.contains(from), "{from} is not in {}", &text[..text.find('\n').unwrap()]);
        let reason = open(text.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert!(
            reason.starts_with("r.jsonl line 1: ") && !reason.contains(clacks_feed::escape::is_hidden),
            "{reason}"
        );
    }
}

#[test]
fn lines_that_cannot_be_played_are_left_out_and_counted() {
    let (text, moments) = recording();
    let whole = open(text.as_bytes()).unwrap();
    let unreadable = |text: &'static str| (text, LeftOut { unreadable: lines(1, 12), ..NOTHING });
    let blank = |text: &'static str| (text, LeftOut { blank: lines(1, 12), ..NOTHING });
    let unknown = |text: &'static str| (text, LeftOut { unknown: lines(1, 12), ..NOTHING });
    for (line, left_out) in [
        blank(""),
        blank("\r"),
        blank(" \t"),
        unreadable("{\"event\":"),
        unreadable("hello"),
        unreadable("[1]"),
        unreadable("\u{feff}"),
        unreadable("{\"state\":{}}"),
        unreadable("{\"gauges\":[]}"),
        unreadable("{\"gauges\":[1,2,3,4]}"),
        unreadable("{\"lagged\":-1,\"seq\":1}"),
        unreadable(
            "{\"event\":\"card_posted\",\"seq\":9,\"time\":1,\"uptime_ms\":1,\"rows\":[[\"nowhere\",\"1\",null]]}",
        ),
        unknown("{\"semaphore\":{\"arms\":2}}"),
        unknown("{\"watching\":{\"seq\":2}}"),
    ] {
        let mut lines: Vec<_> = text.lines().collect();
        lines.insert(11, line);
        let changed = lines.join("\n") + "\n";
        assert_eq!(open(changed.as_bytes()).unwrap(), Facts { left_out, ..whole }, "{line:?}");
        let replay = plays_to(changed.as_bytes(), moments.last().unwrap());
        assert!(replay.remark().unwrap().contains("line 12"), "{:?}", replay.remark());
    }
}

#[test]
fn fields_and_events_of_a_later_version_are_skipped() {
    let (text, moments) = recording();
    let whole = open(text.as_bytes()).unwrap();
    let changed = text
        .replace("{\"hello\":{\"version\":2,", "{\"hello\":{\"version\":2,\"arms\":2,")
        .replace("{\"gauges\":", "{\"arms\":[2],\"gauges\":")
        .replace("{\"state\":{", "{\"state\":{\"arms\":{},")
        .replace(",\"line\":{", ",\"line\":{\"arms\":2,");
    assert_eq!(open(changed.as_bytes()).unwrap(), whole);
    plays_to(changed.as_bytes(), moments.last().unwrap());
    let event = "{\"event\":\"semaphore_raised\",\"seq\":9000,\"time\":1,\"uptime_ms\":1,\"line\":{\"direction\":\"sideways\",\"what\":\"raised\"},\"rows\":[]}\n";
    let facts = open(format!("{text}{event}").as_bytes()).unwrap();
    assert_eq!(facts, Facts { events: whole.events + 1, ..whole });
}

#[test]
fn how_lines_end_and_a_mark_at_the_start_change_nothing() {
    let (text, moments) = recording();
    let whole = open(text.as_bytes()).unwrap();
    for changed in [
        format!("\u{feff}{text}"),
        text.replace('\n', "\r\n"),
        format!("\u{feff}{}", text.replace('\n', "\r\n")),
        text.replace('\n', "  \n"),
        text.trim_end().to_owned(),
    ] {
        assert_eq!(open(changed.as_bytes()), Ok(whole));
        plays_to(changed.as_bytes(), moments.last().unwrap());
    }
    let begun_late = open(format!("\u{feff}\n \r\n{text}").as_bytes()).unwrap();
    assert_eq!(begun_late, Facts { left_out: LeftOut { blank: lines(2, 1), ..NOTHING }, ..whole });
}

#[test]
fn a_file_that_is_cut_anywhere_plays_up_to_there() {
    let (text, _) = recording();
    let whole = open(text.as_bytes()).unwrap();
    let first = text.find('\n').unwrap() + 1;
    for cut in (first..text.len()).step_by(577).chain([first, text.len() - 1, text.len() - 2]) {
        let is_between_lines = text.as_bytes()[cut - 1] == b'\n' || text.as_bytes()[cut] == b'\n';
        let facts = open(&text.as_bytes()[..cut]).unwrap();
        let last = text[..cut].matches('\n').count() as u64 + 1;
        let cut_off = (!is_between_lines).then_some(last);
        assert_eq!(facts.left_out, LeftOut { cut_off, ..NOTHING }, "at {cut}");
        assert!(facts.events <= whole.events);
    }
    let mut torn = text.into_bytes();
    torn.extend(b"{\"event\":\"\xc3");
    assert!(open(&torn).unwrap().left_out.cut_off.is_some());
}

#[test]
fn a_state_of_more_than_8_mib_is_left_out_and_the_rest_plays_from_the_one_before() {
    let (text, moments) = recording();
    let whole = open(text.as_bytes()).unwrap();
    let padding = " ".repeat(9 << 20);
    let mut states = 0;
    let changed: Vec<_> = text
        .lines()
        .map(|line| {
            states += u32::from(line.starts_with("{\"state\":"));
            if states == 2 && line.starts_with("{\"state\":") {
                line.replacen("{\"state\":", &format!("{{\"state\":{padding}"), 1)
            } else {
                line.to_owned()
            }
        })
        .collect();
    assert!(states >= 2);
    let changed = changed.join("\n") + "\n";
    let facts = open(changed.as_bytes()).unwrap();
    assert_eq!((facts.left_out.unreadable.count, facts.events), (1, whole.events));
    plays_to(changed.as_bytes(), moments.last().unwrap());
    // An event may not be that long.
    let long = text.replacen("{\"event\":", &format!("{}{{\"event\":", " ".repeat(3 << 20)), 1);
    assert_eq!(open(long.as_bytes()).unwrap().left_out.unreadable.count, 1);
}

#[test]
fn without_its_first_state_a_recording_plays_with_what_its_events_touch() {
    let (text, _) = recording();
    let whole = open(text.as_bytes()).unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    lines.remove(1);
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("r.jsonl");
    fs::write(&path, lines.join("\n")).unwrap();
    block_on(async {
        let mut replay = Replay::open(&path, &[], 1.0, TimeZone::UTC, |_| {}).unwrap();
        assert_eq!(replay.facts().events, whole.events);
        for place in [Duration::from_secs(60), Duration::from_secs(1), Duration::MAX, Duration::ZERO] {
            replay.jump(place);
            replay.pause(true);
            settle(&mut replay).await;
        }
        assert_eq!(replay.now(), replay.facts().begins);
    });
}

#[test]
fn what_follows_of_another_recording_is_left_out() {
    let (text, moments) = recording();
    let other = {
        let recorded = Recorded::make(99, 5);
        let path = recorded.path();
        let (_, _directory) = recorded.finish();
        fs::read_to_string(path).unwrap()
    };
    let whole = open(text.as_bytes()).unwrap();
    let from = text.lines().count() as u64 + 1;
    // The same recording again begins before its end.
    for next in [&other, &text] {
        let together = format!("{text}{next}");
        let facts = open(together.as_bytes()).unwrap();
        assert_eq!(facts, Facts { left_out: LeftOut { other_from: Some(from), ..NOTHING }, ..whole });
        let replay = plays_to(together.as_bytes(), moments.last().unwrap());
        assert!(replay.remark().unwrap().contains("where another recording begins"));
    }
}
