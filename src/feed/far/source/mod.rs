//! The [`Source`] of a node elsewhere.

mod connecting;
mod looks;
mod requests;
#[cfg(test)]
mod tests;
mod wire;

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

pub use connecting::{Connecting, FarError};

use self::{connecting::poll_hello, looks::Looks, requests::Requests, wire::Closed, wire::Wire};
use super::Dial;
use crate::{
    Answer, Event, Link, Look, Name, News, Now, Request, Run, Source, Text, View,
    description::{Description, Level},
    json::{Hello, JsonError, LineHead, NodeLine, Reader, WatchRequest, Writer, read_line_head},
};

/// Lines in one poll without news for the face, so that other tasks get their turn.
const ROUNDS: usize = 256;

/// The time, as a duration since any fixed moment, on a monotonic clock.
pub type Clock = Box<dyn Fn() -> Duration + Send>;

/// What a [`Far`] asks of its node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarOptions {
    /// The events. The default is all of them, with their lines and their own fields and without rows. An event says which
    /// rows it touched only if rows are asked for; a face that looks needs none.
    pub watch: WatchRequest,
    /// The network that the node must belong to. The default is any.
    pub network: Option<Name>,
}

/// The [`Source`] of a node in another process, over a connection with JSON lines.
///
/// It needs no runtime: it reads and writes in [`Source::poll_news`], and asks for nothing while nobody polls it.
///
/// # Looks
///
/// [`Source::look`] returns what the node has answered last, even if that was another view: see [`Look::view`]. Before the
/// first answer its pages are not [ready](crate::Page::ready). [`News::Looked`] reports a newer answer. At most four looks
/// are on their way. If a face shows several views meanwhile, only the last of them is asked for next. After an answer the
/// node is asked for changes of the same view once the face has looked, so a face that does not look gets none.
///
/// # Requests
///
/// At most 1,024 requests with 4 MiB can wait for their answers, and none is sent while the node is away: more are answered
/// by [`Answer::Refused`]. No request is ever sent twice.
///
/// # Interruptions
///
/// If the connection ends, each request that waits is answered by [`Answer::Lost`], and [`News::Away`] has the reason. The
/// [`Dial`] then makes another connection. The node introduces itself again: [`News::Back`] says whether it is another run.
/// If so, its description can be another one, and the last look is forgotten. If it is the same run, [`News::Lagged`] gives
/// the number of events that were missed meanwhile. A node of another network, or of a newer version, is refused, which
/// [`News::Away`] reports.
pub struct Far {
    dial: Box<dyn Dial>,
    clock: Clock,
    options: FarOptions,
    hello: Hello,
    time: NodeTime,
    state: State,
    looks: Looks,
    requests: Requests,
    news: VecDeque<News>,
    /// Number of the last event of this run that was received or missed.
    seq: Option<u64>,
    waker: Waker,
}

enum State {
    Connected {
        wire: Wire,
        /// Why the node stops, as it has said.
        farewell: Option<Text>,
    },
    Away {
        since: Duration,
        /// The reason that was reported last.
        reason: Text,
        /// A connection whose first line has not been read.
        wire: Option<Wire>,
    },
    /// There will be no connection.
    Ended { since: Duration },
}

/// The clocks of a node, compared with the clock here.
#[derive(Debug, Clone, Copy)]
struct NodeTime {
    heard: Now,
    at: Duration,
}

impl Far {
    /// Waits for the first line of a node.
    pub fn connect(dial: Box<dyn Dial>, clock: Clock, options: FarOptions) -> Connecting {
        Connecting::new(dial, clock, options)
    }

    fn new(dial: Box<dyn Dial>, clock: Clock, mut options: FarOptions, hello: Hello, mut wire: Wire) -> Self {
        options.network = Some(hello.description.network.clone());
        wire.line(|out| Writer::watch(out, &options.watch));
        let time = NodeTime { heard: hello.now, at: clock() };
        Self {
            dial,
            clock,
            options,
            hello,
            time,
            state: State::Connected { wire, farewell: None },
            looks: Looks::default(),
            requests: Requests::default(),
            news: VecDeque::new(),
            seq: None,
            waker: Waker::noop().clone(),
        }
    }

    /// Number of looks that are not answered.
    #[cfg(test)]
    pub(crate) fn looks_in_flight(&self) -> usize {
        self.looks.in_flight()
    }

    fn poll_connected(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let State::Connected { wire, .. } = &mut self.state else { return Poll::Ready(()) };
        let description = &self.hello.description;
        let read = |line: &str| {
            let read = Reader::new(description).node_line(line);
            read.map_err(|error| (error, read_line_head(line)))
        };
        let line = match wire.flush(cx) {
            Ok(()) => match wire.poll_line(cx, read) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(line) => line,
            },
            Err(closed) => Err(closed),
        };
        match line {
            Ok(Ok(line)) => self.accept(line),
            Ok(Err((error, head))) => self.accept_unreadable(&error, &head),
            Err(closed) => self.disconnect(&closed),
        }
        Poll::Ready(())
    }

    fn accept(&mut self, line: NodeLine) {
        match line {
            NodeLine::Hello(hello) => self.greet(hello),
            NodeLine::Watching(seq) => self.begin_events(seq),
            NodeLine::Event(line) => self.accept_event(line.event),
            NodeLine::Look(look) => {
                self.time.hear(look.now, (self.clock)());
                if self.looks.record(look, &self.hello.description) {
                    self.report_look();
                }
                self.ask();
            }
            NodeLine::LookReplaced(number) => {
                self.looks.answered(number);
                self.ask();
            }
            NodeLine::Answer(number, answer) => {
                if self.requests.answered(number) {
                    self.news.push_back(News::Answer(number, answer));
                }
            }
            NodeLine::Lagged { missed, seq } => {
                self.seq = Some(seq);
                self.news.push_back(News::Lagged(missed));
            }
            NodeLine::Away(reason) => {
                if let State::Connected { farewell, .. } = &mut self.state {
                    *farewell = Some(reason);
                }
            }
            NodeLine::State(_) | NodeLine::Gauges(_) | NodeLine::End(_) | NodeLine::Other => {}
        }
    }

    fn accept_event(&mut self, event: Event) {
        // Answers to typed lines, which have no number, look like events.
        if event.seq > 0 {
            self.time.hear(event.now, (self.clock)());
            self.seq = Some(event.seq);
            self.news.push_back(News::Event(event));
        }
    }

    /// A line of a later version, or of a node that does not follow its description. Whatever waits for it goes on.
    fn accept_unreadable(&mut self, _: &JsonError, head: &LineHead) {
        match *head {
            LineHead { id: Some(number), .. } if self.requests.answered(number) => {
                self.news.push_back(News::Answer(number, Answer::Lost));
            }
            LineHead { look: Some(number), .. } => {
                self.looks.answered(number);
                self.ask();
            }
            LineHead { is_event: true, seq: Some(seq), .. } => {
                self.seq = Some(seq);
                self.news.push_back(News::Lagged(1));
            }
            _ => {}
        }
    }

    /// The node writes the events after this one.
    fn begin_events(&mut self, seq: u64) {
        let missed = self.seq.map_or(0, |last| seq.saturating_sub(last));
        if missed > 0 {
            self.news.push_back(News::Lagged(missed));
        }
        self.seq = Some(seq);
    }

    fn report_look(&mut self) {
        if !self.news.iter().any(|news| matches!(news, News::Looked)) {
            self.news.push_back(News::Looked);
        }
    }

    /// Asks for a view that had to wait.
    fn ask(&mut self) {
        if let State::Connected { wire, .. } = &mut self.state {
            self.looks.ask(wire, &self.hello.description, false);
        }
    }

    fn disconnect(&mut self, closed: &Closed) {
        let since = (self.clock)();
        let reason = match &mut self.state {
            State::Connected { farewell, .. } => farewell.take().unwrap_or_else(|| closed.reason()),
            _ => closed.reason(),
        };
        self.end_requests();
        self.news.push_back(News::Away(reason.clone()));
        self.state = State::Away { since, reason, wire: None };
    }

    /// Whatever the node was asked on this connection, it will not answer.
    fn end_requests(&mut self) {
        self.looks.disconnect();
        let lost = self.requests.disconnect().map(|number| News::Answer(number, Answer::Lost));
        self.news.extend(lost);
    }

    fn poll_away(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let State::Away { since, reason, wire } = &mut self.state else { return Poll::Ready(()) };
        let Some(greeting) = wire else {
            match self.dial.poll_dial(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => self.state = State::Ended { since: *since },
                Poll::Ready(Some(connection)) => *wire = Some(Wire::new(connection)),
            }
            return Poll::Ready(());
        };
        match poll_hello(greeting, self.options.network.as_ref(), cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(hello)) => {
                if let Some(wire) = wire.take() {
                    self.state = State::Connected { wire, farewell: None };
                    self.greet(hello);
                }
            }
            Poll::Ready(Err(error)) => {
                *wire = None;
                let refused = Text::from(error.to_string());
                if *reason != refused {
                    reason.clone_from(&refused);
                    self.news.push_back(News::Away(refused));
                }
            }
        }
        Poll::Ready(())
    }

    /// The node has introduced itself again.
    fn greet(&mut self, hello: Hello) {
        self.end_requests();
        let restarted = hello.run != self.hello.run || hello.description != self.hello.description;
        if restarted {
            self.looks.forget();
            self.seq = None;
        }
        self.time = NodeTime { heard: hello.now, at: (self.clock)() };
        self.hello = hello;
        self.news.push_back(News::Back { restarted });
        if let State::Connected { wire, .. } = &mut self.state {
            wire.line(|out| Writer::watch(out, &self.options.watch));
        }
        self.ask();
    }
}

impl Source for Far {
    fn description(&self) -> &Arc<Description> {
        &self.hello.description
    }

    fn run(&self) -> Run {
        self.hello.run
    }

    fn now(&self) -> Now {
        self.time.now((self.clock)())
    }

    fn link(&self) -> Link {
        let away = match &self.state {
            State::Connected { .. } => None,
            State::Away { since, .. } | State::Ended { since } => Some((self.clock)().saturating_sub(*since)),
        };
        Link::Far { away }
    }

    fn look(&mut self, view: &View) -> Arc<Look> {
        let wire = match &mut self.state {
            State::Connected { wire, .. } => Some(wire),
            _ => None,
        };
        if self.looks.want(view, wire, &self.hello.description) {
            self.waker.wake_by_ref();
        }
        let now = self.time.now((self.clock)());
        self.looks.shown(view, &self.hello.description, now)
    }

    fn request(&mut self, request: Request) -> u64 {
        let wire = match &mut self.state {
            State::Connected { wire, .. } => Some(wire),
            _ => None,
        };
        let (number, answer) = self.requests.push(request, wire, &self.hello.description);
        self.news.extend(answer.map(|answer| News::Answer(number, answer)));
        self.waker.wake_by_ref();
        number
    }

    fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<Option<News>> {
        self.waker.clone_from(cx.waker());
        for _ in 0..ROUNDS {
            if let Some(news) = self.news.pop_front() {
                return Poll::Ready(Some(news));
            }
            let polled = match &self.state {
                State::Connected { .. } => self.poll_connected(cx),
                State::Away { .. } => self.poll_away(cx),
                State::Ended { .. } => return Poll::Ready(None),
            };
            if polled.is_pending() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// All events, with their lines and their own fields.
impl Default for FarOptions {
    fn default() -> Self {
        Self { watch: WatchRequest { level: Level::Debug, ..WatchRequest::default() }, network: None }
    }
}

impl NodeTime {
    fn now(&self, clock: Duration) -> Now {
        let passed = clock.saturating_sub(self.at);
        let uptime = self.heard.uptime.saturating_add(passed);
        Now { uptime, unix_ms: self.heard.unix_ms.saturating_add(passed.as_millis() as u64) }
    }

    /// Corrects the clocks by a time of the node, which is in the past by the time that the line has taken. The line that
    /// has taken the shortest time counts, because the uptime must not go back. The wall clock of the node can jump.
    fn hear(&mut self, heard: Now, clock: Duration) {
        let uptime = heard.uptime.max(self.now(clock).uptime);
        let late = uptime.saturating_sub(heard.uptime).as_millis() as u64;
        *self = Self { heard: Now { uptime, unix_ms: heard.unix_ms.saturating_add(late) }, at: clock };
    }
}
