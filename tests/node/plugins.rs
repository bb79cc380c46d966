//! The contract of plugins, as the npm package has it where that is sensible. Plugins that end the process of the
//! package leave this node serving.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use clacks_p2p::{
    Address, Kind, Message, Node, Payload,
    core::{Event, Peer, Response, Status},
    node::{PluginDecision, Request},
};

use crate::support::{
    Client, FakePeer, Reply, Watch, address, builder, enqueue, eventually, in_json, payload, payload_of,
    start,
};

/// A node whose queue stays as it is: its only delivery goes to a peer that never answers. Its handle, and a sender that
/// is in its list.
pub(super) async fn quiet_node() -> (Node, Address) {
    let patient = builder().limits(|limits| limits.request_timeout = Duration::from_secs(3600));
    let node = start(patient.options(|options| options.max_in_flight = 1)).await;
    let silent = FakePeer::that(Reply::Nothing).await;
    node.add_peer(silent.address());
    enqueue(&node, "under way");
    eventually("a message is under way", || node.overview().in_flight == 1).await;
    let sender = address("127.0.0.1", 1);
    node.add_peer(&sender);
    // It lives as long as the test.
    std::mem::forget(silent);
    (node, sender)
}

pub(super) async fn post(node: &Node, body: impl AsRef<[u8]>) -> crate::support::Answer {
    Client::connect(node).await.post(body).await
}

pub(super) fn queue(node: &Node) -> Vec<String> {
    node.peek().iter().map(|message| message.as_json().to_owned()).collect()
}

pub(super) fn with_friend(sender: &Address, friend: &Address) -> String {
    let (sender, friend) = (in_json(sender), in_json(friend));
    format!(r#"{{"message":"m","type":"message","sender":{sender},"friend":{friend}}}"#)
}

/// A node with this plugin and the answer to a payload with a message and a friend. The message is `"m"`.
async fn answer_with_plugin(
    plugin: impl Fn(&Peer, &mut Payload, &Request, &mut Response) -> PluginDecision + Send + Sync + 'static,
) -> (Node, crate::support::Answer, Watch) {
    let (node, sender) = quiet_node().await;
    node.add_named_plugin("it", plugin);
    let watch = Watch::of(&node);
    let answer = post(&node, with_friend(&sender, &friend())).await;
    (node, answer, watch)
}

pub(super) fn friend() -> Address {
    address("127.0.0.1", 2)
}

pub(super) fn has_friend(node: &Node) -> bool {
    node.peer(&friend()).is_some()
}

/// A plugin that panicked or discarded, and what it said about it.
async fn discarded_or_failed(watch: &mut Watch) -> (String, Option<u16>, Option<String>) {
    watch
        .until("the plugin is named", |event| match event {
            Event::PayloadDiscarded { plugin, status, reason, .. } => {
                Some((plugin.to_string(), Some(*status), reason.clone()))
            }
            Event::PluginFailed { plugin, reason, .. } => {
                Some((plugin.to_string(), None, Some(reason.clone())))
            }
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_plugin_gets_the_record_of_the_sender_the_remote_address_and_the_body_as_it_came() {
    let (node, sender) = quiet_node().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let by_plugin = Arc::clone(&seen);
    node.extend(move |peer, payload, request, _| {
        assert!(request.remote.ip().is_loopback());
        let record = (peer.address.clone(), peer.status, payload.kind);
        by_plugin.lock().unwrap().push((record, request.body.to_vec()));
        PluginDecision::Continue
    });
    let body =
        format!(r#"{{ "type":"lullaby", "sender":{}, "message":1e2, "verse":[4] }}"#, in_json(&sender));
    assert_eq!(post(&node, &body).await.status, 200);
    let record = (sender, Status::Alive, Kind::Other);
    assert_eq!(*seen.lock().unwrap(), [(record, body.into_bytes())]);
}

#[tokio::test]
async fn plugins_run_after_the_sender_was_recorded_and_before_ignored_peers_are_refused() {
    let (node, ignored) = quiet_node().await;
    node.ignore(&ignored);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (by_plugin, within) = (Arc::clone(&seen), node.clone());
    node.extend(move |peer, _, _, _| {
        let listed = within.peer(&peer.address).expect("it is in the list already");
        by_plugin.lock().unwrap().push((peer.address.clone(), peer.status, listed.status));
        PluginDecision::Continue
    });
    let stranger = address("127.0.0.1", 3);
    assert_eq!(post(&node, payload(&ignored, "1")).await.status, 403);
    assert_eq!(post(&node, payload(&stranger, "1")).await.status, 200);
    let expected = [(ignored, Status::Ignored, Status::Ignored), (stranger, Status::New, Status::New)];
    assert_eq!(*seen.lock().unwrap(), expected);
}

/// A plugin of the package gets no record then, and the answer is 500 if it reads a field of it.
#[tokio::test]
async fn a_payload_in_the_name_of_this_node_has_a_record_that_is_in_no_list() {
    let (node, _) = quiet_node().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let by_plugin = Arc::clone(&seen);
    node.extend(move |peer, _, _, _| {
        by_plugin.lock().unwrap().push(peer.address.clone());
        PluginDecision::Continue
    });
    assert_eq!(post(&node, payload(&node.address(), "1")).await.status, 200);
    assert_eq!(*seen.lock().unwrap(), [node.address()]);
    assert_eq!(node.peer(&node.address()), None);
    assert_eq!(queue(&node), ["1"]);
}

#[tokio::test]
async fn a_swallowed_payload_is_answered_with_200_and_is_gone_without_its_friend() {
    let (node, answer, mut watch) = answer_with_plugin(|_, _, _, _| PluginDecision::Discard).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!((queue(&node), has_friend(&node)), (vec![], false));
    assert_eq!(discarded_or_failed(&mut watch).await, ("it".to_owned(), Some(200), None));
    let counters = node.overview().counters;
    assert_eq!((counters.swallowed, counters.refused_by_plugin, counters.refused), (1, 0, 0));
}

#[tokio::test]
async fn a_refused_payload_gets_the_status_the_headers_and_the_body_of_the_plugin() {
    let (node, answer, mut watch) = answer_with_plugin(|_, _, _, answer| {
        (answer.status, answer.body) = (418, "no tea".to_owned());
        answer.headers.push(("X-Pot".to_owned(), "short".to_owned()));
        PluginDecision::Discard
    })
    .await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("x-pot")), (418, "no tea", Some("short")));
    assert_eq!((queue(&node), has_friend(&node)), (vec![], false));
    assert_eq!(discarded_or_failed(&mut watch).await, ("it".to_owned(), Some(418), None));
    let counters = node.overview().counters;
    assert_eq!((counters.swallowed, counters.refused_by_plugin, counters.refused), (0, 1, 0));
}

#[tokio::test]
async fn a_payload_that_no_plugin_discards_goes_on() {
    let (node, answer, _) = answer_with_plugin(|_, _, _, _| PluginDecision::Continue).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!((queue(&node), has_friend(&node)), (vec!["\"m\"".to_owned()], true));
}

#[tokio::test]
async fn a_plugin_that_panics_is_answered_with_500_and_only_the_sender_is_recorded() {
    let (node, answer, mut watch) = answer_with_plugin(|_, _, _, _| panic!("on purpose")).await;
    assert_eq!((answer.status, answer.body.as_str()), (500, ""));
    watch.sees("the sender is alive", |event| matches!(event, Event::PeerUpdated { .. })).await;
    let failed = discarded_or_failed(&mut watch).await;
    assert_eq!(failed, ("it".to_owned(), None, Some("it panicked".to_owned())));
    assert_eq!((queue(&node), has_friend(&node)), (vec![], false));
    assert_eq!(node.overview().counters.plugin_faults, 1);
}

/// Both end the process of a package node.
#[tokio::test]
async fn what_a_plugin_wrote_before_it_panicked_is_not_sent_and_the_node_serves_on() {
    let (node, answer, _) = answer_with_plugin(|_, payload, _, answer| {
        assert!(payload.message.as_json() == "1", "on purpose");
        (answer.status, answer.body) = (418, "half an answer".to_owned());
        PluginDecision::Continue
    })
    .await;
    assert_eq!((answer.status, answer.body.as_str()), (500, ""));
    assert_eq!(post(&node, payload(&friend(), "1")).await.status, 200);
    assert_eq!(queue(&node), ["1"]);
}

/// A package node ends after this, and its sender sends the message again.
#[tokio::test]
async fn status_and_body_of_a_plugin_that_goes_on_are_dropped() {
    let (node, answer, _) = answer_with_plugin(|_, _, _, answer| {
        (answer.status, answer.body) = (418, "no tea".to_owned());
        PluginDecision::Continue
    })
    .await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(post(&node, payload(&friend(), "2")).await.status, 200);
    assert_eq!(queue(&node), ["\"m\"", "2"]);
}

#[tokio::test]
async fn headers_of_a_plugin_that_goes_on_are_sent_but_none_about_the_length() {
    let (node, answer, _) = answer_with_plugin(|_, _, _, answer| {
        for (name, value) in [("x-pot", "short"), ("content-length", "5"), ("transfer-encoding", "gzip")] {
            answer.headers.push((name.to_owned(), value.to_owned()));
        }
        PluginDecision::Continue
    })
    .await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("x-pot")), (200, "", Some("short")));
    assert_eq!((answer.header("content-length"), answer.header("transfer-encoding")), (Some("0"), None));
    assert_eq!(queue(&node), ["\"m\""]);
}

#[tokio::test]
async fn the_node_uses_the_message_the_friend_and_the_type_that_a_plugin_put_there() {
    let (node, sender) = quiet_node().await;
    node.extend(|_, payload, _, _| {
        payload.message = Message::text("changed");
        payload.friend = Some(friend());
        payload.kind = Kind::Message;
        PluginDecision::Continue
    });
    assert_eq!(post(&node, payload_of("announce", &sender, "1")).await.status, 200);
    assert_eq!((queue(&node), has_friend(&node)), (vec!["\"changed\"".to_owned()], true));
}

#[tokio::test]
async fn a_changed_message_is_an_event_with_both_texts_and_the_plugin() {
    let (node, sender) = quiet_node().await;
    for letter in ["a", "b"] {
        node.extend(move |_, payload, _, _| {
            payload.message = Message::text(letter);
            PluginDecision::Continue
        });
    }
    let mut watch = Watch::of(&node);
    assert_eq!(post(&node, payload(&sender, "1")).await.status, 200);
    let mut next = async || {
        watch
            .until("a message is changed", |event| match event {
                Event::MessageRewritten { plugin, before, after, .. } => {
                    Some((plugin.to_string(), before.as_json().to_owned(), after.to_vec()))
                }
                _ => None,
            })
            .await
    };
    assert_eq!(next().await, ("plugin 1".to_owned(), "1".to_owned(), vec![Message::text("a")]));
    assert_eq!(next().await, ("plugin 2".to_owned(), "\"a\"".to_owned(), vec![Message::text("b")]));
}

#[tokio::test]
async fn a_message_of_a_plugin_that_cannot_be_passed_on_is_a_fault_and_the_one_before_goes_on() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let large = Message::text(&"x".repeat(Message::MAX_SIZE));
    for message in [Message::from_json(&deep, 1000).expect("valid JSON"), large] {
        let (node, answer, mut watch) = answer_with_plugin(move |_, payload, _, _| {
            payload.message = message.clone();
            PluginDecision::Continue
        })
        .await;
        assert_eq!((answer.status, queue(&node)), (200, vec!["\"m\"".to_owned()]));
        let (plugin, status, reason) = discarded_or_failed(&mut watch).await;
        assert_eq!((plugin.as_str(), status), ("it", None));
        let reason = reason.expect("a reason");
        assert!(reason.contains("bytes") || reason.contains("nested"), "{reason}");
    }
}

#[tokio::test]
async fn a_sender_that_a_plugin_changes_has_no_effect() {
    let (node, answer, mut watch) = answer_with_plugin(|_, payload, _, _| {
        payload.sender = friend();
        payload.friend = None;
        PluginDecision::Continue
    })
    .await;
    assert_eq!((answer.status, has_friend(&node)), (200, false));
    let credited = watch.until("it is received", |event| match event {
        Event::MessageReceived { peer, .. } => Some(peer.address.clone()),
        _ => None,
    });
    assert_eq!(credited.await, address("127.0.0.1", 1));
}

#[tokio::test]
async fn an_emptied_message_is_heard_by_listeners_but_not_queued_and_its_friend_is_a_peer() {
    let (node, sender) = quiet_node().await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    node.on_message_received(move |_, message| {
        listener.lock().unwrap().push(message.as_json().to_owned());
        Some(message)
    });
    node.extend(|_, payload, _, _| {
        payload.message = Message::null();
        PluginDecision::Continue
    });
    assert_eq!(post(&node, with_friend(&sender, &friend())).await.status, 200);
    assert_eq!((queue(&node), has_friend(&node)), (vec![], true));
    assert_eq!(*heard.lock().unwrap(), ["null"]);
}

#[tokio::test]
async fn a_plugin_that_ignores_the_sender_gets_this_very_payload_refused_with_403() {
    let (node, sender) = quiet_node().await;
    let heard = Arc::new(Mutex::new(0));
    let (listener, within) = (Arc::clone(&heard), node.clone());
    node.on_message_received(move |_, message| {
        *listener.lock().unwrap() += 1;
        Some(message)
    });
    node.extend(move |peer, _, _, _| {
        within.ignore(&peer.address);
        PluginDecision::Continue
    });
    assert_eq!(post(&node, with_friend(&sender, &friend())).await.status, 403);
    assert_eq!((queue(&node), has_friend(&node), *heard.lock().unwrap()), (vec![], false, 0));
}

#[tokio::test]
async fn a_message_that_a_plugin_enqueues_is_queued_before_that_of_the_payload() {
    let (node, sender) = quiet_node().await;
    let within = node.clone();
    node.extend(move |_, _, _, _| {
        enqueue(&within, "before");
        PluginDecision::Continue
    });
    assert_eq!(post(&node, payload(&sender, "1")).await.status, 200);
    assert_eq!(queue(&node), ["\"before\"", "1"]);
}

#[tokio::test]
async fn a_plugin_that_a_plugin_adds_sees_the_next_payload_first() {
    let (node, sender) = quiet_node().await;
    let (seen, within) = (Arc::new(Mutex::new(Vec::new())), node.clone());
    let by_added = Arc::clone(&seen);
    node.extend(move |_, payload, _, _| {
        if payload.message.as_json() == "1" {
            let seen = Arc::clone(&by_added);
            within.extend(move |_, payload, _, _| {
                seen.lock().unwrap().push(payload.message.as_json().to_owned());
                PluginDecision::Continue
            });
        }
        PluginDecision::Continue
    });
    for message in ["1", "2"] {
        assert_eq!(post(&node, payload(&sender, message)).await.status, 200);
    }
    assert_eq!(*seen.lock().unwrap(), ["2"]);
}

/// In the package the whole process waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_plugin_delays_its_own_payload_only() {
    let (node, sender) = quiet_node().await;
    let (entered_to, entered) = std::sync::mpsc::channel();
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    node.extend(move |_, payload, _, _| {
        if payload.message.as_json() == "\"slow\"" {
            let _ = entered_to.send(());
            // An error means that the gate stays open.
            let _ = gate.lock().unwrap().recv();
        }
        PluginDecision::Continue
    });
    let slow = tokio::spawn({
        let (node, sender) = (node.clone(), sender.clone());
        async move { post(&node, payload(&sender, "\"slow\"")).await.status }
    });
    tokio::task::spawn_blocking(move || entered.recv()).await.unwrap().unwrap();
    assert_eq!(post(&node, payload(&friend(), "1")).await.status, 200);
    assert_eq!((queue(&node), slow.is_finished()), (vec!["1".to_owned()], false));
    drop(open);
    assert_eq!(slow.await.unwrap(), 200);
}
