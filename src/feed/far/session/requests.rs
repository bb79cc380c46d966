use std::collections::{HashMap, VecDeque};

use crate::{Answer, Near, Request, Source, description::ListId};

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
    /// Those that have not begun, in order.
    waiting: VecDeque<(Asker, Request)>,
    /// Those that have begun, by the numbers that the source gave them.
    begun: HashMap<u64, (Asker, ListId)>,
    /// Answers that are not written.
    answers: VecDeque<(Asker, ListId, Answer)>,
}

impl Requests {
    pub(super) fn push(&mut self, asker: Asker, request: Request) {
        self.waiting.push_back((asker, request));
    }

    /// Number of requests whose answers are not written.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.begun.len() + self.answers.len()
    }

    /// Begins the next request. Returns whether there was one.
    pub(super) fn begin(&mut self, near: &mut Near) -> bool {
        let Some((asker, request)) = self.waiting.pop_front() else { return false };
        let list = match &request {
            Request::Find(find) => find.list,
            Request::Rows { list, .. } => *list,
            Request::Call(_) | Request::Check(_) => ListId(0),
        };
        self.begun.insert(near.request(request), (asker, list));
        true
    }

    /// Records the answer to the request to which the source gave this number.
    pub(super) fn record(&mut self, number: u64, answer: Answer) {
        if let Some((asker, list)) = self.begun.remove(&number) {
            self.answers.push_back((asker, list, answer));
        }
    }

    /// The next answer, and the list of its rows.
    pub(super) fn pop(&mut self) -> Option<(Asker, ListId, Answer)> {
        self.answers.pop_front()
    }
}
