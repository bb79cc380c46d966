//! Area of the map, and the mapping between positions and cells.

use ratatui::layout::{Position, Rect};

use crate::{
    model::Model,
    state::{layout::below_title, map_layout::Point},
};

/// Columns of a tower: itself and the letter of its status.
pub(crate) const TOWER_COLUMNS: u16 = 2;

/// Free columns at either side, so that the mark of the selected tower has room.
const SIDE: u16 = 1;

/// From so many rows on what is known of the selected peer has two.
const WITH_TWO_LINES: u16 = 14;

/// Returns the area of the map between the title and the lines about the selected peer.
pub fn field(model: &Model, area: Rect) -> Rect {
    let below = below_title(area);
    Rect { height: below.height - about_rows(model, below), ..below }
}

fn about_rows(model: &Model, below: Rect) -> u16 {
    let is_told_beside =
        model.open_overlay().is_none() && model.areas().is_some_and(|areas| !areas.details.is_empty());
    match below.height {
        _ if is_told_beside => 0,
        WITH_TWO_LINES.. => 2,
        height => u16::from(height >= 4),
    }
}

/// How many times wider than high the field is, as the eye sees it: a cell is twice as high as wide.
pub(crate) fn aspect(field: Rect) -> f64 {
    f64::from(field.width.max(1)) / (2.0 * f64::from(field.height.max(1)))
}

/// The point of the map at a position on the screen.
pub(crate) fn point_at(field: Rect, position: Position) -> Point {
    let part =
        |at: u16, from: u16, length: u16| f64::from(at.saturating_sub(from)) / f64::from(length.max(1));
    let columns = field.width.saturating_sub(2 * SIDE + TOWER_COLUMNS);
    Point {
        x: part(position.x, field.x + SIDE, columns).min(1.0),
        y: part(position.y, field.y, field.height.saturating_sub(1)).min(1.0),
    }
}

/// Returns the cell of a position, the first one of its tower.
pub fn cell(field: Rect, point: Point) -> Position {
    let place = |part: f64, length: u16| (part * f64::from(length)).round() as u16;
    let columns = field.width.saturating_sub(2 * SIDE + TOWER_COLUMNS);
    Position {
        x: field.x + SIDE.min(field.width.saturating_sub(1)) + place(point.x, columns),
        y: field.y + place(point.y, field.height.saturating_sub(1)),
    }
}
