use std::{
    net::{IpAddr, SocketAddr},
    ops::Range,
    sync::Arc,
};

use clacks_transport::connections::Connections;
use tokio::sync::oneshot;
use tokio_util::sync::DropGuard;

use crate::{
    core::{
        Core, DeliveryResult, EnqueueError, Event, Failure, MessageId, Now, Options, OptionsError, Peer,
        PluginReport, QueuedMessage, Response,
    },
    protocol::{Address, Message, Payload},
};

use super::{
    Builder, CertificateFingerprint, Limits, Overview, PayloadHook, PluginDecision, Request, Snapshot,
    SnapshotLimits, StartWarning, Subscription, TrustChange, Unsent, shared::Shared, state_file,
};

/// A running node. Clones are handles to the same node, which stops when [`Node::stop`] is called or the last
/// handle is dropped.
#[derive(Debug, Clone)]
pub struct Node {
    pub(super) shared: Arc<Shared>,
    pub(super) inner: Arc<NodeInner>,
}

/// The part of a node that its handles own and its tasks do not.
#[derive(Debug)]
pub(super) struct NodeInner {
    pub(super) _stop_on_drop: DropGuard,
    pub(super) listens_on: Vec<SocketAddr>,
    pub(super) certificate: CertificateFingerprint,
    pub(super) connections: Arc<Connections>,
    pub(super) shortfall: Option<String>,
    pub(super) warnings: Vec<StartWarning>,
    pub(super) state: Option<state_file::StateFile>,
}

/// Why an announce did not make the other node a peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnnounceError {
    /// The address is one of the names of this node.
    #[error("that is this node itself")]
    Ourselves,
    /// The address is ignored. Unignore it first.
    #[error("that peer is ignored; unignore it first")]
    Ignored,
    /// The other node accepted the announce, but the list of peers is full and none can be evicted:
    /// [`Options::max_peers`](crate::core::Options::max_peers).
    #[error("it accepted, but no more peers can be known here; forget one, or allow more (max-peers)")]
    NoRoom,
    /// The announce failed. Trying again may help.
    #[error("no success: {0}")]
    Failed(Failure),
}

/// The address is not that of a known peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such peer")]
pub struct UnknownPeer;

/// Commands.
impl Node {
    /// A builder with the default options.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Appends a message to the queue.
    pub fn enqueue(&self, message: Message) -> Result<MessageId, EnqueueError> {
        // Checked within the lock, so that [`Node::stop`] returns every message that was accepted.
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

    /// Handles a payload as if it had come from this remote address, without plugins and listeners. For payloads that
    /// arrive by another way than HTTPS, and for tests.
    pub fn receive(&self, payload: Payload, remote: Option<IpAddr>) -> Response {
        self.shared.with_core(|at| at.core.receive(payload, remote, at.now))
    }

    /// Drops the head of the queue.
    pub fn dequeue(&self) -> Option<Message> {
        self.shared.with_core(|at| at.core.dequeue()).map(|queued| queued.message)
    }

    /// Drops a queued or held message.
    pub fn drop_message(&self, id: MessageId) -> Option<QueuedMessage> {
        self.shared.with_core(|at| at.core.drop_message(id))
    }

    /// Adds a peer as new, on behalf of the user. Returns whether it was added: not if it is known or is this node.
    #[doc(alias = "expand")]
    pub fn add_peer(&self, address: &Address) -> bool {
        self.shared.with_core(|at| at.core.add_peer(address, at.now))
    }

    /// Whether [`Node::add_peer`] has room for one more peer, perhaps by evicting another.
    pub fn has_room_for_peer(&self) -> bool {
        self.shared.read(Core::has_room_for_peer)
    }

    /// Announces this node to an address. The address becomes a peer when it responds with 200.
    pub async fn announce(&self, address: &Address) -> Result<(), AnnounceError> {
        let outcome = self.shared.with_core(|mut at| {
            let announce = at.core.announce(address, at.rng)?;
            Some(at.announce_result(announce))
        });
        self.announced(address, outcome).await
    }

    /// As [`announce`](Self::announce), for an address from a source other than the user, such as a fetched list. It is
    /// contacted only if it is public, has the scope of this node's own address, or
    /// [`Limits::allow_private_addresses`](super::Limits::allow_private_addresses) is set. The peer does not count as
    /// added by the user.
    pub async fn announce_suggested(&self, address: &Address) -> Result<(), AnnounceError> {
        let outcome = self.shared.with_core(|mut at| {
            let announce = at.core.announce_suggested(address, at.rng)?;
            Some(at.announce_result(announce))
        });
        self.announced(address, outcome).await
    }

    /// Waits for the result of an announce; `None` if nothing was sent.
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

    /// Ignores an address, whether or not it is a peer: nothing is sent to it, and its payloads are refused with 403.
    /// Returns whether it was not ignored before.
    pub fn ignore(&self, address: &Address) -> bool {
        self.shared.with_core(|at| at.core.ignore(address, at.now))
    }

    /// Stops ignoring a peer. It gets its former status. Returns whether it was ignored.
    pub fn unignore(&self, address: &Address) -> bool {
        self.shared.with_core(|at| at.core.unignore(address, at.now))
    }

    /// Removes a peer and its trusted certificate. It is added again when somebody names it.
    pub fn forget(&self, address: &Address) -> Result<(), UnknownPeer> {
        // The peer is removed first, so that no delivery pins its certificate again.
        let was_known = self.shared.with_core(|at| at.core.forget(address));
        self.shared.trust.forget(address, true);
        self.shared.sender.close_idle(address);
        if was_known { Ok(()) } else { Err(UnknownPeer) }
    }

    /// Trusts the certificate that was refused at the last contact with an address. If none was refused and the peer
    /// has not been contacted since the start, the next certificate that it presents is trusted. Connections with
    /// another certificate are not used any more; a request in progress on one is completed.
    pub fn trust(&self, address: &Address) -> TrustChange {
        let trusted = self.shared.trust.accept(address);
        if !matches!(trusted, TrustChange::Unchanged(_)) {
            self.shared.sender.close_idle(address);
        }
        if matches!(trusted, TrustChange::Accepted { .. } | TrustChange::Reset) {
            self.shared.with_core(|at| at.core.report_peer_changed(address));
        }
        trusted
    }

    /// Sets the send rate, in messages per second: 0.001 to 100,000.
    pub fn set_send_rate(&self, rate: f64) -> Result<(), OptionsError> {
        self.shared.with_core(|at| at.core.set_send_rate(rate, at.now))
    }

    /// Stops the node. It accepts and sends nothing more, messages in flight return to the queue, and the state file is
    /// written. Returns the messages that are still here.
    pub async fn stop(&self) -> Unsent {
        self.shared.stopped.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        self.shared.with_core(|at| at.core.reclaim_in_flight());
        if let Some(state) = &self.inner.state {
            if let Err(error) = state.save(&self.shared).await.result {
                state.log_failure(&error);
            }
            state.release();
        }
        self.shared.close();
        self.remaining()
    }

    /// The messages that would be lost if the process ended now, except those in flight.
    pub fn remaining(&self) -> Unsent {
        self.shared.read(|core| Unsent {
            messages: core.queue(0..usize::MAX).collect(),
            held: core.held(0..usize::MAX).cloned().collect(),
        })
    }
}

/// Listeners and plugins. They are called without a lock held and may call the node.
///
/// Plugins, the payload hook and message listeners run on the task of the request, in this order. A panic there is
/// answered with 500 and reported by [`Event::PluginFailed`]; the node and the connection continue. Event listeners are
/// called by one thread at a time, in the order of the events; that thread is any that uses the node. A panic there is
/// logged. The node does not wait for slow listeners. At most 4,096 events and 64 MiB of messages are kept for them;
/// above that the oldest are dropped, and a warning in the log says how many.
///
/// A function that holds a handle keeps the node running until [`Node::stop`], which drops all functions. A function
/// that is added to a stopped node is dropped at once.
impl Node {
    /// Adds a plugin. Plugins see every payload before it is processed, in the order in which they were added. They may
    /// change the payload and the response, or discard the payload. Its name in events is its place, such as `plugin 1`.
    ///
    /// The sender is recorded before, also that of a payload which is then discarded. Payloads of ignored peers are seen
    /// too; they get 403 unless a plugin discards them. A message that cannot be passed on, because it is too large or
    /// nested too deeply, is a fault of the plugin, and the message before goes on.
    pub fn add_plugin(
        &self,
        plugin: impl Fn(&Peer, &mut Payload, &Request, &mut Response) -> PluginDecision + Send + Sync + 'static,
    ) {
        self.shared.hooks.add_plugin(None, Box::new(plugin));
    }

    /// As [`add_plugin`](Self::add_plugin), with a name by which events name it.
    pub fn add_named_plugin(
        &self,
        name: &str,
        plugin: impl Fn(&Peer, &mut Payload, &Request, &mut Response) -> PluginDecision + Send + Sync + 'static,
    ) {
        self.shared.hooks.add_plugin(Some(name), Box::new(plugin));
    }

    /// Sets the payload hook, which judges every payload after the plugins. It replaces the former one, which still
    /// judges the payloads that it has begun with. See [`PayloadHook`].
    pub fn set_payload_hook(&self, hook: Arc<dyn PayloadHook>) {
        self.shared.hooks.set_payload_hook(Some(hook));
    }

    /// Removes the payload hook.
    pub fn remove_payload_hook(&self) {
        self.shared.hooks.set_payload_hook(None);
    }

    /// Records that a plugin was loaded or has failed, so that it is in the events. Faults are counted.
    pub fn report_plugin(&self, report: PluginReport) {
        self.shared.with_core(|at| at.core.report_plugin(report));
    }

    /// As [`add_plugin`](Self::add_plugin), by the name that the npm package has for it.
    pub fn extend(
        &self,
        plugin: impl Fn(&Peer, &mut Payload, &Request, &mut Response) -> PluginDecision + Send + Sync + 'static,
    ) {
        self.add_plugin(plugin);
    }

    /// Adds a listener that gets each message before it is queued and returns the message to queue in its place. `None`
    /// discards it. The sender gets 200 either way.
    pub fn on_message_received(
        &self,
        listener: impl Fn(&Peer, Message) -> Option<Message> + Send + Sync + 'static,
    ) {
        self.shared.hooks.add_received(Arc::new(listener));
    }

    /// Adds a listener for queued messages: written, received, or returned from a failed delivery.
    pub fn on_message_queued(&self, listener: impl Fn(&Message) + Send + Sync + 'static) {
        self.on_event(move |event| {
            if let Event::MessageQueued { message, .. } = event {
                listener(message);
            }
        });
    }

    /// Adds a listener for discovered peers.
    pub fn on_peer_discovered(&self, listener: impl Fn(&Peer) + Send + Sync + 'static) {
        self.on_event(move |event| {
            if let Event::PeerDiscovered { peer, .. } = event {
                listener(peer);
            }
        });
    }

    /// Adds a listener for changes of status.
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
    /// A subscription to all events from now on.
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(self.shared.subscribe())
    }

    /// Reads several things at one moment. Nothing happens at the node meanwhile, so `read` must be short.
    pub fn read<T>(&self, read: impl FnOnce(&Core) -> T) -> T {
        self.shared.read(read)
    }

    /// The node at a glance.
    pub fn overview(&self) -> Overview {
        let uptime = self.now().uptime;
        self.shared.read(|core| Overview::of(core, uptime))
    }

    /// The events of `events` up to now, and the state of the node now. Events that `events` yields later happened
    /// after the snapshot; none is missing or counted twice.
    pub fn snapshot(&self, events: &mut Subscription, limits: SnapshotLimits) -> (Vec<Event>, Snapshot) {
        self.shared.read(|core| {
            let earlier = std::iter::from_fn(|| events.try_next()).collect();
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
            (earlier, snapshot)
        })
    }

    /// The time on both clocks of the node.
    pub fn now(&self) -> Now {
        self.shared.clock.now()
    }

    /// The address that this node sends with every payload.
    pub fn address(&self) -> Address {
        self.shared.read(|core| core.address().clone())
    }

    /// Warnings of the start. The node runs nevertheless.
    pub fn warnings(&self) -> &[StartWarning] {
        &self.inner.warnings
    }

    /// The certificate that this node presents.
    pub fn certificate(&self) -> CertificateFingerprint {
        self.inner.certificate
    }

    /// The options.
    pub fn options(&self) -> Options {
        self.shared.read(|core| core.options().clone())
    }

    /// The limits on connections and requests.
    pub fn limits(&self) -> Limits {
        Limits::clone(&self.shared.limits())
    }

    /// Whether the queue is empty.
    pub fn is_empty(&self) -> bool {
        self.queue_len() == 0
    }

    /// The number of queued messages.
    pub fn queue_len(&self) -> usize {
        self.shared.read(Core::queue_len)
    }

    /// All queued messages, head first.
    pub fn peek(&self) -> Vec<Message> {
        self.shared.read(|core| core.queue(0..usize::MAX).map(|queued| queued.message).collect())
    }

    /// The queued messages at these positions; 0 is the head.
    pub fn queue_window(&self, positions: Range<usize>) -> Vec<QueuedMessage> {
        self.shared.read(|core| core.queue(positions).collect())
    }

    /// The position of a message in the queue; 0 is the head.
    pub fn queue_position(&self, id: MessageId) -> Option<usize> {
        self.shared.read(|core| core.queue_position(id))
    }

    /// A queued message.
    pub fn queued_message(&self, id: MessageId) -> Option<QueuedMessage> {
        self.shared.read(|core| core.queued_message(id))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
