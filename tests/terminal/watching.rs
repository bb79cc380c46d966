//! The dashboard in use.

use std::{fs, os::unix::fs::PermissionsExt};

use rustix::process::Signal;
use vt100::MouseProtocolMode;

use super::{
    screen::row_with,
    session::{CTRL_C, ENTER, ESCAPE, Launch, Session},
};

#[test]
fn the_demo_shows_its_traffic() {
    let session = Launch::demo().start();
    for text in ["clacks 127.0.0.1:", "PEERS", "QUEUE", "TRAFFIC", "alive", "queued"] {
        session.wait_for(text);
    }
}

#[test]
fn a_typed_message_appears_in_the_traffic() {
    let session = Launch::demo().start();
    session.go_to_input();
    session.type_in("a parcel for Lipwig");
    session.wait_until("the draft", |screen| says(screen, "a parcel for Lipwig"));
    session.type_in(ENTER);
    session.wait_until("an empty input", |screen| !says(screen, "parcel"));
    session.wait_for("a parcel for Lipwig");
}

#[test]
fn the_cursor_is_shown_in_the_input() {
    let session = Launch::lonely_node().start();
    assert!(session.modes().cursor_hidden);
    session.go_to_input();
    session.wait_until("the cursor", |screen| !screen.hide_cursor());
    session.type_in("Moist");
    session.wait_until("the cursor behind the word", |screen| {
        let (row, column) = screen.cursor_position();
        screen.rows(0, column).nth(row.into()).is_some_and(|text| text.ends_with("Moist"))
    });
    session.type_in(ESCAPE);
    session.wait_until("no cursor", vt100::Screen::hide_cursor);
}

#[test]
fn a_peer_is_ignored_and_unignored_with_a_key() {
    let session = Launch::demo().start();
    // The first row of the list is selected until a key is pressed.
    session.wait_until("a peer that is selected and alive", |screen| row_with(screen, "> A alive").is_some());
    session.type_in("I");
    session.wait_until("the peer ignored and still selected", |screen| {
        row_with(screen, "> I ignored").is_some()
    });
    session.type_in("U");
    session.wait_until("the peer not ignored and still selected", |screen| {
        row_with(screen, "> I ignored").is_none() && row_with(screen, "> ").is_some()
    });
}

#[test]
fn text_pasted_into_a_list_acts_as_no_key() {
    let session = Launch::lonely_node().start();
    session.paste("quit, quickly: q q q");
    session.wait_until("the text in the input", |screen| says(screen, "quit, quickly: q q q"));
    session.wait_for("QUEUE  0");
}

#[test]
fn pasted_lines_are_not_sent_one_by_one() {
    let session = Launch::lonely_node().start();
    session.go_to_input();
    session.paste("one\rtwo\nthree\r\n");
    session.wait_for("PASTE? paste of 3 lines");
    session.wait_for("QUEUE  0");
    session.type_in("n");
    session.wait_for("QUEUE  3");
}

/// As from a terminal without bracketed paste.
#[test]
fn text_pasted_without_brackets_acts_as_no_key() {
    let session = Launch::lonely_node().start();
    session.type_in("quit, quickly: q q q");
    session.wait_until("the text in the input", |screen| says(screen, "quit, quickly: q q q"));
    session.type_in("\r\none\r\n\r\ntwo\r\n");
    session.wait_for("PASTE? paste of 3 lines");
    session.wait_for("QUEUE  0");
}

#[test]
fn the_line_end_of_a_pasted_line_does_not_run_it() {
    for line in [":quit!\r", ":q!\n", "hello there\r\n"] {
        let session = Launch::lonely_node().start();
        session.go_to_input();
        session.type_in(line);
        session.wait_until("the line in the input", |screen| says(screen, line.trim_end()));
        session.type_in(CTRL_C);
        session.wait_until("an empty input", |screen| !says(screen, line.trim_end()));
        session.wait_for("QUEUE  0");
    }
}

/// A query of an earlier program is answered after that program has ended.
#[test]
fn a_late_response_of_the_terminal_is_not_input() {
    let session = Launch::lonely_node().start();
    for answer in
        ["\x1b]11;rgb:1e1e/2e2e/3e3e\x1b\\", "\x1b[>41;390;0c", "[?1;2c", "]10;rgb:ffff/ffff/ffff\x07"]
    {
        session.type_in(answer);
        // A key whose effect shows that everything before was read.
        session.type_in("u");
        session.wait_for("there is nothing to take back");
        assert!(
            session
                .emulator
                .look(|screen| screen.hide_cursor() && !says(screen, "rgb") && !says(screen, ";"))
        );
        session.type_in(ESCAPE);
    }
}

/// The connection broke in between, or the terminal lost the end.
#[test]
fn a_paste_without_an_end_does_not_block_the_keys() {
    let mut session = Launch::lonely_node().start();
    session.type_in("\x1b[200~abc");
    session.wait_until("the text in the input", |screen| says(screen, "abc"));
    session.type_in(ESCAPE);
    session.wait_until("the lists", vt100::Screen::hide_cursor);
    session.type_in("q");
    assert!(session.wait_for_exit().success());
}

#[test]
fn the_history_is_saved_unless_disabled() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sent");
    let launch = |options: &[&str]| {
        let directory = directory.path().to_str().unwrap();
        Launch::new(&[&["--port", "0", "--no-state", "--data-dir", directory], options].concat())
    };
    let say = |options: &[&str], words: &str| {
        let mut session = launch(options).start();
        session.go_to_input();
        session.enter(words);
        session.wait_for("QUEUE  1");
        session.send(Signal::TERM);
        session.wait_for_exit();
    };
    let kept = ["--no-history=false", "--history-file", file.to_str().unwrap()];
    say(&["--no-history"], "nobody knows");
    say(&kept, "GNU Terry Pratchett");
    assert_eq!(fs::read_to_string(&file).unwrap(), "GNU Terry Pratchett\n");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!directory.path().join("history").exists());
    let session = launch(&kept).start();
    session.go_to_input();
    session.type_in("\x12terry");
    session.wait_for("SENT  terry : GNU Terry Pratchett");
}

#[test]
fn unsent_text_is_never_saved_in_the_history_file() {
    for way in ["by q", "by Ctrl-C", "by SIGTERM", "by SIGHUP", "by SIGKILL", "without its terminal"] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sent");
        let arguments = ["--port", "0", "--no-state", "--history-file", file.to_str().unwrap()];
        let mut session = Launch::new(&arguments).start();
        session.go_to_input();
        session.type_in(":rate 2");
        session.wait_until("the command", |screen| says(screen, "rate 2"));
        session.type_in(ENTER);
        session.wait_until("the line in the file", |_| {
            fs::read_to_string(&file).is_ok_and(|text| !text.is_empty())
        });
        session.go_to_input();
        session.type_in("half a message");
        session.wait_until("the draft", |screen| says(screen, "half a message"));
        session.type_in(ESCAPE);
        session.wait_until("the lists", vt100::Screen::hide_cursor);
        session.paste("my password");
        session.wait_until("the paste", |screen| says(screen, "password"));
        leave(&mut session, way);
        let kept = fs::read_to_string(&file).unwrap();
        assert!(
            kept.contains("rate 2") && !kept.contains("half") && !kept.contains("password"),
            "{way}: {kept}"
        );
    }
}

/// Ends the program, with drafts in its input.
fn leave(session: &mut Session, way: &str) {
    match way {
        "by q" => {
            session.type_in(ESCAPE);
            session.wait_until("the lists", vt100::Screen::hide_cursor);
            session.type_in("q");
        }
        "by Ctrl-C" => {
            session.type_in(CTRL_C);
            session.wait_until("an empty input", |screen| !says(screen, "password"));
            session.type_in(CTRL_C);
            session.wait_until("the lists", vt100::Screen::hide_cursor);
            session.type_in("q");
        }
        "by SIGTERM" => session.send(Signal::TERM),
        "by SIGHUP" => session.send(Signal::HUP),
        "by SIGKILL" => session.send(Signal::KILL),
        _ => session.hang_up(),
    }
    session.wait_for_exit();
}

/// As from a terminal without bracketed paste, or a user who types ahead.
#[test]
fn a_flood_of_keys_is_read_completely() {
    let session = Launch::lonely_node().start();
    session.go_to_input();
    for length in [1020, 1025, 3000] {
        session.type_in(&format!("{}{length}", "x".repeat(length)));
        session.wait_for(&format!("xx{length}"));
        session.type_in(CTRL_C);
        session.wait_until("an empty input", |screen| !says(screen, "xx"));
    }
}

#[test]
fn a_click_on_the_input_focuses_it() {
    let session = Launch::lonely_node().start();
    let row = session.emulator.look(|screen| row_with(screen, "SAY")).unwrap();
    session.click(row, 20);
    session.wait_until("the cursor", |screen| !screen.hide_cursor());
}

#[test]
fn the_mouse_is_released_for_selection_and_captured_again() {
    let session = Launch::lonely_node().start();
    let mouse = |mode| session.wait_until("the mouse", |screen| screen.mouse_protocol_mode() == mode);
    mouse(MouseProtocolMode::PressRelease);
    session.type_in("m");
    mouse(MouseProtocolMode::None);
    session.type_in("m");
    mouse(MouseProtocolMode::PressRelease);
}

/// Only the clock remains, which counts the seconds of the first minute.
#[test]
fn an_idle_dashboard_draws_only_the_clock() {
    let session = Launch::lonely_node().start();
    wait_for_the_clock(&session);
    let (frames, bytes) = (session.emulator.frames(), session.emulator.written().len());
    for _ in 0..3 {
        wait_for_the_clock(&session);
    }
    assert!(session.emulator.frames() - frames <= 3);
    assert!(session.emulator.written().len() - bytes < 3 * 100);
}

fn wait_for_the_clock(session: &Session) {
    let shown = |screen: &vt100::Screen| screen.rows(0, 120).next();
    let before = session.emulator.look(shown);
    session.wait_until("another time", |screen| shown(screen) != before);
}

/// Whether the input contains a text.
fn says(screen: &vt100::Screen, text: &str) -> bool {
    let columns = screen.size().1.get();
    screen
        .rows(0, columns)
        .any(|row| ["SAY", "CMD"].iter().any(|label| row.contains(label)) && row.contains(text))
}
