use std::{
    io::{self, BufWriter, Write},
    sync::{Arc, OnceLock},
    thread,
};

use anyhow::Context;
use tokio::sync::{mpsc, oneshot};

/// Lines that may wait for whoever reads them, beside the events that wait in the subscription.
const CAPACITY: usize = 16;

/// Standard output, written by a thread of its own: a reader who is slow or stuck holds up nothing but the lines.
#[derive(Debug)]
pub(crate) struct Output {
    lines: mpsc::Sender<String>,
    /// Dropped when all that was to be written is, or nothing more can be.
    finished: oneshot::Receiver<()>,
    /// That it broke off, and why if that is a failure.
    broken: Arc<OnceLock<Option<String>>>,
}

/// Room for one line.
#[derive(Debug)]
pub(crate) struct Room<'a>(mpsc::Permit<'a, String>);

impl Room<'_> {
    pub(crate) fn write(self, mut line: String) {
        line.push('\n');
        self.0.send(line);
    }
}

/// Nothing more is written: nobody reads the output any more, or it can't be written for this reason.
#[derive(Debug)]
pub(crate) struct Closed(Option<String>);

impl Closed {
    /// That nobody reads is no failure.
    pub(crate) fn into_result(self) -> anyhow::Result<()> {
        self.0.map_or(Ok(()), |reason| Err(anyhow::anyhow!("cannot write the output: {reason}")))
    }
}

impl Output {
    pub(crate) fn open() -> anyhow::Result<Self> {
        Self::to(|| io::stdout().lock())
    }

    /// The same for any other place.
    fn to<W: Write>(output: impl FnOnce() -> W + Send + 'static) -> anyhow::Result<Self> {
        let (lines, to_write) = mpsc::channel(CAPACITY);
        let (finished_to, finished) = oneshot::channel();
        let broken = Arc::new(OnceLock::new());
        let breaks = Arc::clone(&broken);
        let write = move || {
            // Told before the channel is closed, which is when it is looked for.
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

    /// Waits until there is room for a line.
    pub(crate) async fn room(&self) -> Result<Room<'_>, Closed> {
        self.lines.reserve().await.map(Room).map_err(|_| self.why_closed())
    }

    /// Waits until there is room for the line, which is given without its end.
    pub(crate) async fn write(&self, line: String) -> Result<(), Closed> {
        self.room().await.map(|room| room.write(line))
    }

    /// Writes something as it is, as what somebody types on a terminal is echoed.
    pub(crate) async fn echo(&self, text: String) -> Result<(), Closed> {
        self.lines.send(text).await.map_err(|_| self.why_closed())
    }

    /// Waits until nobody reads any more. Only a write can find that out.
    pub(crate) async fn closed(&self) -> Closed {
        self.lines.closed().await;
        self.why_closed()
    }

    /// Waits until every line is written, or nothing more can be.
    pub(crate) async fn finish(self) -> Result<(), Closed> {
        drop(self.lines);
        // Nothing is ever sent.
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

    /// Takes so many bytes, and fails with this error then.
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

    /// What becomes of two lines, and of the end.
    async fn write_to(output: Full) -> Result<(), Closed> {
        let output = Output::to(|| output).unwrap();
        for _ in 0..2 {
            output.write("line".to_owned()).await?;
        }
        output.finish().await
    }

    #[tokio::test]
    async fn only_that_nobody_reads_is_no_failure() {
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
    async fn who_waits_for_the_end_of_the_output_learns_why_it_came() {
        let output = Output::to(|| Full(0, io::ErrorKind::StorageFull)).unwrap();
        output.write("line".to_owned()).await.unwrap();
        assert!(output.closed().await.into_result().is_err());
    }
}
