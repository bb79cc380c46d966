//! The title of the window.

use rustix::process::Signal;

use super::session::{CTRL_Z, Launch};

#[test]
fn the_title_names_node_and_queue_and_is_restored() {
    let mut session = Launch::lonely_node().start();
    session.wait_for_title(|title| title.starts_with("clacks localhost:") && !title.contains("queued"));
    session.go_to_input();
    session.enter("\u{5854} hello");
    session.wait_for_title(|title| title.ends_with(" \u{b7} 1 queued"));
    session.send(Signal::TERM);
    session.wait_for_exit();
    session.assert_restored();
    session.wait_for_title(|title| title == "a shell");
}

#[test]
fn the_title_is_restored_while_the_program_is_suspended() {
    let session = Launch::lonely_node().under_a_shell().start();
    session.wait_for_title(|title| title.starts_with("clacks "));
    session.type_in(CTRL_Z);
    session.wait_until_stopped();
    session.wait_for_title(|title| title == "a shell");
    session.go_on();
    session.wait_for_title(|title| title.starts_with("clacks "));
}

/// As after SIGSTOP, which cannot be handled.
#[test]
fn the_title_is_saved_once() {
    let mut session = Launch::lonely_node().start();
    session.wait_for_title(|title| title.starts_with("clacks "));
    session.send(Signal::CONT);
    session.send(Signal::TERM);
    session.wait_for_exit();
    session.wait_for_title(|title| title == "a shell");
}

#[test]
fn the_title_is_unchanged_if_disabled_or_unsupported() {
    let silent = Launch::new(&["--port", "0", "--no-state", "--no-title"]);
    for launch in [silent, Launch::lonely_node().variable("TERM", "linux")] {
        let mut session = launch.start();
        session.send(Signal::TERM);
        session.wait_for_exit();
        let written = session.emulator.written();
        assert!(!written.contains("\x1b]") && !written.contains(";2t"), "{written:?}");
    }
}
