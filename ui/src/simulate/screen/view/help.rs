//! The help: the keys and their effects.

use clacks_text::sanitize::sanitize;
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Width of the key column.
const KEYS: usize = 12;

/// The keys and their effects, most needed first.
const HELP: [(&str, &str); 15] = [
    ("q Esc", "leave; a table of the results follows"),
    ("Space p", "pause or continue"),
    (".", "go on to the next delivery"),
    ("+ -", "faster, slower (virtual seconds per second)"),
    ("v", "map: how many messages each node received"),
    ("k", "map: how many peers each node knows"),
    ("d", "map: distance of each node's farthest known peer"),
    ("Tab", "the next map"),
    ("r", "restart with the same seed"),
    ("n", "restart with the next seed"),
    ("Ctrl-Z", "suspend until the shell continues it"),
    ("Ctrl-L", "redraw the screen"),
    ("? F1", "this list"),
    ("", ""),
    ("", "A distance is the difference of two nodes' numbers."),
];

pub(crate) fn draw(theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    for ((keys, does), row) in HELP.iter().zip(area.rows()) {
        let room = usize::from(row.width).saturating_sub(KEYS + 1);
        let line = Line::from(vec![
            Span::styled(format!(" {keys:KEYS$}"), theme.strong),
            Span::raw(sanitize(does, room, theme.charset).as_str().to_owned()),
        ]);
        frame.render_widget(line, row);
    }
}
