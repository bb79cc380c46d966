//! Selection of peers on the map. It is the selection of the peer list.

use clacks_language::command::Step;
use ratatui::layout::{Position, Rect};

use crate::{
    model::Model,
    pages::map_geometry::{aspect_ratio, map_field, point_at},
    state::{layout::Pane, lists::Anchor, map::MapDirection, overlay::OpenOverlay as Kind},
};

/// Maximum distance of a click from a tower, in heights of the map.
const NEAR: f64 = 0.1;

/// Selects the next tower in a direction.
pub fn select_towards(model: &mut Model, by: Step) {
    let direction = match by {
        Step::Up => MapDirection::Up,
        Step::Down => MapDirection::Down,
        Step::Left => MapDirection::Left,
        Step::Right => MapDirection::Right,
        Step::PageUp | Step::PageDown | Step::Top | Step::Bottom => return,
    };
    let aspect = aspect_ratio(map_field(model, area(model)));
    let next = match model.peers.selected_peer() {
        Some(peer) => model.shown_map().nearest_in_direction(peer, direction, aspect),
        None => model.shown_map().peers().first().map(|tower| &tower.peer.address),
    };
    if let Some(address) = next.cloned() {
        model.peers.selected = Anchor::At(address);
    }
}

/// Selects the tower at a position on the screen, if there is one.
pub(crate) fn select_at(model: &mut Model, position: Position) {
    let field = map_field(model, area(model));
    let Some((distance, address)) = model.shown_map().nearest(point_at(field, position), aspect_ratio(field))
    else {
        return;
    };
    if field.contains(position) && distance < NEAR {
        model.peers.selected = Anchor::At(address.clone());
    }
}

/// Returns the area of the map.
fn area(model: &Model) -> Rect {
    let Some(areas) = model.areas() else { return Rect::default() };
    if model.is_open(Kind::Map) { areas.body } else { areas.pane(Pane::Map) }
}
