//! The rows of the lists.

use std::net::IpAddr;

use clacks_feed::{
    Anchor, Key, Order, Page, Row, Statuses, Text, Value, Window,
    description::ListId,
    paging::{Place, RowsByPlace, page},
};
use clacks_p2p::{
    Address, Node,
    core::{Core, HeldBy, HeldMessage, MessageId, Peer, PeerCounts, QueuedMessage, Status},
};

use crate::{
    description::{HELD, ORIGINS, PEERS, PLUGINS, QUEUE, REMOTES, held_id, status_id},
    origins::{origin_row_of, origins_page},
    peer::{self, Shown},
    plugins::{PluginTable, plugin_row_of, plugins_page},
};

pub use crate::peer::peer_row;

/// What a row needs besides its item.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// Milliseconds since the Unix epoch when the node started. It is read once, so no moment changes when the clock is
    /// set.
    pub started_unix_ms: u64,
}

/// The page of a window.
pub(crate) fn page_of(
    node: &Node,
    context: Context,
    plugins: Option<&dyn PluginTable>,
    window: &Window,
) -> Page {
    match window.list {
        PEERS => node.read(|core| peers_page(&Peers { node, core, context }, window)),
        QUEUE => node.read(|core| queue_page(core, window)),
        HELD => node.read(|core| held_page(core, window)),
        REMOTES => node.read(|core| {
            let rows: Vec<Row> = core.ignored_remotes().map(remote_row).collect();
            page(window, rows.len() as u64, Vec::new(), &Sorted(rows))
        }),
        ORIGINS => node.read(|core| origins_page(core, window)),
        PLUGINS => plugins_page(plugins, window),
        _ => Page::empty(window),
    }
}

/// The items with these keys.
pub(crate) fn rows_of(
    node: &Node,
    context: Context,
    plugins: Option<&dyn PluginTable>,
    list: ListId,
    keys: &[Key],
) -> Vec<Option<Row>> {
    if list == PLUGINS {
        return keys.iter().map(|key| plugin_row_of(plugins, key)).collect();
    }
    node.read(|core| {
        let peers = Peers { node, core, context };
        keys.iter().map(|key| row_of(&peers, list, key)).collect()
    })
}

fn row_of(peers: &Peers<'_>, list: ListId, key: &Key) -> Option<Row> {
    let core = peers.core;
    let row = match list {
        PEERS => peers.row(&core.peer(&key.untrusted().parse().ok()?)?),
        QUEUE => message_row(&core.queued_message(message_id(key)?)?),
        HELD => held_row(core.held_message(message_id(key)?)?),
        REMOTES => {
            let remote: IpAddr = key.untrusted().parse().ok()?;
            core.ignored_remotes().find(|ignored| *ignored == remote).map(remote_row)?
        }
        ORIGINS => origin_row_of(core, key.untrusted().parse().ok()?)?,
        _ => return None,
    };
    // One item has one key, although its address can be spelt in several ways.
    (row.key == *key).then_some(row)
}

/// The number of a message in its only spelling.
pub fn message_id(key: &Key) -> Option<MessageId> {
    key.untrusted().parse::<MessageId>().ok().filter(|id| id.to_string() == key.untrusted())
}

/// The key of a message.
pub fn message_key(id: MessageId) -> Key {
    id.to_string().into()
}

/// The key of a peer: its address in the spelling that stands for all.
pub fn peer_key(address: &Address) -> Key {
    address.canonical().to_string().into()
}

// === Peers ===

/// Hostnames have no spaces, so texts of this form are sorted as the addresses are: by hostname, then by port.
pub(crate) fn order_text(address: &Address) -> Text {
    let canonical = address.canonical();
    format!("{} {:05}", canonical.hostname(), canonical.port()).into()
}

fn address_of(order_text: &str) -> Option<Address> {
    let (hostname, port) = order_text.rsplit_once(' ')?;
    Address::new(hostname, port.parse().ok()?).ok()
}

fn peers_page(peers: &Peers<'_>, window: &Window) -> Page {
    let counts = peers.core.peer_counts();
    page(window, counts.total() as u64, status_counts(counts), peers)
}

fn status_counts(counts: PeerCounts) -> Vec<u64> {
    let PeerCounts { new, alive, unverified, lost, dead, ignored, .. } = counts;
    [new, alive, unverified, lost, dead, ignored].map(|count| count as u64).to_vec()
}

/// The peers of a node whose core is locked. The certificates have a lock of their own, which is never held while the
/// core is locked after it.
struct Peers<'a> {
    node: &'a Node,
    core: &'a Core,
    context: Context,
}

impl Peers<'_> {
    fn row(&self, peer: &Peer) -> Row {
        let (heard, certificate) =
            (self.core.heard(&peer.address), self.node.trusted_certificate(&peer.address));
        peer::row(&Shown { peer, context: self.context, heard, certificate })
    }

    fn rows(&self, peers: impl Iterator<Item = Peer>, count: usize) -> Vec<Row> {
        peers.take(count).map(|peer| self.row(&peer)).collect()
    }
}

/// The status and address at a place. Without an address it is before all peers with that status. `None`: the place is
/// behind all peers.
fn peer_place((order, _): Place<'_>) -> Option<(Status, Option<Address>)> {
    let status = Status::ALL.into_iter().find(|status| u64::from(status_id(*status).0) == order.rank)?;
    Some((status, order.text.as_ref().and_then(|text| address_of(text.untrusted()))))
}

impl RowsByPlace for Peers<'_> {
    fn rows_from(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let Some(place) = place else { return self.rows(self.core.peers(), count) };
        match peer_place(place) {
            // One more, because the place can be just behind the peer at this address.
            Some((status, Some(address))) => {
                let mut rows = self.rows(self.core.peers_from(Some((status, &address))), count + 1);
                rows.retain(|row| row.place() >= place);
                rows.truncate(count);
                rows
            }
            Some((status, None)) => self.rows(self.core.peers_from_status(status), count),
            None => Vec::new(),
        }
    }

    fn rows_before(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        match place.map(|place| (place, peer_place(place))) {
            Some((place, Some((status, Some(address))))) => {
                let at_place = self.core.peer(&address).filter(|peer| peer.status == status);
                let at_place = at_place.map(|peer| self.row(&peer));
                let mut rows: Vec<Row> = at_place.into_iter().filter(|row| row.place() < place).collect();
                rows.extend(self.rows(self.core.peers_before(Some((status, &address))), count));
                rows.truncate(count);
                rows
            }
            Some((_, Some((status, None)))) => self.rows(self.core.peers_before_status(status), count),
            _ => self.rows(self.core.peers_before(None), count),
        }
    }
}

// === Messages ===

/// The row of a queued message.
pub fn message_row(queued: &QueuedMessage) -> Row {
    let cells = message_cells(queued);
    Row { key: message_key(queued.id), order: Order::rank(queued.id.number()), cells: cells.into() }
}

/// The row of a held message.
pub fn held_row(held: &HeldMessage) -> Row {
    let mut cells = message_cells(&held.queued).to_vec();
    cells.push(Value::Status(Statuses::only(held_id(&held.by))));
    let (plugin, reason) = match &held.by {
        HeldBy::Plugin(by) => (Some(&*by.plugin), by.reason.as_deref()),
        HeldBy::Hand | HeldBy::Rule | HeldBy::Refused => (None, None),
    };
    cells.extend([plugin, reason].map(|text| text.map_or(Value::None, |text| Value::text(Text::new(text)))));
    let id = held.queued.id;
    Row { key: message_key(id), order: Order::rank(id.number()), cells: cells.into() }
}

fn message_cells(queued: &QueuedMessage) -> [Value; 7] {
    [
        Value::text(queued.message.shared_text().into()),
        Value::At(i64::try_from(queued.since_ms).unwrap_or(i64::MAX)),
        Value::Count(queued.message.size() as u64),
        Value::Count(queued.visits.into()),
        queued.from.as_ref().map_or(Value::None, |from| Value::Ref(peer_key(from))),
        Value::Count(queued.id.number()),
        queued.place.map_or(Value::None, |place| Value::text(place.to_string().into())),
    ]
}

fn queue_page(core: &Core, window: &Window) -> Page {
    let total = core.queue_len();
    let position = |id| core.queue_position_from(id);
    let rows = |positions| core.queue(positions).map(|queued| message_row(&queued)).collect();
    by_position(window, total, Vec::new(), position, rows)
}

fn held_page(core: &Core, window: &Window) -> Page {
    let total = core.held_len();
    let counts = core.held_counts().map(|count| count as u64).to_vec();
    let position = |id| core.held_position_from(id);
    let rows = |positions| core.held(positions).map(held_row).collect();
    by_position(window, total, counts, position, rows)
}

/// The page of a list that is read by position. Its rows are sorted by number.
fn by_position(
    window: &Window,
    total: usize,
    counts: Vec<u64>,
    position_from: impl Fn(MessageId) -> usize,
    rows: impl Fn(std::ops::Range<usize>) -> Vec<Row>,
) -> Page {
    let last = total.saturating_sub(1);
    let place = match &window.at {
        Anchor::First => 0,
        Anchor::Last => last,
        Anchor::At(order, key) => first_number((order, key)).map_or(last, |id| position_from(id).min(last)),
    };
    let start = place.saturating_sub(usize::from(window.before));
    let rows = rows(start..total.min(place + usize::from(window.after)));
    let anchor = if total == 0 { 0 } else { place - start };
    Page { first: Some(start as u64), total: total as u64, counts, rows, anchor, ..Page::empty(window) }
}

/// The first number from a place on. `None`: the place is behind all numbers.
fn first_number((order, key): Place<'_>) -> Option<MessageId> {
    // A row has no text in its order, and its key is its number.
    let is_behind = order.text.is_some() || order.rank.to_string().as_str() < key.untrusted();
    let number = if is_behind { order.rank.checked_add(1)? } else { order.rank };
    Some(number.into())
}

// === Remote addresses ===

/// The row of an ignored remote address.
pub fn remote_row(remote: IpAddr) -> Row {
    let key = Key::from(remote.to_string());
    // Sorted as addresses, not as texts: the bytes in hexadecimal.
    let (rank, bytes) = match remote {
        IpAddr::V4(ip) => (4, u128::from(u32::from(ip))),
        IpAddr::V6(ip) => (6, u128::from(ip)),
    };
    let order = Order { rank, text: Some(format!("{bytes:032x}").into()) };
    Row { order, cells: [Value::text(key.0.clone())].into(), key }
}

/// The ignored remote addresses, sorted. The user ignores each by hand, so there are few.
pub(crate) struct Sorted(pub(crate) Vec<Row>);

impl Sorted {
    fn position(&self, place: Place<'_>) -> usize {
        self.0.partition_point(|row| row.place() < place)
    }
}

impl RowsByPlace for Sorted {
    fn rows_from(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let start = place.map_or(0, |place| self.position(place));
        self.0[start..].iter().take(count).cloned().collect()
    }

    fn rows_before(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let end = place.map_or(self.0.len(), |place| self.position(place));
        self.0[..end].iter().rev().take(count).cloned().collect()
    }
}
