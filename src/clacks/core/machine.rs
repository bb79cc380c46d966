use std::{
    collections::{BTreeSet, VecDeque},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use serde::Serialize;

use crate::protocol::{Address, Message, Payload};

pub use judging::{Arrival, Judged};

use self::{drain::Draining, hold::Rule, remote_limits::RemoteLimits};
use super::{
    Event, Failure, KnownPeer, LimitCounts, Now, Options, OptionsError, Peer, Status,
    peers::Peers,
    queue::{Entry, Queue},
    send_timer::SendTimer,
    visit_counts::VisitCounts,
};

mod commands;
mod drain;
mod hold;
mod judging;
mod membership;
#[cfg(feature = "simulation")]
mod prefetch;
mod queries;
mod receiving;
mod remote_limits;
mod replies;
mod sending;
mod undo;

/// Maximum messages that the hold rule moves from the head of the queue to the held messages in one call.
const MAX_HOLDS: usize = 64;
/// Value of `Retry-After` in seconds for a message that has no room.
const RETRY_AFTER: &str = "60";
/// Maximum other names of this node that are remembered. A host has a handful.
const MAX_ALIASES: usize = 64;

/// A node of the network as a state machine. See the [module](crate::core) for how it is driven.
///
/// ```
/// use std::time::Duration;
/// use clacks_p2p::{Address, Message, core::{Core, Event, Now, Options, DeliveryResult}};
/// use rand::{SeedableRng, rngs::StdRng};
///
/// let address = |text: &str| text.parse::<Address>().unwrap();
/// let mut core = Core::new(Options::new(address("tower.example.org:8080")))?;
/// // Time and randomness come from the caller.
/// let now = Now { uptime: Duration::ZERO, unix_ms: 1_767_225_600_000 };
/// let mut rng = StdRng::seed_from_u64(1);
///
/// core.add_peer(&address("quirm.example.org:8080"), now);
/// core.enqueue(Message::text("GNU Terry Pratchett"), now)?;
/// assert_eq!(core.poll_timeout(), Some(Duration::ZERO), "a message is due");
/// core.handle_timeout(now, &mut rng);
///
/// // The shell posts the payload and reports how that ended.
/// let delivery = core.poll_delivery().expect("one delivery");
/// assert_eq!(delivery.to, address("quirm.example.org:8080"));
/// core.handle_delivery(delivery.id, DeliveryResult::accepted(Duration::from_millis(20)), now);
/// let events: Vec<Event> = std::iter::from_fn(|| core.poll_event()).collect();
/// assert!(events.iter().any(|event| matches!(event, Event::MessageDelivered { .. })));
/// assert_eq!(core.queue_len(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Core {
    /// The address that is sent to others.
    address: Address,
    options: Arc<Options>,
    peers: Peers,
    queue: Queue,
    // Allocated on first use: a node without observers, remote addresses or a drain never needs these.
    visit_counts: Option<Box<VisitCounts>>,
    rule: Rule,
    send_timer: SendTimer,
    draining: Option<Box<Draining>>,
    /// Number of the next messages that are owed to verified peers: see [`Core::next_is_verified_only`].
    owed_to_verified: u32,
    remotes: Option<Box<RemoteLimits>>,
    /// Sorted by id.
    in_flight: VecDeque<InFlight>,
    messages_in_flight: usize,
    next_delivery: u64,
    aliases: BTreeSet<Address>,
    counters: Option<Box<Counters>>,
    /// Uptime of the next event about limits.
    next_limit_event: Duration,
    /// Whether a limit was hit since the last event about limits.
    has_unreported_limits: bool,
    outputs: Outputs,
    is_watched: bool,
}

/// One request to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(u64);

/// A request that the shell has to make: post `payload` to `to`, then call [`Core::handle_delivery`] with the result.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// The id for [`Core::handle_delivery`].
    pub id: DeliveryId,
    /// The receiver.
    pub to: Address,
    /// The payload.
    pub payload: Payload,
    /// Whether the user added the peer. Others are contacted at public addresses only: see [`Scope`](super::Scope).
    pub added_by_user: bool,
}

/// The purpose of a delivery.
#[derive(Debug)]
enum Purpose {
    /// To deliver a message, which was the head of the queue.
    Message(Entry),
    /// To announce this node, to an address that the user added or not.
    Announce { added_by_user: bool },
}

#[derive(Debug)]
struct InFlight {
    id: DeliveryId,
    to: Address,
    purpose: Purpose,
}

/// The result of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryResult {
    /// The peer responded. It accepted the payload if the status is 200.
    Answered(Reply),
    /// There was no response.
    Failed(Failure),
    /// The request reached this node itself.
    SelfConnection,
}

/// The response of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The HTTP status: 200 if the peer accepted the payload.
    pub status: u16,
    /// Time from the start of the request to the response.
    pub round_trip: Duration,
    /// The pause that the peer asks for: `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The remote address that responded, if known.
    pub remote: Option<IpAddr>,
    /// Whether the response has a body. A node of this network responds to accepted payloads without one.
    pub has_body: bool,
}

impl Reply {
    /// A response without a body, from an unknown remote address.
    pub fn new(status: u16, round_trip: Duration) -> Self {
        Self { status, round_trip, retry_after: None, remote: None, has_body: false }
    }
}

impl DeliveryResult {
    /// The peer accepted the payload.
    pub fn accepted(round_trip: Duration) -> Self {
        Self::Answered(Reply::new(200, round_trip))
    }

    /// The peer responded with a status other than 200.
    pub fn refused(status: u16) -> Self {
        Self::Answered(Reply::new(status, Duration::ZERO))
    }

    /// Whether the peer accepted the payload.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Answered(Reply { status: 200, .. }))
    }

    /// The cause if the payload was not accepted. `None` if it was accepted, or if the request reached this node
    /// itself.
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Answered(Reply { status: 200, .. }) | Self::SelfConnection => None,
            Self::Answered(reply) => Some(Failure::Status(reply.status)),
            Self::Failed(failure) => Some(failure.clone()),
        }
    }
}

/// The response to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Additional HTTP headers: names and values.
    pub headers: Vec<(String, String)>,
    /// The body, as plain text.
    pub body: String,
}

impl Response {
    /// 200 with an empty body: the payload was accepted.
    pub fn accepted() -> Self {
        Self { status: 200, headers: Vec::new(), body: String::new() }
    }

    /// The payload was refused for this reason.
    pub fn refused(status: u16, reason: &str) -> Self {
        Self { status, headers: Vec::new(), body: format!("{reason}\n") }
    }

    fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Outputs that the shell has not polled yet: see [`Core::swap_outputs`].
#[derive(Debug, Default)]
pub struct Outputs(Option<Box<Pending>>);

#[derive(Debug, Default)]
struct Pending {
    deliveries: VecDeque<Delivery>,
    events: VecDeque<Event>,
}

impl Outputs {
    fn pending(&mut self) -> &mut Pending {
        self.0.get_or_insert_default()
    }

    fn poll_delivery(&mut self) -> Option<Delivery> {
        self.0.as_mut()?.deliveries.pop_front()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.0.as_mut()?.events.pop_front()
    }
}

/// Totals since the node started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Counters {
    /// Messages received from peers and queued.
    pub received: u64,
    /// Messages that peers accepted.
    pub delivered: u64,
    /// Failed deliveries.
    pub failed: u64,
    /// Messages that the user wrote.
    pub enqueued: u64,
    /// Announces received from peers.
    pub announces: u64,
    /// Refused requests. Payloads that plugins refused are not among them.
    pub refused: u64,
    /// Payloads that plugins discarded with the status 200.
    pub swallowed: u64,
    /// Payloads that plugins discarded with another status.
    pub refused_by_plugin: u64,
    /// Faults of plugins.
    pub plugin_faults: u64,
    /// Number of hits of each limit.
    pub limits: LimitCounts,
}

impl Core {
    /// A node without peers and messages.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        options.check()?;
        Ok(Self::sharing(options.address.clone(), Arc::new(options)))
    }

    /// One of many nodes with the same options but different addresses. The options are already checked.
    pub(crate) fn sharing(address: Address, options: Arc<Options>) -> Self {
        let mut core = Self {
            peers: Peers::new(options.max_in_flight_per_peer, options.max_in_flight),
            queue: Queue::new(&options),
            visit_counts: None,
            rule: Rule::default(),
            draining: None,
            owed_to_verified: 0,
            remotes: None,
            send_timer: SendTimer::new(options.send_rate),
            in_flight: VecDeque::new(),
            messages_in_flight: 0,
            next_delivery: 1,
            aliases: BTreeSet::new(),
            counters: None,
            next_limit_event: Duration::ZERO,
            has_unreported_limits: false,
            outputs: Outputs::default(),
            is_watched: true,
            address,
            options,
        };
        core.peers.set_slow_from(core.options.slow_from());
        core
    }

    /// Whether the node has an observer. Default: yes. Without one it emits no events and counts nothing: neither
    /// [`Core::counters`] nor visits of messages. Peers cannot notice the difference.
    pub fn set_watched(&mut self, is_watched: bool) {
        self.is_watched = is_watched;
    }

    /// Emits an event, if there is an observer.
    fn emit(&mut self, event: impl FnOnce(&Peers) -> Event) {
        if self.is_watched {
            self.outputs.pending().events.push_back(event(&self.peers));
        }
    }

    /// Updates the counters, if there is an observer.
    fn count(&mut self, count: impl FnOnce(&mut Counters)) {
        if self.is_watched {
            count(self.counters.get_or_insert_default());
        }
    }

    fn remotes(&mut self) -> &mut RemoteLimits {
        self.remotes.get_or_insert_with(|| Box::new(RemoteLimits::new(&self.options)))
    }

    /// Counts a visit of a message. Returns the number of visits.
    fn count_visit(&mut self, message: &Message) -> u32 {
        if self.is_watched { self.visit_counts.get_or_insert_default().record(message) } else { 0 }
    }

    /// Records that the user wrote a message. It counts as a visit only if it is the first. Returns the number of
    /// visits.
    fn count_written(&mut self, message: &Message) -> u32 {
        if self.is_watched { self.visit_counts.get_or_insert_default().record_written(message) } else { 0 }
    }

    /// Adds the peers of an earlier run. Lost, dead and ignored peers keep their status and its age; new and alive ones
    /// are lost from now on, so that they are tried for the whole kill timeout. Ages are computed from the wall clock
    /// once, here; times in the future count as now. Ignored peers are always restored. Of the others at most
    /// [`Options::max_peers`] are: first those that the user added, then those that have ever responded, then the rest.
    pub fn restore(&mut self, known: impl IntoIterator<Item = KnownPeer>, now: Now) {
        let mut known: Vec<KnownPeer> = known.into_iter().collect();
        known.sort_by_key(|peer| (peer.status != Status::Ignored, !peer.added_by_user, !peer.ever_responded));
        let mut others = 0;
        for peer in known {
            let is_ignored = peer.status == Status::Ignored;
            if self.is_unknown(&peer.address) && (is_ignored || others < self.options.max_peers) {
                others += usize::from(!is_ignored);
                let status = match peer.status {
                    Status::New | Status::Alive => Status::Lost,
                    stays @ (Status::Lost | Status::Dead | Status::Ignored) => stays,
                };
                self.peers.restore(peer, status, now);
            }
        }
    }

    // === Outputs ===

    /// The next request that the shell has to make.
    pub fn poll_delivery(&mut self) -> Option<Delivery> {
        self.outputs.poll_delivery()
    }

    /// Swaps the pending outputs, and the memory that they use, with `outputs`. A shell with many cores lends one
    /// `Outputs` to each core during its input, so that not every core keeps memory for outputs.
    pub fn swap_outputs(&mut self, outputs: &mut Outputs) {
        std::mem::swap(&mut self.outputs, outputs);
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outputs.poll_event()
    }

    /// Uptime of the next call of [`Core::handle_timeout`]. `None` while there is nothing to send, no free receiver and
    /// no limit to report. It may be in the past. Every input can change it.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let sends = if self.can_send() { Some(self.next_send()) } else { self.next_resume() };
        [sends, self.next_limit_report()].into_iter().flatten().min()
    }

    /// Whether [`Core::poll_timeout`] is earlier than this time, or is a time at all if this is `None`. Cheaper than
    /// [`Core::poll_timeout`].
    pub fn is_due_before(&self, wakes: Option<Duration>) -> bool {
        let is_earlier = |at: Duration| wakes.is_none_or(|wakes| at < wakes);
        if is_earlier(self.next_send()) && self.can_send() {
            return true;
        }
        // Most nodes have neither.
        let resumes = self.peers.next_resume().filter(|_| !self.can_send()).and_then(|_| self.next_resume());
        resumes.is_some_and(is_earlier) || self.next_limit_report().is_some_and(is_earlier)
    }
}

/// A peer that is served but not in the list of peers: this node itself, or one beyond the limit.
fn untracked_peer(address: &Address, now: Now) -> Peer {
    Peer::new(address.clone(), Status::New, now)
}

fn millis(uptime: Duration) -> u64 {
    uptime.as_millis() as u64
}
