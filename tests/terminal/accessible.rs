//! `--accessible`: output in sentences.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use clacks_p2p::{Message, Node, core::HoldRule};

use super::{
    screen::Modes,
    session::{CTRL_C, CTRL_Z, ENTER, Launch, Session},
};

const CTRL_D: &str = "\x04";

fn start(arguments: &[&str]) -> Session {
    let session = Launch::new(arguments).variable("TERM", "dumb").start_blindly();
    session.wait_for("is running.");
    session
}

fn lonely() -> Session {
    start(&["--port", "0", "--no-state", "--accessible"])
}

#[track_caller]
fn say(session: &Session, line: &str) {
    session.type_in(&format!("{line}{ENTER}"));
}

#[test]
fn a_dumb_terminal_gets_lines_without_escape_sequences() {
    let mut session = start(&["demo", "--accessible"]);
    session.wait_for("alive now, it was new.");
    session.wait_for("in from 127.0.0.1:");
    assert!(!session.is_raw());
    say(&session, ":peers");
    session.wait_for("alive for ");
    say(&session, ":quit");
    assert!(session.wait_for_exit().success());
    assert_eq!(session.modes(), Modes::AT_FIRST);
    assert!(!session.emulator.written().contains('\x1b'), "{}", session.emulator.drawing());
}

#[test]
fn commands_are_answered_in_sentences() {
    let session = lonely();
    for (line, answer) in [
        (":peers", "No peers yet. :announce HOST:PORT makes"),
        (":queue", "0 messages in the queue."),
        (":traffic", "Nothing has come or gone yet."),
        ("hello", "Queued as 1."),
        (":queue", "Waiting, number 1: hello, here for "),
        (":hold 1", "Held 1; :undo takes it back, for 10 seconds."),
        (":held", "Held by hand, number 1: hello"),
        (":filter type:own", "so far 2 of 2."),
        (":filter type:", "It did not work: "),
        (":theme dark", "There is nothing to colour here: everything is told in sentences."),
        (":why", "Nothing has been sent yet."),
        (":help", "::text: send the message \":text\"."),
    ] {
        say(&session, line);
        session.wait_for(answer);
    }
}

#[test]
fn accessible_quitting_asks_about_unsent_messages() {
    let mut session = lonely();
    say(&session, "nobody will read this");
    session.wait_for("Queued as 1.");
    say(&session, ":quit");
    session.wait_for("1 message is only here, and it would be lost. Leave?");
    say(&session, "what?");
    session.wait_for("Staying. That line was not sent.");
    say(&session, ":quit");
    say(&session, "y");
    assert!(session.wait_for_exit().success());
    session.wait_for("1 message was still in the queue and is lost");
}

#[test]
fn accessible_quitting_can_drain_first() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        closed.local_addr().unwrap()
    };
    let mut session = lonely();
    say(&session, "nobody takes this");
    session.wait_for("Queued as 1.");
    say(&session, &format!(":add {nobody}"));
    session.wait_for("Added");
    say(&session, ":quit");
    session.wait_for("Type h to hand it on first, y to leave");
    say(&session, "h");
    session.wait_for("Handing on 1 message, for 5 seconds at most.");
    session.wait_for("Handed on 0 of 1: no peer takes them.");
    say(&session, "stay");
    session.wait_for("Staying.");
    say(&session, &format!(":add {}", silent.local_addr().unwrap()));
    say(&session, ":quit");
    say(&session, "h");
    say(&session, ":quit!");
    assert!(session.wait_for_exit().success());
    session.wait_for("1 message was still in the queue and is lost");
}

#[test]
fn the_end_keys_ask_once() {
    for key in [CTRL_C, CTRL_D] {
        let mut session = lonely();
        session.type_in(key);
        assert!(session.wait_for_exit().success(), "{key:?}: nothing would be lost");
        let mut session = lonely();
        say(&session, "nobody will read this");
        session.wait_for("Queued as 1.");
        session.type_in(key);
        session.wait_for("Leave?");
        session.type_in(key);
        assert!(session.wait_for_exit().success(), "{key:?}");
    }
}

#[test]
fn accessible_output_is_the_same_in_pipes_and_survives_the_end_of_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_clacks"))
        .args(["--port", "0", "--no-state", "--accessible", "--ascii"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"na\xc3\xafve \x1b]0;x\x07\n:queue\n\xff\n:quit\ny").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("Waiting, number 1: na\\u{ef}ve \\x1b]0;x\\x07, here for "), "{told}");
    assert!(told.contains("the line is not UTF-8 text."), "{told}");
    assert!(told.is_ascii() && !told.contains('\x1b'), "{told}");
}

#[test]
fn a_terminal_too_limited_for_the_dashboard_gets_a_notice() {
    let mut session = Launch::lonely_node().variable("TERM", "dumb").start_blindly();
    assert!(!session.wait_for_exit().success());
    session.wait_for("`clacks --accessible` tells in sentences");
}

#[test]
fn a_list_of_peers_is_printed_line_by_line() {
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), "tower.invalid:1\nnonsense\n").unwrap();
    let path = list.path().to_str().unwrap();
    let session = start(&["--port", "0", "--no-state", "--accessible", "--peers-from", path]);
    session.wait_for("line 2: an address is written host:port, or [host]:port for IPv6 (");
    session.wait_for("1 address read, 1 new, 1 bad line.");
    say(&session, ":peers-from /dev/null");
    session.wait_for("It did not work: /dev/null was not read: this is no regular file.");
}

#[test]
fn a_failed_accessible_drain_holds_messages_again() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut session = lonely();
    for (line, answer) in [
        (":hold GNU", "hat comes is held if GNU"),
        ("GNU a", "eld as 1."),
        ("GNU b", "eld as 2."),
        ("mine", "ueued as 3."),
        (":hold 3", "eld 3"),
        (&format!(":add {nobody}"), "dded"),
        (":quit", "Leave?"),
        ("a", "Handed on 0 of 3: no peer takes them."),
        ("stay", "Staying."),
        (":held", "Held by the filter, number 1: GNU a"),
        (":held", "Held by the filter, number 2: GNU b"),
        (":held", "Held by hand, number 3: mine"),
        ("GNU c", "eld as "),
        (":quit!", "4 messages were held here and are lost"),
    ] {
        say(&session, line);
        session.wait_for(answer);
    }
    assert!(session.wait_for_exit().success());
}

/// Waits until the writer of a pipe that is not read is blocked: the pipe has much data, and no more arrives.
fn wait_until_full(pipe: &impl std::os::fd::AsFd) {
    let (since, mut before, mut unchanged) = (Instant::now(), 0, 0);
    while unchanged < 50 {
        assert!(since.elapsed() < Duration::from_secs(60), "the pipe is not full: {before} bytes");
        std::thread::sleep(Duration::from_millis(10));
        let now = rustix::io::ioctl_fionread(pipe).unwrap();
        unchanged = if now == before && now > 30_000 { unchanged + 1 } else { 0 };
        before = now;
    }
}

#[test]
fn the_first_signal_drains_despite_a_blocked_reader() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let taker = runtime.block_on(Node::builder().hostname("127.0.0.1").port(0).start()).unwrap();
    taker.set_hold_rule(Some(HoldRule::new("all".to_owned(), |_| true)));
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let before = taker.held_len();
        let mut child = Command::new(env!("CARGO_BIN_EXE_clacks"))
            .args([
                "--port",
                "0",
                "--no-state",
                "--hostname",
                "127.0.0.1",
                "--send-rate",
                "0.001",
                "--accessible",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let lines = format!("one\ntwo\nthree\nfour\nfive\n:add {}\n", taker.address());
        input.write_all(lines.as_bytes()).unwrap();
        // They are written one after the other, as far as the program reads them.
        let more = std::thread::spawn(move || {
            for _ in 0..20_000 {
                if input.write_all(b":help\n").is_err() {
                    return;
                }
            }
        });
        let stdout = child.stdout.take().unwrap();
        wait_until_full(&stdout);
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
        let ended = child.wait().unwrap();
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert!(ended.success(), "{told}");
        assert_eq!(taker.held_len() - before, 5, "{told}");
        assert!(told.contains("anded on ") && !told.contains("lost"), "{told}");
        drop(stdout);
        more.join().unwrap();
    }
    runtime.block_on(taker.stop());
}

#[test]
fn events_do_not_break_the_typed_line() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = silent.local_addr().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let mut session =
        start(&["--port", "0", "--no-state", "--accessible", "--log-file", log.to_str().unwrap()]);
    say(&session, &format!(":announce {peer}"));
    let (connection, _) = silent.accept().unwrap();
    session.type_in("wor");
    session.wait_for("wor");
    drop((connection, silent));
    session.wait_until("the announce fails", |_| {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("announce failed"))
    });
    session.type_in("k");
    session.wait_for("work");
    session.type_in("\u{7f}");
    say(&session, "ld");
    session.wait_for("Queued as 1.");
    session.wait_for("could not announce to");
    let written = session.emulator.written();
    assert!(written.contains("work\u{8} \u{8}ld\r\nQueued as 1.\r\n"), "{written:?}");
    assert!(!written.contains('\u{1b}'), "{written:?}");
    say(&session, ":quit");
    say(&session, "y");
    assert!(session.wait_for_exit().success());
    session.assert_restored();
}

#[test]
fn ctrl_c_discards_a_line_and_an_arrow_restores_it() {
    let mut session = lonely();
    session.type_in("not this");
    session.wait_for("not this");
    session.type_in(CTRL_C);
    session.wait_until("the line is left", |screen| screen.cursor_position().1 == 0);
    say(&session, "but this");
    session.wait_for("Queued as 1.");
    session.type_in("\u{1b}[A");
    say(&session, " again");
    session.wait_for("Queued as 2.");
    say(&session, ":queue");
    session.wait_for("number 2: but this again, ");
    for end in [":quit", "y"] {
        say(&session, end);
    }
    assert!(session.wait_for_exit().success());
    session.assert_restored();
}

/// With and without a signal of the system, also while a line is typed or a question is open.
#[test]
fn a_closed_terminal_drains_messages() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let taker = runtime.block_on(Node::builder().hostname("127.0.0.1").port(0).start()).unwrap();
    taker.set_hold_rule(Some(HoldRule::new("all".to_owned(), |_| true)));
    let arguments =
        ["--port", "0", "--no-state", "--hostname", "127.0.0.1", "--send-rate", "0.001", "--accessible"];
    let led = || Launch::new(&arguments).variable("TERM", "dumb");
    for (launch, typed, shown) in [
        (led(), "", "Added"),
        (led(), "a draft", "a draft"),
        (led(), ":quit\r", "Leave?"),
        (led().in_a_foreign_terminal(), "", "Added"),
        (led().in_a_foreign_terminal(), "a draft", "a draft"),
    ] {
        let before = taker.held_len();
        let mut session = launch.start_blindly();
        session.wait_for("is running.");
        for number in 1..=3 {
            say(&session, &format!("message {number}"));
            session.wait_for(&format!("Queued as {number}."));
        }
        say(&session, &format!(":add {}", taker.address()));
        session.wait_for("Added");
        session.type_in(typed);
        session.wait_for(shown);
        session.hang_up();
        assert!(session.wait_for_exit().success(), "{typed:?}");
        assert_eq!(taker.held_len() - before, 3, "{typed:?}");
    }
    runtime.block_on(taker.stop());
}

/// It ends by itself if no peer accepts messages.
#[test]
fn a_closed_terminal_does_not_block_the_end() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut session = lonely();
    say(&session, "nobody takes this");
    session.wait_for("Queued as 1.");
    say(&session, &format!(":add {}", silent.local_addr().unwrap()));
    session.wait_for("Added");
    session.hang_up();
    assert!(session.wait_for_exit().success());
}

#[test]
fn a_response_of_the_terminal_is_not_part_of_a_line() {
    let mut session = lonely();
    for (typed, shown) in [
        ("\u{1b}]11;rgb:1e1e/2e2e/3e3e\u{1b}\\", ""),
        ("one ", "one"),
        ("\u{1b}[>41;390;0c\u{1b}P>|XTerm(390)\u{1b}\\two", "one two"),
        ("\u{1b}[?1;2c\r", "Queued as 1."),
        (":queue\r", "number 1: one two, here for "),
    ] {
        session.type_in(typed);
        session.wait_for(shown);
    }
    say(&session, ":quit!");
    assert!(session.wait_for_exit().success());
}

#[test]
fn tab_completes_a_command_and_explains_its_argument() {
    let mut session = lonely();
    session.type_in(":ra");
    session.wait_for(":ra");
    session.type_in("\t");
    session.wait_for(":rate");
    session.type_in("\t");
    session.wait_for("For example: :rate 0.5.");
    session.type_in("2\r");
    session.wait_for("Sends 2 messages a second at most");
    let written = session.emulator.written();
    assert!(written.contains("For example: :rate 0.5.\r\n:rate 2\r\n"), "{written:?}");
    say(&session, ":quit");
    assert!(session.wait_for_exit().success());
}

#[test]
fn ctrl_z_suspends_the_program_only_under_a_shell() {
    let arguments = ["--port", "0", "--no-state", "--accessible"];
    for has_shell in [false, true] {
        let launch = Launch::new(&arguments).variable("TERM", "dumb");
        let mut session = if has_shell { launch.under_a_shell() } else { launch }.start_blindly();
        session.wait_for("is running.");
        session.type_in("a draft");
        session.wait_for("a draft");
        session.type_in(CTRL_Z);
        if has_shell {
            session.wait_until_stopped();
            session.go_on();
            session
                .wait_until("the line once more", |screen| screen.contents().matches("a draft").count() == 2);
        } else {
            session.wait_for("The program can't be stopped: no shell is above it that could continue it.");
        }
        say(&session, " goes on");
        session.wait_for("Queued as 1.");
        say(&session, ":queue");
        session.wait_for("number 1: a draft goes on, here for ");
        say(&session, ":quit!");
        assert!(session.wait_for_exit().success());
        session.assert_restored();
    }
}

#[test]
fn a_station_rings_the_bell_before_its_sentence() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sender = runtime.block_on(Node::builder().hostname("127.0.0.1").port(0).start()).unwrap();
    let mut session = start(&["--port", "0", "--no-state", "--hostname", "127.0.0.1", "--accessible"]);
    for line in [":station 1 bell gnu", &format!(":add {}", sender.address())] {
        say(&session, line);
    }
    session.wait_for("Added");
    assert!(!session.emulator.written().contains('\u{7}'));
    session.type_in("a dra");
    session.wait_for("a dra");
    let written = session.emulator.written();
    let address = written.split_whitespace().find(|word| word.starts_with("127.0.0.1:")).unwrap();
    sender.add_peer(&address.parse().unwrap());
    sender.enqueue(Message::text("gnu terry")).unwrap();
    session.wait_for_written("\u{7}");
    assert!(!session.emulator.written().contains("For a station"));
    say(&session, "ft");
    session.wait_for("For a station: ");
    say(&session, ":quit!");
    assert!(session.wait_for_exit().success());
    runtime.block_on(sender.stop());
}
