use std::collections::BTreeMap;

use super::wire::Wire;
use crate::{
    Answer, Find, MAX_ITEMS, MAX_WAITING, MAX_WAITING_BYTES, Name, Request,
    description::Description,
    json::{MAX_LINE, Writer},
};

/// The requests of a face that are not answered.
#[derive(Default)]
pub(super) struct Requests {
    /// Number of the last request.
    last: u64,
    /// The bytes of the lines of those that were written, by their numbers.
    waiting: BTreeMap<u64, usize>,
    bytes: usize,
}

impl Requests {
    /// Writes a request. The second value is its answer if it can be given at once.
    pub(super) fn push(
        &mut self,
        request: Request,
        wire: Option<&mut Wire>,
        description: &Description,
    ) -> (u64, Option<Answer>) {
        self.last += 1;
        let answer = match known(request, description) {
            Ok(request) => self.write(&request, wire, description),
            Err(answer) => Some(answer),
        };
        (self.last, answer)
    }

    fn write(
        &mut self,
        request: &Request,
        wire: Option<&mut Wire>,
        description: &Description,
    ) -> Option<Answer> {
        let refused = |reason: String| Some(Answer::Refused(reason.into()));
        let Some(wire) = wire else {
            return refused(
                "the node is away: the request was not sent, try again when it is back".to_owned(),
            );
        };
        if self.waiting.len() >= MAX_WAITING {
            return refused(format!(
                "{MAX_WAITING} requests wait for their answers: try again when they were answered"
            ));
        }
        let mut line = Vec::new();
        Writer::new(description).request(&mut line, self.last, request);
        if line.len() > MAX_LINE {
            return refused(format!(
                "the request is longer than {MAX_LINE} bytes, which a node does not read"
            ));
        }
        if self.bytes + line.len() > MAX_WAITING_BYTES {
            return refused(format!(
                "{} bytes of requests wait for their answers: try again when they were answered",
                self.bytes
            ));
        }
        self.bytes += line.len();
        self.waiting.insert(self.last, line.len());
        wire.line(|out| out.extend_from_slice(&line));
        None
    }

    /// Records that a request was answered. Returns whether it waited.
    pub(super) fn answered(&mut self, number: u64) -> bool {
        let bytes = self.waiting.remove(&number);
        self.bytes -= bytes.unwrap_or_default();
        bytes.is_some()
    }

    /// The connection has ended. Returns the numbers of the requests that wait.
    pub(super) fn disconnect(&mut self) -> impl Iterator<Item = u64> + use<> {
        self.bytes = 0;
        std::mem::take(&mut self.waiting).into_keys()
    }
}

/// A request that a node can read, or the answer to one about what the node does not have.
fn known(request: Request, description: &Description) -> Result<Request, Answer> {
    match request {
        Request::Find(Find { list, only, typed }) => {
            let is_status = |name: &Name| description.status_id(name.as_str()).is_some();
            let known: Vec<_> = only.iter().filter(|name| is_status(name)).cloned().collect();
            if description.list(list).is_none() || known.is_empty() && !only.is_empty() {
                return Err(Answer::Found { rows: Vec::new(), more: false });
            }
            Ok(Request::Find(Find { list, only: known, typed }))
        }
        Request::Rows { keys, .. } if keys.len() > MAX_ITEMS => {
            let reason = format!("{} items were asked for, at most {MAX_ITEMS} are possible", keys.len());
            Err(Answer::Refused(reason.into()))
        }
        Request::Rows { list, keys } if description.list(list).is_none() => {
            Err(Answer::Rows(vec![None; keys.len()]))
        }
        request => Ok(request),
    }
}
