//! The share of each peer in the messages received in the last hour.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    time::Duration,
};

use clacks_p2p::{
    Address,
    core::{Event, Now},
};

/// Length of the record in minutes.
const MINUTES: u64 = 60;
/// Maximum number of peers counted by name per minute. Beyond it a new peer replaces a peer with a single message; if
/// there is none, its message counts only in the total.
const MAX_PEERS: usize = 512;

/// Messages received in the last 60 minutes by sender, for at most 512 senders a minute.
#[derive(Debug, Clone, Default)]
pub struct Shares {
    minutes: VecDeque<Minute>,
    /// The sums over the minutes.
    by_peer: HashMap<Address, u64>,
    all: u64,
    /// Messages without a counted sender.
    unnamed: u64,
}

#[derive(Debug, Clone, Default)]
struct Minute {
    /// The minute of the node's uptime.
    number: u64,
    by_peer: HashMap<Address, u64>,
    /// Peers that had a single message when they were added. A new peer can replace them.
    singles: Vec<Address>,
    all: u64,
    unnamed: u64,
}

/// A lower and an upper bound of a share: `part` of `all` messages for certain, and up to `unnamed` more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    part: u64,
    all: u64,
    /// Messages without a counted sender.
    unnamed: u64,
}

impl Shares {
    /// Counts a received message. Ignores other events.
    pub fn note(&mut self, event: &Event, now: Now) {
        let Event::MessageReceived { peer, .. } = event else { return };
        let number = minute(now.uptime);
        if self.minutes.back().is_none_or(|minute| minute.number < number) {
            self.minutes.push_back(Minute { number, ..Minute::default() });
        }
        let Some(minute) = self.minutes.back_mut() else { return };
        (minute.all, self.all) = (minute.all + 1, self.all + 1);
        if minute.by_peer.len() >= MAX_PEERS && !minute.by_peer.contains_key(&peer.address) {
            let given_away = minute.give_a_place_away();
            (minute.unnamed, self.unnamed) = (minute.unnamed + 1, self.unnamed + 1);
            match given_away {
                Some(other) => uncount(&mut self.by_peer, other, 1),
                None => return,
            }
        }
        minute.count(&peer.address);
        *self.by_peer.entry(peer.address.clone()).or_default() += 1;
    }

    /// Removes the minutes that are older than an hour.
    pub fn forget_old(&mut self, now: Now) {
        let oldest = minute(now.uptime).saturating_sub(MINUTES - 1);
        while self.minutes.front().is_some_and(|minute| minute.number < oldest) {
            let Some(minute) = self.minutes.pop_front() else { return };
            (self.all, self.unnamed) = (self.all - minute.all, self.unnamed - minute.unnamed);
            for (peer, count) in minute.by_peer {
                uncount(&mut self.by_peer, peer, count);
            }
        }
    }

    /// The combined share of these peers.
    pub fn of<'a>(&self, peers: impl IntoIterator<Item = &'a Address>) -> Share {
        let part = peers.into_iter().filter_map(|peer| self.by_peer.get(peer)).sum();
        Share { part, all: self.all, unnamed: self.unnamed }
    }
}

impl Minute {
    fn count(&mut self, peer: &Address) {
        let count = self.by_peer.entry(peer.clone()).or_default();
        *count += 1;
        if *count == 1 {
            self.singles.push(peer.clone());
        }
    }

    /// Removes and returns a peer with a single message.
    fn give_a_place_away(&mut self) -> Option<Address> {
        while let Some(peer) = self.singles.pop() {
            if self.by_peer.get(&peer) == Some(&1) {
                self.by_peer.remove(&peer);
                return Some(peer);
            }
        }
        None
    }
}

fn uncount(sums: &mut HashMap<Address, u64>, peer: Address, count: u64) {
    let Entry::Occupied(mut sum) = sums.entry(peer) else { return };
    *sum.get_mut() -= count;
    if *sum.get() == 0 {
        sum.remove();
    }
}

impl Share {
    /// The share in words: `41 %`, or `41 % to 43 %` if some senders were not counted.
    pub fn percent(self) -> String {
        let Self { part, all, unnamed } = self;
        let percent = |part: u64| part * 100 / all.max(1);
        // What is so little that it changes no digit is left out.
        let most = part + unnamed;
        match (percent(part), percent(most)) {
            _ if part == 0 && unnamed == 0 => "none".to_owned(),
            _ if part == 0 => format!("not known how many, at most {},", percent_of(percent(most))),
            (least, most) if least == most => percent_of(least),
            (least, most) => format!("{} to {most} %", percent_of(least)),
        }
    }
}

fn percent_of(percent: u64) -> String {
    if percent == 0 { "less than 1 %".to_owned() } else { format!("{percent} %") }
}

fn minute(uptime: Duration) -> u64 {
    uptime.as_secs() / 60
}

#[cfg(test)]
mod tests {
    use clacks_p2p::{
        Message,
        core::{Peer, Status},
    };

    use super::*;

    fn at(minute: u64) -> Now {
        Now { uptime: Duration::from_secs(minute * 60), unix_ms: 0 }
    }

    fn receive(shares: &mut Shares, name: &str, minute: u64) {
        let peer = Peer::new(name.parse().unwrap(), Status::Alive, at(minute));
        let event = Event::MessageReceived {
            peer,
            message: Message::text("x"),
            id: None,
            visits: 1,
            remote: None,
            held: None,
        };
        shares.note(&event, at(minute));
    }

    fn percent(shares: &Shares, names: &[&str]) -> String {
        let peers: Vec<Address> = names.iter().map(|name| name.parse().unwrap()).collect();
        shares.of(&peers).percent()
    }

    #[test]
    fn a_share_is_of_the_last_hour_only() {
        let mut shares = Shares::default();
        (0..3).for_each(|_| receive(&mut shares, "a:1", 0));
        receive(&mut shares, "b:1", 30);
        assert_eq!((percent(&shares, &["a:1"]), percent(&shares, &["b:1"])), ("75 %".into(), "25 %".into()));
        assert_eq!(percent(&shares, &["a:1", "b:1"]), "100 %");
        assert_eq!(percent(&shares, &["c:1"]), "none");
        shares.forget_old(at(59));
        assert_eq!(percent(&shares, &["a:1"]), "75 %");
        shares.forget_old(at(60));
        assert_eq!((percent(&shares, &["a:1"]), percent(&shares, &["b:1"])), ("none".into(), "100 %".into()));
        shares.forget_old(at(1000));
        assert!(shares.by_peer.is_empty() && shares.minutes.is_empty() && shares.all == 0, "{shares:?}");
    }

    #[test]
    fn a_small_share_is_not_none() {
        let mut shares = Shares::default();
        (0..200).for_each(|_| receive(&mut shares, "a:1", 0));
        receive(&mut shares, "b:1", 0);
        assert_eq!(percent(&shares, &["b:1"]), "less than 1 %");
    }

    #[test]
    fn a_flood_of_names_takes_no_more_room_and_hides_nobody() {
        let mut shares = Shares::default();
        (1..=5000).for_each(|port| receive(&mut shares, &format!("a:{port}"), 0));
        assert_eq!(
            (shares.by_peer.len(), shares.all, shares.unnamed),
            (MAX_PEERS, 5000, 5000 - MAX_PEERS as u64)
        );
        // Whoever sends more than one has its place.
        (0..100).for_each(|_| receive(&mut shares, "localhost:9", 0));
        let of = |shares: &Shares, name: &str| shares.of([&name.parse().unwrap()]);
        assert_eq!(of(&shares, "localhost:9").part, 100);
        // Of one that has none it is not said that it sent nothing.
        assert_eq!(percent(&shares, &["nobody:1"]), "not known how many, at most 88 %,");
        assert!(shares.minutes[0].singles.len() <= 2 * MAX_PEERS);
        shares.forget_old(at(60));
        assert_eq!((percent(&shares, &["nobody:1"]), shares.unnamed), ("none".to_owned(), 0));
    }

    #[test]
    fn where_all_places_are_taken_by_many_the_rest_is_said_to_be_unknown() {
        let mut shares = Shares::default();
        (1..=MAX_PEERS * 2)
            .for_each(|number| receive(&mut shares, &format!("a:{}", number % MAX_PEERS + 1), 0));
        (0..100).for_each(|_| receive(&mut shares, "late:1", 0));
        assert_eq!(percent(&shares, &["late:1"]), "not known how many, at most 8 %,");
        assert_eq!(percent(&shares, &["a:1"]), "less than 1 % to 9 %");
        assert_eq!(shares.by_peer.len(), MAX_PEERS);
    }
}
