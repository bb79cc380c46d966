//! The life of a message.

use std::time::Duration;

use clacks_source::{
    facts,
    message_history::life::{MessageHistory, Pass},
};
use clacks_text::{
    fit::{clock, entry, fit},
    format,
};
use clacks_widgets::theme::Theme;
use ratatui::text::{Line, Span};

use crate::model::Model;

/// Columns of the names of fields.
const NAME: usize = 14;
/// A line of time is not narrower than this.
const TIMELINE: usize = 20;

/// Returns the page about the history of a message, newest event first, wrapped to a width in columns.
pub fn lines(model: &Model, theme: Theme, life: &MessageHistory, columns: usize) -> Vec<Line<'static>> {
    let mut lines = summary(model, theme, life, columns);
    lines.extend(timeline(model, theme, life, columns));
    lines.push(Line::default());
    lines.push(Line::styled(stays(life), theme.strong));
    lines.extend(life.passes.iter().rev().flat_map(|pass| stay(model, theme, pass, columns)));
    lines
}

/// The heading of the stays, which says how many are told.
fn stays(life: &MessageHistory) -> String {
    match life.passes.len() {
        told if told < life.stays as usize => {
            format!("the last {told} of its {} stays here, the last first", life.stays)
        }
        _ => "its stays here, the last first".to_owned(),
    }
}

fn summary(model: &Model, theme: Theme, life: &MessageHistory, columns: usize) -> Vec<Line<'static>> {
    let told = facts::life::summary(life, model.shown_now(), &model.zone);
    told.into_iter()
        .flat_map(|(name, value)| entry(theme.quiet, NAME, name, &value, columns, theme.charset))
        .collect()
}

/// A line from the first of the remembered stays until now, with a mark where the message came.
fn timeline(model: &Model, theme: Theme, life: &MessageHistory, columns: usize) -> Option<Line<'static>> {
    let start = life.passes.front().filter(|_| life.passes.len() > 1)?.came.uptime;
    let length = model.shown_now().uptime.saturating_sub(start);
    let label = format!("{} ago ", format::age(length));
    let room = columns.checked_sub(NAME + label.len() + " now".len()).filter(|room| *room >= TIMELINE)?;
    let mut cells = vec!['\u{2500}'; room];
    for pass in &life.passes {
        let at = place(pass.came.uptime.saturating_sub(start), length, room);
        cells[at] = if cells[at] == '\u{2500}' { '\u{2502}' } else { '\u{2503}' };
    }
    Some(Line::from(vec![
        Span::styled(fit("over time", NAME, theme.charset), theme.quiet),
        Span::styled(label, theme.quiet),
        Span::raw(cells.into_iter().collect::<String>()),
        Span::styled(" now", theme.quiet),
    ]))
}

/// The cell of a line of `cells` that a time stands on, of a length that the line stands for.
fn place(time: Duration, length: Duration, cells: usize) -> usize {
    if length.is_zero() {
        return 0;
    }
    let share = time.as_secs_f64() / length.as_secs_f64();
    ((share * (cells - 1) as f64).round() as usize).min(cells - 1)
}

fn stay(model: &Model, theme: Theme, pass: &Pass, columns: usize) -> Vec<Line<'static>> {
    let time = clock(pass.came.unix_ms, &model.zone);
    entry(theme.quiet, NAME, &time, &facts::life::stay(pass), columns, theme.charset)
}
