//! Plays a recording as a [`Source`].

mod deck;
mod network;
mod tape;
mod version_2;

use std::{
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use clacks_feed::{
    Link, Look, Near, Network, News, Now, Playback, Request, Run, Source, View,
    description::Description,
    json::State,
    mirror::{Format, Mirror, PreparedState},
};
use clacks_language::command::playback::ReplayCommand;
use jiff::tz::TimeZone;
use tokio::{
    runtime::Handle,
    task::JoinHandle,
    time::{Sleep, sleep_until},
};

pub(crate) use self::tape::SLICE;
pub use self::tape::{Facts, OpenError};
use self::{
    deck::Deck,
    network::{ReplayNetwork, describe},
    tape::{Item, Next, Tape, What},
};
use crate::jump::PlaybackError;

/// A jump forward passes over so many bytes at least, if a state is behind them. What is passed over is reported as
/// missed.
const PASSED_OVER: u64 = 8 << 20;

/// A recording that is played.
///
/// Events come at the time at which they happened, faster or slower. The description has the commands `pause`, `step`,
/// `speed` and `jump` in place of the node's.
///
/// # Jumps
///
/// A jump back, and a long one forward, restores the rows from the nearest state before the target. Then the events up to
/// the target follow at once. A jump back is reported by [`News::Back`], one forward that passes over events by
/// [`News::Lagged`]. [`Playback::jumping`] says how far it has come. A poll reads 256 KiB of the file at most; a larger
/// state is read on another thread.
///
/// # Polling
///
/// Like every source, it is driven by polling alone. [`Source::poll_news`] must be called within a runtime of tokio,
/// whose clock it uses. [`News::Looked`] comes when rows or gauges changed without an event, when a jump has ended and at
/// the end of the recording. There is no last news, because a face can jump back. If the file cannot be read,
/// [`News::Away`] comes and the recording ends there.
pub struct Replay {
    near: Near,
    network: Arc<ReplayNetwork>,
    recorded: Arc<Description>,
    tape: TapeSlot,
    facts: Facts,
    /// What comes next, read ahead to know when.
    next: Option<Item>,
    /// Number of the last event that was played or is missing.
    events: u64,
    /// Whether everything was read.
    is_read: bool,
    /// Where the jump that is under way began, and where it ends at the latest, in bytes of the file.
    way: (u64, u64),
    sleep: Option<Pin<Box<Sleep>>>,
}

/// The file, which is away while another thread reads a large state.
enum TapeSlot {
    Here(Box<Tape>),
    Away(JoinHandle<(Box<Tape>, Result<Next, OpenError>)>),
    /// It cannot be read any more.
    Lost,
}

/// What was done in one poll.
enum Progress {
    /// An event was played, or events are missing.
    Event,
    /// Rows or gauges have changed, or a jump or the recording has ended.
    Changed,
    /// Nothing that is shown, and more is due.
    More,
    /// What comes next is not due.
    Waits,
    /// Another thread reads.
    Reads,
    /// This has to be told.
    News(News),
}

impl Replay {
    /// Opens a recording at its start. `older` are the forms of recordings besides version 2. `speed` is a multiple of
    /// the recorded speed. `zone` is the time zone for times of day. `progress` is called with the fraction of the file
    /// that was read, 0 to 1.
    ///
    /// Blocks until the file was read once.
    pub fn open(
        path: &Path,
        older: &[&dyn Format],
        speed: f64,
        zone: TimeZone,
        progress: impl FnMut(f64),
    ) -> Result<Self, OpenError> {
        let tape = Tape::open(path, older, progress)?;
        let (hello, facts) = (tape.hello(), tape.facts);
        let recorded = Arc::clone(&hello.description);
        let mirror = Mirror::new(Arc::new(describe(&recorded)), hello.run);
        mirror.set_now(facts.begins);
        let network = ReplayNetwork::new(mirror, Deck::new(facts, speed, zone));
        let mut replay = Self {
            near: Near::new(Arc::clone(&network) as Arc<dyn Network>),
            network,
            recorded,
            tape: TapeSlot::Here(Box::new(tape)),
            facts,
            next: None,
            events: 0,
            is_read: false,
            way: (0, 0),
            sleep: None,
        };
        replay.begin()?;
        Ok(replay)
    }

    /// Plays what has no event at the start, so that the first look has rows.
    fn begin(&mut self) -> Result<(), OpenError> {
        loop {
            if let TapeSlot::Here(tape) = &mut self.tape {
                let next = tape.next()?;
                self.has_read(next);
            }
            let is_start = |item: &Item| {
                item.now.uptime <= self.facts.begins.uptime
                    && !matches!(item.what, What::Event(_) | What::Lagged(_))
            };
            match self.next.take_if(|item| is_start(item)) {
                Some(item) => _ = self.play(item),
                None if self.next.is_none() && !self.is_read => {}
                None => return Ok(()),
            }
        }
    }

    /// Summary of the recording.
    pub fn facts(&self) -> Facts {
        self.facts
    }

    /// A remark about the parts that are skipped, for the user. `None` if nothing is skipped.
    pub fn remark(&self) -> Option<String> {
        (!self.facts.left_out.is_empty()).then(|| self.facts.left_out.to_string())
    }

    /// How the recording is played.
    pub fn playback(&self) -> Playback {
        self.network.deck().playback()
    }

    /// Pauses, or goes on.
    pub fn pause(&mut self, paused: bool) {
        self.network.deck().pause(paused);
    }

    /// Goes to this time from the start, at most to the end.
    pub fn jump(&mut self, place: Duration) {
        self.network.deck().jump(place);
    }

    /// Reason why a command would be refused now.
    pub fn why_not(&self, command: ReplayCommand) -> Option<PlaybackError> {
        self.network.deck().why_not(command)
    }

    /// Carries out a command. Returns what was done, one line.
    ///
    /// # Errors
    ///
    /// Fails as [`Replay::why_not`] says.
    pub fn carry_out(&mut self, command: ReplayCommand) -> Result<String, PlaybackError> {
        let mut deck = self.network.deck();
        let done = deck.carry_out(command);
        let waker = deck.waker();
        drop(deck);
        waker.wake();
        done
    }

    /// What the recorded node offered. A replay carries out none of its commands.
    pub fn recorded(&self) -> &Arc<Description> {
        &self.recorded
    }

    /// The recorded node, with the commands of the replay in place of its own.
    pub fn network(&self) -> Arc<dyn Network> {
        Arc::clone(&self.network) as Arc<dyn Network>
    }

    /// Plays to the end of what is in the file by now.
    #[cfg(test)]
    pub(crate) fn extend(&mut self) {
        let TapeSlot::Here(tape) = &mut self.tape else { panic!("another thread reads") };
        tape.extend();
        self.is_read = false;
        let mut deck = self.network.deck();
        deck.extend();
        deck.jump(Duration::MAX);
    }

    /// Plays what is due, to the next event at most.
    fn advance(&mut self, cx: &mut Context<'_>) -> Progress {
        if let TapeSlot::Away(reading) = &mut self.tape {
            let Poll::Ready(read) = Pin::new(reading).poll(cx) else { return Progress::Reads };
            let Ok((tape, next)) = read else { return self.fail("the recording could not be read on") };
            self.tape = TapeSlot::Here(tape);
            match next {
                Ok(next) => self.has_read(next),
                Err(error) => return self.fail(&error.to_string()),
            }
        }
        if let Some(target) = self.begin_jump() {
            match self.jump_to(target) {
                Ok(None) => {}
                Ok(Some(news)) => return Progress::News(news),
                Err(error) => return self.fail(&error.to_string()),
            }
        }
        self.play_slice()
    }

    fn play_slice(&mut self) -> Progress {
        let mut has_changed = false;
        let begins_at = self.at();
        loop {
            if self.next.is_none() && !self.is_read {
                match self.read() {
                    Ok(true) => {}
                    // The next poll waits for it.
                    Ok(false) => return Progress::More,
                    Err(error) => return self.fail(&error.to_string()),
                }
            }
            let is_due = |item: &Item| self.network.deck().is_due(item.now.uptime);
            let Some(item) = self.next.take_if(|item| is_due(item)) else {
                if self.next.is_none() && !self.is_read {
                    return Progress::More;
                }
                break;
            };
            if self.play(item) {
                return Progress::Event;
            }
            has_changed = true;
            if self.at().saturating_sub(begins_at) > SLICE {
                return Progress::Changed;
            }
        }
        let has_arrived = self.network.deck().arrive();
        if has_changed || has_arrived { Progress::Changed } else { Progress::Waits }
    }

    fn at(&self) -> u64 {
        if let TapeSlot::Here(tape) = &self.tape { tape.at() } else { 0 }
    }

    /// Reads a slice. Returns whether it was read here; otherwise another thread reads.
    fn read(&mut self) -> Result<bool, OpenError> {
        let mut tape = match std::mem::replace(&mut self.tape, TapeSlot::Lost) {
            TapeSlot::Here(tape) => tape,
            other => {
                self.tape = other;
                return Ok(false);
            }
        };
        if tape.is_before_large_state()
            && let Ok(runtime) = Handle::try_current()
        {
            let reading = runtime.spawn_blocking(move || {
                let next = tape.next();
                (tape, next)
            });
            self.tape = TapeSlot::Away(reading);
            return Ok(false);
        }
        let next = tape.next();
        let progress = tape.progress_to(self.way.1, self.way.0);
        self.tape = TapeSlot::Here(tape);
        self.network.deck().progress = progress;
        self.has_read(next?);
        Ok(true)
    }

    fn has_read(&mut self, next: Next) {
        match next {
            Next::Item(item) => {
                self.network.deck().set_next(Some(item.now.uptime));
                self.next = Some(item);
            }
            Next::More => {}
            Next::End => {
                self.network.deck().set_next(None);
                self.is_read = true;
            }
        }
    }

    /// Plays one thing. Returns whether it is an event, or that events are missing.
    fn play(&mut self, item: Item) -> bool {
        let Item { now, events, what } = item;
        self.events = events;
        let mirror = &self.network.mirror;
        let is_event = matches!(what, What::Event(_) | What::Lagged(_));
        match what {
            What::Event(event) => mirror.apply(*event),
            What::State(state) => self.put(state),
            What::Gauges(gauges) => mirror.set_gauges(gauges),
            What::Lagged(missed) => mirror.lag(missed.max(1)),
            What::Nothing => {}
        }
        self.network.mirror.set_now(now);
        self.network.deck().played(now, is_event);
        is_event
    }

    /// Replaces all rows.
    fn put(&mut self, state: PreparedState) {
        let replaced = self.network.mirror.put(state);
        // Many rows take long to drop.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(replaced))),
            Err(_) => drop(replaced),
        }
        self.near.rows_replaced();
    }

    fn begin_jump(&self) -> Option<Duration> {
        self.network.deck().begin_jump()
    }

    /// Begins a jump to this time. Returns what a face has to know about it.
    fn jump_to(&mut self, target: Duration) -> Result<Option<News>, OpenError> {
        let TapeSlot::Here(tape) = &mut self.tape else { return Ok(None) };
        let played = self.network.deck().last();
        let point = tape.point_before(target);
        let goes_back = target < played.uptime;
        let passes_over = !goes_back && point.has_rows && point.at > tape.at().saturating_add(PASSED_OVER);
        self.way = (if goes_back || passes_over { point.at } else { tape.at() }, tape.end_of(target));
        if !goes_back && !passes_over {
            return Ok(None);
        }
        let missed = point.events.saturating_sub(self.events);
        tape.jump(point)?;
        (self.next, self.is_read, self.events) = (None, false, point.events);
        let mut deck = self.network.deck();
        deck.restored(point.now);
        deck.set_next(Some(point.now.uptime));
        drop(deck);
        if !point.has_rows {
            let empty = State { now: point.now, ..State::default() };
            self.put(PreparedState::new(self.network.description(), empty));
        }
        Ok(Some(if goes_back { News::Back { restarted: false } } else { News::Lagged(missed.max(1)) }))
    }

    /// The recording ends here.
    fn fail(&mut self, reason: &str) -> Progress {
        (self.next, self.is_read) = (None, true);
        let mut deck = self.network.deck();
        deck.set_next(None);
        deck.arrive();
        drop(deck);
        Progress::News(News::Away(reason.into()))
    }

    /// Wakes the face when what comes next is due.
    fn wait(&mut self, cx: &mut Context<'_>) {
        let Some(due) = self.network.deck().due_at() else {
            self.sleep = None;
            return;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if sleep.deadline() != due {
            sleep.as_mut().reset(due);
        }
        if sleep.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }
}

impl Source for Replay {
    fn description(&self) -> &Arc<Description> {
        self.network.description()
    }

    fn run(&self) -> Run {
        self.network.run()
    }

    fn now(&self) -> Now {
        self.network.now()
    }

    fn link(&self) -> Link {
        Link::Replay(self.playback())
    }

    fn look(&mut self, view: &View) -> Arc<Look> {
        self.near.look(view)
    }

    fn request(&mut self, request: Request) -> u64 {
        self.near.request(request)
    }

    fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<Option<News>> {
        self.network.deck().set_waker(cx.waker());
        loop {
            if let Poll::Ready(news) = self.near.poll_news(cx) {
                return Poll::Ready(news);
            }
            match self.advance(cx) {
                Progress::Event => {}
                Progress::Changed => return Poll::Ready(Some(News::Looked)),
                Progress::News(news) => return Poll::Ready(Some(news)),
                Progress::More => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Progress::Waits => {
                    self.wait(cx);
                    return Poll::Pending;
                }
                Progress::Reads => return Poll::Pending,
            }
        }
    }
}
