use std::{collections::VecDeque, future::poll_fn, sync::Arc, task::Context, task::Poll, task::Waker};

use clacks_feed::{Network, Watch, Watched, json::Writer};

use crate::platform::output::{Closed, Output};

/// Maximum number of events buffered for a slow reader, beyond those that the node keeps.
const CAPACITY: usize = 1024;
/// Maximum bytes of the messages of these events. One event may exceed it.
const MAX_BYTES: usize = 4 << 20;

/// Writes the events of a node of any network, each with the network's own fields and the time at which it happened.
pub(crate) struct EventWriter {
    network: Arc<dyn Network>,
    events: Box<dyn Watch>,
    waiting: VecDeque<Watched>,
    /// Bytes of the messages of the buffered events.
    bytes: usize,
}

impl EventWriter {
    /// Watches the events from now on.
    pub(crate) fn new(network: Arc<dyn Network>) -> Self {
        Self { events: network.watch(), network, waiting: VecDeque::new(), bytes: 0 }
    }

    /// Waits for the next event and writes it.
    pub(crate) async fn write_next(&mut self, output: &Output) -> Result<(), Closed> {
        match poll_fn(|cx| self.events.poll_next(cx)).await {
            Some(event) => output.write(line(&*self.network, &event)).await,
            None => Ok(()),
        }
    }

    /// Writes events until the node stops. Cancel-safe: an event that was not written stays buffered.
    pub(crate) async fn write_events(&mut self, output: &Output) -> Result<(), Closed> {
        let Self { network, events, waiting, bytes } = self;
        loop {
            tokio::select! {
                event = poll_fn(|cx| events.poll_next(cx)), if waiting.len() < CAPACITY && *bytes < MAX_BYTES => match event {
                    Some(event) => {
                        *bytes += size(&event);
                        waiting.push_back(event);
                    }
                    None => return Ok(()),
                },
                room = output.room(), if !waiting.is_empty() => {
                    let room = room?;
                    if let Some(event) = waiting.pop_front() {
                        *bytes -= size(&event);
                        room.write(line(&**network, &event));
                    }
                }
            }
        }
    }

    /// Writes the remaining events.
    pub(crate) async fn write_remaining(self, output: &Output) -> Result<(), Closed> {
        let Self { network, mut events, waiting, .. } = self;
        let mut cx = Context::from_waker(Waker::noop());
        let late: Vec<_> = std::iter::from_fn(|| match events.poll_next(&mut cx) {
            Poll::Ready(event) => event,
            Poll::Pending => None,
        })
        .collect();
        for event in waiting.into_iter().chain(late) {
            output.write(line(&*network, &event)).await?;
        }
        Ok(())
    }
}

/// Bytes of the message of an event.
fn size(watched: &Watched) -> usize {
    match watched {
        Watched::Event(event) => event.bytes(),
        Watched::Lagged(_) => 0,
    }
}

/// An event as one line, without its line end.
pub(crate) fn line(network: &dyn Network, watched: &Watched) -> String {
    match watched {
        Watched::Event(event) => {
            let mut line = Vec::new();
            Writer::new(network.description()).bare_event(&mut line, event);
            // A line of JSON is UTF-8.
            String::from_utf8(line).unwrap_or_default()
        }
        Watched::Lagged(missed) => {
            format!(r#"{{"event":"lagged","time":{},"missed":{missed}}}"#, network.now().unix_ms)
        }
    }
}
