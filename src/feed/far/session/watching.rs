use std::{sync::Arc, time::Duration};

use super::{MAX_BEHIND, output::Output};
use crate::{
    Event, Network, Value,
    description::Description,
    filter::{Filter, FilterError, Scope, Subject},
    json::{EventParts, Fit, Gauges, ListState, Record, State, WINDOW_TEXT, WatchRequest, Writer},
    mirror::{ChangeReader, Changes},
};

/// Maximum bytes of the text of an event.
const EVENT_TEXT: usize = 1 << 20;
/// A client that was behind gets events again once at most this many bytes wait for it.
const CAUGHT_UP: usize = MAX_BEHIND / 4;
/// Time between two lines with gauges.
const GAUGES_PERIOD: Duration = Duration::from_secs(1);

/// The events that a client asked for.
pub(super) struct Watching {
    request: WatchRequest,
    filter: Option<Filter>,
    /// Events that the client misses, because it is behind.
    gap: Option<Gap>,
    record: Option<Recording>,
}

/// Events that are missed.
struct Gap {
    missed: u64,
    /// The number of the last one.
    last: u64,
}

/// What a client gets that asked for rows.
struct Recording {
    /// `None` if a state has to be written first.
    reader: Option<ChangeReader>,
    gauges: Vec<Value>,
    gauges_at: Duration,
}

impl Watching {
    pub(super) fn new(request: WatchRequest, description: &Description) -> Result<Self, FilterError> {
        let text = request.filter.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let filter = text.map(|text| Filter::parse(text, Scope::Traffic(description))).transpose()?;
        let record =
            request.rows.then(|| Recording { reader: None, gauges: Vec::new(), gauges_at: Duration::ZERO });
        Ok(Self { request, filter, gap: None, record })
    }

    /// Records that the client misses this number of events, the last of which has the number `last`.
    pub(super) fn miss(&mut self, missed: u64, last: u64) {
        let gap = self.gap.get_or_insert(Gap { missed: 0, last });
        gap.missed += missed;
        gap.last = last;
    }

    /// Writes an event, or counts it as missed if the client is behind.
    pub(super) fn event(&mut self, output: &mut Output, network: &dyn Network, event: &Event) {
        let lacks_state = self.record.as_ref().is_some_and(|recording| recording.reader.is_none());
        if self.gap.is_some() || output.len() >= MAX_BEHIND || lacks_state {
            return self.miss(1, event.seq);
        }
        let reader = self.record.as_mut().and_then(|recording| recording.reader.as_mut());
        let changes = reader.map(|reader| reader.read(network, event));
        self.write(output, network.description(), event, changes.as_ref());
    }

    fn write(
        &mut self,
        output: &mut Output,
        description: &Description,
        event: &Event,
        changes: Option<&Changes>,
    ) {
        let level = description.event(event.kind).map(|spec| spec.level);
        let mut line = level.is_none_or(|level| level >= self.request.level);
        if let Some(filter) = self.filter.as_ref().filter(|_| line) {
            let admits = |line| filter.admits(&Subject::of_line(description, event.kind, line, event.now));
            line = event.line().as_ref().is_some_and(admits);
        }
        let is_wanted = line || self.filter.is_none();
        if !is_wanted && changes.is_none() {
            return;
        }
        let record = changes.map(|changes| Record {
            rows: &changes.rows,
            totals: &changes.totals,
            settings: changes.settings.as_deref(),
        });
        let parts = EventParts { bodies: self.request.bodies && is_wanted, line, text: EVENT_TEXT, record };
        let fit = output.line(|out| Writer::new(description).event(out, event, &parts));
        if let (Fit::Head, Some(recording)) = (fit, &mut self.record) {
            recording.reader = None;
        }
    }

    /// Writes what was missed, once the client has caught up.
    fn end_gap(&mut self, output: &mut Output) {
        if output.len() <= CAUGHT_UP
            && let Some(Gap { missed, last }) = self.gap.take()
        {
            output.line(|out| Writer::lagged(out, missed, last));
            self.record.iter_mut().for_each(|recording| recording.reader = None);
        }
    }

    /// Writes what is due apart from events. `seq` is the number of the last event that the source has returned. Returns
    /// whether that was anything.
    pub(super) fn write_due(
        &mut self,
        output: &mut Output,
        network: &Arc<dyn Network>,
        seq: u64,
        now: Duration,
    ) -> bool {
        self.end_gap(output);
        let Some(recording) = self.record.as_mut().filter(|_| self.gap.is_none()) else { return false };
        let writer = Writer::new(network.description());
        if recording.reader.is_none() {
            let (reader, state) = ChangeReader::start(&**network, seq);
            let state = cut(state);
            output.line(|out| writer.state(out, &state));
            *recording = Recording { reader: Some(reader), gauges: state.gauges, gauges_at: now };
            return true;
        }
        if now < recording.gauges_at + GAUGES_PERIOD {
            return false;
        }
        recording.gauges_at = now;
        let gauges = network.gauges();
        let has_changed = gauges != recording.gauges;
        if has_changed {
            let line = Gauges { now: Some(network.now()), values: gauges };
            output.line(|out| writer.gauges(out, &line));
            recording.gauges = line.values;
        }
        has_changed
    }

    /// When something can be due apart from events.
    pub(super) fn due(&self) -> Option<Duration> {
        let recording = self.record.as_ref().filter(|_| self.gap.is_none())?;
        Some(if recording.reader.is_none() { Duration::ZERO } else { recording.gauges_at + GAUGES_PERIOD })
    }
}

/// A state with the starts of texts.
fn cut(state: State) -> State {
    let list = |list: ListState| ListState {
        rows: list.rows.iter().map(|row| row.cut(WINDOW_TEXT)).collect(),
        ..list
    };
    State { lists: state.lists.into_iter().map(list).collect(), ..state }
}
