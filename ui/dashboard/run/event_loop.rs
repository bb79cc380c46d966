//! The event loop. It connects the model to the terminal and to the source.

use std::{
    collections::{HashMap, VecDeque},
    io,
    path::Path,
    time::{Duration, Instant},
};

use clacks_feed::{Draft, Key, News, Request};
use clacks_language::{
    command::{Command, ViewCommand, playback::ReplayCommand},
    completion::{MOST_CHOICES, Need},
    list_source::ListSource,
    saved_filter::StationWriter,
};
use clacks_recording::recorder;
use clacks_session::{
    precheck,
    saved_filters::{Bell, SavedFilterHits},
};
use clacks_terminal::{Screen, frame_pacer::FramePacer, input::Input};
use clacks_widgets::animation::Animations;
use jiff::tz::TimeZone;
use ratatui::layout::{Position, Rect};
use tokio::sync::mpsc;

use super::{
    answers::{Batch, Waiting},
    ask,
    history_file::{HistoryFile, HistoryWriter},
    list_directory,
    settings::DashboardSettings,
    source::{Source, SourceEvent, Sources},
};
use crate::{
    keymap::Keymap,
    model::Model,
    state::{
        assist::AssistQuery,
        errors::{CommandRefusal, EffectError},
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
pub(crate) const MAX_CATCH_UP: Duration = Duration::from_millis(25);

/// Runs the dashboard until the user quits, the terminal is gone, or the system ends the program.
///
/// The sources are shown one at a time, the first one at the start.
///
/// A user who quits is asked about each node that refuses to stop. The nodes are not stopped here, except by a choice of
/// the user; for another [`Cause`] the caller decides what becomes of unsent messages.
pub async fn run(sources: Sources, settings: &DashboardSettings) -> anyhow::Result<Cause> {
    let screen = Screen::enter(settings.captures_mouse())?;
    let mut dashboard = Dashboard::new(sources, screen, settings);
    settings.history.iter().for_each(|path| dashboard.open_history(path));
    let ended = dashboard.run().await;
    let Dashboard { sources, screen, history, stations, exit_report: last_words, cause, .. } = dashboard;
    let left = screen.leave();
    last_words.iter().for_each(|words| clacks_terminal::stderr::report(words));
    sources.close().await.iter().for_each(|said| clacks_terminal::stderr::report(said));
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
    pub sources: Sources,
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
    /// Reason why the program ends.
    cause: Cause,
    /// Effects of messages that were dispatched during an effect. They are executed after it.
    deferred_effects: Vec<Effect>,
    /// Requests to the nodes, by the position of the network and the number of the request.
    pub(crate) waiting: HashMap<(usize, u64), Waiting>,
    /// Calls that were made together, by a number of their own.
    pub(crate) batches: HashMap<u64, Batch>,
    pub(crate) batch_number: u64,
    /// Texts that wait for the user's editor.
    pub(crate) drafts: VecDeque<(Key, Draft)>,
}

/// Why the dashboard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The user quit, and confirmed the loss of unsent messages.
    User,
    /// A termination signal.
    Signal,
    /// The terminal was closed.
    HungUp,
}

/// Whether the event loop continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopState {
    /// The dashboard stays open.
    Running,
    /// The dashboard closes.
    Quit,
}

impl Dashboard {
    fn new(sources: Sources, screen: Screen, settings: &DashboardSettings) -> Self {
        let network = |source: &Source| {
            let network = Network::new(source.description().clone(), source.run());
            network.with_commands(source.commands().clone())
        };
        let networks = sources.iter().map(|source| network(source).with_panes(&settings.panes));
        let networks = Networks::of(networks.collect());
        let mut model =
            Model::new(networks, sources.now(), TimeZone::system(), settings.demo, settings.captures_mouse());
        model.keymap = Keymap::default().with_user_keys(&settings.options.keys);
        model.replay = sources.replay();
        model.damaged_lines = sources.iter().map(Source::damaged_lines).sum();
        sources.iter().filter_map(Source::remark).for_each(|text| model.notify(text));
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
        Self {
            sources,
            screen,
            model,
            frames,
            bell: Bell::default(),
            title,
            replies,
            stations,
            history,
            exit_report: last_words,
            cause: Cause::User,
            deferred_effects: Vec::new(),
            waiting: HashMap::new(),
            batches: HashMap::new(),
            batch_number: 0,
            drafts: VecDeque::new(),
        }
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
        if self.sources.peer_lists(0).is_some_and(|lists| lists.is_configured()) {
            self.read_peer_lists(None);
        }
        loop {
            tokio::select! {
                input = self.screen.next() => {
                    if self.on_input(input)? == LoopState::Quit {
                        return Ok(());
                    }
                }
                // Once a frame is due, events wait in the subscription, and `catch_up` applies them together. A seek
                // of a replay does not wait for frames.
                happened = self.sources.next(), if !self.frames.is_due() || self.sources.is_seeking() => match happened {
                    Some((at, SourceEvent::News(news))) => self.on_news(at, news),
                    Some((_, SourceEvent::Recorded(said))) => self.dispatch(Msg::Recorded(said)),
                    None => return Ok(()),
                },
                Some(reply) = self.replies.1.recv() => {
                    if self.on_msg(reply)? == LoopState::Quit {
                        return Ok(());
                    }
                }
                () = self.frames.wait() => {
                    self.catch_up();
                    self.draw()?;
                }
            }
            let effects = std::mem::take(&mut self.deferred_effects);
            if self.carry_out(effects)? == LoopState::Quit || self.open_editors().await? == LoopState::Quit {
                return Ok(());
            }
        }
    }

    fn on_input(&mut self, input: Input) -> anyhow::Result<LoopState> {
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
        self.on_msg(msg)
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

    fn on_msg(&mut self, msg: Msg) -> anyhow::Result<LoopState> {
        self.frames.request();
        let effects = update(&mut self.model, self.sources.now(), msg);
        self.carry_out(effects)
    }

    /// Executes effects, and those of messages that are dispatched meanwhile.
    fn carry_out(&mut self, effects: Vec<Effect>) -> anyhow::Result<LoopState> {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            if self.execute(effect)? == LoopState::Quit {
                return Ok(LoopState::Quit);
            }
            effects.extend(std::mem::take(&mut self.deferred_effects));
        }
        Ok(LoopState::Running)
    }

    pub(crate) fn query_assist(&mut self, question: AssistQuery) {
        let active = self.model.networks.position();
        if let Some(Need::Items(finds)) = &question.need {
            self.find(finds.clone(), Vec::new());
        }
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
            let lists = self.sources.peer_lists(active).cloned();
            tokio::task::spawn_blocking(move || {
                let list = |list: &ListSource| lists.as_ref()?.why_not_file(list);
                let objection = precheck::on_disk(&command, recorder::why_not, list);
                // An error means that the dashboard is closed.
                let _ = replies.blocking_send(Msg::FileChecked(command, objection));
            });
        }
        let network = self.model.networks.active();
        let call = question.command.as_ref().and_then(|command| ask::call_to_check(network, command));
        if let Some(call) = call {
            return self.check_line(active, question, call);
        }
        let objection = match &question.command {
            Some(Command::View(ViewCommand::Record(command))) => self.sources.why_not_record(active, command),
            Some(Command::View(ViewCommand::PeersFrom(None))) => {
                self.sources.peer_lists(active).and_then(|lists| lists.why_not())
            }
            _ => None,
        };
        self.reply_to_line(question, objection);
    }

    /// Applies pending events, for a limited time so that keys do not wait.
    fn catch_up(&mut self) {
        let began = Instant::now();
        while began.elapsed() < MAX_CATCH_UP {
            let Some((at, news)) = self.sources.try_next() else { break };
            self.on_news(at, news);
        }
    }

    /// Executes a command of the replay.
    pub(crate) fn control_replay(&mut self, command: ReplayCommand) {
        let Some((at, run)) = self.sources.replay_run() else {
            let refusal = CommandRefusal::new("this is no replay; clacks replay FILE plays a recording");
            return self.dispatch(Msg::EffectDone(Err(refusal.into())));
        };
        // The header shows the rest.
        let is_shown = matches!(command, ReplayCommand::Speed(_));
        self.request(at, Request::Call(command.call(run)), Waiting::Replay { is_shown });
    }

    /// Applies news of the network at a position.
    pub(crate) fn on_news(&mut self, network: usize, news: News) {
        match news {
            News::Looked => self.frames.request(),
            News::Answer(number, answer) => self.on_answer(network, number, answer),
            news => {
                if matches!(news, News::Back { restarted: true }) {
                    self.drop_drafts(network);
                }
                self.sources.message(network, news).into_iter().for_each(|msg| self.dispatch(msg));
            }
        }
    }

    pub(crate) fn dispatch(&mut self, msg: Msg) {
        self.frames.request();
        for effect in update(&mut self.model, self.sources.now(), msg) {
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
        let snapshot = self.sources.snapshot(&query);
        self.dispatch(Msg::Refreshed(Box::new(snapshot)));
    }

    /// Updates the title of the window. Returns the time until it can change again.
    fn update_title(&mut self) -> anyhow::Result<Duration> {
        let Some(title) = &mut self.title else { return Ok(Duration::MAX) };
        let model = &self.model;
        let wanted = title::window_title(model.networks.active(), model.replay.is_some(), model.charset());
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
        self.frames.drawn(self.sources.real_time(changes_after));
        Ok(())
    }
}
