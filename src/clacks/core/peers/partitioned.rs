//! A list in partitions.

/// Numbers in `N` consecutive partitions, so that an element of several partitions can be drawn by its position. The
/// order within a partition is arbitrary. The caller stores the position of each number; the callback `moved` reports
/// each change.
#[derive(Debug)]
pub(super) struct Partitioned<const N: usize> {
    numbers: Vec<u32>,
    /// The end of each partition.
    ends: [u32; N],
}

impl<const N: usize> Default for Partitioned<N> {
    fn default() -> Self {
        Self { numbers: Vec::new(), ends: [0; N] }
    }
}

impl<const N: usize> Partitioned<N> {
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    pub(super) fn at(&self, position: usize) -> Option<u32> {
        self.numbers.get(position).copied()
    }

    #[cfg(any(test, feature = "simulation"))]
    pub(super) fn all(&self) -> &[u32] {
        &self.numbers
    }

    /// The length of a partition.
    pub(super) fn len_of(&self, part: usize) -> usize {
        self.part(part).len()
    }

    /// The numbers of a partition.
    pub(super) fn part(&self, part: usize) -> &[u32] {
        let begins = if part == 0 { 0 } else { self.ends[part - 1] };
        &self.numbers[begins as usize..self.ends[part] as usize]
    }

    /// The partition of a position.
    pub(super) fn part_at(&self, position: u32) -> usize {
        self.ends.iter().take_while(|end| **end <= position).count()
    }

    /// Adds a number, which is not in the list, to a partition.
    pub(super) fn insert(&mut self, number: u32, part: usize, moved: &mut impl FnMut(u32, u32)) {
        self.numbers.push(number);
        let position = self.ends[N - 1];
        self.ends[N - 1] += 1;
        moved(number, position);
        self.shift(position, N - 1, part, moved);
    }

    /// Removes the number at a position.
    pub(super) fn remove(&mut self, position: u32, moved: &mut impl FnMut(u32, u32)) {
        let last = self.ends[N - 1] - 1;
        let position = self.shift(position, self.part_at(position), N - 1, moved);
        self.swap(position, last, moved);
        self.numbers.pop();
        self.ends[N - 1] = last;
    }

    /// Moves the number at a position to another partition.
    pub(super) fn move_to(&mut self, position: u32, part: usize, moved: &mut impl FnMut(u32, u32)) {
        self.shift(position, self.part_at(position), part, moved);
    }

    /// Replaces the number at a position.
    pub(super) fn replace(&mut self, position: u32, number: u32) {
        self.numbers[position as usize] = number;
    }

    fn shift(&mut self, position: u32, from: usize, to: usize, moved: &mut impl FnMut(u32, u32)) -> u32 {
        let mut position = position;
        for part in from..to {
            self.ends[part] -= 1;
            position = self.swap(position, self.ends[part], moved);
        }
        for part in (to..from).rev() {
            position = self.swap(position, self.ends[part], moved);
            self.ends[part] += 1;
        }
        position
    }

    /// Swaps two numbers. Returns the new position of the one at `position`.
    fn swap(&mut self, position: u32, other: u32, moved: &mut impl FnMut(u32, u32)) -> u32 {
        if position != other {
            self.numbers.swap(position as usize, other as usize);
            [position, other].into_iter().for_each(|at| moved(self.numbers[at as usize], at));
        }
        other
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn each_number_is_in_its_partition_at_the_reported_position(
            steps in vec((0_u32..12, 0_usize..4), 1..80),
        ) {
            let (mut list, mut positions) = (Partitioned::<3>::default(), BTreeMap::new());
            let mut parts: BTreeMap<u32, usize> = BTreeMap::new();
            for (number, part) in steps {
                let position = positions.get(&number).copied();
                let is_there = parts.contains_key(&number);
                let moved = &mut |number, position| _ = positions.insert(number, position);
                match position.filter(|_| is_there) {
                    Some(position) if part == 3 => list.remove(position, moved),
                    Some(position) => list.move_to(position, part, moved),
                    None if part == 3 => {}
                    None => list.insert(number, part, moved),
                }
                _ = if part == 3 { parts.remove(&number) } else { parts.insert(number, part) };
                prop_assert_eq!(list.len(), parts.len());
                for (number, part) in &parts {
                    let position = positions[number];
                    prop_assert_eq!(list.at(position as usize), Some(*number));
                    prop_assert_eq!(list.part_at(position), *part);
                    prop_assert!(list.part(*part).contains(number));
                }
            }
        }
    }
}
