//! The queue, head first: preview, visits, size, age.

use std::time::Duration;

use clacks_feed::{Row, Value, description::ListId};
use clacks_text::{
    fit::{fit, fit_right, preview_json},
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
    let Some((id, list)) =
        model.list_of(Pane::Queue).and_then(|id| Some((id, model.networks.active().list(id)?)))
    else {
        return;
    };
    notes.splice(0..0, marked_count(theme, list.marks.len()));
    draw_title(model, theme, Pane::Queue, area, notes, frame);
    let rows = below_title(area);
    let (queue, selected) = list.visible(usize::from(rows.height));
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
        let spans = row_spans(model, theme, (id, queued), digits, usize::from(area.width));
        let signs = (selected == Some(index), list.marks.contains(&queued.key));
        draw_row(model, theme, Pane::Queue, signs, spans, row, frame);
    }
}

/// Returns the length of the longest message number, so that the numbers can be right-aligned.
pub fn max_digits<'a>(shown: impl Iterator<Item = &'a Row>) -> usize {
    shown.map(|queued| queued.key.untrusted().len()).max().unwrap_or(0)
}

/// What a list shows of a queued or held message.
pub(crate) struct Shown {
    pub preview: String,
    pub age: Duration,
    pub size: usize,
    pub visits: u64,
}

impl Shown {
    /// Reads the cells of a row.
    pub(crate) fn of(model: &Model, list: ListId, row: &Row) -> Self {
        let count = |column| match model.networks.active().cell(list, row, column) {
            Some(Value::Count(count)) => *count,
            _ => 0,
        };
        let since =
            if let Some(Value::At(ms)) = model.networks.active().cell(list, row, "since") { *ms } else { 0 };
        let text = model.networks.active().message(list, row);
        Self {
            preview: text.map(|text| preview_json(text.untrusted())).unwrap_or_default(),
            age: model.age_of(since),
            size: usize::try_from(count("size")).unwrap_or(usize::MAX),
            visits: count("visits"),
        }
    }
}

fn row_spans(
    model: &Model,
    theme: Theme,
    (list, row): (ListId, &Row),
    digits: usize,
    width: usize,
) -> Vec<Span<'static>> {
    let number = row.key.untrusted();
    let number = if width >= MARKER + digits + 1 + MIN_NUMBERED_WIDTH + SIZE + AGE + 2 {
        format!("{number:>digits$} ")
    } else {
        String::new()
    };
    let fixed = MARKER + number.len() + SIZE + AGE + 2;
    let visits = if width >= fixed + VISITS + MIN_PREVIEW_WIDTH { VISITS } else { 0 };
    let shown = Shown::of(model, list, row);
    let text = fit(&shown.preview, width.saturating_sub(fixed + visits), theme.charset);
    let seen = if shown.visits > 1 {
        format!("{}{}", glyphs(theme.charset).times, shown.visits)
    } else {
        String::new()
    };
    vec![
        Span::styled(number, theme.quiet),
        Span::raw(text),
        Span::styled(fit_right(&seen, visits, theme.charset), theme.strong),
        Span::styled(fit_right(&format::size(shown.size), SIZE + 1, theme.charset), theme.quiet),
        Span::raw(fit_right(&format::age(shown.age), AGE + 1, theme.charset)),
    ]
}
