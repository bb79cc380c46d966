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
