//! Draws the [`Model`]. Pure: no clock, no input or output, and no work beyond what fits on the screen.

pub mod address_labels;
pub mod charts;
pub mod completion_popup;
pub mod components;
pub mod drain_progress;
pub mod footer;
pub mod header;
pub(crate) mod list;
pub(crate) mod list_notes;
pub mod palette;
pub mod panes;
pub mod search;
pub mod selection;
pub mod sparkline;
pub mod traffic;
pub(crate) mod traffic_columns;

use clacks_panes::Place;
use clacks_text::{fit::fit, glyphs};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Clear, Widget},
};

use super::{
    model::Model,
    pages::overlay_lines,
    state::{
        layout::{Areas, Pane},
        overlay::OverlayKind,
    },
};

/// Draws the whole screen.
pub fn view(model: &Model, theme: Theme, frame: &mut Frame<'_>) {
    draw_screen(model, theme, frame);
    if theme.charset.is_ascii() {
        glyphs::to_ascii(frame.buffer_mut());
    }
}

fn draw_screen(model: &Model, theme: Theme, frame: &mut Frame<'_>) {
    let Some(areas) = model.areas() else {
        draw_too_small(model, theme, frame);
        return;
    };
    header::draw(model, theme, areas.header, frame);
    draw_body(model, theme, &areas, frame);
    completion_popup::draw(model, theme, areas.body, frame);
    footer::draw_notice(model, theme, areas.notice, frame);
    footer::draw_input(model, theme, areas.input, frame);
    footer::draw_hints(model, theme, areas.hints, frame);
}

fn draw_too_small(model: &Model, theme: Theme, frame: &mut Frame<'_>) {
    if model.is_quitting() {
        drain_progress::draw(model, theme, frame.area(), frame);
        return;
    }
    let question = model.question.as_ref().filter(|question| question.is_about_leaving());
    let text = question.map_or("20x5 at least", |question| &question.text);
    let area = frame.area();
    if !area.is_empty() {
        frame.render_widget(fit(text, usize::from(area.width), theme.charset), area);
    }
}

fn draw_body(model: &Model, theme: Theme, areas: &Areas, frame: &mut Frame<'_>) {
    if let Some(palette) = &model.palette {
        palette::draw(palette, theme, areas.body, frame);
        return;
    }
    if model.open_overlay().is_some() {
        draw_overlay(model, theme, areas.body, frame);
        return;
    }
    header::draw_summary(model, theme, areas.summary, frame);
    draw_rules(theme, areas, frame);
    list::draw_pane(model, theme, Pane::Peers, areas.peers, frame);
    list::draw_pane(model, theme, Pane::Queue, areas.queue, frame);
    traffic::draw(model, theme, areas.traffic, frame);
    panes::draw_beside(model, theme, Place::Column, areas.column, frame);
    panes::draw_beside(model, theme, Place::Strip, areas.strip, frame);
    charts::draw_first(model, theme, areas.rates, frame);
    selection::draw(model, theme, areas.details, frame);
}

/// Draws the vertical rules between columns.
fn draw_rules(theme: Theme, areas: &Areas, frame: &mut Frame<'_>) {
    for position in areas.rules.iter().flat_map(|rule| rule.positions()) {
        if let Some(cell) = frame.buffer_mut().cell_mut(position) {
            cell.set_symbol("\u{2502}").set_style(theme.quiet);
        }
    }
}

// === What lies over the panes ===

fn draw_overlay(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let Some(overlay) = &model.overlay else { return };
    Clear.render(area, frame.buffer_mut());
    match &overlay.content {
        OverlayKind::Charts => return charts::draw(model, theme, area, frame),
        OverlayKind::Pane(opened) if panes::draws_title(opened) => {
            return panes::draw_open(model, theme, area, frame);
        }
        OverlayKind::List(_) => return list::draw_overlay(model, theme, area, frame),
        _ => {}
    }
    let rows = super::state::layout::below_title(area);
    panes::draw_rows(model, theme, rows, frame);
    let lines = overlay_lines(model, theme, usize::from(area.width));
    let (total, height) = (lines.len() + overlay.message.len(), usize::from(rows.height));
    let mut heading = Line::from(Span::styled(model.title_of(&overlay.content), theme.title(true)));
    if total > height {
        let last = total.min(overlay.scrolled + height);
        heading.push_span(Span::raw(format!("  lines {} to {last} of {total}", overlay.scrolled + 1)));
    }
    if let Some(note) = panes::title_note(model, theme) {
        heading.push_span(Span::raw(note));
    }
    if let Some(search) = &overlay.search {
        let room = usize::from(area.width).saturating_sub(heading.width());
        heading.push_span(search::title_note(search, theme, room));
    }
    frame.render_widget(heading, Rect { height: area.height.min(1), ..area });
    let message_from = overlay.scrolled.saturating_sub(lines.len()).min(overlay.message.len());
    let message = overlay.message[message_from..].iter().map(|row| Line::raw(row.as_str()));
    let lines = lines.into_iter().skip(overlay.scrolled).chain(message);
    for (number, (line, row)) in lines.zip(rows.rows()).enumerate() {
        let text = overlay.search.as_ref().map(|search| (search, line.to_string()));
        frame.render_widget(line, row);
        if let Some((search, text)) = text {
            search::highlight_matches(search, overlay.scrolled + number, &text, theme, row, frame);
        }
    }
}
