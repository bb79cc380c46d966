//! The node's side of one connection: lines in, lines out.

mod looks;
mod output;
mod requests;
#[cfg(test)]
mod tests;
mod watching;

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use self::{looks::Looks, output::Output, requests::Asker, requests::Requests, watching::Watching};
use crate::{
    Answer, Call, Near, Network, News, Request, Source, Text,
    description::ListId,
    json::{FaceLine, Hello, LineBuffer, Reader, RequestError, WatchRequest, Writer},
};

/// Maximum requests of a client that wait for their answers. While there are as many, or
/// [`MAX_WAITING_BYTES`](crate::MAX_WAITING_BYTES) of them, nothing is read.
pub const MAX_BEGUN: usize = 64;
/// Maximum looks of a client that wait for their answers.
pub const MAX_LOOKS: usize = 4;
/// Bytes that wait for a client from which on it misses events, and nothing else is written either.
pub const MAX_BEHIND: usize = 4 << 20;
/// Maximum rows of an answer to a look. The windows of a view share them: the last ones get fewer.
pub const MAX_LOOK_ROWS: usize = 8192;
/// Maximum windows of a view that are sorted or filtered, because the node keeps an index for each. More are refused.
pub const MAX_SORTED: usize = 8;
/// How long a client can take nothing of what waits for it. Then it has to be disconnected.
pub const NOT_READ: Duration = Duration::from_secs(10);
/// News of the node in one poll, so that other tasks get their turn.
const ROUNDS: usize = 256;

/// Serves one client over JSON lines. It reads and writes nothing itself.
///
/// 1. [`Session::poll`] lets it work.
/// 2. [`Session::output`] is written to the client, and [`Session::written`] reports how much of it.
/// 3. If [`Session::wants_input`], bytes of the client go to [`Session::read`].
///
/// Then it is polled again. [`Serve`](super::Serve) does this with a [`Connection`](super::Connection).
///
/// Nothing that a client sends, and nothing that it does not read, delays the node or fills its memory: a session holds at
/// most one line of input, 4 MiB and one answer of output, 64 requests of 4 MiB, and 4 looks. The node never waits for a session.
pub struct Session {
    network: Arc<dyn Network>,
    near: Near,
    input: LineBuffer,
    /// Number of the last line that was read, counted from 1 without empty lines.
    line: u64,
    output: Output,
    looks: Looks,
    requests: Requests,
    watching: Option<Watching>,
    input_ended: bool,
    /// Whether the last line was written.
    has_left: bool,
}

/// Why a connection has to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The node has ended, or [`Session::leave`] was called, and the client has got everything.
    Stopped,
    /// The client writes no more and has got its answers.
    Left,
    /// The client has read nothing for ten seconds. That belongs into the log.
    NotRead,
}

impl Session {
    /// Begins with the line `hello`. `process`: the id of the node's process, if it has one of its own.
    pub fn new(network: Arc<dyn Network>, process: Option<u32>) -> Self {
        let near = Near::new(Arc::clone(&network));
        let mut output = Output::default();
        let description = Arc::clone(network.description());
        let hello = Hello { run: network.run(), process, now: network.now(), description };
        output.line(|out| Writer::hello(out, &hello));
        Self {
            network,
            near,
            input: LineBuffer::for_node(),
            line: 0,
            output,
            looks: Looks::default(),
            requests: Requests::default(),
            watching: None,
            input_ended: false,
            has_left: false,
        }
    }

    /// Whether bytes of the client can be read now. If not, they stay with the system, so that the client has to wait.
    pub fn wants_input(&self) -> bool {
        !self.input_ended
            && !self.has_left
            && self.output.len() < MAX_BEHIND
            && !self.requests.is_full()
            && !self.looks.is_full()
    }

    /// Reads lines of the client while [`Session::wants_input`]. It takes from `bytes` what it has used.
    pub fn read(&mut self, bytes: &mut &[u8]) {
        let description = Arc::clone(self.network.description());
        let reader = Reader::new(&description);
        while self.wants_input() {
            let line = match self.input.next_line(bytes) {
                None => return,
                Some(Ok(line)) => reader.face_line(line),
                Some(Err(error)) => Err(RequestError { id: None, error }),
            };
            self.accept_line(line);
        }
    }

    /// The client writes no more. It still gets its answers.
    pub fn end_input(&mut self) {
        let description = Arc::clone(self.network.description());
        let rest = match self.input.rest() {
            None => None,
            Some(Ok(line)) => Some(Reader::new(&description).face_line(line)),
            Some(Err(error)) => Some(Err(RequestError { id: None, error })),
        };
        rest.into_iter().for_each(|line| self.accept_line(line));
        self.input_ended = true;
    }

    /// The bytes that the client has to receive.
    pub fn output(&self) -> &[u8] {
        self.output.waiting()
    }

    /// Reports that the client has taken this number of bytes of [`Session::output`].
    pub fn written(&mut self, bytes: usize, now: Duration) {
        self.output.remove(bytes, now);
    }

    /// Tells the client that the node stops, for this reason. Requests that are not answered stay without an answer.
    pub fn leave(&mut self, reason: &Text) {
        if !self.has_left {
            self.has_left = true;
            self.output.line(|out| Writer::away(out, reason));
        }
    }

    /// Works, without waiting and for a few milliseconds. `now` is the time. It is ready when the connection has to be
    /// closed.
    pub fn poll(&mut self, cx: &mut Context<'_>, now: Duration) -> Poll<End> {
        self.output.set_time(now);
        if self.output.waits_since().is_some_and(|since| now >= since + NOT_READ) {
            return Poll::Ready(End::NotRead);
        }
        self.work(cx, now);
        self.output.set_time(now);
        self.end()
    }

    fn work(&mut self, cx: &mut Context<'_>, now: Duration) {
        for _ in 0..ROUNDS {
            if self.has_left {
                return;
            }
            self.write_due(now);
            match self.near.poll_news(cx) {
                Poll::Ready(Some(news)) => self.accept_news(news),
                Poll::Ready(None) => {
                    // Answers for which there is no room now come before the end.
                    if self.requests.len() == 0 {
                        self.leave(&"the node has stopped".into());
                    }
                    return;
                }
                Poll::Pending => return,
            }
        }
        cx.waker().wake_by_ref();
    }

    /// When it has to be polled again at the latest, although nobody wakes it. `None`: only when it is woken.
    pub fn wakes_at(&self) -> Option<Duration> {
        let not_read = self.output.waits_since().map(|since| since + NOT_READ);
        let has_room = !self.has_left && self.output.len() < MAX_BEHIND;
        let due = [self.looks.due(), self.watching.as_ref().and_then(Watching::due)];
        let due = due.into_iter().flatten().filter(|_| has_room);
        due.chain(not_read).min()
    }

    fn end(&self) -> Poll<End> {
        let is_answered = self.input_ended && self.requests.len() == 0 && !self.looks.has_new();
        match () {
            () if self.output.len() > 0 => Poll::Pending,
            () if self.has_left => Poll::Ready(End::Stopped),
            () if is_answered => Poll::Ready(End::Left),
            () => Poll::Pending,
        }
    }

    fn accept_line(&mut self, line: Result<FaceLine, RequestError>) {
        self.line += 1;
        match line {
            Ok(FaceLine::Watch(request)) => self.watch(request),
            Ok(FaceLine::View(view)) => {
                let replaced = self.looks.view(view, self.network.description());
                replaced.into_iter().for_each(|number| self.replace_look(number));
            }
            Ok(FaceLine::SameView(number)) => match self.looks.same_view(number) {
                Ok(replaced) => replaced.into_iter().for_each(|number| self.replace_look(number)),
                Err(()) => self.refuse("there is no view yet: write `look` with `windows` first"),
            },
            Ok(FaceLine::Request(id, request)) => self.requests.push(Asker::Id(id), request),
            Ok(FaceLine::Typed(id, line)) => {
                let asker = id.map_or(Asker::Line(self.line), Asker::Id);
                match Call::from_line(line.untrusted(), self.network.run(), self.network.description()) {
                    Ok(call) => self.requests.push(asker, Request::Call(call)),
                    Err(reason) => self.answer(asker, ListId(0), &Answer::Refused(reason)),
                }
            }
            Err(RequestError { id: Some(id), error }) => {
                let refused = Answer::Refused(error.to_string().into());
                self.answer(Asker::Id(id), ListId(0), &refused);
            }
            Err(RequestError { id: None, error }) => self.refuse(error.to_string()),
        }
    }

    fn watch(&mut self, request: WatchRequest) {
        match Watching::new(request, self.network.description()) {
            Ok(watching) => {
                self.watching = Some(watching);
                let seq = self.near.seq();
                self.output.line(|out| Writer::watching(out, seq));
            }
            Err(error) => self.refuse(format!("the filter: {error}")),
        }
    }

    fn replace_look(&mut self, number: u64) {
        self.output.line(|out| Writer::look_replaced(out, number));
    }

    /// Refuses the last line, which has no number.
    fn refuse(&mut self, reason: impl Into<Text>) {
        let (now, line, reason) = (self.network.now(), self.line, reason.into());
        self.output.line(|out| Writer::error(out, now, line, &reason));
    }

    fn accept_news(&mut self, news: News) {
        match news {
            News::Event(event) => {
                self.looks.record(&event);
                if let Some(watching) = &mut self.watching {
                    watching.event(&mut self.output, &*self.network, &event);
                }
            }
            News::Lagged(missed) => {
                self.looks.touch();
                let last = self.near.seq();
                self.watching.iter_mut().for_each(|watching| watching.miss(missed, last));
            }
            News::Looked => self.looks.touch(),
            News::Answer(number, answer) => self.requests.record(number, answer),
            News::Away(_) | News::Back { .. } => {}
        }
    }

    /// Writes everything that is due and for which there is room, and begins the requests that wait.
    fn write_due(&mut self, now: Duration) {
        while self.output.len() < MAX_BEHIND {
            let seq = self.near.seq();
            let has_written = match &mut self.watching {
                Some(watching) => watching.write_due(&mut self.output, &self.network, seq, now),
                None => false,
            };
            if has_written {
                continue;
            }
            if let Some((asker, list, answer)) = self.requests.pop() {
                self.answer(asker, list, &answer);
            } else if !self.requests.begin(&mut self.near) && !self.look(now) {
                break;
            }
        }
    }

    /// Answers a look that is due. Returns whether there was one.
    fn look(&mut self, now: Duration) -> bool {
        if self.looks.due().is_none_or(|due| now < due) {
            return false;
        }
        if let Some((view, look)) = self.looks.read(&mut self.near, now) {
            let writer = Writer::new(self.network.description());
            self.output.line(|out| writer.look(out, view, &look));
        }
        true
    }

    fn answer(&mut self, asker: Asker, list: ListId, answer: &Answer) {
        let id = match asker {
            Asker::Id(id) => id,
            Asker::Line(line) => return self.answer_line(line, answer),
        };
        let writer = Writer::new(self.network.description());
        self.output.line(|out| writer.answer(out, id, list, answer));
    }

    /// Answers a typed command without a number.
    fn answer_line(&mut self, line: u64, answer: &Answer) {
        let now = self.network.now();
        let result = match answer {
            Answer::Called(result) => result.as_ref().as_ref().map(|done| &done.text).map_err(|no| &no.text),
            Answer::Refused(reason) => Err(reason),
            _ => return,
        };
        self.output.line(|out| match result {
            Ok(text) => Writer::reply(out, now, line, text),
            Err(reason) => Writer::error(out, now, line, reason),
        });
    }
}
