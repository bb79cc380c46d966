//! Labels of peers on the map, and their placement.

use std::net::IpAddr;

use clacks_p2p::Address;
use clacks_text::{charset::Charset, fit::fit};
use ratatui::layout::{Position, Rect};

use super::geometry::TOWER_COLUMNS;

/// Maximum length of a label, and of its short form, in columns.
const MAX_LENGTH: usize = 18;
const SHORT_LENGTH: usize = 8;
/// Minimum distance between a label and another tower, in columns. At a smaller distance the label would look as if
/// it belonged to that tower.
const MIN_DISTANCE: u16 = 3;

/// Returns labels for a peer on the map, the best first. A label is the first part of the hostname. Peers that share
/// it are distinguished by their port.
pub(crate) fn label_candidates(address: &Address, all: &[&Address], charset: Charset) -> Vec<String> {
    let first = first_label(address);
    let is_shared = all.iter().any(|other| *other != address && first_label(other) == first);
    let port = format!(":{}", address.port());
    let is_number = address.hostname().parse::<IpAddr>().is_ok();
    let mut names = match (is_shared, is_number) {
        (true, true) => vec![port],
        (true, false) => vec![format!("{first}{port}"), port],
        (false, _) => vec![first.to_owned()],
    };
    let length = names[0].len();
    if length > MAX_LENGTH {
        names[0] = fit(&names[0], MAX_LENGTH, charset);
    }
    if length > SHORT_LENGTH && !is_shared {
        names.push(fit(first, SHORT_LENGTH, charset));
    }
    names
}

fn first_label(address: &Address) -> &str {
    let hostname = address.hostname();
    if hostname.parse::<IpAddr>().is_ok() {
        return hostname;
    }
    hostname.split('.').next().unwrap_or(hostname)
}

/// The cells that are occupied by towers and labels.
#[derive(Debug, Clone)]
pub(crate) struct CellReservations {
    field: Rect,
    taken: Vec<bool>,
    towers: Vec<Position>,
}

impl CellReservations {
    pub(crate) fn new(field: Rect) -> Self {
        Self { field, taken: vec![false; field.area() as usize], towers: Vec::new() }
    }

    /// Reserves `columns` cells if they are free and inside the field.
    pub(crate) fn reserve(&mut self, at: Position, columns: u16) -> bool {
        let cells = Rect::new(at.x, at.y, columns, 1);
        let is_free = self.field.intersection(cells) == cells
            && cells.positions().all(|cell| self.index(cell).is_some_and(|index| !self.taken[index]));
        if is_free {
            for index in cells.positions().filter_map(|cell| self.index(cell)).collect::<Vec<_>>() {
                self.taken[index] = true;
            }
        }
        is_free
    }

    /// Reserves the cells of a tower if they are free and inside the field.
    pub(crate) fn reserve_tower(&mut self, at: Position) -> bool {
        let stands = self.reserve(at, TOWER_COLUMNS);
        self.towers.extend(stands.then_some(at));
        stands
    }

    /// Reserves cells for the label of a tower: right of it, else left, below or above.
    pub(crate) fn reserve_label(&mut self, tower: Position, name: &str) -> Option<Position> {
        // A hostname is ASCII, but the ellipsis of a shortened one is not.
        let columns = name.chars().count() as u16;
        let right = Some(Position { x: tower.x + TOWER_COLUMNS, ..tower });
        let left = tower.x.checked_sub(columns + 2).map(|x| Position { x, ..tower });
        let middle = tower.x.saturating_sub(columns / 2).max(self.field.x);
        let below = Some(Position { x: middle, y: tower.y + 1 });
        let above = tower.y.checked_sub(1).map(|y| Position { x: middle, y });
        let places = [(right, 1), (left, 0), (below, 0), (above, 0)];
        // A free column stays after the label, and between it and its tower.
        places.into_iter().find_map(|(at, gap)| {
            let at = at?;
            if self.is_ambiguous_at(tower, at, columns) {
                return None;
            }
            self.reserve(at, columns + 1 + gap).then_some(Position { x: at.x + gap, ..at })
        })
    }

    /// Whether the label would look as if it belonged to another tower.
    fn is_ambiguous_at(&self, tower: Position, at: Position, columns: u16) -> bool {
        let is_beside = |other: &Position| {
            other.x < at.x + columns + MIN_DISTANCE
                && at.x < other.x + TOWER_COLUMNS + MIN_DISTANCE
                && other.y == at.y
        };
        // A label right of its own tower is always read as that tower's.
        let is_on_its_right = at.y == tower.y && at.x > tower.x;
        !is_on_its_right && self.towers.iter().any(|other| *other != tower && is_beside(other))
    }

    fn index(&self, cell: Position) -> Option<usize> {
        let (x, y) = (cell.x.checked_sub(self.field.x)?, cell.y.checked_sub(self.field.y)?);
        Some(usize::from(y) * usize::from(self.field.width) + usize::from(x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: Rect = Rect::new(0, 0, 30, 5);

    #[test]
    fn a_label_is_not_placed_beside_another_tower() {
        let (tower, below) = (Position::new(20, 2), Position::new(16, 3));
        let mut free = CellReservations::new(FIELD);
        // There is no room on the right or on the left.
        assert!(
            free.reserve_tower(tower)
                && free.reserve(Position::new(23, 2), 7)
                && free.reserve(Position::new(0, 2), 19)
        );
        let mut beside_another = free.clone();
        assert_eq!(free.reserve_label(tower, "quirm"), Some(Position::new(18, 3)));
        assert!(beside_another.reserve_tower(below));
        assert_eq!(beside_another.reserve_label(tower, "quirm"), Some(Position::new(18, 1)));
    }

    #[test]
    fn labels_distinguish_peers() {
        let addresses =
            ["tower:1", "tower:2", "quirm.example.org:1"].map(|text| text.parse::<Address>().unwrap());
        let all: Vec<_> = addresses.iter().collect();
        assert_eq!(label_candidates(all[0], &all, Charset::Unicode), ["tower:1", ":1"]);
        assert_eq!(label_candidates(all[2], &all, Charset::Unicode), ["quirm"]);
    }
}
