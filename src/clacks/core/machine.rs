use std::{
    collections::{BTreeSet, VecDeque},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use serde::Serialize;

use crate::protocol::{Address, Message, Payload};

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
mod meeting;
#[cfg(feature = "simulation")]
mod prefetch;
mod queries;
mod receiving;
mod refusing;
mod remote_limits;
mod restoring;
mod sending;

/// Messages at the head of the queue that are held in one go at most.
const MOST_HOLDS: usize = 64;
/// Seconds after which a peer whose message has no room here may try again.
const RETRY_AFTER: &str = "60";
/// Other names of this node that are remembered at most; a host has a handful.
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
    /// Where others find this node.
    address: Address,
    options: Arc<Options>,
    peers: Peers,
    queue: Queue,
    // What a node that nobody watches, knows nobody's network address or does not leave has no need of is made when it is.
    visit_counts: Option<Box<VisitCounts>>,
    rule: Rule,
    send_timer: SendTimer,
    draining: Option<Box<Draining>>,
    /// How many more of the next messages are for proven peers: see [`Core::next_is_verified_only`].
    owed_to_verified: u32,
    remotes: Option<Box<RemoteLimits>>,
    /// In the order in which they began, which is that of their ids.
    in_flight: VecDeque<InFlight>,
    messages_in_flight: usize,
    next_delivery: u64,
    aliases: BTreeSet<Address>,
    counters: Option<Box<Counters>>,
    /// When the next limit that is met is told of, as uptime.
    next_limit_event: Duration,
    /// Some were met since limits were last told of.
    has_unreported_limits: bool,
    outputs: Outputs,
    is_watched: bool,
}

/// One request to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(u64);

/// A request that the shell is to make: post `payload` to `to`, then tell [`Core::handle_delivery`] how it ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// Names the delivery when it ends.
    pub id: DeliveryId,
    /// Whom to post to.
    pub to: Address,
    /// What to post.
    pub payload: Payload,
    /// Whether the user named the address. One that only strangers named is contacted where it is public only: see
    /// [`Scope`](super::Scope).
    pub added_by_user: bool,
}

/// What a delivery is for.
#[derive(Debug)]
enum Purpose {
    /// The head of the queue, taken out.
    Message(Entry),
    /// We make ourselves known, to an address that the user named or not.
    Announce { added_by_user: bool },
}

#[derive(Debug)]
struct InFlight {
    id: DeliveryId,
    to: Address,
    purpose: Purpose,
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryResult {
    /// The peer answered. It accepted the payload if the status is 200.
    Answered(Reply),
    /// There was no answer.
    Failed(Failure),
    /// The request came to this node itself.
    SelfConnection,
}

/// What a peer answered to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The HTTP status: 200 if the peer accepted the payload.
    pub status: u16,
    /// From the start of the request to the answer.
    pub round_trip: Duration,
    /// How long the peer asks us to wait before the next request: `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The remote address that answered, where it is known.
    pub remote: Option<IpAddr>,
    /// Whether the answer has a body. A node of this network answers 200 without one.
    pub has_body: bool,
}

impl Reply {
    /// An answer with this status and without a body, from nowhere in particular.
    pub fn new(status: u16, round_trip: Duration) -> Self {
        Self { status, round_trip, retry_after: None, remote: None, has_body: false }
    }
}

impl DeliveryResult {
    /// The peer accepted the payload.
    pub fn accepted(round_trip: Duration) -> Self {
        Self::Answered(Reply::new(200, round_trip))
    }

    /// The peer answered with another status than 200.
    pub fn refused(status: u16) -> Self {
        Self::Answered(Reply::new(status, Duration::ZERO))
    }

    /// Whether the peer accepted the payload.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Answered(Reply { status: 200, .. }))
    }

    /// Why the payload was not accepted; `None` if it was, or if the request came to this node itself.
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Answered(Reply { status: 200, .. }) | Self::SelfConnection => None,
            Self::Answered(reply) => Some(Failure::Status(reply.status)),
            Self::Failed(failure) => Some(failure.clone()),
        }
    }
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Further HTTP headers, names and values.
    pub headers: Vec<(String, String)>,
    /// The body; plain text.
    pub body: String,
}

impl Response {
    /// 200 with an empty body: the payload was taken.
    pub fn accepted() -> Self {
        Self { status: 200, headers: Vec::new(), body: String::new() }
    }

    /// The payload was not taken, for this reason.
    pub fn refused(status: u16, reason: &str) -> Self {
        Self { status, headers: Vec::new(), body: format!("{reason}\n") }
    }

    fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What waits for the shell: see [`Core::swap_outputs`].
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

/// What has happened since the node started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Counters {
    /// Messages that came from peers and were queued.
    pub received: u64,
    /// Messages that peers took.
    pub delivered: u64,
    /// Deliveries that failed.
    pub failed: u64,
    /// Messages that were typed in here.
    pub enqueued: u64,
    /// Announces that came from peers.
    pub announces: u64,
    /// Requests that were not taken.
    pub refused: u64,
    /// How often each limit was met.
    pub limits: LimitCounts,
}

impl Core {
    /// A node that knows nobody and holds nothing.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        options.check()?;
        Ok(Self::sharing(options.address.clone(), Arc::new(options)))
    }

    /// One of many nodes that are alike but for their addresses. The options were checked.
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

    /// Whether anybody is told what happens here. If not, there are no events, and nothing is counted: neither what
    /// [`Core::counters`] tells nor how often a message has been seen here, which changes nothing that a peer could
    /// notice. Nodes are watched unless they are told otherwise.
    pub fn set_watched(&mut self, is_watched: bool) {
        self.is_watched = is_watched;
    }

    /// Tells those who watch, if there are any, what happened.
    fn emit(&mut self, event: impl FnOnce(&Peers) -> Event) {
        if self.is_watched {
            self.outputs.pending().events.push_back(event(&self.peers));
        }
    }

    /// Counts what happened for those who watch, if there are any.
    fn count(&mut self, count: impl FnOnce(&mut Counters)) {
        if self.is_watched {
            count(self.counters.get_or_insert_default());
        }
    }

    fn remotes(&mut self) -> &mut RemoteLimits {
        self.remotes.get_or_insert_with(|| Box::new(RemoteLimits::new(&self.options)))
    }

    /// Counts that a message came from a peer, and returns how often it has been here.
    fn count_visit(&mut self, message: &Message) -> u32 {
        if self.is_watched { self.visit_counts.get_or_insert_default().record(message) } else { 0 }
    }

    /// Notes that the user wrote a message, which is a visit only if it has not been here, and returns how often it has
    /// been.
    fn count_written(&mut self, message: &Message) -> u32 {
        if self.is_watched { self.visit_counts.get_or_insert_default().record_written(message) } else { 0 }
    }

    /// Makes the peers of an earlier run known. One that was lost, dead or ignored is so since when it was; one that was
    /// new or alive is lost from now on, so that it is tried for the whole kill timeout. How long ago a time is, the wall
    /// clock says once, here; where a time is yet to come by that clock, it is now. Those that were ignored are restored whatever
    /// [`Options::max_peers`] says; of the others as many as it allows: first those that the user named, then those that
    /// ever answered, then the rest.
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

    // === What the shell is to do ===

    /// The next request to make.
    pub fn poll_delivery(&mut self) -> Option<Delivery> {
        self.outputs.poll_delivery()
    }

    /// Exchanges what waits for the shell with `outputs`, and with it the memory that it waits in. A shell with many
    /// cores lends each the same while something happens to it, so that not all of them keep some.
    pub fn swap_outputs(&mut self, outputs: &mut Outputs) {
        std::mem::swap(&mut self.outputs, outputs);
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outputs.poll_event()
    }

    /// When to call [`Core::handle_timeout`], as uptime; `None` while there is nothing to send or nobody to send
    /// to, and no limit to be reported. Every input can change it. It may have passed already.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let sends = if self.can_send() { Some(self.next_send()) } else { self.next_resume() };
        [sends, self.next_limit_report()].into_iter().flatten().min()
    }

    /// Whether [`Core::poll_timeout`] names an earlier time than this, or any if this is `None`. Costs next to nothing
    /// where it does not.
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

/// A peer that is served but not remembered: this node's own address, or one more than may be known.
fn untracked_peer(address: &Address, now: Now) -> Peer {
    Peer::new(address.clone(), Status::New, now)
}

fn millis(uptime: Duration) -> u64 {
    uptime.as_millis() as u64
}
