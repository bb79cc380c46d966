use std::collections::{HashMap, VecDeque};

use super::MAX_BEGUN;
use crate::{Answer, MAX_WAITING_BYTES, Near, Request, Source, description::ListId};

/// Who gets the answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// The request with this number.
    Id(u64),
    /// The command that was typed as the line with this number.
    Line(u64),
}

/// The requests of a client that are not answered.
#[derive(Default)]
pub(super) struct Requests {
    /// Those that have not begun, in order, with their bytes.
    waiting: VecDeque<(Asker, Request, usize)>,
    /// Those that have begun, by the numbers that the source gave them, with their bytes.
    begun: HashMap<u64, (Asker, ListId, usize)>,
    /// Answers that are not written.
    answers: VecDeque<(Asker, ListId, Answer)>,
    /// Bytes of those that wait, and of those that have begun.
    bytes: [usize; 2],
}

impl Requests {
    pub(super) fn push(&mut self, asker: Asker, request: Request) {
        let bytes = request.bytes();
        self.waiting.push_back((asker, request, bytes));
        self.bytes[0] += bytes;
    }

    /// Whether no further request can be accepted now.
    pub(super) fn is_full(&self) -> bool {
        self.len() >= MAX_BEGUN || self.bytes[0] + self.bytes[1] >= MAX_WAITING_BYTES
    }

    /// Number of requests whose answers are not written.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.begun.len() + self.answers.len()
    }

    /// Begins the next request. Returns whether there was one, and room for its bytes: the source would refuse it.
    pub(super) fn begin(&mut self, near: &mut Near) -> bool {
        let has_room = |bytes| self.bytes[1] == 0 || self.bytes[1] + bytes <= MAX_WAITING_BYTES;
        if !self.waiting.front().is_some_and(|(.., bytes)| has_room(*bytes)) {
            return false;
        }
        let Some((asker, request, bytes)) = self.waiting.pop_front() else { return false };
        self.bytes[0] -= bytes;
        self.bytes[1] += bytes;
        let list = match &request {
            Request::Find(find) => find.list,
            Request::Rows { list, .. } => *list,
            Request::Call(_) | Request::Check(_) => ListId(0),
        };
        self.begun.insert(near.request(request), (asker, list, bytes));
        true
    }

    /// Records the answer to the request to which the source gave this number.
    pub(super) fn record(&mut self, number: u64, answer: Answer) {
        if let Some((asker, list, bytes)) = self.begun.remove(&number) {
            self.bytes[1] -= bytes;
            self.answers.push_back((asker, list, answer));
        }
    }

    /// The next answer, and the list of its rows.
    pub(super) fn pop(&mut self) -> Option<(Asker, ListId, Answer)> {
        self.answers.pop_front()
    }
}
