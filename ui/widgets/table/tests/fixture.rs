//! Lists with contents, and what a table makes of them.

use std::time::Duration;

use clacks_feed::{
    Key, Now, Order, Row, Sort, Statuses, Value,
    description::{Description, Field, StatusId},
};
use clacks_text::{charset::Charset, value::ValueFormat};
use ratatui::{buffer::Buffer, layout::Rect};

use super::super::{Drawn, Layout, Table};
use crate::theme::Theme;

pub(super) const NOW: Now = Now { uptime: Duration::from_secs(100_000), unix_ms: 0 };

/// The part of a list that is shown.
pub(super) struct Shown<'a> {
    pub(super) rows: &'a [Row],
    pub(super) first: Option<u64>,
    pub(super) total: u64,
    pub(super) filter: Option<(u64, &'a str)>,
    pub(super) counts: &'a [u64],
    pub(super) sort: Option<&'a Sort>,
    pub(super) selected: Option<usize>,
    pub(super) charset: Charset,
}

impl<'a> Shown<'a> {
    pub(super) fn of(rows: &'a [Row]) -> Self {
        let total = rows.len() as u64;
        let charset = Charset::Unicode;
        Self { rows, first: Some(0), total, filter: None, counts: &[], sort: None, selected: None, charset }
    }

    /// Draws it into an area of a larger buffer.
    pub(super) fn draw(
        &self,
        description: &Description,
        list: &str,
        layout: &mut Layout,
        area: Rect,
        buffer: &mut Buffer,
    ) -> Drawn {
        let id = description.list_id(list).unwrap();
        let format = ValueFormat::new(description, NOW, self.charset);
        let table = Table {
            rows: self.rows,
            first: self.first,
            total: self.total,
            filter: self.filter,
            counts: self.counts,
            sort: self.sort,
            selected: self.selected,
            has_focus: true,
            ..Table::new(description, id, format, Theme::default().with_charset(self.charset))
        };
        table.draw(layout, area, buffer)
    }
}

pub(super) fn clacks() -> Description {
    clacks_p2p_feed::description::describe("tower:8080".into())
}

/// The lines of a table of clacks.
pub(super) fn lines(list: &str, shown: &Shown<'_>, width: u16, height: u16) -> Vec<String> {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    shown.draw(&clacks(), list, &mut Layout::default(), area, &mut buffer);
    area.rows().map(|row| line(&buffer, row)).collect()
}

/// The text of an area of one line. The second column of a wide character is left out.
pub(super) fn line(buffer: &Buffer, area: Rect) -> String {
    let mut text = String::new();
    let mut x = area.x;
    while x < area.right() {
        let symbol = buffer[(x, area.y)].symbol();
        text.push_str(symbol);
        x += ratatui::buffer::CellWidth::cell_width(symbol).max(1);
    }
    text
}

pub(super) fn at(seconds_ago: u64) -> Value {
    Value::At(i64::try_from(NOW.uptime.as_millis()).unwrap() - i64::try_from(seconds_ago * 1000).unwrap())
}

/// A row of a list of clacks with these cells, and no values in its other columns.
fn row(list: &str, key: &str, order: Order, cells: &[(&str, Value)]) -> Row {
    let description = clacks();
    let columns = &description.list(description.list_id(list).unwrap()).unwrap().columns;
    let cell =
        |column: &Field| cells.iter().find(|(name, _)| column.name == *name).map(|(_, value)| value.clone());
    let cells = columns.iter().map(|column| cell(column).unwrap_or_default()).collect();
    Row { key: key.into(), order, cells }
}

pub(super) fn peer(address: &str, statuses: &[u8], age: u64, took_micros: Option<u64>) -> Row {
    let statuses: Statuses = statuses.iter().copied().map(StatusId).collect();
    let took = took_micros.map_or(Value::None, |micros| Value::Took(Duration::from_micros(micros)));
    let cells = [
        ("address", Value::text(address.into())),
        ("status", Value::Status(statuses)),
        ("since", at(age)),
        ("took", took),
        ("failed", Value::Count(0)),
        ("sent", Value::Count(12)),
        ("received", Value::Count(3)),
    ];
    row("peers", address, Order::default(), &cells)
}

pub(super) fn queued(number: u64, json: &str, visits: u64, age: u64) -> Row {
    let cells = [
        ("text", Value::text(json.into())),
        ("since", at(age)),
        ("size", Value::Count(json.len() as u64)),
        ("visits", Value::Count(visits)),
        ("from", Value::Ref(Key::new("grand-trunk.example.org:443"))),
        ("number", Value::Count(number)),
    ];
    row("queue", &number.to_string(), Order::rank(number), &cells)
}
