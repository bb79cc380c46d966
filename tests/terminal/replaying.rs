//! A recording played in a terminal.

use std::{fmt::Write, fs};

use serde_json::json;
use tempfile::TempDir;

use super::session::{ENTER, Launch, Session};

/// A recording of a node with one peer and messages from it, at these seconds after its start.
struct Recording {
    directory: TempDir,
}

impl Recording {
    fn of(messages: &[(u64, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut text = header();
        for (number, (seconds, message)) in messages.iter().enumerate() {
            let (time, uptime, id) = (1_767_323_045_000 + seconds * 1000, seconds * 1000, number + 1);
            let received = json!({
                "event": "message_received", "time": time, "uptime_ms": uptime, "peer": peer(), "id": id,
                "message": message, "visits": 1,
            });
            let queued = json!({
                "event": "message_queued", "time": time, "uptime_ms": uptime, "id": id, "message": message,
                "origin": "received", "from": peer(), "since_ms": uptime, "visits": 1,
            });
            writeln!(text, "{received}\n{queued}").unwrap();
        }
        let recording = Self { directory };
        fs::write(recording.path(), text).unwrap();
        recording
    }

    fn path(&self) -> String {
        self.directory.path().join("r.jsonl").to_str().unwrap().to_owned()
    }

    #[track_caller]
    fn play(&self) -> Session {
        let session = Launch::new(&["replay", &self.path()]).start_blindly();
        session.wait_for("REPLAY");
        session
    }
}

/// Runs a command. Text that arrives together with the key that begins it would count as a paste.
#[track_caller]
fn command(session: &Session, command: &str) {
    session.type_in(":");
    session.wait_until("the cursor", |screen| !screen.hide_cursor());
    session.enter(command);
}

fn peer() -> serde_json::Value {
    json!({
        "hostname": "grand-trunk", "port": 443, "status": "alive", "time": 1, "since_ms": 0, "round_trip_ms": 12,
        "delivered": 0, "received": 0, "failed": 0,
    })
}

fn header() -> String {
    let counts = json!({ "new": 0, "alive": 1, "lost": 0, "dead": 0, "ignored": 0 });
    let counters =
        json!({ "received": 0, "delivered": 0, "failed": 0, "enqueued": 0, "announces": 0, "refused": 0 });
    let address = json!({ "hostname": "tower", "port": 8080 });
    let snapshot = json!({
        "send_rate": 1, "queued": 0, "in_flight": 0, "held_bytes": 0, "next_send_ms": null,
        "peer_counts": counts, "counters": counters, "peers": [peer()], "queue": [], "held_in_all": 0,
        "held": [], "under_way": [], "hold_rule": null,
    });
    // A recording begins with these two lines, in this order.
    let begins = r#"{"clacks":"recording","version":1,"#;
    format!(
        "{begins}\"time\":1767323045000,\"uptime_ms\":0,\"address\":{address},\"snapshot\":{snapshot}}}\n"
    )
}

fn three_messages() -> Recording {
    Recording::of(&[(30, "the first of three"), (100, "the second of three"), (600, "the last of three")])
}

#[test]
fn a_replay_pauses_steps_jumps_and_ends() {
    let recording = three_messages();
    let mut session = recording.play();
    session.wait_for("of 10:00  1x");
    session.type_in("p");
    session.wait_for("of 10:00  paused");
    session.type_in(".");
    session.wait_for("0:30 of 10:00  paused");
    session.wait_for("the first of three");
    session.type_in("}}");
    session.wait_for("2:30 of 10:00  paused");
    session.wait_for("the second of three");
    session.type_in("{");
    session.wait_for("1:30 of 10:00  paused");
    session.wait_until("the second message not come yet", |screen| {
        let contents = screen.contents();
        contents.contains("the first of three") && !contents.contains("the second of three")
    });
    command(&session, "jump 1h");
    session.wait_for("10:00 of 10:00  at the end");
    session.wait_for("the last of three");
    session.type_in("q");
    assert!(session.wait_for_exit().success());
    session.assert_restored();
}

#[test]
fn a_replay_sends_nothing_and_says_so() {
    let recording = three_messages();
    let session = recording.play();
    session.wait_for("this is a replay; : takes commands");
    session.type_in("I");
    session.wait_for("this is a replay: nothing is sent");
}

/// Open sockets of the process at this moment, of all kinds that the kernel has for networks.
#[cfg(target_os = "linux")]
fn network_sockets(session: &Session) -> usize {
    let process = format!("/proc/{}", session.pid().as_raw_nonzero());
    let mut inodes = std::collections::HashSet::new();
    for table in
        ["tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "icmp", "icmp6", "packet"]
    {
        let text = fs::read_to_string(format!("{process}/net/{table}")).unwrap_or_default();
        // The column differs between the tables. No other number is equal to the inode of a socket of the process.
        inodes.extend(text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    }
    let open = fs::read_dir(format!("{process}/fd")).unwrap().filter_map(Result::ok);
    let sockets = open.filter_map(|entry| {
        let target = fs::read_link(entry.path()).ok()?;
        Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
    });
    sockets.filter(|inode| inodes.contains(inode)).count()
}

#[cfg(target_os = "linux")]
#[test]
fn a_replay_opens_no_socket() {
    let node = Launch::lonely_node().start();
    assert!(network_sockets(&node) > 0, "that of a node would be seen");
    let recording = three_messages();
    let session = recording.play();
    let look = |at: &str| {
        session.wait_for(at);
        assert_eq!(network_sockets(&session), 0, "at {at:?}");
    };
    look("REPLAY");
    session.type_in("}");
    look("the first of three");
    session.type_in("I");
    look("nothing is sent");
    command(&session, "jump 1h");
    look("at the end");
    command(&session, "jump 0");
    look("of 10:00  1x");
}

/// Whatever the file contains, the terminal interprets none of it.
#[test]
fn hostile_text_in_a_recording_is_shown_escaped() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}]52;c;aGk=\u{1b}\\\u{9b}2J\u{202e}evil";
    let recording = Recording::of(&[(1, hostile), (2, hostile)]);
    let mut session = recording.play();
    session.type_in("}");
    session.wait_for("at the end");
    session.wait_for("\\x1b]0;owned\\x07");
    session.type_in("q");
    assert!(session.wait_for_exit().success());
    assert_harmless(&session);
    let spoilt = fs::read_to_string(recording.path()).unwrap() + hostile + "\n";
    fs::write(recording.path(), spoilt).unwrap();
    let left_out = "1 line that cannot be read (line 6)";
    let mut session = recording.play();
    session.wait_for(left_out);
    session.type_in("q");
    assert!(session.wait_for_exit().success());
    session.wait_for(left_out);
    assert_harmless(&session);
    let mut session = Launch::new(&["replay", "--accessible", &recording.path()]).start_blindly();
    session.wait_for(left_out);
    session.type_in(&format!(":quit{ENTER}"));
    assert!(session.wait_for_exit().success());
    assert_harmless(&session);
}

#[track_caller]
fn assert_harmless(session: &Session) {
    let written = session.emulator.written();
    for foreign in ["\u{1b}]52", "\u{1b}]0;owned", "\u{9b}", "\u{202e}"] {
        assert!(!written.contains(foreign), "{foreign:?} in {}", session.emulator.drawing());
    }
}

#[test]
fn an_accessible_replay_prints_sentences() {
    let recording = three_messages();
    let mut session = Launch::new(&["replay", "--accessible", &recording.path()]).start_blindly();
    session.wait_for("Replay of 10:00 at clacks tower:8080.");
    let say = |line: &str| session.type_in(&format!("{line}{ENTER}"));
    say(":pause");
    session.wait_for("of 10:00, paused.");
    say(":step");
    session.wait_for("in from grand-trunk:443: the first of three, queued.");
    say(":step");
    session.wait_for("One event on; there is nothing to tell of it yet.");
    say(":queue");
    session.wait_for("1 message in the queue.");
    say(":jump 10:00:00");
    session.wait_for("It did not work: ");
    say(":jump 2m");
    session.wait_for("At 2:00 of 10:00, paused.");
    say(":jump 1h");
    session.wait_for("The recording is at its end.");
    say(":quit");
    assert!(session.wait_for_exit().success());
    assert!(!session.emulator.written().contains('\u{1b}'), "{}", session.emulator.drawing());
}

#[test]
fn an_accessible_replay_into_a_pipe_prints_all_at_once() {
    let recording = three_messages();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_clacks"))
        .args(["replay", "--accessible", &recording.path()])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{told}");
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(told.lines().all(|line| line.contains(" in from grand-trunk:443: the ")), "{told}");
}

#[test]
fn a_replay_without_a_terminal_reports_file_errors_first() {
    let recording = three_messages();
    let complaint = |path: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_clacks"));
        let output = command.args(["replay", path]).stdin(std::process::Stdio::null()).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    let path = recording.path();
    let told = complaint(&path);
    assert!(told.contains("`clacks replay --accessible FILE` tells in sentences"), "{told}");
    fs::write(&path, "no recording\n").unwrap();
    let told = complaint(&path);
    assert!(told.contains("line 1: this is not a recording"), "{told}");
}
