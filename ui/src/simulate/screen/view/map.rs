//! The map: a square per node or group of nodes; a brighter square is a larger value.

use clacks_text::format;
use clacks_widgets::theme::Theme;
use ratatui::{Frame, layout::Rect, style::Style, text::Line};

use super::draw_line;
use crate::simulate::screen::{
    layout::Areas,
    model::Model,
    snapshot::{Cell, Heat, Measure, Stage},
};

/// Shades, from zero to the maximum.
const SHADES: [&str; 5] = [" ", "\u{2591}", "\u{2592}", "\u{2593}", "\u{2588}"];
/// The symbol of a cell whose nodes are all down.
const DOWN: &str = "x";

pub(crate) fn draw(model: &Model, theme: Theme, areas: &Areas, frame: &mut Frame<'_>) {
    if areas.map.is_empty() {
        return;
    }
    draw_line(
        &format!(" {}", title(model.measure, areas.heading.width)),
        theme.title,
        theme.charset,
        areas.heading,
        frame,
    );
    let heat = &*model.snapshot.heat;
    // After a change of the size or the measurement, the matching snapshot has not arrived yet.
    if model.snapshot.stage == Stage::Preparing || heat.grid != areas.grid || heat.measure != model.measure {
        return;
    }
    draw_cells(heat, theme, areas.map, frame);
    draw_legend(heat, theme, areas.legend, frame);
}

fn title(measure: Measure, room: u16) -> &'static str {
    let (short, long) = match measure {
        Measure::Visits => ("VISITS", "VISITS of messages"),
        Measure::Known => ("KNOWN", "PEERS KNOWN"),
        Measure::Distance => ("FARTHEST", "FARTHEST known peer"),
    };
    if long.len() < usize::from(room) { long } else { short }
}

fn draw_cells(heat: &Heat, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let (most, (width, height)) = (heat.most(), heat.grid.size);
    let columns = (heat.grid.columns as usize).max(1);
    for (number, cell) in heat.cells.iter().enumerate() {
        let (symbol, style) = look(*cell, most, theme);
        let x = area.x + (number % columns) as u16 * width;
        let y = area.y + (number / columns) as u16 * height;
        for position in (Rect { x, y, width, height }).intersection(area).positions() {
            if let Some(cell) = frame.buffer_mut().cell_mut(position) {
                cell.set_symbol(symbol).set_style(style);
            }
        }
    }
}

fn look(cell: Cell, most: f32, theme: Theme) -> (&'static str, Style) {
    match cell {
        Cell::Nothing => (" ", Style::new()),
        Cell::Down => (DOWN, theme.dead),
        Cell::Mean(mean) => (SHADES[shade(mean, most)], theme.series(0)),
    }
}

/// The index of the shade. Index 0 is only for a value of zero.
fn shade(mean: f32, most: f32) -> usize {
    if mean <= 0.0 || most <= 0.0 {
        return 0;
    }
    let steps = SHADES.len() - 1;
    ((mean / most * steps as f32).ceil() as usize).clamp(1, steps)
}

/// The legend of the shades, shortened to the available width.
fn draw_legend(heat: &Heat, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let most = heat.most();
    let steps = SHADES.len() - 1;
    let bound = |step: usize| number(most * step as f32 / steps as f32);
    let shades: Vec<_> = (1..=steps).map(|step| format!("{}{}", SHADES[step], bound(step))).collect();
    let shades = if most > 0.0 { format!("to {}", shades.join(" ")) } else { "nothing yet".to_owned() };
    if area.height < 3 {
        frame.render_widget(Line::styled(shades, theme.series(0)), area);
        return;
    }
    let side = heat.grid.side;
    let stands = if side > 1 {
        format!("a square: the mean of {side} x {side} nodes")
    } else {
        "a square is a node".to_owned()
    };
    let brightest = format!("the brightest: {} {}", number(most), unit(heat.measure));
    let has_down = heat.cells.contains(&Cell::Down);
    let lines = [stands, shades, brightest + if has_down { "; x is down" } else { "" }];
    let styles = [theme.quiet, theme.series(0), theme.quiet];
    for ((line, style), row) in lines.into_iter().zip(styles).zip(area.rows()) {
        // Not through the sanitizer for text of peers, because ASCII has no shades.
        frame.render_widget(Line::styled(line, style), row);
    }
}

fn unit(measure: Measure) -> &'static str {
    match measure {
        Measure::Visits => "visits",
        Measure::Known => "peers",
        Measure::Distance => "numbers away",
    }
}

/// Formats a value: `0.3`, `7`, `12`, `1.2k`.
fn number(value: f32) -> String {
    if value < 9.95 && value.fract() != 0.0 {
        format!("{value:.1}")
    } else {
        format::count(value.round() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_values_are_brighter_and_only_zero_is_dark() {
        let shades = [0.0, 0.01, 25.0, 25.1, 50.0, 75.0, 76.0, 100.0].map(|mean| shade(mean, 100.0));
        assert_eq!(shades, [0, 1, 1, 2, 2, 3, 4, 4]);
        assert_eq!(shade(0.0, 0.0), 0);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.0, 0.25, 3.0, 9.97, 12.4, 1234.0].map(number), ["0", "0.2", "3", "10", "12", "1.2k"]);
    }
}
