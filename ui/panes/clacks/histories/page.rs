//! Page about the history of a message.

use std::time::Duration;

use clacks_panes::Context;
use clacks_text::{
    fit::{clock, entry, fit},
    format,
};
use ratatui::text::{Line, Span};

use crate::{
    core_time, facts,
    message_history::life::{MessageHistory, Pass},
};

/// Width of the field names, in columns.
const NAME_WIDTH: usize = 14;
/// Minimum width of the timeline, in columns.
const MIN_TIMELINE_WIDTH: usize = 20;

/// Returns the page about the history of a message, newest event first, wrapped to a width in columns.
pub(super) fn lines(context: &Context<'_>, life: &MessageHistory, columns: usize) -> Vec<Line<'static>> {
    let theme = context.theme;
    let mut lines = summary(context, life, columns);
    lines.extend(timeline(context, life, columns));
    lines.push(Line::default());
    let heading = entry(theme.strong, 0, "", &stays_heading(life), columns, theme.charset);
    lines.extend(heading.into_iter().map(|line| line.style(theme.strong)));
    lines.extend(life.passes.iter().rev().flat_map(|pass| stay_lines(context, pass, columns)));
    lines
}

/// Returns the heading of the stays, with their number if not all are listed.
fn stays_heading(life: &MessageHistory) -> String {
    match life.passes.len() {
        told if told < life.stays as usize => {
            format!("the last {told} of its {} stays here, the last first", life.stays)
        }
        _ => "its stays here, the last first".to_owned(),
    }
}

fn summary(context: &Context<'_>, life: &MessageHistory, columns: usize) -> Vec<Line<'static>> {
    let theme = context.theme;
    let told = facts::life::summary(life, core_time(context.listed), context.zone);
    told.into_iter()
        .flat_map(|(name, value)| entry(theme.quiet, NAME_WIDTH, name, &value, columns, theme.charset))
        .collect()
}

/// Returns a timeline from the first stored stay until now, with a mark for each arrival.
fn timeline(context: &Context<'_>, life: &MessageHistory, columns: usize) -> Option<Line<'static>> {
    let theme = context.theme;
    let start = life.passes.front().filter(|_| life.passes.len() > 1)?.came.uptime;
    let length = context.listed.uptime.saturating_sub(start);
    let label = format!("{} ago ", format::age(length));
    let room = columns
        .checked_sub(NAME_WIDTH + label.len() + " now".len())
        .filter(|room| *room >= MIN_TIMELINE_WIDTH)?;
    let mut cells = vec!['\u{2500}'; room];
    for pass in &life.passes {
        let at = timeline_cell(pass.came.uptime.saturating_sub(start), length, room);
        cells[at] = if cells[at] == '\u{2500}' { '\u{2502}' } else { '\u{2503}' };
    }
    Some(Line::from(vec![
        Span::styled(fit("over time", NAME_WIDTH, theme.charset), theme.quiet),
        Span::styled(label, theme.quiet),
        Span::raw(cells.into_iter().collect::<String>()),
        Span::styled(" now", theme.quiet),
    ]))
}

/// Returns the cell of a time on a timeline of `cells` cells that covers `length`.
fn timeline_cell(time: Duration, length: Duration, cells: usize) -> usize {
    if length.is_zero() {
        return 0;
    }
    let share = time.as_secs_f64() / length.as_secs_f64();
    ((share * (cells - 1) as f64).round() as usize).min(cells - 1)
}

fn stay_lines(context: &Context<'_>, pass: &Pass, columns: usize) -> Vec<Line<'static>> {
    let theme = context.theme;
    let time = clock(pass.came.unix_ms, context.zone);
    entry(theme.quiet, NAME_WIDTH, &time, &facts::life::stay(pass), columns, theme.charset)
}
