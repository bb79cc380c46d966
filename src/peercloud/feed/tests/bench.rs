//! A node that is driven by hand.

use std::{net::IpAddr, sync::Arc, time::Duration};

use clacks_feed::{Network, Run, conformance::Specimen};
use clacks_peercloud::{
    Id, Json, Node,
    core::{AutoReply, CommandError, Failure, Outcome, Outgoing, Refusal},
    node::ManualNode,
    protocol::Path,
};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::PeercloudNetwork;

/// A node without a clock and a network. Its requests are answered at random.
pub(super) struct Bench {
    pub(super) manual: ManualNode,
    pub(super) network: Arc<PeercloudNetwork>,
    pending: Vec<Outgoing>,
    _runtime: Runtime,
}

const REMOTE: [u8; 4] = [127, 0, 0, 1];

impl Bench {
    pub(super) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let options = |options: &mut clacks_peercloud::core::Options| {
            options.message_rate = 0.0;
            // Every request begins at once.
            (options.max_requests, options.max_requests_per_member) = (1 << 20, 1 << 20);
            (options.max_requests_per_send, options.max_sends) = (1 << 20, 1 << 20);
            (options.max_newcomers, options.max_newcomers_per_address) = (1 << 20, 1 << 20);
        };
        let limits = |limits: &mut clacks_peercloud::node::Limits| {
            (limits.history.max_messages, limits.history.max_addresses) = (16, 5);
        };
        let manual = runtime.block_on(Node::builder().options(options).limits(limits).manual()).unwrap();
        let network = {
            let _within = runtime.enter();
            PeercloudNetwork::new(manual.node(), Run(7))
        };
        Self { manual, network, pending: Vec::new(), _runtime: runtime }
    }

    pub(super) fn node(&self) -> &Node {
        self.manual.node()
    }

    /// A member sends a request.
    pub(super) fn receive_from(&self, sender: &str, path: Path, body: &serde_json::Value) {
        let sender = Id::new(sender).unwrap();
        self.manual.receive(REMOTE.into(), Some(&sender), path, body.to_string().as_bytes());
    }

    /// A newcomer joins and passes its check.
    pub(super) fn admit(&mut self, id: &str, port: u16, data: &serde_json::Value) {
        self.receive_from(id, Path::Join, &json!({ "id": id, "port": port, "data": data }));
        self.collect();
        let checks = |request: &Outgoing| request.path == Path::Status && request.to.port == port;
        if let Some(position) = self.pending.iter().rposition(checks) {
            let request = self.pending.remove(position);
            self.answer(&request, 200, &json!({ "id": id }).to_string());
        }
        self.collect();
    }

    /// The requests of the node that are not answered yet.
    pub(super) fn collect(&mut self) -> &mut Vec<Outgoing> {
        self.pending.extend(std::iter::from_fn(|| self.manual.pop_request()));
        &mut self.pending
    }

    pub(super) fn answer(&self, request: &Outgoing, status: u16, body: &str) {
        let body = body.as_bytes().to_vec();
        let outcome = Outcome::Answered { status, body, remote: Some(REMOTE.into()), is_ours: true };
        self.manual.handle_outcome(request.id, outcome);
    }

    fn settle(&self, request: &Outgoing, random: &mut StdRng) {
        let failures = [Failure::Cut, Failure::TimedOut, Failure::Refused("no".into())];
        if random.random_ratio(1, 20) {
            let failure = failures.choose(random).cloned().unwrap_or(Failure::Cut);
            return self.manual.handle_outcome(request.id, Outcome::Failed(failure));
        }
        let id = self.node().members().into_iter().find(|member| member.record.address == request.to);
        let id = id.map_or_else(|| "stranger".to_owned(), |member| member.record.id.to_string());
        let (status, body) = match request.path {
            Path::Status => {
                let id = if random.random_ratio(1, 60) { "another".to_owned() } else { id };
                (200, json!({ "id": id, "online": true, "joined": random.random_ratio(9, 10) }))
            }
            Path::Join => {
                let peers = json!([{ "id": "m1", "ip": "127.0.0.1", "port": 4001, "data": {} }]);
                (200, json!({ "status": "joined", "self": { "id": "m0", "data": {} }, "peers": peers }))
            }
            Path::Message => match random.random_range(0..6) {
                0 => (404, json!({})),
                1 => (500, json!({ "error": "no" })),
                _ => (200, json!({ "from": id })),
            },
            _ if random.random_ratio(1, 6) => (404, json!({})),
            _ => (200, json!({ "status": "done" })),
        };
        self.answer(request, status, &body.to_string());
    }

    fn settle_some(&mut self, random: &mut StdRng) {
        let count = self.collect().len();
        for _ in 0..random.random_range(0..=count.min(6)) {
            let position = random.random_range(0..self.pending.len());
            let request = self.pending.remove(position);
            self.settle(&request, random);
        }
        // Of those that nobody answers there are not too many.
        self.collect();
        while self.pending.len() > 60 {
            let request = self.pending.remove(0);
            self.settle(&request, random);
            self.collect();
        }
    }

    fn act_as_node(&self, id: &Id, random: &mut StdRng) {
        let node = self.node();
        let number = random.random_range(0..9);
        let value = Json::of(&json!({ "n": number })).unwrap();
        let is_done = |result: Result<_, CommandError>| _ = result.map(drop::<clacks_peercloud::Replies>);
        match random.random_range(0..30) {
            0..8 => is_done(node.broadcast(&value)),
            8..18 => is_done(node.begin_send(id, &value)),
            18 => _ = node.drop_member(id),
            19 | 20 => {
                let dropped = node.dropped();
                if let Some(dropped) = dropped.choose(random) {
                    node.undrop_member(&dropped.record.id);
                }
            }
            21 => is_done(node.update(value)),
            22 => _ = node.set_reply(if number > 4 { AutoReply::Echo } else { AutoReply::Empty }),
            23 => node.set_check_interval(Some(Duration::from_secs(number + 1))),
            24 if number == 0 => _ = node.repair(),
            _ => _ = self.manual.with_core(|core, now, _| core.check(id, now)),
        }
    }

    fn act_as_member(&mut self, id: &str, random: &mut StdRng) {
        let other = random.random_range(0..10);
        let other_id = format!("m{other}");
        // Some are at the same address.
        let record = json!({ "id": other_id, "ip": "127.0.0.1", "port": 4000 + other.min(7), "data": { "name": other_id } });
        match random.random_range(0..20) {
            0..5 => self.receive_from(id, Path::Message, &json!({ "n": other })),
            5 | 6 => self.receive_from(id, Path::Status, &json!({})),
            7 => self.receive_from(id, Path::Joined, &record),
            8 => self.receive_from(id, Path::Left, &json!({ "id": other_id })),
            9 => self.receive_from(id, Path::Update, &json!({ "id": id, "data": { "name": other } })),
            _ => self.admit(&other_id, 4000 + other.min(7), &json!({ "name": other_id })),
        }
    }
}

impl Specimen for Bench {
    fn network(&self) -> Arc<dyn Network> {
        self.network.clone()
    }

    fn disturb(&mut self, random: &mut StdRng) {
        let members = self.node().members();
        let id =
            members.choose(random).map_or_else(|| Id::new("m0").unwrap(), |member| member.record.id.clone());
        match random.random_range(0..10) {
            0 | 1 => self.settle_some(random),
            2 => self.manual.pass(Duration::from_millis(random.random_range(1..700))),
            3 => {
                let remote: IpAddr = [192, 0, 2, random.random_range(0..8)].into();
                let refusals = [Refusal::UnknownId, Refusal::Clock, Refusal::Signature, Refusal::Body];
                let refusal = refusals.choose(random).copied().unwrap_or(Refusal::Path);
                self.manual.refuse(refusal, remote, "no");
            }
            4..7 => self.act_as_node(&id, random),
            _ => self.act_as_member(id.as_str(), random),
        }
    }

    fn receive(&mut self, text: &str) -> bool {
        self.admit("m0", 4000, &json!({ "name": text }));
        let before = self.node().counters().received;
        self.receive_from("m0", Path::Update, &json!({ "id": "m0", "data": { "name": text } }));
        self.receive_from("m0", Path::Message, &json!({ "text": text }));
        self.receive_from("m0", Path::Message, &json!({ text: text }));
        self.manual.refuse(Refusal::Body, REMOTE.into(), text);
        if let Some(id) = Id::new("m0").ok().filter(|id| self.node().member(id).is_some()) {
            _ = self.node().begin_send(&id, &Json::of(&json!({ "text": text })).unwrap());
            for request in std::mem::take(self.collect()) {
                self.answer(&request, 500, text);
            }
        }
        self.node().counters().received > before
    }

    fn fill(&mut self, items: usize) {
        self.manual.set_history_limits(|limits| limits.max_messages = items);
        self.admit("m0", 4000, &json!({}));
        while self.node().read(|_, history| history.messages().len()) < items {
            self.receive_from("m0", Path::Message, &json!({ "message": "hello" }));
        }
    }

    fn pass(&mut self, time: Duration) -> bool {
        self.manual.move_clock(time);
        true
    }

    fn depends_on_others(&self, command: &str) -> bool {
        matches!(command, "check" | "join" | "leave" | "stop")
    }
}
