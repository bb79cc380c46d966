//! The saved filters: short notes in the title of the traffic, and a page.

use clacks_language::saved_filter::{Number, Station};
use clacks_text::{fit, format, sanitize::sanitize};
use clacks_widgets::theme::Theme;
use crossterm::event::KeyCode;
use ratatui::text::{Line, Span};

use crate::{model::Model, state::key::Key};

/// Maximum width of a filter in the title, in columns.
const MAX_LABEL_WIDTH: usize = 12;
/// Width of number and count on the page, in columns.
const LEFT_WIDTH: usize = 18;

/// Returns the saved filters for a title: number, count and the start of each filter. Without room it returns numbers
/// and counts only.
pub fn title_notes(model: &Model, theme: Theme, room: usize) -> Vec<Span<'static>> {
    let long: Vec<_> = model
        .shown_saved_filters()
        .iter()
        .flat_map(|station| title_note(model, theme, station, true))
        .collect();
    if long.iter().map(Span::width).sum::<usize>() <= room {
        return long;
    }
    let mut room = room;
    let mut notes = Vec::new();
    for station in model.shown_saved_filters().iter() {
        let note = title_note(model, theme, station, false);
        let Some(rest) = room.checked_sub(note.iter().map(Span::width).sum()) else { break };
        room = rest;
        notes.extend(note);
    }
    notes
}

/// Returns the note of one filter, as in `  3 chess 17*`: number, filter, new rows, and `*` if it rings the bell. `>`
/// marks the active filter.
fn title_note(
    model: &Model,
    theme: Theme,
    (number, station, hits): (Number, &Station, u64),
    with_filter: bool,
) -> Vec<Span<'static>> {
    let is_on = is_on(model, station);
    let style = if is_on { theme.strong } else { theme.quiet };
    let label = sanitize(station.filter.as_str(), MAX_LABEL_WIDTH, theme.charset);
    let label = if with_filter { format!(" {}", label.as_str()) } else { String::new() };
    let marker = if is_on { " >" } else { "  " };
    let mut note = vec![Span::styled(format!("{marker}{number}{label}"), style)];
    if hits > 0 {
        note.push(Span::styled(
            format!("{}{}", if with_filter { " " } else { ":" }, hit_count(hits)),
            theme.strong,
        ));
    }
    if station.bell {
        note.push(Span::styled("*", style));
    }
    note
}

/// Whether the traffic shows this station.
fn is_on(model: &Model, station: &Station) -> bool {
    model.log.filter().is_some_and(|shown| shown.as_str() == station.filter.as_str())
}

/// Returns the page of saved filters, wrapped to a width in columns.
pub fn lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let stations = model.shown_saved_filters().iter().flat_map(|(number, station, hits)| {
        let is_on = is_on(model, station);
        let marker = if is_on { '>' } else { ' ' };
        let came = if is_on { "tuned in".to_owned() } else { format!("{} new", hit_count(hits)) };
        fit::entry(
            theme.strong,
            LEFT_WIDTH,
            &format!("{marker} {number}  {came}"),
            &station.to_string(),
            columns,
            theme.charset,
        )
    });
    let mut lines: Vec<_> = stations.collect();
    if lines.is_empty() {
        lines = fit::entry(theme.quiet, 0, "", &empty_text(model), columns, theme.charset);
    }
    lines
}

fn empty_text(model: &Model) -> String {
    let digit = Key::plain(KeyCode::Char('3'));
    let binding = model.keymap.find(model.pane.into(), digit);
    let tunes_in = binding.is_some_and(|binding| binding.command == ":station {key}");
    let key = if tunes_in { digit.to_string() } else { model.key_name(":station 3") };
    format!("there are none; :station 3 from:tower makes one, and {key} tunes in to it")
}

fn hit_count(hits: u64) -> String {
    format::count(usize::try_from(hits).unwrap_or(usize::MAX))
}
