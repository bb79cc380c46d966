//! A simulation in a terminal.

use rustix::process::Signal;

use super::session::{CTRL_C, CTRL_Z, Launch, Session};

/// The number of deliveries, if the screen is drawn to below it.
fn deliveries(screen: &vt100::Screen) -> Option<u64> {
    let contents = screen.contents();
    let (above, _) = contents.split_once("distance ")?;
    let told = above.split_once("deliveries ")?.1.split_whitespace().next()?;
    told.replace(',', "").parse().ok()
}

fn start(scenario: &str) -> Session {
    start_with(scenario, |launch| launch)
}

#[track_caller]
fn start_with(scenario: &str, with: impl FnOnce(Launch) -> Launch) -> Session {
    let session = with(Launch::new(&["simulate", scenario]).size(24, 80)).start_blindly();
    is_there(&session);
    session
}

#[track_caller]
fn is_there(session: &Session) {
    session.wait_until("the map and the figures", |screen| {
        let contents = screen.contents();
        contents.contains("VISITS") && contents.contains('\u{2588}') && deliveries(screen).is_some()
    });
}

/// Waits until the simulation is paused. Returns the number of deliveries.
#[track_caller]
fn stands(session: &Session) -> u64 {
    session.wait_for("PAUSED");
    // The frame with that word is complete once something later is displayed.
    session.type_in("?");
    session.wait_for("this list");
    session.type_in("?");
    is_there(session);
    session.emulator.look(deliveries).unwrap()
}

/// Asserts that the terminal was restored with the table on it.
#[track_caller]
fn left_its_table(session: &mut Session) {
    assert!(session.wait_for_exit().success());
    session.assert_restored();
    let left = session.emulator.drawing();
    assert!(left.contains("peers known  ") && !left.contains("PEERS KNOWN"), "{left}");
}

#[test]
fn a_simulation_pauses_steps_and_prints_its_table() {
    let mut session = start("grid");
    session.type_in("p");
    let before = stands(&session);
    session.type_in(".");
    session.wait_until("one more delivery", |screen| deliveries(screen) == Some(before + 1));
    session.type_in("k");
    session.wait_for("PEERS KNOWN");
    session.type_in("q");
    left_its_table(&mut session);
}

#[test]
fn an_ended_simulation_stays_and_can_restart() {
    let mut session = start("grid");
    // Text that arrives all at once counts as a paste.
    for speed in ["of 5x", "of 50x"] {
        session.type_in("+++");
        session.wait_for(speed);
    }
    session.wait_for("AT ITS END");
    session.type_in("n");
    session.wait_for("seed 2");
    session.wait_for("RUNNING");
    session.type_in(CTRL_C);
    left_its_table(&mut session);
}

#[test]
fn a_simulation_can_be_suspended_resized_and_ended() {
    let mut session = start_with("grid", Launch::under_a_shell);
    session.type_in(CTRL_Z);
    session.wait_until_stopped();
    session.assert_restored();
    session.go_on();
    is_there(&session);
    session.resize(5, 20);
    session.wait_until("no map any more", |screen| !screen.contents().contains("VISITS"));
    session.resize(60, 200);
    session.wait_for("deliveries a virtual second");
    session.send(Signal::TERM);
    left_its_table(&mut session);
}

#[test]
fn a_closed_terminal_ends_the_simulation() {
    let mut session = start("grid");
    session.hang_up();
    let status = session.wait_for_exit();
    assert_ne!(status.code(), Some(101), "it panicked over it");
}

#[test]
fn a_panic_restores_the_terminal_and_is_reported() {
    let launch = Launch::new(&["simulate"]).variable("CLACKS_REHEARSE_PANIC", "1");
    let mut session = launch.size(24, 80).start_blindly();
    is_there(&session);
    session.send(Signal::USR1);
    assert!(!session.wait_for_exit().success());
    session.assert_restored();
    session.wait_for("a panic that was rehearsed");
}

#[test]
fn without_a_screen_the_simulation_prints_only_its_table() {
    let mut session = Launch::new(&["simulate", "grid", "--no-screen"]).size(24, 80).start_blindly();
    assert!(session.wait_for_exit().success());
    session.wait_for("peers known  ");
    assert!(!session.emulator.written().contains("\x1b[?1049h"));
}
