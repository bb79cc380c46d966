//! The cells of the visible rows: their texts, and what their columns need.

use clacks_feed::{
    Row, Value,
    description::{Field, Kind, ListSpec},
};
use clacks_text::{sanitize::SafeLine, value::Labels};

use super::{
    Table,
    layout::{Class, Demand, widths},
};

/// Least columns of a count before its short form (`12k`) is used.
const DIGITS: u8 = 5;
/// Columns that are written beyond the width of the table, so that a text that is cut there is wider than the table: the
/// longest piece that is not divided, an escape, and the ellipsis.
const BEYOND: usize = 11;

/// The cells of the visible rows, column by column in the order on the screen.
pub(super) struct Cells<'t, 'a> {
    table: &'t Table<'a>,
    rows: &'t [Row],
    columns: Vec<Column<'a>>,
}

struct Column<'a> {
    index: usize,
    field: &'a Field,
    /// Whether its numbers are the keys of their rows, of which every digit counts.
    is_key: bool,
    /// The texts in the whole width of the table.
    texts: Vec<SafeLine>,
    /// The labels of the names.
    labels: Option<Labels>,
    need: usize,
}

/// Whether the numbers of a column are the keys of its rows: the column `number`.
pub(super) fn is_key(field: &Field) -> bool {
    field.kind == Kind::Count && field.name == "number"
}

impl<'t, 'a> Cells<'t, 'a> {
    pub(super) fn new(table: &'t Table<'a>, spec: &'a ListSpec, rows: &'t [Row], room: usize) -> Self {
        let fields = spec.columns.iter().enumerate().filter(|(_, field)| !field.is_only_open());
        let mut columns: Vec<_> =
            fields.map(|(index, field)| Column::new(index, field, is_key(field))).collect();
        let status =
            columns.iter().find(|column| column.field.kind == Kind::Status).map(|column| column.index);
        columns.sort_by_key(|column| match column {
            Column { is_key: true, .. } => 0,
            Column { index, .. } if Some(*index) == status => 1,
            _ => 2,
        });
        for column in &mut columns {
            column.measure(table, rows, room);
        }
        Self { table, rows, columns }
    }

    /// The width of each column; `None` if it is not shown. `lasting` are the needs of earlier frames.
    pub(super) fn widths(&self, lasting: &mut [usize], room: usize, has_header: bool) -> Vec<Option<usize>> {
        let demands: Vec<Demand> = self
            .columns
            .iter()
            .map(|column| {
                let lasting = &mut lasting[column.index];
                *lasting = column.need.max(*lasting);
                column.demand(*lasting, if has_header { self.title_width(column) } else { 0 })
            })
            .collect();
        // A column without any content is not shown.
        let used: Vec<Demand> = demands.iter().copied().filter(|demand| demand.base > 0).collect();
        let mut widths = widths(&used, room).into_iter();
        demands.iter().map(|demand| if demand.base > 0 { widths.next().flatten() } else { None }).collect()
    }

    /// Where the shown columns are on the screen.
    pub(super) fn places(&self, widths: &[Option<usize>], mut x: u16) -> Vec<(usize, u16, u16)> {
        let mut places = Vec::new();
        for (column, width) in self.columns.iter().zip(widths) {
            let Some(width) = width.and_then(|width| u16::try_from(width).ok()) else { continue };
            places.push((column.index, x, width));
            x += width + super::layout::GAP as u16;
        }
        places
    }

    /// The texts of the shown columns in their widths, row by row.
    pub(super) fn fitted(mut self, widths: &[Option<usize>]) -> Vec<Vec<SafeLine>> {
        let mut lines: Vec<Vec<SafeLine>> = self.rows.iter().map(|_| Vec::new()).collect();
        for (column, width) in self.columns.iter_mut().zip(widths) {
            let Some(width) = *width else { continue };
            let texts = column.fitted(self.table, self.rows, width);
            lines.iter_mut().zip(texts).for_each(|(line, text)| line.push(text));
        }
        lines
    }

    fn title_width(&self, column: &Column<'_>) -> usize {
        if column.is_key {
            return 0;
        }
        let is_sorted = self.table.sort.is_some_and(|sort| sort.column == column.field.name);
        column.title() + usize::from(is_sorted)
    }
}

impl<'a> Column<'a> {
    fn new(index: usize, field: &'a Field, is_key: bool) -> Self {
        Self { index, field, is_key, texts: Vec::new(), labels: None, need: 0 }
    }

    /// Columns of its title, without the arrow of a sorted column.
    fn title(&self) -> usize {
        self.field.title.as_str().chars().count()
    }

    fn is_name(&self) -> bool {
        matches!(self.field.kind, Kind::Id | Kind::Ref(_))
    }

    fn is_text(&self) -> bool {
        self.is_name() || matches!(self.field.kind, Kind::Text | Kind::Json | Kind::Unknown)
    }

    /// The columns that a cell may have at most, before it is known how many there are.
    fn limit(&self, room: usize) -> usize {
        let (least, most) = self.field.width;
        match self.field.kind {
            Kind::Count if !self.is_key => least.max(most).max(DIGITS).into(),
            Kind::Status if most > 0 => least.max(most).into(),
            _ => room + BEYOND,
        }
    }

    /// Writes the cells as if the table had only this column.
    fn measure(&mut self, table: &Table<'_>, rows: &[Row], room: usize) {
        if self.is_name() {
            self.labels = Some(self.labels_in(table, rows, room + BEYOND));
        }
        let limit = self.limit(room);
        self.texts = rows.iter().map(|row| self.text(table, row, limit)).collect();
        self.need = self.texts.iter().map(SafeLine::width).max().unwrap_or(0);
    }

    fn text(&self, table: &Table<'_>, row: &Row, columns: usize) -> SafeLine {
        let value = row.cells.get(self.index).unwrap_or(&Value::None);
        match (&self.labels, name_of(table, value)) {
            (Some(labels), Some(name)) => labels.label(name),
            _ => table.format.cell(&self.field.kind, value, columns),
        }
    }

    /// The names of a column, so cut that none looks like another one on the screen.
    fn labels_in(&self, table: &Table<'_>, rows: &[Row], columns: usize) -> Labels {
        let names = rows.iter().filter_map(|row| name_of(table, row.cells.get(self.index)?));
        Labels::new(names.chain(table.other_names.iter().copied()), columns, table.charset())
    }

    /// The cells in the width of the column. Only those that are cut are written again; of statuses there may be a longer
    /// form as well.
    fn fitted(&mut self, table: &Table<'_>, rows: &[Row], width: usize) -> Vec<SafeLine> {
        let mut texts = std::mem::take(&mut self.texts);
        if self.is_name() && self.need > width {
            self.labels = Some(self.labels_in(table, rows, width));
        }
        let is_rewritten = self.field.kind == Kind::Status || self.is_name() && self.need > width;
        for (text, row) in texts.iter_mut().zip(rows) {
            if is_rewritten || text.width() > width {
                *text = self.text(table, row, width);
            }
        }
        texts
    }

    fn demand(&self, lasting: usize, title: usize) -> Demand {
        let (least, most) = (usize::from(self.field.width.0), usize::from(self.field.width.1));
        let most = if most == 0 { usize::MAX } else { most.max(least) };
        let class = match self.field.kind {
            Kind::Status => Class::Status,
            _ if self.is_text() => Class::Text,
            _ => Class::Number,
        };
        let is_flexible = class == Class::Text && self.field.width.1 == 0;
        let demand = |base, target, full, lasting_target| Demand {
            base,
            target,
            full,
            lasting_target,
            ..Demand::none()
        };
        let demand = match class {
            _ if lasting == 0 => Demand::none(),
            Class::Number => {
                let width =
                    if self.is_key { lasting } else { lasting.max(least.min(usual(&self.field.kind))) };
                // A number without its whole title says little, so another column gives way first.
                let width = if title > 0 { width.max(self.title()) } else { width };
                demand(width, width, width, width)
            }
            Class::Status => {
                let full = lasting.max(least);
                let target = full.min(most);
                demand(full.min(least), target, full, target)
            }
            // What has gone from the screen does not widen a text, but it keeps columns from coming and going.
            Class::Text if is_flexible => {
                let base = lasting.min(least.max(1));
                demand(base, self.need.max(base), self.need.max(base), lasting)
            }
            Class::Text => {
                let target = lasting.min(most);
                demand(lasting.min(least.max(1)), target, target.max(self.need), target)
            }
        };
        Demand { priority: self.field.priority, title, class, is_flexible, ..demand }
    }
}

impl Demand {
    /// Of a column without any content.
    fn none() -> Self {
        Self {
            priority: 0,
            base: 0,
            target: 0,
            full: 0,
            lasting_target: 0,
            title: 0,
            class: Class::Text,
            is_flexible: false,
        }
    }
}

/// Columns of usual numbers of a kind, below which a column does not become narrower when its numbers are short.
fn usual(kind: &Kind) -> usize {
    match kind {
        Kind::Flag => 3,
        Kind::At | Kind::Ratio => 4,
        Kind::Bytes | Kind::Rate | Kind::Took => 6,
        _ => 7,
    }
}

/// The name that a cell has, if all of it is known.
fn name_of<'a>(table: &Table<'a>, value: &'a Value) -> Option<&'a str> {
    match value {
        Value::Ref(key) => Some(table.format.name_of(key)),
        Value::Text(text, length) if text.len() >= *length as usize => Some(text.untrusted()),
        _ => None,
    }
}
