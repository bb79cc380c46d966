//! Which peers are in which class, and who of them can be sent to.

use super::record::Class;

/// The numbers of the peers of each class. Those that can take no further delivery just now, the busy ones, stand at the
/// end, so that one of the others is drawn by its place.
#[derive(Debug, Default)]
pub(super) struct Groups {
    // What every choice asks for stands together.
    pub(super) free: [u32; Class::COUNT],
    pub(super) numbers: [Vec<u32>; Class::COUNT],
    /// By its number, the place of each peer among those of its class.
    pub(super) places: Vec<u32>,
}

impl Groups {
    pub(super) fn len(&self, class: Class) -> usize {
        self.numbers[class as usize].len()
    }

    pub(super) fn free(&self, class: Class) -> usize {
        self.free[class as usize] as usize
    }

    /// The numbers of a class, those first that can be sent to.
    pub(super) fn numbers(&self, class: Class) -> &[u32] {
        &self.numbers[class as usize]
    }

    /// The place of a peer among those of its class.
    pub(super) fn place(&self, number: usize) -> usize {
        self.places[number] as usize
    }

    /// A peer takes its place: first among the busy, or last among the free. Its number is one that is there or the next.
    pub(super) fn enter(&mut self, number: usize, class: Class, is_busy: bool) {
        if number == self.places.len() {
            self.places.push(0);
        }
        let (last, first_busy) = (self.len(class), self.free(class));
        self.numbers[class as usize].push(number as u32);
        self.places[number] = last as u32;
        self.swap(class, first_busy, last);
        self.free[class as usize] += u32::from(!is_busy);
    }

    /// A peer leaves its place.
    pub(super) fn leave(&mut self, number: usize, class: Class) {
        self.set_busy(number, class, true);
        let place = self.places[number];
        let numbers = &mut self.numbers[class as usize];
        numbers.swap_remove(place as usize);
        if let Some(moved) = numbers.get(place as usize) {
            self.places[*moved as usize] = place;
        }
    }

    /// One that has left is gone, and the last has its number now, if it was not the last itself: one of this class.
    pub(super) fn forget(&mut self, number: usize, class_of_last: Option<Class>) {
        self.places.swap_remove(number);
        if let Some((class, place)) = class_of_last.zip(self.places.get(number)) {
            self.numbers[class as usize][*place as usize] = number as u32;
        }
    }

    pub(super) fn set_busy(&mut self, number: usize, class: Class, is_busy: bool) {
        let (place, free) = (self.place(number), self.free(class));
        let was_busy = place >= free;
        if is_busy && !was_busy {
            self.free[class as usize] -= 1;
            self.swap(class, place, free - 1);
        } else if !is_busy && was_busy {
            self.free[class as usize] += 1;
            self.swap(class, place, free);
        }
    }

    /// Two peers of a class take each other's place.
    fn swap(&mut self, class: Class, one: usize, other: usize) {
        let numbers = &mut self.numbers[class as usize];
        numbers.swap(one, other);
        for place in [one, other] {
            self.places[numbers[place] as usize] = place as u32;
        }
    }
}
