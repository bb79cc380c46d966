//! Area of the map, and the mapping between positions and cells.

use clacks_panes::{Context, Shown};
use clacks_widgets::heading::below_title;
use ratatui::layout::{Position, Rect};

use super::layout::Point;

/// Width of a tower with the letter of its status, in columns.
pub(crate) const TOWER_COLUMNS: u16 = 2;

/// Free columns at the left and right edge, for the marker of the selected tower.
const SIDE_MARGIN: u16 = 1;

/// Minimum height, in rows, for two lines about the selected peer.
const MIN_TWO_LINES: u16 = 14;

/// Returns the area of the map between the title and the lines about the selected peer.
pub(crate) fn map_field(context: &Context<'_>, area: Rect) -> Rect {
    let below = below_title(area);
    Rect { height: below.height - summary_rows(context, below), ..below }
}

fn summary_rows(context: &Context<'_>, below: Rect) -> u16 {
    let is_told_beside = context.shown == Shown::Beside && context.has_details;
    match below.height {
        _ if is_told_beside => 0,
        MIN_TWO_LINES.. => 2,
        height => u16::from(height >= 4),
    }
}

/// Returns the width of the field divided by its height. A cell counts as twice as high as wide.
pub(crate) fn aspect_ratio(field: Rect) -> f64 {
    f64::from(field.width.max(1)) / (2.0 * f64::from(field.height.max(1)))
}

/// Returns the point of the map at a position on the screen.
pub(crate) fn point_at(field: Rect, position: Position) -> Point {
    let part =
        |at: u16, from: u16, length: u16| f64::from(at.saturating_sub(from)) / f64::from(length.max(1));
    let columns = field.width.saturating_sub(2 * SIDE_MARGIN + TOWER_COLUMNS);
    Point {
        x: part(position.x, field.x + SIDE_MARGIN, columns).min(1.0),
        y: part(position.y, field.y, field.height.saturating_sub(1)).min(1.0),
    }
}

/// Returns the cell of a position, the first one of its tower.
pub(crate) fn cell_of(field: Rect, point: Point) -> Position {
    let place = |part: f64, length: u16| (part * f64::from(length)).round() as u16;
    let columns = field.width.saturating_sub(2 * SIDE_MARGIN + TOWER_COLUMNS);
    Position {
        x: field.x + SIDE_MARGIN.min(field.width.saturating_sub(1)) + place(point.x, columns),
        y: field.y + place(point.y, field.height.saturating_sub(1)),
    }
}
