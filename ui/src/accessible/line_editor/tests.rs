use clacks_text::testing::hostile;
use proptest::prelude::*;

use super::*;

/// Types the text key by key. Returns the output and the lines.
fn type_in(editor: &mut LineEditor, text: &[u8]) -> Vec<Typed> {
    text.iter().flat_map(|byte| editor.press(&[*byte])).collect()
}

/// The last row of a terminal of unlimited width after this output.
fn screen(typed: &[Typed]) -> String {
    let mut cells: Vec<char> = Vec::new();
    let mut at = 0;
    for typed in typed {
        let Typed::Echo(text) = typed else { continue };
        for character in text.chars() {
            match character {
                '\u{8}' => at -= 1,
                '\n' => (cells, at) = (Vec::new(), 0),
                other => {
                    cells.truncate(cells.len().max(at));
                    cells.splice(at..cells.len().min(at + 1), [other]);
                    at += 1;
                }
            }
        }
    }
    cells.into_iter().collect::<String>().trim_end().to_owned()
}

#[test]
fn keys_edit_the_line() {
    for (typed, line) in [
        (&b"hello\r"[..], "hello"),
        (b"hellp\x7fo\n", "hello"),
        (b"hel\x08\x08\x08\x08bye\r", "bye"),
        (b"one two  \x17three\r", "one three"),
        (b"one\x15two\r", "two"),
        (b"a\x1b[Cb\x1b[3~c\x1bOPd\x1bxe\r", "abcde"),
        (b"a\x1b\x1b[Cb\x1b[\r", "ab"),
        ("a\x1b\u{e4}b\x1b\r".as_bytes(), "a\u{e4}b"),
        ("na\u{ef}\x7f\u{ef}ve \u{4e2d}\x7f\r".as_bytes(), "na\u{ef}ve "),
        ("e\u{301}\x7fx\r".as_bytes(), "x"),
        (b"a\tb\x01\x02\r", "a\tb"),
        (b"\r", ""),
    ] {
        let mut editor = LineEditor::default();
        let finished = editor.press(typed).pop();
        assert_eq!(finished, Some(Typed::Line(Ok(line.to_owned()))), "{typed:?}");
        assert!(editor.is_empty());
    }
    assert_eq!(
        type_in(&mut LineEditor::default(), b"\xff\r").pop(),
        Some(Typed::Line(Err(LineError::NotText)))
    );
    assert_eq!(type_in(&mut LineEditor::default(), b"\x04"), [Typed::End]);
    assert!(type_in(&mut LineEditor::default(), b"a\x04").iter().all(|typed| *typed != Typed::End));
}

#[test]
fn esc_alone_does_not_affect_later_keys() {
    for keys in [
        &[&b"\x1b"[..], b":quit\r"][..],
        &[b":qu", b"\x1b", b"it", b"\x1b", b"\r"],
        &[b"\x1b", b"\x1b", b":quit\r"],
    ] {
        let mut editor = LineEditor::default();
        let typed: Vec<_> = keys.iter().flat_map(|keys| editor.press(keys)).collect();
        assert_eq!(typed.last(), Some(&Typed::Line(Ok(":quit".to_owned()))), "{keys:?}");
    }
}

#[test]
fn the_arrow_keys_recall_typed_lines() {
    let mut editor = LineEditor::default();
    editor.press(b"one\rtwo\rtwo\r \r");
    let mut shown = editor.press(b"\x1b[A");
    for (key, line) in [(b'A', "one"), (b'A', "one"), (b'B', "two"), (b'B', ""), (b'B', ""), (b'A', "two")] {
        shown.extend(editor.press(&[0x1b, b'[', key]));
        assert_eq!(screen(&shown), line);
    }
    assert_eq!(editor.press(b"\r"), [Typed::Line(Ok("two".to_owned()))]);
}

#[test]
fn an_edited_history_line_is_kept() {
    const UP: &[u8] = b"\x1b[A";
    const DOWN: &[u8] = b"\x1b[B";
    let mut editor = LineEditor::default();
    editor.press(b"one\rtwo\r");
    let mut shown = editor.press(b"a draft");
    for (keys, line) in [
        (UP, "two"),
        (b"!", "two!"),
        (UP, "one"),
        (UP, "one"),
        (DOWN, "two!"),
        (DOWN, "a draft"),
        (DOWN, "a draft"),
    ] {
        shown.extend(editor.press(keys));
        assert_eq!(screen(&shown), line, "{keys:?}");
    }
    editor.press(b"\x1b[A\r");
    assert_eq!(screen(&editor.press(UP)), "two!", "what was left is as it was only until a line is sent");
    editor.discard();
    assert_eq!(editor.press(DOWN), []);
}

#[test]
fn ctrl_z_returns_the_line_at_that_time() {
    let typed = LineEditor::default().press(b"ab\x1ac");
    let echo = |text: &str| Typed::Echo(text.to_owned());
    assert_eq!(typed, [echo("ab"), Typed::Stop("ab".to_owned()), echo("c")]);
}

#[test]
fn beyond_one_row_the_line_is_written_again() {
    let mut editor = LineEditor::default();
    editor.set_columns(4);
    editor.press(b"abcd");
    assert_eq!(editor.press(b"\x7f"), [Typed::Echo("\nabc".to_owned())]);
    editor.press(b"de");
    assert_eq!(editor.press(b"\x17"), [Typed::Echo("\n".to_owned())]);
    assert!(editor.is_empty());
}

#[test]
fn an_overlong_line_is_reported_as_in_a_pipe() {
    for (behind, line) in [
        (&b""[..], Ok(MAX_LINE)),
        (b"x", Err(LineError::TooLong)),
        (b"x\x7f", Err(LineError::TooLong)),
        (b"x\x1b[A\x1b[B", Err(LineError::TooLong)),
        (b"x\x15ok", Ok(2)),
    ] {
        let mut editor = LineEditor::default();
        editor.press(b"ok\r");
        editor.line = vec![b'x'; MAX_LINE];
        editor.press(behind);
        assert_eq!(editor.line.len().min(MAX_LINE), editor.line.len());
        let Some(Typed::Line(finished)) = editor.press(b"\r").pop() else { panic!("{behind:?}") };
        assert_eq!(finished.map(|line| line.len()), line, "{behind:?}");
        assert_eq!(editor.press(b"next\r").pop(), Some(Typed::Line(Ok("next".to_owned()))));
    }
}

#[test]
fn a_paste_is_drawn_once_per_read_and_only_its_end_is_laid_out_again() {
    for text in ["word ", "\u{4e2d}", "e\u{301}", "\u{1f1e9}\u{1f1ea}", "\t\u{627}"] {
        let paste = text.repeat(3000);
        let mut editor = LineEditor::default();
        for read in paste.as_bytes().chunks(1000) {
            assert_eq!(editor.press(read).len(), 1, "{text:?}");
            let again = editor.line.len() - editor.drawn.settled.line;
            assert!(again <= 2 * text.len() + 4, "{text:?}: {again}");
        }
        assert_eq!(editor.drawn.text, display_text(paste.as_bytes(), Charset::Unicode), "{text:?}");
    }
}

#[test]
fn a_joiner_without_partners_is_drawn_as_in_the_whole_line() {
    for line in [
        "\u{1f300}\u{200d}\u{1f1e9}[2J",
        "\u{1f300}\u{200d}a\u{200d}\u{1f300}b",
        "\u{200d}\u{200d}\u{1f1e9}x",
    ] {
        let mut editor = LineEditor::default();
        for byte in line.bytes() {
            editor.press(&[byte]);
            assert_eq!(
                editor.drawn.text,
                display_text(whole_characters(&editor.line), Charset::Unicode),
                "{line:?}"
            );
        }
    }
}

proptest! {
    /// Whatever is typed, and however it is split into reads, the terminal shows the line. No escape sequence is
    /// written.
    #[test]
    fn the_terminal_shows_the_line(
        reads in prop::collection::vec(prop::collection::vec(prop_oneof![
            Just(b"\x7f".to_vec()), Just(b"\x17".to_vec()), Just(b"\x15".to_vec()), Just(b"\x1b[A".to_vec()),
            Just(b"\x1b[B".to_vec()), Just(b"\r".to_vec()), "[a-c ]".prop_map(String::into_bytes),
        ], 1..6), 0..20)
    ) {
        let mut editor = LineEditor::default();
        let mut typed = Vec::new();
        for read in reads {
            for done in editor.press(&read.concat()) {
                match done {
                    Typed::Line(_) => typed.clear(),
                    other => typed.push(other),
                }
            }
            let line = String::from_utf8_lossy(&editor.line).into_owned();
            prop_assert_eq!(screen(&typed), line.trim_end());
        }
        for echo in typed {
            let Typed::Echo(text) = echo else { continue };
            prop_assert!(!text.contains(|c: char| c.is_control() && c != '\u{8}' && c != '\n'), "{:?}", text);
        }
    }

    /// A line drawn in pieces looks like a line drawn at once.
    #[test]
    fn a_line_drawn_in_pieces_equals_the_whole(
        pieces in prop::collection::vec(prop_oneof![hostile(), Just("\u{7f}".to_owned())], 0..12),
        size in 1..9_usize,
    ) {
        let mut editor = LineEditor::default();
        let keys = pieces.concat().replace(['\r', '\n', '\u{1b}', '\u{1a}', '\u{4}'], "");
        for read in keys.as_bytes().chunks(size) {
            editor.press(read);
            prop_assert_eq!(&editor.drawn.text, &display_text(whole_characters(&editor.line), Charset::Unicode));
        }
    }
}

/// Completes one word, and describes it after that.
fn tab(line: &str) -> Option<Tab> {
    match line {
        ":pe" => Some(Tab::Add("ers".to_owned())),
        ":peers" => Some(Tab::Tell("It tells.".to_owned())),
        _ => None,
    }
}

#[test]
fn tab_completes_the_line_or_writes_a_sentence_and_the_line_again() {
    let echo = |text: &str| Typed::Echo(text.to_owned());
    let mut editor = LineEditor::new(OnTab::Other(tab), Charset::Unicode);
    assert_eq!(editor.press(b":pe"), [echo(":pe")]);
    assert_eq!(editor.press(b"\t"), [echo("ers")]);
    assert_eq!(editor.press(b"\t"), [echo("\nIt tells.\n:peers")]);
    assert_eq!(editor.press(b"\x7f\r").pop(), Some(Typed::Line(Ok(":peer".to_owned()))));
    assert_eq!(editor.press(b":pe\t"), [echo(":peers")]);
    editor.discard();
    for (line, sent) in [(&b":pe\tx\r"[..], ":pe\tx"), (b"a\t", "a\t"), (b":peers\t\x1b\t", ":peers\t\t")] {
        editor.press(line);
        let finished = editor.press(b"\r").pop();
        let expected = if line.ends_with(b"\r") { "" } else { sent };
        assert_eq!(finished, Some(Typed::Line(Ok(expected.to_owned()))), "{line:?}");
    }
}
