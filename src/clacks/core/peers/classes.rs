//! The peers of each class, and which of them are free.

use super::{by_machine::Machines, partitioned::Partitioned, record::Class, table::Table};

/// The parts of a class: free peers, and peers that are busy or paused.
const FREE: usize = 0;
const BUSY: usize = 1;

/// The numbers of the peers of each class. Peers that responded when last tried are grouped by machine, the others by
/// whether they are free.
#[derive(Debug, Default)]
pub(super) struct PeerClasses {
    pub(super) others: [Partitioned<2>; Class::COUNT],
    pub(super) machines: Machines,
    /// The position of each peer, by its number: in its class or, if it responded when last tried, in its machine.
    pub(super) positions: Vec<u32>,
}

impl PeerClasses {
    pub(super) fn len(&self, class: Class) -> usize {
        if class == Class::Responding { self.machines.len() } else { self.others[class as usize].len() }
    }

    /// The free peers of a class, if it is not [`Class::Responding`].
    pub(super) fn free(&self, class: Class) -> &[u32] {
        self.others[class as usize].part(FREE)
    }

    /// Adds a peer. Its number is a known one or the next.
    pub(super) fn insert(&mut self, number: usize, table: &Table) {
        if number == self.positions.len() {
            self.positions.push(0);
        }
        let Self { others, machines, positions } = self;
        let (number, record) = (number as u32, table.record(number as u32));
        if record.class == Class::Responding {
            machines.insert(number, table, positions);
        } else {
            let part = if record.is_busy() { BUSY } else { FREE };
            others[record.class as usize].insert(number, part, &mut record_position(positions));
        }
    }

    /// Removes a peer. Its record must be as it was when it was added or last updated.
    pub(super) fn remove(&mut self, number: usize, table: &Table) {
        let Self { others, machines, positions } = self;
        let class = table.record(number as u32).class;
        if class == Class::Responding {
            machines.remove(number as u32, table, positions);
        } else {
            others[class as usize].remove(positions[number], &mut record_position(positions));
        }
    }

    /// Updates the position of a peer, after its deliveries in flight, its pause or its speed changed.
    pub(super) fn update(&mut self, number: usize, in_flight_before: u32, table: &Table) {
        let Self { others, machines, positions } = self;
        let record = table.record(number as u32);
        if record.class == Class::Responding {
            machines.update(number as u32, in_flight_before, table, positions);
        } else {
            let part = if record.is_busy() { BUSY } else { FREE };
            others[record.class as usize].move_to(positions[number], part, &mut record_position(positions));
        }
    }

    /// Updates the numbers after a removed peer left the table: the last peer has its number now, unless it was the
    /// last.
    pub(super) fn renumber_last(&mut self, number: usize, table: &Table) {
        self.positions.swap_remove(number);
        if let Some(position) = self.positions.get(number).copied() {
            let (last, number) = (self.positions.len() as u32, number as u32);
            let class = table.record(number).class;
            if class == Class::Responding {
                self.machines.renumber(last, number, table, &self.positions);
            } else {
                self.others[class as usize].replace(position, number);
            }
        }
    }
}

/// A callback that stores the positions of peers.
fn record_position(positions: &mut [u32]) -> impl FnMut(u32, u32) {
    |number, position| positions[number as usize] = position
}

#[cfg(test)]
mod tests {
    use super::*;

    impl PeerClasses {
        /// Whether each peer is in its class and part.
        pub(in crate::core::peers) fn is_consistent(&self, table: &Table) -> bool {
            let stands = |(class, numbers): (usize, &Partitioned<2>)| {
                numbers.all().iter().enumerate().all(|(at, number)| {
                    let record = table.record(*number);
                    record.class as usize == class
                        && self.positions[*number as usize] as usize == at
                        && numbers.part_at(at as u32) == usize::from(record.is_busy())
                })
            };
            self.others.iter().enumerate().all(stands) && self.machines.is_consistent(table, &self.positions)
        }
    }
}
