use std::{
    num::NonZero,
    time::{Duration, Instant},
};

use clacks_terminal::uncertain_width::Frames;
use proptest::prelude::*;
use ratatui::{buffer::Buffer, layout::Rect, text::Span, widgets::Widget};

use super::*;
use crate::testing::{HIDDEN, hostile, is_hidden};

pub(super) mod fuzz;
pub(super) mod page;

fn in_full(text: &str) -> String {
    sanitize(text, usize::MAX, Charset::Unicode).to_string()
}

#[test]
fn plain_text_of_every_script_is_unchanged() {
    for text in [
        "GNU Terry Pratchett",
        r#"{"class": "c:\\temp", "n": [1, 2]}"#,
        "Ünïcödé, e\u{301}\u{323} and a\u{a0}narrow\u{202f}space",
        "Здравствуй, мир",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}\u{62d}\u{628}\u{627}",
        "クラックス ｶﾀｶﾅ 漢字\u{3000}한국어",
        "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}",
        "हिन्दी क्षत्रिय कार्त्स्न्य",
        "ภาษาไทย กำลัง ที่นี่",
        "Tiếng Việt, Vie\u{302}\u{323}t",
        "🗼📨 🇩🇪🇫🇷 ☎ ←→ ∑ ½ €",
    ] {
        assert_eq!(in_full(text), text);
    }
}

#[test]
fn control_characters_become_escapes() {
    for (text, expected) in [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x1b]52;c;aGk=\x07", r"\x1b]52;c;aGk=\x07"),
        ("\u{9b}31m\u{9d}0;title\u{9c}", r"\x9b31m\x9d0;title\x9c"),
        ("a\0b\x08\x7f", r"a\x00b\x08\x7f"),
        ("one\ntwo\r\nthree\tfour", r"one\ntwo\r\nthree\tfour"),
        ("\u{80}\u{85}\u{9f}", r"\x80\x85\x9f"),
    ] {
        assert_eq!(in_full(text), expected);
    }
}

#[test]
fn hidden_and_reordering_characters_become_escapes() {
    let ranges = HIDDEN.into_iter().filter(|(first, _)| *first > 0x9f);
    let planes = 0xf0000..0x10_0000;
    for code in ranges.flat_map(|(first, last)| first..=last).filter(|code| !planes.contains(code)) {
        let Some(hidden) = char::from_u32(code) else { continue };
        assert_eq!(in_full(&format!("a{hidden}b")), format!("a\\u{{{code:x}}}b"));
        assert_eq!(in_full(&format!("{hidden}")), format!("\\u{{{code:x}}}"));
    }
}

#[test]
fn unassigned_characters_become_escapes() {
    for code in [0x378, 0x2065, 0x2_fffe, 0x5_0000] {
        assert_eq!(in_full(&char::from_u32(code).unwrap().to_string()), format!("\\u{{{code:x}}}"));
    }
}

#[test]
fn a_mark_needs_a_base_letter_and_a_cell_has_at_most_four() {
    for (text, expected) in [
        ("\u{301}a", r"\u{301}a"),
        ("a\u{200b}\u{301}", r"a\u{200b}\u{301}"),
        ("a\u{301}\u{302}\u{303}\u{304}b", "a\u{301}\u{302}\u{303}\u{304}b"),
        ("a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}b", "a\u{301}\u{302}\u{303}\u{304}\\u{305}\\u{306}b"),
        ("\u{903}", r"\u{903}"),
        ("\u{e33}", r"\u{e33}"),
        ("\u{1161}", r"\u{1161}"),
        (
            "\u{1100}\u{1100}\u{1100}\u{1100}\u{1100}\u{1100}",
            "\u{1100}\u{1100}\u{1100}\u{1100}\u{1100}\\u{1100}",
        ),
    ] {
        assert_eq!(in_full(text), expected);
    }
}

#[test]
fn sequences_of_disputed_width_are_split() {
    for (text, expected) in [
        ("x\u{fe0f}", "x\\u{fe0f}"),
        ("x\u{200d}\u{1f680}", "x\\u{200d}\u{1f680}"),
        ("\u{1f3f4}\u{e0067}\u{e007f}", "\u{1f3f4}\\u{e0067}\\u{e007f}"),
        ("\u{1f1e9} \u{1f1ea}", "\\u{1f1e9} \\u{1f1ea}"),
        ("\u{1f1e9}\u{1f1ea}\u{1f1eb}", "\u{1f1e9}\u{1f1ea}\\u{1f1eb}"),
    ] {
        assert_eq!(in_full(text), expected);
    }
}

#[test]
fn a_cell_is_padded_to_the_maximum_width_of_all_terminals() {
    for (text, expected, columns) in [
        ("\u{9ac}\u{9be}\u{982}", "\u{9ac}\u{9be}\u{982}\u{a0}", 3),
        ("\u{b95}\u{bbe}\u{bbe} x", "\u{b95}\u{bbe}\u{bbe}\u{a0}\u{a0} x", 5),
        ("\u{1780}\u{17d2}\u{1780}\u{1780}", "\u{1780}\u{17d2}\u{1780}\u{a0}\u{1780}", 3),
        ("\u{304b}\u{302e}", "\u{304b}\u{302e}\u{a0}\u{a0}", 4),
        ("\u{3248}x", "\u{3248}\u{a0}x", 3),
        ("e\u{301}\u{e17}\u{e35}\u{e48}\u{939}\u{93f}", "e\u{301}\u{e17}\u{e35}\u{e48}\u{939}\u{93f}", 4),
    ] {
        let row = sanitize(text, 10, Charset::Unicode);
        assert_eq!((row.as_str(), row.width()), (expected, columns), "{text:?}");
        assert_eq!(sanitize_unpadded(text, 10, Charset::Unicode), text, "not in columns");
        assert_eq!(sanitize(&row, 10, Charset::Unicode), row, "shown again");
    }
}

#[test]
fn text_is_cut_between_cells_and_escapes() {
    for (text, columns, expected) in [
        ("tower", 5, "tower"),
        ("towers", 5, "towe…"),
        ("towers", 1, "…"),
        ("towers", 0, ""),
        ("", 0, ""),
        ("漢字漢字", 8, "漢字漢字"),
        ("漢字漢字", 7, "漢字漢…"),
        ("漢字漢字", 6, "漢字…"),
        ("字", 1, "…"),
        ("ab\u{202e}cd", 12, "ab\\u{202e}cd"),
        ("ab\u{202e}cd", 11, "ab\\u{202e}…"),
        ("ab\u{202e}cd", 10, "ab…"),
        ("ae\u{301}\u{323}b", 3, "ae\u{301}\u{323}b"),
        ("ae\u{301}\u{323}bc", 3, "ae\u{301}\u{323}…"),
        ("ae\u{301}\u{323}bc", 2, "a…"),
    ] {
        assert_eq!(sanitize(text, columns, Charset::Unicode).as_str(), expected, "{text:?} in {columns}");
    }
}

#[test]
fn rows_end_at_line_breaks_then_spaces_then_cells() {
    for (text, columns, expected) in [
        ("", 4, &[""] as &[_]),
        ("one\n\ntwo\r\nthree\rfour", 20, &["one", "", "two", r"three\rfour"]),
        ("one\n", 4, &["one", ""]),
        ("one two", 7, &["one two"]),
        ("one two", 6, &["one ", "two"]),
        ("one two", 3, &["one", "two"]),
        ("one \ntwo", 3, &["one", "two"]),
        ("one ", 3, &["one"]),
        ("one   two", 4, &["one ", " two"]),
        ("semaphore", 4, &["sema", "phor", "e"]),
        ("漢字漢", 5, &["漢字", "漢"]),
        ("a漢", 1, &["a", "…"]),
        ("a\x1b\u{202e}b", 5, &["a\\x1b", "…", "b"]),
        ("one", 0, &[]),
    ] {
        let rows = sanitize_lines(text, columns, 0, usize::MAX, Charset::Unicode);
        let rows: Vec<&str> = rows.iter().map(SafeLine::as_str).collect();
        assert_eq!(rows, expected, "{text:?} in {columns}");
    }
}

#[test]
fn at_the_row_limit_the_last_row_is_an_ellipsis() {
    let full = "x\n".repeat(MOST_ROWS - 1);
    assert_eq!(sanitize_lines(&full, 10, 0, usize::MAX, Charset::Unicode).len(), MOST_ROWS);
    assert_eq!(sanitize_lines(&full, 10, MOST_ROWS - 1, 5, Charset::Unicode)[0].as_str(), "");
    let more = "x\n".repeat(MOST_ROWS);
    assert_eq!(sanitize_lines(&more, 10, 0, usize::MAX, Charset::Unicode).len(), MOST_ROWS);
    let last = sanitize_lines(&more, 10, MOST_ROWS - 1, 5, Charset::Unicode);
    assert_eq!(last.iter().map(SafeLine::as_str).collect::<Vec<_>>(), ["…"]);
}

#[test]
fn the_work_is_bounded_by_the_columns_and_not_by_the_text() {
    let long = 10 << 20;
    for text in ["x", "\u{301}", "e\u{301}", "\u{1100}", "\u{915}\u{94d}", "\u{200d}", "\n", "漢"] {
        let text = text.repeat(long / text.len());
        let start = Instant::now();
        for _ in 0..100 {
            assert!(sanitize(&text, 80, Charset::Unicode).len() <= 5 * 4 * 80);
            assert!(sanitize_lines(&text, 80, 20, 20, Charset::Unicode).len() <= 20);
        }
        // Reading the whole text each time would take minutes.
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
}

/// Draws one row behind a `|` and in front of another, in a field of `columns` columns.
fn drawn(row: &SafeLine, columns: u16) -> Buffer {
    let mut buffer = Buffer::filled(Rect::new(0, 0, columns + 2, 1), ratatui::buffer::Cell::new("|"));
    Span::raw(row.as_str()).render(Rect::new(1, 0, columns, 1), &mut buffer);
    buffer
}

fn check_row(row: &SafeLine, columns: u16) {
    let width = u16::try_from(row.width()).unwrap();
    assert!(width <= columns, "{row:?}");
    assert!(!row.chars().any(is_hidden), "{row:?}");
    let buffer = drawn(row, columns);
    let symbols: Vec<&str> = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
    let (before, field) = symbols.split_at(1);
    let (field, behind) = field.split_at(usize::from(width));
    assert_eq!((before, behind), (&["|"] as &[_], &vec!["|"; usize::from(columns - width) + 1] as &[_]));
    for symbol in field {
        let marks = symbol.chars().filter(|c| is_mark(*c)).count();
        assert!(marks <= MOST_MARKS && symbol.chars().count() <= 1 + MOST_MARKS + MOST_LETTERS, "{row:?}");
    }
    // A character that ratatui drops from a cell or adds to another one is detected here.
    let drawn: String = cells(field).collect();
    assert_eq!(drawn, row.as_str());
}

/// The symbols without the blanks that ratatui puts after wide ones.
fn cells<'a>(field: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let mut covered = 0;
    field.iter().copied().filter(move |symbol| {
        let is_covered = covered > 0;
        covered = if is_covered { covered - 1 } else { symbol.cell_width().saturating_sub(1) };
        !is_covered
    })
}

#[test]
fn every_character_is_drawn_in_its_computed_width() {
    // The planes between and after these are unassigned or private.
    for c in (0..0x3_4000).chain(0xe_0000..0xe_1000).filter_map(char::from_u32) {
        check_row(&sanitize(&format!("a{c}b\u{915}{c}"), 40, Charset::Unicode), 40);
    }
}

/// The bytes that a terminal receives when the row is drawn between two `|`.
fn bytes_of(row: &SafeLine, columns: u16) -> Vec<u8> {
    Frames::new(columns + 2, 1).next(drawn(row, columns))
}

/// The escape sequences in the output, and the rest.
fn sequences(written: &str) -> (Vec<&str>, String) {
    let mut parts = written.split('\x1b');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    let mut sequences = Vec::new();
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).unwrap();
        sequences.push(&part[..=end]);
        plain += &part[end + 1..];
    }
    (sequences, plain)
}

fn check_terminal(row: &SafeLine, columns: u16) {
    let bytes = bytes_of(row, columns);
    let written = str::from_utf8(&bytes).unwrap();
    let (sequences, plain) = sequences(written);
    for sequence in sequences {
        let (start, last) = sequence.split_at(sequence.len() - 1);
        let is_ratatuis =
            start.starts_with('[') && start[1..].bytes().all(|b| b.is_ascii_digit() || b";?".contains(&b));
        assert!(is_ratatuis && ["H", "m", "l", "h"].contains(&last), "{sequence:?} of {row:?}");
    }
    assert!(!plain.contains(char::is_control), "{row:?}");
    let mut terminal = vt100::Parser::new(NonZero::new(3).unwrap(), NonZero::new(columns + 4).unwrap(), 0);
    terminal.process(&bytes);
    let at = |row, column| terminal.screen().cell(row, column).map(vt100::Cell::contents).unwrap_or_default();
    assert_eq!((at(0, 0), at(0, columns + 1), at(0, columns + 2)), ("|", "|", ""), "{row:?}");
    assert!(terminal.screen().rows(0, columns + 4).skip(1).all(|row| row.is_empty()), "{row:?}");
}

proptest! {
    #[test]
    fn any_text_becomes_harmless_cells(text in hostile(), columns in 0_u16..100) {
        let row = sanitize(&text, columns.into(), Charset::Unicode);
        check_row(&row, columns);
        check_terminal(&row, columns);
    }

    #[test]
    fn a_row_is_the_whole_text_or_ends_with_an_ellipsis(text in hostile(), columns in 1_usize..60) {
        let (row, whole) = (sanitize(&text, columns, Charset::Unicode), sanitize(&text, usize::MAX, Charset::Unicode));
        if whole.width() <= columns {
            prop_assert_eq!(row, whole);
        } else {
            let kept = row.strip_suffix('…').unwrap();
            prop_assert!(whole.starts_with(kept));
            // Less space than one escape or cell was left.
            let longest_piece = "\\u{10ffff}".len();
            prop_assert!(row.width() + longest_piece >= columns);
        }
    }

    #[test]
    fn sanitizing_is_idempotent(text in hostile(), columns in 0_usize..60) {
        let once = sanitize(&text, columns, Charset::Unicode);
        prop_assert_eq!(sanitize(&once, columns, Charset::Unicode), once);
    }

    #[test]
    fn wrapped_rows_are_harmless_and_windows_match_the_whole(
        text in hostile(), columns in 1_u16..40, skip in 0_usize..10, rows in 0_usize..10,
    ) {
        let all = sanitize_lines(&text, columns.into(), 0, usize::MAX, Charset::Unicode);
        for row in &all {
            check_row(row, columns);
        }
        let window: Vec<SafeLine> = all.iter().skip(skip).take(rows).cloned().collect();
        prop_assert_eq!(sanitize_lines(&text, columns.into(), skip, rows, Charset::Unicode), window);
    }

    #[test]
    fn wrapping_drops_only_spaces(text in "[a-d 字\n\x1b\u{202e}\u{301}]{0,60}", columns in 8_usize..30) {
        let wrapped: String = sanitize_lines(&text, columns, 0, usize::MAX, Charset::Unicode).iter().map(SafeLine::as_str).collect();
        let plain: String = text.split('\n').map(in_full).collect();
        prop_assert_eq!(wrapped.replace(' ', ""), plain.replace(' ', ""));
    }
}
