//! The rows of a live node or of a recording.

use std::sync::Arc;

use clacks_feed::{
    Anchor, Key, Label, Network, Page, Row, Window,
    description::{Description, ListId},
    paging::page_around,
};
use clacks_p2p_feed::version_1::ReplayedNode;
use clacks_p2p_feed::{
    description::{HELD, PEERS, QUEUE, REMOTES, describe},
    rows::{Context, held_row, message_id, message_row, peer_row, remote_row},
};
use clacks_source::lists::Lists;

/// Reads rows.
pub(crate) trait Rows {
    /// As [`Network::page`], around the item of the anchor wherever it is now.
    fn page(&self, window: &Window) -> Page;
    /// As [`Network::rows`].
    fn rows(&self, list: ListId, keys: &[Key]) -> Vec<Option<Row>>;
}

impl Rows for Arc<dyn Network> {
    fn page(&self, window: &Window) -> Page {
        page_around(&**self, window)
    }

    fn rows(&self, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
        (**self).rows(list, keys)
    }
}

/// The lists of a recording or of a simulated node.
pub(crate) struct Recorded<'a, L> {
    pub node: &'a L,
    /// Time at which the node started, in milliseconds since the Unix epoch.
    pub started_unix_ms: u64,
}

/// Returns what the recorded node offered.
pub(crate) fn description(node: &impl Lists) -> Description {
    let address = node.overview().address.to_string();
    describe(Label::new(&address).unwrap_or_else(|_| "a node with a very long name".into()))
}

impl<'a> Recorded<'a, ReplayedNode> {
    pub(crate) fn of(node: &'a ReplayedNode) -> Self {
        Self { node, started_unix_ms: node.started_unix_ms() }
    }
}

impl<L: Lists> Recorded<'_, L> {
    fn context(&self) -> Context {
        Context { started_unix_ms: self.started_unix_ms }
    }

    fn row(&self, list: ListId, key: &Key) -> Option<Row> {
        match list {
            PEERS => {
                self.node.peer(&key.untrusted().parse().ok()?).map(|peer| peer_row(&peer, self.context()))
            }
            QUEUE => self.node.queued_message(message_id(key)?).map(|queued| message_row(&queued)),
            HELD => {
                let place = self.node.held_position(message_id(key)?)?;
                self.node.held_window(place..place + 1).first().map(held_row)
            }
            REMOTES => {
                let remote = key.untrusted().parse().ok()?;
                self.node.ignored_remotes().contains(&remote).then(|| remote_row(remote))
            }
            _ => None,
        }
    }

    /// Returns all rows of a list.
    fn all(&self, list: ListId) -> Vec<Row> {
        match list {
            PEERS => {
                let peers = self.node.first_peers(usize::MAX);
                peers.iter().map(|peer| peer_row(peer, self.context())).collect()
            }
            REMOTES => self.node.ignored_remotes().into_iter().map(remote_row).collect(),
            _ => Vec::new(),
        }
    }

    fn peers(&self, window: &Window) -> Page {
        let (before, after) = (usize::from(window.before), usize::from(window.after));
        let known = match &window.at {
            Anchor::At(_, key) => {
                key.untrusted().parse().ok().filter(|address| self.node.peer(address).is_some())
            }
            Anchor::First | Anchor::Last => None,
        };
        let peers = match (&window.at, &known) {
            (Anchor::First, _) => self.node.first_peers(after),
            (Anchor::Last, _) => self.node.last_peers(before + 1),
            (Anchor::At(..), Some(address)) => self.node.peers_around(address, before, after),
            // It is not known any more: the peer behind its position.
            (Anchor::At(order, key), None) => return of_rows(window, self.all(PEERS), (order, key)),
        };
        let rows: Vec<Row> = peers.iter().map(|peer| peer_row(peer, self.context())).collect();
        let anchor = match &window.at {
            Anchor::First => 0,
            Anchor::Last => rows.len().saturating_sub(1),
            Anchor::At(_, key) => rows.iter().position(|row| row.key == *key).unwrap_or(0),
        };
        Page { first: None, rows, anchor, ..Page::empty(window) }
    }

    fn messages(&self, window: &Window, total: usize, rows: impl Fn(usize, usize) -> Vec<Row>) -> Page {
        let last = total.saturating_sub(1);
        let place = match &window.at {
            Anchor::First => 0,
            Anchor::Last => last,
            Anchor::At(order, key) => self.place(window.list, key).unwrap_or_else(|| {
                let number = |at| rows(at, at + 1).first().map_or(u64::MAX, |row| row.order.rank);
                partition(total, |at| number(at) < order.rank).min(last)
            }),
        };
        let start = place.saturating_sub(usize::from(window.before));
        let rows = rows(start, total.min(place + usize::from(window.after)));
        Page { first: Some(start as u64), rows, anchor: place - start, ..Page::empty(window) }
    }

    fn place(&self, list: ListId, key: &Key) -> Option<usize> {
        let id = message_id(key)?;
        if list == QUEUE { self.node.queue_position(id) } else { self.node.held_position(id) }
    }
}

impl<L: Lists> Rows for Recorded<'_, L> {
    fn page(&self, window: &Window) -> Page {
        let overview = self.node.overview();
        let (page, total) = match window.list {
            PEERS => (self.peers(window), overview.peers.total()),
            QUEUE => {
                let rows = |from, to| self.node.queue_window(from..to).iter().map(message_row).collect();
                (self.messages(window, self.node.queue_len(), rows), self.node.queue_len())
            }
            HELD => {
                let rows = |from, to| self.node.held_window(from..to).iter().map(held_row).collect();
                (self.messages(window, overview.held, rows), overview.held)
            }
            _ => return Page::empty(window),
        };
        Page { total: total as u64, ..page }
    }

    fn rows(&self, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
        keys.iter().map(|key| self.row(list, key)).collect()
    }
}

/// Returns the number of places at the start for which a condition holds.
fn partition(total: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, total);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// Returns the page around a place of these rows, which are all rows of the list in its order.
pub(crate) fn of_rows(window: &Window, rows: Vec<Row>, place: (&clacks_feed::Order, &Key)) -> Page {
    let behind = rows.iter().position(|row| row.place() >= place);
    let at = behind.unwrap_or(rows.len().saturating_sub(1));
    let start = at.saturating_sub(usize::from(window.before));
    let end = rows.len().min(at + usize::from(window.after));
    let total = rows.len() as u64;
    let rows = rows.get(start..end).unwrap_or_default().to_vec();
    Page { first: Some(start as u64), total, rows, anchor: at - start, ..Page::empty(window) }
}
