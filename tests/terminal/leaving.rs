//! Every way in which the program ends, and the terminal afterwards.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use vt100::{MouseProtocolEncoding, MouseProtocolMode};

use super::{
    screen::Modes,
    session::{CTRL_C, ENTER, ESCAPE, Launch, Session},
};

#[test]
fn the_dashboard_does_not_request_mouse_motions() {
    let session = Launch::lonely_node().start();
    let taken = Modes {
        alternate_screen: true,
        cursor_hidden: true,
        bracketed_paste: true,
        focus_told: true,
        mouse: MouseProtocolMode::PressRelease,
        mouse_encoding: MouseProtocolEncoding::Sgr,
    };
    assert_eq!(session.modes(), taken);
    assert!(session.is_raw());
}

#[test]
fn quitting_restores_the_terminal() {
    let mut session = Launch::lonely_node().start();
    session.type_in("q");
    assert_eq!(session.wait_for_exit().code(), Some(0));
    session.assert_restored();
    let mut session = Launch::lonely_node().start();
    session.type_in(CTRL_C);
    session.wait_for("QUIT? Ctrl-C again leaves");
    session.type_in(CTRL_C);
    assert_eq!(session.wait_for_exit().code(), Some(0));
    session.assert_restored();
}

#[test]
fn quitting_asks_once_about_unsent_messages_and_reports_them() {
    let mut session = Launch::lonely_node().start();
    say(&session, "nobody will read this");
    session.type_in("q");
    session.wait_for("q drop it");
    session.type_in("q");
    assert!(session.wait_for_exit().success());
    session.assert_restored();
    session.wait_for("1 message was still in the queue and is lost");
}

/// The question is about the queue as it is, not as it was displayed.
#[test]
fn a_message_typed_just_before_quitting_causes_the_question() {
    let mut session = Launch::lonely_node().start();
    session.go_to_input();
    session.type_in("a parcel");
    session.wait_for("a parcel");
    session.type_in(&format!("{ENTER}{CTRL_C}{CTRL_C}"));
    session.wait_for("q drop it");
    session.type_in("q");
    assert!(session.wait_for_exit().success());
}

#[test]
fn a_terminating_signal_restores_the_terminal() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut session = Launch::lonely_node().start();
        session.send(signal);
        let status = session.wait_for_exit();
        assert!(status.code().is_some(), "{signal:?} killed it: {status}");
        session.assert_restored();
    }
}

#[test]
fn quitting_from_the_input_restores_cursor_and_mouse() {
    let mut session = Launch::lonely_node().start();
    session.type_in("m");
    session.type_in("i");
    session.wait_until("the cursor", |screen| !screen.hide_cursor());
    session.send(Signal::TERM);
    session.wait_for_exit();
    session.assert_restored();
}

#[test]
fn a_fatal_signal_restores_the_terminal() {
    let mut session = Launch::lonely_node().start();
    session.send(Signal::QUIT);
    assert!(!session.wait_for_exit().success());
    session.assert_restored();
}

#[test]
fn a_panic_of_a_task_restores_the_terminal_and_is_reported() {
    let mut session = Launch::lonely_node().variable("CLACKS_REHEARSE_PANIC", "1").start();
    session.send(Signal::USR1);
    assert!(!session.wait_for_exit().success());
    session.assert_restored();
    session.wait_for("a panic that was rehearsed");
}

#[test]
fn a_closed_terminal_ends_the_program() {
    for launch in [Launch::lonely_node(), Launch::lonely_node().in_a_foreign_terminal()] {
        let mut session = launch.start();
        say(&session, "nobody will read this");
        session.hang_up();
        let since = Instant::now();
        let status = session.wait_for_exit();
        assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
        assert_ne!(status.code(), Some(101), "it panicked over it");
    }
}

#[track_caller]
pub(crate) fn say(session: &Session, message: &str) {
    session.go_to_input();
    session.enter(message);
    session.wait_for("QUEUE  1");
    session.type_in(ESCAPE);
    session.wait_until("the lists", vt100::Screen::hide_cursor);
}
