//! The completion popup: a list above the input, or the notice line if the list does not fit.

use clacks_language::completion::Choice;
use clacks_text::{fit::fit, sanitize::sanitize};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Clear, Widget},
};

use crate::{
    model::{Model, focus::FocusOwner},
    state::assist::CompletionPopup,
};

/// Maximum choices in the list.
const MAX_ROWS: usize = 8;
/// Minimum height of the body, in rows, at which the list is drawn over it.
const MIN_BODY_HEIGHT: u16 = 10;
/// Maximum width of the note beside a choice, in columns.
const MAX_NOTE_WIDTH: usize = 60;

/// Returns the popup if it has the focus.
fn active_popup(model: &Model) -> Option<&CompletionPopup> {
    model.assist.popup().filter(|_| matches!(model.focus_after_question(), FocusOwner::Choices(_)))
}

/// Whether the choices are drawn in the notice line.
pub(crate) fn is_in_notice_line(model: &Model) -> bool {
    active_popup(model).is_some() && model.areas().is_some_and(|areas| areas.body.height < MIN_BODY_HEIGHT)
}

/// Draws the list over the last rows of the body.
pub fn draw(model: &Model, theme: Theme, body: Rect, frame: &mut Frame<'_>) {
    let Some(popup) = active_popup(model).filter(|_| body.height >= MIN_BODY_HEIGHT) else { return };
    let (first, choices) = visible_choices(popup);
    let texts = choices
        .iter()
        .map(|choice| sanitize(&choice.text, usize::from(body.width) / 2, theme.charset).width());
    let notes = choices.iter().map(|choice| sanitize(&choice.note, MAX_NOTE_WIDTH, theme.charset).width());
    let (text, note) = (texts.max().unwrap_or(0), notes.max().unwrap_or(0));
    let width = u16::try_from(text + note + 6).unwrap_or(u16::MAX).max(24).min(body.width);
    let height = u16::try_from(choices.len() + 1).unwrap_or(u16::MAX).min(body.height);
    let area = Rect { x: body.x, y: body.bottom() - height, width, height };
    Clear.render(area, frame.buffer_mut());
    let rule = if width < body.width { "\u{2502}" } else { "" };
    let mut rows = area.rows();
    if let Some(row) = rows.next() {
        frame.render_widget(heading(popup, theme, usize::from(width)), row);
    }
    for ((number, choice), row) in (first..).zip(choices).zip(rows) {
        let is_chosen = popup.chosen == Some(number);
        let note = fit(&choice.note, usize::from(width).saturating_sub(text + 5), theme.charset);
        let line = vec![
            Span::raw(if is_chosen { "> " } else { "  " }),
            Span::raw(fit(&choice.text, text, theme.charset)),
            Span::styled(format!("  {note}"), theme.quiet),
        ];
        frame.render_widget(Line::from(line), row);
        if is_chosen {
            frame.buffer_mut().set_style(row, theme.selected);
        }
        // The rule separates the popup from what it covers.
        let edge = Rect { x: row.right().saturating_sub(1), width: 1, ..row };
        frame.render_widget(Span::styled(rule, theme.quiet), edge);
    }
}

/// Returns the index of the first visible choice, and the visible choices.
fn visible_choices(popup: &CompletionPopup) -> (usize, &[Choice]) {
    let choices = &popup.completion.choices;
    let first = popup.chosen.map_or(0, |chosen| (chosen + 1).saturating_sub(MAX_ROWS));
    (first, &choices[first..choices.len().min(first + MAX_ROWS)])
}

fn heading(popup: &CompletionPopup, theme: Theme, columns: usize) -> Line<'static> {
    let number = popup.completion.choices.len();
    let words =
        popup.chosen.map_or(format!(" {number} fit "), |chosen| format!(" {} of {number} ", chosen + 1));
    let rule = "\u{2500}".repeat(columns.saturating_sub(words.len()));
    Line::styled(format!("{words}{rule}"), theme.quiet)
}

/// Draws the choices side by side in one line. The selected choice is always visible.
pub(crate) fn draw_in_notice_line(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let Some(popup) = active_popup(model) else { return };
    let columns = usize::from(area.width);
    let chosen = popup.chosen.unwrap_or(0);
    let width = |choice: &Choice| sanitize(&choice.text, columns, theme.charset).width() + 3;
    let mut room = columns;
    let fits = |number: &usize| {
        let width = width(&popup.completion.choices[*number]);
        let fits = width <= room;
        room = room.saturating_sub(width);
        fits
    };
    let first = (0..=chosen.min(popup.completion.choices.len().saturating_sub(1)))
        .rev()
        .take_while(fits)
        .last()
        .unwrap_or(chosen);
    let mut line = Line::default();
    for (number, choice) in popup.completion.choices.iter().enumerate().skip(first) {
        let left = columns.saturating_sub(line.width() + 1);
        if left == 0 {
            break;
        }
        let text = sanitize(&choice.text, left, theme.charset);
        let is_chosen = popup.chosen == Some(number);
        let style = if is_chosen { theme.selected } else { theme.quiet };
        line.push_span(Span::styled(
            format!("{}{} ", if is_chosen { ">" } else { " " }, text.as_str()),
            style,
        ));
        line.push_span(Span::raw(" "));
    }
    frame.render_widget(line, area);
}
