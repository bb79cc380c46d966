//! A node and a face with a connection between them, on a simulated clock.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use crate::{
    Network, News, Source, Text,
    far::{Clock, Connection, Dial, End, Far, FarError, FarOptions, Serve, Session},
};

/// Bytes that are on their way in one direction before a writer has to wait.
const CAPACITY: usize = 256 << 10;

/// A node, a [`Far`], and a connection between them that delays each byte. Time passes only when everybody waits, and then
/// jumps to the next thing that happens. A task is polled only if it was woken or if its time has come.
pub struct Loopback {
    network: Arc<dyn Network>,
    line: Arc<Line>,
    served: Vec<Served>,
    /// Both directions of each connection.
    pipes: Vec<[Arc<Mutex<Half>>; 2]>,
    far: Option<Far>,
    flag: Arc<Flag>,
    ends: Vec<End>,
}

/// What the connections have in common.
struct Line {
    delay: Duration,
    now: Mutex<Duration>,
    dialled: Mutex<Dialled>,
}

#[derive(Default)]
struct Dialled {
    /// Whether there can be connections.
    is_up: bool,
    /// Whether the face gives up.
    is_over: bool,
    /// The node's ends of new connections.
    new: Vec<Pipe>,
    waker: Option<Waker>,
}

struct Served {
    serve: Serve<Pipe>,
    flag: Arc<Flag>,
}

/// One end of a connection.
pub struct Pipe {
    line: Arc<Line>,
    reads: Arc<Mutex<Half>>,
    writes: Arc<Mutex<Half>>,
}

/// One direction of a connection.
#[derive(Default)]
struct Half {
    /// Bytes, and when they arrive.
    chunks: VecDeque<(Duration, VecDeque<u8>)>,
    bytes: usize,
    /// When the reader learns that there is no more.
    closed: Option<Duration>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Whether a task was woken, and the thread that polls it.
struct Flag(AtomicBool, Thread);

struct LoopbackDial(Arc<Line>);

impl Loopback {
    /// A node whose lines take this time in each direction.
    pub fn new(network: Arc<dyn Network>, delay: Duration) -> Self {
        let dialled = Mutex::new(Dialled { is_up: true, ..Dialled::default() });
        let line = Arc::new(Line { delay, now: Mutex::default(), dialled });
        let flag = Flag::woken();
        Self { network, line, served: Vec::new(), pipes: Vec::new(), far: None, flag, ends: Vec::new() }
    }

    /// Connects a face.
    pub fn connect(&mut self, options: FarOptions) -> Result<(), FarError> {
        let line = Arc::clone(&self.line);
        let clock: Clock = Box::new(move || *lock(&line.now));
        let mut connecting = Far::connect(Box::new(LoopbackDial(Arc::clone(&self.line))), clock, options);
        let waker = Waker::from(Arc::clone(&self.flag));
        loop {
            match Pin::new(&mut connecting).poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(far) => {
                    self.far = Some(far?);
                    return Ok(());
                }
                Poll::Pending => {
                    self.poll_served();
                    assert!(self.advance(Duration::MAX) || self.is_woken(), "nothing happens any more");
                }
            }
        }
    }

    /// The face.
    pub fn far(&mut self) -> &mut Far {
        self.far.as_mut().unwrap_or_else(|| panic!("the face is not connected"))
    }

    /// The time.
    pub fn now(&self) -> Duration {
        *lock(&self.line.now)
    }

    /// The next news of the face, if they come within this time. Otherwise the time has passed.
    pub fn news_within(&mut self, time: Duration) -> Option<News> {
        let end = self.now().saturating_add(time);
        loop {
            if let Some(news) = self.poll() {
                return Some(news);
            }
            if !self.is_woken() && !self.advance(end) {
                *lock(&self.line.now) = end;
                return None;
            }
        }
    }

    /// Waits until another thread has woken somebody, such as a call that has ended. Returns whether that was within half a
    /// minute of real time. It does not wait while bytes are on their way, which arrive when time passes.
    pub fn wait_for_others(&self) -> bool {
        if self.arrives_at().is_some() {
            return true;
        }
        // The thread can have been unparked before, and without a reason.
        (0..30).any(|_| {
            if !self.is_woken() {
                thread::park_timeout(Duration::from_secs(1));
            }
            self.is_woken()
        })
    }

    /// Lets time pass. Returns the news of the face.
    pub fn pass(&mut self, time: Duration) -> Vec<News> {
        let end = self.now() + time;
        let rest = |line: &Line| end.saturating_sub(*lock(&line.now));
        let mut all = Vec::new();
        while let Some(news) = self.news_within(rest(&self.line)) {
            all.push(news);
        }
        all
    }

    /// Lets time pass until everything that was written has arrived. Returns the news of the face.
    pub fn settle(&mut self) -> Vec<News> {
        let mut all = Vec::new();
        loop {
            while let Some(news) = self.poll() {
                all.push(news);
            }
            match self.arrives_at() {
                _ if self.is_woken() => {}
                Some(arrives) => _ = self.advance(arrives),
                None => return all,
            }
        }
    }

    /// Cuts all connections. There are none again until [`Loopback::repair`].
    pub fn cut(&mut self) {
        lock(&self.line.dialled).is_up = false;
        self.pipes.drain(..).flatten().for_each(|half| lock(&half).close(Duration::ZERO));
        self.served.clear();
    }

    /// Lets connections be made again, to this node.
    pub fn repair(&mut self, network: Arc<dyn Network>) {
        self.network = network;
        let mut dialled = lock(&self.line.dialled);
        dialled.is_up = true;
        dialled.waker.take().into_iter().for_each(Waker::wake);
    }

    /// Lets the face give up.
    pub fn give_up(&mut self) {
        let mut dialled = lock(&self.line.dialled);
        dialled.is_over = true;
        dialled.waker.take().into_iter().for_each(Waker::wake);
    }

    /// A connection of a client that is no [`Far`].
    pub fn pipe(&mut self) -> Pipe {
        let (near, far) = Pipe::pair(&self.line);
        lock(&self.line.dialled).new.push(near);
        far
    }

    /// Bytes that wait in the sessions of the node.
    pub fn waiting(&mut self) -> usize {
        self.served.iter_mut().map(|served| served.serve.session().output().len()).sum()
    }

    /// Why connections were closed by the node.
    pub fn ends(&self) -> &[End] {
        &self.ends
    }

    /// Lets everybody work who was woken. Returns news of the face.
    fn poll(&mut self) -> Option<News> {
        self.poll_served();
        let far = self.far.as_mut().filter(|_| self.flag.0.swap(false, Relaxed))?;
        let waker = Waker::from(Arc::clone(&self.flag));
        match far.poll_news(&mut Context::from_waker(&waker)) {
            Poll::Ready(Some(news)) => {
                self.flag.wake_by_ref();
                Some(news)
            }
            Poll::Ready(None) | Poll::Pending => None,
        }
    }

    fn poll_served(&mut self) {
        for pipe in std::mem::take(&mut lock(&self.line.dialled).new) {
            self.pipes.push([Arc::clone(&pipe.reads), Arc::clone(&pipe.writes)]);
            let serve = Serve::new(Session::new(Arc::clone(&self.network), Some(1)), pipe);
            self.served.push(Served { serve, flag: Flag::woken() });
        }
        let now = self.now();
        let ends = &mut self.ends;
        self.served.retain_mut(|served| {
            let is_due = served.serve.wakes_at().is_some_and(|at| at <= now);
            if !served.flag.0.swap(false, Relaxed) && !is_due {
                return true;
            }
            let waker = Waker::from(Arc::clone(&served.flag));
            match served.serve.poll(&mut Context::from_waker(&waker), now) {
                Poll::Pending => true,
                Poll::Ready(end) => {
                    ends.extend(end.ok());
                    false
                }
            }
        });
    }

    fn is_woken(&self) -> bool {
        let has_new = !lock(&self.line.dialled).new.is_empty();
        has_new
            || self.far.is_some() && self.flag.0.load(Relaxed)
            || self.served.iter().any(|served| served.flag.0.load(Relaxed))
    }

    /// Jumps to the next thing that happens, if that is before the end.
    fn advance(&mut self, end: Duration) -> bool {
        let now = self.now();
        let due = self.served.iter().filter_map(|served| served.serve.wakes_at());
        let Some(next) = due.chain(self.arrives_at()).filter(|at| *at <= end).min() else { return false };
        let next = next.max(now);
        *lock(&self.line.now) = next;
        self.pipes.iter().flatten().for_each(|half| lock(half).wake_reader(next));
        self.pipes.retain(|halves| halves.iter().any(|half| Arc::strong_count(half) > 1));
        true
    }

    /// When the next bytes arrive that nobody has been told of.
    fn arrives_at(&self) -> Option<Duration> {
        self.pipes.iter().flatten().filter_map(|half| lock(half).arrives_at()).min()
    }
}

impl Half {
    /// When there is something new for a reader that waits.
    fn arrives_at(&self) -> Option<Duration> {
        let chunk = self.chunks.front().map(|(at, _)| *at);
        chunk.or(self.closed).filter(|_| self.reader.is_some())
    }

    fn wake_reader(&mut self, now: Duration) {
        if self.arrives_at().is_some_and(|at| at <= now) {
            self.reader.take().into_iter().for_each(Waker::wake);
        }
    }

    fn close(&mut self, at: Duration) {
        self.closed.get_or_insert(at);
        self.writer.take().into_iter().for_each(Waker::wake);
        self.wake_reader(at);
    }
}

impl Pipe {
    fn pair(line: &Arc<Line>) -> (Self, Self) {
        let [one, two]: [Arc<Mutex<Half>>; 2] = Default::default();
        let near = Self { line: Arc::clone(line), reads: Arc::clone(&one), writes: Arc::clone(&two) };
        (near, Self { line: Arc::clone(line), reads: two, writes: one })
    }
}

impl Connection for Pipe {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let now = *lock(&self.line.now);
        let mut half = lock(&self.reads);
        let mut read = 0;
        while let Some((at, bytes)) = half.chunks.front_mut().filter(|(at, _)| *at <= now) {
            debug_assert!(*at <= now);
            read += io::Read::read(bytes, &mut buffer[read..])?;
            if !bytes.is_empty() {
                break;
            }
            half.chunks.pop_front();
        }
        if read == 0 {
            let is_closed = half.chunks.is_empty() && half.closed.is_some_and(|at| at <= now);
            half.reader = Some(cx.waker().clone()).filter(|_| !is_closed);
            return if is_closed { Poll::Ready(Ok(0)) } else { Poll::Pending };
        }
        half.bytes -= read;
        half.writer.take().into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(read))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let arrives = *lock(&self.line.now) + self.line.delay;
        let mut half = lock(&self.writes);
        if half.closed.is_some() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let bytes = &bytes[..bytes.len().min(CAPACITY.saturating_sub(half.bytes))];
        if bytes.is_empty() {
            half.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        half.bytes += bytes.len();
        half.chunks.push_back((arrives, bytes.to_vec().into()));
        Poll::Ready(Ok(bytes.len()))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let arrives = *lock(&self.line.now) + self.line.delay;
        lock(&self.reads).close(arrives);
        lock(&self.writes).close(arrives);
    }
}

impl Dial for LoopbackDial {
    fn poll_dial(&mut self, cx: &mut Context<'_>) -> Poll<Option<Box<dyn Connection>>> {
        let mut dialled = lock(&self.0.dialled);
        if dialled.is_over {
            return Poll::Ready(None);
        }
        if !dialled.is_up {
            dialled.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let (near, far) = Pipe::pair(&self.0);
        dialled.new.push(near);
        Poll::Ready(Some(Box::new(far)))
    }

    fn reason(&self) -> Text {
        "the connection was cut for good".into()
    }
}

impl Flag {
    fn woken() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true), thread::current()))
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Relaxed);
        self.1.unpark();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
