//! The dashboard at work.

use std::time::Duration;

use super::session::{ENTER, ESCAPE, Launch};

#[test]
fn the_demo_shows_its_traffic() {
    let session = Launch::demo().start();
    for title in ["PEERS", "QUEUE", "TRAFFIC"] {
        session.wait_for(title);
    }
    session.wait_for("clacks ");
}

#[test]
fn a_typed_message_appears_in_the_traffic() {
    let session = Launch::demo().start();
    session.type_in("i");
    session.type_in("a parcel for Mr Lipwig");
    session.wait_for("a parcel for Mr Lipwig");
    session.type_in(ENTER);
    session.type_in(ESCAPE);
    session.wait_until("the message in the queue or the traffic, and no more in the input", |screen| {
        let width = screen.size().1.get();
        let rows: Vec<String> = screen.rows(0, width).collect();
        rows.iter().any(|row| row.contains("a parcel for Mr Lipwig") && !row.contains("SAY"))
            && !rows.iter().any(|row| row.contains("SAY") && row.contains("a parcel"))
    });
}

#[test]
fn what_is_pasted_into_a_list_is_no_key() {
    let session = Launch::lonely_node().start();
    session.paste("quit, quickly: q q q");
    session.type_in("?");
    session.wait_for("quit");
    session.type_in(ESCAPE);
    session.wait_for("SAY");
}

#[test]
fn nothing_is_written_while_nothing_happens() {
    let session = Launch::lonely_node().start();
    session.emulator.wait_for_silence(Duration::from_secs(3));
}

/// As a terminal sends it that knows no bracketed paste, or a user who typed ahead.
#[test]
fn a_flood_of_keys_is_read_to_its_last() {
    let session = Launch::lonely_node().start();
    session.type_in("i");
    for length in [1020, 1025, 3000] {
        session.type_in(&format!("{}{length}", "x".repeat(length)));
        session.wait_for(&format!("xx{length}"));
        session.type_in(ENTER);
        session.wait_until("an empty input", |screen| {
            !screen.rows(0, 120).any(|row| row.contains("SAY") && row.contains("xx"))
        });
    }
}
