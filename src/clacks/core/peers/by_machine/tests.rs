use super::*;

impl Machines {
    /// Whether each machine and each peer is in its partition.
    pub(in crate::core::peers) fn is_consistent(&self, table: &Table, positions: &[u32]) -> bool {
        let mut idle = [0, 0];
        let mut count = |part: usize, number: usize| {
            if part < ACTIVE {
                idle[part] += number as u32;
            }
        };
        for (position, machine) in self.members.all().iter().copied().enumerate() {
            let part = self.members.part_at(position as u32);
            if self.position(machine, positions) as usize != position {
                return false;
            }
            if self.place(machine, table).is_some_and(|place| self.find(place, table) != Some(machine)) {
                return false;
            }
            if !is_shared(machine) {
                count(part, 1);
                if part != part_of(table.record(machine)) {
                    return false;
                }
                continue;
            }
            let shared = self.shared(machine);
            let stands = |(at, number): (usize, &u32)| {
                let record = table.record(*number);
                positions[*number as usize] as usize == at
                    && record.place == Some(shared.place)
                    && part_of(record) == shared.peers.part_at(at as u32)
            };
            let numbers = shared.peers.all();
            let in_flight: u32 = numbers.iter().map(|number| table.record(*number).in_flight).sum();
            if part != shared.part() || in_flight != shared.in_flight {
                return false;
            }
            if part == ACTIVE && in_flight == 0 {
                return false;
            }
            if numbers.is_empty() || !numbers.iter().enumerate().all(stands) {
                return false;
            }
            if part < ACTIVE {
                [FAST, SLOW].into_iter().for_each(|part| count(part, shared.peers.len_of(part)));
            }
        }
        let shared = self.members.all().iter().filter(|machine| is_shared(**machine)).count();
        let places =
            self.members.all().iter().filter(|machine| self.place(**machine, table).is_some()).count();
        let fast = self.numbers().iter().filter(|number| !table.record(**number).is_slow).count();
        idle == self.idle
            && fast == self.fast as usize
            && shared == self.shared.len()
            && places == self.by_place.len()
            && self.numbers().len() == self.len()
    }
}
