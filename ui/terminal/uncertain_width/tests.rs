use std::panic::{catch_unwind, resume_unwind};

use clacks_text::{charset::Charset, sanitize::sanitize, testing::hostile};
use proptest::test_runner::{Config, TestRunner};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use ratatui::{
    layout::Rect,
    style::{Color, Style},
};

use super::*;
use crate::emulator::{AtEdge, Emulator, tables};

/// The environment variable with the number of clusters to draw; some thousands by default.
const COUNT: &str = "CLACKS_CLUSTERS";

/// Blocks of scripts and symbols, as first and last character.
const BLOCKS: [(u32, u32); 24] = [
    (0xa1, 0x24f),
    (0x370, 0x52f),
    (0x590, 0x7ff),
    (0x900, 0xdff),
    (0xe00, 0xfff),
    (0x1000, 0x109f),
    (0x1100, 0x11ff),
    (0x1200, 0x139f),
    (0x1780, 0x18af),
    (0x1900, 0x1cff),
    (0x1e00, 0x20cf),
    (0x2100, 0x27ff),
    (0x2800, 0x2bff),
    (0x2e80, 0x33ff),
    (0x4e00, 0x4eff),
    (0xa000, 0xabff),
    (0xac00, 0xd7ff),
    (0xf900, 0xffff),
    (0x1_0000, 0x1_0fff),
    (0x1_1000, 0x1_2fff),
    (0x1_6000, 0x1_b2ff),
    (0x1_d000, 0x1_efff),
    (0x1_f000, 0x1_faff),
    (0x2_0000, 0x2_00ff),
];

/// A letter or symbol of any script, often with marks that join it.
fn cluster(rng: &mut StdRng) -> String {
    let (first, last) = BLOCKS[rng.random_range(0..BLOCKS.len())];
    let length = [1, 1, 2, 2, 3, 4][rng.random_range(0..6)];
    let codes = (0..length).map(|_| rng.random_range(first..=last));
    let mut text: String = codes.filter_map(char::from_u32).collect();
    let ends = [
        "",
        "",
        "",
        "\u{fe0f}",
        "\u{fe0e}",
        "\u{200d}\u{1f527}",
        "\u{1f3fd}",
        "\u{301}",
        "\u{903}",
        "\u{20e3}",
    ];
    text += ends[rng.random_range(0..ends.len())];
    text
}

fn style(rng: &mut StdRng) -> Style {
    match rng.random_range(0..4) {
        0 => Style::new().reversed(),
        1 => Style::new().fg(Color::Red),
        _ => Style::new(),
    }
}

/// Draws random texts and lines. Returns the number of clusters drawn.
fn draw_some(frame: &mut Buffer, rng: &mut StdRng) -> usize {
    let mut count = 0;
    for y in 0..frame.area.height {
        for _ in 0..rng.random_range(0..4) {
            let x = rng.random_range(0..frame.area.width);
            let room = usize::from(frame.area.width - x);
            let text = match rng.random_range(0..5) {
                0 => "plain text ".repeat(3),
                1 => "\u{2500}\u{2502}\u{2588}\u{2026}".repeat(5),
                _ => (0..rng.random_range(1..6)).map(|_| cluster(rng)).collect(),
            };
            let row = sanitize(&text, rng.random_range(0..=room), Charset::Unicode);
            frame.set_string(x, y, row.as_str(), style(rng));
            count += row.as_str().chars().filter(|c| !c.is_ascii()).count();
        }
    }
    count
}

fn blank(size: (u16, u16)) -> Buffer {
    Buffer::empty(Rect::new(0, 0, size.0, size.1))
}

/// One terminal per table of widths.
fn emulators(size: (u16, u16)) -> Vec<Emulator> {
    tables().into_iter().map(|table| Emulator::new(table, AtEdge::MovesBack, size.0, size.1)).collect()
}

/// Writes the bytes to each terminal, and checks that it shows exactly the last frame.
fn assert_shown(terminals: &mut [Emulator], bytes: &[u8], frames: &Frames) {
    for terminal in terminals {
        terminal.process(bytes);
        terminal.assert_shows(frames.last());
        terminal.assert_holds(frames.last());
    }
}

/// Draws frames over one another on a terminal of each kind. Returns the number of clusters drawn.
fn draw_over(seed: u64) -> usize {
    let mut rng = StdRng::seed_from_u64(seed);
    let size = (rng.random_range(1..24), rng.random_range(1..5));
    let mut frames = Frames::new(size.0, size.1);
    let mut terminals: Vec<_> = tables()
        .into_iter()
        .flat_map(|table| {
            // With wide ambiguous characters a line that reaches the edge would wrap.
            let wraps = Some(AtEdge::Wraps).filter(|_| !table.is_ambiguous_wide);
            let edges = [AtEdge::MovesBack, AtEdge::Drops].into_iter().chain(wraps);
            edges.map(move |edge| Emulator::new(table, edge, size.0, size.1))
        })
        .collect();
    let mut count = 0;
    let mut frame = blank(size);
    for step in 0..6 {
        if step == 5 || rng.random_bool(0.3) {
            frame = blank(size);
        }
        if step < 5 {
            count += draw_some(&mut frame, &mut rng);
        } else {
            frame.set_string(0, 0, "over", Style::new());
        }
        let bytes = frames.next(frame.clone());
        assert_shown(&mut terminals, &bytes, &frames);
    }
    count
}

#[test]
fn no_row_shifts_and_no_old_content_is_left_with_any_width_table() {
    let wanted = std::env::var(COUNT).ok().and_then(|count| count.parse().ok()).unwrap_or(5_000);
    let (mut count, mut seed) = (0, 0);
    while count < wanted {
        count += catch_unwind(|| draw_over(seed)).unwrap_or_else(|panic| {
            println!("the seed is {seed}");
            resume_unwind(panic)
        });
        seed += 1;
    }
}

#[test]
fn an_equal_frame_has_no_cells_to_write() {
    let mut rng = StdRng::seed_from_u64(7);
    let mut frame = blank((60, 10));
    draw_some(&mut frame, &mut rng);
    let mut frames = Frames::new(60, 10);
    assert!(!frames.next(frame.clone()).is_empty());
    assert_eq!(frames.next(frame), b"");
}

#[test]
fn text_of_certain_width_needs_no_moves_within_a_row() {
    let mut frame = blank((40, 1));
    frame.set_string(0, 0, "GNU-Terry\u{5b57}\u{5b57}\u{28ff}\u{2801}end", Style::new());
    let bytes = Frames::new(40, 1).next(frame);
    let text = String::from_utf8_lossy(&bytes);
    assert_eq!(text.matches('\u{1b}').count(), 1, "{text}");
}

#[test]
fn a_wide_cell_whose_second_column_is_covered_is_replaced() {
    let mut frame = blank((8, 1));
    frame.set_string(0, 0, "a\u{5b57}\u{5b57}\u{915}\u{903}", Style::new());
    frame.set_string(2, 0, "|", Style::new());
    frame.set_string(6, 0, "|", Style::new());
    replace_unfitting(&mut frame);
    let drawn: String = frame.content.iter().map(Cell::symbol).collect();
    assert_eq!(drawn, "a?|\u{5b57} ?| ");
}

#[test]
fn cells_that_can_overflow_the_edge_are_replaced_and_lines_are_not() {
    for (text, shown) in [
        ("ab\u{1f5fc}", "ab\u{1f5fc}"),
        ("abc\u{2500}", "abc\u{2500}"),
        ("abc\u{e9}", "abc\u{e9}"),
        ("abc\u{1f321}", "abc?"),
        ("a\u{915}\u{903}", "a\u{915}\u{903}"),
        ("ab\u{1112}\u{1161}\u{11ab}", "ab?"),
    ] {
        let mut frame = blank((4, 1));
        frame.set_string(0, 0, text, Style::new());
        replace_unfitting(&mut frame);
        let drawn: String = frame.content.iter().map(Cell::symbol).collect();
        assert_eq!(drawn.trim_end(), shown, "{text:?}");
    }
}

#[test]
fn hostile_text_stays_in_its_cells_on_every_terminal() {
    let mut runner = TestRunner::new(Config::with_cases(64));
    let run = |text: String| {
        let size = (40, 3);
        let mut frames = Frames::new(size.0, size.1);
        let mut frame = blank(size);
        frame.set_string(0, 0, "left", Style::new());
        frame.set_string(4, 1, sanitize(&text, 36, Charset::Unicode).as_str(), Style::new());
        frame.set_string(0, 2, "right", Style::new());
        let bytes = frames.next(frame);
        let drawn = frames.last().clone();
        let over = frames.next(blank(size));
        for table in tables() {
            let mut terminal = Emulator::new(table, AtEdge::MovesBack, size.0, size.1);
            terminal.process(&bytes);
            terminal.assert_shows(&drawn);
            terminal.process(&over);
            terminal.assert_shows(frames.last());
        }
        Ok(())
    };
    runner.run(&hostile(), run).unwrap();
}

/// Text of scripts with marks and joined letters.
const SCRIPTS: [&str; 14] = [
    "\u{9ac}\u{9be}\u{982}\u{9b2}\u{9be} \u{9ad}\u{9be}\u{9b7}\u{9be}",
    "\u{ba4}\u{bae}\u{bbf}\u{bb4}\u{bcd} \u{bae}\u{bca}\u{bb4}\u{bbf} \u{baa}\u{bbe}\u{b9f}\u{bc1}",
    "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940} \u{915}\u{94d}\u{937}\u{924}\u{94d}\u{930}",
    "\u{e20}\u{e32}\u{e29}\u{e32}\u{e44}\u{e17}\u{e22} \u{e01}\u{e33}\u{e25}\u{e31}\u{e07} \u{e17}\u{e35}\u{e48}",
    "\u{1797}\u{17b6}\u{179f}\u{17b6}\u{1781}\u{17d2}\u{1798}\u{17c2}\u{179a}",
    "\u{1019}\u{103c}\u{1014}\u{103a}\u{1019}\u{102c}\u{1018}\u{102c}\u{101e}\u{102c} \u{1000}\u{1039}\u{1000}",
    "\u{645}\u{64f}\u{62d}\u{64e}\u{645}\u{651}\u{64e}\u{62f}",
    "\u{5e9}\u{5c1}\u{5b8}\u{5dc}\u{5d5}\u{5b9}\u{5dd}",
    "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af} \u{1100}\u{d7b0}\u{d7cb}",
    "\u{d2e}\u{d32}\u{d2f}\u{d3e}\u{d33}\u{d02} \u{c95}\u{ca8}\u{ccd}\u{ca8}\u{cc0} \u{dc3}\u{dcf}",
    "\u{b13}\u{b21}\u{b3e}\u{b3f} \u{1b05}\u{1b44}\u{1b35} \u{a98f}\u{a9c0}\u{a9b4}",
    "Vie\u{302}\u{323}t e\u{301} a\u{1ac0} x\u{20dd}",
    "\u{1f5fc}\u{1f93b}\u{1f321}x \u{3248}y \u{304b}\u{302e}",
    "\u{1e900}\u{1e944} \u{11107}\u{11127} \u{16d63}\u{16d67}",
];

#[test]
fn every_letter_is_shown_completely_with_any_text_behind_it() {
    for text in SCRIPTS {
        let size = (60, 2);
        let mut frames = Frames::new(size.0, size.1);
        let mut terminals = emulators(size);
        // The text is drawn, its blanks change colour, it moves, and other text is drawn behind it.
        for (x, style, behind) in [
            (0, Style::new(), "end"),
            (0, Style::new().reversed(), "end"),
            (1, Style::new(), "."),
            (1, Style::new(), ""),
        ] {
            let mut frame = blank(size);
            let row = sanitize(text, 50, Charset::Unicode);
            assert!(!row.contains(['\\', '?', '\u{2026}']), "{text:?} {row:?}");
            frame.set_string(x, 0, format!("{}{behind}", row.as_str()), style);
            let bytes = frames.next(frame);
            let drawn: String = frames.last().content.iter().map(Cell::symbol).collect();
            assert!(!drawn.contains('?'), "{drawn}");
            assert_shown(&mut terminals, &bytes, &frames);
        }
    }
}

/// Ends of a field and starts of the next one, between which some version of Unicode has no boundary. Each part is also
/// a letter on its own.
const JOINED: [(&str, &str); 8] = [
    ("\u{915}\u{94d}", "\u{915}"),
    ("\u{1780}\u{17d2}", "\u{1780}"),
    ("\u{1000}\u{1039}", "\u{1000}\u{102c}"),
    ("\u{1100}", "\u{1100}"),
    ("\u{1100}", "\u{ac00}"),
    ("\u{1112}\u{1161}", "\u{16d63}"),
    ("\u{ac00}", "\u{16d63}"),
    ("\u{1f1e9}", "\u{1f1ea}"),
];

#[test]
fn a_field_joins_neither_the_previous_field_nor_old_content() {
    let size = (30, 1);
    for (end, start) in JOINED {
        let (end, start) = (sanitize(end, 20, Charset::Unicode), sanitize(start, 20, Charset::Unicode));
        let behind = end.width() as u16;
        let other = if behind == 2 { "\u{1f5fc}" } else { "\u{e9}" };
        // The first field is drawn before the second, after it, and removed; both are drawn over old text.
        let fields: [&[(u16, &str)]; 6] = [
            &[(0, &end), (behind, "x")],
            &[(0, &end), (behind, &start)],
            &[(0, other), (behind, &start)],
            &[(0, &end), (behind, "x")],
            &[(0, other), (behind, &start)],
            &[(0, &end), (behind, &start)],
        ];
        let mut frames = Frames::new(size.0, size.1);
        let mut terminals = emulators(size);
        for fields in fields {
            let mut frame = blank(size);
            for (x, text) in fields {
                frame.set_string(*x, 0, text, Style::new());
            }
            let bytes = frames.next(frame);
            assert_shown(&mut terminals, &bytes, &frames);
        }
    }
}

#[test]
fn no_row_shifts_and_words_are_complete_with_wide_ambiguous_characters() {
    let size = (24, 2);
    // In some tables only symbols are ambiguous.
    let tables: Vec<_> = tables().into_iter().filter(|table| table.of('\u{3b1}') == Some(2)).collect();
    assert!(!tables.is_empty());
    for table in tables {
        let mut frames = Frames::new(size.0, size.1);
        let mut terminal = Emulator::new(table, AtEdge::MovesBack, size.0, size.1);
        for (greek, cyrillic, expected) in [
            ("\u{3b1}\u{3b2}\u{3b3} \u{3c9}", "\u{436}\u{448} |", ("  \u{3b3} |", " \u{448}||")),
            ("\u{3b1}\u{3b2}", "\u{436}", (" \u{3b2}  |", "\u{436}  |")),
            ("over", "it", ("over |", "it  |")),
        ] {
            let mut frame = blank(size);
            for (y, text) in [(0, greek), (1, cyrillic)] {
                frame.set_string(2, y, sanitize(text, 8, Charset::Unicode).as_str(), Style::new());
                frame.set_string([7, 6][usize::from(y)], y, "| beside", Style::new());
            }
            let bytes = frames.next(frame);
            terminal.process(&bytes);
            terminal.assert_shows(frames.last());
            assert_eq!((&*terminal.text(0, 2..8), &*terminal.text(1, 2..7)), expected);
        }
    }
}

#[test]
fn no_old_content_is_left_before_or_behind_an_uncertain_cell() {
    let size = (12, 1);
    // A pictograph that was narrow, one that old tables lack, and one whose mark then joins the previous cell.
    for text in ["\u{1f5fc}", "\u{1f91d}", "\u{1f91d}\u{301}"] {
        for before in ["\u{e9}", "a"] {
            let mut frames = Frames::new(size.0, size.1);
            let mut terminals = emulators(size);
            for behind in ["old text", text, "", text, "xy"] {
                let mut frame = blank(size);
                frame.set_string(0, 0, format!("{before}{behind}"), Style::new());
                let bytes = frames.next(frame);
                assert_shown(&mut terminals, &bytes, &frames);
            }
        }
    }
}

#[test]
fn a_line_in_the_last_column_damages_no_other_cell() {
    let size = (4, 1);
    for table in tables() {
        for edge in [AtEdge::MovesBack, AtEdge::Drops] {
            let mut frames = Frames::new(size.0, size.1);
            let mut terminal = Emulator::new(table, edge, size.0, size.1);
            for text in
                ["abcd", "abc\u{2500}", "ab\u{435}\u{2500}", "ab\u{435}x", "ab\u{435}\u{2500}", "ab\u{435}"]
            {
                let mut frame = blank(size);
                frame.set_string(0, 0, text, Style::new());
                terminal.process(&frames.next(frame));
                terminal.assert_shows(frames.last());
                terminal.assert_holds(frames.last());
            }
        }
    }
}
