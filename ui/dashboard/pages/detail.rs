//! Pages about one peer, one message, or one row of the traffic. The text of the message is drawn elsewhere.

use clacks_feed::{
    Value,
    description::{Kind, Role},
};
use clacks_p2p::{Address, core::Peer, node::CertificateFingerprint};
use clacks_p2p_feed::{description::letter, read_back};
use clacks_source::{facts, traffic::row::Row};
use clacks_text::{
    fit::{clock, entry},
    format,
    value::ValueFormat,
};
use clacks_widgets::theme::Theme;
use ratatui::text::Line;

use crate::{
    model::Model,
    state::{list::text_of, overlay::Item},
};

/// Width of the field names, in columns.
const NAME_WIDTH: usize = 14;

/// Returns the lines about an item without its message, wrapped to a width in columns.
pub fn item_lines(model: &Model, theme: Theme, item: &Item, columns: usize) -> Vec<Line<'static>> {
    let network = model.networks.active();
    let peer = || read_back::peer(&network.description, &item.row, network.fetched);
    match (item.role, peer().filter(|_| network.is_clacks())) {
        (Role::Peers, Some(peer)) => {
            let certificate = read_back::certificate(&network.description, &item.row);
            peer_lines(model, theme, (&peer, certificate), item.exists, columns)
        }
        (Role::Messages, _) if model.shows_clacks() => message_lines(model, theme, item, columns),
        _ => cell_lines(model, theme, item, columns),
    }
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
    let lines = field_lines(theme, columns, &gone.into_iter().chain(fields).collect::<Vec<_>>());
    if has_message { with_blank_line(lines) } else { lines }
}

/// Returns the lines about a peer.
fn peer_lines(
    model: &Model,
    theme: Theme,
    (peer, certificate): (&Peer, Option<CertificateFingerprint>),
    is_known: bool,
    columns: usize,
) -> Vec<Line<'static>> {
    let age = format::age(peer.age(model.list_time()));
    let since = clock(peer.time, &model.zone);
    let status = if is_known {
        format!("{} {} for {age}, since {since}", letter(peer.status), peer.status_word())
    } else {
        "no longer known".to_owned()
    };
    let known = introduction_text(model, &peer.address);
    let share = model.shown_shares().of([&peer.address]).percent();
    field_lines(theme, columns, &facts::peer::fields(peer, status, known, &share, certificate))
}

/// Returns the lines about a queued or held message, without its text.
fn message_lines(model: &Model, theme: Theme, item: &Item, columns: usize) -> Vec<Line<'static>> {
    let cell = |column| model.networks.active().cell(item.list, &item.row, column);
    let count = |column| if let Some(Value::Count(count)) = cell(column) { *count } else { 0 };
    let since = if let Some(Value::At(ms)) = cell("since") { *ms } else { 0 };
    let facts = facts::message::Facts {
        number: item.row.key.untrusted().to_owned(),
        age: item.exists.then(|| model.age_of(since)),
        from: cell("from").and_then(text_of).map(|from| from.untrusted().to_owned()),
        place: cell("remote").and_then(text_of).and_then(|place| place.untrusted().parse().ok()),
        visits: count("visits"),
        size: count("size"),
    };
    with_blank_line(field_lines(theme, columns, &facts.fields()))
}

/// Returns the lines about a row of the traffic, without the text of its message.
pub fn row_lines(model: &Model, theme: Theme, row: &Row, columns: usize) -> Vec<Line<'static>> {
    let fields = field_lines(theme, columns, &facts::message::fields_of_row(row, &model.zone, theme.charset));
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

/// Returns how and how long ago a peer became known. `None` if that was not observed.
pub fn introduction_text(model: &Model, peer: &Address) -> Option<String> {
    let introduced = model.shown_map().introduction(peer)?;
    let age = format::age(model.list_time().uptime.saturating_sub(introduced.at));
    Some(facts::peer::introduced(&introduced.by, &age))
}
