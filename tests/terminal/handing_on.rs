//! The node's own messages when the program is to end.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use clacks_p2p::{Node, core::HoldRule};
use rustix::process::Signal;
use tokio::runtime::Runtime;

use super::session::{CTRL_C, ESCAPE, Launch, Session};

/// A node in this process that accepts messages and keeps them.
struct Taker {
    runtime: Runtime,
    node: Node,
}

impl Taker {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let node = runtime.block_on(Node::builder().hostname("127.0.0.1").port(0).start()).unwrap();
        node.set_hold_rule(Some(HoldRule::new("all".to_owned(), |_| true)));
        Self { runtime, node }
    }

    fn address(&self) -> String {
        self.node.address().to_string()
    }

    fn taken(&self) -> usize {
        self.node.held_len()
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        self.runtime.block_on(self.node.stop());
    }
}

/// An address that accepts connections and never responds.
struct Silent(TcpListener);

impl Silent {
    fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }
}

/// An address on which nothing listens.
fn nobody() -> String {
    Silent::start().address()
}

/// A node that sends one message in a quarter of an hour, with three messages and this peer.
fn with_three_messages(peer: &str) -> Session {
    let rate = ["--send-rate", "0.001"];
    let session =
        Launch::new(&[&["--port", "0", "--no-state", "--hostname", "127.0.0.1"], &rate[..]].concat()).start();
    // The first is sent at once, if possible.
    for line in ["one", "two", "three", &format!(":add {peer}")] {
        session.go_to_input();
        session.enter(line);
        session.type_in(ESCAPE);
        session.wait_until("the lists", vt100::Screen::hide_cursor);
    }
    session.wait_for("PEERS  1");
    session
}

#[test]
fn a_complete_drain_ends_the_program() {
    let taker = Taker::start();
    let mut session = with_three_messages(&taker.address());
    session.type_in("q");
    session.wait_for("s hand on, q drop them");
    session.type_in("s");
    assert!(session.wait_for_exit().success());
    session.assert_restored();
    assert_eq!(taker.taken(), 3);
    assert!(!session.emulator.written().contains("lost"), "{}", session.emulator.drawing());
}

#[test]
fn a_failed_or_cancelled_drain_asks_again() {
    let mut session = with_three_messages(&nobody());
    session.type_in("q");
    session.wait_for("s hand on, q drop them");
    session.type_in("s");
    session.wait_for("handed on 0 of 3: no peer takes them");
    session.wait_for("s hand on, q drop them");
    session.type_in("q");
    assert!(session.wait_for_exit().success());
    session.wait_for("3 messages were still in the queue and are lost");

    let silent = Silent::start();
    let mut session = with_three_messages(&silent.address());
    session.type_in("q");
    session.wait_for("s hand on");
    session.type_in("s");
    session.wait_for("handed on 0 of 3, ");
    session.type_in(CTRL_C);
    session.wait_for("s hand on");
    session.type_in("s");
    session.wait_for("handed on 0 of 3, ");
    session.type_in(ESCAPE);
    session.wait_for("what is left is as before");
    session.type_in("q");
    session.wait_for("QUIT?");
    session.type_in("q");
    assert!(session.wait_for_exit().success());
}

#[test]
fn a_signal_drains_without_a_question() {
    let taker = Taker::start();
    let mut session = with_three_messages(&taker.address());
    session.send(Signal::TERM);
    assert!(session.wait_for_exit().success());
    session.assert_restored();
    assert_eq!(taker.taken(), 3);
    session.wait_for("handed on ");
}

/// While the question is open, or during a longer drain.
#[test]
fn a_drain_after_a_signal_is_bounded_in_time() {
    let silent = Silent::start();
    let mut session = with_three_messages(&silent.address());
    session.type_in("q");
    session.wait_for("s hand on");
    session.type_in("s");
    session.wait_for("handed on 0 of 3, ");
    session.send(Signal::TERM);
    session.wait_for("for 5 s at most");
    assert!(session.wait_for_exit().success());
    session.assert_restored();
    // Either the time of the drain or the time-out of the peer ends first.
    session.wait_for("handed on 0 of 3: ");
    session.wait_for("3 messages were still in the queue and are lost");
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let silent = Silent::start();
    let mut session = with_three_messages(&silent.address());
    session.send(Signal::TERM);
    session.wait_for("a second signal ends at once");
    session.send(Signal::TERM);
    assert!(!session.wait_for_exit().success());
    assert!(!session.emulator.written().contains("the time was over"));
}

#[test]
fn a_closed_terminal_shortens_the_drain() {
    let taker = Taker::start();
    let mut session = with_three_messages(&taker.address());
    session.hang_up();
    session.wait_for_exit();
    assert_eq!(taker.taken(), 3);

    let silent = Silent::start();
    let mut session = with_three_messages(&silent.address());
    session.hang_up();
    let since = Instant::now();
    let by_force = 128 + Signal::HUP.as_raw();
    assert_ne!(session.wait_for_exit().code(), Some(by_force));
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
}

/// A node with a hold rule, two messages held by it, one held by hand, and this peer.
fn with_held_messages(peer: &str) -> Session {
    let session =
        Launch::new(&["--port", "0", "--no-state", "--hostname", "127.0.0.1", "--send-rate", "0.001"])
            .start();
    for line in [":hold GNU", "GNU a", "GNU b", "mine", ":hold 3", &format!(":add {peer}")] {
        session.go_to_input();
        session.enter(line);
        session.type_in(ESCAPE);
        session.wait_until("the lists", vt100::Screen::hide_cursor);
    }
    session.wait_for("PEERS  1");
    session.wait_for("3 held");
    session
}

#[test]
fn an_incomplete_drain_holds_messages_again_for_the_same_reason() {
    let silent = Silent::start();
    for (peer, ends_with, told) in [
        (nobody(), "", "handed on 0 of 3: no peer takes them"),
        (silent.address(), ESCAPE, "what is left is as before"),
        (silent.address(), CTRL_C, "QUIT?"),
    ] {
        let mut session = with_held_messages(&peer);
        session.type_in("q");
        session.wait_for("a release and hand on");
        session.type_in("a");
        if !ends_with.is_empty() {
            session.wait_for("handed on 0 of 3, ");
            session.type_in(ends_with);
        }
        session.wait_for(told);
        // An open question is answered with no.
        session.type_in("n");
        session.type_in("H");
        session.wait_for("held by a filter: GNU");
        for row in ["GNU a", "GNU b", "mine"] {
            session.wait_for(row);
        }
        session.wait_until("who holds each", |screen| {
            let contents = screen.contents();
            let by = |word: &str| contents.lines().filter(|line| line.contains(word)).count();
            (by("R rule "), by("H hand ")) == (2, 1)
        });
        session.type_in(ESCAPE);
        session.wait_for("PEERS");
        session.type_in("q");
        session.wait_for("q drop them");
        session.type_in("q");
        assert!(session.wait_for_exit().success());
        session.wait_for("3 messages were held here and are lost");
    }
}
