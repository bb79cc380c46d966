//! The items under an open item, as lines of its page: the replies to a request.

use clacks_feed::{
    Row, Value,
    description::{Description, Field, Kind, ListSpec},
};
use clacks_text::{
    fit::{padded, padded_left},
    value::ValueFormat,
};
use clacks_widgets::theme::Theme;
use ratatui::{
    style::Style,
    text::{Line, Span},
};

use crate::{model::Model, state::overlay::ItemsUnder};

/// Columns between two cells.
const GAP: usize = 2;
/// Width of a column without a maximum while others still have to be fitted.
const LEAST_REST: usize = 12;
/// Columns of this priority are for an item that is open itself.
const ONLY_OPEN: u8 = u8::MAX;
/// The column that names the item above.
const OF: &str = "of";

/// Returns a blank line, the title of the list with its counts, and a line for each item. Nothing if there is none.
pub(super) fn lines(model: &Model, theme: Theme, under: &ItemsUnder, columns: usize) -> Vec<Line<'static>> {
    let network = model.networks.active();
    let spec = network.description.list(under.list).filter(|_| under.total > 0);
    let Some(spec) = spec else { return Vec::new() };
    let format = ValueFormat::new(&network.description, network.fetched, theme.charset)
        .naming(Some(network.names.all()));
    let mut lines = vec![Line::default(), title(&network.description, theme, spec, under)];
    let shown = shown_columns(spec, &under.rows, &format, columns);
    lines.extend(under.rows.iter().map(|row| line(&network.description, theme, row, &shown, &format)));
    let more = under.total.saturating_sub(under.rows.len() as u64);
    if more > 0 {
        lines.push(Line::styled(format!("and {more} more"), theme.quiet));
    }
    lines
}

/// `REPLIES  8  7 value  1 error`
fn title(description: &Description, theme: Theme, spec: &ListSpec, under: &ItemsUnder) -> Line<'static> {
    let name = spec.title.as_str().to_uppercase();
    let mut spans = vec![Span::styled(name, theme.strong), Span::raw(format!("  {}", under.total))];
    for (status, count) in spec.statuses.iter().zip(&under.counts).filter(|(_, count)| **count > 0) {
        let tone = description.statuses.iter().find(|known| known.name == *status).map(|known| known.tone);
        let style = tone.map_or(theme.quiet, |tone| theme.status_tone(tone));
        spans.push(Span::styled(format!("  {count} {status}"), style));
    }
    Line::from(spans)
}

/// A cell in its width. Numbers stand on the right.
fn cell(format: &ValueFormat<'_>, kind: &Kind, value: &Value, width: usize) -> String {
    let text = format.cell(kind, value, width);
    if kind.is_number() { padded_left(&text, width) } else { padded(&text, width) }
}

/// A column of the list that has something to show, with its position and its width.
struct Shown<'a> {
    field: &'a Field,
    at: usize,
    width: usize,
}

/// The columns that are not empty, from the most important one on as long as they fit. One without a maximum takes what is
/// left.
fn shown_columns<'a>(
    spec: &'a ListSpec,
    rows: &[Row],
    format: &ValueFormat<'_>,
    columns: usize,
) -> Vec<Shown<'a>> {
    let measured = spec.columns.iter().enumerate().filter_map(|(at, field)| {
        let most = match field.width.1 {
            0 => columns,
            most => usize::from(most),
        };
        let cells = rows.iter().filter_map(|row| row.cells.get(at));
        let width = cells.map(|value| format.cell(&field.kind, value, most).width()).max();
        let is_shown = field.name != OF && field.priority < ONLY_OPEN;
        width.filter(|width| is_shown && *width > 0).map(|width| Shown { field, at, width })
    });
    let mut shown: Vec<_> = measured.collect();
    let least = |column: &Shown<'_>| {
        let is_rest = column.field.width.1 == 0;
        if is_rest { column.width.min(LEAST_REST) } else { column.width }
    };
    let needed = |shown: &[Shown<'_>]| shown.iter().map(|column| least(column) + GAP).sum::<usize>();
    while shown.len() > 1 && needed(&shown) > columns + GAP {
        let Some(first_to_go) = (0..shown.len()).max_by_key(|at| shown[*at].field.priority) else { break };
        shown.remove(first_to_go);
    }
    let mut room = (columns + GAP).saturating_sub(needed(&shown));
    for column in &mut shown {
        let wanted = column.width;
        column.width = wanted.min(least(column) + room);
        room = (least(column) + room).saturating_sub(column.width).min(room);
    }
    shown
}

fn line(
    description: &Description,
    theme: Theme,
    row: &Row,
    shown: &[Shown<'_>],
    format: &ValueFormat<'_>,
) -> Line<'static> {
    let mut spans = Vec::with_capacity(2 * shown.len());
    for (number, column) in shown.iter().enumerate() {
        if number > 0 {
            spans.push(Span::raw(" ".repeat(GAP)));
        }
        let value = row.cells.get(column.at).unwrap_or(&Value::None);
        let text = cell(format, &column.field.kind, value, column.width);
        let tone = match (&column.field.kind, value) {
            (Kind::Status, Value::Status(statuses)) => {
                statuses.main().and_then(|status| description.status(status)).map(|status| status.tone)
            }
            _ => None,
        };
        spans.push(Span::styled(text, tone.map_or_else(Style::new, |tone| theme.status_tone(tone))));
    }
    Line::from(spans)
}
