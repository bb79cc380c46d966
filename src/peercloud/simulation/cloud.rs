//! Many nodes on one virtual clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::{
    core::{
        Completion, Core, Event, Failure, Head, Incoming, JoinNumber, Now, Options, Outcome, Outgoing,
        RequestId, Response, SignatureCheck,
    },
    protocol::{Address, Answer, Id, Json, Request},
};

use super::package;

/// The wall-clock time at the start, in milliseconds.
const START_MS: u64 = 1_700_000_000_000;

/// The first port of a node.
const FIRST_PORT: u16 = 1000;

/// A node, with the rules that it follows.
#[derive(Debug)]
enum Node {
    Ours(Box<Core>),
    Package(Box<package::Node>),
}

impl Node {
    fn id(&self) -> &Id {
        match self {
            Self::Ours(core) => core.id(),
            Self::Package(node) => &node.id,
        }
    }

    /// The ids of the listed members and its own, sorted. A member that is listed twice is there twice.
    fn listed(&self) -> Vec<Id> {
        let mut listed: Vec<Id> = match self {
            Self::Ours(core) => core.members().map(|member| member.record.id.clone()).collect(),
            Self::Package(node) => node.members.iter().map(|member| member.id.clone()).collect(),
        };
        listed.push(self.id().clone());
        listed.sort_unstable();
        listed
    }
}

/// Nodes, and what is on its way between them.
#[derive(Debug)]
pub(crate) struct Cloud {
    nodes: Vec<Option<Node>>,
    pub(crate) now: Duration,
    queue: BTreeMap<(Duration, u64), Happening>,
    sequence: u64,
    rng: Pcg64Mcg,
    /// Latency of one way, in milliseconds.
    pub(crate) latency: std::ops::Range<u64>,
    /// Share of requests and answers that are lost.
    pub(crate) loss: f64,
    /// If some, nodes below this number and the others do not reach each other.
    pub(crate) split: Option<usize>,
    /// Each node stands still for this long, once in each such interval.
    pub(crate) stalls: Option<(Duration, Duration)>,
    /// Requests that wait for their answer.
    open: BTreeSet<(usize, RequestId)>,
    /// The next timer of each node.
    timers: BTreeMap<usize, Duration>,
    joins: BTreeMap<(usize, JoinNumber), (usize, RequestId)>,
    pub(crate) events: Vec<(usize, Event)>,
}

#[derive(Debug)]
enum Happening {
    Arrival { from: usize, request: Outgoing },
    Outcome { to: usize, id: RequestId, outcome: Outcome },
    Timer(usize),
}

impl Cloud {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            nodes: Vec::new(),
            now: ms(1_000_000),
            queue: BTreeMap::new(),
            sequence: 0,
            rng: Pcg64Mcg::seed_from_u64(seed),
            latency: 1..20,
            loss: 0.0,
            split: None,
            stalls: None,
            open: BTreeSet::new(),
            timers: BTreeMap::new(),
            joins: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    fn time(&self) -> Now {
        Now { uptime: self.now, unix_ms: START_MS + self.now.as_millis() as u64 }
    }

    /// Starts a node of this library that asks these nodes. Returns its number.
    pub(crate) fn start(&mut self, seeds: &[usize]) -> usize {
        let mut options = Options { port: self.next_address().port, ..Options::default() };
        options.seeds = seeds.iter().map(|seed| address(*seed)).collect();
        // The options are the default ones.
        let Ok(mut core) = Core::new(options, &mut self.rng) else { return usize::MAX };
        core.start(self.time(), &mut self.rng);
        self.add(Node::Ours(Box::new(core)))
    }

    /// Starts a node of the package that asks these nodes. Returns its number.
    pub(crate) fn start_package(&mut self, seeds: &[usize]) -> usize {
        let seeds = seeds.iter().map(|seed| address(*seed)).collect();
        let (own, now) = (self.next_address(), self.time());
        let node = package::Node::start(own, seeds, now, &mut self.rng);
        self.add(Node::Package(Box::new(node)))
    }

    fn next_address(&self) -> Address {
        address(self.nodes.len())
    }

    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(Some(node));
        self.drain(self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    /// The number of nodes that list exactly all others.
    pub(crate) fn complete_lists(&self) -> usize {
        let mut all: Vec<Id> = self.nodes.iter().flatten().map(|node| node.id().clone()).collect();
        all.sort_unstable();
        self.nodes.iter().flatten().filter(|node| node.listed() == all).count()
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some((at, _)) =
            self.queue.first_key_value().map(|(key, _)| *key).filter(|(at, _)| *at <= end)
        {
            let Some((_, happening)) = self.queue.pop_first() else { return };
            self.now = self.now.max(at);
            self.handle(happening);
        }
        self.now = end;
    }

    fn handle(&mut self, happening: Happening) {
        match happening {
            Happening::Timer(node) if self.timers.get(&node) == Some(&self.now) => {
                self.timers.remove(&node);
                let now = self.time();
                match &mut self.nodes[node] {
                    Some(Node::Ours(core)) => core.handle_timeout(now, &mut self.rng),
                    Some(Node::Package(package)) => package.handle_timeout(now, &mut self.rng),
                    None => {}
                }
                self.drain(node);
            }
            Happening::Timer(_) => {}
            Happening::Arrival { from, request } => match self.stalls_for(&request.to) {
                Duration::ZERO => self.arrive(from, &request),
                rest => self.schedule(rest, Happening::Arrival { from, request }),
            },
            Happening::Outcome { to, id, outcome } => {
                if self.open.remove(&(to, id)) {
                    // Who gave up has closed its connection.
                    let given_up =
                        self.joins.iter().find(|(_, waiting)| **waiting == (to, id)).map(|(key, _)| *key);
                    if let Some((node, number)) = given_up {
                        self.joins.remove(&(node, number));
                        if let Some(Node::Ours(core)) = &mut self.nodes[node] {
                            core.cancel_join(number);
                            self.drain(node);
                        }
                    }
                    let now = self.time();
                    match &mut self.nodes[to] {
                        Some(Node::Ours(core)) => core.handle_outcome(id, outcome, now, &mut self.rng),
                        Some(Node::Package(package)) => package.handle_outcome(id, outcome, now),
                        None => {}
                    }
                    self.drain(to);
                }
            }
        }
    }

    fn schedule(&mut self, after: Duration, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((self.now + after, self.sequence), happening);
    }

    fn way(&mut self) -> Duration {
        ms(self.rng.random_range(self.latency.clone()))
    }

    fn is_lost(&mut self, from: usize, to: usize) -> bool {
        let is_split = self.split.is_some_and(|split| (from < split) != (to < split));
        is_split || self.rng.random_bool(self.loss)
    }

    /// How long the node at this address still stands still.
    fn stalls_for(&self, to: &Address) -> Duration {
        let Some((stall, interval)) = self.stalls else { return Duration::ZERO };
        // Each at another time.
        let phase = (u64::from(to.port) * 7919) % interval.as_millis() as u64;
        let at = (self.now.as_millis() as u64 + phase) % interval.as_millis() as u64;
        stall.saturating_sub(ms(at))
    }

    fn drain(&mut self, node: usize) {
        let (requests, answers, timeout): (Vec<Outgoing>, Vec<(JoinNumber, Answer)>, _) = match &mut self
            .nodes[node]
        {
            None => return,
            Some(Node::Ours(core)) => {
                let requests = std::iter::from_fn(|| core.poll_request()).collect();
                let completions: Vec<Completion> = std::iter::from_fn(|| core.poll_completion()).collect();
                let answers = completions.into_iter().filter_map(|completion| match completion {
                    Completion::Answer { join, answer } => Some((join, answer)),
                    _ => None,
                });
                let answers = answers.collect();
                self.events.extend(std::iter::from_fn(|| core.poll_event()).map(|event| (node, event)));
                (requests, answers, core.poll_timeout())
            }
            Some(Node::Package(package)) => {
                let requests = std::iter::from_fn(|| package.poll_request()).collect();
                let answers = std::iter::from_fn(|| package.poll_answer()).collect();
                (requests, answers, package.poll_timeout())
            }
        };
        requests.into_iter().for_each(|request| self.send(node, request));
        for (join, answer) in answers {
            if let Some((to, id)) = self.joins.remove(&(node, join)) {
                self.answer(node, (to, id), answer);
            }
        }
        if let Some(at) = timeout {
            let at = at.max(self.now);
            if self.timers.insert(node, at) != Some(at) {
                self.schedule(at.saturating_sub(self.now), Happening::Timer(node));
            }
        }
    }

    fn send(&mut self, from: usize, request: Outgoing) {
        self.open.insert((from, request.id));
        let timed_out = Outcome::Failed(Failure::TimedOut);
        self.schedule(request.timeout, Happening::Outcome { to: from, id: request.id, outcome: timed_out });
        let way = self.way();
        if !self.is_lost(from, number(&request.to)) {
            self.schedule(way, Happening::Arrival { from, request });
        }
    }

    fn answer(&mut self, from: usize, (to, id): (usize, RequestId), answer: Answer) {
        let outcome = Outcome::Answered {
            status: answer.status,
            body: answer.body.into_bytes(),
            remote: Some(IpAddr::from([127, 0, 0, 1])),
            is_ours: matches!(self.nodes[from], Some(Node::Ours(_))),
        };
        let way = self.way();
        if !self.is_lost(from, to) {
            self.schedule(way, Happening::Outcome { to, id, outcome });
        }
    }

    fn arrive(&mut self, from: usize, request: &Outgoing) {
        let node = number(&request.to);
        let now = self.time();
        match self.nodes.get_mut(node).and_then(Option::as_mut) {
            None => {
                let outcome = Outcome::Failed(Failure::Refused("nobody is there".into()));
                let way = self.way();
                self.schedule(way, Happening::Outcome { to: from, id: request.id, outcome });
            }
            Some(Node::Ours(core)) => match receive(core, request, now, &mut self.rng) {
                Response::Answer(answer) => self.answer(node, (from, request.id), answer),
                Response::Handle(call) => {
                    let answer = core.reply(call, Ok(Json::empty_object()));
                    self.answer(node, (from, request.id), answer);
                }
                Response::Wait(number) => _ = self.joins.insert((node, number), (from, request.id)),
            },
            Some(Node::Package(package)) => match package.receive(request) {
                package::Response::Answer(answer) => self.answer(node, (from, request.id), answer),
                package::Response::Wait(number) => {
                    self.joins.insert((node, number), (from, request.id));
                }
            },
        }
        self.drain(node);
    }
}

/// What only tests of whole clouds need.
#[cfg(test)]
impl Cloud {
    /// A node dies without a word.
    pub(crate) fn kill(&mut self, node: usize) {
        self.nodes[node] = None;
    }

    pub(crate) fn with(&mut self, node: usize, input: impl FnOnce(&mut Core, Now, &mut Pcg64Mcg)) {
        let now = self.time();
        if let Some(Node::Ours(core)) = &mut self.nodes[node] {
            input(core, now, &mut self.rng);
            self.drain(node);
        }
    }

    pub(crate) fn leave(&mut self, node: usize) {
        self.with(node, |core, now, rng| {
            core.close(now, rng);
        });
        self.run(ms(1100));
        self.nodes[node] = None;
    }

    pub(crate) fn alive(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].is_some()).collect()
    }

    /// Whether every node lists exactly all others.
    pub(crate) fn is_complete(&self) -> bool {
        let alive = self.nodes.iter().flatten().count();
        self.complete_lists() == alive
    }

    /// Whether whoever is listed has the same list: there may be several clouds, but each is complete.
    pub(crate) fn is_consistent(&self) -> bool {
        let nodes = self.nodes.iter().flatten();
        let lists: BTreeMap<Id, Vec<Id>> = nodes.map(|node| (node.id().clone(), node.listed())).collect();
        lists.values().all(|list| list.iter().all(|id| lists.get(id) == Some(list)))
    }

    /// The lists by number, for the message of a failure.
    pub(crate) fn lists(&self) -> String {
        let number =
            |id: &Id| self.nodes.iter().position(|node| node.as_ref().is_some_and(|node| node.id() == id));
        let numbered = self.nodes.iter().enumerate();
        let lists = numbered.filter_map(|(own, node)| Some((own, node.as_ref()?.listed())));
        let lines =
            lists.map(|(own, list)| format!("{own}: {:?}", list.iter().map(number).collect::<Vec<_>>()));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Runs until all lists are complete. Returns how long it took, at most `max`.
    pub(crate) fn run_until_complete(&mut self, max: Duration) -> Option<Duration> {
        self.run_until(max, Self::is_complete)
    }

    /// Runs until something is so. Returns how long it took, at most `max`.
    pub(crate) fn run_until(&mut self, max: Duration, is_so: impl Fn(&Self) -> bool) -> Option<Duration> {
        let start = self.now;
        while self.now < start + max {
            if is_so(self) {
                return Some(self.now.saturating_sub(start));
            }
            self.run(ms(100));
        }
        is_so(self).then_some(max)
    }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn address(node: usize) -> Address {
    Address { host: IpAddr::from([127, 0, 0, 1]).into(), port: FIRST_PORT + node as u16 }
}

fn number(address: &Address) -> usize {
    usize::from(address.port - FIRST_PORT)
}

/// A node of this library receives a request.
fn receive(core: &mut Core, request: &Outgoing, now: Now, rng: &mut Pcg64Mcg) -> Response {
    let remote = IpAddr::from([127, 0, 0, 1]);
    let head = Head { is_post: true, path: request.path.as_str(), sender: Some(&request.sender), remote };
    match core.check_head(&head) {
        Err(answer) => Response::Answer(answer),
        Ok(path) => {
            let body = Request::decode(path, request.body.as_bytes(), &core.options().bodies);
            let incoming = Incoming {
                path,
                sender: Some(request.sender.clone()),
                remote,
                signature: SignatureCheck::Unchecked,
                request: body,
            };
            core.receive(incoming, now, rng)
        }
    }
}
