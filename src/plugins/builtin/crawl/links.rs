use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// A node that knew another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The address of the node that knew the other.
    pub from: Arc<str>,
    /// The address of the other.
    pub to: Arc<str>,
    /// When a message said so first, in milliseconds since the Unix epoch.
    pub first_seen: u64,
    /// When a message said so last, in milliseconds since the Unix epoch.
    pub last_seen: u64,
    /// How many times messages said so.
    pub times: u64,
}

type Pair = (Arc<str>, Arc<str>);

/// The links that were seen last.
pub(super) struct Links {
    max: usize,
    known: HashMap<Pair, Link>,
    /// The pairs by the time at which they were seen last.
    order: BTreeSet<(u64, Pair)>,
}

impl Links {
    pub(super) fn new(max: usize) -> Self {
        Self { max, known: HashMap::new(), order: BTreeSet::new() }
    }

    pub(super) fn saw(&mut self, from: &str, to: &str, now: u64) {
        if from == to {
            return;
        }
        let pair: Pair = (from.into(), to.into());
        let new = || Link { from: from.into(), to: to.into(), first_seen: now, last_seen: now, times: 0 };
        let link = self.known.entry(pair.clone()).or_insert_with(new);
        self.order.remove(&(link.last_seen, pair.clone()));
        link.last_seen = now;
        link.times += 1;
        self.order.insert((now, pair));
        while self.known.len() > self.max {
            let Some((_, oldest)) = self.order.pop_first() else { return };
            self.known.remove(&oldest);
        }
    }

    pub(super) fn newest_first(&self) -> Vec<Link> {
        self.order.iter().rev().filter_map(|(_, pair)| self.known.get(pair)).cloned().collect()
    }
}
