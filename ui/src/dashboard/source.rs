//! Where what is shown comes from.

use std::ops::Range;

use clacks_p2p::{
    Address, Node, Subscription,
    core::{Event, MessageId, Now, Peer, QueuedMessage},
    node::{CertificateFingerprint, Overview},
};

use super::model::{Anchor, Gone, Model, Snapshot, Wanted};

/// What the dashboard watches.
#[derive(Debug)]
pub(crate) enum Source {
    /// A node that runs.
    Live(Live),
}

/// A node that runs, and what happens there.
#[derive(Debug)]
pub(crate) struct Live {
    node: Node,
    events: Subscription,
}

/// Something that happened, and when.
#[derive(Debug)]
pub(crate) struct Happened {
    pub(crate) event: Event,
    pub(crate) now: Now,
}

impl Source {
    /// A node from now on.
    pub(crate) fn live(node: &Node) -> Self {
        Self::Live(Live { node: node.clone(), events: node.subscribe() })
    }

    /// The node that commands go to; none where nothing can be sent.
    #[allow(clippy::unnecessary_wraps, reason = "a recording has none")]
    pub(crate) fn node(&self) -> Option<&Node> {
        match self {
            Self::Live(live) => Some(&live.node),
        }
    }

    pub(crate) fn now(&self) -> Now {
        match self {
            Self::Live(live) => live.node.now(),
        }
    }

    pub(crate) fn overview(&self) -> Overview {
        match self {
            Self::Live(live) => live.node.overview(),
        }
    }

    /// The next thing that happens; `None` once there will be none. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<Happened> {
        match self {
            Self::Live(live) => {
                let event = live.events.next().await?;
                Some(Happened { event, now: live.node.now() })
            }
        }
    }

    /// The next thing that happened, if there is one already.
    pub(crate) fn try_next(&mut self) -> Option<Happened> {
        match self {
            Self::Live(live) => {
                let event = live.events.try_next()?;
                Some(Happened { event, now: live.node.now() })
            }
        }
    }

    /// What the model wants to show.
    pub(crate) fn snapshot(&self, model: &Model) -> Snapshot {
        match self {
            Self::Live(live) => snapshot(&live.node, model),
        }
    }
}

/// What can be asked of a node, or of what takes its place. Each answer copies only what it holds.
pub(crate) trait Lists {
    fn overview(&self) -> Overview;
    fn peer(&self, address: &Address) -> Option<Peer>;
    /// As [`Node::peers_around`].
    fn peers_around(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer>;
    fn first_peers(&self, count: usize) -> Vec<Peer>;
    fn last_peers(&self, count: usize) -> Vec<Peer>;
    fn trusted_certificate(&self, address: &Address) -> Option<CertificateFingerprint>;
    fn queue_len(&self) -> usize;
    fn queue_position(&self, id: MessageId) -> Option<usize>;
    fn queue_window(&self, positions: Range<usize>) -> Vec<QueuedMessage>;
}

impl Lists for Node {
    fn overview(&self) -> Overview {
        self.overview()
    }

    fn peer(&self, address: &Address) -> Option<Peer> {
        self.peer(address)
    }

    fn peers_around(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer> {
        self.peers_around(anchor, before, after)
    }

    fn first_peers(&self, count: usize) -> Vec<Peer> {
        self.first_peers(count)
    }

    fn last_peers(&self, count: usize) -> Vec<Peer> {
        self.last_peers(count)
    }

    fn trusted_certificate(&self, address: &Address) -> Option<CertificateFingerprint> {
        self.trusted_certificate(address)
    }

    fn queue_len(&self) -> usize {
        self.queue_len()
    }

    fn queue_position(&self, id: MessageId) -> Option<usize> {
        self.queue_position(id)
    }

    fn queue_window(&self, positions: Range<usize>) -> Vec<QueuedMessage> {
        self.queue_window(positions)
    }
}

/// Asks for what the screen shows.
fn snapshot(node: &impl Lists, model: &Model) -> Snapshot {
    let wanted = model.wanted();
    let is_known = |address: &Address| node.peer(address).is_some();
    let selected_peer = match &wanted.peer {
        Anchor::At(address) if is_known(address) => Some(address.clone()),
        Anchor::At(_) => model.peers.heir(is_known),
        Anchor::Untouched | Anchor::First | Anchor::Last => None,
    };
    let place = match wanted.message {
        Anchor::At(id) => node.queue_position(id),
        Anchor::Untouched | Anchor::First | Anchor::Last => None,
    };
    let queue_first = first_message(node, &wanted, place);
    let messages = wanted.messages_before + wanted.messages_after;
    Snapshot {
        overview: node.overview(),
        peers: peers(node, &wanted, selected_peer.as_ref()),
        selected_peer,
        queue: node.queue_window(queue_first..queue_first.saturating_add(messages)),
        queue_first,
        towers: node.first_peers(wanted.towers),
        shown_peer: wanted.shown_peer.and_then(|address| {
            let certificate = node.trusted_certificate(&address);
            node.peer(&address).map(|peer| (peer, certificate))
        }),
        gone: Gone {
            peers: model.marks.peers.iter().filter(|peer| !is_known(peer)).cloned().collect(),
            messages: model
                .marks
                .messages
                .iter()
                .copied()
                .filter(|id| node.queue_position(*id).is_none())
                .collect(),
        },
        shown_message_waits: wanted.shown_message.is_some_and(|id| node.queue_position(id).is_some()),
    }
}

fn peers(node: &impl Lists, wanted: &Wanted, selected: Option<&Address>) -> Vec<Peer> {
    match (selected, &wanted.peer) {
        (Some(address), _) => node.peers_around(address, wanted.peers_before, wanted.peers_after),
        (None, Anchor::Last) => node.last_peers(wanted.peers_after),
        (None, _) => node.first_peers(wanted.peers_after),
    }
}

/// The place in the queue where the window begins.
fn first_message(node: &impl Lists, wanted: &Wanted, place: Option<usize>) -> usize {
    match (&wanted.message, place) {
        (Anchor::Untouched | Anchor::First, _) => 0,
        (Anchor::Last, _) => node.queue_len().saturating_sub(wanted.messages_after),
        (Anchor::At(_), place) => place.unwrap_or(wanted.place).saturating_sub(wanted.messages_before),
    }
}
