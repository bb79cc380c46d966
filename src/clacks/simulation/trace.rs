//! Where the messages have been, and how many copies of each there are.

use crate::protocol::Message;

/// So many messages are followed through the network; a bit of a number for each.
const FOLLOWED: u32 = 64;
/// The shares of the nodes for which is noted when the first message had been at so many.
pub(super) const SHARES: [f64; 4] = [0.5, 0.9, 0.99, 1.0];

/// Where the first messages have been, and how many copies of all there are.
#[derive(Debug)]
pub(super) struct Trace {
    /// For each node, which of the followed messages it has had.
    had: Vec<u64>,
    /// For each node, how often any of the followed messages came by.
    visits: Vec<u32>,
    /// For each followed message, how many nodes have had it.
    visited: Vec<u32>,
    /// When the first message had been at each of [`SHARES`], in seconds.
    reached: [Option<f64>; SHARES.len()],
    /// When it was back where it came from.
    returned: Option<f64>,
    /// Where the first message came from.
    origin: u32,
    /// For each message, how many nodes have it now.
    copies: Vec<u32>,
}

/// What tells one simulated message from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(u32);

impl Number {
    /// The message with this number, counted from 0.
    pub(super) fn message(number: u32) -> Message {
        // Not a JSON number: 0 is none that is passed on.
        Message::text(&number.to_string())
    }

    pub(super) fn of(message: &Message) -> Option<Self> {
        message.as_json().trim_matches('"').parse().ok().map(Self)
    }
}

impl Trace {
    pub(super) fn new(nodes: u32, messages: u32) -> Self {
        Self {
            had: vec![0; nodes as usize],
            visits: vec![0; nodes as usize],
            visited: vec![0; messages.min(FOLLOWED) as usize],
            reached: [None; SHARES.len()],
            returned: None,
            origin: 0,
            copies: vec![0; messages as usize],
        }
    }

    /// A message starts at a node.
    pub(super) fn starts(&mut self, number: u32, node: u32) {
        if number == 0 {
            self.origin = node;
        }
        self.took(Number(number), node, 0.0, true);
    }

    /// A node took a message.
    pub(super) fn visits(&mut self, number: Number, node: u32, now: f64) {
        self.took(number, node, now, false);
    }

    fn took(&mut self, number: Number, node: u32, now: f64, starts: bool) {
        if let Some(copies) = self.copies.get_mut(number.0 as usize) {
            *copies += 1;
        }
        if number.0 >= FOLLOWED {
            return;
        }
        self.visits[node as usize] += 1;
        let (bit, had) = (1 << number.0, &mut self.had[node as usize]);
        let is_first = *had & bit == 0;
        *had |= bit;
        if is_first {
            self.visited[number.0 as usize] += 1;
        }
        if number.0 == 0 {
            self.record_first(node, now, starts);
        }
    }

    fn record_first(&mut self, node: u32, now: f64, starts: bool) {
        let (visited, nodes) = (f64::from(self.visited[0]), self.had.len() as f64);
        for (share, reached) in SHARES.iter().zip(&mut self.reached) {
            if visited >= share * nodes {
                reached.get_or_insert(now);
            }
        }
        if node == self.origin && !starts {
            self.returned.get_or_insert(now);
        }
    }

    /// A node has a message no more.
    pub(super) fn leaves(&mut self, number: Number) {
        if let Some(copies) = self.copies.get_mut(number.0 as usize) {
            *copies = copies.saturating_sub(1);
        }
    }

    /// How often the followed messages came by this node.
    pub(super) fn visits_of(&self, node: u32) -> u32 {
        self.visits[node as usize]
    }

    /// The share of the nodes that a followed message has been at, on average.
    pub(super) fn visited(&self) -> f64 {
        let all = self.visited.len() * self.had.len();
        if all == 0 {
            0.0
        } else {
            self.visited.iter().map(|visited| f64::from(*visited)).sum::<f64>() / all as f64
        }
    }

    /// The share of the nodes that the first message has been at.
    pub(super) fn first_visited(&self) -> f64 {
        self.visited.first().map_or(0.0, |visited| f64::from(*visited) / self.had.len() as f64)
    }

    pub(super) fn reached(&self) -> [Option<f64>; SHARES.len()] {
        self.reached
    }

    pub(super) fn returned(&self) -> Option<f64> {
        self.returned
    }

    /// How many messages nobody has any more.
    pub(super) fn lost(&self) -> u32 {
        self.copies.iter().filter(|copies| **copies == 0).count() as u32
    }

    /// How many copies there are of messages that somebody else has as well.
    pub(super) fn duplicates(&self) -> u64 {
        self.copies.iter().map(|copies| u64::from(copies.saturating_sub(1))).sum()
    }
}
