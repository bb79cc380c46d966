//! The lists of a recorded node, for answers.

use std::{net::IpAddr, ops::Range, sync::Arc};

use clacks_feed::{
    Anchor, Key, Network, Page, Row, Value, Window,
    description::{Description, ListId},
};
use clacks_p2p::{
    Address,
    core::{HeldBy, HeldMessage, MessageId, Peer, PlaceShare, QueuedMessage},
    node::{CertificateFingerprint, Overview},
};
use clacks_p2p_feed::{
    description::{HELD, PEERS, QUEUE, REMOTES},
    read_back,
    rows::{message_key, peer_key},
};
use clacks_source::lists::Lists;

/// A recorded node. A list is read up to this many rows.
const MOST: u16 = u16::MAX;

/// The rows of a recording as the types of clacks.
#[derive(Clone)]
pub(crate) struct ReplayedLists {
    network: Arc<dyn Network>,
    address: Address,
}

impl ReplayedLists {
    /// Reads the rows of a recording. `None`: it is a recording of another network.
    pub(crate) fn of(network: Arc<dyn Network>) -> Option<Self> {
        let address = network.description().node.as_str().parse().ok()?;
        Some(Self { network, address })
    }

    fn description(&self) -> &Description {
        self.network.description()
    }

    fn page(&self, list: ListId, at: Anchor, before: usize, after: usize) -> Page {
        let rows = |count: usize| u16::try_from(count).unwrap_or(MOST);
        if self.description().list(list).is_none() {
            return Page::empty(&Window::first(list, 0));
        }
        self.network.page(&Window::new(list, at, rows(before), rows(after)))
    }

    fn row(&self, list: ListId, key: Key) -> Option<Row> {
        self.description().list(list)?;
        self.network.rows(list, &[key]).pop().flatten()
    }

    fn peers(&self, rows: &[Row]) -> Vec<Peer> {
        let now = self.network.now();
        rows.iter().filter_map(|row| read_back::peer(self.description(), row, now)).collect()
    }

    fn position(&self, list: ListId, id: MessageId) -> Option<usize> {
        let row = self.row(list, message_key(id))?;
        let page = self.page(list, Anchor::At(row.order, row.key), MOST.into(), 0);
        page.first.map(|first| usize::try_from(first).unwrap_or(usize::MAX).saturating_add(page.rows.len()))
    }

    fn rows(&self, list: ListId, positions: &Range<usize>) -> Vec<Row> {
        let rows = self.page(list, Anchor::First, 0, positions.end).rows;
        rows.into_iter().skip(positions.start).collect()
    }

    fn held(&self, row: &Row) -> Option<HeldMessage> {
        // A held message has the columns of a queued one, and one more.
        let queued = read_back::queued_message(self.description(), row)?;
        let by = self.description().list(HELD)?.column("by")?;
        let by = match row.cells.get(by)? {
            Value::Status(statuses) => self.description().status(statuses.main()?)?.name.as_str(),
            _ => return None,
        };
        let by = match by {
            "hand" => HeldBy::Hand,
            "rule" => HeldBy::Rule,
            _ => HeldBy::Refused,
        };
        Some(HeldMessage::new(queued, by))
    }
}

impl Lists for ReplayedLists {
    fn overview(&self) -> Overview {
        let counts = self.page(PEERS, Anchor::First, 0, 0).counts;
        let overview = read_back::overview(
            self.description(),
            &self.network.gauges(),
            &counts,
            self.network.now().uptime,
        );
        let mut overview = overview.unwrap_or_else(|| Overview::new(self.address.clone()));
        // The gauges are recorded once a second, the lists with each event.
        overview.queued = self.queue_len();
        overview.held = usize::try_from(self.page(HELD, Anchor::First, 0, 0).total).unwrap_or(usize::MAX);
        overview
    }

    fn peer(&self, address: &Address) -> Option<Peer> {
        let row = self.row(PEERS, peer_key(address))?;
        read_back::peer(self.description(), &row, self.network.now())
    }

    fn peers_around(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer> {
        let Some(row) = self.row(PEERS, peer_key(anchor)) else { return self.first_peers(before + after) };
        self.peers(&self.page(PEERS, Anchor::At(row.order, row.key), before, after).rows)
    }

    fn first_peers(&self, count: usize) -> Vec<Peer> {
        self.peers(&self.page(PEERS, Anchor::First, 0, count).rows)
    }

    fn last_peers(&self, count: usize) -> Vec<Peer> {
        self.peers(&self.page(PEERS, Anchor::Last, count.saturating_sub(1), 1).rows)
    }

    fn trusted_certificate(&self, address: &Address) -> Option<CertificateFingerprint> {
        read_back::certificate(self.description(), &self.row(PEERS, peer_key(address))?)
    }

    fn queue_len(&self) -> usize {
        usize::try_from(self.page(QUEUE, Anchor::First, 0, 0).total).unwrap_or(usize::MAX)
    }

    fn queue_position(&self, id: MessageId) -> Option<usize> {
        self.position(QUEUE, id)
    }

    fn queue_window(&self, positions: Range<usize>) -> Vec<QueuedMessage> {
        let rows = self.rows(QUEUE, &positions);
        rows.iter().filter_map(|row| read_back::queued_message(self.description(), row)).collect()
    }

    fn queued_message(&self, id: MessageId) -> Option<QueuedMessage> {
        read_back::queued_message(self.description(), &self.row(QUEUE, message_key(id))?)
    }

    fn held_position(&self, id: MessageId) -> Option<usize> {
        self.position(HELD, id)
    }

    fn held_window(&self, positions: Range<usize>) -> Vec<HeldMessage> {
        self.rows(HELD, &positions).iter().filter_map(|row| self.held(row)).collect()
    }

    fn hold_rule(&self) -> Option<String> {
        read_back::hold_rule(self.description(), &self.network.gauges())
    }

    fn ignored_remotes(&self) -> Vec<IpAddr> {
        let rows = self.page(REMOTES, Anchor::First, 0, MOST.into()).rows;
        rows.iter().filter_map(|row| row.key.untrusted().parse().ok()).collect()
    }

    /// Always empty, because recordings do not contain it.
    fn places(&self, _: usize) -> (Vec<PlaceShare>, usize) {
        (Vec::new(), 0)
    }

    /// `None` in a recording of version 1, which does not contain it.
    fn connections(&self) -> Option<usize> {
        match self.network.gauges().get(self.description().gauge("connections")?)? {
            Value::Count(count) => usize::try_from(*count).ok(),
            _ => None,
        }
    }
}
