//! Writes a recording on its own thread, so that a slow or full disk does not affect the node.

use std::{
    fmt,
    path::{Path, PathBuf},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use clacks_feed::Network;
use clacks_language::command::argument::{Existing, RecordCommand};
use clacks_text::{byte_size::ByteSize, format};
use tokio::{
    runtime::Handle,
    sync::oneshot,
    task::{JoinError, JoinHandle},
    time::{Instant, sleep_until},
};

use super::{
    files::{FileError, Files},
    writer::{Texts, Writer},
};

/// How long the end of a recording is waited for.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 60 } else { 3 });

/// Why a recording did not start, failed, or does not end. `Display` writes one line for the user.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// There is no recording to end.
    #[error("nothing is being recorded; :record FILE begins")]
    NotRecording,
    /// This file is being recorded to; only one is at a time.
    #[error("{} is being recorded; :record alone ends it", .0.display())]
    Recording(PathBuf),
    /// The end of this file is still being written.
    #[error("the end of {} is still being written", .0.display())]
    Ending(PathBuf),
    /// The recording did not start.
    #[error(transparent)]
    Start(FileError),
    /// The recording ended by itself, because the file could not be written.
    #[error("recording has stopped: {0}")]
    Stopped(FileError),
    /// The end of this file was not written within three seconds.
    #[error("{} takes long to write; its end may be missing", .0.display())]
    Late(PathBuf),
    /// The thread that writes this file panicked.
    #[error("the recording to {} failed", .0.display())]
    Panicked(PathBuf),
    /// The recording to this file ended because the node stopped.
    #[error("the recording to {} ended with the node", .0.display())]
    NodeStopped(PathBuf),
}

/// Reason why a recording to this file would fail now, found by checks on the disk. `None` if it should succeed.
/// Blocks on the disk.
pub fn why_not(path: &Path, existing: Existing) -> Option<String> {
    Files::check(path, existing).err().map(|error| error.to_string())
}

/// Records a node to one file at a time.
pub struct Recorder {
    network: Arc<dyn Network>,
    texts: Texts,
    file_size: u64,
    under_way: Option<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    path: PathBuf,
    bytes: Arc<AtomicU64>,
    /// Tells that the file is open; none once that is told.
    begun: Option<oneshot::Receiver<()>>,
    /// Ends it; none once it is to end.
    stop: Option<oneshot::Sender<()>>,
    /// Until when its end is waited for.
    patience: Option<Instant>,
    done: JoinHandle<Result<u64, RecordingError>>,
}

/// What becomes of a recording.
enum Step {
    Begun,
    Ended(Result<Result<u64, RecordingError>, JoinError>),
    /// It should have ended by now.
    Late,
}

impl Recorder {
    /// Creates an idle recorder. `file_size` is the size in bytes at which the next file begins; `None`
    /// means 64 MiB. If the network is private, texts are recorded by their length alone.
    pub fn of(network: Arc<dyn Network>, file_size: Option<ByteSize>) -> Self {
        let texts = if network.description().private { Texts::LengthOnly } else { Texts::Recorded };
        Self::with(network, texts, file_size)
    }

    /// As [`of`](Self::of). The texts are recorded, although the network may be private.
    pub fn with_texts(network: Arc<dyn Network>, file_size: Option<ByteSize>) -> Self {
        Self::with(network, Texts::Recorded, file_size)
    }

    fn with(network: Arc<dyn Network>, texts: Texts, file_size: Option<ByteSize>) -> Self {
        Self { network, texts, file_size: file_size.unwrap_or_default().0, under_way: None }
    }

    /// Bytes recorded so far, in all files of the current recording. `None` while nothing is being recorded.
    pub fn bytes(&self) -> Option<u64> {
        let begun = self.under_way.as_ref().filter(|under_way| under_way.begun.is_none());
        begun.map(|under_way| under_way.bytes.load(Ordering::Relaxed))
    }

    /// Runs a command and waits until it has finished. Returns a line for the user.
    pub async fn carry_out(&mut self, command: RecordCommand) -> Result<String, RecordingError> {
        self.ask(&command)?;
        match command {
            RecordCommand::Start(..) => self.said().await,
            RecordCommand::Stop => self.ended().await,
        }
    }

    /// Starts to run a command. Never waits, in particular not for the disk; [`said`](Self::said) returns the result
    /// later.
    ///
    /// Fails if the command is refused.
    pub fn ask(&mut self, command: &RecordCommand) -> Result<(), RecordingError> {
        match (&mut self.under_way, command) {
            (Some(under_way), command) => return under_way.ask(command),
            (None, RecordCommand::Start(path, existing)) => self.start(path, *existing),
            (None, RecordCommand::Stop) => {
                return Err(RecordingError::NotRecording);
            }
        }
        Ok(())
    }

    /// Reason why a command would be refused now, without checks on the disk. `None` if it would not.
    pub fn why_not(&self, command: &RecordCommand) -> Option<RecordingError> {
        match (&self.under_way, command) {
            (Some(under_way), command) => under_way.why_not(command),
            (None, RecordCommand::Stop) => Some(RecordingError::NotRecording),
            (None, RecordCommand::Start(..)) => None,
        }
    }

    fn start(&mut self, path: &Path, existing: Existing) {
        let (stop, stopped) = oneshot::channel();
        let (opened, begun) = oneshot::channel();
        let bytes = Arc::default();
        let (network, texts) = (Arc::clone(&self.network), self.texts);
        let (most, counted) = (self.file_size, Arc::clone(&bytes));
        let path = path.to_owned();
        let file = path.clone();
        // Where the disk takes long, it may take as long as it likes.
        let done = tokio::task::spawn_blocking(move || {
            let files = Files::create(&file, existing, most).map_err(RecordingError::Start)?;
            let writer = Writer::begin(network, texts, files, counted).map_err(RecordingError::Stopped)?;
            // An error means that nobody wants to know any more.
            let _ = opened.send(());
            Handle::current().block_on(writer.run(stopped)).map_err(RecordingError::Stopped)
        });
        let (begun, stop) = (Some(begun), Some(stop));
        self.under_way = Some(UnderWay { path, bytes, begun, stop, patience: None, done });
    }

    /// Stops the current recording and waits until its end is written, at most three seconds. The result is a line for
    /// the user; `None` if nothing is being recorded.
    pub async fn stop(&mut self) -> Option<Result<String, RecordingError>> {
        // An error means that it is to end already.
        let _ = self.under_way.as_mut()?.ask(&RecordCommand::Stop);
        Some(self.ended().await)
    }

    async fn ended(&mut self) -> Result<String, RecordingError> {
        loop {
            let said = self.said().await;
            if self.under_way.is_none() {
                return said;
            }
        }
    }

    /// Waits until the current recording starts or ends, by command or by itself. Returns a line for the user.
    /// Waits forever while there is no recording. Cancel-safe.
    pub async fn said(&mut self) -> Result<String, RecordingError> {
        let Some(under_way) = &mut self.under_way else { return std::future::pending().await };
        let (path, was_told) = (under_way.path.clone(), under_way.stop.is_none());
        let step = under_way.next().await;
        if matches!(step, Step::Begun) {
            return Ok(format!("records to {}", path.display()));
        }
        self.under_way = None;
        match step {
            Step::Ended(Ok(Ok(bytes))) if was_told => {
                let size = format::size(usize::try_from(bytes).unwrap_or(usize::MAX));
                Ok(format!("recorded {size} to {}", path.display()))
            }
            Step::Ended(Ok(Err(error))) => Err(error),
            Step::Ended(Err(_)) => Err(RecordingError::Panicked(path)),
            Step::Late => Err(RecordingError::Late(path)),
            Step::Ended(Ok(Ok(_))) | Step::Begun => Err(RecordingError::NodeStopped(path)),
        }
    }
}

impl UnderWay {
    /// Has it end; nothing else can be done to it.
    fn ask(&mut self, command: &RecordCommand) -> Result<(), RecordingError> {
        if let Some(reason) = self.why_not(command) {
            return Err(reason);
        }
        // An error means that it has ended by itself.
        let _ = self.stop.take().map(|stop| stop.send(()));
        self.patience = Some(Instant::now() + PATIENCE);
        Ok(())
    }

    fn why_not(&self, command: &RecordCommand) -> Option<RecordingError> {
        if self.stop.is_none() {
            return Some(RecordingError::Ending(self.path.clone()));
        }
        (*command != RecordCommand::Stop).then(|| RecordingError::Recording(self.path.clone()))
    }

    /// Cancel-safe.
    async fn next(&mut self) -> Step {
        let mut patience = pin!(until(self.patience));
        if let Some(begun) = &mut self.begun {
            let has_begun = tokio::select! {
                opened = begun => opened.is_ok(),
                () = &mut patience => return Step::Late,
            };
            self.begun = None;
            if has_begun {
                return Step::Begun;
            }
        }
        tokio::select! {
            ended = &mut self.done => Step::Ended(ended),
            () = patience => Step::Late,
        }
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("under_way", &self.under_way).finish_non_exhaustive()
    }
}
