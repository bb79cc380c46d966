//! Copying to a clipboard at the other end of the terminal.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::session::{ENTER, ESCAPE, Launch, Session};

/// The request to the terminal to copy `a parcel`, in base64.
const ASKED: &str = "\x1b]52;c;YSBwYXJjZWw=\x07";

/// Writes a message and copies it from the queue, where it stays because there is no receiver.
fn copy_a_parcel(launch: Launch) -> Session {
    let session = launch.start();
    session.go_to_input();
    session.type_in("a parcel");
    session.wait_for("a parcel");
    session.type_in(ENTER);
    session.wait_for("QUEUE  1");
    session.type_in(ESCAPE);
    session.wait_for("press i to write");
    session.type_in("\t");
    session.type_in("y");
    session
}

/// A directory with a program named tmux.
fn tmux(directory: &Path, script: &str) -> String {
    let path = directory.join("tmux");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", directory.display(), std::env::var("PATH").unwrap())
}

#[test]
fn over_ssh_the_terminal_copies_by_escape_sequence() {
    // The desktop of the other machine, where the user is not.
    let launch = Launch::lonely_node().variable("SSH_TTY", "/dev/pts/9").variable("DISPLAY", ":0");
    let session = copy_a_parcel(launch);
    session.wait_for("sent 8 bytes to the terminal's clipboard (OSC 52)");
    assert!(session.emulator.written().contains(ASKED));
}

#[test]
fn in_tmux_copying_uses_tmux() {
    let directory = tempfile::tempdir().unwrap();
    let told = directory.path().join("told");
    let path = tmux(directory.path(), &format!("echo \"$@\" > '{0}'; cat >> '{0}'", told.display()));
    let launch = Launch::lonely_node().variable("TMUX", "/tmp/none,1,0").variable("PATH", &path);
    let session = copy_a_parcel(launch.variable("SSH_TTY", "/dev/pts/9"));
    session.wait_for("copied 8 bytes with tmux");
    assert_eq!(fs::read_to_string(told).unwrap(), "load-buffer -w -\na parcel");
    assert!(!session.emulator.written().contains("]52;"));
}

#[test]
fn without_the_tmux_command_copying_uses_the_escape_sequence() {
    let directory = tempfile::tempdir().unwrap();
    let path = tmux(directory.path(), "exit 1");
    let launch = Launch::lonely_node().variable("TMUX", "/tmp/none,1,0").variable("PATH", &path);
    let session = copy_a_parcel(launch);
    session.wait_for("sent 8 bytes to the terminal's clipboard (through tmux");
    let written = session.emulator.written();
    let wrapped = ASKED.replace('\x1b', "\x1b\x1b");
    assert!(written.contains(&format!("{ASKED}\x1bPtmux;{wrapped}\x1b\\")), "{written:?}");
}
