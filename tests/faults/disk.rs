//! A node whose state cannot be written. It continues, keeps the former files, and writes again when it can.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use rustix::process::Resource;
use serde_json::Value;

use crate::{
    limit::limit,
    process::{Home, Process, eventually},
};

/// Bytes of a file that the full disk still accepts: a line of the log, but not the state.
const ROOM: u64 = 400;
/// Number of peers whose addresses need more than that.
const PEERS: usize = 30;

const STATE: &str = "data/peers.json";
const LOG: &str = "clacks.log";
const COMPLAINT: &str = "WARN clacks_p2p::node::state_file: cannot write the state file";
const AGAIN: &str = "still cannot write the state file";

/// A node for which a write beyond the file size limit fails, as on a full disk. `run_by` is the command before it.
fn node(home: &Home, log_level: &str, run_by: &[&str]) -> Process {
    let node = home.clacks(&["node", "--hostname", "127.0.0.1", "--port", "0", "--send-rate", "100"]);
    let kept = ["--data-dir", "data", "--log-file", LOG, "--log-level", log_level];
    let mut shell = home.command("/bin/sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).args(run_by);
    Process::start(shell.arg(node.get_program()).args(node.get_args()).args(kept))
}

/// The saved state, if it is complete.
fn state(home: &Home) -> Option<Value> {
    serde_json::from_slice(&fs::read(home.path().join(STATE)).ok()?).ok()
}

fn peers(state: Option<Value>) -> usize {
    state.and_then(|state| state["peers"].as_array().map(Vec::len)).unwrap_or(0)
}

/// Number of lines of the log with this text.
fn logged(home: &Home, text: &str) -> usize {
    let log = fs::read_to_string(home.path().join(LOG)).unwrap_or_default();
    log.lines().filter(|line| line.contains(text)).count()
}

fn serves(node: &mut Process, tower: &mut Process, message: &str) {
    node.say(message);
    tower.until(|line| line["event"] == "message_received" && line["message"] == message);
    tower.say(&format!("{message} too"));
    node.until(|line| line["event"] == "message_received" && line["message"] == format!("{message} too"));
}

/// While the disk is broken, the node serves and logs the error once. After the repair it writes the state although
/// nothing changes, and the next run reads it, however this run ends.
fn assert_overcomes(
    log_level: &str,
    run_by: &[&str],
    break_it: impl FnOnce(&Process, &Path),
    mend_it: impl FnOnce(&Process, &Path),
) {
    let home = Home::new();
    let mut tower = home.node(&[]);
    let mut node = node(&home, log_level, run_by);
    node.ask(&format!(":announce {}", tower.address()));
    eventually("the state is written", || peers(state(&home)) == 1);

    break_it(&node, home.path());
    for number in 0..PEERS {
        node.ask(&format!(":ignore 192.0.2.{number}:80"));
    }
    eventually("it says so", || logged(&home, COMPLAINT) > 0);
    serves(&mut node, &mut tower, "whatever the disk says");
    if log_level == "debug" {
        let tried = logged(&home, AGAIN);
        // The first error may still be due to the change.
        eventually("it tries again though nothing changes", || logged(&home, AGAIN) >= tried + 2);
    }
    assert_eq!(logged(&home, COMPLAINT), 1, "once is enough");

    mend_it(&node, home.path());
    assert_eq!(peers(state(&home)), 1, "what was written before is still there");
    eventually("the state is written", || peers(state(&home)) == 1 + PEERS);
    let files = || fs::read_dir(home.path().join("data")).unwrap().count();
    eventually("nothing but certificate, key, lock and state is there", || files() == 4);
    node.kill();
    let mut next = home.node(&["--data-dir", "data"]);
    assert_eq!(next.ask(":peers")["peers"].as_array().unwrap().len(), 1 + PEERS);
}

#[test]
fn a_full_disk_keeps_the_old_state_until_there_is_room() {
    assert_overcomes(
        "warn",
        &[],
        |node, _| limit(node, Resource::Fsize, Some(ROOM)),
        |node, _| limit(node, Resource::Fsize, None),
    );
}

#[test]
fn a_removed_data_directory_is_written_again_when_it_returns() {
    assert_overcomes(
        "debug",
        &[],
        |_, home| {
            fs::rename(home.join("data"), home.join("elsewhere")).unwrap();
            fs::write(home.join("data"), "a file in its place").unwrap();
        },
        |_, home| {
            fs::remove_file(home.join("data")).unwrap();
            fs::rename(home.join("elsewhere"), home.join("data")).unwrap();
        },
    );
}

#[test]
fn a_read_only_data_directory_is_written_again_when_it_is_writable() {
    let allow = |home: &Path, mode| {
        fs::set_permissions(home.join("data"), fs::Permissions::from_mode(mode)).unwrap();
    };
    assert_overcomes("warn", without_rights(), |_, home| allow(home, 0o555), |_, home| allow(home, 0o755));
}

/// A command that removes the right of the superuser to write everywhere.
fn without_rights() -> &'static [&'static str] {
    if rustix::process::geteuid().is_root() {
        &["/usr/bin/setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"]
    } else {
        &[]
    }
}

#[test]
fn a_log_on_a_full_disk_is_not_written_elsewhere() {
    let home = Home::new();
    let mut tower = home.node(&[]);
    let mut node = node(&home, "debug", &[]);
    node.ask(&format!(":announce {}", tower.address()));
    limit(&node, Resource::Fsize, Some(ROOM));
    for number in 0..5 {
        serves(&mut node, &mut tower, &format!("message {number}"));
    }
    tower.say(":quit");
    tower.stopped();
    node.say(":quit");
    let (status, _, complaints) = node.ended();
    assert_eq!(status.code(), Some(0));
    assert!(complaints.contains(" lines of the log could not be written: "), "{complaints}");
    assert_eq!(complaints.lines().count(), 1, "{complaints}");
    assert!(fs::metadata(home.path().join(LOG)).unwrap().len() >= ROOM, "the log is full");
}
