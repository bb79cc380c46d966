//! Suspending the program and continuing it.

use rustix::process::Signal;

use super::session::{CTRL_Z, Launch, Session};

#[track_caller]
fn goes_on(mut session: Session) {
    session.wait_until_stopped();
    session.assert_restored();
    session.go_on();
    takes_the_terminal_again(&session);
    session.type_in("q");
    assert!(session.wait_for_exit().success());
    session.assert_restored();
}

#[track_caller]
fn takes_the_terminal_again(session: &Session) {
    session.wait_until("the dashboard again", |screen| {
        screen.alternate_screen() && screen.bracketed_paste() && screen.contents().contains("SAY")
    });
    session.wait_while("the terminal is not raw", || !session.is_raw());
}

#[test]
fn the_suspend_key_restores_the_terminal_until_it_continues() {
    let session = Launch::lonely_node().under_a_shell().start();
    session.type_in(CTRL_Z);
    goes_on(session);
}

#[test]
fn the_suspend_signal_equals_the_suspend_key() {
    let session = Launch::lonely_node().under_a_shell().start();
    session.send(Signal::TSTP);
    goes_on(session);
}

#[test]
fn the_program_can_be_suspended_repeatedly() {
    let session = Launch::lonely_node().under_a_shell().start();
    for _ in 0..3 {
        session.type_in(CTRL_Z);
        session.wait_until_stopped();
        session.assert_restored();
        session.go_on();
        takes_the_terminal_again(&session);
    }
}

/// SIGSTOP cannot be handled, and the contents of the terminal afterwards are unknown.
#[test]
fn everything_is_redrawn_after_an_unannounced_stop() {
    let session = Launch::lonely_node().under_a_shell().start();
    session.send(Signal::STOP);
    session.wait_until_stopped();
    session.write_from_elsewhere("\x1b[?1049l\x1b[?2004l$ stty sane\r\n");
    session.wait_for("$ stty sane");
    session.go_on();
    takes_the_terminal_again(&session);
}

/// As in a window, a container or a connection of its own: there is no shell with job control, so a stopped program
/// stays stopped.
#[test]
fn without_a_shell_suspending_is_refused_with_a_notice() {
    let mut session = Launch::lonely_node().start();
    for stop in [|session: &Session| session.type_in(CTRL_Z), |session: &Session| session.send(Signal::TSTP)]
    {
        stop(&session);
        session.wait_for("the program can't be stopped: no shell is above it that could continue it");
        assert!(!session.is_stopped());
        // Another notice replaces that one.
        session.type_in("u");
        session.wait_until("another notice", |screen| !screen.contents().contains("can't be stopped"));
    }
    session.type_in("q");
    assert!(session.wait_for_exit().success());
    session.assert_restored();
}
