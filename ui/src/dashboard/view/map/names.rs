//! What towers are called, and where their names have room.

use std::net::IpAddr;

use clacks_p2p::Address;
use ratatui::layout::{Position, Rect};

use super::{super::row::fit, TOWER_COLUMNS};

/// Columns of a name at most, and of one where there is little room.
const LONGEST: usize = 18;
const SHORTENED: usize = 8;

/// The names for a tower among others, the best first: the first part of its hostname, or what tells it from others
/// that share it.
pub(super) fn name(address: &Address, all: &[&Address]) -> Vec<String> {
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
        names[0] = fit(&names[0], LONGEST);
    }
    if length > SHORTENED && !is_shared {
        names.push(fit(first, SHORTENED));
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
#[derive(Debug)]
pub(super) struct Cells {
    field: Rect,
    taken: Vec<bool>,
}

impl Cells {
    pub(super) fn new(field: Rect) -> Self {
        Self { field, taken: vec![false; field.area() as usize] }
    }

    /// Takes so many cells if they are free and on the field.
    pub(super) fn take(&mut self, at: Position, columns: u16) -> bool {
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

    /// Takes room for the name of a tower, on its right, else on its left, below it or above it.
    pub(super) fn name(&mut self, tower: Position, name: &str) -> Option<Position> {
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
            self.take(at, columns + 1 + gap).then_some(Position { x: at.x + gap, ..at })
        })
    }

    fn index(&self, cell: Position) -> Option<usize> {
        let (x, y) = (cell.x.checked_sub(self.field.x)?, cell.y.checked_sub(self.field.y)?);
        Some(usize::from(y) * usize::from(self.field.width) + usize::from(x))
    }
}
