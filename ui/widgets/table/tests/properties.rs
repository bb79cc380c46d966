//! What holds for the table of any list, at any size and with any contents.

use std::{collections::BTreeSet, fmt};

use clacks_feed::{
    Key, Network, Order, Row, Statuses, Value,
    description::{Description, Kind, ListSpec},
};
use clacks_text::{charset::Charset, sanitize::sanitize, testing::hostile};
use clacks_toy::Toy;
use proptest::{collection::vec, prelude::*, sample::select};
use ratatui::{buffer::Buffer, buffer::Cell, layout::Rect};

use super::{
    contract,
    fixture::{Shown, clacks, line},
};
use crate::table::{Drawn, Layout, rows_area};

/// Rows in the area of a table that is as high as it needs.
const ROWS: usize = 4;

fn descriptions() -> Vec<Description> {
    vec![clacks(), (**Toy::start(1).description()).clone(), contract::networks()]
}

/// A list with rows.
#[derive(Clone)]
struct Case {
    description: Description,
    list: ListSpec,
    rows: Vec<Row>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.list.name)?;
        self.rows.iter().try_for_each(|row| write!(f, "\n{:?}: {:?}", row.key, row.cells))
    }
}

/// A list of one of the networks.
fn any_list() -> impl Strategy<Value = (Description, ListSpec)> {
    let lists = descriptions().into_iter().flat_map(|description| {
        let lists = description.lists.clone();
        lists.into_iter().map(move |list| (description.clone(), list))
    });
    select(lists.collect::<Vec<_>>())
}

/// Empty, long, wide and hostile texts, and names that differ in their middle.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just(String::new()),
        3 => "[a-z]{1,12}( [a-z]{1,9}){0,3}",
        2 => "[a-z]{1,9}(\\.[a-z0-9-]{1,30}){0,6}:[0-9]{1,5}",
        1 => (0..400_usize).prop_map(|length| "long text ".repeat(length / 10)),
        1 => (0..90_usize).prop_map(|length| "\u{5854}\u{5e02}".repeat(length / 2)),
        1 => (0..60_usize).prop_map(|length| "\u{1f5fc}e\u{301}".repeat(length / 3)),
        2 => hostile(),
    ]
    // The ellipsis of the table shall be the only one.
    .prop_map(|text| text.trim().replace(['\u{2026}', '~'], "."))
}

fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![0..20_u64, 0..100_000_u64, any::<u64>()]
}

fn any_cell(kind: &Kind) -> BoxedStrategy<Value> {
    let value = match kind {
        Kind::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
        Kind::Count | Kind::Bytes => any_number().prop_map(Value::Count).boxed(),
        Kind::Rate | Kind::BytesRate => any_number().prop_map(|n| Value::Number(n as f64 / 100.0)).boxed(),
        Kind::Ratio => (0..=100_u8).prop_map(|n| Value::Number(f64::from(n) / 100.0)).boxed(),
        Kind::Took => (0..200_000_000_u64)
            .prop_map(|micros| Value::Took(std::time::Duration::from_micros(micros)))
            .boxed(),
        Kind::At => prop_oneof![-100_000_000..200_000_000_i64, any::<i64>()].prop_map(Value::At).boxed(),
        Kind::Status => prop_oneof![(0..6_u8).prop_map(|id| 1 << id), 0..64_u64, any::<u64>()]
            .prop_map(|set| Value::Status(Statuses(set)))
            .boxed(),
        Kind::Ref(_) => any_text().prop_map(|text| Value::Ref(text.into())).boxed(),
        _ => any_text().prop_map(|text| Value::text(text.into())).boxed(),
    };
    prop_oneof![1 => Just(Value::None), 6 => value].boxed()
}

fn any_rows(list: &ListSpec, most: usize) -> BoxedStrategy<Vec<Row>> {
    let cells: Vec<_> = list.columns.iter().map(|column| any_cell(&column.kind)).collect();
    let row = (cells, any_text()).prop_map(|(cells, key)| Row {
        key: key.into(),
        order: Order::default(),
        cells: cells.into(),
    });
    vec(row, 0..most).boxed()
}

fn any_table(most: usize) -> impl Strategy<Value = Case> {
    any_list().prop_flat_map(move |(description, list)| {
        let case = move |rows| Case { description: description.clone(), list: list.clone(), rows };
        any_rows(&case(Vec::new()).list, most).prop_map(case)
    })
}

/// Draws the rows in a new layout, without a header.
fn drawn(description: &Description, list: &ListSpec, rows: &[Row], width: u16) -> (Drawn, Buffer) {
    let area = Rect::new(0, 0, width, 1 + ROWS as u16);
    let mut buffer = Buffer::empty(area);
    let drawn =
        Shown::of(rows).draw(description, list.name.as_str(), &mut Layout::default(), area, &mut buffer);
    (drawn, buffer)
}

/// The greatest width of the cells that are shown in a column.
fn content(buffer: &Buffer, drawn: &Drawn, rows: usize, (_, x, width): (usize, u16, u16)) -> usize {
    let cell = |row: u16| Rect { x, y: drawn.rows.y + row, width, height: 1 };
    let text = |row: u16| sanitize(line(buffer, cell(row)).trim(), usize::MAX, Charset::Unicode).width();
    (0..drawn.rows.height).take(rows).map(text).max().unwrap_or(0)
}

fn is_text(kind: &Kind) -> bool {
    kind.is_text() || matches!(kind, Kind::Ref(_) | Kind::Unknown)
}

/// Whether the columns that are always shown have all that they need at least.
fn is_complete(list: &ListSpec, drawn: &Drawn, needs: &[Option<usize>]) -> bool {
    list.columns.iter().zip(needs).enumerate().all(|(index, (field, need))| {
        let width = drawn.columns.iter().find(|(shown, ..)| *shown == index).map(|(.., width)| *width);
        let need = need.map(|need| if is_text(&field.kind) { need } else { usize::MAX });
        let least = usize::from(field.width.0).min(need.unwrap_or(0));
        field.priority > 0 || need.is_none() || width.is_some_and(|width| usize::from(width) >= least)
    })
}

/// The width that each column needs; `None` for a column without any content.
fn needs(description: &Description, list: &ListSpec, rows: &[Row]) -> Vec<Option<usize>> {
    let (drawn, buffer) = drawn(description, list, rows, 9000);
    let needs = |index: usize| drawn.columns.iter().find(|(shown, ..)| *shown == index);
    let needs = (0..list.columns.len()).map(needs);
    needs.map(|column| column.map(|column| content(&buffer, &drawn, rows.len(), *column))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn nothing_is_drawn_outside_and_every_cell_is_harmless(
        Case { description, list, rows } in any_table(30),
        (x, y, width, height) in (0..5_u16, 0..5_u16, 20..300_u16, 5..100_u16),
        more in 0..1000_u64,
        is_ascii in any::<bool>(),
    ) {
        let charset = if is_ascii { Charset::Ascii } else { Charset::Unicode };
        let (screen, area) = (Rect::new(0, 0, width + 10, height + 10), Rect::new(x, y, width, height));
        let outside = Cell::new("#");
        let mut buffer = Buffer::filled(screen, outside.clone());
        for position in area.positions() {
            buffer[position].reset();
        }
        let total = rows.len() as u64 + more;
        let shown = Shown { total, first: Some(more / 2), selected: Some(2), charset, ..Shown::of(&rows) };
        let drawn = shown.draw(&description, list.name.as_str(), &mut Layout::default(), area, &mut buffer);
        for position in screen.positions().filter(|position| !area.contains(*position)) {
            prop_assert_eq!(&buffer[position], &outside);
        }
        for row in drawn.rows.rows().take(rows.len()) {
            let text = line(&buffer, row);
            let sanitized = sanitize(&text, usize::MAX, charset);
            prop_assert_eq!(sanitized.as_str(), &text);
        }
        let visible = rows.len().min(drawn.rows.height.into()) as u64;
        let title = line(&buffer, Rect { height: 1, ..area });
        let all = clacks_text::format::grouped(total);
        let is_counted = title.contains(&format!("of {all} ")) || title.contains(&format!(" {all} ")) || width < 40;
        prop_assert!(visible == total || is_counted, "{title}");
        prop_assert_eq!(drawn.rows, rows_area(area));
    }

    #[test]
    fn no_cell_is_cut_while_its_row_has_free_columns(
        Case { description, list, rows } in any_table(ROWS),
        width in 20..300_u16,
    ) {
        let (drawn, buffer) = drawn(&description, &list, &rows, width);
        let has_ellipsis = drawn.rows.rows().any(|row| line(&buffer, row).contains('\u{2026}'));
        if !has_ellipsis {
            return Ok(());
        }
        // An escape such as `\u{202e}`, and a wide character, are not divided; on either side of an ellipsis.
        let has_escape = rows.iter().flat_map(|row| &row.cells).any(|cell| match cell {
            Value::Text(text, _) | Value::Ref(Key(text)) => {
                sanitize(text.untrusted(), usize::MAX, Charset::Unicode).contains('\\')
            }
            _ => false,
        });
        let is_wide = drawn.rows.rows().any(|row| line(&buffer, row).chars().any(|c| !c.is_ascii() && c != '\u{2026}'));
        for column in drawn.columns.iter().filter(|(index, ..)| is_text(&list.columns[*index].kind)) {
            let free = usize::from(column.2).saturating_sub(content(&buffer, &drawn, rows.len(), *column));
            let most = if has_escape { 18 } else if is_wide { 3 } else { 0 };
            prop_assert!(free <= most, "{column:?} of {drawn:?}\n{buffer:?}");
        }
        let end = drawn.columns.last().map_or(0, |(_, x, width)| x + width);
        prop_assert_eq!(end, width, "{:?}", buffer);
    }

    #[test]
    fn names_on_one_screen_differ(names in prop::collection::btree_set("[a-z]{2}(\\.[a-z]{1,20}){1,4}:80", 2..ROWS), width in 40..120_u16) {
        let row = |name: &String| super::fixture::peer(name, &[1], 1, None);
        let rows: Vec<Row> = names.iter().map(row).collect();
        let (drawn, buffer) = drawn(&clacks(), &clacks().lists[0], &rows, width);
        let shown: BTreeSet<String> = drawn.rows.rows().take(rows.len()).map(|row| line(&buffer, row)).collect();
        prop_assert_eq!(shown.len(), rows.len(), "{:?}", shown);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_wider_table_shows_no_less_and_changes_little(
        Case { description, list, rows } in any_table(ROWS),
    ) {
        let needs = needs(&description, &list, &rows);
        let mut before = None;
        for width in 20..=300 {
            let (drawn, buffer) = drawn(&description, &list, &rows, width);
            if !is_complete(&list, &drawn, &needs) {
                prop_assert!(before.is_none(), "{width}: {drawn:?}\n{buffer:?}");
                continue;
            }
            let shown = |drawn: &Drawn, index: usize| -> Option<usize> {
                let column = drawn.columns.iter().find(|(shown, ..)| *shown == index)?;
                Some(usize::from(column.2).min(needs[index].unwrap_or(0)))
            };
            let Some(old) = before.replace(drawn.clone()) else { continue };
            let appeared: usize = drawn
                .columns
                .iter()
                .filter(|(index, ..)| shown(&old, *index).is_none())
                .map(|(.., width)| usize::from(*width) + 1)
                .sum();
            for index in 0..list.columns.len() {
                let (now, old) = (shown(&drawn, index), shown(&old, index));
                prop_assert!(old.is_none() || now.is_some(), "{width}: {index} of {drawn:?} disappears");
                let (Some(now), Some(old)) = (now, old) else { continue };
                prop_assert!(now + appeared >= old, "{width}: {index} of {drawn:?} shrinks");
                prop_assert!(now <= old + 1, "{width}: {index} of {drawn:?} jumps");
            }
        }
    }

    #[test]
    fn columns_stay_where_they_are_while_a_list_is_scrolled(
        Case { description, list, rows } in any_table(40),
        width in 20..300_u16,
        starts in vec(0..40_usize, 1..12),
    ) {
        let area = Rect::new(0, 0, width, 1 + ROWS as u16);
        let mut layout = Layout::default();
        let mut draw = |from: usize| {
            let from = from.min(rows.len());
            let shown = Shown::of(&rows[from..]);
            shown.draw(&description, list.name.as_str(), &mut layout, area, &mut Buffer::empty(area))
        };
        // Everything has been on the screen.
        (0..rows.len()).for_each(|from| drop(draw(from)));
        let first = draw(0);
        for from in starts.into_iter().filter(|from| *from < rows.len()) {
            let drawn = draw(from);
            let columns = |drawn: &Drawn| drawn.columns.iter().map(|(index, ..)| *index).collect::<Vec<_>>();
            prop_assert_eq!(columns(&drawn), columns(&first));
            for ((index, _, width), (.., first)) in drawn.columns.iter().zip(&first.columns) {
                let is_number = list.columns[*index].kind.is_number();
                prop_assert!(!is_number || width == first, "{:?} {:?}", drawn, first);
            }
        }
    }
}
