//! The rules of the npm package, as far as lists are concerned.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use rand::{Rng, RngExt, seq::SliceRandom};

use crate::{
    core::{JoinNumber, Now, Outcome, Outgoing, Reach, RequestId},
    protocol::{
        Address, Answer, BodyLimits, Id, JoinAnswer, JoinRequest, Json, Path, Record, Request, StatusAnswer,
    },
};

/// Time between two checks, and of a request.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(1);

/// What a node of the package does with a request.
pub(super) enum Response {
    Answer(Answer),
    /// The answer comes from [`Node::poll_answer`].
    Wait(JoinNumber),
}

#[derive(Debug)]
enum Purpose {
    Join(Address),
    Newcomer(JoinNumber),
    Check(Id),
    /// Nobody looks at the answer.
    Tell,
}

#[derive(Debug)]
struct Newcomer {
    record: Record,
    /// The list when the request arrived.
    others: Vec<Record>,
}

/// A node of the package.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: Id,
    address: Address,
    seeds: Vec<Address>,
    /// The same member can be in it twice.
    pub(super) members: Vec<Record>,
    /// `None` while it joins.
    next_check: Option<Duration>,
    newcomers: BTreeMap<JoinNumber, Newcomer>,
    in_flight: BTreeMap<RequestId, Purpose>,
    number: u64,
    requests: VecDeque<Outgoing>,
    answers: VecDeque<(JoinNumber, Answer)>,
}

impl Node {
    pub(super) fn start(address: Address, mut seeds: Vec<Address>, now: Now, rng: &mut dyn Rng) -> Self {
        seeds.shuffle(rng);
        let mut node = Self {
            id: Id::random(rng),
            address,
            seeds,
            members: Vec::new(),
            next_check: None,
            newcomers: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            number: 0,
            requests: VecDeque::new(),
            answers: VecDeque::new(),
        };
        node.ask_next(now);
        node
    }

    pub(super) fn poll_request(&mut self) -> Option<Outgoing> {
        self.requests.pop_front()
    }

    pub(super) fn poll_answer(&mut self) -> Option<(JoinNumber, Answer)> {
        self.answers.pop_front()
    }

    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        self.next_check
    }

    pub(super) fn handle_timeout(&mut self, now: Now, rng: &mut dyn Rng) {
        self.next_check = Some(now.uptime + CHECK_INTERVAL);
        if !self.members.is_empty() {
            let member = self.members[rng.random_range(0..self.members.len())].clone();
            self.post(Purpose::Check(member.id), member.address, Path::Status, "{}".into());
        }
    }

    fn post(&mut self, purpose: Purpose, to: Address, path: Path, body: std::sync::Arc<str>) {
        self.number += 1;
        let id = RequestId::of(self.number);
        self.in_flight.insert(id, purpose);
        let (sender, reach) = (self.id.clone(), Reach::Trusted);
        self.requests.push_back(Outgoing {
            id,
            to,
            reach,
            was_reached: false,
            path,
            sender,
            body,
            timestamp: None,
            keeps_connection: true,
            timeout: TIMEOUT,
            max_answer: usize::MAX,
        });
    }

    fn tell_all(&mut self, request: &Request, path: Path) {
        let body: std::sync::Arc<str> = request.encode().into();
        for member in self.members.clone() {
            self.post(Purpose::Tell, member.address, path, body.clone());
        }
    }

    /// If all refuse, it is alone and does not try again.
    fn ask_next(&mut self, now: Now) {
        let Some(seed) = self.seeds.pop() else {
            self.next_check = Some(now.uptime + CHECK_INTERVAL);
            return;
        };
        let join = JoinRequest {
            id: Some(self.id.clone()),
            ip: None,
            port: self.address.port,
            data: Json::empty_object(),
        };
        let body = Request::Join(join).encode().into();
        self.post(Purpose::Join(seed.clone()), seed, Path::Join, body);
    }

    pub(super) fn receive(&mut self, request: &Outgoing) -> Response {
        let is_known = self.members.iter().any(|member| member.id == request.sender);
        let body = Request::decode(request.path, request.body.as_bytes(), &BodyLimits::default());
        let Ok(body) = body else { return Response::Answer(Answer::error(400, "")) };
        if request.path.needs_member() && !is_known {
            return Response::Answer(Answer::error(404, ""));
        }
        let done = Answer { status: 200, body: "{}".to_owned() };
        match body {
            Request::Status => {
                Response::Answer(StatusAnswer::encode(&self.id, true, !self.members.is_empty()))
            }
            Request::Join(join) => self.newcomer(join),
            Request::Joined(record) => {
                self.members.push(record);
                Response::Answer(done)
            }
            Request::Left(id) => {
                self.members.retain(|member| member.id != id);
                Response::Answer(done)
            }
            Request::Message(_) | Request::Update { .. } => Response::Answer(done),
        }
    }

    fn newcomer(&mut self, join: JoinRequest) -> Response {
        let Some(id) = join.id.filter(|id| *id != self.id) else {
            return Response::Answer(Answer::error(500, ""));
        };
        if self.members.iter().any(|member| member.id == id) {
            return Response::Answer(Answer::error(500, ""));
        }
        let address = Address { host: self.address.host.clone(), port: join.port };
        let record = Record { id, address: address.clone(), data: join.data };
        self.number += 1;
        let number = JoinNumber::of(self.number);
        self.newcomers.insert(number, Newcomer { record, others: self.members.clone() });
        self.post(Purpose::Newcomer(number), address, Path::Status, "{}".into());
        Response::Wait(number)
    }

    pub(super) fn handle_outcome(&mut self, id: RequestId, outcome: Outcome, now: Now) {
        let Some(purpose) = self.in_flight.remove(&id) else { return };
        match purpose {
            Purpose::Join(seed) => self.joined(seed, outcome, now),
            Purpose::Newcomer(number) => self.newcomer_checked(number, &outcome),
            Purpose::Check(member) => {
                if id_in(&outcome).as_ref() != Some(&member) {
                    self.members.retain(|other| other.id != member);
                    self.tell_all(&Request::Left(member), Path::Left);
                }
            }
            Purpose::Tell => {}
        }
    }

    fn joined(&mut self, seed: Address, outcome: Outcome, now: Now) {
        let answer = match outcome {
            Outcome::Answered { status: 200, body, .. } => {
                JoinAnswer::decode(&body, &BodyLimits::default()).ok()
            }
            _ => None,
        };
        let Some(answer) = answer else { return self.ask_next(now) };
        // Whoever was announced meanwhile is lost.
        self.members = answer.members;
        self.members.push(Record { id: answer.server, address: seed, data: answer.server_data });
        self.next_check = Some(now.uptime + CHECK_INTERVAL);
    }

    fn newcomer_checked(&mut self, number: JoinNumber, outcome: &Outcome) {
        let Some(Newcomer { record, others }) = self.newcomers.remove(&number) else { return };
        if id_in(outcome).as_ref() != Some(&record.id) {
            self.answers.push_back((number, Answer::error(500, "")));
            return;
        }
        self.tell_all(&Request::Joined(record.clone()), Path::Joined);
        self.members.push(record.clone());
        let (newcomer, server) = ((&record.id, &record.address), (&self.id, &Json::empty_object()));
        self.answers.push_back((number, JoinAnswer::encode(newcomer, server, others.iter())));
    }
}

/// The id in the answer to a check.
fn id_in(outcome: &Outcome) -> Option<Id> {
    match outcome {
        Outcome::Answered { status: 200, body, .. } => StatusAnswer::decode(body).ok()?.id,
        _ => None,
    }
}
