//! Draws the [`Model`]. Pure: no clock, no input or output. The work is bounded by the size of the screen.

mod figures;
mod help;
mod map;
mod plots;

use clacks_text::{charset::Charset, format::grouped, glyphs, sanitize::sanitize};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{layout::Areas, model::Model, snapshot::Stage};
use crate::simulate::table::percent;

/// The finished and the remaining part of the progress bar.
const OVER: &str = "\u{2588}";
const LEFT: &str = "\u{2591}";
/// Maximum width of the progress bar.
const MOST_PROGRESS: usize = 40;
/// The key hints of the last line, most needed first. Those without space are left out.
const HINTS: [&str; 8] =
    ["q leave", "Space pause", "? help", "+ - speed", "v k d map", ". step", "r again", "n next seed"];

/// Draws the screen.
pub(crate) fn view(model: &Model, theme: Theme, frame: &mut Frame<'_>) {
    match model.areas() {
        Some(areas) => draw(model, theme, &areas, frame),
        None => draw_too_small(theme, frame),
    }
    if theme.charset.is_ascii() {
        glyphs::to_ascii(frame.buffer_mut());
    }
}

fn draw_too_small(theme: Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    if !area.is_empty() {
        frame.render_widget(sanitize("20x5 at least", usize::from(area.width), theme.charset).as_str(), area);
    }
}

fn draw(model: &Model, theme: Theme, areas: &Areas, frame: &mut Frame<'_>) {
    draw_header(model, theme, areas.header, frame);
    draw_progress(model, theme, areas.progress, frame);
    if !model.is_still {
        draw_hints(model, theme, areas.hints, frame);
    }
    if model.is_helping {
        help::draw(theme, areas.body, frame);
        return;
    }
    map::draw(model, theme, areas, frame);
    figures::draw(model, theme, areas.figures, frame);
    plots::draw(model, theme, &areas.plots, frame);
}

/// The header. The state comes first, because it must not be cut off.
fn draw_header(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let state = match model.snapshot.stage {
        Stage::Preparing => " PREPARING ",
        Stage::Running => " RUNNING ",
        Stage::Paused => " PAUSED ",
        Stage::Ended => " AT ITS END ",
    };
    let nodes = format!("{} nodes, seed {}", grouped(model.nodes.into()), model.snapshot.seed);
    let room = usize::from(area.width).saturating_sub(state.len() + 2);
    let name = sanitize(&model.name, room.saturating_sub(nodes.len() + 2), theme.charset);
    let mut line = Line::from(vec![Span::styled(state, theme.focused_title), Span::raw("  ")]);
    if name.width() > 0 {
        line.push_span(Span::styled(format!("{name}  "), theme.strong));
    }
    line.push_span(Span::styled(sanitize(&nodes, room, theme.charset).as_str().to_owned(), theme.quiet));
    frame.render_widget(line, area);
}

/// The progress of the scenario.
fn draw_progress(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let (progress, at) = (model.snapshot.progress, figures::time(model));
    let room = usize::from(area.width).saturating_sub(1);
    let told = sanitize(&format!("{}  {at}", percent(progress)), room, theme.charset);
    let bar = room.saturating_sub(told.width() + 2).min(MOST_PROGRESS);
    let over = ((progress * bar as f64) as usize).min(bar);
    let line = Line::from(vec![
        Span::raw(" "),
        Span::styled(OVER.repeat(over), theme.series(0)),
        Span::styled(LEFT.repeat(bar - over), theme.quiet),
        Span::raw(if bar > 0 { " " } else { "" }),
        Span::raw(told.as_str().to_owned()),
    ]);
    frame.render_widget(line, area);
}

fn draw_hints(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if let Some(notice) = &model.notice {
        let notice =
            format!(" {}", sanitize(notice, usize::from(area.width).saturating_sub(1), theme.charset));
        frame.render_widget(Line::styled(notice, theme.notice(true)), area);
        return;
    }
    let mut hints = String::new();
    for hint in HINTS {
        let hint = match hint {
            "q leave" if model.is_helping => "q close",
            "Space pause" if model.snapshot.stage == Stage::Paused => "Space go on",
            "Space pause" | ". step" if model.snapshot.stage == Stage::Ended => continue,
            hint => hint,
        };
        if hints.len() + hint.len() + 2 <= usize::from(area.width) {
            hints = hints + " " + hint + " ";
        }
    }
    frame.render_widget(Line::styled(hints, theme.quiet), area);
}

/// A line of text, cut at the edge.
fn draw_line(text: &str, style: Style, charset: Charset, area: Rect, frame: &mut Frame<'_>) {
    if !area.is_empty() {
        let text = sanitize(text, usize::from(area.width), charset).as_str().to_owned();
        frame.render_widget(Line::styled(text, style), Rect { height: 1, ..area });
    }
}
