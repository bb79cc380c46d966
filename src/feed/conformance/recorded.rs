//! Any node, as its recording shows it.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use rand::rngs::StdRng;

use super::Specimen;
use crate::{
    Network, Value, Watch, Watched,
    json::{EventParts, Fit, Gauges, NodeLine, Reader, Record, Writer},
    mirror::{ChangeReader, Changes, Mirror},
};

/// A [`Specimen`] whose node is read through a [`Mirror`]: each line of a recording is written and read again.
pub struct Recorded<S> {
    specimen: S,
    watch: Box<dyn Watch>,
    reader: ChangeReader,
    seq: u64,
    /// The gauges in the last line about them.
    gauges: Vec<Value>,
    mirror: Arc<Mirror>,
}

impl<S: Specimen> Recorded<S> {
    /// Records the node of a specimen.
    ///
    /// # Panics
    ///
    /// Panics if a line cannot be read.
    pub fn new(specimen: S) -> Self {
        let network = specimen.network();
        let mirror = Mirror::new(Arc::clone(network.description()), network.run());
        let watch = network.watch();
        let (reader, _) = ChangeReader::start(&*network, 0);
        let mut recording = Self { specimen, watch, reader, seq: 0, gauges: Vec::new(), mirror };
        recording.restore();
        recording
    }

    /// Writes a whole state.
    fn restore(&mut self) {
        let network = self.specimen.network();
        let (reader, state) = ChangeReader::start(&*network, self.seq);
        self.reader = reader.keeping_texts();
        let mut line = Vec::new();
        Writer::new(network.description()).state(&mut line, &state);
        self.play(&line);
    }

    /// Records what happened, and plays it.
    fn go_on(&mut self) {
        let network = self.specimen.network();
        let description = Arc::clone(network.description());
        let writer = Writer::new(&description);
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(watched)) = self.watch.poll_next(&mut cx) {
            let Watched::Event(event) = watched else { panic!("a recorder that reads missed something") };
            self.seq = event.seq;
            let Changes { rows, totals, settings } = self.reader.read(&*network, &event);
            let record = Record { rows: &rows, totals: &totals, settings: settings.as_deref() };
            let parts = EventParts { record: Some(record), ..EventParts::default() };
            let mut line = Vec::new();
            let fit = writer.event(&mut line, &event, &parts);
            self.play(&line);
            if fit != Fit::Whole {
                self.restore();
            }
        }
        let values = network.gauges();
        if values != self.gauges {
            let mut line = Vec::new();
            writer.gauges(&mut line, &Gauges { now: None, values: values.clone() });
            self.play(&line);
            self.gauges = values;
        }
        self.mirror.set_now(network.now());
    }

    fn play(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        match Reader::new(self.mirror.description()).node_line(&line) {
            Ok(NodeLine::Event(event)) => self.mirror.apply(*event),
            Ok(NodeLine::State(state)) => self.mirror.restore(state),
            Ok(NodeLine::Gauges(gauges)) => self.mirror.set_gauges(gauges.values),
            other => panic!("{other:?} is not in a recording"),
        }
    }
}

impl<S: Specimen> Specimen for Recorded<S> {
    fn network(&self) -> Arc<dyn Network> {
        self.mirror.clone()
    }

    fn disturb(&mut self, random: &mut StdRng) {
        self.specimen.disturb(random);
        self.go_on();
    }

    fn receive(&mut self, text: &str) -> bool {
        let is_accepted = self.specimen.receive(text);
        self.go_on();
        is_accepted
    }

    fn fill(&mut self, items: usize) {
        self.specimen.fill(items);
        // More happened than a recorder may leave unread.
        self.watch = self.specimen.network().watch();
        self.restore();
    }

    fn pass(&mut self, time: Duration) -> bool {
        self.specimen.pass(time)
    }

    fn is_recorded(&self) -> bool {
        true
    }

    fn has_commands(&self) -> bool {
        false
    }
}
