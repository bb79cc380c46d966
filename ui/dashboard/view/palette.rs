//! The command palette: the list of commands that can be run now.

use clacks_text::{
    charset::Charset,
    fit::fit,
    sanitize::{sanitize, sanitize_lines},
};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
    widgets::{Clear, Widget},
};

use super::components::draw_heading;
use crate::state::{
    layout::PaletteAreas,
    palette::{Palette, PaletteAction, PaletteItem},
};

const MARKER_WIDTH: usize = 2;
/// Width of the keys with the space after them, in columns.
const KEYS_WIDTH: usize = 12;
/// Minimum width, in columns, at which the command has its own column.
const WIDE: usize = 70;
/// Range of the width of the commands, in columns. They get a third of the width.
const COMMAND_WIDTH: std::ops::RangeInclusive<usize> = 24..=40;

/// Draws the palette of available commands.
pub fn draw(palette: &Palette, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    Clear.render(area, frame.buffer_mut());
    let parts = PaletteAreas::of(area);
    let (shown, all) = palette.counts();
    let count = if shown == all { format!("  {all}") } else { format!("  {shown} of {all}") };
    let heading = Line::from(vec![Span::styled(" AVAILABLE COMMANDS ", theme.title(true)), Span::raw(count)]);
    draw_heading(theme, heading, parts.title, frame);
    draw_query(palette, theme, parts.query, frame);
    let height = usize::from(parts.rows.height);
    for ((item, is_selected), row) in palette.visible(height).zip(parts.rows.rows()) {
        draw_item(item, is_selected, theme, row, frame);
    }
    if shown == 0 {
        let text = fit("  no command matches", usize::from(area.width), theme.charset);
        frame.render_widget(Line::styled(text, theme.quiet), parts.rows);
    }
    draw_details(palette, theme, parts.details, frame);
}

fn draw_query(palette: &Palette, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if area.is_empty() {
        return;
    }
    let room = usize::from(area.width).saturating_sub(MARKER_WIDTH + 1);
    if palette.query().is_empty() {
        let hint = fit("type to narrow the list", room, theme.charset);
        frame.render_widget(Line::from(vec![Span::raw("/ "), Span::styled(hint, theme.quiet)]), area);
    } else {
        frame.render_widget(Line::raw(format!("/ {}", fit(palette.query(), room, theme.charset))), area);
    }
    let column = MARKER_WIDTH + sanitize(palette.query(), room, theme.charset).width();
    let column = area.x.saturating_add(u16::try_from(column).unwrap_or(u16::MAX));
    frame.set_cursor_position(Position::new(column.min(area.right() - 1), area.y));
}

fn draw_item(item: &PaletteItem, is_selected: bool, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let width = usize::from(area.width).saturating_sub(MARKER_WIDTH);
    let keys = KEYS_WIDTH.min(width / 3);
    let command = if usize::from(area.width) < WIDE {
        0
    } else {
        (width / 3).clamp(*COMMAND_WIDTH.start(), *COMMAND_WIDTH.end())
    };
    let rest = width.saturating_sub(keys + command);
    let is_idle = matches!(item.action, PaletteAction::Unavailable(_));
    let style = |style| if is_idle { theme.quiet } else { style };
    let text = match &item.action {
        PaletteAction::Unavailable(reason) => format!("not now: {reason}"),
        _ if command == 0 && item.keys.is_empty() => format!("{}  {}", item.line, item.help),
        _ => item.help.clone(),
    };
    let mut line = Line::from(Span::raw(if is_selected { "> " } else { "  " }));
    line.push_span(Span::styled(fit_column(&item.keys, keys, theme.charset), style(theme.strong)));
    line.push_span(Span::styled(
        fit_column(&item.line, command, theme.charset),
        style(ratatui::style::Style::new()),
    ));
    line.push_span(Span::styled(fit(&text, rest, theme.charset), style(ratatui::style::Style::new())));
    frame.render_widget(line, area);
    if is_selected {
        frame.buffer_mut().set_style(area, theme.selected);
    }
}

/// Fits a text into `columns` columns, the last of which is a space.
fn fit_column(text: &str, columns: usize, charset: Charset) -> String {
    match columns.checked_sub(1) {
        Some(room) => format!("{} ", fit(text, room, charset)),
        None => String::new(),
    }
}

fn draw_details(palette: &Palette, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let Some(item) = palette.selected_item().filter(|_| !area.is_empty()) else { return };
    let text = format!("{}  {}", item.line, item.description());
    let lines = sanitize_lines(&text, usize::from(area.width), 0, usize::from(area.height), theme.charset);
    for (line, row) in lines.iter().zip(area.rows()) {
        frame.render_widget(Line::styled(line.as_str().to_owned(), theme.quiet), row);
    }
}
