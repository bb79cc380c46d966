//! Every way in which the program ends, and the terminal after it.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use vt100::{MouseProtocolEncoding, MouseProtocolMode};

use super::{
    screen::Modes,
    session::{CTRL_C, ENTER, ESCAPE, Launch, Session},
};

#[test]
fn the_dashboard_takes_the_terminal_and_leaves_the_motions_of_the_mouse() {
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
fn quitting_gives_the_terminal_back() {
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
fn messages_that_would_be_lost_are_asked_about_once_and_told_of() {
    let mut session = Launch::lonely_node().start();
    say(&session, "nobody will read this");
    session.type_in("q");
    session.wait_for("q drops 1 message");
    session.type_in("q");
    assert!(session.wait_for_exit().success());
    session.assert_restored();
    session.wait_for("1 message was still in the queue and is lost");
}

/// The question is about the queue as it is, not as it was on the screen.
#[test]
fn a_message_typed_in_one_go_with_the_keys_that_leave_is_asked_about() {
    let mut session = Launch::lonely_node().start();
    session.go_to_input();
    session.type_in("a parcel");
    session.wait_for("a parcel");
    session.type_in(&format!("{ENTER}{CTRL_C}{CTRL_C}"));
    session.wait_for("q drops 1 message");
    session.type_in("q");
    assert!(session.wait_for_exit().success());
}

#[test]
fn a_signal_to_end_gives_the_terminal_back() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut session = Launch::lonely_node().start();
        session.send(signal);
        let status = session.wait_for_exit();
        assert!(status.code().is_some(), "{signal:?} killed it: {status}");
        session.assert_restored();
    }
}

#[test]
fn leaving_from_the_input_shows_the_cursor_and_returns_the_mouse() {
    let mut session = Launch::lonely_node().start();
    session.type_in("m");
    session.type_in("i");
    session.wait_until("the cursor", |screen| !screen.hide_cursor());
    session.send(Signal::TERM);
    session.wait_for_exit();
    session.assert_restored();
}

#[test]
fn a_signal_that_kills_gives_the_terminal_back() {
    let mut session = Launch::lonely_node().start();
    session.send(Signal::QUIT);
    assert!(!session.wait_for_exit().success());
    session.assert_restored();
}

#[test]
fn a_panic_of_a_task_gives_the_terminal_back_and_is_told() {
    let mut session = Launch::lonely_node().variable("CLACKS_REHEARSE_PANIC", "1").start();
    session.send(Signal::USR1);
    assert!(!session.wait_for_exit().success());
    session.assert_restored();
    session.wait_for("a panic that was rehearsed");
}

#[test]
fn a_terminal_that_goes_takes_the_program_with_it() {
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
