use std::{
    io::{self, BufWriter, Write},
    sync::{Arc, OnceLock},
    thread,
};

use anyhow::Context;
use tokio::sync::{mpsc, oneshot};

/// Maximum number of buffered lines for a slow reader. Further events stay in the subscription.
const CAPACITY: usize = 16;

/// Standard output, written by its own thread, so that a slow or stuck reader delays only the lines.
#[derive(Debug)]
pub(crate) struct Output {
    lines: mpsc::Sender<String>,
    /// Closed when everything is written, or when nothing more can be written.
    finished: oneshot::Receiver<()>,
    /// Set when a write failed. The value is the reason; `None` if the reader closed the pipe, which is no failure.
    broken: Arc<OnceLock<Option<String>>>,
}

/// A reserved place for one line.
#[derive(Debug)]
pub(crate) struct Room<'a>(mpsc::Permit<'a, String>);

impl Room<'_> {
    pub(crate) fn write(self, mut line: String) {
        line.push('\n');
        self.0.send(line);
    }
}

/// Error: nothing more can be written. The value is the reason; `None` if the reader closed the pipe.
#[derive(Debug)]
pub(crate) struct Closed(Option<String>);

impl Closed {
    /// A closed reader is no failure.
    pub(crate) fn into_result(self) -> anyhow::Result<()> {
        self.0.map_or(Ok(()), |reason| Err(anyhow::anyhow!("cannot write the output: {reason}")))
    }
}

impl Output {
    pub(crate) fn open() -> anyhow::Result<Self> {
        Self::to(|| io::stdout().lock())
    }

    /// As [`open`](Self::open), for any writer.
    pub(crate) fn to<W: Write>(output: impl FnOnce() -> W + Send + 'static) -> anyhow::Result<Self> {
        let (lines, to_write) = mpsc::channel(CAPACITY);
        let (finished_to, finished) = oneshot::channel();
        let broken = Arc::new(OnceLock::new());
        let breaks = Arc::clone(&broken);
        let write = move || {
            // The reason is set before the channel is closed, because the senders read it then.
            let mut to_write = to_write;
            if let Err(error) = write_lines(&mut to_write, output()) {
                let is_failure = error.kind() != io::ErrorKind::BrokenPipe;
                let _ = breaks.set(is_failure.then(|| error.to_string()));
            }
            drop((to_write, finished_to));
        };
        thread::Builder::new().name("output".into()).spawn(write).context("cannot write the output")?;
        Ok(Self { lines, finished, broken })
    }

    fn why_closed(&self) -> Closed {
        Closed(self.broken.get().cloned().flatten())
    }

    /// Waits for space for one line.
    pub(crate) async fn room(&self) -> Result<Room<'_>, Closed> {
        self.lines.reserve().await.map(Room).map_err(|_| self.why_closed())
    }

    /// Writes a line, given without its line break. Waits for space.
    pub(crate) async fn write(&self, line: String) -> Result<(), Closed> {
        self.room().await.map(|room| room.write(line))
    }

    /// Writes text without a line break, such as the echo of typed keys.
    pub(crate) async fn echo(&self, text: String) -> Result<(), Closed> {
        self.lines.send(text).await.map_err(|_| self.why_closed())
    }

    /// Waits until the reader has closed the output. Only a write can detect that.
    pub(crate) async fn closed(&self) -> Closed {
        self.lines.closed().await;
        self.why_closed()
    }

    /// Waits until all lines are written, or until nothing more can be written.
    pub(crate) async fn finish(self) -> Result<(), Closed> {
        drop(self.lines);
        // Nothing is sent on this channel; it only closes.
        let _ = self.finished.await;
        self.broken.get().cloned().map_or(Ok(()), |failure| Err(Closed(failure)))
    }
}

fn write_lines(lines: &mut mpsc::Receiver<String>, output: impl Write) -> io::Result<()> {
    let mut output = BufWriter::new(output);
    while let Some(line) = lines.blocking_recv() {
        output.write_all(line.as_bytes())?;
        if lines.is_empty() {
            output.flush()?;
        }
    }
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer that accepts this number of bytes and then fails with this error.
    struct Full(usize, io::ErrorKind);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(self.1)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Writes two lines and finishes. Returns the result.
    async fn write_to(output: Full) -> Result<(), Closed> {
        let output = Output::to(|| output).unwrap();
        for _ in 0..2 {
            output.write("line".to_owned()).await?;
        }
        output.finish().await
    }

    #[tokio::test]
    async fn a_closed_reader_is_no_failure() {
        use io::ErrorKind::{BrokenPipe, FileTooLarge, StorageFull};
        assert!(write_to(Full(100, StorageFull)).await.is_ok());
        for bytes in [0, 5, 9] {
            let closed = write_to(Full(bytes, BrokenPipe)).await;
            assert!(bytes > 0 || closed.is_err());
            assert!(closed.map_or_else(Closed::into_result, Ok).is_ok());
            for kind in [StorageFull, FileTooLarge] {
                let error = write_to(Full(bytes, kind)).await.unwrap_err().into_result().unwrap_err();
                let expected = format!("cannot write the output: {}", io::Error::from(kind));
                assert_eq!(error.to_string(), expected, "{bytes}");
            }
        }
    }

    #[tokio::test]
    async fn finish_returns_the_write_error() {
        let output = Output::to(|| Full(0, io::ErrorKind::StorageFull)).unwrap();
        output.write("line".to_owned()).await.unwrap();
        assert!(output.closed().await.into_result().is_err());
    }
}
