//! Editing a message in the user's own editor, which uses the terminal meanwhile. A script acts as the editor.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{
    leaving::say,
    screen::Modes,
    session::{CTRL_Z, Launch, Session},
};

/// A script that gets the name of the file, and the directory for temporary files.
struct Editor {
    directory: TempDir,
}

impl Editor {
    fn new(script: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("tmp")).unwrap();
        let path = directory.path().join("editor");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A dashboard with a message for which the editor is started.
    #[track_caller]
    fn open(&self) -> Session {
        self.open_in(Launch::lonely_node())
    }

    #[track_caller]
    fn open_in(&self, launch: Launch) -> Session {
        let session = launch
            .variable("EDITOR", self.path("editor").to_str().unwrap())
            .variable("TMPDIR", self.path("tmp").to_str().unwrap())
            .variable("OUT", self.path("out").to_str().unwrap())
            .start();
        say(&session, "GNU Terry");
        session.type_in("\tE");
        session
    }

    /// The contents of the files that are left in the temporary directory.
    fn left(&self) -> Vec<Vec<u8>> {
        let directories = fs::read_dir(self.path("tmp")).unwrap().map(|entry| entry.unwrap().path());
        directories.flat_map(|path| files(&path)).collect()
    }
}

fn files(directory: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

#[track_caller]
fn wait_for_the_dashboard(session: &Session) {
    session.wait_until("the dashboard again", |screen| {
        screen.alternate_screen() && screen.bracketed_paste() && screen.contents().contains("SAY")
    });
    assert!(session.is_raw());
}

#[track_caller]
fn quit(session: &mut Session) {
    session.type_in("q");
    session.wait_for("QUIT?");
    session.type_in("q");
    assert!(session.wait_for_exit().success());
    session.assert_restored();
}

#[test]
fn an_edited_message_is_in_a_private_file() {
    let editor = Editor::new(r#"stat -c %a "$1" "${1%/*}" > "$OUT"; echo "GNU Terry Pratchett" > "$1""#);
    let mut session = editor.open();
    session.wait_for("changed 1");
    wait_for_the_dashboard(&session);
    session.wait_for("GNU Terry Pratchett");
    assert_eq!(fs::read_to_string(editor.path("out")).unwrap(), "600\n700\n");
    assert!(editor.left().is_empty() && fs::read_dir(editor.path("tmp")).unwrap().next().is_none());
    quit(&mut session);
}

/// Keys go to the editor, and the dashboard uses the size of the terminal afterwards.
#[test]
fn the_editor_gets_the_original_terminal_and_its_resizes() {
    let editor = Editor::new(r#"echo "in the editor"; read -r answer; echo "$answer" > "$1""#);
    let session = editor.open();
    session.wait_for("in the editor");
    assert_eq!(session.modes(), Modes::AT_FIRST);
    assert!(!session.is_raw());
    session.resize(24, 80);
    session.type_in("q typed here\r");
    session.wait_for("changed 1");
    wait_for_the_dashboard(&session);
    session.wait_until("the last line", |screen| screen.contents_between(23, 0, 23, 80).contains("quit"));
    session.wait_for("q typed here");
}

#[test]
fn a_failed_editor_loses_no_text() {
    for (script, told, left) in [
        (r#"printf 'half a te' > "$1"; exit 3"#, "the editor failed (exit status: 3)", &b"half a te"[..]),
        (r#"printf '\377x' > "$1""#, "what was edited is not UTF-8 text", b"\xffx"),
        (r#"printf '\377\376' > "$1""#, "what was edited is UTF-16 text", b"\xff\xfe"),
        (r#"printf 'half a te' > "$1"; kill -9 $$"#, "the editor failed (signal: 9", b"half a te"),
    ] {
        let editor = Editor::new(script);
        let session = editor.open();
        session.wait_for(told);
        wait_for_the_dashboard(&session);
        assert_eq!(editor.left(), [left], "{script}");
        session.wait_for("QUEUE  1");
        session.wait_for("GNU Terry");
    }
}

#[test]
fn a_crashed_editor_leaves_no_terminal_state() {
    let editor = Editor::new(r"stty raw -echo; printf '\033[?1049h\033[?1000h\033[?2004h'; kill -9 $$");
    let mut session = editor.open();
    session.wait_for("the editor failed");
    wait_for_the_dashboard(&session);
    assert!(editor.left().is_empty());
    quit(&mut session);
}

#[test]
fn a_missing_editor_is_reported() {
    let session = Launch::lonely_node().variable("EDITOR", "no-such-editor --wait").start();
    say(&session, "hello");
    session.type_in("\tE");
    session.wait_for("there is no such editor; $VISUAL or $EDITOR says which to start");
}

/// As editors do on Ctrl-Z: the whole foreground group stops, and continues together.
#[test]
fn the_editor_can_be_suspended_and_continued() {
    let editor = Editor::new(r#"echo editing; kill -TSTP 0; read -r answer; echo "$answer" > "$1""#);
    let session = editor.open_in(Launch::lonely_node().under_a_shell());
    session.wait_for("editing");
    session.wait_until_stopped();
    assert_eq!(session.modes(), Modes::AT_FIRST);
    session.go_on();
    session.type_in("and on\r");
    session.wait_for("changed 1");
    wait_for_the_dashboard(&session);
}

/// Some editors stop all processes of their group on Ctrl-Z with SIGSTOP, which no program can refuse.
#[test]
fn without_a_shell_a_suspended_editor_is_continued() {
    for stop in ["kill -STOP 0", "kill -TSTP 0", "kill -TSTP $$"] {
        let editor = Editor::new(&format!(r#"echo editing; {stop}; read -r answer; echo "$answer" > "$1""#));
        let mut session = editor.open();
        session.wait_for("editing");
        session.type_in("and on\r");
        session.wait_for("changed 1");
        wait_for_the_dashboard(&session);
        quit(&mut session);
    }
}

#[test]
fn a_terminating_signal_ends_the_editor_and_keeps_the_text() {
    for (signal, script, left) in [
        (Signal::TERM, r#"echo half > "$1"; echo editing; exec sleep 600"#, Some(&b"half\n"[..])),
        (Signal::HUP, r"echo editing; exec sleep 600", None),
    ] {
        let editor = Editor::new(script);
        let mut session = editor.open();
        session.wait_for("editing");
        session.send(signal);
        assert!(session.wait_for_exit().success());
        session.assert_restored();
        assert_eq!(editor.left(), Vec::from_iter(left));
        if left.is_some() {
            session.wait_for("what you were writing is in");
        }
    }
}

/// Text typed into the editor reaches no list, and Ctrl-C there only interrupts the editor.
#[test]
fn an_interrupt_goes_to_the_editor() {
    let editor = Editor::new(r#"trap 'echo interrupted > "$1"; exit 0' INT; echo editing; read -r answer"#);
    let session = editor.open();
    session.wait_for("editing");
    session.type_in("\x03");
    session.wait_for("changed 1");
    wait_for_the_dashboard(&session);
    session.wait_for("interrupted");
}

#[test]
fn a_failed_terminal_hand_over_is_reverted() {
    let launch = Launch::lonely_node().variable("EDITOR", "true").variable("CLACKS_REHEARSE_FAILURE", "1");
    let mut session = launch.under_a_shell().start();
    say(&session, "hello");
    session.type_in("\tE");
    session.wait_for("the editor got no terminal: a failure that was rehearsed");
    wait_for_the_dashboard(&session);
    session.type_in(CTRL_Z);
    session.wait_for("the program can't be stopped: a failure that was rehearsed");
    wait_for_the_dashboard(&session);
    quit(&mut session);
}
