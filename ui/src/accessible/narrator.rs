//! Turns events into sentences, and decides which of them are announced.

use std::{sync::Arc, time::Duration};

use clacks_feed::{
    Direction, Event, Now,
    description::{Description, Tone},
    filter::Filter,
};
use clacks_language::{
    saved_filter::Stations,
    traffic_filter::{FilterNetworks, FilterText},
};
use clacks_source::{
    saved_filters::SavedFilterHits,
    traffic::{Log, row::Row},
};
use clacks_text::charset::Charset;
use jiff::tz::TimeZone;

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
}

impl Narrator {
    /// Creates a narrator of a network. A filter that the network does not know admits everything.
    pub(crate) fn new(filter: Option<FilterText>, charset: Charset, network: Arc<Description>) -> Self {
        let (mut log, mut derived) = (Log::default(), DerivedState::default());
        let networks = FilterNetworks::new([Arc::clone(&network)]);
        log.set_filter(filter.and_then(|filter| networks.read(&filter).ok()));
        derived.saved_filters = SavedFilterHits::new(Stations::default(), Stations::default(), networks);
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
                self.log.note(event, &self.network)
            }
            Happening::Missed(missed, now) => {
                self.log.note_missed(missed, now);
                true
            }
        };
        let row = self.log.newest().filter(|_| is_row)?;
        self.derived.trends.note(row);
        let rings = self.derived.saved_filters.note(&row.subject(), self.log.filter());
        if rings {
            self.bell = BellState::Next;
        }
        // Nothing is told of a row that the filter hides, or whose command was answered already.
        let is_shown = self.log.at(self.log.position(row.number)).is_some();
        if !is_shown || !self.announces_own && is_answer(row) {
            return None;
        }
        let text = phrases::traffic_row(row, &self.zone, self.charset);
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
        phrases::traffic_row(row, &self.zone, self.charset)
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
mod tests {
    use clacks_p2p::{
        Address, Message,
        core::{
            Discovery, Event, Failure, HeldBy, HeldMessage, Now, Origin, Peer, QueuedMessage, Refusal, Scope,
            Status,
        },
    };
    use clacks_text::testing::{hostile, is_hidden};
    use proptest::prelude::*;

    use clacks_p2p_feed::{ClacksEvent, description::describe};
    use clacks_source::core_event::core_event;

    use super::{Event as FeedEvent, *};
    use crate::accessible::{digest::MAX_PER_PERIOD, line};

    const NOT_CONTACTED: &str = "03:04 not taken by tower-3:8443, not contacted: it is an address of this machine \
        itself, and only strangers named it: GNU.";

    fn now(seconds: u64) -> Now {
        Now { uptime: Duration::from_secs(seconds), unix_ms: 1_767_323_045_000 + seconds * 1000 }
    }

    fn traffic(narrator: &Narrator) -> Vec<String> {
        narrator.log().shown().map(|row| narrator.sentence(row)).collect()
    }

    fn network() -> Arc<Description> {
        Arc::new(describe("tower:1".into()))
    }

    fn feed_event(event: Event, now: Now) -> FeedEvent {
        ClacksEvent(event).numbered(1, now)
    }

    fn narrate(narrator: &mut Narrator, event: Event, now: Now) -> Option<String> {
        let event = feed_event(event, now);
        let happening = match core_event(&event) {
            Some(Event::Lagged(missed)) => Happening::Missed(*missed, event.now),
            _ => Happening::Event(&event),
        };
        narrator.narrate(happening, now.uptime)
    }

    fn narrator() -> Narrator {
        Narrator { zone: TimeZone::UTC, ..Narrator::new(None, Charset::Unicode, network()) }
    }

    fn tower() -> Address {
        "tower-3:8443".parse().unwrap()
    }

    fn peer(status: Status) -> Peer {
        let mut peer = Peer::new(tower(), status, now(0));
        peer.last_attempt_ok = status == Status::Alive;
        peer
    }

    fn received(text: &str, visits: u32) -> Event {
        let (peer, message) = (peer(Status::Alive), Message::text(text));
        Event::MessageReceived { peer, message, id: "7".parse().ok(), visits, remote: None, held: None }
    }

    fn received_and_held(text: &str) -> Event {
        let Event::MessageReceived { peer, message, id, visits, remote, .. } = received(text, 1) else {
            unreachable!()
        };
        Event::MessageReceived { peer, message, id, visits, remote, held: Some(HeldBy::Rule) }
    }

    fn queued(text: &str) -> Event {
        let (id, message) = ("7".parse().unwrap(), Message::text(text));
        Event::MessageQueued {
            id,
            message,
            origin: Origin::Received(tower()),
            since_ms: 0,
            visits: 1,
            place: None,
        }
    }

    fn held_by_the_rule(text: &str) -> Event {
        let (id, message) = ("7".parse().unwrap(), Message::text(text));
        let queued = QueuedMessage::new(id, message, 0, 1, Some(tower()), None);
        let held = HeldMessage::new(queued, HeldBy::Rule);
        Event::MessageHeld { held, origin: Some(Origin::Received(tower())) }
    }

    #[test]
    fn in_ascii_sentences_are_the_same_and_other_characters_are_escaped() {
        let mut narrator = Narrator { zone: TimeZone::UTC, ..Narrator::new(None, Charset::Ascii, network()) };
        let lost = Event::PeerUpdated { peer: peer(Status::Lost), from: Status::Alive };
        let said = narrate(&mut narrator, lost, now(0));
        assert_eq!(said.as_deref(), Some("03:04 tower-3:8443 is lost now, it was alive."));
        let said = take(&mut narrator, &"\u{e9}".repeat(100), now(0)).unwrap();
        assert!(said.is_ascii() && said.contains("\\u{e9}~"), "{said}");
    }

    /// Receives a message, which is then queued.
    fn take(narrator: &mut Narrator, text: &str, now: Now) -> Option<String> {
        let text_of = narrate(narrator, received(text, 1), now);
        assert_eq!(narrate(narrator, queued(text), now), None);
        text_of
    }

    #[test]
    fn every_event_has_a_sentence() {
        let (id, gnu, alive) = ("7".parse().unwrap(), Message::text("GNU"), peer(Status::Alive));
        let round_trip = Duration::from_millis(12);
        let refusal = Refusal::new(
            403,
            "the peer is ignored".to_owned(),
            Some(tower()),
            Some("\"hello\"".to_owned()),
            Some([127, 0, 0, 1].into()),
        );
        let delivered = Event::MessageDelivered { id, peer: alive.clone(), message: gnu.clone(), round_trip };
        let failed = Event::DeliveryFailed {
            id,
            peer: alive.clone(),
            message: gnu.clone(),
            failure: Failure::TimedOut,
        };
        let mut narrator = narrator();
        let dropped = Event::MessageDropped { id, message: gnu.clone(), from: Some(tower()) };
        for (event, sentence) in [
            (dropped, "03:04 message from tower-3:8443 dropped: GNU."),
            (delivered, "03:04 out to tower-3:8443: GNU, delivered in 12 ms."),
            (failed, "03:04 not taken by tower-3:8443, no answer in time: GNU."),
            (
                Event::PeerUpdated { peer: peer(Status::Lost), from: Status::Alive },
                "03:04 tower-3:8443 is lost now, it was alive.",
            ),
            (
                Event::PeerDiscovered {
                    peer: peer(Status::New),
                    introduction: Discovery::Inbound,
                    remote: None,
                },
                "03:04 tower-3:8443 made itself known; it is new.",
            ),
            (
                Event::Announced { peer: tower(), round_trip },
                "03:04 announce to tower-3:8443, accepted in 12 ms.",
            ),
            (Event::AnnounceReceived { peer: alive, remote: None }, "03:04 announce from tower-3:8443."),
            (
                Event::Refused(refusal),
                "03:04 from tower-3:8443, refused, HTTP 403: the peer is ignored (from 127.0.0.1): hello.",
            ),
            (Event::Lagged(312), "03:04 312 events were missed."),
        ] {
            assert_eq!(narrate(&mut narrator, event, now(0)).as_deref(), Some(sentence));
        }
    }

    #[test]
    fn a_received_message_is_announced_with_its_outcome() {
        let mut narrator = narrator();
        for (visits, what) in [(1, "queued"), (42, "queued, 42 visits")] {
            let sentence = format!("03:04 in from tower-3:8443: GNU, {what}.");
            assert_eq!(narrate(&mut narrator, received("GNU", visits), now(0)), Some(sentence));
            assert_eq!(narrate(&mut narrator, queued("GNU"), now(0)), None);
        }
        let held = Some("03:04 in from tower-3:8443: GNU, held.".to_owned());
        assert_eq!(narrate(&mut narrator, received_and_held("GNU"), now(0)), held);
        assert_eq!(narrate(&mut narrator, held_by_the_rule("GNU"), now(0)), None);
        let missed = "03:04 3 events were missed.";
        assert_eq!(narrate(&mut narrator, Event::Lagged(3), now(0)).as_deref(), Some(missed));
    }

    #[test]
    fn unverified_statuses_are_announced_as_claims() {
        let not_contacted = Event::DeliveryFailed {
            id: "7".parse().unwrap(),
            peer: peer(Status::Lost),
            message: Message::text("GNU"),
            failure: Failure::NotContacted(Scope::Loopback),
        };
        let mut claim = peer(Status::Alive);
        claim.last_attempt_ok = false;
        let remote = [192, 0, 2, 7].into();
        let mut narrator = narrator();
        for (event, sentence) in [
            (
                Event::PeerUpdated { peer: claim, from: Status::Dead },
                "03:04 tower-3:8443 is alive (claimed) now, it was dead.",
            ),
            (
                Event::ClaimConfirmed { peer: peer(Status::Alive) },
                "03:04 tower-3:8443 answered us at its address; it is alive.",
            ),
            (not_contacted, NOT_CONTACTED),
            (Event::RemoteIgnored { remote }, "03:04 connections from 192.0.2.7: ignored."),
            (Event::RemoteUnignored { remote }, "03:04 connections from 192.0.2.7: unignored."),
        ] {
            assert_eq!(narrate(&mut narrator, event, now(0)).as_deref(), Some(sentence));
        }
    }

    #[test]
    fn the_effect_of_a_typed_command_is_not_announced_again() {
        let mut narrator = narrator();
        let (id, message) = ("7".parse().unwrap(), Message::text("hello"));
        let queued =
            Event::MessageQueued { id, message, origin: Origin::Local, since_ms: 0, visits: 1, place: None };
        assert_eq!(narrate(&mut narrator, queued, now(0)), None);
        assert_eq!(traffic(&narrator), ["03:04 own message queued: hello."]);
    }

    #[test]
    fn a_flood_is_summarized_and_traffic_lists_its_end() {
        let mut narrator = narrator();
        let texts = (0..1000).filter(|n| take(&mut narrator, &n.to_string(), now(0)).is_some()).count();
        assert_eq!(texts, MAX_PER_PERIOD);
        assert_eq!(narrator.summary_due_at(), Some(PERIOD));
        assert!(narrator.summary(Duration::from_secs(9)).is_empty());
        let summary = "990 more in the last 10 s; :traffic tells the last ones, :filter fewer.";
        assert_eq!(narrator.summary(PERIOD), [summary]);
        assert!(traffic(&narrator).last().unwrap().contains(": 999,"));
    }

    #[test]
    fn after_hold_still_the_number_of_events_is_announced() {
        let mut narrator = narrator();
        narrator.toggle_quiet();
        for number in 0..3 {
            assert_eq!(take(&mut narrator, &number.to_string(), now(0)), None);
        }
        assert!(narrator.toggle_quiet().contains("; 3 events were not told"));
        assert!(take(&mut narrator, "again", now(0)).is_some());
        assert_eq!(traffic(&narrator).len(), 4);
    }

    #[test]
    fn a_bell_match_is_announced_as_such_and_counted() {
        let mut narrator = narrator();
        let number = |text: &str| text.parse().unwrap();
        narrator.derived.saved_filters.set(number("1"), Some("bell red".parse().unwrap()));
        narrator.derived.saved_filters.set(number("2"), Some("fish".parse().unwrap()));
        let texts = take(&mut narrator, "red fish", now(0)).unwrap();
        assert!(texts.starts_with("For a station: 03:04 in from"), "{texts}");
        assert!(narrator.pop_bell() && !narrator.pop_bell());
        assert!(
            take(&mut narrator, "blue fish", now(0)).unwrap().starts_with("03:04") && !narrator.pop_bell()
        );
        let hits: Vec<_> = narrator.derived.saved_filters.iter().map(|(.., hits)| hits).collect();
        assert_eq!(hits, [1, 2]);
    }

    #[test]
    fn a_filter_silences_other_traffic() {
        let mut narrator = narrator();
        take(&mut narrator, "red fish", now(0));
        let said = narrator.set_filter(narrator.filter_networks().parse("blue").ok());
        assert_eq!(said, "Only traffic is told that this admits: blue; so far 0 of 1.");
        assert_eq!(take(&mut narrator, "red bird", now(0)), None);
        assert!(take(&mut narrator, "blue bird", now(0)).is_some());
        assert_eq!(narrator.set_filter(None), "All traffic is told; so far 3 of 3.");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_sentence_is_one_harmless_line(text in hostile()) {
            let (mut narrator, peer) = (narrator(), peer(Status::Alive));
            let (id, message) = ("7".parse().unwrap(), Message::text(&text));
            let failure = Failure::Connection(text.clone());
            let refusal = Refusal::new(400, text.clone(), Some(tower()), Some(text.clone()), None);
            let events = [
                received(&text, 1),
                queued(&text),
                held_by_the_rule(&text),
                Event::DeliveryFailed { id, peer, message, failure },
                Event::Refused(refusal),
                Event::HoldRuleChanged { rule: Some(text.as_str().into()) },
            ];
            let said: Vec<_> = events.into_iter().filter_map(|event| narrator.narrate_all(Happening::Event(&feed_event(event, now(0))))).collect();
            prop_assert!(said.len() >= 4, "{:?}", said);
            for sentence in said {
                prop_assert!(!line(&sentence, Charset::Unicode).chars().any(is_hidden), "{:?}", sentence);
            }
        }
    }
}
