use std::io::{self, BufWriter, Write};

use tokio::sync::{mpsc, oneshot};

/// Lines that may wait for whoever reads them, beside the events that wait in the subscription.
const CAPACITY: usize = 16;

/// Standard output, written by a thread of its own: a reader who is slow or stuck holds up nothing but the lines.
#[derive(Debug)]
pub(crate) struct Output {
    lines: mpsc::Sender<String>,
    finished: oneshot::Receiver<io::Result<()>>,
}

/// Room for one line.
#[derive(Debug)]
pub(crate) struct Room<'a>(mpsc::Permit<'a, String>);

impl Room<'_> {
    pub(crate) fn write(self, line: String) {
        self.0.send(line);
    }
}

/// Nobody reads the output any more.
#[derive(Debug)]
pub(crate) struct Closed;

impl Output {
    pub(crate) fn open() -> Self {
        let (lines, to_write) = mpsc::channel(CAPACITY);
        let (finished_to, finished) = oneshot::channel();
        std::thread::spawn(move || {
            let written = write_lines(to_write, io::stdout().lock());
            // Who does not wait for it does not want to know.
            let _ = finished_to.send(written);
        });
        Self { lines, finished }
    }

    /// Waits until there is room for a line.
    pub(crate) async fn room(&self) -> Result<Room<'_>, Closed> {
        self.lines.reserve().await.map(Room).map_err(|_| Closed)
    }

    /// Waits until there is room for the line, which is given without its end.
    pub(crate) async fn write(&self, line: String) -> Result<(), Closed> {
        self.room().await.map(|room| room.write(line))
    }

    /// Waits until nobody reads any more. Only a write can find that out.
    pub(crate) async fn closed(&self) -> Closed {
        self.lines.closed().await;
        Closed
    }

    /// Waits until every line is written.
    pub(crate) async fn finish(self) -> Result<(), Closed> {
        drop(self.lines);
        // Whichever way it failed, nobody has read it.
        self.finished.await.is_ok_and(|written| written.is_ok()).then_some(()).ok_or(Closed)
    }
}

fn write_lines(mut lines: mpsc::Receiver<String>, output: impl Write) -> io::Result<()> {
    let mut output = BufWriter::new(output);
    while let Some(line) = lines.blocking_recv() {
        writeln!(output, "{line}")?;
        if lines.is_empty() {
            output.flush()?;
        }
    }
    output.flush()
}
