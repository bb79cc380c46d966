//! A node of this project with its events.

use std::{collections::BTreeSet, ops::Deref, time::Duration};

use clacks_peercloud::{
    Address, Json, Node,
    core::{Event, Reply},
    node::Builder,
};
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;

use crate::watch::Watch;

/// A node of this project and its events.
pub(crate) struct OurNode {
    node: Node,
    watch: Watch<Event>,
}

impl Deref for OurNode {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

impl OurNode {
    /// Starts a node that echoes messages, and waits until its attempt to join is over.
    pub(crate) async fn start(name: &str, peers: &[Address]) -> Self {
        Self::start_with(name, peers, |builder| builder.on_message(|_, message| async move { Ok(message) }))
            .await
    }

    pub(crate) async fn start_with(
        name: &str,
        peers: &[Address],
        change: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let builder = Node::builder().peers(peers.iter().cloned()).data(to_json(&json!({ "name": name })));
        let builder = change(builder);
        let mut subscription = builder.subscribe();
        let node = builder.start().await.expect("a free port");
        let (event_to, events) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(event) = subscription.next().await {
                // An error means that the test has ended.
                let _ = event_to.send(event);
            }
        });
        assert_eq!(node.ready().await.is_ok(), !peers.is_empty(), "{name} joined");
        Self { node, watch: Watch::new(events) }
    }

    /// Waits until it lists exactly these ids.
    pub(crate) async fn until_listed(&mut self, wanted: &BTreeSet<String>, max: Duration) {
        let ids = |node: &Node| -> BTreeSet<String> {
            node.members().iter().map(|member| member.record.id.to_string()).collect()
        };
        if ids(&self.node) == *wanted {
            return;
        }
        let node = self.node.clone();
        let listed = |_: &Event| (ids(&node) == *wanted).then_some(());
        self.watch.until_within(max, &format!("the list {wanted:?}"), listed).await;
    }

    pub(crate) async fn until<T>(&mut self, wanted: &str, pick: impl Fn(&Event) -> Option<T>) -> T {
        self.watch.until_within(crate::NOTICED, wanted, pick).await
    }

    /// Sends a message to all, and waits for the replies.
    pub(crate) async fn say(&self, body: &Value) -> Vec<Reply> {
        self.broadcast(&to_json(body)).expect("a message that members accept").all().await
    }

    /// Waits for a message. Returns the name of the sender.
    pub(crate) async fn until_received(&mut self, wanted: &Value) -> String {
        let received = |event: &Event| match event {
            Event::MessageReceived { member, message, .. } => {
                (from_json(message) == *wanted).then(|| name_of(&from_json(&member.data)))
            }
            _ => None,
        };
        self.watch.until("a message", received).await
    }

    /// All events received so far. Later waits skip them.
    pub(crate) fn seen(&mut self) -> &[Event] {
        self.watch.seen()
    }
}

pub(crate) fn to_json(value: &Value) -> Json {
    Json::new(&value.to_string(), usize::MAX, usize::MAX).expect("JSON")
}

pub(crate) fn from_json(json: &Json) -> Value {
    serde_json::from_str(json.as_str()).expect("JSON")
}

/// The name in the data of a member.
pub(crate) fn name_of(data: &Value) -> String {
    data["name"].as_str().unwrap_or_default().to_owned()
}
