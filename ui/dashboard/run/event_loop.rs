//! The event loop. It connects the model to the terminal and to the source.

use std::{
    collections::{HashMap, VecDeque},
    future::poll_fn,
    io,
    path::Path,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use clacks_feed::{News, Source as FeedSource};
use clacks_language::{
    command::{Command, playback::ReplayCommand},
    completion::{MOST_CHOICES, Need},
    list_source::ListSource,
    saved_filter::StationWriter,
};
use clacks_p2p::node::{DrainError, Overview};
use clacks_p2p_feed::read_back;
use clacks_recording::recorder;
use clacks_source::{
    limits::LimitSettings,
    precheck,
    saved_filters::{Bell, SavedFilterHits},
    shutdown::Cause,
};
use clacks_terminal::{Screen, frame_pacer::FramePacer, input::Input};
use clacks_widgets::animation::Animations;
use jiff::tz::TimeZone;
use ratatui::layout::{Position, Rect};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    answers::Waiting,
    ask,
    history_file::{HistoryFile, HistoryWriter},
    list_directory,
    settings::DashboardSettings,
    source::{Source, SourceEvent},
};
use crate::{
    keymap::Keymap,
    model::Model,
    state::{
        assist::AssistQuery,
        errors::EffectError,
        message::{Effect, Msg},
        network::{Network, Networks},
        title::{self, Title},
    },
    update::update,
    view,
};

/// Capacity of the channel of results from background tasks.
const REPLY_CAPACITY: usize = 64;

/// Maximum time for applying events before a frame, so that keys are read even in a flood of events.
const MAX_CATCH_UP: Duration = Duration::from_millis(25);

/// Runs the dashboard until the user quits, the terminal is gone, or the system ends the program.
///
/// `source` is the node of clacks, `others` are nodes of other networks. They are shown one at a time.
///
/// Unsent messages are drained only if the user confirmed. Otherwise the returned `Cause` tells the caller to do it.
pub async fn run(
    source: Source,
    others: Vec<Box<dyn FeedSource>>,
    settings: &DashboardSettings,
) -> anyhow::Result<Cause> {
    let screen = Screen::enter(settings.captures_mouse())?;
    let mut dashboard = Dashboard::new(source, others, screen, settings)?;
    settings.history.iter().for_each(|path| dashboard.open_history(path));
    let ended = dashboard.run().await;
    // The task of the drain accepts messages again when it ends, so wait for its end.
    dashboard.drain.shutdown().await;
    let Dashboard { source, screen, history, stations, exit_report: last_words, cause, .. } = dashboard;
    let left = screen.leave();
    last_words.iter().for_each(|words| clacks_terminal::stderr::report(words));
    source.close().await.iter().for_each(|said| clacks_terminal::stderr::report(said));
    // Lines that were never sent are not saved.
    if let Some(history) = history {
        history.finish().await;
    }
    if let Some(stations) = stations {
        stations.finish().await;
    }
    ended?;
    left?;
    Ok(cause)
}

/// Channel of the results of background tasks.
type Replies = (mpsc::Sender<Msg>, mpsc::Receiver<Msg>);

pub(crate) struct Dashboard {
    pub source: Source,
    /// Nodes of other networks. Their positions among the networks follow that of `source`.
    pub others: Vec<Box<dyn FeedSource>>,
    pub screen: Screen,
    pub model: Model,
    frames: FramePacer,
    pub bell: Bell,
    /// `None` if the title of the window is not set.
    title: Option<Title>,
    pub replies: Replies,
    /// Writer of the saved filters. `None` if they are not saved.
    pub stations: Option<StationWriter>,
    /// Writer of the history file. `None` without a history file.
    pub history: Option<HistoryWriter>,
    /// Report to print after the terminal is restored.
    pub(crate) exit_report: Option<String>,
    /// Task of the drain, while one runs.
    pub drain: JoinSet<Result<(), DrainError>>,
    /// Reason why the program ends.
    cause: Cause,
    /// Effects of messages that were dispatched during an effect. They are executed after it.
    deferred_effects: Vec<Effect>,
    /// Requests to the nodes of other networks, by the position of the network and the number of the request.
    pub(crate) waiting: HashMap<(usize, u64), Waiting>,
}

/// Whether the event loop continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopState {
    /// The dashboard stays open.
    Running,
    /// The dashboard closes.
    Quit,
}

/// Returns what is shown of clacks until the first refresh. Another network has none of it.
fn initial_overview(source: &Source) -> anyhow::Result<Overview> {
    let overview = read_back::overview(source.description(), &[], &[], source.now().uptime);
    overview.map_or_else(|| Ok(Overview::new("localhost:1".parse()?)), Ok)
}

/// Waits for the next news of one of these nodes. Returns its position with them. Cancel-safe.
async fn next_news(sources: &mut [Box<dyn FeedSource>]) -> (usize, News) {
    poll_fn(|cx| poll_news(sources, cx)).await
}

/// Returns the next news if they are already there.
fn try_next_news(sources: &mut [Box<dyn FeedSource>]) -> Option<(usize, News)> {
    match poll_news(sources, &mut Context::from_waker(Waker::noop())) {
        Poll::Ready(news) => Some(news),
        // `next_news` polls again before the event loop waits.
        Poll::Pending => None,
    }
}

fn poll_news(sources: &mut [Box<dyn FeedSource>], cx: &mut Context<'_>) -> Poll<(usize, News)> {
    for (at, source) in sources.iter_mut().enumerate() {
        if let Poll::Ready(Some(news)) = source.poll_news(cx) {
            return Poll::Ready((at, news));
        }
    }
    Poll::Pending
}

impl Dashboard {
    fn new(
        source: Source,
        others: Vec<Box<dyn FeedSource>>,
        screen: Screen,
        settings: &DashboardSettings,
    ) -> anyhow::Result<Self> {
        let panes = &settings.panes;
        let network = |source: &dyn FeedSource| {
            Network::new(source.description().clone(), source.run()).with_panes(panes)
        };
        let networks = Networks::new(
            Network::new(source.description().clone(), source.run()).with_panes(panes),
            others.iter().map(|other| network(&**other)),
        );
        let mut model = Model::new(
            networks,
            initial_overview(&source)?,
            source.now(),
            TimeZone::system(),
            settings.demo,
            settings.captures_mouse(),
        );
        model.keymap = Keymap::default().with_user_keys(&settings.options.keys);
        model.replay = source.replay();
        source.omission_remark().into_iter().for_each(|text| model.notify(text));
        model.limits.settings = source.node().map(LimitSettings::of);
        model.motion = Animations::new(settings.motion());
        model.themes = settings.looks.clone();
        model.themes.complaint().into_iter().for_each(|complaint| model.notify_error(complaint));
        let filter = settings.options.filter.as_ref().map(|filter| model.filter_networks().read(filter));
        match filter.transpose() {
            Ok(filter) => model.log.set_filter(filter),
            Err(error) => model.notify_error(error.to_string()),
        }
        if let Some(remark) = &settings.remark {
            model.push_text_row(remark.clone());
            model.notify_error(remark);
        }
        let kept = &settings.stations;
        model.saved_filters = SavedFilterHits::new(
            settings.options.stations.clone(),
            kept.changed.clone(),
            model.filter_networks(),
        );
        let replies = mpsc::channel(REPLY_CAPACITY);
        let complaints = replies.0.clone();
        // An error means that the dashboard is closed.
        let complain =
            move |reason| drop(complaints.blocking_send(Msg::EffectDone(Err(EffectError::Other(reason)))));
        let stations = kept.file.clone().map(|file| StationWriter::new(file, complain));
        let title = settings.has_title().then(Title::default);
        let (frames, history, last_words) = (FramePacer::default(), None, None);
        let (handing_on, cause) = (JoinSet::new(), Cause::User);
        Ok(Self {
            source,
            others,
            screen,
            model,
            frames,
            bell: Bell::default(),
            title,
            replies,
            stations,
            history,
            exit_report: last_words,
            drain: handing_on,
            cause,
            deferred_effects: Vec::new(),
            waiting: HashMap::new(),
        })
    }

    /// Loads the history file and starts its writer. The dashboard also works without it.
    fn open_history(&mut self, path: &Path) {
        match HistoryFile::open(path) {
            Ok((file, lines)) => {
                self.model.input.push_history(lines.iter().map(String::as_str));
                let replies = self.replies.0.clone();
                // An error means that the dashboard is closed.
                let complain = move |reason| {
                    drop(replies.blocking_send(Msg::EffectDone(Err(EffectError::Other(reason)))));
                };
                self.history = Some(HistoryWriter::new(file, complain));
            }
            Err(error) => self.model.notify_error(format!("{error:#}; nothing is kept in it")),
        }
    }

    async fn run(&mut self) -> anyhow::Result<()> {
        self.resize();
        if self.source.peer_lists().is_some_and(|lists| lists.is_configured()) {
            self.read_peer_lists(None);
        }
        loop {
            tokio::select! {
                input = self.screen.next() => {
                    if self.on_input(input).await? == LoopState::Quit {
                        return Ok(());
                    }
                }
                // Once a frame is due, events wait in the subscription, and `catch_up` applies them together. A seek
                // of a replay does not wait for frames.
                happened = self.source.next(), if !self.frames.is_due() || self.source.is_seeking() => match happened {
                    Some(SourceEvent::News(news)) => self.on_news(0, news),
                    Some(SourceEvent::Recorded(said)) => self.dispatch(Msg::Recorded(said)),
                    None => return Ok(()),
                },
                (at, news) = next_news(&mut self.others), if !self.frames.is_due() => self.on_news(at + 1, news),
                Some(reply) = self.replies.1.recv() => {
                    if self.on_msg(reply).await? == LoopState::Quit {
                        return Ok(());
                    }
                }
                Some(ended) = self.drain.join_next() => {
                    // Report the current queue.
                    self.refresh();
                    // A panic is reported elsewhere.
                    let msg = Msg::DrainFinished(ended.unwrap_or(Err(DrainError::Stopped)));
                    if self.on_msg(msg).await? == LoopState::Quit {
                        return Ok(());
                    }
                }
                () = self.frames.wait() => {
                    self.catch_up();
                    self.draw()?;
                }
            }
        }
    }

    async fn on_input(&mut self, input: Input) -> anyhow::Result<LoopState> {
        let msg = match input {
            Input::Key(key) => Msg::Key(key),
            Input::Burst(keys) => Msg::Burst(keys),
            Input::Paste(text) => Msg::Paste(text),
            Input::Mouse(mouse) => Msg::Mouse(mouse),
            Input::Focus(has_focus) => Msg::Focus(has_focus),
            Input::Resized | Input::Resumed => {
                self.resize();
                return Ok(LoopState::Running);
            }
            Input::CannotStop(reason) => Msg::EffectDone(Err(EffectError::Suspend(io::Error::other(reason)))),
            Input::Terminate | Input::HungUp | Input::Panicked => return self.quit_on_signal(&input),
        };
        self.on_msg(msg).await
    }

    /// Quits because of a signal, a hangup or a panic.
    pub(crate) fn quit_on_signal(&mut self, input: &Input) -> anyhow::Result<LoopState> {
        if let Some(editing) = self.model.editing.take() {
            self.cancel_edit(editing.draft.cancel);
        }
        // The terminal is restored already, and the panic is reported.
        anyhow::ensure!(*input != Input::Panicked, "a part of the program failed, so all of it ends");
        self.cause = if *input == Input::HungUp { Cause::HungUp } else { Cause::Signal };
        Ok(LoopState::Quit)
    }

    async fn on_msg(&mut self, msg: Msg) -> anyhow::Result<LoopState> {
        self.frames.request();
        let mut effects: VecDeque<_> = update(&mut self.model, self.source.now(), msg).into();
        while let Some(effect) = effects.pop_front() {
            if self.execute(effect).await? == LoopState::Quit {
                return Ok(LoopState::Quit);
            }
            effects.extend(std::mem::take(&mut self.deferred_effects));
        }
        Ok(LoopState::Running)
    }

    pub(crate) fn query_assist(&mut self, question: AssistQuery) {
        if let Some(need @ Need::Files { .. }) = question.need.clone() {
            let replies = self.replies.0.clone();
            tokio::task::spawn_blocking(move || {
                let Need::Files { directory, begun } = &need else { return };
                let names = list_directory::list_names(directory, begun, MOST_CHOICES);
                // An error means that the dashboard is closed.
                let _ = replies.blocking_send(Msg::FilesListed(need, names));
            });
        }
        if let Some(Command::View(command)) = question.command.clone()
            && precheck::is_about_a_file(&command)
        {
            let replies = self.replies.0.clone();
            let lists = self.source.peer_lists().cloned();
            tokio::task::spawn_blocking(move || {
                let list = |list: &ListSource| lists.as_ref()?.why_not_file(list);
                let objection = precheck::on_disk(&command, recorder::why_not, list);
                // An error means that the dashboard is closed.
                let _ = replies.blocking_send(Msg::FileChecked(command, objection));
            });
        }
        let call = question.command.as_ref().and_then(|command| self.model.networks.active().call(command));
        if let Some((at, call)) = call.and_then(|call| Some((self.other_network(&call)?, call))) {
            return self.check_elsewhere(at, question, call);
        }
        let answer = ask::assist_reply(&self.source, question);
        self.dispatch(Msg::AssistReplied(answer));
    }

    /// Applies pending events, for a limited time so that keys do not wait.
    fn catch_up(&mut self) {
        let began = Instant::now();
        while began.elapsed() < MAX_CATCH_UP {
            let news = self.source.try_next().map(|news| (0, news));
            let other = || try_next_news(&mut self.others).map(|(at, news)| (at + 1, news));
            let Some((at, news)) = news.or_else(other) else { break };
            self.on_news(at, news);
        }
    }

    /// Executes a command of the replay.
    pub(crate) fn control_replay(&mut self, command: ReplayCommand) {
        let changes_speed = matches!(command, ReplayCommand::Speed(_));
        match self.source.control(command) {
            // The header shows the rest.
            Ok(done) if changes_speed => self.dispatch(Msg::EffectDone(Ok(done))),
            Ok(_) => {}
            Err(error) => self.dispatch(Msg::EffectDone(Err(error))),
        }
        self.refresh();
    }

    /// Applies news of the network at a position.
    fn on_news(&mut self, network: usize, news: News) {
        match news {
            News::Event(event) => self.dispatch(Msg::Event(network, event)),
            News::Lagged(missed) => self.dispatch(Msg::Lagged(network, missed)),
            News::Looked => self.frames.request(),
            News::Answer(number, answer) => self.on_answer(network, number, answer),
            News::Away(reason) => {
                let error = EffectError::Other(reason.untrusted().to_owned());
                self.dispatch(Msg::EffectDone(Err(error)));
            }
            News::Back { .. } if network == 0 => self.dispatch(Msg::ReplayRestarted),
            // The other nodes are in this process.
            News::Back { .. } => {}
        }
    }

    pub(crate) fn dispatch(&mut self, msg: Msg) {
        self.frames.request();
        for effect in update(&mut self.model, self.source.now(), msg) {
            match effect {
                // For a line that was started for the user.
                Effect::QueryAssist(question) => self.query_assist(question),
                // A closed terminal is detected when it is read.
                Effect::RingBell => drop(self.ring_bell()),
                effect => self.deferred_effects.push(effect),
            }
        }
    }

    pub(crate) fn resize(&mut self) {
        let screen = Rect::from((Position::ORIGIN, self.screen.size()));
        self.dispatch(Msg::Resized(screen));
    }

    pub(crate) fn refresh(&mut self) {
        let query = self.model.query();
        let mut snapshot = self.source.snapshot(&query);
        let others = self.others.iter_mut().zip(query.views.iter().skip(1));
        snapshot.looks.extend(others.map(|(other, view)| Arc::unwrap_or_clone(other.look(view))));
        self.dispatch(Msg::Refreshed(Box::new(snapshot)));
    }

    /// Updates the title of the window. Returns the time until it can change again.
    fn update_title(&mut self) -> anyhow::Result<Duration> {
        let Some(title) = &mut self.title else { return Ok(Duration::MAX) };
        let model = &self.model;
        let wanted = title::window_title(&model.overview, model.replay.is_some(), model.charset());
        let uptime = model.now.uptime;
        if let Some(text) = title.next(wanted.clone(), uptime) {
            self.screen.set_title(text)?;
        }
        Ok(title.changes_after(&wanted, uptime).unwrap_or(Duration::MAX))
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        self.refresh();
        let theme = self.model.theme();
        self.screen.draw(|frame| view::view(&self.model, theme, frame))?;
        let waits = self.update_title()?;
        let changes_after = self.model.changes_after().min(waits);
        self.frames.drawn(self.source.real_time(changes_after));
        Ok(())
    }
}
