//! Files that are no recordings, or not whole.

use tempfile::TempDir;

use super::Recording;
use crate::recording::tape::{Facts, Tape};

fn open(bytes: &[u8]) -> Result<Facts, String> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("r.jsonl");
    std::fs::write(&path, bytes).unwrap();
    let opened = Tape::open(&path, |_| {}).map(|tape| tape.facts).map_err(|error| error.to_string());
    opened.map_err(|error| error.replace(&format!("{}/", directory.path().display()), ""))
}

#[test]
fn a_file_that_is_no_recording_is_told_at_its_first_line() {
    let foreign = "r.jsonl line 1: this is not a recording; :record and --record make one";
    for text in
        ["hello\n", "{}", "{\"clacks\":\"snapshot\",\"version\":1}\n", "[1]\n", "{\"event\":\"ready\"}\n"]
    {
        assert_eq!(open(text.as_bytes()), Err(foreign.to_owned()), "{text}");
    }
    assert_eq!(open(b""), Err("r.jsonl line 1: the file is empty".to_owned()));
    assert_eq!(open(b"\xff\xfe\n"), Err("r.jsonl line 1: the line is not UTF-8 text".to_owned()));
    let later = Recording::make(1, 5).text().replacen("\"version\":1", "\"version\":2", 1);
    let reason = "r.jsonl line 1: the recording is of version 2; this program reads version 1";
    assert_eq!(open(later.as_bytes()), Err(reason.to_owned()));
}

#[test]
fn a_directory_and_a_file_that_is_not_there_are_told() {
    let directory = TempDir::new().unwrap();
    let error = |path| Tape::open(path, |_| {}).unwrap_err().to_string();
    assert!(error(directory.path()).ends_with(": it is a directory, not a regular file"));
    assert!(error(&directory.path().join("nothing")).starts_with("cannot read "));
}

#[test]
fn what_is_wrong_in_the_middle_is_told_with_its_line() {
    let text = Recording::make(1, 30).text();
    let with = |wrong: &str| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines[11] = wrong;
        open((lines.join("\n") + "\n").as_bytes()).unwrap_err()
    };
    for (wrong, reason) in [
        ("", "column 0: EOF while parsing a value"),
        ("{\"event\":", "column 9: EOF while parsing a value"),
        ("{\"event\":\"lagged\",\"time\":1,\"uptime_ms\":1}", "the field `missed` is missing or wrong"),
        ("{\"event\":\"lagged\",\"time\":1,\"missed\":1}", "column 38: missing field `uptime_ms`"),
        (
            "{\"event\":\"lagged\",\"time\":1,\"uptime_ms\":-1,\"missed\":1}",
            "-1 milliseconds is no length of time",
        ),
        ("{\"clacks\":\"frobnicate\",\"time\":1,\"uptime_ms\":1}", "the line tells of nothing that is known"),
        (text.lines().next().unwrap(), "another recording begins here"),
        (
            "{\"event\":\"found_ourselves\",\"time\":1,\"uptime_ms\":1,\"peer\":{\"hostname\":\"a b\",\"port\":1}}",
            "the hostname is neither a DNS name (letters, digits, '_' and inner '-' between dots) nor an IP address",
        ),
    ] {
        assert_eq!(with(wrong), format!("r.jsonl line 12: {reason}"));
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
        for refused in [changed(rate), begun(rate)] {
            let reason = refused.unwrap_err();
            assert!(reason.ends_with("it must be 0.001 to 100000 messages a second"), "{reason}");
        }
    }
}

#[test]
fn a_last_line_that_is_cut_off_is_left_out_and_told() {
    let recording = Recording::make(1, 30);
    let (text, events) = (recording.text(), recording.events.len() as u64);
    let whole = open(text.as_bytes()).unwrap();
    assert_eq!((whole.events, whole.cut_off), (events, None));
    assert_eq!(open(text.trim_end().as_bytes()), Ok(whole), "only the end of the line is missing");
    let last = text.trim_end().rfind('\n').unwrap() + 1;
    for cut in [last + 1, text.len() - 2, text.len() - 20] {
        let facts = open(&text.as_bytes()[..cut]).unwrap();
        assert_eq!((facts.events, facts.cut_off), (events - 1, Some(events + 1)), "at {cut}");
    }
    let mut torn = text.clone().into_bytes();
    torn.extend(b"{\"event\":\"\xc3");
    assert_eq!(open(&torn).unwrap().cut_off, Some(events + 2));
}

#[test]
fn lines_of_a_later_version_are_counted() {
    let mut text = Recording::make(1, 30).text();
    text += "{\"event\":\"semaphore\",\"time\":1,\"uptime_ms\":1}\n";
    assert_eq!(open(text.as_bytes()).unwrap().unknown, 1);
}
