//! Writes a recording of version 2: the first line of a node with its description, states with the rows of all lists,
//! and events with the rows that they changed.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_feed::{
    Event, Network, Value, Watch, Watched,
    json::{EventParts, Fit, Gauges, Hello, OPEN_TEXT, Record, State, Writer as LineWriter},
    mirror::{ChangeReader, Changes},
};
use tokio::{
    sync::oneshot,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use super::{
    files::{FileError, Files},
    private,
};

/// How long what happened may wait to be written.
const FLUSH_AFTER: Duration = Duration::from_secs(1);
/// Gauges are written at most once in this time, and so is a state after events were missed.
const TICK: Duration = Duration::from_secs(1);
/// A state is written after so many bytes of lines, or after so much time with lines, because seeking reads from the
/// nearest state on.
const STATE_BYTES: u64 = 64 << 20;
const STATE_TIME: Duration = Duration::from_secs(600);
/// Events that are written after the end was asked for. A busy node has more by then, without end.
const LAST_EVENTS: usize = 65_536;

/// What is recorded of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Texts {
    /// Everything.
    Recorded,
    /// Their lengths.
    LengthOnly,
}

pub(crate) struct Writer {
    network: Arc<dyn Network>,
    texts: Texts,
    files: Files,
    bytes: Arc<AtomicU64>,
    watch: Box<dyn Watch>,
    reader: ChangeReader,
    /// The number of the last event that was written or missed.
    seq: u64,
    /// The gauges as they were last written.
    gauges: Vec<Value>,
    /// Bytes of lines since the last state, and when that was.
    bytes_since_state: u64,
    state_at: Instant,
    /// Whether rows are wrong until the next state.
    needs_state: bool,
    line: Vec<u8>,
}

impl Writer {
    /// Writes the first lines.
    pub(crate) fn begin(
        network: Arc<dyn Network>,
        texts: Texts,
        files: Files,
        bytes: Arc<AtomicU64>,
    ) -> Result<Self, FileError> {
        // What happens while the state is read is in the events.
        let watch = network.watch();
        let seq = watch.seq();
        let (reader, state) = ChangeReader::start(&*network, seq);
        let mut writer = Self {
            network,
            texts,
            files,
            bytes,
            watch,
            reader: reader.keeping_texts(),
            seq,
            gauges: Vec::new(),
            bytes_since_state: 0,
            state_at: Instant::now(),
            needs_state: false,
            line: Vec::new(),
        };
        writer.begin_file(state)?;
        writer.flush()?;
        Ok(writer)
    }

    /// Writes the buffered lines to the file.
    pub(crate) fn flush(&mut self) -> Result<(), FileError> {
        self.files.flush()
    }

    /// Records until it is told to stop or the node has stopped.
    pub(crate) async fn run(mut self, mut stopped: oneshot::Receiver<()>) -> Result<u64, FileError> {
        let mut flush_at = Instant::now();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if self.files.is_flushed() {
                flush_at = Instant::now() + FLUSH_AFTER;
            }
            tokio::select! {
                watched = poll_fn(|cx| self.watch.poll_next(cx)) => {
                    let Some(watched) = watched else { break };
                    self.record(&watched)?;
                }
                _ = ticks.tick() => self.tick()?,
                () = sleep_until(flush_at), if !self.files.is_flushed() => self.files.flush()?,
                _ = &mut stopped => break,
            }
        }
        self.finish()
    }

    /// Writes a state in place of the events that were not read yet.
    #[cfg(test)]
    pub(crate) fn skip(&mut self) -> Result<(), FileError> {
        self.watch = self.network.watch();
        self.state()
    }

    /// Writes what has happened so far.
    pub(crate) fn catch_up(&mut self) -> Result<(), FileError> {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..LAST_EVENTS {
            let Poll::Ready(Some(watched)) = self.watch.poll_next(&mut cx) else { break };
            self.record(&watched)?;
        }
        Ok(())
    }

    /// Writes the last lines. Returns the number of bytes in all files.
    pub(crate) fn finish(mut self) -> Result<u64, FileError> {
        self.catch_up()?;
        if self.needs_state {
            self.state()?;
        }
        self.gauges()?;
        LineWriter::end(&mut self.line, self.network.now());
        self.write()?;
        self.files.flush()?;
        Ok(self.files.total())
    }

    fn record(&mut self, watched: &Watched) -> Result<(), FileError> {
        match watched {
            Watched::Event(event) => self.event(event)?,
            Watched::Lagged(missed) => {
                self.seq = self.seq.saturating_add(*missed);
                LineWriter::lagged(&mut self.line, *missed, self.seq);
                self.write()?;
                self.needs_state = true;
            }
        }
        if self.files.is_full() {
            self.files.rotate()?;
            let state = self.read_state();
            return self.begin_file(state);
        }
        self.state_if_due()
    }

    fn event(&mut self, event: &Event) -> Result<(), FileError> {
        self.seq = event.seq;
        let mut changes = self.reader.read(&*self.network, event);
        let hidden = (self.texts == Texts::LengthOnly).then(|| {
            private::hide_rows(self.network.description(), &mut changes.rows);
            private::hidden(self.network.description(), event)
        });
        let Changes { rows, totals, settings } = &changes;
        let record = Record { rows, totals, settings: settings.as_deref() };
        let parts = EventParts { bodies: hidden.is_none(), record: Some(record), ..EventParts::default() };
        let writer = LineWriter::new(self.network.description());
        let fit = writer.event(&mut self.line, hidden.as_ref().unwrap_or(event), &parts);
        // Without its rows nothing says what the event changed.
        self.needs_state |= fit == Fit::Head;
        self.write()
    }

    /// Once a second.
    fn tick(&mut self) -> Result<(), FileError> {
        self.gauges()?;
        self.state_if_due()
    }

    /// Writes the gauges, if they have changed.
    pub(crate) fn gauges(&mut self) -> Result<(), FileError> {
        let values = self.network.gauges();
        if values == self.gauges {
            return Ok(());
        }
        let gauges = Gauges { now: Some(self.network.now()), values };
        LineWriter::new(self.network.description()).gauges(&mut self.line, &gauges);
        self.gauges = gauges.values;
        self.write()
    }

    fn state_if_due(&mut self) -> Result<(), FileError> {
        let age = self.state_at.elapsed();
        let is_late = self.bytes_since_state > 0 && age >= STATE_TIME;
        // A node that does more than can be written must not have one state written after the other.
        let is_due = self.needs_state && age >= TICK;
        if is_due || is_late || self.bytes_since_state >= STATE_BYTES { self.state() } else { Ok(()) }
    }

    /// Writes a state.
    pub(crate) fn state(&mut self) -> Result<(), FileError> {
        let state = self.read_state();
        self.write_state(state);
        self.write()?;
        self.bytes_since_state = 0;
        Ok(())
    }

    fn read_state(&mut self) -> State {
        let (reader, state) = ChangeReader::start(&*self.network, self.seq);
        self.reader = reader.keeping_texts();
        state
    }

    /// Writes a state into `line`. Its texts are cut as those of an open item are.
    fn write_state(&mut self, mut state: State) {
        for list in &mut state.lists {
            let most = if self.texts == Texts::LengthOnly { 0 } else { OPEN_TEXT };
            private::cut_rows(self.network.description(), list, most);
        }
        LineWriter::new(self.network.description()).state(&mut self.line, &state);
        self.gauges = state.gauges;
        self.state_at = Instant::now();
        self.needs_state = false;
    }

    /// Writes the first lines of a file.
    fn begin_file(&mut self, state: State) -> Result<(), FileError> {
        let description = Arc::clone(self.network.description());
        let (run, process) = (self.network.run(), Some(std::process::id()));
        let mut hello = Vec::new();
        LineWriter::hello(&mut hello, &Hello { run, process, now: state.now, description });
        self.write_state(state);
        self.files.begin(&[&hello, &self.line])?;
        self.line.clear();
        self.bytes_since_state = 0;
        self.count();
        Ok(())
    }

    /// Writes `line`.
    fn write(&mut self) -> Result<(), FileError> {
        let written = self.files.write(&self.line);
        self.bytes_since_state += self.line.len() as u64 + 1;
        self.line.clear();
        self.count();
        written
    }

    fn count(&self) {
        self.bytes.store(self.files.total(), Ordering::Relaxed);
    }
}
