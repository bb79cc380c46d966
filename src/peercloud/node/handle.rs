use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::DropGuard;

use crate::{
    core::{
        AutoReply, CheckResult, CommandError, Core, Counters, History, JoinFailure, Joined, Member, Now,
        Options, Reply, SendId,
    },
    protocol::{Address, Host, Id, Json},
};

use super::{
    Builder, Limits, Replies, StartWarning, Subscription, builder::local_host, driver, server::Server,
    shared::Shared,
};

/// A running node. Clones are handles to the same node, which stops when [`Node::close`] is called or the last handle is
/// dropped. A node that is dropped says no goodbye: the members find out by their checks.
#[doc(alias = "client")]
#[derive(Debug, Clone)]
pub struct Node {
    pub(super) shared: Arc<Shared>,
    pub(super) inner: Arc<NodeInner>,
}

/// The part of a node that its handles own and its tasks do not.
#[derive(Debug)]
pub(super) struct NodeInner {
    pub(super) _stop_on_drop: DropGuard,
    /// The server and its socket, until the node begins.
    pub(super) prepared: Mutex<Option<Prepared>>,
    pub(super) listens_on: SocketAddr,
    pub(super) warnings: Vec<StartWarning>,
    pub(super) limits: Limits,
    pub(super) accepted_keys: Option<usize>,
    pub(super) has_handler: bool,
}

/// A server that does not run yet, and its socket.
pub(super) struct Prepared(pub(super) Arc<Server>, pub(super) TcpListener);

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Prepared").field(&self.1).finish_non_exhaustive()
    }
}

/// Why [`Node::join`] did not succeed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The command is refused.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// Nobody let us in.
    #[error(transparent)]
    Failed(#[from] JoinFailure),
}

/// Commands.
impl Node {
    /// A builder with the default options.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Begins the work of a node that was [prepared](Builder::prepare): it accepts connections, and asks its peers to let
    /// it in. A node that was started has begun already.
    pub fn begin(&self) {
        let prepared = self.inner.prepared.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Prepared(server, socket)) = prepared else { return };
        self.shared.with_core(|at| at.core.start(at.now, at.rng));
        self.shared.tasks.spawn(server.run(socket));
        self.shared.tasks.spawn(driver::run(Arc::clone(&self.shared)));
    }

    /// Waits until the first attempt to join has ended. A node without peers is alone at once.
    pub async fn ready(&self) -> Result<Joined, JoinFailure> {
        let mut results = self.shared.last_join.subscribe();
        let ended = tokio::select! {
            ended = results.wait_for(Option::is_some) => ended,
            () = self.shared.stopped.cancelled() => return Err(JoinFailure::GivenUp),
        };
        ended.ok().and_then(|result| result.clone()).unwrap_or(Err(JoinFailure::GivenUp))
    }

    /// Sends a message, an object or an array, to all members. Each has its own result: see [`Replies`].
    #[doc(alias = "send")]
    pub fn broadcast(&self, message: &Json) -> Result<Replies, CommandError> {
        self.shared.with_core(|mut at| {
            let id = at.core.broadcast(message, at.now)?;
            Ok(at.replies_of(id))
        })
    }

    /// Sends a message, an object or an array, to one member, and waits for its reply.
    #[doc(alias = "peer.send")]
    pub async fn send(&self, to: &Id, message: &Json) -> Result<Reply, CommandError> {
        let replies = self.begin_send(to, message)?;
        replies.all().await.into_iter().next().ok_or(CommandError::Stopped)
    }

    /// As [`Node::send`], without waiting.
    pub fn begin_send(&self, to: &Id, message: &Json) -> Result<Replies, CommandError> {
        self.shared.with_core(|mut at| {
            let id = at.core.send(to, message, at.now)?;
            Ok(at.replies_of(id))
        })
    }

    /// Why [`Node::broadcast`] would refuse a message now, if it would.
    pub fn check_message(&self, message: &Json) -> Result<(), CommandError> {
        self.shared.read(|core| core.check_message(message))
    }

    /// Changes our data, and tells all members. A member that answers with 404
    /// ([`Failure::UnknownToIt`](crate::core::Failure::UnknownToIt)) is too old for it: package 0.1.3.
    pub fn update(&self, data: Json) -> Result<Replies, CommandError> {
        self.shared.with_core(|mut at| {
            let id = at.core.update(data, at.now)?;
            Ok(at.replies_of(id))
        })
    }

    /// Asks the nodes at these addresses to let us in, one after the other. A node is in one cloud only, so one that has
    /// members leaves first.
    pub async fn join(&self, addresses: &[Address]) -> Result<Joined, JoinError> {
        let result = self.shared.with_core(|mut at| {
            at.core.join(addresses, at.now, at.rng)?;
            Ok::<_, CommandError>(at.join_result())
        })?;
        Ok(result.await.unwrap_or(Err(JoinFailure::GivenUp))?)
    }

    /// Why [`Node::join`] would be refused now, if it would.
    pub fn check_join(&self, addresses: &[Address]) -> Result<(), CommandError> {
        self.shared.read(|core| core.check_join(addresses))
    }

    /// Leaves the cloud and says goodbye to every member. Waits for their answers, at most 1 s. The node listens on, and
    /// is alone with a new id until it joins or lets somebody in.
    pub async fn leave(&self) -> Vec<Reply> {
        self.say_goodbye(Core::leave).await
    }

    async fn say_goodbye(
        &self,
        leave: impl FnOnce(&mut Core, Now, &mut dyn rand::Rng) -> Option<SendId>,
    ) -> Vec<Reply> {
        let replies = self.shared.with_core(|mut at| {
            let goodbye = leave(at.core, at.now, at.rng)?;
            Some(at.replies_of(goodbye))
        });
        let mut all = Vec::new();
        if let Some(mut replies) = replies {
            let gather = async {
                while let Some(reply) = replies.next().await {
                    all.push(reply);
                }
            };
            // Who has not answered by then finds out by its checks.
            let _ = timeout(self.inner.limits.goodbye_timeout, gather).await;
        }
        all
    }

    /// Leaves the cloud as [`Node::leave`] does, then ends the listener and everything else.
    pub async fn close(&self) -> Vec<Reply> {
        let replies = self.say_goodbye(Core::close).await;
        self.shared.stopped.cancel();
        drop(self.inner.prepared.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        self.shared.close();
        replies
    }

    /// Checks a member now.
    pub async fn check(&self, id: &Id) -> Result<CheckResult, CommandError> {
        let result = self.shared.with_core(|mut at| {
            let check = at.core.check(id, at.now)?;
            Ok::<_, CommandError>(at.result_of(check))
        })?;
        result.await.map_err(|_| CommandError::Stopped)
    }

    /// Sets the time between two checks, each of one member at random: 100 ms or more. `None` for no checks.
    #[doc(alias = "autoCheck")]
    pub fn set_check_interval(&self, interval: Option<Duration>) {
        self.shared.with_core(|at| at.core.set_check_interval(interval, at.now));
    }

    /// Forgets a member and refuses it from now on. Nobody is told. Returns whether it was a member.
    pub fn drop_member(&self, id: &Id) -> bool {
        self.shared.with_core(|at| at.core.drop_member(id, at.now))
    }

    /// Accepts a dropped member again. Returns whether it was dropped.
    pub fn undrop_member(&self, id: &Id) -> bool {
        self.take_undropped(id).is_some()
    }

    /// As [`Node::undrop_member`]. Returns the member as it was when it was dropped, for [`Node::undo_undrop`].
    pub fn take_undropped(&self, id: &Id) -> Option<Member> {
        self.shared.with_core(|at| at.core.undrop_member(id))
    }

    /// Undoes [`Node::drop_member`]: the member is as it was. Returns whether it was still dropped and there was room.
    pub fn undo_drop(&self, id: &Id) -> bool {
        self.shared.with_core(|at| at.core.undo_drop(id))
    }

    /// Undoes [`Node::take_undropped`], if it is not a member meanwhile. Returns whether it is dropped again.
    pub fn undo_undrop(&self, member: Member) -> bool {
        self.shared.with_core(|at| at.core.undo_undrop(member))
    }

    /// Sets what messages are answered with if the builder was given no handler.
    pub fn set_reply(&self, reply: AutoReply) -> Result<(), CommandError> {
        self.shared.with_core(|at| at.core.set_reply(reply))
    }

    /// Leaves and joins again with a new id, through the members, because some of them do not know us. A node does so by
    /// itself unless it is switched off.
    pub fn repair(&self) -> Result<(), CommandError> {
        self.shared.with_core(|at| at.core.repair(at.now, at.rng))
    }
}

/// Queries.
impl Node {
    /// Our id. It changes when the node leaves, repairs, or joins after an attempt of unknown outcome.
    pub fn id(&self) -> Id {
        self.shared.read(|core| core.id().clone())
    }

    /// The address of the listening socket.
    #[doc(alias = "listen")]
    pub fn listens_on(&self) -> SocketAddr {
        self.inner.listens_on
    }

    /// The address at which other nodes of this machine reach it: as a peer for their builder.
    pub fn local_address(&self) -> Address {
        Address { host: local_host(self.inner.listens_on.ip()), port: self.port() }
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.inner.listens_on.port()
    }

    /// The other members, by id.
    #[doc(alias = "peers")]
    pub fn members(&self) -> Vec<Member> {
        self.shared.read(|core| core.members().cloned().collect())
    }

    /// The member with this id.
    pub fn member(&self, id: &Id) -> Option<Member> {
        self.shared.read(|core| core.member(id).cloned())
    }

    /// The dropped members, by id, as they were when they were dropped.
    pub fn dropped(&self) -> Vec<Member> {
        self.shared.read(|core| core.dropped().cloned().collect())
    }

    /// Reads the state machine and the history while both are locked. `read` must be quick, because the node waits for it.
    pub fn read<T>(&self, read: impl FnOnce(&Core, &History) -> T) -> T {
        self.shared.read_all(read)
    }

    /// Our host, as the node that let us in sees it.
    pub fn seen_as(&self) -> Option<Host> {
        self.shared.read(|core| core.seen_as().cloned())
    }

    /// Whether the node is asking others to let it in.
    pub fn is_joining(&self) -> bool {
        self.shared.read(Core::is_attempting_to_join)
    }

    /// The options, with the current data and interval of checks.
    pub fn options(&self) -> Options {
        self.shared.read(|core| core.options().clone())
    }

    /// Totals since the node started.
    pub fn counters(&self) -> Counters {
        self.shared.read(|core| *core.counters())
    }

    /// The limits on connections and requests.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Number of keys whose signatures are accepted. `None` if signatures are not in use.
    pub fn accepted_keys(&self) -> Option<usize> {
        self.inner.accepted_keys
    }

    /// Whether the builder was given a handler of messages. Then [`Node::set_reply`] changes nothing.
    pub fn has_handler(&self) -> bool {
        self.inner.has_handler
    }

    /// What the user should know about the start.
    pub fn warnings(&self) -> &[StartWarning] {
        &self.inner.warnings
    }

    /// The time since the start, and of day, as in events and members.
    pub fn now(&self) -> Now {
        self.shared.now()
    }

    /// The events from now on. [`Builder::subscribe`] gives them from the start.
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(self.shared.subscribe())
    }
}
