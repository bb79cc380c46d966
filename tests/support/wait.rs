use std::{future::Future, time::Duration};

use clacks_p2p::{
    Node, Subscription,
    core::{Event, Failure},
};

/// Time-out of a wait. Only a failing test waits so long.
const DEADLINE: Duration = Duration::from_secs(30);
/// Interval between two checks of a condition that no event reports.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// Maximum characters of an event in the error of a failing test.
const SHOWN: usize = 200;

/// The output of the future, or a panic that names what did not happen.
pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(value) = tokio::time::timeout(DEADLINE, future).await else {
        panic!("not within {DEADLINE:?}: {what}")
    };
    value
}

/// Waits until a condition holds that no event reports.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    in_time(what, async {
        while !condition() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    })
    .await;
}

/// The events of a node since this was created.
pub(crate) struct Watch {
    events: Subscription,
    seen: Vec<String>,
}

impl Watch {
    pub(crate) fn of(node: &Node) -> Self {
        Self { events: node.subscribe(), seen: Vec::new() }
    }

    /// The value of `wanted` for the first event for which it returns one.
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

    /// Waits until a delivery fails. Returns the cause.
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
