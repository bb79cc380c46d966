//! Stopping the program and going on.

use rustix::process::Signal;

use super::session::{CTRL_Z, Launch, Session};

#[track_caller]
fn goes_on(mut session: Session) {
    session.wait_until_stopped();
    session.assert_restored();
    session.send(Signal::CONT);
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
    assert!(session.is_raw());
}

#[test]
fn the_key_gives_the_terminal_back_until_the_program_is_continued() {
    let session = Launch::lonely_node().start();
    session.type_in(CTRL_Z);
    goes_on(session);
}

#[test]
fn the_signal_does_what_the_key_does() {
    let session = Launch::lonely_node().start();
    session.send(Signal::TSTP);
    goes_on(session);
}

#[test]
fn it_can_be_done_again() {
    let session = Launch::lonely_node().start();
    for _ in 0..3 {
        session.type_in(CTRL_Z);
        session.wait_until_stopped();
        session.assert_restored();
        session.send(Signal::CONT);
        takes_the_terminal_again(&session);
    }
}

/// Whoever stops a program so does not ask it; what was on the terminal meanwhile is not known.
#[test]
fn everything_is_drawn_again_after_a_stop_without_warning() {
    let session = Launch::lonely_node().start();
    session.send(Signal::STOP);
    session.wait_until_stopped();
    session.write_from_elsewhere("\x1b[?1049l\x1b[?2004l$ stty sane\r\n");
    session.wait_for("$ stty sane");
    session.send(Signal::CONT);
    takes_the_terminal_again(&session);
}
