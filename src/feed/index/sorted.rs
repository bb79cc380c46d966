use std::{cmp::Ordering, ops::Range, sync::Arc};

use super::place::{Place, Sorting};

/// Maximum places in a chunk.
const CHUNK: usize = 512;

/// Sorted places, in chunks: finding one takes a binary search over the chunks and one in a chunk. A position is the sum of
/// the lengths of the chunks before it.
#[derive(Debug, Default)]
pub(super) struct SortedPlaces {
    sorting: Sorting,
    /// None is empty.
    chunks: Vec<Vec<Arc<Place>>>,
    len: usize,
}

impl SortedPlaces {
    pub(super) fn new(sorting: Sorting) -> Self {
        Self { sorting, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Inserts a place that is not there yet.
    pub(super) fn insert(&mut self, place: Arc<Place>) {
        let Some((chunk, index)) = self.lower_bound(&place) else {
            self.push(place);
            return;
        };
        let places = &mut self.chunks[chunk];
        places.insert(index, place);
        self.len += 1;
        if places.len() > CHUNK {
            self.split(chunk);
        }
    }

    /// Appends a place that is behind all others.
    fn push(&mut self, place: Arc<Place>) {
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(place),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK + 1);
                chunk.push(place);
                self.chunks.push(chunk);
            }
        }
        self.len += 1;
    }

    /// Removes a place.
    pub(super) fn remove(&mut self, place: &Place) {
        let Some((chunk, index)) = self.lower_bound(place) else { return };
        let places = &mut self.chunks[chunk];
        if self.sorting.compare(&places[index], place) == Ordering::Equal {
            places.remove(index);
            self.len -= 1;
            self.merge(chunk);
        }
    }

    /// Number of places before this one.
    pub(super) fn rank(&self, place: &Place) -> usize {
        let Some((chunk, index)) = self.lower_bound(place) else { return self.len };
        self.chunks[..chunk].iter().map(Vec::len).sum::<usize>() + index
    }

    /// The places at these positions.
    pub(super) fn range(&self, ranks: Range<usize>) -> impl Iterator<Item = &Arc<Place>> {
        let mut before = 0;
        let first = self.chunks.iter().position(|chunk| {
            let is_here = ranks.start < before + chunk.len();
            if !is_here {
                before += chunk.len();
            }
            is_here
        });
        let chunks = first.map_or(&[][..], |first| &self.chunks[first..]);
        chunks.iter().flatten().skip(ranks.start - before).take(ranks.len())
    }

    /// The chunk and the index in it of the first place that is not before this one.
    fn lower_bound(&self, place: &Place) -> Option<(usize, usize)> {
        let is_before = |other: &Arc<Place>| self.sorting.compare(other, place) == Ordering::Less;
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(is_before));
        let places = self.chunks.get(chunk)?;
        Some((chunk, places.partition_point(is_before)))
    }

    fn split(&mut self, chunk: usize) {
        let mut behind = Vec::with_capacity(CHUNK + 1);
        behind.extend(self.chunks[chunk].drain(CHUNK / 2..));
        self.chunks.insert(chunk + 1, behind);
    }

    /// Joins a chunk that has become small with the next one, so that the number of chunks stays in proportion.
    fn merge(&mut self, chunk: usize) {
        if self.chunks[chunk].is_empty() {
            self.chunks.remove(chunk);
            return;
        }
        let len = |chunk: usize| self.chunks.get(chunk).map_or(CHUNK, Vec::len);
        let first = if len(chunk) + len(chunk + 1) <= CHUNK / 2 { Some(chunk) } else { chunk.checked_sub(1) };
        if let Some(first) = first
            && len(first) + len(first + 1) <= CHUNK / 2
        {
            let behind = self.chunks.remove(first + 1);
            self.chunks[first].extend(behind);
        }
    }
}

impl Sorting {
    fn compare(self, a: &Place, b: &Place) -> Ordering {
        a.compare(b, self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{Key, Order};

    fn place(rank: u64) -> Place {
        Place::without_value(Order::rank(rank), Key::new(""))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Runs of insertions and removals split and join chunks.
        #[test]
        fn it_equals_a_sorted_vector(steps in vec((any::<bool>(), 0..5000_u64, 1..1500_u64), 1..20)) {
            let mut places = SortedPlaces::default();
            let mut model = std::collections::BTreeSet::new();
            for (is_insertion, start, len) in steps {
                for rank in start..start + len {
                    let is_there = model.contains(&rank);
                    if is_insertion && !is_there {
                        model.insert(rank);
                        places.insert(Arc::new(place(rank)));
                    } else if !is_insertion {
                        model.remove(&rank);
                        places.remove(&place(rank));
                    }
                }
                prop_assert_eq!(places.len(), model.len());
                prop_assert_eq!(places.rank(&place(start)), model.range(..start).count());
                let ranks = start as usize / 2..start as usize / 2 + 70;
                let orders: Vec<_> = places.range(ranks).map(|place| place.order().rank).collect();
                prop_assert_eq!(orders, model.iter().copied().skip(start as usize / 2).take(70).collect::<Vec<_>>());
                prop_assert!(places.chunks.iter().all(|chunk| (1..=CHUNK).contains(&chunk.len())));
                prop_assert!(places.chunks.len() <= 2 + model.len() / (CHUNK / 8), "{} chunks", places.chunks.len());
            }
        }
    }
}
