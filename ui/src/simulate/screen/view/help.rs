//! The keys, and what they do.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::{dashboard::Theme, untrusted::shown};

/// Columns of the keys.
const KEYS: usize = 12;

/// In the order in which they are needed.
const HELP: [(&str, &str); 15] = [
    ("q Esc", "leave; the table of what became of it follows"),
    ("Space p", "stand still, or go on"),
    (".", "on to the next delivery"),
    ("+ -", "faster, slower: virtual seconds a second"),
    ("v", "map: how often messages came by"),
    ("k", "map: how many peers are known"),
    ("d", "map: how far the farthest known peer is"),
    ("Tab", "the next map"),
    ("r", "begin again with the same seed"),
    ("n", "begin again with the next seed"),
    ("Ctrl-Z", "stop until the shell continues it"),
    ("Ctrl-L", "draw the screen anew"),
    ("? F1", "this list"),
    ("", ""),
    ("", "A distance is a difference of the nodes' numbers."),
];

pub(super) fn draw(theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    for ((keys, does), row) in HELP.iter().zip(area.rows()) {
        let room = usize::from(row.width).saturating_sub(KEYS + 1);
        let line = Line::from(vec![
            Span::styled(format!(" {keys:KEYS$}"), theme.strong),
            Span::raw(shown(does, room).as_str().to_owned()),
        ]);
        frame.render_widget(line, row);
    }
}
