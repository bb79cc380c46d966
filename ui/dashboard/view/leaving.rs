//! Progress of the drain, in the place of the input.

use clacks_text::{fit::fit, format};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::state::shutdown::DrainProgress;

/// Columns of the bar at most.
const WIDEST: usize = 40;
/// Fewer columns are no bar.
const NARROWEST: usize = 5;
/// What is there to press.
const KEYS: [(&str, &str); 2] = [("Esc", "give up and stay"), ("q", "ask again")];

/// Draws the progress of the drain: `handed on 12 of 40, 18 s left  ████░░░`. The bar is last, because some terminals
/// make its cells wider.
pub fn draw(handing_on: DrainProgress, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let columns = usize::from(area.width);
    let said = words(handing_on, columns);
    let room = columns.saturating_sub(said.len() + 3).min(WIDEST);
    let mut line = Line::from(Span::styled(fit(&said, columns, theme.charset), theme.strong));
    if room >= NARROWEST {
        let full =
            handing_on.gone.saturating_mul(room).checked_div(handing_on.total).unwrap_or(room).min(room);
        line = Line::from(vec![
            Span::styled(said, theme.strong),
            Span::raw("  "),
            Span::raw("\u{2588}".repeat(full)),
            Span::styled("\u{2591}".repeat(room - full), theme.quiet),
        ]);
    }
    frame.render_widget(line, area);
}

fn words(DrainProgress { total, gone, left }: DrainProgress, columns: usize) -> String {
    let left = format::age(left);
    if columns < 24 {
        format!("{gone}/{total}, {left} left")
    } else {
        format!(" handed on {gone} of {total}, {left} left")
    }
}

/// Draws the key hints during a drain.
pub fn draw_hints(theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let hints = KEYS.iter().flat_map(|(key, does)| {
        [Span::styled(*key, theme.strong), Span::styled(format!(" {does}  "), theme.quiet)]
    });
    frame.render_widget(hints.collect::<Line<'_>>(), area);
}
