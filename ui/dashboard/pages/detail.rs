//! Pages about one peer, one message, or one row of the traffic. The text of the message is drawn elsewhere.

use clacks_feed::description::Kind;
use clacks_session::traffic::{fields, row::Row};
use clacks_text::{fit::entry, value::ValueFormat};
use clacks_widgets::theme::Theme;
use ratatui::text::Line;

use super::under;
use crate::{model::Model, state::overlay::Item};

/// Width of the field names, in columns.
const NAME_WIDTH: usize = 14;

/// Returns the lines about an item without its message, wrapped to a width in columns.
pub fn item_lines(model: &Model, theme: Theme, item: &Item, columns: usize) -> Vec<Line<'static>> {
    let Some(facts) = model.item_facts(theme, item) else { return cell_lines(model, theme, item, columns) };
    let lines = field_lines(theme, columns, &facts);
    if item.message.is_some() { with_blank_line(lines) } else { lines }
}

/// Returns a line for each cell of an item that has a value. The message stands below them.
fn cell_lines(model: &Model, theme: Theme, item: &Item, columns: usize) -> Vec<Line<'static>> {
    let network = model.networks.active();
    let Some(spec) = network.description.list(item.list) else { return Vec::new() };
    let format = ValueFormat::new(&network.description, network.fetched, theme.charset);
    let gone = format!("this {} is no longer here", spec.one.as_str());
    let has_message = item.message.is_some();
    let cells = spec.columns.iter().zip(&item.row.cells);
    let cells = cells.filter(|(column, _)| !has_message || column.kind != Kind::Json);
    let fields = cells
        .map(|(column, value)| (column.title.as_str(), format.untrusted(&column.kind, value).into_owned()));
    let gone = (!item.exists).then_some(("", gone));
    let mut lines = field_lines(theme, columns, &gone.into_iter().chain(fields).collect::<Vec<_>>());
    lines.extend(item.under.iter().flat_map(|under| under::lines(model, theme, under, columns)));
    if has_message { with_blank_line(lines) } else { lines }
}

/// Returns the lines about a row of the traffic, without the text of its message.
pub fn row_lines(model: &Model, theme: Theme, row: &Row, columns: usize) -> Vec<Line<'static>> {
    let fields = field_lines(theme, columns, &fields::fields_of_row(row, &model.zone, theme.charset));
    if row.line.text.is_some() { with_blank_line(fields) } else { fields }
}

/// Returns the lines of the fields that are not empty.
fn field_lines(theme: Theme, columns: usize, fields: &[(&str, String)]) -> Vec<Line<'static>> {
    let known = fields.iter().filter(|(_, value)| !value.is_empty());
    known
        .flat_map(|(name, value)| entry(theme.quiet, NAME_WIDTH, name, value, columns, theme.charset))
        .collect()
}

fn with_blank_line(mut fields: Vec<Line<'static>>) -> Vec<Line<'static>> {
    fields.push(Line::default());
    fields
}
