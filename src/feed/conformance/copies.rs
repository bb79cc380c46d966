use std::collections::{BTreeMap, BTreeSet, HashMap};

use rand::RngExt;

use super::{
    Random, Specimen, drain,
    walk::{Contents, contents},
};
use crate::{
    Event, Key, Network, Row, Value, Watched,
    description::{Description, ListId},
};

/// Rows of each list that a bounded copy begins with.
const BOUNDED: usize = 20;

/// A copy of a node's lists, kept up by the rows that events touched.
struct Copy {
    rows: HashMap<ListId, BTreeMap<Key, Row>>,
    touched: BTreeSet<(ListId, Key)>,
    bound: usize,
}

/// Check 3. A copy that reads the rows that events touched, late and in batches, equals the node's lists each time it has
/// read them, also after it missed events, and as far as it goes if it began with a part of each list.
pub fn copies_follow_the_events(specimen: &mut dyn Specimen) {
    let mut random = Random::new();
    let network = specimen.network();
    let mut watch = network.watch();
    let start = contents(&*network);
    let mut copies = [Copy::new(&start, usize::MAX), Copy::new(&start, BOUNDED)];
    let mut events = 0;
    while events < specimen.events() {
        // Sometimes more than a watcher may leave unread.
        let steps =
            if random.numbers.random_ratio(1, 200) { 6000 } else { random.numbers.random_range(1..60) };
        (0..steps).for_each(|_| specimen.disturb(&mut random.numbers));
        let mut has_lagged = false;
        for watched in drain(&mut *watch) {
            match watched {
                Watched::Event(event) => {
                    events += 1;
                    copies.iter_mut().for_each(|copy| copy.note(&event));
                }
                Watched::Lagged(missed) => {
                    events += usize::try_from(missed).unwrap_or(usize::MAX);
                    has_lagged = true;
                }
            }
        }
        let now = contents(&*network);
        for copy in &mut copies {
            if has_lagged {
                *copy = Copy::new(&now, copy.bound);
            } else {
                copy.read(&*network);
            }
            copy.equals(&now, network.description(), random.seed);
        }
    }
}

impl Copy {
    fn new(contents: &Contents, bound: usize) -> Self {
        let list =
            |rows: &Vec<Row>| rows.iter().take(bound).map(|row| (row.key.clone(), row.clone())).collect();
        let rows = contents.iter().map(|(id, rows)| (*id, list(rows))).collect();
        Self { rows, touched: BTreeSet::new(), bound }
    }

    fn note(&mut self, event: &Event) {
        self.touched.extend(event.touched().rows);
    }

    fn read(&mut self, network: &dyn Network) {
        for (list, key) in std::mem::take(&mut self.touched) {
            let row = network.rows(list, std::slice::from_ref(&key)).pop().flatten();
            match row {
                Some(row) => _ = self.rows.entry(list).or_default().insert(key, row),
                None => self.remove(network.description(), list, &key),
            }
        }
    }

    /// Removes a row and the rows under it.
    fn remove(&mut self, description: &Description, list: ListId, key: &Key) {
        self.rows.entry(list).or_default().remove(key);
        let of = Value::Ref(key.clone());
        for (under, _) in description.lists_under(list) {
            let rows = self.rows.entry(under).or_default();
            let gone: Vec<Key> =
                rows.values().filter(|row| row.cells[0] == of).map(|row| row.key.clone()).collect();
            gone.iter().for_each(|key| self.remove(description, under, key));
        }
    }

    fn equals(&self, contents: &Contents, description: &Description, seed: u64) {
        for (list, spec) in description.lists() {
            let copy = &self.rows[&list];
            let rows = &contents[&list];
            if self.bound == usize::MAX {
                assert_eq!(copy.len(), rows.len(), "{} of seed {seed}", spec.name);
            }
            let now: HashMap<&Key, &Row> = rows.iter().map(|row| (&row.key, row)).collect();
            for (key, row) in copy {
                assert_eq!(now.get(key), Some(&row), "{} of seed {seed}", spec.name);
            }
        }
    }
}
