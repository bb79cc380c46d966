use std::{
    net::{IpAddr, SocketAddr},
    ops::Range,
    sync::Arc,
    time::Duration,
};

use clacks_transport::connections::Connections;
use serde::Serialize;
use tokio::sync::oneshot;
use tokio_util::sync::DropGuard;

use crate::{
    core::{
        Core, Counters, DeliveryResult, EnqueueError, Event, Failure, HeldMessage, MessageId, Now, Options,
        OptionsError, Peer, PeerCounts, QueuedMessage, Response,
    },
    protocol::{Address, Message, Payload},
};

use super::{
    Builder, CertificateFingerprint, Limits, PluginDecision, Request, StartWarning, Subscription,
    TrustChange, shared::Shared, state_file,
};

/// A running node. Clones are handles to the same node, which stops when [`Node::stop`] is called or the last
/// handle is dropped.
#[derive(Debug, Clone)]
pub struct Node {
    pub(super) shared: Arc<Shared>,
    pub(super) inner: Arc<NodeInner>,
}

/// What belongs to the handles and not to the tasks.
#[derive(Debug)]
pub(super) struct NodeInner {
    pub(super) _stop_on_drop: DropGuard,
    pub(super) listens_on: Vec<SocketAddr>,
    pub(super) certificate: CertificateFingerprint,
    pub(super) connections: Arc<Connections>,
    pub(super) shortfall: Option<String>,
    pub(super) limits: Limits,
    pub(super) warnings: Vec<StartWarning>,
    pub(super) state: Option<state_file::StateFile>,
}

/// Why an announce did not make the other node a peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnnounceError {
    /// The address is this node's own, perhaps under another name.
    #[error("that is this node itself")]
    Ourselves,
    /// The address is ignored; unignore it first.
    #[error("that peer is ignored; unignore it first")]
    Ignored,
    /// The other node accepted it, but there is no room for another peer here: as many are known as
    /// [`Options::max_peers`](crate::core::Options::max_peers) allows, and none of them makes room.
    #[error("it accepted, but no more peers can be known here; forget one, or allow more (max-peers)")]
    NoRoom,
    /// The other node did not take it. Trying again may help.
    #[error("no success: {0}")]
    Failed(Failure),
}

/// The address is not that of a known peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such peer")]
pub struct UnknownPeer;

/// A node at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Overview {
    /// Where others find it.
    pub address: Address,
    /// For how long it has run.
    pub uptime: Duration,
    /// Messages a second that it sends at most.
    pub send_rate: f64,
    /// Messages that wait.
    pub queued: usize,
    /// Messages that are on their way.
    pub in_flight: usize,
    /// Messages that are held until they are released.
    pub held: usize,
    /// Bytes of JSON text of all of these.
    pub held_bytes: usize,
    /// Whether messages are refused because those that are here are handed on first.
    #[serde(rename = "is_handing_on")]
    pub is_draining: bool,
    /// Peers by status.
    pub peers: PeerCounts,
    /// Of these, how many the next message could go to: those that are not busy with as many as may be.
    pub free_peers: PeerCounts,
    /// Whether these count no peers that only strangers spoke for: the last message went to such a one.
    #[serde(rename = "is_for_proven")]
    pub verified_only: bool,
    /// When the next message is sent, as uptime; `None` while there is none to send or nobody to send to.
    pub next_send: Option<Duration>,
    /// What has happened since the start.
    pub counters: Counters,
}

/// What a node knows and holds at one moment, for who shows or records it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The node at a glance.
    pub overview: Overview,
    /// The time on its clocks.
    pub now: Now,
    /// Its peers, by status and then by address, as far as was asked.
    pub peers: Vec<Peer>,
    /// The messages that wait, head first, as far as was asked.
    pub queue: Vec<QueuedMessage>,
    /// The messages that are held, in the order of their tickets, as far as was asked.
    pub held: Vec<HeldMessage>,
    /// The messages that are on their way as they waited before, and whom each goes to, as far as was asked.
    pub under_way: Vec<(Address, QueuedMessage)>,
    /// What people know the rule as by which messages are held, if there is one.
    pub hold_rule: Option<String>,
    /// The remote IP addresses that the user ignores, in order, as many as peers at most.
    pub ignored_remotes: Vec<IpAddr>,
}

/// How much a [`Snapshot`] holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnapshotLimits {
    /// Peers.
    pub peers: usize,
    /// Messages that wait, messages that are held, and messages that are on their way.
    pub messages: usize,
    /// Bytes of JSON text of these messages.
    pub bytes: usize,
}

/// What a stopped node still held: these messages are lost unless somebody keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Unsent {
    /// The queue, head first; what was in flight is at its end.
    pub messages: Vec<QueuedMessage>,
    /// What was held, in the order of the tickets.
    pub held: Vec<HeldMessage>,
}

impl Overview {
    /// A node that starts: it knows nobody and has no messages.
    pub fn new(address: Address) -> Self {
        Self {
            address,
            uptime: Duration::ZERO,
            send_rate: 1.0,
            queued: 0,
            in_flight: 0,
            held: 0,
            held_bytes: 0,
            is_draining: false,
            peers: PeerCounts::default(),
            free_peers: PeerCounts::default(),
            verified_only: false,
            next_send: None,
            counters: Counters::default(),
        }
    }

    /// The node that this state machine is, after `uptime`.
    pub fn of(core: &Core, uptime: Duration) -> Self {
        Self {
            uptime,
            send_rate: core.options().send_rate,
            queued: core.queue_len(),
            in_flight: core.in_flight(),
            held: core.held_len(),
            is_draining: core.is_draining(),
            held_bytes: core.held_bytes(),
            peers: core.peer_counts(),
            free_peers: core.free_peers(),
            verified_only: core.next_is_verified_only(),
            next_send: core.poll_timeout(),
            counters: core.counters(),
            ..Self::new(core.address().clone())
        }
    }
}

impl Snapshot {
    /// A snapshot without peers and messages.
    pub fn new(overview: Overview, now: Now) -> Self {
        Self {
            overview,
            now,
            peers: Vec::new(),
            queue: Vec::new(),
            held: Vec::new(),
            under_way: Vec::new(),
            hold_rule: None,
            ignored_remotes: Vec::new(),
        }
    }
}

impl SnapshotLimits {
    /// At most so many peers, so many messages of each list, and so many bytes of messages.
    pub const fn new(peers: usize, messages: usize, bytes: usize) -> Self {
        Self { peers, messages, bytes }
    }
}

/// Commands.
impl Node {
    /// Where a node begins.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Puts a message at the tail of the queue, to be sent to the network.
    pub fn enqueue(&self, message: Message) -> Result<MessageId, EnqueueError> {
        // Asked within the lock: what is queued before the node stops is among what the stop gives back.
        self.shared.with_core(|at| {
            if self.shared.stopped.is_cancelled() {
                Err(EnqueueError::Stopped)
            } else {
                at.core.enqueue(message, at.now)
            }
        })
    }

    /// Why [`Node::enqueue`] would refuse a message now, if it would. Nothing is queued.
    pub fn check_enqueue(&self, message: &Message) -> Result<(), EnqueueError> {
        if self.shared.stopped.is_cancelled() {
            return Err(EnqueueError::Stopped);
        }
        self.shared.read(|core| core.check_enqueue(message))
    }

    /// Takes the head of the queue out for good.
    pub fn dequeue(&self) -> Option<Message> {
        self.shared.with_core(|at| at.core.dequeue()).map(|queued| queued.message)
    }

    /// Takes one message that waits or is held out for good.
    pub fn drop_message(&self, id: MessageId) -> Option<QueuedMessage> {
        self.shared.with_core(|at| at.core.drop_message(id))
    }

    /// Adds a peer as new. Returns whether it was added: not if it is known or is this node.
    #[doc(alias = "expand")]
    pub fn add_peer(&self, address: &Address) -> bool {
        self.shared.with_core(|at| at.core.add_peer(address, at.now))
    }

    /// Whether [`Node::add_peer`] has room for one more peer, be it that another makes some.
    pub fn has_room_for_peer(&self) -> bool {
        self.shared.read(Core::has_room_for_peer)
    }

    /// Makes this node known to another, which becomes a peer when it answers 200.
    pub async fn announce(&self, address: &Address) -> Result<(), AnnounceError> {
        let outcome = self.shared.with_core(|mut at| {
            let announce = at.core.announce(address, at.rng)?;
            Some(at.outcome_of(announce))
        });
        self.announced(address, outcome).await
    }

    /// As [`announce`](Self::announce), to an address that the user knows only from somebody else, such as a list
    /// that was fetched. As with an address that a stranger names, it is contacted only if it is public, or of the kind
    /// that this node is itself found at, or with [`Limits::allow_private_addresses`](super::Limits::allow_private_addresses); and a peer that
    /// answers there is not one that the user named.
    pub async fn announce_suggested(&self, address: &Address) -> Result<(), AnnounceError> {
        let outcome = self.shared.with_core(|mut at| {
            let announce = at.core.announce_suggested(address, at.rng)?;
            Some(at.outcome_of(announce))
        });
        self.announced(address, outcome).await
    }

    /// Waits for the outcome of an announce; `None` if nothing was sent.
    async fn announced(
        &self,
        address: &Address,
        outcome: Option<oneshot::Receiver<DeliveryResult>>,
    ) -> Result<(), AnnounceError> {
        let Some(outcome) = outcome else {
            let ourselves = self.shared.read(|core| core.is_this_node(address));
            return Err(if ourselves { AnnounceError::Ourselves } else { AnnounceError::Ignored });
        };
        match outcome.await {
            Ok(DeliveryResult::SelfConnection) => Err(AnnounceError::Ourselves),
            Ok(DeliveryResult::Failed(Failure::NoRoom)) => Err(AnnounceError::NoRoom),
            Ok(outcome) => outcome.failure().map_or(Ok(()), |failure| Err(AnnounceError::Failed(failure))),
            Err(_) => Err(AnnounceError::Failed(Failure::Stopped)),
        }
    }

    /// Ignores an address, known or not: nothing is sent to it and what comes from it is answered 403. Returns
    /// whether it was not ignored before.
    pub fn ignore(&self, address: &Address) -> bool {
        self.shared.with_core(|at| at.core.ignore(address, at.now))
    }

    /// Takes an ignore back: the peer has the status again that it had. Returns whether it was ignored.
    pub fn unignore(&self, address: &Address) -> bool {
        self.shared.with_core(|at| at.core.unignore(address, at.now))
    }

    /// Removes a peer and the certificate that is trusted for it. It comes back when somebody names it.
    pub fn forget(&self, address: &Address) -> Result<(), UnknownPeer> {
        // First, so that nothing is sent to it any more that would have its certificate trusted again.
        let was_known = self.shared.with_core(|at| at.core.forget(address));
        self.shared.trust.forget(address, true);
        self.shared.sender.close_idle(address);
        if was_known { Ok(()) } else { Err(UnknownPeer) }
    }

    /// Accepts the certificate that was refused when the peer at an address was last reached. If none was, and the peer
    /// has not been reached since the node started, whichever it shows next is accepted. Connections that were made with
    /// another certificate are not used any more; a request that is under way on one ends as it would.
    pub fn trust(&self, address: &Address) -> TrustChange {
        let trusted = self.shared.trust.accept(address);
        if !matches!(trusted, TrustChange::Unchanged(_)) {
            self.shared.sender.close_idle(address);
        }
        trusted
    }

    /// Changes how many messages a second are sent: 0.001 to 100,000.
    pub fn set_send_rate(&self, rate: f64) -> Result<(), OptionsError> {
        self.shared.with_core(|at| at.core.set_send_rate(rate, at.now))
    }

    /// Stops the node: no more is taken or sent, what was in flight is back in the queue, the state file is
    /// written. Returns what is still here.
    pub async fn stop(&self) -> Unsent {
        self.shared.stopped.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        self.shared.with_core(|at| at.core.reclaim_in_flight());
        if let Some(state) = &self.inner.state {
            if let Err(error) = state.save(&self.shared).await.result {
                state.complain(&error);
            }
            state.release();
        }
        self.shared.close();
        self.remaining()
    }

    /// What would be lost if the node ended now, but for what is in flight.
    pub fn remaining(&self) -> Unsent {
        self.shared.read(|core| Unsent {
            messages: core.queue(0..usize::MAX).collect(),
            held: core.held(0..usize::MAX).cloned().collect(),
        })
    }
}

/// Listeners and plugins. They are called without any lock held and may call the node. What handles a payload runs on
/// the task that took it: a panic there costs that request. What hears of events is called by one thread at a time, in
/// the order in which the events happened and soon after; that thread is any that uses the node. A panic there is
/// logged. Nobody waits for listeners that take long: of the events that they have yet to hear of, the oldest are left
/// out above 4,096 events or 64 MiB of messages, and a warning in the log says how many.
///
/// A function that holds a handle keeps the node running until [`Node::stop`], which lets go of all of them. A node that
/// has stopped takes no more: a function that is added then is dropped at once.
impl Node {
    /// Adds a plugin, which sees every payload before anything else is done with it, in the order in which plugins
    /// were added. It may change the payload and the answer, or discard the payload.
    pub fn add_plugin(
        &self,
        plugin: impl Fn(&Peer, &mut Payload, &Request, &mut Response) -> PluginDecision + Send + Sync + 'static,
    ) {
        self.shared.hooks.add_plugin(Arc::new(plugin));
    }

    /// As [`add_plugin`](Self::add_plugin), by the name that the npm package has for it.
    pub fn extend(
        &self,
        plugin: impl Fn(&Peer, &mut Payload, &Request, &mut Response) -> PluginDecision + Send + Sync + 'static,
    ) {
        self.add_plugin(plugin);
    }

    /// Adds a listener that gets each message before it is queued, and returns what is queued in its place; `None`
    /// holds it back. The sender is told 200 either way.
    pub fn on_message_received(
        &self,
        listener: impl Fn(&Peer, Message) -> Option<Message> + Send + Sync + 'static,
    ) {
        self.shared.hooks.add_received(Arc::new(listener));
    }

    /// Adds a listener for messages that were queued: typed in, received, or back from a failed delivery.
    pub fn on_message_queued(&self, listener: impl Fn(&Message) + Send + Sync + 'static) {
        self.on_event(move |event| {
            if let Event::MessageQueued { message, .. } = event {
                listener(message);
            }
        });
    }

    /// Adds a listener for peers that became known.
    pub fn on_peer_discovered(&self, listener: impl Fn(&Peer) + Send + Sync + 'static) {
        self.on_event(move |event| {
            if let Event::PeerDiscovered { peer, .. } = event {
                listener(peer);
            }
        });
    }

    /// Adds a listener for peers whose status changed.
    pub fn on_peer_updated(&self, listener: impl Fn(&Peer) + Send + Sync + 'static) {
        self.on_event(move |event| {
            if let Event::PeerUpdated { peer, .. } = event {
                listener(peer);
            }
        });
    }

    fn on_event(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        self.shared.hooks.add_event(Arc::new(listener));
    }
}

/// Queries. Each copies only what it returns.
impl Node {
    /// Everything that happens from now on.
    pub fn subscribe(&self) -> Subscription {
        Subscription(self.shared.subscribe())
    }

    /// The node at a glance.
    pub fn overview(&self) -> Overview {
        let uptime = self.now().uptime;
        self.shared.read(|core| Overview::of(core, uptime))
    }

    /// What the node knows and holds now, and before it what `events` had yet to tell. What `events` tells from then
    /// on is what happened after it, not one event more or less.
    pub fn snapshot(&self, events: &mut Subscription, limits: SnapshotLimits) -> (Vec<Event>, Snapshot) {
        self.shared.read(|core| {
            let told = std::iter::from_fn(|| events.try_next()).collect();
            let now = self.shared.clock.now();
            let mut bytes = 0;
            let mut fits = |queued: &QueuedMessage| {
                bytes += queued.message.size();
                bytes <= limits.bytes
            };
            let queue = core.queue(0..limits.messages).take_while(|queued| fits(queued)).collect();
            let held = core.held(0..limits.messages).take_while(|held| fits(&held.queued)).cloned().collect();
            let under_way = core.under_way().take(limits.messages).take_while(|(_, queued)| fits(queued));
            let under_way = under_way.map(|(to, queued)| (to.clone(), queued.clone())).collect();
            let snapshot = Snapshot {
                overview: Overview::of(core, now.uptime),
                now,
                peers: core.peers().take(limits.peers).collect(),
                queue,
                held,
                under_way,
                hold_rule: core.hold_rule().map(|rule| rule.text().to_owned()),
                ignored_remotes: core.ignored_remotes().take(limits.peers).collect(),
            };
            (told, snapshot)
        })
    }

    /// The time on the node's clocks.
    pub fn now(&self) -> Now {
        self.shared.clock.now()
    }

    /// Where others find this node: what it tells them with every payload.
    pub fn address(&self) -> Address {
        self.shared.read(|core| core.address().clone())
    }

    /// What was found at the start that the user should know; the node runs all the same.
    pub fn warnings(&self) -> &[StartWarning] {
        &self.inner.warnings
    }

    /// SHA-256 of the certificate that it shows.
    pub fn certificate(&self) -> CertificateFingerprint {
        self.inner.certificate
    }

    /// How the node behaves.
    pub fn options(&self) -> Options {
        self.shared.read(|core| core.options().clone())
    }

    /// What one connection or request may take.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Whether no message waits.
    pub fn is_empty(&self) -> bool {
        self.queue_len() == 0
    }

    /// How many messages wait.
    pub fn queue_len(&self) -> usize {
        self.shared.read(Core::queue_len)
    }

    /// All messages that wait, head first.
    pub fn peek(&self) -> Vec<Message> {
        self.shared.read(|core| core.queue(0..usize::MAX).map(|queued| queued.message).collect())
    }

    /// The messages that wait at these positions, 0 being the head.
    pub fn queue_window(&self, positions: Range<usize>) -> Vec<QueuedMessage> {
        self.shared.read(|core| core.queue(positions).collect())
    }

    /// Where a message stands in the queue, 0 being the head.
    pub fn queue_position(&self, id: MessageId) -> Option<usize> {
        self.shared.read(|core| core.queue_position(id))
    }

    /// A message that waits.
    pub fn queued_message(&self, id: MessageId) -> Option<QueuedMessage> {
        self.shared.read(|core| core.queued_message(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_announce_of_a_stopped_node_fails_at_once() {
        let builder = || Node::builder().hostname("127.0.0.1").port(0);
        let (node, other) = (builder().start().await.unwrap(), builder().start().await.unwrap());
        node.stop().await;
        let announced = tokio::time::timeout(Duration::from_secs(10), node.announce(&other.address())).await;
        assert_eq!(announced.unwrap(), Err(AnnounceError::Failed(Failure::Stopped)));
    }
}
