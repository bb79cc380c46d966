//! A node of this project with its events.

use std::ops::Deref;

use clacks_p2p::{
    Address, Builder, DEFAULT_MAX_DEPTH, Message, Node,
    core::{Discovery, Event, Failure, Refusal, Status},
};
use serde_json::Value;
use tokio::sync::mpsc::unbounded_channel;

use crate::watch::Watch;

/// Messages per second.
const SEND_RATE: f64 = 100.0;

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
    pub(crate) async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = Node::builder().hostname("127.0.0.1").port(0).send_rate(SEND_RATE);
        let node = change(builder).start().await.expect("a free port");
        let (event_to, events) = unbounded_channel();
        let mut subscription = node.subscribe();
        tokio::spawn(async move {
            while let Some(event) = subscription.next().await {
                // An error means that the test has ended.
                let _ = event_to.send(event);
            }
        });
        Self { node, watch: Watch::new(events) }
    }

    pub(crate) fn say(&self, message: &Value) {
        let message = Message::from_json(&message.to_string(), DEFAULT_MAX_DEPTH).expect("shallow JSON");
        self.enqueue(message).expect("room in the queue");
    }

    pub(crate) fn status(&self, peer: &Address) -> Option<Status> {
        self.peer(peer).map(|peer| peer.status)
    }

    /// Number of its messages, queued or in flight.
    pub(crate) fn held(&self) -> usize {
        let overview = self.overview();
        overview.queued + overview.in_flight
    }

    /// Stops sending, and waits until none of its messages is in flight.
    pub(crate) async fn hold(&mut self, peers: &[Address]) {
        for peer in peers {
            self.ignore(peer);
        }
        while self.overview().in_flight > 0 {
            self.until("the end of a delivery", |_| Some(())).await;
        }
    }

    /// All events received so far. Later waits skip them.
    pub(crate) fn seen(&mut self) -> &[Event] {
        self.watch.seen()
    }
}

/// Waiting for an event of a kind. Earlier events are skipped.
impl OurNode {
    pub(crate) async fn until<T>(&mut self, wanted: &str, pick: impl Fn(&Event) -> Option<T>) -> T {
        self.watch.until(wanted, pick).await
    }

    /// Returns the sender and the number of visits of the message.
    pub(crate) async fn until_received(&mut self, wanted: &Value) -> (Address, u32) {
        let received = |event: &Event| match event {
            Event::MessageReceived { peer, message, visits, .. } if is(message, wanted) => {
                Some((peer.address.clone(), *visits))
            }
            _ => None,
        };
        self.until(&format!("the message {wanted}"), received).await
    }

    /// Returns how the peer was discovered.
    pub(crate) async fn until_discovered(&mut self, wanted: &Address) -> Discovery {
        let discovered = |event: &Event| match event {
            Event::PeerDiscovered { peer, introduction, .. } if peer.address == *wanted => {
                Some(introduction.clone())
            }
            _ => None,
        };
        self.until(&format!("the peer {wanted}"), discovered).await
    }

    /// Returns the former status.
    pub(crate) async fn until_status(&mut self, of: &Address, wanted: Status) -> Status {
        let updated = |event: &Event| match event {
            Event::PeerUpdated { peer, from } if peer.address == *of && peer.status == wanted => Some(*from),
            _ => None,
        };
        self.until(&format!("the {wanted} peer {of}"), updated).await
    }

    pub(crate) async fn until_refused(&mut self) -> Refusal {
        let refused = |event: &Event| match event {
            Event::Refused(refusal) => Some(refusal.clone()),
            _ => None,
        };
        self.until("a refused request", refused).await
    }

    pub(crate) async fn until_failure(&mut self, of: &Address) -> Failure {
        let failed = |event: &Event| match event {
            Event::DeliveryFailed { peer, failure, .. } if peer.address == *of => Some(failure.clone()),
            _ => None,
        };
        self.until(&format!("a failed delivery to {of}"), failed).await
    }
}

fn is(message: &Message, wanted: &Value) -> bool {
    serde_json::from_str::<Value>(message.as_json()).is_ok_and(|value| value == *wanted)
}
