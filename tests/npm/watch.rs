//! Waiting for events.

use std::{fmt::Debug, time::Duration};

use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{Instant, timeout_at},
};

/// Time-out of a wait. It only limits how long a broken test hangs.
const DEADLINE: Duration = Duration::from_secs(30);
/// Number of last events that a failure shows, and the length of each.
const SHOWN: usize = 60;
const SHOWN_OF_EACH: usize = 300;

/// The events of a node, in order.
pub(crate) struct Watch<E> {
    events: UnboundedReceiver<E>,
    seen: Vec<E>,
}

impl<E: Debug> Watch<E> {
    pub(crate) fn new(events: UnboundedReceiver<E>) -> Self {
        Self { events, seen: Vec::new() }
    }

    /// Waits for the next event that `pick` accepts. Earlier events are skipped.
    pub(crate) async fn until<T>(&mut self, wanted: &str, pick: impl Fn(&E) -> Option<T>) -> T {
        self.until_within(DEADLINE, wanted, pick).await
    }

    /// As [`Watch::until`], with another time-out.
    pub(crate) async fn until_within<T>(
        &mut self,
        deadline: Duration,
        wanted: &str,
        pick: impl Fn(&E) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + deadline;
        loop {
            let next = timeout_at(deadline, self.events.recv()).await;
            let Ok(Some(event)) = next else {
                let why = if next.is_err() { "nothing in time" } else { "the node has ended" };
                panic!("{why}, waiting for {wanted:.SHOWN_OF_EACH$} after\n{}", self.last());
            };
            let picked = pick(&event);
            self.seen.push(event);
            if let Some(picked) = picked {
                return picked;
            }
        }
    }

    /// All events received so far. Later waits skip them.
    pub(crate) fn seen(&mut self) -> &[E] {
        while let Ok(event) = self.events.try_recv() {
            self.seen.push(event);
        }
        &self.seen
    }

    fn last(&self) -> String {
        let last = &self.seen[self.seen.len().saturating_sub(SHOWN)..];
        let shown = last.iter().map(|event| format!("{:.SHOWN_OF_EACH$}", format!("{event:?}")));
        shown.collect::<Vec<_>>().join("\n")
    }
}
