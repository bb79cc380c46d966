//! Turns events into sentences, and decides which of them are announced.

use std::{sync::Arc, time::Duration};

use clacks_feed::{
    Direction, Event, Now, Row as FeedRow,
    description::{Description, ListSpec, Tone},
    filter::Filter,
};
use clacks_language::{
    saved_filter::Stations,
    traffic_filter::{FilterNetworks, FilterText},
};
use clacks_panes::{Pane, PaneSpec};
use clacks_session::{
    saved_filters::SavedFilterHits,
    traffic::{Log, row::Row},
};
use clacks_text::{
    charset::Charset,
    value::{Names, PeerNames},
};
use clacks_widgets::animation::Animations;
use jiff::tz::TimeZone;

use crate::networks;

use super::{
    derived_state::DerivedState,
    digest::{Digest, PERIOD},
    phrases,
};

/// Prefix of a sentence for which a saved filter rings the bell.
const BELL: &str = "For a station: ";

/// The state of the bell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BellState {
    No,
    /// The bell rings with the next sentence.
    Next,
    /// The bell rang since the last call of [`Narrator::pop_bell`].
    Rung,
}

/// What a narrator is told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Happening<'a> {
    Event(&'a Event),
    /// This number of events was missed, at this time.
    Missed(u64, Now),
}

/// Turns events into sentences, at a limited rate.
#[derive(Debug)]
pub(crate) struct Narrator {
    log: Log,
    network: Arc<Description>,
    digest: Digest,
    zone: TimeZone,
    charset: Charset,
    /// Whether the effects of typed commands are announced. True for a recording, which does not contain the answers.
    announces_own: bool,
    /// Number of sentences not announced since `:hold-still`; `None` while events are announced.
    suppressed: Option<usize>,
    bell: BellState,
    /// Histories and statistics for queries.
    pub(crate) derived: DerivedState,
    /// Names of peers whose keys are random.
    names: PeerNames,
    /// The pictures and pages of a network other than clacks.
    panes: Vec<Box<dyn Pane>>,
}

impl Narrator {
    /// Creates a narrator of a network. A filter that the network does not know admits everything.
    pub(crate) fn new(filter: Option<FilterText>, charset: Charset, network: Arc<Description>) -> Self {
        let (mut log, mut derived) = (Log::default(), DerivedState::default());
        let scope = FilterNetworks::new([Arc::clone(&network)]);
        // Those of clacks have sentences of their own.
        let panes = match network.network.as_str() {
            "clacks" => Vec::new(),
            name => clacks_panes::panes_of(&networks::panes(), name),
        };
        log.set_filter(filter.and_then(|filter| scope.read(&filter).ok()));
        derived.saved_filters = SavedFilterHits::new(Stations::default(), Stations::default(), scope);
        Self {
            log,
            network,
            digest: Digest::default(),
            zone: TimeZone::system(),
            charset,
            announces_own: false,
            suppressed: None,
            bell: BellState::No,
            derived,
            names: PeerNames::default(),
            panes,
        }
    }

    /// Creates a narrator for a recording.
    pub(crate) fn of_recording(
        filter: Option<FilterText>,
        charset: Charset,
        network: Arc<Description>,
    ) -> Self {
        Self { announces_own: true, ..Self::new(filter, charset, network) }
    }

    /// The networks whose events are told.
    pub(crate) fn filter_networks(&self) -> FilterNetworks {
        FilterNetworks::new([Arc::clone(&self.network)])
    }

    /// Clears all state from events.
    pub(crate) fn reset(&mut self) {
        self.log.clear();
        self.derived.reset();
        self.names = PeerNames::default();
        self.panes.iter_mut().for_each(|pane| pane.begin_again());
        self.digest = Digest::default();
    }

    /// Records what happened. Returns the sentence for it, unless the rate limit is reached at this time, which is that of the
    /// listener.
    pub(crate) fn narrate(&mut self, happening: Happening<'_>, time: Duration) -> Option<String> {
        let text = self.narrate_all(happening);
        if let Some(suppressed) = &mut self.suppressed {
            *suppressed += usize::from(text.is_some());
            self.pop_bell();
            return None;
        }
        text.filter(|_| self.digest.admits(time))
    }

    /// As [`narrate`](Self::narrate), without the rate limit.
    pub(crate) fn narrate_all(&mut self, happening: Happening<'_>) -> Option<String> {
        let is_row = match happening {
            Happening::Event(event) => {
                self.derived.record(event);
                self.panes.iter_mut().for_each(|pane| pane.note(event, Animations::default()));
                self.log.note(event, &self.network)
            }
            Happening::Missed(missed, now) => {
                self.panes.iter_mut().for_each(|pane| pane.lagged(missed));
                self.log.note_missed(missed, None, now);
                true
            }
        };
        let row = self.log.newest().filter(|_| is_row)?;
        row.delivery_time().into_iter().for_each(|time| self.derived.trends.note(time));
        let rings = self.derived.saved_filters.note(&row.subject(), self.log.filter());
        if rings {
            self.bell = BellState::Next;
        }
        // Nothing is told of a row that the filter hides, or whose command was answered already.
        let is_shown = self.log.at(self.log.position(row.number)).is_some();
        if !is_shown || !self.announces_own && is_answer(row) {
            return None;
        }
        let text = self.sentence(row);
        if self.bell != BellState::Next {
            return Some(text);
        }
        self.bell = BellState::Rung;
        Some(format!("{BELL}{text}"))
    }

    /// Whether the bell rang since the last call. It does not ring during `:hold-still`.
    pub(crate) fn pop_bell(&mut self) -> bool {
        let pop_bell = self.bell == BellState::Rung;
        if pop_bell {
            self.bell = BellState::No;
        }
        pop_bell
    }

    /// The uptime at which a summary is due; `None` if nothing was left out.
    pub(crate) fn summary_due_at(&self) -> Option<Duration> {
        self.digest.due_at()
    }

    /// The summary of events that were not announced, if it is due.
    pub(crate) fn summary(&mut self, uptime: Duration) -> Vec<String> {
        let seconds = PERIOD.as_secs();
        let summed = self.digest.summarize(uptime).map(|untold| {
            format!("{untold} more in the last {seconds} s; :traffic tells the last ones, :filter fewer.")
        });
        summed.into_iter().collect()
    }

    /// The recent traffic.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The characters that can be read.
    pub(crate) fn charset(&self) -> Charset {
        self.charset
    }

    /// The sentence for a traffic row.
    pub(crate) fn sentence(&self, row: &Row) -> String {
        phrases::traffic_row(row, self.names.all(), &self.zone, self.charset)
    }

    /// Learns the names of the peers in these rows.
    pub(crate) fn learn_names(&mut self, list: &ListSpec, rows: &[FeedRow]) {
        self.names.learn(list, rows);
    }

    /// The names of peers whose keys are random.
    pub(crate) fn names(&self) -> &Names {
        self.names.all()
    }

    /// The pane with this view, and the view.
    pub(crate) fn view_named(&self, name: &str) -> Option<(&dyn Pane, &'static PaneSpec)> {
        let views = self.panes.iter().flat_map(|pane| pane.views().iter().map(move |view| (&**pane, *view)));
        { views }.find(|(_, view)| view.name == name)
    }

    /// The views of the network that have no command of their own.
    pub(crate) fn views(&self) -> impl Iterator<Item = &'static PaneSpec> {
        self.panes.iter().flat_map(|pane| pane.views().iter().copied())
    }

    /// Stops or resumes the announcement of events.
    pub(crate) fn toggle_quiet(&mut self) -> String {
        match self.suppressed.take() {
            None => {
                self.suppressed = Some(0);
                "Nothing is told of what happens until :hold-still comes again.".to_owned()
            }
            Some(0) => "What happens is told again; nothing happened meanwhile.".to_owned(),
            Some(1) => "What happens is told again; 1 event was not told, :traffic tells it.".to_owned(),
            Some(count) => {
                format!("What happens is told again; {count} events were not told, :traffic tells the last.")
            }
        }
    }

    pub(crate) fn set_filter(&mut self, filter: Option<Filter>) -> String {
        let texts = match &filter {
            Some(filter) => format!("Only traffic is told that this admits: {}", filter.as_str()),
            None => "All traffic is told".to_owned(),
        };
        self.log.set_filter(filter);
        format!("{texts}; so far {} of {}.", self.log.len(), self.log.total())
    }
}

/// Whether the row is the effect of a command that was typed here.
fn is_answer(row: &Row) -> bool {
    let line = &row.line;
    let is_about_message = line.direction == Direction::Note && line.text.is_some();
    line.tone == Tone::Plain && (line.direction == Direction::Own || is_about_message)
}

#[cfg(test)]
mod tests;
