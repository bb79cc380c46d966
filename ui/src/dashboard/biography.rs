//! The lives of messages: when each came and went, from whom and to whom, and which of them keep coming back.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use clacks_p2p::{
    Address, Message,
    core::{Event, Now, Origin},
};

/// Messages that are remembered at most, of those seen once and of those that came back.
const MAX_MESSAGES: usize = 2048;
/// Bytes of messages that are remembered at most, of each of both. Messages are shared with the queue and the log.
const MAX_BYTES: usize = 8 << 20;
/// The last passes of a message that are told one by one.
const MAX_PASSES: usize = 64;
/// The peers that a message came from, or went to, that are told apart.
const MAX_PEERS: usize = 32;

/// What is known of every message that was seen lately.
#[derive(Debug, Default)]
pub(crate) struct Biographies {
    known: HashMap<Message, Biography>,
    seen_once: Shelf,
    returned: Shelf,
    /// Those that came back, by the number of visits and then by the last pass, greatest first.
    ranked: BTreeSet<Rank>,
    next_pass: u64,
}

/// Visits, and the number of the last pass.
type Rank = (Reverse<u32>, Reverse<u64>);

/// Messages by the number of their last pass, so that the one not seen for longest is the first to be forgotten.
#[derive(Debug, Default)]
struct Shelf {
    by_pass: BTreeMap<u64, Message>,
    bytes: usize,
}

/// The life of one message, as far as it was seen here.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Biography {
    pub(crate) message: Message,
    /// How often it was here, by the node's count, which may know of passes before the dashboard was opened.
    pub(crate) visits: u32,
    pub(crate) first: Now,
    pub(crate) last: Now,
    /// How often it was seen to come.
    arrivals: u32,
    /// Between two arrivals.
    pub(crate) shortest: Option<Duration>,
    pub(crate) longest: Option<Duration>,
    /// The last passes, oldest first.
    pub(crate) passes: VecDeque<Pass>,
    pub(crate) came_from: Tally,
    pub(crate) went_to: Tally,
    /// Names it among the shelves.
    number: u64,
}

/// One stay of a message at this node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pass {
    pub(crate) came: Now,
    /// `None` if it was typed here.
    pub(crate) from: Option<Address>,
    /// Deliveries that failed before one did not.
    pub(crate) failed: u32,
    pub(crate) end: End,
}

/// How a stay ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    /// It is still here.
    StillHere,
    Went(Now, Address),
    Dropped(Now),
    /// It was given another text, which is another message.
    Changed(Now),
}

/// How often each peer had a part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    /// Most often first.
    peers: Vec<(Address, u32)>,
    /// Those that had no room.
    pub(crate) others: u32,
}

impl Biographies {
    pub(crate) fn note(&mut self, event: &Event, now: Now) {
        match event {
            Event::MessageReceived { peer, message, id: Some(_), visits, .. } => {
                self.came(message, Some(&peer.address), *visits, now);
            }
            Event::MessageQueued { message, origin: Origin::Local, visits, .. } => {
                self.came(message, None, *visits, now);
            }
            Event::MessageHeld { held, origin: Some(Origin::Local) } => {
                self.came(&held.queued.message, None, held.queued.visits, now);
            }
            Event::MessageChanged { before, queued } => {
                self.ended(before, End::Changed(now));
                self.came(&queued.message, None, queued.visits, now);
            }
            Event::MessageQueued { message, origin: Origin::TakenBack(_), .. } => self.taken_back(message),
            Event::MessageHeld { held, origin: Some(Origin::TakenBack(_)) } => {
                self.taken_back(&held.queued.message);
            }
            Event::MessageDelivered { peer, message, .. } => {
                self.ended(message, End::Went(now, peer.address.clone()));
            }
            Event::MessageDropped { message, .. } => self.ended(message, End::Dropped(now)),
            Event::DeliveryFailed { message, .. } => {
                if let Some(pass) = self.known.get_mut(message).and_then(Biography::open_pass) {
                    pass.failed += 1;
                }
            }
            _ => {}
        }
    }

    pub(crate) fn of(&self, message: &Message) -> Option<&Biography> {
        self.known.get(message)
    }

    /// How many messages came back.
    pub(crate) fn returned(&self) -> usize {
        self.ranked.len()
    }

    /// The messages that came back, those with the most visits first.
    pub(crate) fn ranking(&self) -> impl Iterator<Item = &Biography> {
        let messages = self.ranked.iter().filter_map(|(_, Reverse(pass))| self.returned.by_pass.get(pass));
        messages.filter_map(|message| self.known.get(message))
    }

    /// Where a message stands in the ranking; 0 is the first. `None` if it did not come back.
    pub(crate) fn place(&self, message: &Message) -> Option<usize> {
        let rank = self.known.get(message)?.rank();
        self.ranked.contains(&rank).then(|| self.ranked.range(..rank).count())
    }

    fn came(&mut self, message: &Message, from: Option<&Address>, visits: u32, now: Now) {
        let number = self.next_pass;
        self.next_pass += 1;
        let former = self.known.remove(message);
        if let Some(former) = &former {
            self.take_out(former);
        }
        let mut life = former.unwrap_or_else(|| Biography::new(message.clone(), now));
        life.came(from, visits, now);
        life.number = number;
        self.put_away(life);
    }

    fn put_away(&mut self, life: Biography) {
        let kept = if life.visits > 1 {
            self.ranked.insert(life.rank());
            &mut self.returned
        } else {
            &mut self.seen_once
        };
        let forgotten = kept.put(life.number, &life.message);
        self.known.insert(life.message.clone(), life);
        for message in forgotten {
            if let Some(forgotten) = self.known.remove(&message) {
                self.ranked.remove(&forgotten.rank());
            }
        }
    }

    fn take_out(&mut self, life: &Biography) {
        self.ranked.remove(&life.rank());
        let kept = if life.visits > 1 { &mut self.returned } else { &mut self.seen_once };
        kept.take(life.number);
    }

    /// The stay that a drop had ended goes on.
    fn taken_back(&mut self, message: &Message) {
        let Some(life) = self.known.get_mut(message) else { return };
        let dropped = life.passes.iter_mut().rev().find(|pass| matches!(pass.end, End::Dropped(_)));
        dropped.into_iter().for_each(|pass| pass.end = End::StillHere);
    }

    fn ended(&mut self, message: &Message, end: End) {
        let Some(life) = self.known.get_mut(message) else { return };
        if let End::Went(_, to) = &end {
            life.went_to.count(to);
        }
        if let Some(pass) = life.open_pass() {
            pass.end = end;
        }
    }
}

impl Shelf {
    /// Puts a message at the end, and returns those that have no room any more.
    fn put(&mut self, number: u64, message: &Message) -> Vec<Message> {
        self.by_pass.insert(number, message.clone());
        self.bytes += message.size();
        let mut forgotten = Vec::new();
        while self.by_pass.len() > MAX_MESSAGES || self.bytes > MAX_BYTES {
            let Some((_, oldest)) = self.by_pass.pop_first() else { break };
            self.bytes -= oldest.size();
            forgotten.push(oldest);
        }
        forgotten
    }

    fn take(&mut self, number: u64) {
        self.bytes -= self.by_pass.remove(&number).map_or(0, |message| message.size());
    }
}

impl Biography {
    fn new(message: Message, now: Now) -> Self {
        Self {
            message,
            visits: 0,
            first: now,
            last: now,
            arrivals: 0,
            shortest: None,
            longest: None,
            passes: VecDeque::new(),
            came_from: Tally::default(),
            went_to: Tally::default(),
            number: 0,
        }
    }

    fn came(&mut self, from: Option<&Address>, visits: u32, now: Now) {
        if self.arrivals > 0 {
            let away = now.uptime.saturating_sub(self.last.uptime);
            self.shortest = Some(self.shortest.map_or(away, |shortest| shortest.min(away)));
            self.longest = Some(self.longest.map_or(away, |longest| longest.max(away)));
        }
        self.arrivals = self.arrivals.saturating_add(1);
        self.visits = self.visits.saturating_add(1).max(visits);
        self.last = now;
        from.into_iter().for_each(|from| self.came_from.count(from));
        self.passes.push_back(Pass { came: now, from: from.cloned(), failed: 0, end: End::StillHere });
        if self.passes.len() > MAX_PASSES {
            self.passes.pop_front();
        }
    }

    /// The mean time between two arrivals; `None` before the second.
    pub(crate) fn interval(&self) -> Option<Duration> {
        let between = self.arrivals.checked_sub(1).filter(|between| *between > 0)?;
        Some(self.last.uptime.saturating_sub(self.first.uptime) / between)
    }

    /// The stay that an end belongs to: of several, the one that began first, as the queue passes on its head.
    fn open_pass(&mut self) -> Option<&mut Pass> {
        self.passes.iter_mut().find(|pass| pass.end == End::StillHere)
    }

    fn rank(&self) -> Rank {
        (Reverse(self.visits), Reverse(self.number))
    }
}

impl Tally {
    fn count(&mut self, peer: &Address) {
        let Some(at) = self.peers.iter().position(|(known, _)| known == peer) else {
            if self.peers.len() < MAX_PEERS {
                self.peers.push((peer.clone(), 1));
            } else {
                self.others = self.others.saturating_add(1);
            }
            return;
        };
        self.peers[at].1 = self.peers[at].1.saturating_add(1);
        let count = self.peers[at].1;
        let place = self.peers.partition_point(|(_, other)| *other >= count).min(at);
        self.peers[place..=at].rotate_right(1);
    }

    /// The peers and how often, most often first.
    pub(crate) fn peers(&self) -> &[(Address, u32)] {
        &self.peers
    }
}

#[cfg(test)]
mod tests {
    use clacks_p2p::core::{Failure, HeldBy, HeldMessage, MessageId, Peer, QueuedMessage, Status};

    use super::*;

    fn at(seconds: u64) -> Now {
        Now { uptime: Duration::from_secs(seconds), unix_ms: seconds * 1000 }
    }

    fn peer(name: &str) -> Peer {
        Peer { answers: true, ..Peer::new(format!("{name}:1").parse().unwrap(), Status::Alive, at(0)) }
    }

    fn id() -> MessageId {
        "1".parse().unwrap()
    }

    fn came(text: &str, from: &str, visits: u32) -> Event {
        Event::MessageReceived {
            peer: peer(from),
            message: Message::text(text),
            id: Some(id()),
            visits,
            remote: None,
        }
    }

    fn went(text: &str, to: &str) -> Event {
        let round_trip = Duration::from_millis(3);
        Event::MessageDelivered { id: id(), peer: peer(to), message: Message::text(text), round_trip }
    }

    fn counts(tally: &Tally) -> Vec<(String, u32)> {
        tally.peers().iter().map(|(peer, count)| (peer.to_string(), *count)).collect()
    }

    #[test]
    fn a_stay_goes_on_after_a_drop_that_was_taken_back() {
        let mut lives = Biographies::default();
        let gnu = Message::text("GNU");
        let back = Event::MessageQueued {
            id: id(),
            message: gnu.clone(),
            origin: Origin::TakenBack(None),
            since_ms: 0,
            visits: 1,
            place: None,
        };
        lives.note(&back, at(0));
        assert!(lives.of(&gnu).is_none());
        lives.note(&came("GNU", "c", 1), at(1));
        lives.note(&Event::MessageDropped { id: id(), message: gnu.clone(), from: None }, at(2));
        lives.note(&back, at(3));
        lives.note(&went("GNU", "b"), at(4));
        let life = lives.of(&gnu).unwrap();
        let ends: Vec<_> = life.passes.iter().map(|pass| pass.end.clone()).collect();
        assert_eq!((life.visits, ends), (1, vec![End::Went(at(4), peer("b").address)]));
    }

    fn queued(text: &str, visits: u32) -> QueuedMessage {
        QueuedMessage { id: id(), message: Message::text(text), since_ms: 0, visits, from: None, place: None }
    }

    fn ends(lives: &Biographies, text: &str) -> Vec<End> {
        let life = lives.of(&Message::text(text)).unwrap();
        life.passes.iter().map(|pass| pass.end.clone()).collect()
    }

    #[test]
    fn what_is_held_at_once_has_come_and_what_was_held_on_the_way_comes_once() {
        let mut lives = Biographies::default();
        let held = |text, origin| {
            let held = HeldMessage { queued: queued(text, 1), by: HeldBy::Rule };
            Event::MessageHeld { held, origin }
        };
        lives.note(&held("typed", Some(Origin::Local)), at(1));
        lives.note(&held("typed", None), at(2));
        let from_a = Origin::Received(peer("a").address);
        lives.note(&came("received", "a", 1), at(3));
        lives.note(&held("received", Some(from_a)), at(3));
        assert_eq!(
            (ends(&lives, "typed"), ends(&lives, "received")),
            (vec![End::StillHere], vec![End::StillHere])
        );
    }

    #[test]
    fn a_change_ends_the_stay_of_one_text_and_begins_that_of_another() {
        let mut lives = Biographies::default();
        lives.note(&came("GUN", "a", 1), at(1));
        let changed = Event::MessageChanged { before: Message::text("GUN"), queued: queued("GNU", 7) };
        lives.note(&changed, at(4));
        lives.note(&went("GNU", "b"), at(5));
        assert_eq!(ends(&lives, "GUN"), [End::Changed(at(4))]);
        assert_eq!(ends(&lives, "GNU"), [End::Went(at(5), peer("b").address)]);
        assert_eq!(lives.of(&Message::text("GNU")).unwrap().visits, 7);
    }

    #[test]
    fn a_life_is_told_from_what_happened() {
        let mut lives = Biographies::default();
        let gnu = Message::text("GNU");
        lives.note(
            &Event::MessageQueued {
                id: id(),
                message: gnu.clone(),
                origin: Origin::Local,
                since_ms: 0,
                visits: 1,
                place: None,
            },
            at(0),
        );
        let failure = Failure::TimedOut;
        lives
            .note(&Event::DeliveryFailed { id: id(), peer: peer("a"), message: gnu.clone(), failure }, at(1));
        lives.note(&went("GNU", "b"), at(2));
        lives.note(&came("GNU", "c", 2), at(10));
        lives.note(&went("GNU", "b"), at(11));
        lives.note(&came("GNU", "c", 3), at(40));
        let life = lives.of(&gnu).unwrap();
        assert_eq!((life.visits, life.first, life.last), (3, at(0), at(40)));
        assert_eq!(life.interval(), Some(Duration::from_secs(20)));
        assert_eq!(
            (life.shortest, life.longest),
            (Some(Duration::from_secs(10)), Some(Duration::from_secs(30)))
        );
        assert_eq!(counts(&life.came_from), [("c:1".to_owned(), 2)]);
        assert_eq!(counts(&life.went_to), [("b:1".to_owned(), 2)]);
        let passes: Vec<_> =
            life.passes.iter().map(|pass| (pass.from.is_none(), pass.failed, pass.end.clone())).collect();
        let b = peer("b").address;
        assert_eq!(
            passes,
            [
                (true, 1, End::Went(at(2), b.clone())),
                (false, 0, End::Went(at(11), b)),
                (false, 0, End::StillHere)
            ]
        );
    }

    #[test]
    fn what_keeps_coming_back_is_ranked_by_visits_then_by_the_last() {
        let mut lives = Biographies::default();
        for (text, visits) in [("often", 9), ("once", 1), ("early", 2), ("late", 2), ("often", 10)] {
            lives.note(&came(text, "a", visits), at(1));
        }
        let ranking: Vec<_> =
            lives.ranking().map(|life| (life.message.as_text().unwrap(), life.visits)).collect();
        assert_eq!(ranking, [("often".to_owned(), 10), ("late".to_owned(), 2), ("early".to_owned(), 2)]);
        assert_eq!(lives.returned(), 3);
    }

    #[test]
    fn a_flood_of_new_messages_neither_fills_the_memory_nor_drives_out_what_returned() {
        let mut lives = Biographies::default();
        lives.note(&came("GNU", "a", 2), at(0));
        let large = "x".repeat(1 << 13);
        for number in 0..3 * MAX_MESSAGES as u64 {
            lives.note(&came(&format!("{number}{large}"), "b", 1), at(number));
        }
        assert!(lives.seen_once.bytes <= MAX_BYTES && lives.seen_once.by_pass.len() <= MAX_MESSAGES);
        assert_eq!(lives.known.len(), lives.seen_once.by_pass.len() + 1);
        for number in 0..3 * MAX_MESSAGES as u64 {
            lives.note(&came(&number.to_string(), "b", 3), at(number));
        }
        assert_eq!(lives.returned(), MAX_MESSAGES);
        assert_eq!(lives.known.len(), lives.seen_once.by_pass.len() + MAX_MESSAGES);
        assert_eq!(lives.ranking().count(), MAX_MESSAGES);
    }

    #[test]
    fn passes_and_peers_are_bounded() {
        let mut lives = Biographies::default();
        for number in 0..200 {
            lives.note(&came("GNU", &format!("tower-{number}"), number + 1), at(u64::from(number)));
        }
        let life = lives.of(&Message::text("GNU")).unwrap();
        assert_eq!((life.passes.len(), life.came_from.peers().len()), (MAX_PASSES, MAX_PEERS));
        assert_eq!(life.came_from.others, 200 - MAX_PEERS as u32);
    }

    #[test]
    fn a_tally_stays_in_order() {
        let mut tally = Tally::default();
        for name in ["a", "b", "c", "c", "b", "c"] {
            tally.count(&peer(name).address);
        }
        assert_eq!(counts(&tally), [("c:1".to_owned(), 3), ("b:1".to_owned(), 2), ("a:1".to_owned(), 1)]);
    }
}
