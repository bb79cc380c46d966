//! Writes a recording, on a thread of its own: a disk that is slow or full is nothing to the node.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use clacks_p2p::{
    Node, Subscription,
    core::{Event, Now},
    node::Snapshot,
};
use tokio::{
    runtime::Handle,
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

use super::{
    LIMITS,
    files::{Existing, FileError, Files},
    line,
};
use crate::{
    config::ByteSize,
    dashboard::format,
    headless::record::{self, Record},
};

/// How long what happened may wait to be written.
const FLUSH_AFTER: Duration = Duration::from_secs(1);
/// How long the end of a recording is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the user asks of the recorder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RecordCommand {
    Start(PathBuf, Existing),
    /// Ends what is being recorded, or says that nothing is.
    Stop,
}

/// Records a node, one file at a time.
#[derive(Debug)]
pub(crate) struct Recorder {
    node: Node,
    file_size: u64,
    under_way: Option<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    path: PathBuf,
    bytes: Arc<AtomicU64>,
    stop: oneshot::Sender<()>,
    done: JoinHandle<Result<u64, FileError>>,
}

impl Recorder {
    /// Records nothing yet. From so many bytes on a file is full; `None` for the default.
    pub(crate) fn new(node: &Node, file_size: Option<ByteSize>) -> Self {
        Self { node: node.clone(), file_size: file_size.unwrap_or_default().0, under_way: None }
    }

    /// Bytes recorded, while anything is being recorded.
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.under_way.as_ref().map(|under_way| under_way.bytes.load(Ordering::Relaxed))
    }

    /// Carries out a command and says in a line what happened, or why nothing did.
    pub(crate) async fn carry_out(&mut self, command: RecordCommand) -> Result<String, String> {
        match command {
            RecordCommand::Start(path, existing) => self.start(&path, existing),
            RecordCommand::Stop => match self.stop().await {
                Some(stopped) => stopped,
                None => Err("nothing is being recorded; :record FILE begins".to_owned()),
            },
        }
    }

    /// Begins to record.
    pub(crate) fn start(&mut self, path: &Path, existing: Existing) -> Result<String, String> {
        if let Some(UnderWay { path, .. }) = &self.under_way {
            return Err(format!("{} is being recorded; :record alone ends it", path.display()));
        }
        let files = Files::create(path, existing, self.file_size).map_err(|error| error.to_string())?;
        let (stop, stopped) = oneshot::channel();
        let bytes = Arc::default();
        let writer = Writer { node: self.node.clone(), files, bytes: Arc::clone(&bytes) };
        // It begins now, not when the thread does.
        let mut events = self.node.subscribe();
        let (_, snapshot) = self.node.snapshot(&mut events, LIMITS);
        // Where writing takes long, it may take as long as it likes.
        let done = tokio::task::spawn_blocking(move || {
            Handle::current().block_on(writer.run(&snapshot, events, stopped))
        });
        self.under_way = Some(UnderWay { path: path.to_owned(), bytes, stop, done });
        Ok(format!("records to {}", path.display()))
    }

    /// Ends what is being recorded, and says how much that is; `None` if nothing is.
    pub(crate) async fn stop(&mut self) -> Option<Result<String, String>> {
        let UnderWay { path, stop, done, .. } = self.under_way.take()?;
        // An error means that it has ended by itself.
        let _ = stop.send(());
        Some(match timeout(PATIENCE, done).await {
            Ok(Ok(ended)) => ended
                .map(|bytes| {
                    format!(
                        "recorded {} to {}",
                        format::size(usize::try_from(bytes).unwrap_or(usize::MAX)),
                        path.display()
                    )
                })
                .map_err(|error| broken_off(&error)),
            Ok(Err(_)) => Err(format!("the recording to {} failed", path.display())),
            Err(_) => Err(format!("{} takes long to write; its end may be missing", path.display())),
        })
    }

    /// Waits until what is being recorded ends by itself, and says why. Cancel-safe.
    pub(crate) async fn broken(&mut self) -> String {
        let Some(under_way) = &mut self.under_way else { return std::future::pending().await };
        let ended = (&mut under_way.done).await;
        let path = under_way.path.display().to_string();
        self.under_way = None;
        match ended {
            Ok(Err(error)) => broken_off(&error),
            Ok(Ok(_)) => format!("the recording to {path} ended with the node"),
            Err(_) => format!("the recording to {path} failed"),
        }
    }
}

fn broken_off(error: &FileError) -> String {
    format!("recording has stopped: {error}")
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
        self.write(line::end(self.node.now()))?;
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
            self.files.turn()?;
            self.begin(&snapshot)
        } else {
            self.write(line::snapshot(&snapshot))
        }
    }

    fn write_event(&mut self, event: &Event, now: Now) -> Result<(), FileError> {
        self.write(record::recorded(event, now))
    }

    fn begin(&mut self, snapshot: &Snapshot) -> Result<(), FileError> {
        self.files.begin(line::header(snapshot, &self.node.options()))?;
        self.count();
        Ok(())
    }

    fn write(&mut self, record: Record) -> Result<(), FileError> {
        self.files.write(record)?;
        self.count();
        Ok(())
    }

    fn count(&self) {
        self.bytes.store(self.files.total(), Ordering::Relaxed);
    }
}
