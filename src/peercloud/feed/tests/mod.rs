mod bench;
mod commands;
mod events;

use std::{future::poll_fn, sync::Arc, time::Duration};

use clacks_feed::{
    Call, Network, Outcome, Refusal, Run, Value, Watch, Watched, Window,
    args::check,
    conformance::CountingAllocator,
    conformance_tests,
    description::{Description, ListId},
};
use clacks_peercloud::{Json, Node};
use serde_json::json;

use bench::Bench;

use crate::{
    PeercloudNetwork,
    description::{MEMBERS, REPLIES, REQUESTS, describe},
    json::events::KINDS,
};

/// A node with this name, whose cloud the second one joins.
async fn node(name: &str, peers: Option<&Node>) -> Node {
    let data = Json::of(&json!({ "name": name })).unwrap();
    let builder = Node::builder().data(data).peers(peers.map(Node::local_address));
    // Port 0 would be 9338 for the first.
    let options = |options: &mut clacks_peercloud::core::Options| options.check_interval = None;
    builder.port(0).options(options).start().await.unwrap()
}

async fn call(network: &Arc<PeercloudNetwork>, line: &str) -> Result<Outcome, Refusal> {
    let call = Call::from_line(line, network.run(), network.description()).unwrap();
    Arc::clone(network).call(call).await
}

/// The next event of a kind: its fields.
async fn event(watch: &mut dyn Watch, description: &Description, kind: &str) -> serde_json::Value {
    let find = async {
        loop {
            let Some(Watched::Event(event)) = poll_fn(|cx| watch.poll_next(cx)).await else { panic!() };
            if description.event(event.kind).unwrap().name == kind {
                return serde_json::from_str(event.json().get()).unwrap();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), find).await.unwrap_or_else(|_| panic!("no {kind}"))
}

fn cell(network: &dyn Network, list: ListId, row: usize, column: &str) -> Value {
    let page = network.page(&Window::first(list, 100));
    let column = network.description().list(list).unwrap().column(column).unwrap();
    page.rows[row].cells[column].clone()
}

#[test]
fn the_description_has_the_kinds_of_events_in_the_order_of_their_json() {
    let description = describe("a node".into());
    let described = description.events.iter().map(|event| event.name.as_str());
    assert!(described.eq(KINDS.iter().copied().chain(["other"])));
    assert_eq!(description.check(), Ok(()));
}

#[tokio::test]
async fn a_broadcast_opens_into_its_replies() {
    let first = node("first", None).await;
    let second = node("second", Some(&first)).await;
    let network = PeercloudNetwork::new(&second, Run(7));
    second.ready().await.unwrap();
    let mut watch = network.watch();
    let outcome = call(&network, "hello").await.unwrap();
    let replies = event(&mut *watch, network.description(), "replies").await;
    assert_eq!(replies["replies"][0]["value"], json!({}));
    assert_eq!(replies["replies"][0]["member"]["data"], json!({ "name": "first" }));
    let (list, key) = outcome.opens.unwrap();
    assert_eq!((list, key.untrusted()), (REQUESTS, &*replies["id"].to_string()));
    assert_eq!(cell(&*network, REQUESTS, 0, "text"), Value::text(r#"{"message":"hello"}"#.into()));
    assert_eq!(cell(&*network, REPLIES, 0, "text"), Value::text("{}".into()));
    assert_eq!(cell(&*network, MEMBERS, 0, "name"), Value::text("first".into()));
    let other = Call::new(Run(8), "leave".into(), "");
    assert!(matches!(check(&*network, &other), clacks_feed::Check::Wrong(_)));
    second.close().await;
    first.close().await;
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

conformance_tests!(Bench::new());

/// The same node as its recording shows it.
mod recorded {
    use clacks_feed::{conformance::Recorded, conformance_tests};

    use super::Bench;

    conformance_tests!(Recorded::new(Bench::new()));
}

/// The same node, 50 ms away.
mod remote {
    use clacks_feed::{conformance::Remote, conformance_tests};

    use super::Bench;

    conformance_tests!(Remote::new(Bench::new()));
}
