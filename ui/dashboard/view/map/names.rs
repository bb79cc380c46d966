//! Names of peers on the map, and their placement.

use std::net::IpAddr;

use clacks_p2p::Address;
use clacks_text::{charset::Charset, fit::fit};
use ratatui::layout::{Position, Rect};

use crate::pages::map_geometry::TOWER_COLUMNS;

/// Columns of a name at most, and of one where there is little room.
const LONGEST: usize = 18;
const SHORTENED: usize = 8;
/// A tower this near to a name is taken for the one that it belongs to, in columns.
const BESIDE: u16 = 3;

/// Returns short names for a peer on the map, best first. A name is the first label of the hostname. Peers that share
/// it are distinguished by their port.
pub fn name(address: &Address, all: &[&Address], charset: Charset) -> Vec<String> {
    let first = first_part(address);
    let is_shared = all.iter().any(|other| *other != address && first_part(other) == first);
    let port = format!(":{}", address.port());
    let is_number = address.hostname().parse::<IpAddr>().is_ok();
    let mut names = match (is_shared, is_number) {
        (true, true) => vec![port],
        (true, false) => vec![format!("{first}{port}"), port],
        (false, _) => vec![first.to_owned()],
    };
    let length = names[0].len();
    if length > LONGEST {
        names[0] = fit(&names[0], LONGEST, charset);
    }
    if length > SHORTENED && !is_shared {
        names.push(fit(first, SHORTENED, charset));
    }
    names
}

fn first_part(address: &Address) -> &str {
    let hostname = address.hostname();
    if hostname.parse::<IpAddr>().is_ok() {
        return hostname;
    }
    hostname.split('.').next().unwrap_or(hostname)
}

/// Which cells are taken by towers and names.
#[derive(Debug, Clone)]
pub(crate) struct Cells {
    field: Rect,
    taken: Vec<bool>,
    towers: Vec<Position>,
}

impl Cells {
    pub(crate) fn new(field: Rect) -> Self {
        Self { field, taken: vec![false; field.area() as usize], towers: Vec::new() }
    }

    /// Takes so many cells if they are free and on the field.
    pub(crate) fn take(&mut self, at: Position, columns: u16) -> bool {
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

    /// Takes the cells of a tower if they are free and on the field.
    pub(crate) fn stand(&mut self, at: Position) -> bool {
        let stands = self.take(at, TOWER_COLUMNS);
        self.towers.extend(stands.then_some(at));
        stands
    }

    /// Takes room for the name of a tower, on its right, else on its left, below it or above it.
    pub(crate) fn name(&mut self, tower: Position, name: &str) -> Option<Position> {
        // A hostname is ASCII, but a cut one ends in a character that is not.
        let columns = name.chars().count() as u16;
        let right = Some(Position { x: tower.x + TOWER_COLUMNS, ..tower });
        let left = tower.x.checked_sub(columns + 2).map(|x| Position { x, ..tower });
        let middle = tower.x.saturating_sub(columns / 2).max(self.field.x);
        let below = Some(Position { x: middle, y: tower.y + 1 });
        let above = tower.y.checked_sub(1).map(|y| Position { x: middle, y });
        let places = [(right, 1), (left, 0), (below, 0), (above, 0)];
        // A free column stays between it and its tower, and behind it.
        places.into_iter().find_map(|(at, gap)| {
            let at = at?;
            if self.reads_as_anothers(tower, at, columns) {
                return None;
            }
            self.take(at, columns + 1 + gap).then_some(Position { x: at.x + gap, ..at })
        })
    }

    /// Whether a name would stand beside a tower that it does not belong to, as if it were its own.
    fn reads_as_anothers(&self, tower: Position, at: Position, columns: u16) -> bool {
        let is_beside = |other: &Position| {
            other.x < at.x + columns + BESIDE && at.x < other.x + TOWER_COLUMNS + BESIDE && other.y == at.y
        };
        // What stands on the right of its own tower is read as that one's whatever follows.
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
    fn a_name_does_not_stand_where_it_is_taken_for_anothers() {
        let (tower, below) = (Position::new(20, 2), Position::new(16, 3));
        let mut free = Cells::new(FIELD);
        // Nothing has room on the right or on the left.
        assert!(
            free.stand(tower) && free.take(Position::new(23, 2), 7) && free.take(Position::new(0, 2), 19)
        );
        let mut beside_another = free.clone();
        assert_eq!(free.name(tower, "quirm"), Some(Position::new(18, 3)));
        assert!(beside_another.stand(below));
        assert_eq!(beside_another.name(tower, "quirm"), Some(Position::new(18, 1)));
    }

    #[test]
    fn names_tell_towers_apart() {
        let addresses =
            ["tower:1", "tower:2", "quirm.example.org:1"].map(|text| text.parse::<Address>().unwrap());
        let all: Vec<_> = addresses.iter().collect();
        assert_eq!(name(all[0], &all, Charset::Unicode), ["tower:1", ":1"]);
        assert_eq!(name(all[2], &all, Charset::Unicode), ["quirm"]);
    }
}
