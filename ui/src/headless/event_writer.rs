use std::collections::VecDeque;

use clacks_p2p::{Node, Subscription, core::Event};
use clacks_source::json;

use crate::platform::output::{Closed, Output};

/// Maximum number of events buffered for a slow reader. Beyond it events stay in the subscription and get the time at
/// which they leave it.
const CAPACITY: usize = 1024;

/// Writes the node's events with their times.
#[derive(Debug)]
pub(crate) struct EventWriter {
    node: Node,
    events: Subscription,
    /// Events with the time of their arrival.
    waiting: VecDeque<(Event, u64)>,
}

impl EventWriter {
    /// Subscribes to the events from now on.
    pub(crate) fn new(node: &Node) -> Self {
        Self { node: node.clone(), events: node.subscribe(), waiting: VecDeque::new() }
    }

    /// Writes events until the node stops. Cancel-safe: an event that was not written stays buffered.
    pub(crate) async fn write_events(&mut self, output: &Output) -> Result<(), Closed> {
        loop {
            tokio::select! {
                event = self.events.next(), if self.waiting.len() < CAPACITY => match event {
                    Some(event) => self.waiting.push_back((event, self.node.now().unix_ms)),
                    None => return Ok(()),
                },
                room = output.room(), if !self.waiting.is_empty() => {
                    let room = room?;
                    if let Some((event, time)) = self.waiting.pop_front() {
                        room.write(json::happened(&event, time).into_line());
                    }
                }
            }
        }
    }

    /// Writes the remaining events.
    pub(crate) async fn write_remaining(mut self, output: &Output) -> Result<(), Closed> {
        let now = self.node.now().unix_ms;
        let late = std::iter::from_fn(|| self.events.try_next()).map(|event| (event, now));
        for (event, time) in self.waiting.into_iter().chain(late) {
            output.write(json::happened(&event, time).into_line()).await?;
        }
        Ok(())
    }
}
