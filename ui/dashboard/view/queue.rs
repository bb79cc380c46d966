//! The queue, head first: preview, visits, size, age.

use std::time::Duration;

use clacks_p2p::core::QueuedMessage;
use clacks_text::{
    fit::{fit, fit_right, preview},
    format,
    glyphs::glyphs,
};
use clacks_widgets::theme::Theme;
use ratatui::{Frame, layout::Rect, text::Span};

use super::components::{REPLAY_INPUT_HINT, draw_empty, draw_row, draw_title, marked_count};
use crate::{
    model::Model,
    pages::keys::with_keys,
    state::layout::{Pane, below_title},
};

const MARKER: usize = 2;
const SIZE: usize = 7;
const AGE: usize = 5;
const VISITS: usize = 6;
/// Minimum width of a preview, in columns. Below it the visits are left out.
const MIN_PREVIEW_WIDTH: usize = 20;
/// Minimum width of a preview, in columns. Below it the message number is left out. Commands use that number.
const MIN_NUMBERED_WIDTH: usize = 8;

const EMPTY: &[&str] = &["the queue is empty", "press {:say} to write a message"];
const EMPTY_IN_REPLAY: &[&str] = &["the queue is empty", REPLAY_INPUT_HINT];
const HELD: &[&str] = &["all of it is held", "{:held} lists it"];
const WAITING: &[&str] = &["all of it is on its way"];

/// Draws the queue.
pub fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if area.is_empty() {
        return;
    }
    let overview = &model.listed;
    let bytes = format::size(overview.held_bytes);
    let in_flight = match overview.in_flight {
        0 => String::new(),
        number => format!(" +{} in flight", format::count(number)),
    };
    // Two spaces keep two numbers apart.
    let gap = if overview.in_flight == 0 { "  " } else { " " };
    let held = match overview.held {
        0 => String::new(),
        number => format!("{gap}{} held", format::count(number)),
    };
    let mut notes = vec![Span::raw(format!("{}{in_flight}{held}  {bytes}", format::count(overview.queued)))];
    notes.splice(0..0, marked_count(theme, model.marks.messages.len()));
    draw_title(model, theme, Pane::Queue, area, notes, frame);
    let rows = below_title(area);
    let (queue, selected) = model.queue.visible(usize::from(rows.height));
    if queue.is_empty() && overview.queued == 0 {
        let lines = match (overview.in_flight, overview.held) {
            (0, 0) if model.replay.is_some() => EMPTY_IN_REPLAY,
            (0, 0) => EMPTY,
            (0, _) => HELD,
            _ => WAITING,
        };
        draw_empty(theme, rows, &lines.iter().map(|line| with_keys(model, line)).collect::<Vec<_>>(), frame);
    }
    let digits = max_digits(queue.iter());
    for (index, (queued, row)) in queue.iter().zip(rows.rows()).enumerate() {
        let spans = row_spans(model, theme, queued, digits, usize::from(area.width));
        let signs = (selected == Some(index), model.marks.messages.contains(&queued.id));
        draw_row(model, theme, Pane::Queue, signs, spans, row, frame);
    }
}

/// Returns the length of the longest message number, so that the numbers can be right-aligned.
pub fn max_digits<'a>(shown: impl Iterator<Item = &'a QueuedMessage>) -> usize {
    shown.map(|queued| queued.id.to_string().len()).max().unwrap_or(0)
}

fn row_spans(
    model: &Model,
    theme: Theme,
    queued: &QueuedMessage,
    digits: usize,
    width: usize,
) -> Vec<Span<'static>> {
    let number = queued.id.to_string();
    let number = if width >= MARKER + digits + 1 + MIN_NUMBERED_WIDTH + SIZE + AGE + 2 {
        format!("{number:>digits$} ")
    } else {
        String::new()
    };
    let fixed = MARKER + number.len() + SIZE + AGE + 2;
    let visits = if width >= fixed + VISITS + MIN_PREVIEW_WIDTH { VISITS } else { 0 };
    let text = fit(&preview(&queued.message), width.saturating_sub(fixed + visits), theme.charset);
    let age = model.list_time().uptime.saturating_sub(Duration::from_millis(queued.since_ms));
    let seen = if queued.visits > 1 {
        format!("{}{}", glyphs(theme.charset).times, queued.visits)
    } else {
        String::new()
    };
    vec![
        Span::styled(number, theme.quiet),
        Span::raw(text),
        Span::styled(fit_right(&seen, visits, theme.charset), theme.strong),
        Span::styled(fit_right(&format::size(queued.message.size()), SIZE + 1, theme.charset), theme.quiet),
        Span::raw(fit_right(&format::age(age), AGE + 1, theme.charset)),
    ]
}
