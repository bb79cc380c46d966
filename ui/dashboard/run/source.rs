//! Source of events and data: a live node or a recording.

use std::{
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_feed::{
    Call, Check, Key, Link, MAX_ROWS, Near, Network, News, Playback, Row, Run, Source as FeedSource, Window,
    description::{Description, ListId},
};
use clacks_language::{
    command::{Command, ViewCommand, argument::RecordCommand, playback::ReplayCommand},
    completion::MOST_CHOICES,
    edit,
};
use clacks_p2p::{
    Node,
    core::{MessageId, Now, Peer},
};
use clacks_p2p_feed::{description::PEERS, read_back, rows::message_key};
use clacks_recording::{
    recorder::{Recorder, RecordingError},
    replay::Replay,
};
use clacks_source::limits::MOST_PLACES;

use super::peer_lists::PeerLists;
use crate::{
    state::{
        errors::{CommandRefusal, EffectError},
        limits::{LimitUsage, MAX_REMOTES},
        snapshot::{Query, Snapshot},
    },
    update::editing,
};

/// Source of the dashboard: a live node or a recording.
pub enum Source {
    /// Live node.
    Live(Box<Live>),
    /// Recording. There is no node, and nothing is sent.
    Replay(Box<Replay>),
}

/// Live node with its events, recorder and peer lists.
pub struct Live {
    node: Node,
    near: Near,
    network: Arc<dyn Network>,
    recorder: Recorder,
    peer_lists: Option<Arc<dyn PeerLists>>,
}

/// Next item of a [`Source`].
#[derive(Debug)]
pub enum SourceEvent {
    /// What the node reports, live or replayed.
    News(News),
    /// A recording started or ended, or failed.
    Recorded(Result<String, RecordingError>),
}

/// The reason why a call would be refused now.
fn refusal(network: &dyn Network, call: &Call) -> Option<String> {
    match network.check(call) {
        Check::Works => None,
        Check::Wrong(reason) => Some(reason.untrusted().to_owned()),
        Check::Begun => Some(network.description().command(call.command.as_str())?.needs()),
    }
}

fn edit_call(network: &dyn Network, id: MessageId) -> Call {
    Call::new(network.run(), "edit".into(), id.to_string())
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Source {
    /// Creates a source from a live node, which is also given as a network. Watches its events from now on.
    pub fn live(
        node: &Node,
        network: Arc<dyn Network>,
        recorder: Recorder,
        peer_lists: Option<Arc<dyn PeerLists>>,
    ) -> Self {
        let near = Near::new(network.clone());
        Self::Live(Box::new(Live { node: node.clone(), near, network, recorder, peer_lists }))
    }

    /// Creates a source from a recording.
    pub fn replay_of(replay: Replay) -> Self {
        Self::Replay(Box::new(replay))
    }

    fn feed(&self) -> &dyn FeedSource {
        match self {
            Self::Live(live) => &live.near,
            Self::Replay(replay) => &**replay,
        }
    }

    fn feed_mut(&mut self) -> &mut dyn FeedSource {
        match self {
            Self::Live(live) => &mut live.near,
            Self::Replay(replay) => &mut **replay,
        }
    }

    /// Returns the node as its network offers it. `None` in a replay, which sends nothing.
    pub fn network(&self) -> Option<&Arc<dyn Network>> {
        match self {
            Self::Live(live) => Some(&live.network),
            Self::Replay(_) => None,
        }
    }

    /// Returns the reader of peer lists. `None` if the node has none, and in a replay, which sends nothing.
    pub fn peer_lists(&self) -> Option<&Arc<dyn PeerLists>> {
        match self {
            Self::Live(live) => live.peer_lists.as_ref(),
            Self::Replay(_) => None,
        }
    }

    /// Returns the node for commands. `None` in a replay, which sends nothing.
    pub fn node(&self) -> Option<&Node> {
        match self {
            Self::Live(live) => Some(&live.node),
            Self::Replay(_) => None,
        }
    }

    /// Returns the node time. In a replay this is the position in the recording.
    pub fn now(&self) -> Now {
        core_now(self.feed().now())
    }

    /// Returns the rows with these keys. `None`: there is no such row.
    pub fn rows(&self, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
        match self {
            Self::Live(live) => live.network.rows(list, keys),
            Self::Replay(replay) => replay.network().rows(list, keys),
        }
    }

    /// Returns what the node offers.
    pub fn description(&self) -> &Arc<Description> {
        self.feed().description()
    }

    /// Returns the first peers that match, at most `MOST_CHOICES`. Visits every peer in the worst case, in a replay the
    /// first 1,024.
    pub fn find_peers(&self, is_wanted: &mut dyn FnMut(&Peer) -> bool) -> Vec<Peer> {
        match self {
            Self::Live(live) => live.node.find_peers(MOST_CHOICES, is_wanted),
            Self::Replay(replay) => {
                let (network, now) = (replay.network(), replay.now());
                let page = network.page(&Window::first(PEERS, MAX_ROWS));
                let peers =
                    page.rows.iter().filter_map(|row| read_back::peer(replay.description(), row, now));
                peers.filter(|peer| is_wanted(peer)).take(MOST_CHOICES).collect()
            }
        }
    }

    /// Returns the run of the node.
    pub fn run(&self) -> Run {
        self.feed().run()
    }

    /// Waits for the next event. `None` at the end of the source. Cancel-safe.
    pub async fn next(&mut self) -> Option<SourceEvent> {
        match self {
            Self::Live(live) => {
                let Live { near, recorder, .. } = &mut **live;
                tokio::select! {
                    news = poll_fn(|cx| near.poll_news(cx)) => news.map(SourceEvent::News),
                    said = recorder.said() => Some(SourceEvent::Recorded(said)),
                }
            }
            Self::Replay(replay) => poll_fn(|cx| replay.poll_news(cx)).await.map(SourceEvent::News),
        }
    }

    /// Returns the next news if they are already there.
    pub fn try_next(&mut self) -> Option<News> {
        match self.feed_mut().poll_news(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(news) => news,
            // `next` is polled again before the event loop waits.
            Poll::Pending => None,
        }
    }

    /// Returns the data for the next frame.
    pub fn snapshot(&mut self, query: &Query) -> Snapshot {
        let look = query.views.first().map(|view| self.feed_mut().look(view));
        Snapshot {
            looks: look.into_iter().map(Arc::unwrap_or_clone).collect(),
            extra: query.extra.clone(),
            limits: self.node().filter(|_| query.limits).map(limit_usage),
            recording_size: if let Self::Live(live) = self { live.recorder.bytes() } else { None },
            lost_lines: clacks_source::lost_lines::lost(),
            replay: self.replay(),
        }
    }

    /// Returns the real time that a span of node time takes. `None` while the replay is paused.
    pub fn real_time(&self, time: Duration) -> Option<Duration> {
        match self {
            Self::Live(_) => Some(time),
            Self::Replay(replay) => {
                let playback = replay.playback();
                let is_played = !playback.paused && !playback.at_end;
                is_played.then(|| time.div_f64(playback.speed))
            }
        }
    }

    /// Whether a replay is seeking.
    pub(crate) fn is_seeking(&self) -> bool {
        self.replay().is_some_and(|replay| replay.jumping.is_some())
    }

    /// Returns the progress of the replay. `None` for a live node.
    pub fn replay(&self) -> Option<Playback> {
        match self.feed().link() {
            Link::Replay(playback) => Some(playback),
            Link::Near | Link::Far { .. } => None,
        }
    }

    /// Returns the reason why a command would fail now, without asking the model or the disk.
    pub fn why_not(&self, command: &Command) -> Option<String> {
        match (self, command) {
            (Self::Live(live), Command::Say(text)) => {
                let says = live.network.description().says.clone()?;
                refusal(&*live.network, &Call::new(live.network.run(), says, &**text))
            }
            (Self::Live(live), Command::Node(command)) => {
                refusal(&*live.network, &command.call(live.network.run()))
            }
            (Self::Live(live), Command::View(ViewCommand::EditInEditor(id))) => {
                refusal(&*live.network, &edit_call(&*live.network, *id))
            }
            (Self::Live(live), Command::View(ViewCommand::Edit(id))) => {
                let held = || live.node.held_message(*id).map(|held| held.queued);
                match live.node.queued_message(*id).or_else(held) {
                    Some(queued) => {
                        editing::too_long_reason(&message_key(*id), &edit::line(*id, &queued.message))
                    }
                    None => refusal(&*live.network, &edit_call(&*live.network, *id)),
                }
            }
            (Self::Live(live), Command::View(ViewCommand::Record(command))) => {
                live.recorder.why_not(command).map(|error| error.to_string())
            }
            (Self::Live(live), Command::View(ViewCommand::PeersFrom(None))) => {
                live.peer_lists.as_ref().and_then(|lists| lists.why_not())
            }
            (Self::Replay(replay), Command::View(ViewCommand::Replay(command))) => {
                replay.why_not(*command).map(|error| error.to_string())
            }
            _ => None,
        }
    }

    /// Returns a remark about parts of a recording that are not played, one line. `None` if there are none.
    pub fn omission_remark(&self) -> Option<String> {
        match self {
            Self::Live(_) => None,
            Self::Replay(replay) => replay.remark(),
        }
    }

    /// Starts or stops a recording. The result arrives as [`SourceEvent::Recorded`]. Fails in a replay, or if
    /// the command does not apply.
    pub fn record(&mut self, command: &RecordCommand) -> Result<(), EffectError> {
        match self {
            Self::Live(live) => Ok(live.recorder.ask(command)?),
            Self::Replay(_) => Err(CommandRefusal::new("this is a replay: it is recorded already").into()),
        }
    }

    /// Controls the replay. Returns what was done, one line. Fails for a live node, or if the command does not apply.
    pub fn control(&mut self, command: ReplayCommand) -> Result<String, EffectError> {
        match self {
            Self::Live(_) => {
                Err(CommandRefusal::new("this is no replay; clacks replay FILE plays a recording").into())
            }
            Self::Replay(replay) => Ok(replay.carry_out(command)?),
        }
    }

    /// Stops the recording, if one runs. Returns its summary or the error, one line.
    pub async fn close(self) -> Option<String> {
        match self {
            Self::Live(mut live) => {
                live.recorder.stop().await.map(|ended| ended.unwrap_or_else(|error| error.to_string()))
            }
            Self::Replay(_) => None,
        }
    }
}

fn core_now(clacks_feed::Now { uptime, unix_ms }: clacks_feed::Now) -> Now {
    Now { uptime, unix_ms }
}

fn limit_usage(node: &Node) -> LimitUsage {
    let mut remotes = node.ignored_remotes();
    let count = remotes.len();
    remotes.truncate(MAX_REMOTES);
    let places = node.places(MOST_PLACES);
    LimitUsage { connections: Some(node.connections()), ignored_remotes: (remotes, count), origins: places }
}
