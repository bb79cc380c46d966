//! The stations: in short in the title of the traffic, and as a list.

use clacks_language::saved_filter::{Number, Station};
use clacks_text::{fit, format, sanitize::shown};
use clacks_widgets::theme::Theme;
use crossterm::event::KeyCode;
use ratatui::text::{Line, Span};

use crate::{keymap::key::Key, model::Model};

/// Columns of a filter in the title at most.
const LABEL: usize = 12;
/// Columns of the number and the count in the list.
const LEFT: usize = 18;

/// Returns the saved filters for a title: number, count and the start of each filter. Without room it returns numbers
/// and counts only.
pub fn notes(model: &Model, theme: Theme, room: usize) -> Vec<Span<'static>> {
    let long: Vec<_> =
        model.shown_listening().iter().flat_map(|station| note(model, theme, station, true)).collect();
    if long.iter().map(Span::width).sum::<usize>() <= room {
        return long;
    }
    let mut room = room;
    let mut notes = Vec::new();
    for station in model.shown_listening().iter() {
        let note = note(model, theme, station, false);
        let Some(rest) = room.checked_sub(note.iter().map(Span::width).sum()) else { break };
        room = rest;
        notes.extend(note);
    }
    notes
}

/// `  3 chess 17*`: the number, its filter, what came since, and `*` for the bell; `>` marks what is listened to.
fn note(
    model: &Model,
    theme: Theme,
    (number, station, hits): (Number, &Station, u64),
    with_filter: bool,
) -> Vec<Span<'static>> {
    let is_on = model.log.filter() == Some(&station.filter);
    let style = if is_on { theme.strong } else { theme.quiet };
    let label = shown(station.filter.as_str(), LABEL, theme.charset);
    let label = if with_filter { format!(" {}", label.as_str()) } else { String::new() };
    let marker = if is_on { " >" } else { "  " };
    let mut note = vec![Span::styled(format!("{marker}{number}{label}"), style)];
    if hits > 0 {
        note.push(Span::styled(
            format!("{}{}", if with_filter { " " } else { ":" }, count(hits)),
            theme.strong,
        ));
    }
    if station.bell {
        note.push(Span::styled("*", style));
    }
    note
}

/// Returns the page of saved filters, wrapped to a width in columns.
pub fn lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let stations = model.shown_listening().iter().flat_map(|(number, station, hits)| {
        let is_on = model.log.filter() == Some(&station.filter);
        let marker = if is_on { '>' } else { ' ' };
        let came = if is_on { "tuned in".to_owned() } else { format!("{} new", count(hits)) };
        fit::entry(
            theme.strong,
            LEFT,
            &format!("{marker} {number}  {came}"),
            &station.to_string(),
            columns,
            theme.charset,
        )
    });
    let mut lines: Vec<_> = stations.collect();
    if lines.is_empty() {
        lines = fit::entry(theme.quiet, 0, "", &none(model), columns, theme.charset);
    }
    lines
}

fn none(model: &Model) -> String {
    let digit = Key::plain(KeyCode::Char('3'));
    let binding = model.keymap.find(model.pane.into(), digit);
    let tunes_in = binding.is_some_and(|binding| binding.command == ":station {key}");
    let key = if tunes_in { digit.to_string() } else { model.key_for(":station 3") };
    format!("there are none; :station 3 from:tower makes one, and {key} tunes in to it")
}

fn count(hits: u64) -> String {
    format::count(usize::try_from(hits).unwrap_or(usize::MAX))
}
