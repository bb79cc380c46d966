//! Records a node of clacks in version 1.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use clacks_p2p::{
    Node, Subscription,
    core::{Event, Now},
    node::Snapshot,
};
use clacks_p2p_feed::version_1::{line, recorded};
use tokio::{
    runtime::Handle,
    sync::oneshot,
    time::{Instant, sleep_until},
};

use super::{
    LIMITS,
    files::{FileError, Files},
    recorder::{Control, Subject},
    writer::FLUSH_AFTER,
};

/// A node that is recorded in version 1.
pub(crate) struct ClacksNode(pub(crate) Node);

impl Subject for ClacksNode {
    fn record(&self, files: Files, control: Control) -> Result<u64, FileError> {
        let Self(node) = self;
        let mut events = node.subscribe();
        let (_, snapshot) = node.snapshot(&mut events, LIMITS);
        // An error means that nobody wants to know any more.
        let _ = control.opened.send(());
        let writer = Writer { node: node.clone(), files, bytes: control.bytes };
        Handle::current().block_on(writer.run(&snapshot, events, control.stopped))
    }
}

struct Writer {
    node: Node,
    files: Files,
    bytes: Arc<AtomicU64>,
}

impl Writer {
    /// Records until it is told to stop or the node has stopped.
    async fn run(
        mut self,
        began: &Snapshot,
        mut events: Subscription,
        mut stopped: oneshot::Receiver<()>,
    ) -> Result<u64, FileError> {
        self.begin(began)?;
        self.files.flush()?;
        let mut flush_at = Instant::now();
        loop {
            tokio::select! {
                event = events.next() => {
                    let Some(event) = event else { break };
                    if self.files.is_flushed() {
                        flush_at = Instant::now() + FLUSH_AFTER;
                    }
                    self.note(&event, &mut events)?;
                }
                () = sleep_until(flush_at), if !self.files.is_flushed() => self.files.flush()?,
                _ = &mut stopped => break,
            }
        }
        while let Some(event) = events.try_next() {
            self.note(&event, &mut events)?;
        }
        self.write(&line::end(self.node.now()))?;
        self.files.flush()?;
        Ok(self.files.total())
    }

    fn note(&mut self, event: &Event, events: &mut Subscription) -> Result<(), FileError> {
        self.write_event(event, self.node.now())?;
        let has_lagged = matches!(event, Event::Lagged(_));
        if !has_lagged && !self.files.is_full() {
            return Ok(());
        }
        // What was missed is made up for by a snapshot; so is, in the next file, what is in this one.
        let (told, snapshot) = self.node.snapshot(events, LIMITS);
        told.iter().try_for_each(|event| self.write_event(event, snapshot.now))?;
        if self.files.is_full() {
            self.files.rotate()?;
            self.begin(&snapshot)
        } else {
            self.write(&line::snapshot(&snapshot))
        }
    }

    fn write_event(&mut self, event: &Event, now: Now) -> Result<(), FileError> {
        self.write(&recorded(event, now))
    }

    fn begin(&mut self, snapshot: &Snapshot) -> Result<(), FileError> {
        self.files.begin(&[line::header(snapshot, &self.node.options()).as_bytes()])?;
        self.count();
        Ok(())
    }

    fn write(&mut self, line: &str) -> Result<(), FileError> {
        self.files.write(line.as_bytes())?;
        self.count();
        Ok(())
    }

    fn count(&self) {
        self.bytes.store(self.files.total(), Ordering::Relaxed);
    }
}
