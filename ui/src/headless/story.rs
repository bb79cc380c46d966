use std::collections::VecDeque;

use clacks_p2p::{Node, Subscription, core::Event};
use clacks_source::json;

use crate::platform::output::{Closed, Output};

/// Events that may wait here for room in the output. When there are as many, the others wait in the subscription,
/// and the times that they are told with are too late.
const CAPACITY: usize = 1024;

/// What happens at the node, and when.
#[derive(Debug)]
pub(crate) struct Story {
    node: Node,
    events: Subscription,
    /// Events with the time at which they came.
    waiting: VecDeque<(Event, u64)>,
}

impl Story {
    /// It begins now.
    pub(crate) fn new(node: &Node) -> Self {
        Self { node: node.clone(), events: node.subscribe(), waiting: VecDeque::new() }
    }

    /// Writes what happens, until the node stops. What was not written when this is given up is not lost.
    pub(crate) async fn tell(&mut self, output: &Output) -> Result<(), Closed> {
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

    /// Writes what has happened and waits to be told.
    pub(crate) async fn tell_the_rest(mut self, output: &Output) -> Result<(), Closed> {
        let now = self.node.now().unix_ms;
        let late = std::iter::from_fn(|| self.events.try_next()).map(|event| (event, now));
        for (event, time) in self.waiting.into_iter().chain(late) {
            output.write(json::happened(&event, time).into_line()).await?;
        }
        Ok(())
    }
}
