use std::{future::Future, time::Duration};

use clacks_p2p::{
    Node, Subscription,
    core::{Event, Failure},
};

/// How long a test waits before it says that something does not happen. Only a failing test waits so long.
const DEADLINE: Duration = Duration::from_secs(30);
/// How often a condition that nothing tells of is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// How much of an event a failing test shows.
const SHOWN: usize = 200;

/// What the future comes to, or a panic that names what did not happen.
pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(value) = tokio::time::timeout(DEADLINE, future).await else {
        panic!("not within {DEADLINE:?}: {what}")
    };
    value
}

/// Waits until the condition holds, for things that no event tells of.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    in_time(what, async {
        while !condition() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    })
    .await;
}

/// A watcher of a node's events, from the moment it is made.
pub(crate) struct Watch {
    events: Subscription,
    seen: Vec<String>,
}

impl Watch {
    pub(crate) fn of(node: &Node) -> Self {
        Self { events: node.subscribe(), seen: Vec::new() }
    }

    /// What `wanted` makes of the first event that it wants.
    pub(crate) async fn until<T>(&mut self, what: &str, wanted: impl FnMut(&Event) -> Option<T>) -> T {
        match tokio::time::timeout(DEADLINE, self.find(wanted)).await {
            Ok(Some(found)) => found,
            Ok(None) => panic!("the node stopped before: {what}; seen: {:#?}", self.seen),
            Err(late) => panic!("{late}: {what}; seen: {:#?}", self.seen),
        }
    }

    /// Waits for an event.
    pub(crate) async fn sees(&mut self, what: &str, mut wanted: impl FnMut(&Event) -> bool) {
        self.until(what, |event| wanted(event).then_some(())).await;
    }

    /// Waits until a message is delivered.
    pub(crate) async fn delivered(&mut self) {
        self.sees("a message is delivered", |event| matches!(event, Event::MessageDelivered { .. })).await;
    }

    /// Waits until a delivery fails, and returns why.
    pub(crate) async fn failure(&mut self) -> Failure {
        self.until("a delivery fails", |event| match event {
            Event::DeliveryFailed { failure, .. } => Some(failure.clone()),
            _ => None,
        })
        .await
    }

    /// Waits until the subscription ends.
    pub(crate) async fn ended(&mut self) {
        in_time("the subscription ends", async { while self.events.next().await.is_some() {} }).await;
    }

    async fn find<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> Option<T> {
        loop {
            let event = self.events.next().await?;
            self.seen.push(format!("{event:?}").chars().take(SHOWN).collect());
            if let Some(found) = wanted(&event) {
                return Some(found);
            }
        }
    }
}
