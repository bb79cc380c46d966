//! A peercloud node beside clacks, in which everything has happened that its panes show.

use std::{
    sync::{Arc, LazyLock, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_feed::{Event, Network, Run, Watched};
use clacks_peercloud::{
    Id, Node,
    core::{Failure, Outcome},
    node::ManualNode,
    protocol::Path,
};
use clacks_peercloud_feed::PeercloudNetwork;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::fixture::Fixture;
use crate::state::message::Msg;

const REMOTE: [u8; 4] = [127, 0, 0, 1];

/// The node and what has happened at it. It is made once, because its keys take time, and nothing happens at it later.
static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::new);

struct Cloud {
    network: Arc<PeercloudNetwork>,
    events: Vec<Event>,
    /// They live as long as the network.
    _node: Mutex<(ManualNode, Runtime)>,
}

/// Returns a dashboard of this size that shows a peercloud node.
pub(crate) fn with_cloud(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::busy(width, height);
    fixture.add_network(CLOUD.network.clone());
    for event in &CLOUD.events {
        fixture.send(Msg::Event(1, event.clone()));
    }
    fixture.model.networks.activate(1);
    fixture.refresh();
    fixture
}

impl Cloud {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let options = |options: &mut clacks_peercloud::core::Options| options.check_interval = None;
        let manual = runtime.block_on(Node::builder().options(options).manual()).unwrap();
        let network = {
            let _within = runtime.enter();
            PeercloudNetwork::new(manual.node(), Run(7))
        };
        let mut watch = network.watch();
        happen(&manual);
        let mut cx = Context::from_waker(Waker::noop());
        let mut events = Vec::new();
        while let Poll::Ready(Some(Watched::Event(event))) = watch.poll_next(&mut cx) {
            events.push(event);
        }
        assert!(events.len() > 20, "{}", events.len());
        Self { network, events, _node: Mutex::new((manual, runtime)) }
    }
}

fn happen(manual: &ManualNode) {
    let names =
        ["ankh", "lipwig", "quirm", "sto lat", "a member with a name that is long", "\u{1b}[31mevil\u{202e}"];
    for (number, name) in names.iter().enumerate() {
        let id = format!("m{number}");
        let body = json!({ "id": id, "port": 4000 + number, "data": { "name": name } });
        receive(manual, &id, Path::Join, &body);
        answer(manual, &json!({ "id": id }));
    }
    manual.move_clock(Duration::from_secs(20));
    for (id, is_here) in [("m0", true), ("m1", true), ("m2", false)] {
        let id = Id::new(id).unwrap();
        manual.with_core(|core, now, _| core.check(&id, now)).unwrap();
        manual.move_clock(Duration::from_millis(4));
        if is_here {
            answer(manual, &json!({ "id": id.as_str() }));
        }
        while let Some(request) = manual.pop_request() {
            manual.handle_outcome(request.id, Outcome::Failed(Failure::TimedOut));
        }
    }
    receive(manual, "m1", Path::Status, &json!({}));
    for number in 0..20 {
        receive(manual, "m1", Path::Message, &json!({ "message": format!("GNU Terry Pratchett {number}") }));
    }
    manual
        .node()
        .broadcast(&clacks_peercloud::Json::of(&json!({ "message": "hello all" })).unwrap())
        .unwrap();
    while let Some(request) = manual.pop_request() {
        let body = json!({ "from": "m0" }).to_string().into_bytes();
        let outcome = Outcome::Answered { status: 200, body, remote: Some(REMOTE.into()), is_ours: true };
        manual.handle_outcome(request.id, outcome);
    }
    receive(manual, "m1", Path::Left, &json!({ "id": "m3" }));
    receive(manual, "stranger", Path::Status, &json!({}));
    manual.move_clock(Duration::from_secs(70));
    receive(manual, "m1", Path::Status, &json!({}));
}

fn receive(manual: &ManualNode, sender: &str, path: Path, body: &Value) {
    let sender = Id::new(sender).unwrap();
    manual.receive(REMOTE.into(), Some(&sender), path, body.to_string().as_bytes());
}

/// Answers the checks that wait.
fn answer(manual: &ManualNode, body: &Value) {
    while let Some(request) = manual.pop_request() {
        if request.path == Path::Status {
            let body = body.to_string().into_bytes();
            let outcome =
                Outcome::Answered { status: 200, body, remote: Some(REMOTE.into()), is_ours: false };
            manual.handle_outcome(request.id, outcome);
        }
    }
}
