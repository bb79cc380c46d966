//! The held messages: preview, reason, sender, size, age.

use clacks_feed::{
    Row, Value,
    description::{ListId, StatusId},
};
use clacks_p2p::Address;
use clacks_text::{
    fit::{fit, fit_address, fit_right},
    format,
};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    components::{draw_empty, marked_count},
    queue::{Shown, max_digits},
};
use crate::{
    model::Model,
    state::{
        layout::below_title,
        list::{List, text_of},
    },
};

const MARKER: usize = 2;
const BY: usize = 7;
const FROM: usize = 26;
const SIZE: usize = 8;
const AGE: usize = 6;
/// Minimum width of a preview, in columns. Below it other columns are left out.
const MIN_PREVIEW_WIDTH: usize = 16;

const EMPTY: &[&str] = &[
    "nothing is held",
    ":hold NUMBER holds a message of the queue,",
    ":hold FILTER all that a filter admits",
];

/// Draws the overlay of the held messages.
pub fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let rows = below_title(area);
    let Some((id, list)) = model.overlay_list().and_then(|id| Some((id, model.networks.active().list(id)?)))
    else {
        return;
    };
    let (held, selected) = list.visible(usize::from(rows.height));
    draw_title(model, theme, list, area, frame);
    if held.is_empty() {
        draw_empty(theme, rows, if model.replay.is_some() { &EMPTY[..1] } else { EMPTY }, frame);
    }
    let digits = max_digits(held.iter());
    for (index, (held, row)) in held.iter().zip(rows.rows()).enumerate() {
        let is_selected = selected == Some(index);
        let is_marked = list.marks.contains(&held.key);
        let mark = if is_marked { Span::styled("*", theme.marked) } else { Span::raw(" ") };
        let mut line = Line::from(vec![Span::raw(if is_selected { ">" } else { " " }), mark]);
        line.spans.extend(row_spans(model, theme, (id, held), digits, usize::from(area.width)));
        frame.render_widget(line, row);
        if is_selected {
            frame.buffer_mut().set_style(row, theme.selected);
        }
    }
}

fn draw_title(model: &Model, theme: Theme, list: &List, area: Rect, frame: &mut Frame<'_>) {
    let rule = model
        .hold_rule
        .as_ref()
        .map_or_else(|| "no filter holds what comes".to_owned(), |rule| format!("held by a filter: {rule}"));
    let mut line = Line::from(Span::styled(" HELD ", theme.title(true)));
    line.push_span(Span::raw(" "));
    line.spans.extend(marked_count(theme, list.marks.len()));
    let notes = format!("{}  {rule}", format::count(usize::try_from(list.total).unwrap_or(usize::MAX)));
    line.push_span(Span::raw(fit(
        &notes,
        usize::from(area.width).saturating_sub(line.width()),
        theme.charset,
    )));
    frame.render_widget(line, Rect { height: area.height.min(1), ..area });
}

fn row_spans(
    model: &Model,
    theme: Theme,
    (list, row): (ListId, &Row),
    digits: usize,
    width: usize,
) -> Vec<Span<'static>> {
    let shown = Shown::of(model, list, row);
    let number = format!("{:>digits$} ", row.key.untrusted());
    let marker = MARKER + number.len();
    let room = width.saturating_sub(marker + MIN_PREVIEW_WIDTH + BY + AGE);
    let from = if room >= FROM { FROM } else { 0 };
    let size = if room >= from + SIZE { SIZE } else { 0 };
    let text = width.saturating_sub(marker + BY + from + size + AGE);
    let by = match model.networks.active().cell(list, row, "by") {
        Some(Value::Status(by)) if by.contains(StatusId(6)) => "filter",
        Some(Value::Status(by)) if by.contains(StatusId(7)) => "refused",
        _ => "hand",
    };
    let sender = model.networks.active().cell(list, row, "from").and_then(text_of);
    let sender = match sender.map(|sender| sender.untrusted().parse::<Address>()) {
        _ if from == 0 => String::new(),
        Some(Ok(sender)) => fit_address(&sender, from - 1, theme.charset),
        _ => "written here".to_owned(),
    };
    vec![
        Span::styled(number, theme.quiet),
        Span::raw(fit(&shown.preview, text, theme.charset)),
        Span::styled(fit_right(by, BY, theme.charset), theme.strong),
        Span::raw(fit(if from == 0 { "" } else { " " }, from.min(1), theme.charset)),
        Span::raw(fit(&sender, from.saturating_sub(1), theme.charset)),
        Span::styled(fit_right(&format::size(shown.size), size, theme.charset), theme.quiet),
        Span::raw(fit_right(&format::age(shown.age), AGE, theme.charset)),
    ]
}
