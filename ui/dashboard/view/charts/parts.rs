//! Parts of single charts: the stack of statuses, the axis of the histogram, and the texts of axes and legends.

use clacks_widgets::{theme::Theme, time_series::BOUNDS};
use ratatui::{Frame, layout::Rect, text::Line};

/// Returns the statuses of one column from the bottom up, as indices of `counts`. `rows` rows stand for `scale` items. A
/// status with at least one item gets at least one row, as long as there are rows.
pub(super) fn stack_statuses(counts: &[usize], scale: usize, rows: usize) -> Vec<usize> {
    let mut stack = Vec::new();
    let mut below = 0usize;
    for (status, count) in counts.iter().enumerate() {
        below = below.saturating_add(*count);
        let top = (below.saturating_mul(rows).saturating_add(scale / 2)) / scale.max(1);
        let top = if *count > 0 { top.max(stack.len() + 1) } else { stack.len() };
        // A recording can contain any number.
        stack.resize(top.min(stack.len() + rows), status);
    }
    // Shorten the status with the most rows.
    while stack.len() > rows {
        let share = |status: &usize| stack.iter().filter(|other| *other == status).count();
        let Some(most) = (0..counts.len()).max_by_key(share) else { break };
        let at = stack.iter().position(|status| *status == most).unwrap_or(0);
        stack.remove(at);
    }
    stack
}

/// Draws the upper bounds below the bars of the histogram, with as many labels as fit.
pub(super) fn draw_histogram_axis(theme: Theme, axis: Rect, slot: u16, frame: &mut Frame<'_>) {
    let name = |bar: usize| match (bar, BOUNDS.get(bar).copied()) {
        (0, _) => "<1 ms".to_owned(),
        (_, Some(millis @ ..1000)) => format!("{millis} ms"),
        (_, Some(millis)) => format!("{} s", millis / 1000),
        (_, None) => ">5 s".to_owned(),
    };
    // In little room, label only the powers of ten.
    let step = if slot >= 7 { 1 } else { 3 };
    let mut free = axis.x;
    for bar in (0..=BOUNDS.len()).step_by(step) {
        let text = name(bar);
        let text = if slot * 3 < 7 { text.replace(' ', "") } else { text };
        let width = text.len() as u16;
        let x = axis.x + slot * bar as u16;
        let x = x.min(axis.right().saturating_sub(width));
        if x >= free && width <= axis.width {
            frame.render_widget(Line::styled(text, theme.quiet), Rect { x, width, ..axis });
            free = x + width + 1;
        }
    }
}

/// Formats the seconds of a label on the time axis: `30 s`, `2.5 min`, `10 min`.
pub(super) fn axis_time(seconds: usize) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        _ if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{:.1} min", seconds as f64 / 60.0),
    }
}

/// Returns the longest text that fits, or an empty one.
pub(super) fn longest_fitting(texts: Vec<String>, width: u16) -> String {
    let width = usize::from(width);
    texts.into_iter().filter(|text| text.len() <= width).max_by_key(String::len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clacks_widgets::axis::round_up_to_scale;

    use super::*;

    /// The letters of a column with these numbers of alive, new, lost, dead and ignored peers.
    fn letters(counts: [usize; 5], scale: usize, rows: usize) -> String {
        let letter = |status: usize| ['A', 'N', 'L', 'D', 'I'][status];
        stack_statuses(&counts, scale, rows).into_iter().map(letter).collect()
    }

    #[test]
    fn scales_end_at_round_numbers() {
        for (value, scale) in
            [(0.0, 0.0), (0.31, 0.4), (1.0, 1.0), (1.01, 1.5), (37.0, 40.0), (801.0, 1000.0)]
        {
            assert!((round_up_to_scale(value) - scale).abs() < 1e-9, "{value}: {}", round_up_to_scale(value));
        }
        assert!(round_up_to_scale(f64::INFINITY).abs() < 1e-9);
    }

    #[test]
    fn peers_are_stacked_by_their_share() {
        let peers = [6, 1, 2, 1, 0];
        assert_eq!(letters(peers, 10, 10), "AAAAAANLLD");
        assert_eq!(letters(peers, 20, 10), "AAANLD");
        assert_eq!(letters([0; 5], 10, 10), "");
    }

    #[test]
    fn every_status_has_at_least_one_row() {
        let peers = [900, 1, 1, 1, 1];
        assert_eq!(letters(peers, 1000, 8), "AAAANLDI");
        assert_eq!(letters(peers, 1000, 3).len(), 3);
        assert_eq!(letters([usize::MAX; 5], 1000, 8).len(), 8, "a recording can contain any number");
    }
}
