//! Changes of the terminal's size.

use std::time::Instant;

use super::session::Launch;

/// Sizes in no order, including the smallest and some large ones.
fn sizes() -> impl Iterator<Item = (u16, u16)> {
    (0..300u16).map(|number| match number % 10 {
        0 => (1, 1),
        1 => (2, 220),
        2 => (70, 3),
        _ => (1 + number * 37 % 70, 1 + number * 91 % 220),
    })
}

#[test]
fn many_resizes_leave_a_complete_screen() {
    let mut session = Launch::lonely_node().start();
    let (begun, frames) = (Instant::now(), session.emulator.frames());
    for (rows, columns) in sizes() {
        session.resize(rows, columns);
    }
    session.resize(40, 120);
    session.wait_until("the dashboard in its last size", |screen| {
        let rows: Vec<String> = screen.rows(0, 120).collect();
        rows.len() == 40
            && rows[0].contains("clacks ")
            && rows.iter().filter(|row| row.contains("SAY")).count() == 1
    });
    let most = 30 * (begun.elapsed().as_secs() + 1);
    assert!(session.emulator.frames() - frames <= most.try_into().unwrap());
    session.type_in("q");
    assert!(session.wait_for_exit().success());
    session.assert_restored();
}

#[test]
fn an_enormous_window_is_drawn_in_part_and_can_be_quit() {
    let mut session = Launch::lonely_node().start();
    // The visible part is a window of the usual size.
    for (rows, columns) in [(65_535, 65_535), (1, 65_535), (65_535, 1), (65_535, 65_535)] {
        session.resize_unseen(rows, columns);
    }
    session.resize(40, 120);
    session.wait_for("SAY");
    session.type_in("q");
    assert!(session.wait_for_exit().success());
    session.assert_restored();
}

#[test]
fn the_smallest_terminal_can_be_quit() {
    let mut session = Launch::lonely_node().size(1, 1).start_blindly();
    session.wait_until("the alternate screen", vt100::Screen::alternate_screen);
    session.type_in("q");
    assert!(session.wait_for_exit().success());
    session.assert_restored();
}
