//! Selection of peers on the map. It is the selection of the peer list.

use clacks_language::command::Step;
use clacks_p2p::Address;
use clacks_p2p_feed::{read_back, rows::peer_key};
use ratatui::layout::{Position, Rect};

use crate::{
    model::Model,
    pages::map_geometry::{aspect_ratio, map_field, point_at},
    state::{
        layout::Pane,
        list::{List, Selection},
        map::MapDirection,
        overlay::OpenOverlay as Kind,
    },
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
    let network = model.networks.active();
    let selected = network.named("peers").and_then(List::selected_row).and_then(|row| {
        let description = &network.description;
        Some((read_back::address(description, row)?, read_back::status(description, row)?))
    });
    let next = match selected {
        Some((peer, status)) => model.shown_map().nearest_in_direction(&peer, status, direction, aspect),
        None => model.shown_map().peers().first().map(|tower| &tower.peer.address),
    };
    if let Some(address) = next.cloned() {
        select(model, &address);
    }
}

/// Selects a peer in the list of peers.
fn select(model: &mut Model, peer: &Address) {
    let peers = model.networks.active_mut().named_mut("peers");
    peers.into_iter().for_each(|peers| peers.selected = Selection::key(peer_key(peer)));
}

/// Selects the tower at a position on the screen, if there is one.
pub(crate) fn select_at(model: &mut Model, position: Position) {
    let field = map_field(model, area(model));
    let Some((distance, address)) = model.shown_map().nearest(point_at(field, position), aspect_ratio(field))
    else {
        return;
    };
    if field.contains(position) && distance < NEAR {
        let address = address.clone();
        select(model, &address);
    }
}

/// Returns the area of the map.
fn area(model: &Model) -> Rect {
    let Some(areas) = model.areas() else { return Rect::default() };
    if model.is_open(Kind::Map) { areas.body } else { areas.pane(Pane::Map) }
}
