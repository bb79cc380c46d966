use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
    sync::Arc,
    task::Waker,
};

use super::{calls::Calls, rows};
use crate::{
    Answer, Call, Key, MAX_ITEMS, MAX_WAITING, MAX_WAITING_BYTES, Network, News, Request,
    description::ListId, find::Search,
};

/// The requests of a face that have not been answered.
#[derive(Default)]
pub(super) struct Requests {
    /// Number of the last request.
    last: u64,
    calls: Calls,
    check: Option<(u64, Call)>,
    find: Option<(u64, Search)>,
    rows: VecDeque<(u64, ListId, Vec<Key>)>,
    answers: VecDeque<(u64, Answer)>,
    /// The bytes of the requests whose answers were not returned, and their sum.
    sizes: HashMap<u64, usize>,
    bytes: usize,
    /// The requests that were refused because too many wait. There is one range, because all of it is answered before
    /// there is room for a request again.
    refused: Range<u64>,
}

impl Requests {
    /// Begins a request and returns its number.
    pub(super) fn push(&mut self, network: &Arc<dyn Network>, request: Request) -> u64 {
        self.last += 1;
        let number = self.last;
        let bytes = request.bytes();
        // One alone is never too large.
        let is_full = self.bytes > 0 && self.bytes + bytes > MAX_WAITING_BYTES;
        if self.len() >= MAX_WAITING || is_full || !self.refused.is_empty() {
            let start = if self.refused.is_empty() { number } else { self.refused.start };
            self.refused = start..number + 1;
            return number;
        }
        self.bytes += bytes;
        self.sizes.insert(number, bytes);
        match request {
            Request::Call(call) => self.calls.push(number, Arc::clone(network).call(call)),
            Request::Check(call) => {
                let older = self.check.replace((number, call));
                self.replaced(older.map(|(number, _)| number));
            }
            Request::Find(find) if network.description().list(find.list).is_none() => {
                self.answers.push_back((number, Answer::Found { rows: Vec::new(), more: false }));
            }
            Request::Find(find) => {
                let older = self.find.replace((number, Search::new(&find, network.description())));
                self.replaced(older.map(|(number, _)| number));
            }
            Request::Rows { keys, .. } if keys.len() > MAX_ITEMS => {
                let reason = format!("{} items were asked for, at most {MAX_ITEMS} are possible", keys.len());
                self.answers.push_back((number, Answer::Refused(reason.into())));
            }
            Request::Rows { list, keys } => self.rows.push_back((number, list, keys)),
        }
        number
    }

    fn replaced(&mut self, number: Option<u64>) {
        self.answers.extend(number.map(|number| (number, Answer::Replaced)));
    }

    /// Number of requests whose answers were not returned, without the refused ones.
    fn len(&self) -> usize {
        let one = usize::from(self.check.is_some()) + usize::from(self.find.is_some());
        one + self.calls.len() + self.rows.len() + self.answers.len()
    }

    /// Whether every answer was returned.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0 && self.refused.is_empty()
    }

    /// An answer, if one can be given now.
    pub(super) fn next_answer(&mut self, network: &dyn Network) -> Option<News> {
        if let Some(number) = self.refused.next() {
            let reason = "too many requests wait for their answers: try again when they were answered";
            return Some(News::Answer(number, Answer::Refused(reason.into())));
        }
        if let Some(answer) = self.pop() {
            return Some(answer);
        }
        if let Some((number, result)) = self.calls.poll() {
            return Some(self.answered(number, Answer::Called(Box::new(result))));
        }
        if let Some((number, call)) = self.check.take() {
            return Some(self.answered(number, Answer::Checked(network.check(&call))));
        }
        let (number, list, keys) = self.rows.pop_front()?;
        Some(self.answered(number, Answer::Rows(rows(network, list, &keys))))
    }

    /// An answer that needs nothing of the node.
    pub(super) fn pop(&mut self) -> Option<News> {
        let (number, answer) = self.answers.pop_front()?;
        Some(self.answered(number, answer))
    }

    fn answered(&mut self, number: u64, answer: Answer) -> News {
        self.bytes -= self.sizes.remove(&number).unwrap_or_default();
        News::Answer(number, answer)
    }

    /// Searches one slice.
    pub(super) fn search(&mut self, network: &dyn Network) {
        let answer =
            self.find.as_mut().and_then(|(number, search)| Some((*number, search.advance(network)?)));
        if let Some(answer) = answer {
            self.find = None;
            self.answers.push_back(answer);
        }
    }

    /// Whether polling again can give an answer, although nothing else happens.
    pub(super) fn has_work(&self) -> bool {
        self.find.is_some() || !self.answers.is_empty()
    }

    pub(super) fn waker(&self) -> Waker {
        self.calls.waker()
    }

    pub(super) fn set_waker(&self, waker: &Waker) {
        self.calls.set_waker(waker);
    }
}
