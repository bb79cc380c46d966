//! The lists of a node, for answers: the rows of any network, and those of clacks as its own types.

use std::{net::IpAddr, ops::Range, sync::Arc};

use clacks_feed::{
    Anchor, Key, Network, Page, Row, Value, Window,
    description::{Description, ListId},
};
use clacks_p2p::{
    Address,
    core::{HeldBy, HeldMessage, MessageId, Peer, PlaceShare, PluginHold, QueuedMessage},
    node::{CertificateFingerprint, Overview},
};
use clacks_p2p_feed::{
    description::{HELD, ORIGINS, PEERS, QUEUE, REMOTES},
    read_back,
    rows::{message_key, peer_key},
};

/// The name of the network of clacks.
const CLACKS: &str = "clacks";

/// Rows that are passed over at once.
const PORTION: usize = 10_000;

/// The lists of a node, live or recorded.
#[derive(Clone)]
pub(crate) struct Lists {
    network: Arc<dyn Network>,
    /// The address of a node of clacks. `None`: the node is of another network.
    address: Option<Address>,
}

impl Lists {
    /// Reads the rows of a network.
    pub(crate) fn of(network: Arc<dyn Network>) -> Self {
        let description = network.description();
        let is_clacks = description.network == CLACKS;
        let address = is_clacks.then(|| description.node.as_str().parse().ok()).flatten();
        Self { network, address }
    }

    /// Whether the node is one of clacks. The functions with its types return nothing of another network.
    pub(crate) fn is_clacks(&self) -> bool {
        self.address.is_some()
    }

    pub(crate) fn network(&self) -> &dyn Network {
        &*self.network
    }

    pub(crate) fn description(&self) -> &Description {
        self.network.description()
    }

    fn page(&self, list: ListId, at: Anchor, before: usize, after: usize) -> Page {
        let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        if self.description().list(list).is_none() {
            return Page::empty(&Window::first(list, 0));
        }
        self.network.page(&Window::new(list, at, rows(before), rows(after)))
    }

    /// The row of an item.
    pub(crate) fn row(&self, list: ListId, key: Key) -> Option<Row> {
        self.description().list(list)?;
        self.network.rows(list, &[key]).pop().flatten()
    }

    /// The length of a list.
    pub(crate) fn total(&self, list: ListId) -> usize {
        usize::try_from(self.page(list, Anchor::First, 0, 0).total).unwrap_or(usize::MAX)
    }

    /// The number of rows with each status that the list counts.
    pub(crate) fn counts(&self, list: ListId) -> Vec<u64> {
        self.page(list, Anchor::First, 0, 0).counts
    }

    /// The rows at these positions. Fewer at the end of a list.
    pub(crate) fn rows(&self, list: ListId, positions: Range<usize>) -> Vec<Row> {
        let total = self.total(list);
        let positions = positions.start..positions.end.min(total);
        // The last page is read from the end.
        if positions.end == total && positions.len() < PORTION && positions.start > PORTION {
            return self.page(list, Anchor::Last, positions.len().saturating_sub(1), 1).rows;
        }
        let (mut at, mut place) = (Anchor::First, 0);
        while place + PORTION <= positions.start {
            let Some(row) = self.page(list, at, 0, PORTION + 1).rows.pop() else { return Vec::new() };
            (at, place) = (Anchor::At(row.order, row.key), place + PORTION);
        }
        let rows = self.page(list, at, 0, positions.end.saturating_sub(place)).rows;
        rows.into_iter().skip(positions.start - place).collect()
    }

    fn peers(&self, rows: &[Row]) -> Vec<Peer> {
        let now = self.network.now();
        rows.iter().filter_map(|row| read_back::peer(self.description(), row, now)).collect()
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
            "plugin" => HeldBy::Plugin(Arc::new(self.plugin_hold(row))),
            _ => HeldBy::Refused,
        };
        Some(HeldMessage::new(queued, by))
    }

    /// The plugin that holds the message of a row.
    fn plugin_hold(&self, row: &Row) -> PluginHold {
        let text = |name: &str| {
            let column = self.description().list(HELD)?.column(name)?;
            if let Some(Value::Text(text, _)) = row.cells.get(column) { Some(text.untrusted()) } else { None }
        };
        let plugin = text("plugin").unwrap_or("a plugin").into();
        PluginHold { plugin, reason: text("reason").map(str::to_owned) }
    }

    /// The first rows under an item of the list above.
    pub(crate) fn rows_under(&self, list: ListId, item: &Key, count: usize) -> Vec<Row> {
        let after = u16::try_from(count).unwrap_or(u16::MAX);
        let window = Window { under: Some(item.clone()), ..Window::new(list, Anchor::First, 0, after) };
        self.network.page(&window).rows
    }

    // === Lists of clacks ===

    /// The node's counts and current state.
    pub(crate) fn overview(&self) -> Option<Overview> {
        let counts = self.counts(PEERS);
        let (gauges, uptime) = (self.network.gauges(), self.network.now().uptime);
        let overview = read_back::overview(self.description(), &gauges, &counts, uptime);
        let mut overview = overview.or_else(|| self.address.clone().map(Overview::new))?;
        // The gauges of a recording are written once a second, the lists with each event.
        (overview.queued, overview.held) = (self.total(QUEUE), self.total(HELD));
        Some(overview)
    }

    /// The peer with this address, if it is known.
    pub(crate) fn peer(&self, address: &Address) -> Option<Peer> {
        let row = self.row(PEERS, peer_key(address))?;
        read_back::peer(self.description(), &row, self.network.now())
    }

    /// The peers at these positions.
    pub(crate) fn peer_window(&self, positions: Range<usize>) -> Vec<Peer> {
        self.peers(&self.rows(PEERS, positions))
    }

    /// The certificate that the peer at this address is trusted with, if any.
    pub(crate) fn trusted_certificate(&self, address: &Address) -> Option<CertificateFingerprint> {
        read_back::certificate(self.description(), &self.row(PEERS, peer_key(address))?)
    }

    /// The queued messages at these positions.
    pub(crate) fn queue_window(&self, positions: Range<usize>) -> Vec<QueuedMessage> {
        let rows = self.rows(QUEUE, positions);
        rows.iter().filter_map(|row| read_back::queued_message(self.description(), row)).collect()
    }

    /// The held messages at these positions.
    pub(crate) fn held_window(&self, positions: Range<usize>) -> Vec<HeldMessage> {
        self.rows(HELD, positions).iter().filter_map(|row| self.held(row)).collect()
    }

    /// A queued or held message. The second value is the reason of the hold; `None` for a queued message.
    pub(crate) fn message(&self, id: MessageId) -> Option<(QueuedMessage, Option<HeldBy>)> {
        if let Some(row) = self.row(QUEUE, message_key(id)) {
            return Some((read_back::queued_message(self.description(), &row)?, None));
        }
        let held = self.held(&self.row(HELD, message_key(id))?)?;
        Some((held.queued, Some(held.by)))
    }

    /// The text of the hold rule, if one is set.
    pub(crate) fn hold_rule(&self) -> Option<String> {
        read_back::hold_rule(self.description(), &self.network.gauges())
    }

    /// The ignored remote IP addresses, sorted.
    pub(crate) fn ignored_remotes(&self) -> Vec<IpAddr> {
        let rows = self.rows(REMOTES, 0..usize::MAX);
        rows.iter().filter_map(|row| row.key.untrusted().parse().ok()).collect()
    }

    /// The shares of the remote addresses in the queue, the largest first, at most `most`. A recording of version 1 has
    /// none.
    pub(crate) fn origins(&self, most: usize) -> Vec<PlaceShare> {
        let rows = self.rows(ORIGINS, 0..most);
        rows.iter().filter_map(|row| read_back::origin(self.description(), row)).collect()
    }

    /// The number of open inbound connections. `None` in a recording of version 1, which does not contain it.
    pub(crate) fn connections(&self) -> Option<usize> {
        match self.network.gauges().get(self.description().gauge("connections")?)? {
            Value::Count(count) => usize::try_from(*count).ok(),
            _ => None,
        }
    }
}
