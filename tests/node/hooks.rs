//! Plugins and listeners.

use std::{
    collections::BTreeSet,
    future::Future,
    sync::{
        Arc, Mutex,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use clacks_p2p::{
    Message, Node,
    core::{Event, Response, Status},
    node::PluginDecision,
};

use crate::support::{
    Client, FakePeer, Watch, assert_no_task_panicked, builder, enqueue, eventually, payload, payload_of,
    start,
};

fn answer_with(status: u16, headers: Vec<(String, String)>) -> Response {
    let mut answer = Response::accepted();
    (answer.status, answer.headers, answer.body) = (status, headers, "the body".to_owned());
    answer
}

/// A node, and a peer that receives its messages one after the other.
async fn node_and_peer() -> (Node, FakePeer) {
    let node = start(builder().options(|options| options.max_in_flight = 1)).await;
    let peer = FakePeer::start().await;
    node.add_peer(peer.address());
    (node, peer)
}

async fn post(node: &Node, body: &str) -> crate::support::Answer {
    Client::connect(node).await.post(body).await
}

fn json(text: &str) -> Message {
    Message::from_json(text, 128).expect("valid JSON")
}

#[tokio::test]
async fn a_listener_discards_a_message() {
    let (node, mut peer) = node_and_peer().await;
    node.on_message_received(|_, message| (message.as_json() != "\"secret\"").then_some(message));
    let mut watch = Watch::of(&node);
    assert_eq!(post(&node, &payload(peer.address(), "\"secret\"")).await.status, 200);
    assert_eq!(post(&node, &payload(peer.address(), "\"open\"")).await.status, 200);
    assert_eq!(peer.next().await.message(), "\"open\"");
    let id = watch.until("it is heard of", |event| match event {
        Event::MessageReceived { id, .. } => Some(*id),
        _ => None,
    });
    assert_eq!(id.await, None, "but has no place in the queue");
}

#[tokio::test]
async fn listeners_change_a_message_in_order() {
    let (node, mut peer) = node_and_peer().await;
    for letter in ["a", "b"] {
        node.on_message_received(move |_, message| {
            Some(json(&format!("[{},{letter:?}]", message.as_json())))
        });
    }
    assert_eq!(post(&node, &payload(peer.address(), "1")).await.status, 200);
    assert_eq!(peer.next().await.message(), r#"[[1,"a"],"b"]"#);
}

#[tokio::test]
async fn a_listener_that_empties_a_message_discards_it() {
    let (node, mut peer) = node_and_peer().await;
    node.on_message_received(|_, message| {
        Some(if message.as_json() == "1" { Message::null() } else { message })
    });
    assert_eq!(post(&node, &payload(peer.address(), "1")).await.status, 200);
    assert_eq!(post(&node, &payload(peer.address(), "2")).await.status, 200);
    assert_eq!(peer.next().await.message(), "2");
}

#[tokio::test]
async fn plugins_run_in_their_order_until_one_discards() {
    let (node, mut peer) = node_and_peer().await;
    let ran = Arc::new(Mutex::new(Vec::new()));
    for name in ["first", "second", "third"] {
        let ran = Arc::clone(&ran);
        node.extend(move |_, payload, _, answer| {
            ran.lock().unwrap().push(name);
            let discards = name == "second" && payload.message.as_json() == "\"tea\"";
            if discards {
                (answer.status, answer.body) = (418, "no tea".to_owned());
                answer.headers.push(("X-Pot".to_owned(), "short".to_owned()));
            }
            if discards { PluginDecision::Discard } else { PluginDecision::Continue }
        });
    }
    let answer = post(&node, &payload(peer.address(), "\"tea\"")).await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("x-pot")), (418, "no tea", Some("short")));
    assert_eq!(post(&node, &payload(peer.address(), "\"coffee\"")).await.status, 200);
    assert_eq!(*ran.lock().unwrap(), ["first", "second", "first", "second", "third"]);
    assert_eq!(peer.next().await.message(), "\"coffee\"");
}

#[tokio::test]
async fn a_plugin_changes_the_payload_and_sees_who_sent_it() {
    let (node, mut peer) = node_and_peer().await;
    let stranger = FakePeer::start().await;
    node.ignore(stranger.address());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let seen_by_plugin = Arc::clone(&seen);
    node.extend(move |peer, payload, request, _| {
        assert!(request.remote.ip().is_loopback());
        seen_by_plugin.lock().unwrap().push((peer.address.clone(), peer.status));
        payload.message = Message::text("changed");
        PluginDecision::Continue
    });
    assert_eq!(post(&node, &payload(stranger.address(), "1")).await.status, 403);
    assert_eq!(post(&node, &payload(peer.address(), "1")).await.status, 200);
    assert_eq!(peer.next().await.message(), "\"changed\"");
    let expected = [(stranger.address().clone(), Status::Ignored), (peer.address().clone(), Status::Alive)];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn the_response_of_a_plugin_is_sent() {
    let (node, mut peer) = node_and_peer().await;
    let made = Arc::new(Mutex::new(Response::accepted()));
    let by_plugin = Arc::clone(&made);
    node.extend(move |_, payload, _, answer| {
        *answer = by_plugin.lock().unwrap().clone();
        if payload.message.is_falsy() { PluginDecision::Discard } else { PluginDecision::Continue }
    });
    let mut client = Client::connect(&node).await;
    for (name, value) in [
        ("bad name", "x"),
        ("", ""),
        ("x-break", "a\r\nx-smuggled: 1"),
        ("x-nul", "a\0b"),
        ("x-letters", "Ünïcödé"),
        ("content-length", "5"),
        ("Content-Length", "500000"),
        ("content-length", "many"),
        ("transfer-encoding", "chunked"),
        ("Transfer-Encoding", "gzip"),
        ("connection", "upgrade"),
        ("date", "never"),
    ] {
        let headers = vec![(name.to_owned(), value.to_owned())];
        *made.lock().unwrap() = answer_with(200, headers);
        let discarded = client.post(payload(peer.address(), "null")).await;
        assert_eq!((discarded.status, discarded.body.as_str()), (200, "the body"), "{name}: {value:?}");
        assert_eq!(discarded.header("x-smuggled"), None);
        let taken = client.post(payload(peer.address(), "1")).await;
        assert_eq!((taken.status, taken.body.as_str()), (200, ""), "{name}: {value:?}");
        assert_eq!(peer.next().await.message(), "1");
    }
    for (status, answered) in [
        (0, 500),
        (99, 500),
        (100, 500),
        (101, 500),
        (103, 500),
        (1000, 500),
        (65535, 500),
        (204, 204),
        (599, 599),
    ] {
        *made.lock().unwrap() = answer_with(status, vec![]);
        let answer = post(&node, &payload(peer.address(), "null")).await;
        assert_eq!(answer.status, answered, "status {status}");
    }
    assert_no_task_panicked();
}

/// Runs a test in a thread of its own, because a deadlock would block any other thread and its time-out.
fn without_deadlock(test: impl Future<Output = ()> + Send + 'static) {
    let (ended, end) = mpsc::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let thread = thread::spawn(move || {
        runtime.block_on(test);
        let _ = ended.send(());
    });
    let end = end.recv_timeout(Duration::from_secs(60));
    assert_ne!(end, Err(RecvTimeoutError::Timeout), "it hangs");
    thread.join().expect("the test passes");
}

#[test]
fn hooks_may_call_the_node() {
    without_deadlock(async {
        let (node, peer) = node_and_peer().await;
        let friend = FakePeer::start().await;
        let called = Arc::new(Mutex::new(BTreeSet::new()));
        let look_around = |hook: &'static str| {
            let (node, called) = (node.clone(), Arc::clone(&called));
            move || {
                let _ = (node.overview(), node.peers(), node.peek(), node.subscribe());
                node.add_peer(&node.address());
                if called.lock().unwrap().insert(hook) {
                    enqueue(&node, hook);
                }
            }
        };
        hang_in(&node, look_around);
        assert_eq!(post(&node, &payload(friend.address(), "1")).await.status, 200);
        let hooks = ["discovered", "plugin", "queued", "received", "updated"];
        eventually("all hooks are called", || called.lock().unwrap().iter().eq(&hooks)).await;
        // Each call enqueued a message.
        eventually("all is delivered", || node.overview().counters.delivered == 6).await;
        drop(peer);
        assert_no_task_panicked();
    });
}

/// Adds a function to every kind of hook.
fn hang_in<F: Fn() + Send + Sync + 'static>(node: &Node, hook: impl Fn(&'static str) -> F) {
    let (plugin, received) = (hook("plugin"), hook("received"));
    node.extend(move |_, _, _, _| {
        plugin();
        PluginDecision::Continue
    });
    node.on_message_received(move |_, message| {
        received();
        Some(message)
    });
    let (queued, discovered, updated) = (hook("queued"), hook("discovered"), hook("updated"));
    node.on_message_queued(move |_| queued());
    node.on_peer_discovered(move |_| discovered());
    node.on_peer_updated(move |_| updated());
}

#[tokio::test]
async fn a_hook_that_panics_fails_one_request_only() {
    let (node, mut peer) = node_and_peer().await;
    node.extend(|_, payload, _, _| {
        assert!(payload.message.as_json() != "\"plugin\"", "on purpose");
        PluginDecision::Continue
    });
    node.on_message_queued(|message| assert!(message.as_json() != "\"listener\"", "on purpose"));
    node.on_peer_updated(|_| panic!("on purpose"));
    let mut client = Client::connect(&node).await;
    let answer = client.post(payload(peer.address(), "\"plugin\"")).await;
    assert_eq!((answer.status, answer.body.as_str()), (500, ""));
    assert_eq!(client.post(payload(peer.address(), "null")).await.status, 200, "on the same connection");
    assert_eq!(node.overview().counters.plugin_faults, 1);
    enqueue(&node, "listener");
    assert_eq!(peer.next().await.message(), "\"listener\"");
    assert_eq!(post(&node, &payload(peer.address(), "\"after\"")).await.status, 200);
    assert_eq!(peer.next().await.message(), "\"after\"");
}

#[tokio::test]
async fn listeners_receive_only_their_events() {
    let (node, peer) = node_and_peer().await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = |what: &'static str| {
        let heard = Arc::clone(&heard);
        move |about: String| heard.lock().unwrap().push((what, about))
    };
    let (queued, discovered, updated) = (hear("queued"), hear("discovered"), hear("updated"));
    node.on_message_queued(move |message| queued(message.as_json().to_owned()));
    node.on_peer_discovered(move |peer| discovered(peer.address.to_string()));
    node.on_peer_updated(move |peer| updated(peer.status.to_string()));
    let stranger = FakePeer::start().await;
    assert_eq!(post(&node, &payload_of("announce", stranger.address(), "1")).await.status, 200);
    assert_eq!(post(&node, &payload_of("announce", peer.address(), "1")).await.status, 200);
    node.ignore(stranger.address());
    node.ignore(peer.address());
    enqueue(&node, "m");
    let expected = [
        ("discovered", stranger.address().to_string()),
        ("updated", "alive".to_owned()),
        ("updated", "ignored".to_owned()),
        ("updated", "ignored".to_owned()),
        ("queued", "\"m\"".to_owned()),
    ];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_receive_events_in_order() {
    const TIMES: usize = 300;
    let node = start(builder()).await;
    let peer = crate::support::address("127.0.0.1", 1);
    node.add_peer(&peer);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    node.on_peer_updated(move |peer| listener.lock().unwrap().push((peer.since, peer.status)));
    let mut events = node.subscribe();
    let flip = |ignores: bool| {
        let (node, peer) = (node.clone(), peer.clone());
        thread::spawn(move || {
            let once = || if ignores { node.ignore(&peer) } else { node.unignore(&peer) };
            (0..TIMES).for_each(|_| while !once() {});
        })
    };
    let threads = [flip(true), flip(false)];
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    let told = std::iter::from_fn(|| events.try_next()).filter_map(|event| match event {
        Event::PeerUpdated { peer, .. } => Some((peer.since, peer.status)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), 2 * TIMES);
    eventually("the listener has heard of all", || heard.lock().unwrap().len() == told.len()).await;
    assert!(*heard.lock().unwrap() == told, "in the order in which the watcher saw them");
}

#[tokio::test]
async fn a_listener_that_calls_the_node_receives_the_events_next() {
    let node = start(builder()).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (listener, within) = (Arc::clone(&heard), node.clone());
    node.on_message_queued(move |message| {
        let text = message.as_text().unwrap();
        listener.lock().unwrap().push(format!("begin {text}"));
        if text.len() < 3 {
            enqueue(&within, &format!("{text}x"));
        }
        listener.lock().unwrap().push(format!("end {text}"));
    });
    enqueue(&node, "x");
    let expected = ["begin x", "end x", "begin xx", "end xx", "begin xxx", "end xxx"];
    assert_eq!(*heard.lock().unwrap(), expected);
    node.stop().await;
}

#[tokio::test]
async fn a_stopped_node_drops_its_hooks_and_accepts_none() {
    let node = start(builder()).await;
    let held = Arc::new(());
    let hang_in = |node: &Node| {
        let handle = || (Arc::clone(&held), node.clone());
        let (plugin, received, queued) = (handle(), handle(), handle());
        let (discovered, updated) = (handle(), handle());
        node.extend(move |_, _, _, _| {
            let _held = &plugin;
            PluginDecision::Continue
        });
        node.on_message_received(move |_, message| {
            let _held = &received;
            Some(message)
        });
        node.on_message_queued(move |_| drop(queued.clone()));
        node.on_peer_discovered(move |_| drop(discovered.clone()));
        node.on_peer_updated(move |_| drop(updated.clone()));
    };
    hang_in(&node);
    assert_eq!(Arc::strong_count(&held), 6);
    node.stop().await;
    assert_eq!(Arc::strong_count(&held), 1, "those from before");
    hang_in(&node);
    assert_eq!(Arc::strong_count(&held), 1, "those from after");
}
