use std::{net::IpAddr, sync::Arc, time::Duration};

use super::{History, HistoryLimits, Message};
use crate::{
    core::{Event, Failure, Refusal, Reply, SendId, SendKind},
    protocol::{Id, Json, Record},
};

const START: Duration = Duration::ZERO;

fn record(id: &str) -> Record {
    let (id, address) = (Id::new(id).unwrap(), "127.0.0.1:9338".parse().unwrap());
    Record { id, address, data: Json::empty_object() }
}

fn json(text: &str) -> Json {
    Json::new(text, usize::MAX, 128).unwrap()
}

fn sent(number: u64, receivers: &[&str]) -> Event {
    let receivers: Arc<[Id]> = receivers.iter().map(|id| Id::new(id).unwrap()).collect();
    let (id, kind) = (SendId(number), SendKind::Message);
    Event::Sent { id, kind, body: json("[1]"), is_broadcast: true, receivers }
}

fn replied(number: u64, from: &str, result: Result<Option<Json>, Failure>) -> Event {
    let reply = Reply { member: record(from), result, took: Duration::from_millis(5) };
    Event::Replied { id: SendId(number), kind: SendKind::Message, reply }
}

fn received(number: u64, text: &str) -> Event {
    Event::MessageReceived { number, member: record("a"), message: json(text), reply: None }
}

fn refused(from: &str, refusal: Refusal) -> Event {
    let (from, status) = (from.parse().unwrap(), refusal.status());
    Event::Refused { refusal, from, sender: None, status, reason: "no".into(), is_repeated: false }
}

/// A history that is given events.
struct Bench(History);

impl Bench {
    fn new(max_messages: usize, max_bytes: usize, max_addresses: usize) -> Self {
        Self(History::new(HistoryLimits { max_messages, max_bytes, max_addresses }))
    }

    fn record(&mut self, mut event: Event, now: Duration) -> Option<Event> {
        self.0.record(&mut event, now)
    }

    /// Whether a refusal at this time is marked as repeated.
    fn is_repeated(&mut self, from: &str, seconds: u64) -> bool {
        let mut event = refused(from, Refusal::Join);
        self.0.record(&mut event, Duration::from_secs(seconds));
        matches!(event, Event::Refused { is_repeated: true, .. })
    }

    fn counts(&self) -> [usize; 6] {
        let counts = self.0.messages().counts();
        [counts.open, counts.done, counts.received, counts.awaited, counts.answered, counts.failed]
    }
}

#[test]
fn a_broadcast_gathers_its_replies() {
    let mut bench = Bench::new(10, 1 << 20, 10);
    bench.record(sent(3, &["a", "b", "c"]), START);
    assert_eq!(bench.counts(), [1, 0, 0, 3, 0, 0]);
    bench.record(replied(3, "a", Ok(Some(json("{}")))), START);
    bench.record(replied(3, "a", Ok(None)), START);
    bench.record(replied(3, "b", Err(Failure::Cut)), START);
    bench.record(replied(3, "stranger", Ok(None)), START);
    assert_eq!(bench.counts(), [1, 0, 0, 1, 1, 1]);
    bench.record(replied(3, "c", Ok(None)), START);
    bench.record(Event::Replies { id: SendId(3), kind: SendKind::Message, replies: Vec::new() }, START);
    assert_eq!(bench.counts(), [0, 1, 0, 0, 2, 1]);
    let message = bench.0.messages().get(3).unwrap();
    let receiver = &message.receivers().unwrap()[&Id::new("b").unwrap()];
    let reply = Reply::new(record("b"), Err(Failure::Cut), Duration::from_millis(5));
    assert_eq!(*receiver, Some(reply));
}

#[test]
fn only_messages_are_remembered() {
    let mut bench = Bench::new(10, 1 << 20, 10);
    let Event::Sent { id, body, is_broadcast, receivers, .. } = sent(1, &["a"]) else { panic!() };
    let kind = SendKind::Goodbye;
    bench.record(Event::Sent { id, kind, body, is_broadcast, receivers }, START);
    assert!(bench.0.messages().is_empty());
}

#[test]
fn the_oldest_messages_are_forgotten_and_their_numbers_reported() {
    let mut bench = Bench::new(3, 1 << 20, 10);
    for number in [1, 4, 9] {
        assert_eq!(bench.record(received(number, "[]"), START), None);
    }
    let forgotten =
        |messages: &[u64]| Event::Forgotten { messages: messages.to_vec(), addresses: Vec::new() };
    assert_eq!(bench.record(sent(10, &["a"]), START), Some(forgotten(&[1])));
    let numbers =
        |bench: &Bench| bench.0.messages().range(0..9).map(|message| message.number).collect::<Vec<_>>();
    assert_eq!(numbers(&bench), [4, 9, 10]);
    let positions = [0, 4, 5, 10, 11].map(|number| bench.0.messages().position_from(number));
    assert_eq!(positions, [0, 0, 1, 2, 3]);
}

#[test]
fn messages_and_replies_are_bounded_in_bytes() {
    let mut bench = Bench::new(1000, 1000, 10);
    let long = format!("\"{}\"", "x".repeat(400));
    let mut forgotten = Vec::new();
    for number in 1..20 {
        let of_message = bench.record(sent(number, &["a"]), START);
        let of_reply = bench.record(replied(number, "a", Ok(Some(json(&long)))), START);
        for event in [of_message, of_reply].into_iter().flatten() {
            let Event::Forgotten { messages, .. } = event else { panic!("{event:?}") };
            forgotten.extend(messages);
        }
        let bytes: usize = bench.0.messages().range(0..1000).map(Message::bytes).sum();
        assert_eq!(bench.0.messages().bytes(), bytes);
        assert!(bytes <= 1000, "{bytes}");
    }
    assert!(forgotten.iter().copied().eq(1..=forgotten.len() as u64), "{forgotten:?}");
    let kept = bench.0.messages().len();
    assert_eq!(kept + forgotten.len(), 19);
    // One that is too long for all is kept alone.
    bench.record(received(30, &format!("\"{}\"", "x".repeat(5000))), START);
    assert_eq!(bench.0.messages().len(), 1);
}

#[test]
fn refusals_are_counted_by_address_and_kind() {
    let mut bench = Bench::new(10, 1 << 20, 10);
    for (from, refusal) in [
        ("192.0.2.1", Refusal::Join),
        ("::ffff:192.0.2.1", Refusal::UnknownId),
        ("192.0.2.1", Refusal::Full),
        ("2001:db8::1", Refusal::Clock),
        ("2001:db8::2", Refusal::Replay),
        ("2001:db8::3", Refusal::Body),
    ] {
        bench.record(refused(from, refusal), START);
    }
    let counts = bench.0.door().down_from(None).map(|visitor| {
        let counts = [visitor.joins, visitor.unknown, visitor.signatures, visitor.clocks, visitor.others];
        (visitor.address.to_string(), counts)
    });
    let expected = [("2001:db8::", [0, 0, 1, 1, 1]), ("192.0.2.1", [2, 1, 0, 0, 0])];
    assert!(counts.eq(expected.map(|(address, counts)| (address.to_owned(), counts))));
}

#[test]
fn a_refusal_is_reported_once_a_minute_for_each_address() {
    let mut bench = Bench::new(10, 1 << 20, 10);
    let times =
        [("192.0.2.1", 0), ("192.0.2.1", 1), ("192.0.2.2", 59), ("192.0.2.1", 60), ("192.0.2.1", 119)];
    let repeated = times.map(|(from, seconds)| bench.is_repeated(from, seconds));
    assert_eq!(repeated, [false, true, false, false, true]);
}

#[test]
fn the_address_that_was_refused_the_longest_ago_is_forgotten() {
    let mut bench = Bench::new(10, 1 << 20, 2);
    for from in ["192.0.2.1", "192.0.2.2", "192.0.2.1"] {
        assert_eq!(bench.record(refused(from, Refusal::Join), START), None);
    }
    let addresses: Vec<IpAddr> = vec!["192.0.2.2".parse().unwrap()];
    let forgotten = bench.record(refused("192.0.2.3", Refusal::Join), START);
    assert_eq!(forgotten, Some(Event::Forgotten { messages: Vec::new(), addresses }));
    assert_eq!(bench.0.door().len(), 2);
}
