use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use rand::Rng;

use crate::protocol::{Address, Answer, Host, Id, Path, Request, Timestamp};

use super::{
    CheckResult, Event, Member, Now, Options, OptionsError, Outgoing, Reach, RefusalCounts, RequestId,
    replay::Replays,
};

mod checks;
mod commands;
mod heal;
mod join;
mod let_in;
mod members;
mod outcomes;
mod pump;
mod queries;
mod receive;
mod repair;
mod seek;
mod sends;

pub use commands::CommandError;
pub use join::{JoinFailure, Joined};
pub use let_in::JoinNumber;
pub use queries::{Counters, Listed};
pub use receive::{Call, HandlerError, Head, Incoming, Response};
pub use sends::{Reply, SendId, SendKind};

/// Periodic checks from one reminder of a member to the next: 15 s.
const CHECKS_PER_REMINDER: u64 = 3;
/// Maximum milliseconds that the times of our signatures may be ahead of our clock, because none is used twice.
const MAX_AHEAD_MS: u64 = 30_000;

/// A node of a peercloud network as a state machine. See the [module](crate::core) for how it is driven.
///
/// ```
/// use std::time::Duration;
/// use clacks_peercloud::core::{Core, Now, Options, Outcome};
/// use rand::{SeedableRng, rngs::StdRng};
///
/// // Time and randomness come from the caller.
/// let now = Now { uptime: Duration::ZERO, unix_ms: 1_700_000_000_000 };
/// let mut rng = StdRng::seed_from_u64(1);
/// let mut options = Options::default();
/// options.seeds = vec!["127.0.0.1:4444".parse()?];
/// let mut core = Core::new(options, &mut rng)?;
/// core.start(now, &mut rng);
///
/// // The shell posts the request and reports what came of it.
/// let request = core.poll_request().expect("a request to join");
/// assert_eq!(request.path.as_str(), "/join");
/// let body = br#"{"status":"joined","self":{"id":"seed","data":{}},"peers":[]}"#.to_vec();
/// let outcome = Outcome::Answered { status: 200, body, remote: None, is_ours: false };
/// core.handle_outcome(request.id, outcome, now, &mut rng);
/// assert_eq!(core.members().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Core {
    options: Options,
    id: Id,
    members: BTreeMap<Id, Member>,
    /// Number of members at each address.
    addresses: BTreeMap<Address, usize>,
    /// Members that somebody said are gone, until we have checked it.
    disputed: BTreeMap<Id, Member>,
    /// Members that the user dropped, as they were then.
    dropped: BTreeMap<Id, Member>,
    /// Former members, the newest last.
    former: VecDeque<heal::Former>,
    state: State,
    /// Whether the user wants to be in the cloud of the seeds, and has neither left it nor joined another one.
    wants_seeds: bool,
    /// Seeds that said goodbye to us.
    left_seeds: BTreeSet<Address>,
    attempt: Option<join::Attempt>,
    newcomers: BTreeMap<JoinNumber, let_in::Newcomer>,
    sends: BTreeMap<SendId, sends::Send>,
    in_flight: BTreeMap<RequestId, InFlight>,
    /// Number of requests in flight that belong to a send.
    sending: usize,
    /// Those of them with which members tell each other something.
    telling: usize,
    /// The same by receiver, without zeros.
    sending_to: BTreeMap<Id, pump::ToMember>,
    /// Members of whom others are to be told.
    introductions: VecDeque<Id>,
    replays: Replays,
    timers: BTreeSet<(Duration, Timer)>,
    next_number: u64,
    last_timestamp: u64,
    /// Number of periodic checks so far.
    periodic_checks: u64,
    /// Number of checks in flight.
    checking: usize,
    /// Members that wait for their check: those that we have reached before first, then in their order.
    waiting_checks: BTreeMap<(bool, u64), Id>,
    /// When we last let somebody in.
    last_let_in: Option<Duration>,
    /// Whether we let in the last two newcomers in a short time.
    lets_in_often: bool,
    joined_at: Option<Duration>,
    last_repair: Option<Duration>,
    seen_as: Option<Host>,
    counters: Counters,
    is_closing: bool,
    requests: VecDeque<Outgoing>,
    completions: VecDeque<Completion>,
    events: VecDeque<Event>,
}

/// What the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// To be in a cloud.
    Active,
    /// To be alone, until somebody is let in or the user joins.
    Left,
}

/// Something that the shell or a user waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Completion {
    /// The answer to a request to join, for which [`Response::Wait`] told to wait.
    Answer {
        /// The number in [`Response::Wait`].
        join: JoinNumber,
        /// The answer.
        answer: Answer,
    },
    /// A receiver replied, or failed to.
    Reply {
        /// The number of the broadcast or message.
        send: SendId,
        /// The reply.
        reply: Reply,
    },
    /// All receivers replied or failed to.
    SendEnded(SendId),
    /// A check that the user asked for ended.
    Checked {
        /// The number of the check.
        request: RequestId,
        /// The result.
        result: CheckResult,
    },
    /// An attempt to join ended.
    JoinEnded(Result<Joined, JoinFailure>),
}

#[derive(Debug)]
struct InFlight {
    purpose: Purpose,
    to: Address,
    since: Duration,
}

#[derive(Debug, Clone)]
enum Purpose {
    /// We ask to be let in.
    Join,
    /// A check of a newcomer.
    Newcomer(JoinNumber),
    /// A check of a member, which the user may wait for.
    Check { member: Id, is_for_user: bool },
    /// A question whether a former member is there again.
    Former(Id),
    /// A question who is at the address of a seed, which is no member.
    Seed,
    /// One request of a send.
    Send { send: SendId, member: Id, attempt: u8 },
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// The periodic check of one member.
    Check,
    /// A check of this member.
    CheckOf(Id),
    /// The first check of a member that was added on somebody's word.
    FirstCheck(Id),
    /// The newcomer has waited long enough.
    Newcomer(JoinNumber),
    /// A request of a send is made again, for the given time.
    Resend(SendId, Id, u8),
    /// A goodbye does not wait any longer for the messages before it.
    Goodbye(SendId),
    /// We try to join again.
    Join,
    /// The node that was busy is asked again.
    AskAgain,
    /// Members that do not know us are counted.
    Repair,
    /// A former member is asked whether it is there again.
    Heal,
    /// Members of two parts of a cloud are told of each other.
    Introduce,
}

impl Core {
    /// A node without members, with a random id.
    pub fn new(options: Options, rng: &mut dyn Rng) -> Result<Self, OptionsError> {
        options.check()?;
        Ok(Self {
            id: Id::random(rng),
            options,
            members: BTreeMap::new(),
            addresses: BTreeMap::new(),
            disputed: BTreeMap::new(),
            dropped: BTreeMap::new(),
            former: VecDeque::new(),
            state: State::Active,
            wants_seeds: true,
            left_seeds: BTreeSet::new(),
            attempt: None,
            newcomers: BTreeMap::new(),
            sends: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            sending: 0,
            telling: 0,
            sending_to: BTreeMap::new(),
            introductions: VecDeque::new(),
            replays: Replays::default(),
            timers: BTreeSet::new(),
            next_number: 1,
            last_timestamp: 0,
            periodic_checks: 0,
            checking: 0,
            waiting_checks: BTreeMap::new(),
            last_let_in: None,
            lets_in_often: false,
            joined_at: None,
            last_repair: None,
            seen_as: None,
            counters: Counters::default(),
            is_closing: false,
            requests: VecDeque::new(),
            completions: VecDeque::new(),
            events: VecDeque::new(),
        })
    }

    /// Starts the node: it asks its seeds to let it in, and begins to check members.
    pub fn start(&mut self, now: Now, rng: &mut dyn Rng) {
        let (id, port) = (self.id.clone(), self.options.port);
        let address = Address { host: self.options.local_host.clone(), port };
        self.events.push_back(Event::Started { id, port, address });
        self.schedule_check(now.uptime);
        self.join_seeds(now, rng);
    }

    // === Outputs ===

    /// The next request that the shell has to make.
    pub fn poll_request(&mut self) -> Option<Outgoing> {
        self.requests.pop_front()
    }

    /// The next thing that somebody waits for.
    pub fn poll_completion(&mut self) -> Option<Completion> {
        self.completions.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Uptime of the next call of [`Core::handle_timeout`]. It may be in the past. Every input can change it.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.timers.first().map(|(at, _)| *at)
    }

    // === Timers ===

    /// The time of [`Core::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Now, rng: &mut dyn Rng) {
        while let Some((at, _)) = self.timers.first() {
            if *at > now.uptime {
                return;
            }
            let Some((_, timer)) = self.timers.pop_first() else { return };
            self.handle_timer(timer, now, rng);
        }
    }

    fn handle_timer(&mut self, timer: Timer, now: Now, rng: &mut dyn Rng) {
        match timer {
            Timer::Check => {
                self.schedule_check(now.uptime);
                self.check_any(now, rng);
                self.periodic_checks += 1;
                if self.periodic_checks.is_multiple_of(CHECKS_PER_REMINDER) {
                    self.remind(now, rng);
                }
            }
            Timer::CheckOf(id) | Timer::FirstCheck(id) => self.check_is_due(&id, now),
            Timer::Newcomer(number) => self.newcomer_timed_out(number, now),
            Timer::Resend(send, id, attempt) => self.resend(send, (id, attempt), now),
            Timer::Goodbye(send) => self.goodbye_is_overdue(send, now),
            Timer::Join => self.join_again(now, rng),
            Timer::AskAgain => self.ask_next(now, rng),
            Timer::Repair => self.consider_repair(now, rng),
            Timer::Heal => self.ask_former(now, rng),
            Timer::Introduce => self.introduce_all(now),
        }
    }

    #[cfg(test)]
    pub(crate) fn timer_count(&self) -> usize {
        self.timers.len()
    }

    fn schedule(&mut self, at: Duration, timer: Timer) {
        self.timers.insert((at, timer));
    }

    // === Requests ===

    fn number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    /// Emits a request. The body is encoded by the caller, because many receivers share it.
    fn emit_request(
        &mut self,
        purpose: Purpose,
        (to, reach): (Address, Reach),
        (path, sender, body): (Path, Id, Arc<str>),
        now: Now,
    ) -> RequestId {
        let id = RequestId(self.number());
        let (timeout, max_answer) = match purpose {
            Purpose::Join => (self.options.join_timeout, self.options.max_join_answer),
            Purpose::Newcomer(number) => (self.time_for_check(number, now), self.options.max_reply),
            Purpose::Check { .. } | Purpose::Former(_) | Purpose::Seed | Purpose::Send { .. } => {
                (self.options.request_timeout, self.options.max_reply)
            }
        };
        // A stranger could send the signature of a check back to us, so checks are never signed.
        let is_signed = self.options.is_signed && path != Path::Status;
        let timestamp = is_signed.then(|| self.next_timestamp(now));
        let keeps_connection = match &purpose {
            Purpose::Send { send, .. } => self.sends.get(send).is_some_and(|send| send.keeps_connections),
            _ => false,
        };
        let was_reached = match &purpose {
            Purpose::Check { member, .. } | Purpose::Send { member, .. } => {
                self.known(member).is_some_and(|member| member.was_reached)
            }
            _ => false,
        };
        self.in_flight.insert(id, InFlight { purpose, to: to.clone(), since: now.uptime });
        self.requests.push_back(Outgoing {
            id,
            to,
            reach,
            was_reached,
            path,
            sender,
            body,
            timestamp,
            keeps_connection,
            timeout,
            max_answer,
        });
        id
    }

    /// A time to sign. None is used twice, unless more than 1,000 requests a second were signed for half a minute.
    fn next_timestamp(&mut self, now: Now) -> Timestamp {
        let next = (self.last_timestamp + 1).clamp(now.unix_ms, now.unix_ms.saturating_add(MAX_AHEAD_MS));
        self.last_timestamp = next.max(self.last_timestamp.min(now.unix_ms.saturating_add(MAX_AHEAD_MS)));
        Timestamp(next)
    }

    fn body_of(request: &Request) -> Arc<str> {
        request.encode().into()
    }

    // === State ===

    /// Whether there is no other member.
    fn is_alone(&self) -> bool {
        self.members.is_empty()
    }

    fn refusals(&mut self) -> &mut RefusalCounts {
        &mut self.counters.refusals
    }
}
