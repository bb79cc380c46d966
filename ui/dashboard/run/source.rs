//! The sources of the dashboard: nodes and recordings, each with what belongs to it beside its feed.

use std::{
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_feed::{Event, Link, News, Now, Playback, Request, Run, Source as Feed, description::Description};
use clacks_language::command::argument::RecordCommand;
use clacks_recording::recorder::{Recorder, RecordingError};

use super::peer_lists::PeerLists;
use crate::state::{
    errors::{CommandRefusal, EffectError},
    message::{Msg, NewRun},
    snapshot::{Query, Snapshot},
};

/// A node or a recording, with what belongs to it beside its feed.
pub struct Source {
    feed: Box<dyn Feed>,
    recorder: Option<Recorder>,
    peer_lists: Option<Arc<dyn PeerLists>>,
    remark: Option<String>,
    /// Number of lines of a recording that are skipped because they are damaged.
    damaged_lines: u64,
    /// The description whose commands can be typed, if it is not that of the feed.
    commands: Option<Arc<Description>>,
    /// Whether there can be no more news.
    has_ended: bool,
}

/// The sources of the dashboard, at least one. Their positions are those of the networks.
///
/// The clock of the dashboard is that of the first source. The times of events of the others are converted to it.
#[derive(Debug)]
pub struct Sources {
    all: Vec<Source>,
    /// Position of the source that is polled first. It changes, so that a flood of one source does not delay the others.
    turn: usize,
}

/// Next item of the [`Sources`].
#[derive(Debug)]
pub enum SourceEvent {
    /// What a source reports.
    News(News),
    /// A recording started or ended, or failed.
    Recorded(Result<String, RecordingError>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = &self.feed.description().network;
        f.debug_struct("Source")
            .field("network", network)
            .field("recorder", &self.recorder)
            .finish_non_exhaustive()
    }
}

impl Source {
    /// Creates a source from a feed: a node here or elsewhere, or a recording.
    pub fn new(feed: impl Feed + 'static) -> Self {
        Self::of(Box::new(feed))
    }

    /// As [`Source::new`].
    pub fn of(feed: Box<dyn Feed>) -> Self {
        Self {
            feed,
            recorder: None,
            peer_lists: None,
            remark: None,
            damaged_lines: 0,
            commands: None,
            has_ended: false,
        }
    }

    /// Lets it be recorded.
    pub fn with_recorder(self, recorder: Recorder) -> Self {
        Self { recorder: Some(recorder), ..self }
    }

    /// Lets lists of peers be read for it.
    pub fn with_peer_lists(self, peer_lists: Arc<dyn PeerLists>) -> Self {
        Self { peer_lists: Some(peer_lists), ..self }
    }

    /// Sets a remark that is shown at the start, one line.
    pub fn with_remark(self, remark: Option<String>) -> Self {
        Self { remark, ..self }
    }

    /// Sets the number of lines of a recording that are skipped because they are damaged. The header shows it.
    pub fn with_damaged_lines(self, damaged_lines: u64) -> Self {
        Self { damaged_lines, ..self }
    }

    /// Sets the description whose commands can be typed: of a recorded node, whose commands are refused with the reason of
    /// a replay.
    pub fn with_commands(self, commands: Arc<Description>) -> Self {
        Self { commands: Some(commands), ..self }
    }

    /// Returns what the node offers.
    pub fn description(&self) -> &Arc<Description> {
        self.feed.description()
    }

    /// Returns the description whose commands can be typed.
    pub fn commands(&self) -> &Arc<Description> {
        self.commands.as_ref().unwrap_or_else(|| self.feed.description())
    }

    /// Returns the run of the node.
    pub fn run(&self) -> Run {
        self.feed.run()
    }

    /// Returns the node time. In a replay this is the position in the recording.
    pub fn now(&self) -> Now {
        self.feed.now()
    }

    /// Returns the remark for the start.
    pub fn remark(&self) -> Option<&str> {
        self.remark.as_deref()
    }

    /// Returns the number of lines of a recording that are skipped because they are damaged.
    pub fn damaged_lines(&self) -> u64 {
        self.damaged_lines
    }

    /// Returns the reader of peer lists, if there is one.
    pub fn peer_lists(&self) -> Option<&Arc<dyn PeerLists>> {
        self.peer_lists.as_ref()
    }

    /// Returns how a recording is played. `None` for a node.
    pub fn replay(&self) -> Option<Playback> {
        match self.feed.link() {
            Link::Replay(playback) => Some(playback),
            Link::Near | Link::Far { .. } => None,
        }
    }

    /// Returns the run of the node and its description.
    fn new_run(&self) -> NewRun {
        NewRun { description: self.description().clone(), commands: self.commands().clone(), run: self.run() }
    }

    /// Begins a request. Returns the number of its answer.
    pub(crate) fn request(&mut self, request: Request) -> u64 {
        self.feed.request(request)
    }
}

impl Sources {
    /// Collects the sources.
    ///
    /// # Panics
    ///
    /// Panics if there is none.
    pub fn new(all: Vec<Source>) -> Self {
        assert!(!all.is_empty(), "a dashboard shows at least one source");
        Self { all, turn: 0 }
    }

    /// Returns all sources.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.all.iter()
    }

    /// Returns the source at a position.
    pub fn get(&self, position: usize) -> Option<&Source> {
        self.all.get(position)
    }

    /// Returns the source at a position.
    pub(crate) fn get_mut(&mut self, position: usize) -> Option<&mut Source> {
        self.all.get_mut(position)
    }

    /// Returns the time of the dashboard.
    pub fn now(&self) -> Now {
        self.all[0].now()
    }

    /// Returns the position of the source with this run.
    pub(crate) fn position(&self, run: Run) -> Option<usize> {
        self.all.iter().position(|source| source.run() == run)
    }

    /// Waits for the next event, with the position of its source. `None` once every source has ended. Cancel-safe.
    pub async fn next(&mut self) -> Option<(usize, SourceEvent)> {
        self.turn = (self.turn + 1) % self.all.len();
        let (mut feeds, mut recordings) = (Vec::new(), Vec::new());
        for (at, source) in self.all.iter_mut().enumerate() {
            let Source { feed, recorder, has_ended, .. } = source;
            feeds.push((at, feed, has_ended));
            recordings.extend(recorder.as_mut().map(|recorder| (at, Box::pin(recorder.said()))));
        }
        feeds.rotate_left(self.turn);
        poll_fn(|cx| {
            for (at, feed, has_ended) in &mut feeds {
                if let Poll::Ready(news) = poll_news(&mut ***feed, has_ended, cx) {
                    return Poll::Ready(Some((*at, SourceEvent::News(news))));
                }
            }
            for (at, said) in &mut recordings {
                if let Poll::Ready(said) = said.as_mut().poll(cx) {
                    return Poll::Ready(Some((*at, SourceEvent::Recorded(said))));
                }
            }
            if feeds.iter().all(|(_, _, has_ended)| **has_ended) { Poll::Ready(None) } else { Poll::Pending }
        })
        .await
    }

    /// Returns the next news with the position of their source, if they are already there.
    pub fn try_next(&mut self) -> Option<(usize, News)> {
        let count = self.all.len();
        self.turn = (self.turn + 1) % count;
        let first = self.turn;
        (first..first + count).map(|at| at % count).find_map(|at| Some((at, self.try_next_of(at)?)))
    }

    /// Returns the next news of the source at a position, if they are already there.
    pub(crate) fn try_next_of(&mut self, position: usize) -> Option<News> {
        let Source { feed, has_ended, .. } = self.all.get_mut(position)?;
        match poll_news(&mut **feed, has_ended, &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(news) => Some(news),
            // `next` polls again before the event loop waits.
            Poll::Pending => None,
        }
    }

    /// Returns the message about news of the source at a position. `None`: they are no message for the model.
    pub(crate) fn message(&self, position: usize, news: News) -> Option<Msg> {
        Some(match news {
            News::Event(event) => Msg::Event(position, self.with_dashboard_time(position, event)),
            News::Lagged(missed) => Msg::Lagged(position, missed),
            News::Away(reason) => Msg::EffectDone(Err(EffectError::Other(reason.untrusted().to_owned()))),
            News::Back { restarted } => {
                let source = self.get(position)?;
                match source.replay() {
                    Some(_) => Msg::ReplayRestarted,
                    None => Msg::Back(position, restarted.then(|| source.new_run())),
                }
            }
            News::Looked | News::Answer(..) => return None,
        })
    }

    /// Converts the time of an event to that of the dashboard.
    pub(crate) fn with_dashboard_time(&self, position: usize, mut event: Event) -> Event {
        if let Some(source) = self.all.get(position).filter(|_| position > 0) {
            let (here, there) = (self.all[0].now().uptime, source.now().uptime);
            event.now.uptime = event.now.uptime.saturating_add(here).saturating_sub(there);
        }
        event
    }

    /// Returns the data for the next frame.
    pub fn snapshot(&mut self, query: &Query) -> Snapshot {
        let looks = self.all.iter_mut().zip(&query.views).map(|(source, view)| source.feed.look(view));
        let looks = looks.map(Arc::unwrap_or_clone).collect();
        let recorded = self.all.iter().find_map(|source| source.recorder.as_ref()?.bytes());
        Snapshot {
            looks,
            extra: query.extra.clone(),
            recording_size: recorded,
            lost_lines: clacks_session::lost_lines::lost(),
            replay: self.replay(),
        }
    }

    /// Returns the progress of the replay. `None` without a recording.
    pub fn replay(&self) -> Option<Playback> {
        self.all.iter().find_map(Source::replay)
    }

    /// Whether the node at a position is in another process, where it goes on when the program quits.
    pub(crate) fn is_far(&self, position: usize) -> bool {
        self.get(position).is_some_and(|source| matches!(source.feed.link(), Link::Far { .. }))
    }

    /// Returns the position and the run of the recording that is played.
    pub(crate) fn replay_run(&self) -> Option<(usize, Run)> {
        let at = self.all.iter().position(|source| source.replay().is_some())?;
        Some((at, self.all[at].run()))
    }

    /// Returns the real time that a span of node time takes. `None` while the replay is paused.
    pub fn real_time(&self, time: Duration) -> Option<Duration> {
        let Some(playback) = self.replay() else { return Some(time) };
        let is_played = !playback.paused && !playback.at_end;
        is_played.then(|| time.div_f64(playback.speed))
    }

    /// Whether a replay is seeking.
    pub(crate) fn is_seeking(&self) -> bool {
        self.replay().is_some_and(|replay| replay.jumping.is_some())
    }

    /// Returns the reader of peer lists of the source at `active`, or else the first one.
    pub(crate) fn peer_lists(&self, active: usize) -> Option<&Arc<dyn PeerLists>> {
        let own = self.all.get(active).and_then(Source::peer_lists);
        own.or_else(|| self.all.iter().find_map(Source::peer_lists))
    }

    /// Returns the recorder of the source at `active`, or else the first one.
    fn recorder(&self, active: usize) -> Option<&Recorder> {
        let own = self.all.get(active).and_then(|source| source.recorder.as_ref());
        own.or_else(|| self.all.iter().find_map(|source| source.recorder.as_ref()))
    }

    fn recorder_mut(&mut self, active: usize) -> Option<&mut Recorder> {
        let has_own = self.all.get(active).is_some_and(|source| source.recorder.is_some());
        let mut others = self.all.iter_mut().skip(if has_own { active } else { 0 });
        others.find_map(|source| source.recorder.as_mut())
    }

    /// Starts or stops a recording of the source at `active`, or else of the first one that can be recorded. The result
    /// arrives as [`SourceEvent::Recorded`]. Fails in a replay, or if the command does not apply.
    pub(crate) fn record(&mut self, active: usize, command: &RecordCommand) -> Result<(), EffectError> {
        let is_replay = self.replay().is_some();
        match self.recorder_mut(active) {
            Some(recorder) => Ok(recorder.ask(command)?),
            None if is_replay => Err(CommandRefusal::new("this is a replay: it is recorded already").into()),
            None => Err(CommandRefusal::new("nothing here can be recorded").into()),
        }
    }

    /// Returns the reason why a command to record would fail now, without asking the disk.
    pub(crate) fn why_not_record(&self, active: usize, command: &RecordCommand) -> Option<String> {
        self.recorder(active)?.why_not(command).map(|error| error.to_string())
    }

    /// Stops the recordings. Returns their summaries or errors, one line each.
    pub async fn close(self) -> Vec<String> {
        let mut said = Vec::new();
        for mut recorder in self.all.into_iter().filter_map(|source| source.recorder) {
            let ended = recorder.stop().await;
            said.extend(ended.map(|ended| ended.unwrap_or_else(|error| error.to_string())));
        }
        said
    }
}

/// Polls a feed that may have ended.
fn poll_news(feed: &mut dyn Feed, has_ended: &mut bool, cx: &mut Context<'_>) -> Poll<News> {
    if *has_ended {
        return Poll::Pending;
    }
    match feed.poll_news(cx) {
        Poll::Ready(Some(news)) => Poll::Ready(news),
        Poll::Ready(None) => {
            *has_ended = true;
            Poll::Pending
        }
        Poll::Pending => Poll::Pending,
    }
}
