//! What has happened, and which of it is told.

use std::time::Duration;

use clacks_p2p::core::{Event, Now};
use jiff::tz::TimeZone;

use super::{
    flood::{Flood, MOST, STRETCH},
    sentences,
};
use crate::{
    dashboard::log::{Direction, Log, Mood},
    filter::Filter,
};

/// Turns events into sentences, not too many at once.
#[derive(Debug)]
pub(super) struct Teller {
    log: Log,
    flood: Flood,
    zone: TimeZone,
}

impl Teller {
    pub(super) fn new(filter: Option<Filter>) -> Self {
        let mut log = Log::default();
        log.set_filter(filter);
        Self { log, flood: Flood::default(), zone: TimeZone::system() }
    }

    /// Notes an event and returns what to say of it, if it is to be told at once.
    pub(super) fn note(&mut self, event: &Event, now: Now) -> Option<String> {
        let number = self.log.next_number();
        self.log.note(event, now.unix_ms);
        let row = self.log.at(self.log.len().checked_sub(1)?)?;
        // The filter hides it; or it is the answer to what was typed, which says as much.
        let is_hidden = row.number != number;
        let is_answered = row.direction == Direction::Own && row.mood == Mood::Plain;
        (!is_hidden && !is_answered && self.flood.admits(now.uptime))
            .then(|| sentences::happened(row, &self.zone))
    }

    /// When there is something to say about what was not told, in uptime.
    pub(super) fn summary_at(&self) -> Option<Duration> {
        self.flood.ends_at()
    }

    /// How much was not told, if it is time to say so.
    pub(super) fn summary(&mut self, uptime: Duration) -> Vec<String> {
        let seconds = STRETCH.as_secs();
        let summed = self.flood.sum_up(uptime).map(|untold| {
            format!("{untold} more in the last {seconds} s; :traffic tells the last ones, :filter fewer.")
        });
        summed.into_iter().collect()
    }

    /// The last of what happened, as far as the filter admits it.
    pub(super) fn traffic(&self) -> Vec<String> {
        let first = self.log.len().saturating_sub(MOST);
        let rows = (first..self.log.len()).filter_map(|position| self.log.at(position));
        let sentences: Vec<_> = rows.map(|row| sentences::happened(row, &self.zone)).collect();
        if sentences.is_empty() { vec!["Nothing has come or gone yet.".to_owned()] } else { sentences }
    }

    pub(super) fn set_filter(&mut self, filter: Option<Filter>) -> String {
        let told = match &filter {
            Some(filter) => format!("Only traffic is told that this admits: {}", filter.as_str()),
            None => "All traffic is told".to_owned(),
        };
        self.log.set_filter(filter);
        format!("{told}; so far {} of {}.", self.log.len(), self.log.total())
    }
}

#[cfg(test)]
mod tests {
    use clacks_p2p::{
        Address, Message,
        core::{Failure, Introduction, Origin, Peer, Refusal, Status},
    };

    use super::*;

    fn now(seconds: u64) -> Now {
        Now { uptime: Duration::from_secs(seconds), unix_ms: 1_767_323_045_000 + seconds * 1000 }
    }

    fn teller() -> Teller {
        Teller { zone: TimeZone::UTC, ..Teller::new(None) }
    }

    fn tower() -> Address {
        "tower-3:8443".parse().unwrap()
    }

    fn peer(status: Status) -> Peer {
        Peer {
            address: tower(),
            status,
            time: 0,
            since: Duration::ZERO,
            round_trip: None,
            delivered: 0,
            received: 0,
            failed: 0,
        }
    }

    fn received(text: &str, visits: u32) -> Event {
        let (peer, message) = (peer(Status::Alive), Message::text(text));
        Event::MessageReceived { peer, message, id: "7".parse().ok(), visits }
    }

    #[test]
    fn everything_that_happens_is_a_sentence() {
        let (id, gnu, alive) = ("7".parse().unwrap(), Message::text("GNU"), peer(Status::Alive));
        let round_trip = Duration::from_millis(12);
        let refusal = Refusal {
            status: 403,
            reason: "the peer is ignored".to_owned(),
            sender: Some(tower()),
            preview: Some("\"hello\"".to_owned()),
            remote: Some([127, 0, 0, 1].into()),
        };
        let delivered = Event::MessageDelivered { id, peer: alive.clone(), message: gnu.clone(), round_trip };
        let failed = Event::DeliveryFailed {
            id,
            peer: alive.clone(),
            message: gnu.clone(),
            failure: Failure::TimedOut,
        };
        let mut teller = teller();
        for (event, sentence) in [
            (received("GNU", 1), "03:04 in from tower-3:8443: GNU, queued."),
            (received("GNU", 42), "03:04 in from tower-3:8443: GNU, visit 42."),
            (delivered, "03:04 out to tower-3:8443: GNU, taken in 12 ms."),
            (failed, "03:04 not taken by tower-3:8443, no answer in time: GNU."),
            (
                Event::PeerUpdated { peer: peer(Status::Lost), from: Status::Alive },
                "03:04 tower-3:8443 is lost now, it was alive.",
            ),
            (
                Event::PeerDiscovered { peer: peer(Status::New), introduction: Introduction::Sender },
                "03:04 tower-3:8443 made itself known, new.",
            ),
            (
                Event::Announced { peer: tower(), round_trip },
                "03:04 announce to tower-3:8443, taken in 12 ms.",
            ),
            (Event::AnnounceReceived { peer: alive }, "03:04 announce from tower-3:8443."),
            (
                Event::Refused(refusal),
                "03:04 from tower-3:8443, 403 refused: the peer is ignored (from 127.0.0.1): hello.",
            ),
            (Event::Lagged(312), "03:04 312 events were missed."),
        ] {
            assert_eq!(teller.note(&event, now(0)).as_deref(), Some(sentence));
        }
    }

    #[test]
    fn what_was_typed_is_answered_and_not_told_again() {
        let mut teller = teller();
        let (id, message) = ("7".parse().unwrap(), Message::text("hello"));
        let queued = Event::MessageQueued { id, message, origin: Origin::Local, since_ms: 0, visits: 1 };
        assert_eq!(teller.note(&queued, now(0)), None);
        assert_eq!(teller.traffic(), ["03:04 own message queued: hello."]);
    }

    #[test]
    fn a_flood_is_summed_up_and_its_end_can_be_asked_for() {
        let mut teller = teller();
        let told = (0..1000).filter(|n| teller.note(&received(&n.to_string(), 1), now(0)).is_some()).count();
        assert_eq!(told, MOST);
        assert_eq!(teller.summary_at(), Some(STRETCH));
        assert!(teller.summary(Duration::from_secs(9)).is_empty());
        let summary = "990 more in the last 10 s; :traffic tells the last ones, :filter fewer.";
        assert_eq!(teller.summary(STRETCH), [summary]);
        assert_eq!(teller.traffic().len(), MOST);
        assert!(teller.traffic()[MOST - 1].contains(": 999,"));
    }

    #[test]
    fn a_filter_keeps_silent_about_the_rest() {
        let mut teller = teller();
        teller.note(&received("red fish", 1), now(0));
        let said = teller.set_filter(Some(Filter::parse("blue").unwrap()));
        assert_eq!(said, "Only traffic is told that this admits: blue; so far 0 of 1.");
        assert_eq!(teller.note(&received("red bird", 1), now(0)), None);
        assert!(teller.note(&received("blue bird", 1), now(0)).is_some());
        assert_eq!(teller.set_filter(None), "All traffic is told; so far 3 of 3.");
    }
}
