//! The payload hook: asynchronous verdicts, and what they leave behind.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use clacks_p2p::{
    Message, Node,
    core::{Event, HeldBy, Judgement, PluginMessage, PluginReport, Verdict},
    node::{IncomingPayload, Judging, PayloadHook},
};
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, Semaphore};

use super::plugins::{friend, has_friend, post, queue, quiet_node, with_friend};
use crate::support::{
    Answer, Client, Watch, builder, enqueue, eventually, in_json, in_time, payload, payload_of, start,
};

/// A hook that judges without waiting.
struct Judge<F>(F);

impl<F: Fn(IncomingPayload<'_>) -> Judgement + Send + Sync + 'static> PayloadHook for Judge<F> {
    fn judge<'a>(&'a self, incoming: IncomingPayload<'a>) -> Judging<'a> {
        Box::pin(async move { (self.0)(incoming) })
    }
}

fn judge(node: &Node, judge: impl Fn(IncomingPayload<'_>) -> Judgement + Send + Sync + 'static) {
    node.set_payload_hook(Arc::new(Judge(judge)));
}

/// A hook that judges once its gate is open, and counts the judgements that it has begun and not ended.
#[derive(Default)]
struct Gate {
    opened: Notify,
    waiting: AtomicUsize,
}

impl PayloadHook for Gate {
    fn judge<'a>(&'a self, incoming: IncomingPayload<'a>) -> Judging<'a> {
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, SeqCst);
            }
        }
        Box::pin(async move {
            if incoming.payload.message.as_json() != "\"fast\"" {
                self.waiting.fetch_add(1, SeqCst);
                let _waiting = Waiting(&self.waiting);
                self.opened.notified().await;
            }
            Judgement::default()
        })
    }
}

impl Gate {
    fn of(node: &Node) -> Arc<Self> {
        let gate = Arc::new(Self::default());
        node.set_payload_hook(Arc::<Self>::clone(&gate));
        gate
    }

    async fn has(&self, waiting: usize) {
        eventually("judgements wait", || self.waiting.load(SeqCst) == waiting).await;
    }
}

fn json(text: &str) -> Message {
    Message::from_json(text, 1000).expect("valid JSON")
}

/// A node whose hook always judges so, the answer to a payload with the message `"m"` and a friend, and its events.
async fn answer_with(judgement: Judgement) -> (Node, Answer, Watch) {
    let (node, sender) = quiet_node().await;
    judge(&node, move |_| judgement.clone());
    let watch = Watch::of(&node);
    let answer = post(&node, with_friend(&sender, &friend())).await;
    (node, answer, watch)
}

async fn fault(watch: &mut Watch) -> (String, String) {
    watch
        .until("a fault", |event| match event {
            Event::PluginFailed { plugin, reason, .. } => Some((plugin.to_string(), reason.clone())),
            _ => None,
        })
        .await
}

/// In the package the verdict of an asynchronous function is lost.
#[tokio::test]
async fn an_asynchronous_verdict_is_awaited_and_delays_its_own_payload_only() {
    let (node, sender) = quiet_node().await;
    let gate = Gate::of(&node);
    let mut slow = Client::connect(&node).await;
    let body = payload(&sender, "\"slow\"");
    slow.send(format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    gate.has(1).await;
    assert_eq!(post(&node, payload(&sender, "\"fast\"")).await.status, 200);
    assert_eq!(queue(&node), ["\"fast\""]);
    gate.opened.notify_one();
    assert_eq!(slow.answer().await.status, 200);
    assert_eq!(queue(&node), ["\"fast\"", "\"slow\""]);
}

#[tokio::test]
async fn a_hook_gets_the_sender_the_body_the_visits_and_the_hash() {
    let (node, sender) = quiet_node().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let by_hook = Arc::clone(&seen);
    judge(&node, move |incoming| {
        assert!(incoming.remote.ip().is_loopback());
        let seen = (incoming.peer.address.clone(), incoming.body.to_vec(), incoming.visits());
        by_hook.lock().unwrap().push((seen, incoming.hash()));
        Judgement::default()
    });
    let body = format!(r#"{{"type":"message","sender":{},"message":[1, 2],"verse":4}}"#, in_json(&sender));
    for _ in 0..2 {
        assert_eq!(post(&node, &body).await.status, 200);
    }
    let expected = [1, 2].map(|visits| {
        let hash: [u8; 32] = Sha256::digest("[1, 2]").into();
        ((sender.clone(), body.clone().into_bytes(), visits), hash)
    });
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_swallowed_payload_is_answered_with_200_and_its_event_has_the_reason() {
    let verdict = Verdict::Swallow { reason: Some("seen before".to_owned()) };
    let (node, answer, mut watch) = answer_with(Judgement::by("filter", verdict)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!((queue(&node), has_friend(&node), node.overview().counters.swallowed), (vec![], false, 1));
    let expected = ("filter".into(), 200, Some("seen before".to_owned()), json("\"m\""));
    let event = watch.until("it is reported", |event| match event {
        Event::PayloadDiscarded { plugin, status, reason, message, .. } => {
            Some((Arc::<str>::clone(plugin), *status, reason.clone(), message.clone()))
        }
        _ => None,
    });
    assert_eq!(event.await, expected);
}

#[tokio::test]
async fn a_refusal_has_the_status_of_the_verdict_and_403_for_an_invalid_one() {
    for (status, sent) in [(400, 400), (503, 503), (599, 599), (200, 403), (302, 403), (600, 403), (0, 403)] {
        let mut judgement = Judgement::by("gate", Verdict::refuse(status, "not now"));
        judgement.headers = vec![("retry-after".to_owned(), "9".to_owned())];
        let (node, answer, mut watch) = answer_with(judgement).await;
        let said = (answer.status, answer.body.as_str(), answer.header("retry-after"));
        assert_eq!(said, (sent, "not now\n", Some("9")), "{status}");
        assert_eq!((queue(&node), node.overview().counters.refused_by_plugin), (vec![], 1));
        if status != sent {
            assert!(fault(&mut watch).await.1.contains(&status.to_string()));
        }
    }
}

#[tokio::test]
async fn a_verdict_applies_to_ignored_peers_too() {
    let (node, sender) = quiet_node().await;
    node.ignore(&sender);
    judge(&node, |incoming| match incoming.payload.message.as_json() {
        "1" => Judgement::by("filter", Verdict::Swallow { reason: None }),
        _ => Judgement::default(),
    });
    assert_eq!(post(&node, payload(&sender, "1")).await.status, 200);
    assert_eq!(post(&node, payload(&sender, "2")).await.status, 403);
    assert_eq!(queue(&node), Vec::<String>::new());
}

#[tokio::test]
async fn each_change_is_an_event_and_the_last_one_is_queued() {
    let mut judgement = Judgement::default();
    judgement.rewrites = ["a", "b"].map(|text| PluginMessage::new(text, Message::text(text))).to_vec();
    let (node, answer, mut watch) = answer_with(judgement).await;
    assert_eq!((answer.status, queue(&node)), (200, vec!["\"b\"".to_owned()]));
    for (by, before) in [("a", "\"m\""), ("b", "\"a\"")] {
        let changed = watch.until("a change", |event| match event {
            Event::MessageRewritten { plugin, before, after, .. } => {
                Some((plugin.to_string(), before.clone(), after.to_vec()))
            }
            _ => None,
        });
        assert_eq!(changed.await, (by.to_owned(), json(before), vec![Message::text(by)]));
    }
}

#[tokio::test]
async fn up_to_16_messages_replace_one() {
    for count in [0, 1, 3, 16] {
        let messages: Vec<_> = (1..=count).map(|number| json(&number.to_string())).collect();
        let expected: Vec<_> = messages.iter().map(|message| message.as_json().to_owned()).collect();
        let (node, answer, mut watch) = answer_with(Judgement::by("split", Verdict::Replace(messages))).await;
        assert_eq!((answer.status, queue(&node), has_friend(&node)), (200, expected, true), "{count}");
        let after = watch.until("the change", |event| match event {
            Event::MessageRewritten { after, .. } => Some(after.len()),
            _ => None,
        });
        assert_eq!(after.await, count);
    }
}

#[tokio::test]
async fn messages_that_have_no_room_together_are_all_refused() {
    let node = start(builder().options(|options| options.max_queue_messages = 32)).await;
    judge(&node, |_| Judgement::by("split", Verdict::Replace(vec![json("1"); 16])));
    let sender = friend();
    let statuses =
        [post(&node, payload(&sender, "0")).await.status, post(&node, payload(&sender, "0")).await.status];
    assert_eq!(statuses, [200, 503], "the second 16 are more than what the queue has left for peers");
    assert_eq!(node.queue_len() + node.overview().in_flight, 16);
}

#[tokio::test]
async fn a_replacement_that_cannot_be_passed_on_is_a_fault_and_the_message_goes_on() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let large = Message::text(&"x".repeat(Message::MAX_SIZE));
    for (messages, reason) in [
        (vec![json("1"); 17], "17 messages"),
        (vec![json("1"), json(&deep)], "nested"),
        (vec![large, json("1")], "bytes"),
        (vec![json("1"), Message::null()], "empty"),
    ] {
        let (node, answer, mut watch) = answer_with(Judgement::by("split", Verdict::Replace(messages))).await;
        assert_eq!((answer.status, queue(&node)), (200, vec!["\"m\"".to_owned()]), "{reason}");
        let (plugin, said) = fault(&mut watch).await;
        assert!(plugin == "split" && said.contains(reason), "{plugin}: {said}");
    }
}

#[tokio::test]
async fn a_held_message_says_which_plugin_holds_it_and_why() {
    let verdict = Verdict::Hold { reason: Some("rude".to_owned()) };
    let (node, answer, _) = answer_with(Judgement::by("gate", verdict)).await;
    assert_eq!((answer.status, queue(&node), has_friend(&node)), (200, vec![], true));
    let held = node.held_window(0..9);
    let [held] = held.as_slice() else { panic!("{held:?}") };
    let HeldBy::Plugin(by) = &held.by else { panic!("{held:?}") };
    assert_eq!((&*by.plugin, by.reason.as_deref()), ("gate", Some("rude")));
    // Undoing a drop restores the reason.
    let dropped = node.drop_matching(|_| true);
    node.restore_messages(dropped);
    assert_eq!(node.held_window(0..9), std::slice::from_ref(held));
    assert!(node.release(held.queued.id).is_some());
    assert_eq!(queue(&node), ["\"m\""]);
}

#[tokio::test]
async fn an_announce_is_neither_held_nor_replaced() {
    let (node, sender) = quiet_node().await;
    for verdict in [Verdict::Hold { reason: None }, Verdict::Replace(vec![json("1")])] {
        judge(&node, move |_| Judgement::by("gate", verdict.clone()));
        assert_eq!(post(&node, payload_of("announce", &sender, "2")).await.status, 200);
    }
    assert_eq!((queue(&node), node.held_len(), node.overview().counters.announces), (vec![], 0, 2));
}

#[tokio::test]
async fn messages_of_plugins_are_queued_before_that_of_the_payload() {
    let mut judgement = Judgement::default();
    judgement.queued_before = ["1", "null", "2"].map(|text| PluginMessage::new("crier", json(text))).to_vec();
    let (node, answer, mut watch) = answer_with(judgement).await;
    assert_eq!((answer.status, queue(&node).join(" ")), (200, r#"1 2 "m""#.to_owned()));
    assert_eq!(fault(&mut watch).await.0, "crier", "an empty message is a fault");
}

#[tokio::test]
async fn a_hook_that_ignores_the_sender_gets_this_very_payload_refused_with_403() {
    let (node, sender) = quiet_node().await;
    let within = node.clone();
    judge(&node, move |incoming| {
        within.ignore(&incoming.peer.address);
        Judgement::default()
    });
    assert_eq!(post(&node, payload(&sender, "1")).await.status, 403);
    assert_eq!(queue(&node), Vec::<String>::new());
}

/// The process of a package node ends if an asynchronous plugin fails.
#[tokio::test]
async fn a_hook_that_panics_is_answered_with_500_and_the_connection_goes_on() {
    struct Panics;
    impl PayloadHook for Panics {
        fn judge<'a>(&'a self, incoming: IncomingPayload<'a>) -> Judging<'a> {
            assert!(incoming.payload.message.as_json() != "1", "before the future, on purpose");
            Box::pin(async move {
                tokio::task::yield_now().await;
                assert!(incoming.payload.message.as_json() != "2", "in the future, on purpose");
                Judgement::default()
            })
        }
    }
    let (node, sender) = quiet_node().await;
    node.set_payload_hook(Arc::new(Panics));
    let mut client = Client::connect(&node).await;
    for (message, status) in [("1", 500), ("2", 500), ("3", 200)] {
        assert_eq!(client.post(payload(&sender, message)).await.status, status);
    }
    assert_eq!((queue(&node), node.overview().counters.plugin_faults), (vec!["3".to_owned()], 2));
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_its_message_unqueued() {
    let (node, sender) = quiet_node().await;
    let gate = Gate::of(&node);
    let mut client = Client::connect(&node).await;
    let body = payload(&sender, "1");
    client.send(format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    gate.has(1).await;
    drop(client);
    gate.has(0).await;
    gate.opened.notify_one();
    assert_eq!(post(&node, payload(&sender, "\"fast\"")).await.status, 200);
    assert_eq!(queue(&node), ["\"fast\""]);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_judgements_and_leaves_their_messages_unqueued() {
    struct Forever(Arc<Semaphore>);
    impl PayloadHook for Forever {
        fn judge<'a>(&'a self, _: IncomingPayload<'a>) -> Judging<'a> {
            Box::pin(async {
                self.0.add_permits(1);
                pending().await
            })
        }
    }
    let node = start(builder()).await;
    let begun = Arc::new(Semaphore::new(0));
    node.set_payload_hook(Arc::new(Forever(Arc::clone(&begun))));
    let mut client = Client::connect(&node).await;
    let body = payload(&friend(), "1");
    client.send(format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    in_time("the judgement begins", begun.acquire()).await.expect("open").forget();
    let left = in_time("the node stops", node.stop()).await;
    assert!(left.messages.is_empty() && left.held.is_empty(), "{left:?}");
    assert_eq!(Arc::strong_count(&begun), 1, "the hook is dropped");
    assert!(!client.cut_off().await.contains(" 200 "));
}

#[tokio::test]
async fn bodies_that_wait_for_judgements_count_towards_the_memory_for_bodies() {
    let node = start(builder().limits(|limits| limits.max_bodies = 100_000)).await;
    let gate = Gate::of(&node);
    let sender = friend();
    let large = payload(&sender, &format!("\"{}\"", "x".repeat(60_000)));
    let mut clients = [Client::connect(&node).await, Client::connect(&node).await];
    for (number, client) in clients.iter_mut().enumerate() {
        let head = format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n", large.len());
        client.send(format!("{head}{large}")).await;
        if number == 0 {
            gate.has(1).await;
        }
    }
    let [first, second] = &mut clients;
    let evicted = in_time("one is refused", async {
        tokio::select! { answer = first.answer() => answer, answer = second.answer() => answer }
    });
    assert_eq!(evicted.await.status, 503);
    gate.has(1).await;
}

#[tokio::test]
async fn a_hook_of_the_builder_judges_and_can_be_replaced_and_removed() {
    let swallows = Judge(|_: IncomingPayload<'_>| Judgement::by("1", Verdict::Swallow { reason: None }));
    let node = start(builder().payload_hook(Arc::new(swallows))).await;
    let mut watch = Watch::of(&node);
    let received = async |watch: &mut Watch| {
        assert_eq!(post(&node, payload(&friend(), "1")).await.status, 200);
        watch
            .until("a message ends here", |event| match event {
                Event::PayloadDiscarded { plugin, .. } => Some(plugin.to_string()),
                Event::MessageReceived { .. } => Some("queued".to_owned()),
                _ => None,
            })
            .await
    };
    assert_eq!(received(&mut watch).await, "1");
    judge(&node, |_| Judgement::by("2", Verdict::Swallow { reason: None }));
    assert_eq!(received(&mut watch).await, "2");
    node.remove_payload_hook();
    assert_eq!(received(&mut watch).await, "queued");
}

#[tokio::test]
async fn a_report_of_a_plugin_is_an_event() {
    let node = start(builder()).await;
    let mut watch = Watch::of(&node);
    node.report_plugin(PluginReport::loaded("gate"));
    watch.sees("it is loaded", |event| matches!(event, Event::PluginLoaded { is_reload: false, .. })).await;
    node.report_plugin(PluginReport::failed("gate", "x".repeat(1000)));
    let (plugin, reason) = fault(&mut watch).await;
    assert!(plugin == "gate" && reason.len() < 300, "{reason}");
    assert_eq!(node.overview().counters.plugin_faults, 1);
}

/// The time limits of a program's pipeline are its own. This one shows that they suffice.
#[tokio::test]
async fn a_hook_with_a_time_limit_of_its_own_answers_in_time() {
    struct Hurried;
    impl PayloadHook for Hurried {
        fn judge<'a>(&'a self, _: IncomingPayload<'a>) -> Judging<'a> {
            Box::pin(async {
                let judged = tokio::time::timeout(Duration::from_millis(1), pending()).await;
                judged.unwrap_or_else(|_| Judgement::by("gate", Verdict::refuse(503, "too slow")))
            })
        }
    }
    let (node, sender) = quiet_node().await;
    node.set_payload_hook(Arc::new(Hurried));
    enqueue(&node, "own");
    assert_eq!(post(&node, payload(&sender, "1")).await.status, 503);
    assert_eq!(queue(&node), ["\"own\""]);
}
