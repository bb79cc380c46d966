//! Source of events and data: a live node or a recording.

use std::{
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_feed::{
    Call, Check, Key, Look, Near, Network, News, Row, Run, Source as _, View,
    description::{Description, ListId},
};
use clacks_language::{
    command::{Command, ViewCommand, argument::RecordCommand, playback::ReplayCommand},
    completion::MOST_CHOICES,
    edit,
};
use clacks_p2p::{
    Node,
    core::{Event, MessageId, Now, Peer},
    node::Overview,
};
use clacks_p2p_feed::ClacksEvent;
use clacks_recording::{
    player::{Playback, Player, Progress, Seek},
    recorder::{Recorder, RecordingError},
    tape::TapeError,
};
use clacks_source::{limits::MOST_PLACES, lists::Lists, peer_list::PeerLists};
use jiff::tz::TimeZone;

use super::recorded::{self, Recorded, Rows};
use crate::{
    model::Model,
    state::{
        errors::{CommandRefusal, EffectError},
        limits::{LimitUsage, MAX_REMOTES},
        snapshot::Snapshot,
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
    peer_lists: PeerLists,
}

/// Recording with the number of its last event.
#[derive(Debug)]
pub struct Replay {
    player: Player,
    seq: u64,
}

/// Next item of a [`Source`].
#[derive(Debug)]
pub enum SourceEvent {
    /// What the node reports, live or replayed.
    News(News),
    /// A recording started or ended, or failed.
    Recorded(Result<String, RecordingError>),
    /// A replay reached its target or its end.
    ReplayReached,
    /// The file of a replay cannot be read.
    ReplayFailed(TapeError),
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
    pub fn live(node: &Node, network: Arc<dyn Network>, recorder: Recorder, peer_lists: PeerLists) -> Self {
        let near = Near::new(network.clone());
        Self::Live(Box::new(Live { node: node.clone(), near, network, recorder, peer_lists }))
    }

    /// Creates a source from a recording.
    pub fn replay_of(player: Player) -> Self {
        Self::Replay(Box::new(Replay { player, seq: 0 }))
    }

    /// Returns the node as its network offers it. `None` in a replay, which sends nothing.
    pub fn network(&self) -> Option<&Arc<dyn Network>> {
        match self {
            Self::Live(live) => Some(&live.network),
            Self::Replay(_) => None,
        }
    }

    /// Returns the reader of peer lists. `None` in a replay, which sends nothing.
    pub fn peer_lists(&self) -> Option<&PeerLists> {
        match self {
            Self::Live(live) => Some(&live.peer_lists),
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
        match self {
            Self::Live(live) => live.node.now(),
            Self::Replay(replay) => replay.player.now(),
        }
    }

    /// Returns the counters and settings of the node.
    pub fn overview(&self) -> Overview {
        match self {
            Self::Live(live) => live.node.overview(),
            Self::Replay(replay) => replay.player.state().overview(),
        }
    }

    /// Returns the rows with these keys. `None`: there is no such row.
    pub fn rows(&self, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
        match self {
            Self::Live(live) => live.network.rows(list, keys),
            Self::Replay(replay) => Recorded::of(replay.player.state()).rows(list, keys),
        }
    }

    /// Returns what the node offers.
    pub fn description(&self) -> Arc<Description> {
        match self {
            Self::Live(live) => live.network.description().clone(),
            Self::Replay(replay) => Arc::new(recorded::description(replay.player.state())),
        }
    }

    /// Returns the first peers that match, at most `MOST_CHOICES`. Visits every peer in the worst case.
    pub fn find_peers(&self, is_wanted: &mut dyn FnMut(&Peer) -> bool) -> Vec<Peer> {
        match self {
            Self::Live(live) => live.node.find_peers(MOST_CHOICES, is_wanted),
            Self::Replay(replay) => replay.player.state().find_peers(MOST_CHOICES, is_wanted),
        }
    }

    /// Returns the run of the node.
    pub fn run(&self) -> Run {
        match self {
            Self::Live(live) => live.network.run(),
            Self::Replay(_) => Run(0),
        }
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
            Self::Replay(replay) => Some(match replay.player.next().await {
                Ok(Playback::Event(event, now)) => SourceEvent::News(replay.news(event, now)),
                Ok(Playback::Arrived) => SourceEvent::ReplayReached,
                Err(error) => SourceEvent::ReplayFailed(error),
            }),
        }
    }

    /// Returns the next news if they are already there.
    pub fn try_next(&mut self) -> Option<News> {
        match self {
            Self::Live(live) => match live.near.poll_news(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(news) => news,
                // `next` is polled again before the event loop waits.
                Poll::Pending => None,
            },
            Self::Replay(replay) => {
                let (event, now) = replay.player.try_next()?;
                Some(replay.news(event, now))
            }
        }
    }

    /// Returns the data for the next frame.
    pub fn snapshot(&self, model: &Model) -> Snapshot {
        match self {
            Self::Live(live) => {
                let snapshot = snapshot(&live.node, &live.network, model);
                Snapshot { recording_size: live.recorder.bytes(), ..snapshot }
            }
            Self::Replay(replay) => {
                let node = replay.player.state();
                Snapshot { replay: self.replay(), ..snapshot(node, &Recorded::of(node), model) }
            }
        }
    }

    /// Returns the real time that a span of node time takes. `None` while the replay is paused.
    pub fn real_time(&self, time: Duration) -> Option<Duration> {
        match self {
            Self::Live(_) => Some(time),
            Self::Replay(replay) => replay.player.takes(time),
        }
    }

    /// Whether a replay is seeking.
    pub(crate) fn is_seeking(&self) -> bool {
        self.replay().is_some_and(|replay| replay.jumping.is_some())
    }

    /// Returns the progress of the replay. `None` for a live node.
    pub fn replay(&self) -> Option<Progress> {
        match self {
            Self::Live(_) => None,
            Self::Replay(replay) => Some(replay.player.progress()),
        }
    }

    /// Returns the reason why a command would fail now, without asking the model or the disk.
    pub fn why_not(&self, command: &Command, zone: &TimeZone) -> Option<String> {
        match (self, command) {
            (Self::Live(live), Command::Node(command)) => {
                refusal(&*live.network, &command.call(live.network.run()))
            }
            (Self::Live(live), Command::View(ViewCommand::EditInEditor(id))) => {
                refusal(&*live.network, &edit_call(&*live.network, *id))
            }
            (Self::Live(live), Command::View(ViewCommand::Edit(id))) => {
                let held = || live.node.held_message(*id).map(|held| held.queued);
                match live.node.queued_message(*id).or_else(held) {
                    Some(queued) => editing::too_long_reason(*id, &edit::line(*id, &queued.message)),
                    None => refusal(&*live.network, &edit_call(&*live.network, *id)),
                }
            }
            (Self::Live(live), Command::View(ViewCommand::Record(command))) => {
                live.recorder.why_not(command).map(|error| error.to_string())
            }
            (Self::Live(live), Command::View(ViewCommand::PeersFrom(None))) => {
                live.peer_lists.why_not().map(|error| error.to_string())
            }
            (Self::Replay(replay), Command::View(ViewCommand::Replay(command))) => {
                replay.player.why_not(*command, zone).map(|error| error.to_string())
            }
            _ => None,
        }
    }

    /// Returns a remark about parts of a recording that are not played, one line. `None` if there are none.
    pub fn omission_remark(&self) -> Option<String> {
        match self {
            Self::Live(_) => None,
            Self::Replay(replay) => clacks_recording::left_out::remark(replay.player.facts()),
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

    /// Controls the replay. Fails for a live node, or if the command does not apply.
    pub fn control(&mut self, command: ReplayCommand, zone: &TimeZone) -> Result<Seek, EffectError> {
        match self {
            Self::Live(_) => {
                Err(CommandRefusal::new("this is no replay; clacks replay FILE plays a recording").into())
            }
            Self::Replay(replay) => Ok(replay.player.carry_out(command, zone)?),
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

impl Replay {
    fn news(&mut self, event: Event, now: Now) -> News {
        self.seq += 1;
        match event {
            Event::Lagged(missed) => News::Lagged(missed),
            event => News::Event(ClacksEvent(event).numbered(self.seq, now)),
        }
    }
}

/// Fetches the data for the screen.
pub(crate) fn snapshot(node: &impl Lists, lists: &impl Rows, model: &Model) -> Snapshot {
    let wanted = model.query();
    let look = wanted.views.first().map(|view| look(lists, view)).unwrap_or_default();
    let look = Look { now: feed_now(model.now), ..look };
    let peer = wanted.peer_in_full(&look);
    Snapshot {
        looks: vec![look],
        limits: wanted.limits.then(|| limit_usage(node)),
        overview: node.overview(),
        head: if wanted.head { node.queue_window(0..1).pop() } else { None },
        map_peers: node.first_peers(wanted.map_peers),
        detail_peer: peer.and_then(|address| {
            let certificate = node.trusted_certificate(&address);
            node.peer(&address).map(|peer| (peer, certificate))
        }),
        hold_rule: node.hold_rule(),
        recording_size: None,
        lost_lines: clacks_source::lost_lines::lost(),
        replay: None,
    }
}

fn feed_now(Now { uptime, unix_ms }: Now) -> clacks_feed::Now {
    clacks_feed::Now { uptime, unix_ms }
}

/// Reads the rows of a view.
fn look(lists: &impl Rows, view: &View) -> Look {
    let row = |(list, key): &(ListId, Key)| lists.rows(*list, std::slice::from_ref(key)).pop().flatten();
    Look {
        view: view.number,
        pages: view.windows.iter().map(|window| lists.page(window)).collect(),
        rows: view.rows.iter().map(row).collect(),
        gone: view.marks.iter().filter(|mark| row(mark).is_none()).cloned().collect(),
        ..Look::default()
    }
}

fn limit_usage(node: &impl Lists) -> LimitUsage {
    let mut remotes = node.ignored_remotes();
    let count = remotes.len();
    remotes.truncate(MAX_REMOTES);
    let places = node.places(MOST_PLACES);
    LimitUsage { connections: node.connections(), ignored_remotes: (remotes, count), origins: places }
}
