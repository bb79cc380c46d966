//! What a table draws besides its cells, and where.

use std::time::{Duration, Instant};

use clacks_feed::{Key, Row, Sort, Text, Value, description::Tone};
use clacks_text::{charset::Charset, value::ValueFormat};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Modifier,
};

use super::fixture::{NOW, clacks, line, peer, queued};
use crate::{
    table::{Layout, Table, rows_area},
    theme::Theme,
};

fn peers() -> Vec<Row> {
    ["a:1", "b:1", "c:1"].map(|name| peer(name, &[1], 1, Some(1000))).to_vec()
}

const AREA: Rect = Rect::new(3, 2, 60, 12);

#[test]
fn the_selected_row_and_marks_are_shown_without_colour_too() {
    let rows = peers();
    let is_marked = |key: &Key| ["a:1", "c:1"].contains(&key.untrusted());
    for has_focus in [true, false] {
        let description = clacks();
        let format = ValueFormat::new(&description, NOW, Charset::Unicode);
        let table = Table {
            rows: &rows,
            total: 3,
            selected: Some(1),
            marked: 2,
            is_marked: &is_marked,
            has_focus,
            is_current: has_focus,
            ..Table::new(&description, description.list_id("peers").unwrap(), format, Theme::default())
        };
        let mut buffer = Buffer::empty(AREA);
        let drawn = table.draw(&mut Layout::default(), AREA, &mut buffer);
        let signs: Vec<String> =
            drawn.rows.rows().take(3).map(|row| line(&buffer, Rect { width: 2, ..row })).collect();
        assert_eq!(signs, [" *", "> ", " *"]);
        let is_reversed = |y: u16| buffer[(20, drawn.rows.y + y)].modifier.contains(Modifier::REVERSED);
        assert_eq!([is_reversed(0), is_reversed(1), is_reversed(2)], [false, has_focus, false]);
        assert!(line(&buffer, AREA).contains(" PEERS  2 marked  3 "), "{}", line(&buffer, AREA));
    }
}

#[test]
fn a_click_on_the_header_is_on_its_column() {
    let rows = peers();
    let sort = Sort { column: "took".into(), descending: false };
    let description = clacks();
    let format = ValueFormat::new(&description, NOW, Charset::Unicode);
    let table = Table {
        rows: &rows,
        total: 3,
        sort: Some(&sort),
        ..Table::new(&description, description.list_id("peers").unwrap(), format, Theme::default())
    };
    let mut buffer = Buffer::empty(AREA);
    let drawn = table.draw(&mut Layout::default(), AREA, &mut buffer);
    let header = line(&buffer, drawn.header);
    assert!(header.contains(" took▲ "), "{header}");
    let columns = &description.list(description.list_id("peers").unwrap()).unwrap().columns;
    for name in ["status", "address", "age", "took", "failed"] {
        let x = AREA.x + header[..header.find(name).unwrap()].chars().count() as u16;
        let index = drawn.column_at(Position::new(x, drawn.header.y)).unwrap();
        assert_eq!(columns[index].title.as_str(), name);
    }
    assert_eq!(drawn.column_at(Position::new(AREA.x + 5, drawn.header.y + 1)), None);
    assert_eq!(drawn.column_at(Position::new(AREA.x, drawn.header.y)), None);
    assert_eq!(drawn.row_at(Position::new(AREA.x, drawn.rows.y + 2)), Some(2));
    assert_eq!(drawn.row_at(Position::new(AREA.x, drawn.header.y)), None);
}

#[test]
fn a_small_pane_has_no_header() {
    for (height, above) in [(1, 1), (5, 1), (9, 1), (10, 2), (40, 2)] {
        let area = Rect { height, ..AREA };
        assert_eq!(rows_area(area).y - area.y, above, "{height}");
        assert_eq!(rows_area(area).bottom(), area.bottom());
    }
    assert_eq!(rows_area(Rect { height: 0, ..AREA }).height, 0);
}

#[test]
fn an_empty_list_says_why() {
    let hints = ["nothing is here".to_owned(), "press a key".to_owned()];
    let description = clacks();
    let format = ValueFormat::new(&description, NOW, Charset::Unicode);
    let refused = Text::new("too \x1b long");
    let table = |refused| Table {
        empty: &hints,
        refused,
        ready: Some(40),
        ..Table::new(&description, description.list_id("queue").unwrap(), format, Theme::default())
    };
    for (refused, wanted) in [
        (None, ["  nothing is here", "  press a key"]),
        (Some(&refused), ["  too \\x1b long", "  nothing is here"]),
    ] {
        let mut buffer = Buffer::empty(AREA);
        table(refused).draw(&mut Layout::default(), AREA, &mut buffer);
        let lines: Vec<String> =
            AREA.rows().skip(1).take(2).map(|row| line(&buffer, row).trim_end().to_owned()).collect();
        assert_eq!(lines, wanted);
        assert!(line(&buffer, AREA).contains(" QUEUE  0  40 % searched ─"), "{}", line(&buffer, AREA));
    }
}

#[test]
fn a_status_has_the_colour_of_what_is_wrong_with_it() {
    let theme = Theme::default();
    let rows = [peer("a:1", &[1], 1, None), peer("b:1", &[1, 8], 1, None), peer("c:1", &[3], 1, None)];
    let description = clacks();
    let format = ValueFormat::new(&description, NOW, Charset::Unicode);
    let table = Table {
        rows: &rows,
        ..Table::new(&description, description.list_id("peers").unwrap(), format, theme)
    };
    let mut buffer = Buffer::empty(AREA);
    let drawn = table.draw(&mut Layout::default(), AREA, &mut buffer);
    for (y, tone) in [(0, Tone::Good), (1, Tone::Doubtful), (2, Tone::Bad)] {
        let cell = &buffer[(AREA.x + 2, drawn.rows.y + y)];
        assert_eq!(Some(cell.fg), theme.status_tone(tone).fg.or(Some(ratatui::style::Color::Reset)));
    }
}

#[test]
fn the_cost_of_a_frame_is_bounded_by_the_screen() {
    let row = |number: u64, length: usize| {
        let text = "a".repeat(length);
        let row = queued(number, &format!("\"{text}\""), 1, 1);
        let named = |cell: &Value| match cell {
            Value::Ref(_) => Value::Ref(Key::new(&text)),
            cell => cell.clone(),
        };
        Row { cells: row.cells.iter().map(named).collect(), ..row }
    };
    let area = Rect::new(0, 0, 200, 100);
    let description = clacks();
    let format = ValueFormat::new(&description, NOW, Charset::Unicode);
    let cost = |length: usize| {
        let rows: Vec<Row> = (0..98).map(|number| row(number, length)).collect();
        let table = Table {
            rows: &rows,
            ..Table::new(&description, description.list_id("queue").unwrap(), format, Theme::default())
        };
        let frame = || {
            let began = Instant::now();
            table.draw(&mut Layout::default(), area, &mut Buffer::empty(area));
            began.elapsed()
        };
        (0..7).map(|_| frame()).min().unwrap_or(Duration::MAX)
    };
    let (short, long) = (cost(5_000), cost(500_000));
    assert!(long < short * 3, "{short:?} {long:?}");
}
