//! The nodes that messages visited, and the number of copies of each message.

use crate::protocol::Message;

/// Number of traced messages: one bit each in a number.
const TRACED: u32 = 64;
/// Shares of the nodes for which the time of the first message is recorded.
pub(super) const SHARES: [f64; 4] = [0.5, 0.9, 0.99, 1.0];

/// Visits of the traced messages, and copies of all messages.
#[derive(Debug)]
pub(super) struct Trace {
    /// The traced messages that each node has had, one bit per message.
    had: Vec<u64>,
    /// Number of visits of traced messages by node.
    visits: Vec<u32>,
    /// Number of nodes visited by traced message.
    visited: Vec<u32>,
    /// Times at which the first message had visited [`SHARES`] of the nodes, in seconds.
    reached: [Option<f64>; SHARES.len()],
    /// Time at which the first message returned to its origin, in seconds.
    returned: Option<f64>,
    /// The first node of the first message.
    origin: u32,
    /// Number of copies by message.
    copies: Vec<u32>,
}

/// Identifies a simulated message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(u32);

impl Number {
    /// The message with this number, counted from 0.
    pub(super) fn message(number: u32) -> Message {
        // A string, because the number 0 is falsy and not passed on.
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
            visited: vec![0; messages.min(TRACED) as usize],
            reached: [None; SHARES.len()],
            returned: None,
            origin: 0,
            copies: vec![0; messages as usize],
        }
    }

    /// A message starts at a node.
    pub(super) fn start_message(&mut self, number: u32, node: u32) {
        if number == 0 {
            self.origin = node;
        }
        self.record_visit(Number(number), node, 0.0, true);
    }

    /// Records that a node accepted a message.
    pub(super) fn visits(&mut self, number: Number, node: u32, now: f64) {
        self.record_visit(number, node, now, false);
    }

    fn record_visit(&mut self, number: Number, node: u32, now: f64, start_message: bool) {
        if let Some(copies) = self.copies.get_mut(number.0 as usize) {
            *copies += 1;
        }
        if number.0 >= TRACED {
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
            self.record_first(node, now, start_message);
        }
    }

    fn record_first(&mut self, node: u32, now: f64, start_message: bool) {
        let (visited, nodes) = (f64::from(self.visited[0]), self.had.len() as f64);
        for (share, reached) in SHARES.iter().zip(&mut self.reached) {
            if visited >= share * nodes {
                reached.get_or_insert(now);
            }
        }
        if node == self.origin && !start_message {
            self.returned.get_or_insert(now);
        }
    }

    /// Records that a node no longer has a message.
    pub(super) fn remove_copy(&mut self, number: Number) {
        if let Some(copies) = self.copies.get_mut(number.0 as usize) {
            *copies = copies.saturating_sub(1);
        }
    }

    /// Number of visits of traced messages to this node.
    pub(super) fn visits_of(&self, node: u32) -> u32 {
        self.visits[node as usize]
    }

    /// The share of the nodes that a traced message has visited, on average.
    pub(super) fn visited(&self) -> f64 {
        let all = self.visited.len() * self.had.len();
        if all == 0 {
            0.0
        } else {
            self.visited.iter().map(|visited| f64::from(*visited)).sum::<f64>() / all as f64
        }
    }

    /// The share of the nodes that the first message has visited.
    pub(super) fn first_visited(&self) -> f64 {
        self.visited.first().map_or(0.0, |visited| f64::from(*visited) / self.had.len() as f64)
    }

    pub(super) fn reached(&self) -> [Option<f64>; SHARES.len()] {
        self.reached
    }

    pub(super) fn returned(&self) -> Option<f64> {
        self.returned
    }

    /// Number of messages without a copy.
    pub(super) fn lost(&self) -> u32 {
        self.copies.iter().filter(|copies| **copies == 0).count() as u32
    }

    /// Number of copies beyond the first of each message.
    pub(super) fn duplicates(&self) -> u64 {
        self.copies.iter().map(|copies| u64::from(copies.saturating_sub(1))).sum()
    }
}
