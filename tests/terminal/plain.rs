//! Terminals with fewer features, and none at all.

use std::process::{Command, Output, Stdio};

use vt100::Color;

use super::session::Launch;

fn without_a_terminal(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_clacks"))
        .args(arguments)
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn without_a_terminal_one_line_of_advice_is_printed() {
    for arguments in [&["--port", "0", "--no-state"][..], &["demo"]] {
        let output = without_a_terminal(arguments);
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(output.stdout.is_empty());
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
        assert!(complaint.contains("is not a terminal") && complaint.contains("clacks node"), "{complaint}");
    }
}

#[test]
fn without_a_terminal_a_simulation_prints_its_table() {
    let output = without_a_terminal(&["simulate", "grid", "--set", "deliveries=50"]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(table.starts_with("A grid, ") && table.contains("peers known  "), "{table}");
    assert!(!table.contains('\x1b'), "{table}");
}

#[test]
fn a_simulation_can_be_saved_as_a_picture() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("grid.svg");
    let draw = |path: &std::path::Path| {
        let arguments = ["simulate", "grid", "--set", "deliveries=50", "--picture"];
        without_a_terminal(&[&arguments[..], &[path.to_str().unwrap()]].concat())
    };
    let output = draw(&path);
    assert!(output.status.success() && output.stdout.starts_with(b"A grid, "));
    let picture = std::fs::read_to_string(&path).unwrap();
    assert!(picture.starts_with("<svg ") && picture.contains("VISITS") && !picture.contains("q leave"));

    let output = draw(&directory.path().join("nowhere/grid.svg"));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && complaint.contains("cannot write"), "{complaint}");
}

#[test]
fn without_a_terminal_nothing_is_left_behind() {
    let directory = tempfile::tempdir().unwrap();
    let inside = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (data, log) = (inside("data"), inside("log"));
    let output = without_a_terminal(&["--port", "0", "--data-dir", &data, "--log-file", &log]);
    assert!(!output.status.success());
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_failed_start_is_reported_without_a_screen() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut session = Launch::new(&["--port", &port, "--no-state"]).start_blindly();
    assert!(!session.wait_for_exit().success());
    session.wait_for("stop what listens there");
    assert!(!session.emulator.written().contains('\x1b'), "{}", session.emulator.drawing());
}

#[test]
fn a_dumb_terminal_gets_the_same_line() {
    let mut session = Launch::lonely_node().variable("TERM", "dumb").start_blindly();
    assert!(!session.wait_for_exit().success());
    session.wait_for("`clacks node` runs without a screen");
    session.assert_restored();
    assert!(!session.emulator.written().contains('\x1b'), "{}", session.emulator.drawing());
}

#[test]
fn the_selection_is_visible_without_colours() {
    let session = Launch::demo().variable("NO_COLOR", "1").start();
    session.wait_until("a highlighted cell", |screen| cells(screen).any(vt100::Cell::inverse));
    let written = session.emulator.written();
    for colour in ["38;5;", "48;5;", "38;2;", "48;2;"] {
        assert!(!written.contains(colour), "{written:?}");
    }
    for highlight in ["\x1b[7m", "\x1b[1m"] {
        assert!(written.contains(highlight), "{written:?}");
    }
}

/// A setting for this program overrides one for all programs.
#[test]
fn an_explicit_theme_overrides_no_color() {
    let session = Launch::new(&["demo", "--theme", "dark"]).variable("NO_COLOR", "1").start();
    let is_coloured = |cell: &vt100::Cell| cell.fgcolor() != Color::Default;
    session.wait_until("a coloured cell", |screen| cells(screen).any(is_coloured));
}

#[test]
fn an_unknown_theme_is_reported_before_the_node_starts() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mine.toml");
    std::fs::write(&file, "strong = 'bold'\nquiet = 'dimm'\n").unwrap();
    for (theme, complaint) in [
        ("sepia", "there is no theme sepia; there are auto, dark, light, mono, high, deuter, trit"),
        (file.to_str().unwrap(), "mine.toml: line 2: \"dimm\" is no colour and no attribute"),
    ] {
        let mut session = Launch::new(&["demo", "--theme", theme]).size(40, 250).start_blindly();
        assert!(!session.wait_for_exit().success());
        session.wait_for(complaint);
    }
}

#[test]
fn a_terminal_with_colours_is_coloured() {
    let session = Launch::demo().start();
    let is_coloured = |cell: &vt100::Cell| cell.fgcolor() != Color::Default;
    session.wait_until("a coloured cell", |screen| cells(screen).any(is_coloured));
}

/// The locale of the tests supports all of Unicode.
#[test]
fn only_ascii_is_written_if_requested_or_if_the_locale_requires_it() {
    for launch in [Launch::new(&["demo", "--ascii"]), Launch::demo().variable("LC_ALL", "POSIX")] {
        let mut session = launch.start();
        session.wait_for("alive ");
        session.go_to_input();
        session.type_in("na\u{ef}ve");
        session.wait_for("na\\u{ef}ve");
        session.send(rustix::process::Signal::TERM);
        session.wait_for_exit();
        let written = session.emulator.written();
        assert!(written.is_ascii(), "{written:?}");
    }
    let session = Launch::demo().variable("LC_ALL", "POSIX").variable("CLACKS_ASCII", "false").start();
    session.wait_for("\u{2502}");
}

fn cells(screen: &vt100::Screen) -> impl Iterator<Item = &vt100::Cell> {
    let (rows, columns) = screen.size();
    (0..rows.get()).flat_map(move |row| (0..columns.get()).filter_map(move |column| screen.cell(row, column)))
}
