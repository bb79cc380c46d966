//! Many cores on one virtual clock, for properties.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    core::{
        Completion, Core, Event, Failure, Head, Incoming, JoinNumber, Now, Options, Outcome, Outgoing,
        RequestId, Response, SignatureCheck,
    },
    protocol::{Address, Answer, Json, Request},
};

use super::bench::{START_MS, ms};

/// The first port of a node.
const FIRST_PORT: u16 = 1000;

pub(super) struct Cloud {
    nodes: Vec<Option<Core>>,
    pub(super) now: Duration,
    queue: BTreeMap<(Duration, u64), Happening>,
    sequence: u64,
    rng: StdRng,
    /// Latency of one way, in milliseconds.
    pub(super) latency: std::ops::Range<u64>,
    /// Share of requests and answers that are lost.
    pub(super) loss: f64,
    /// If some, nodes below this number and the others do not reach each other.
    pub(super) split: Option<usize>,
    /// Requests that wait for their answer.
    open: BTreeSet<(usize, RequestId)>,
    /// The next timer of each node.
    timers: BTreeMap<usize, Duration>,
    joins: BTreeMap<(usize, JoinNumber), (usize, RequestId)>,
    pub(super) events: Vec<(usize, Event)>,
}

#[derive(Debug)]
enum Happening {
    Arrival { from: usize, request: Outgoing },
    Outcome { to: usize, id: RequestId, outcome: Outcome },
    Timer(usize),
}

impl Cloud {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            nodes: Vec::new(),
            now: ms(1_000_000),
            queue: BTreeMap::new(),
            sequence: 0,
            rng: StdRng::seed_from_u64(seed),
            latency: 1..20,
            loss: 0.0,
            split: None,
            open: BTreeSet::new(),
            timers: BTreeMap::new(),
            joins: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    fn time(&self) -> Now {
        Now { uptime: self.now, unix_ms: START_MS + self.now.as_millis() as u64 }
    }

    /// Starts a node that asks these nodes. Returns its number.
    pub(super) fn start(&mut self, seeds: &[usize]) -> usize {
        let number = self.nodes.len();
        let mut options = Options { port: FIRST_PORT + number as u16, ..Options::default() };
        let address = |seed: &usize| Address::new("127.0.0.1", FIRST_PORT + *seed as u16).unwrap();
        options.seeds = seeds.iter().map(address).collect();
        let mut core = Core::new(options, &mut self.rng).unwrap();
        core.start(self.time(), &mut self.rng);
        self.nodes.push(Some(core));
        self.drain(number);
        number
    }

    /// A node dies without a word.
    pub(super) fn kill(&mut self, node: usize) {
        self.nodes[node] = None;
    }

    pub(super) fn with(&mut self, node: usize, input: impl FnOnce(&mut Core, Now, &mut StdRng)) {
        let now = self.time();
        if let Some(core) = &mut self.nodes[node] {
            input(core, now, &mut self.rng);
            self.drain(node);
        }
    }

    pub(super) fn leave(&mut self, node: usize) {
        self.with(node, |core, now, rng| {
            core.close(now, rng);
        });
        self.run(ms(1100));
        self.nodes[node] = None;
    }

    pub(super) fn alive(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].is_some()).collect()
    }

    /// Whether every node lists exactly all others.
    pub(super) fn is_complete(&self) -> bool {
        let cores: Vec<&Core> = self.nodes.iter().flatten().collect();
        let all: BTreeSet<_> = cores.iter().map(|core| core.id().clone()).collect();
        cores.iter().all(|core| {
            let listed: BTreeSet<_> =
                core.members().map(|member| member.record.id.clone()).chain([core.id().clone()]).collect();
            listed == all
        })
    }

    /// Whether whoever is listed has the same list: there may be several clouds, but each is complete.
    pub(super) fn is_consistent(&self) -> bool {
        let cores: Vec<&Core> = self.nodes.iter().flatten().collect();
        let list = |core: &Core| -> BTreeSet<_> {
            core.members().map(|member| member.record.id.clone()).chain([core.id().clone()]).collect()
        };
        let lists: BTreeMap<_, _> = cores.iter().map(|core| (core.id().clone(), list(core))).collect();
        lists.values().all(|list| list.iter().all(|id| lists.get(id) == Some(list)))
    }

    /// The lists by port, for the message of a failure.
    pub(super) fn lists(&self) -> String {
        let numbered = self.nodes.iter().enumerate();
        let lists =
            numbered.filter_map(|(number, core)| Some((number, core.as_ref()?))).map(|(number, core)| {
                let ports = core.members().map(|member| member.record.address.port - FIRST_PORT);
                format!("{number}: {:?}\n", ports.collect::<Vec<_>>())
            });
        lists.collect()
    }

    pub(super) fn run(&mut self, time: Duration) {
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

    /// Runs until all lists are complete. Returns how long it took, at most `max`.
    pub(super) fn run_until_complete(&mut self, max: Duration) -> Option<Duration> {
        self.run_until(max, Self::is_complete)
    }

    /// Runs until something is so. Returns how long it took, at most `max`.
    pub(super) fn run_until(&mut self, max: Duration, is_so: impl Fn(&Self) -> bool) -> Option<Duration> {
        let start = self.now;
        while self.now < start + max {
            if is_so(self) {
                return Some(self.now.saturating_sub(start));
            }
            self.run(ms(100));
        }
        is_so(self).then_some(max)
    }

    fn handle(&mut self, happening: Happening) {
        match happening {
            Happening::Timer(node) if self.timers.get(&node) == Some(&self.now) => {
                self.timers.remove(&node);
                self.with(node, |core, now, rng| core.handle_timeout(now, rng));
            }
            Happening::Timer(_) => {}
            Happening::Arrival { from, request } => self.arrive(from, &request),
            Happening::Outcome { to, id, outcome } => {
                if self.open.remove(&(to, id)) {
                    // Who gave up has closed its connection.
                    let given_up =
                        self.joins.iter().find(|(_, waiting)| **waiting == (to, id)).map(|(key, _)| *key);
                    if let Some((node, number)) = given_up {
                        self.joins.remove(&(node, number));
                        self.with(node, |core, _, _| core.cancel_join(number));
                    }
                    self.with(to, |core, now, rng| core.handle_outcome(id, outcome, now, rng));
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

    fn drain(&mut self, node: usize) {
        let Some(core) = &mut self.nodes[node] else { return };
        let requests: Vec<Outgoing> = std::iter::from_fn(|| core.poll_request()).collect();
        let completions: Vec<Completion> = std::iter::from_fn(|| core.poll_completion()).collect();
        let events: Vec<Event> = std::iter::from_fn(|| core.poll_event()).collect();
        let timeout = core.poll_timeout();
        self.events.extend(events.into_iter().map(|event| (node, event)));
        for request in requests {
            self.open.insert((node, request.id));
            let timed_out = Outcome::Failed(Failure::TimedOut);
            self.schedule(
                request.timeout,
                Happening::Outcome { to: node, id: request.id, outcome: timed_out },
            );
            let way = self.way();
            let to = usize::from(request.to.port - FIRST_PORT);
            if !self.is_lost(node, to) {
                self.schedule(way, Happening::Arrival { from: node, request });
            }
        }
        for completion in completions {
            let Completion::Answer { join, answer } = completion else { continue };
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

    fn answer(&mut self, from: usize, (to, id): (usize, RequestId), answer: Answer) {
        let outcome = Outcome::Answered {
            status: answer.status,
            body: answer.body.into_bytes(),
            remote: Some(IpAddr::from([127, 0, 0, 1])),
            is_ours: true,
        };
        let way = self.way();
        if !self.is_lost(from, to) {
            self.schedule(way, Happening::Outcome { to, id, outcome });
        }
    }

    fn arrive(&mut self, from: usize, request: &Outgoing) {
        let node = usize::from(request.to.port - FIRST_PORT);
        let now = self.time();
        let Some(core) = self.nodes.get_mut(node).and_then(Option::as_mut) else {
            let outcome = Outcome::Failed(Failure::Refused("nobody is there".into()));
            let way = self.way();
            return self.schedule(way, Happening::Outcome { to: from, id: request.id, outcome });
        };
        let remote = IpAddr::from([127, 0, 0, 1]);
        let head = Head { is_post: true, path: request.path.as_str(), sender: Some(&request.sender), remote };
        let response = match core.check_head(&head) {
            Err(answer) => Response::Answer(answer),
            Ok(path) => {
                let body = Request::decode(path, request.body.as_bytes(), &core.options().bodies);
                let incoming = Incoming {
                    path,
                    sender: Some(request.sender.clone()),
                    remote,
                    is_ours: true,
                    signature: SignatureCheck::Unchecked,
                    request: body,
                };
                core.receive(incoming, now, &mut self.rng)
            }
        };
        match response {
            Response::Answer(answer) => self.answer(node, (from, request.id), answer),
            Response::Handle(call) => {
                let answer = core.reply(call, Ok(Json::empty_object()));
                self.answer(node, (from, request.id), answer);
            }
            Response::Wait(number) => {
                self.joins.insert((node, number), (from, request.id));
            }
        }
        self.drain(node);
    }
}
