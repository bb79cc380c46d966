//! The loop that connects the model to the terminal and to the source.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clacks_language::{
    command::{Command, motion_setting::Setting as MotionSetting, playback::ReplayCommand},
    completion::{MOST_CHOICES, Need},
    filter::Filter,
    saved_filter::{StationFile, StationWriter, Stations},
};
use clacks_p2p::{core::Now, node::DrainError};
use clacks_recording::{player::Seek, recorder};
use clacks_source::{
    limits::LimitSettings,
    precheck,
    restore::Before,
    saved_filters::{Bell, SavedFilterHits},
    shutdown::Cause,
};
use clacks_terminal::{Screen, frame_pacer::FramePacer, input::Input};
use clacks_widgets::{animation::Animations, theme_selection::ThemeSelection};
use jiff::tz::TimeZone;
use ratatui::layout::{Position, Rect};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    ask,
    history_file::{HistoryFile, HistoryWriter},
    list_directory,
    source::{Happened, Source, SourceEvent},
};
use crate::{
    keymap::{Keymap, user::UserKeys},
    model::Model,
    state::{
        assist::AssistQuery,
        message::{Effect, Msg},
        title::{self, Title},
    },
    update::update,
    view,
};

/// Answers of commands that may wait to be shown.
const REPLIES: usize = 64;

/// How long events are taken in before a frame at most, so that keys are read even in a flood.
const CATCHING_UP: Duration = Duration::from_millis(25);

/// Settings of the dashboard.
#[derive(Debug, Clone)]
pub struct DashboardSettings {
    /// Whether the node is part of a demo network. Its messages may be lost without a question.
    pub demo: bool,
    options: Options,
    /// Where what is sent is kept from one run to the next.
    history: Option<PathBuf>,
    looks: ThemeSelection,
    stations: KeptStations,
    /// What is said at the start.
    remark: Option<String>,
}

/// Options of the screen.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether to capture the mouse.
    pub mouse: bool,
    /// Whether to set the title of the window.
    pub title: bool,
    /// Motion setting. Default: full, but off over SSH.
    pub motion: Option<MotionSetting>,
    /// Filter of the traffic. Default: all traffic.
    pub filter: Option<Filter>,
    /// Saved filters.
    pub stations: Stations,
    /// Key bindings of the user.
    pub keys: UserKeys,
}

/// The stations that were changed while the program ran, and where they are kept, if they are.
#[derive(Debug, Clone, Default)]
struct KeptStations {
    file: Option<StationFile>,
    changed: Stations,
}

impl DashboardSettings {
    /// Creates settings without a history file and without a file for saved filters.
    pub fn new(demo: bool, options: Options, looks: ThemeSelection) -> Self {
        Self { demo, options, history: None, looks, stations: KeptStations::default(), remark: None }
    }

    /// Keeps saved filters in a directory, and reads those that are there. Fails if the file cannot be read.
    pub fn keep_in(self, directory: &Path) -> anyhow::Result<Self> {
        let file = StationFile::in_directory(directory);
        let changed = file.read()?;
        Ok(Self { stations: KeptStations { file: Some(file), changed }, ..self })
    }

    /// Sets the history file. `None` keeps no history.
    pub fn with_history(self, file: Option<PathBuf>) -> Self {
        Self { history: file, ..self }
    }

    /// Sets a remark for the start. It is shown as a notice and in the traffic.
    pub fn with_remark(self, remark: Option<String>) -> Self {
        Self { remark, ..self }
    }

    fn has_title(&self) -> bool {
        clacks_terminal::colours::has_title() && self.options.title
    }

    fn takes_mouse(&self) -> bool {
        self.options.mouse
    }

    fn motion(&self) -> MotionSetting {
        self.options.motion.unwrap_or_else(|| MotionSetting::usual(clacks_terminal::ssh::is_over_ssh()))
    }
}

/// Runs the dashboard until the user quits, the terminal is gone, or the system ends the program.
///
/// Unsent messages are drained only if the user confirmed. Otherwise the returned `Cause` tells the caller to do it.
pub async fn run(source: Source, settings: &DashboardSettings) -> anyhow::Result<Cause> {
    let screen = Screen::enter(settings.takes_mouse())?;
    let mut dashboard = Dashboard::new(source, screen, settings);
    settings.history.iter().for_each(|path| dashboard.open_history(path));
    let ended = dashboard.run().await;
    // What takes messages again at its end has to end before anybody begins anew.
    dashboard.handing_on.shutdown().await;
    let Dashboard { source, screen, history, stations, last_words, cause, .. } = dashboard;
    let left = screen.leave();
    last_words.iter().for_each(|words| clacks_terminal::stderr::report(words));
    source.close().await.iter().for_each(|said| clacks_terminal::stderr::report(said));
    // What was never sent is not written down.
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

/// How things went that took longer than a frame.
type Replies = (mpsc::Sender<Msg>, mpsc::Receiver<Msg>);

pub(crate) struct Dashboard {
    pub source: Source,
    pub screen: Screen,
    pub model: Model,
    frames: FramePacer,
    pub bell: Bell,
    /// `None` where it is not ours to change.
    title: Option<Title>,
    pub replies: Replies,
    /// Writer of the saved filters, if they are kept.
    pub stations: Option<StationWriter>,
    /// Writer of the history file, if there is one.
    pub history: Option<HistoryWriter>,
    /// To be told when the terminal is given back.
    pub(crate) last_words: Option<String>,
    /// Task of the drain, while one runs.
    pub handing_on: JoinSet<Result<(), DrainError>>,
    /// Why the program ends.
    cause: Cause,
    /// The message that is edited as it was before that.
    pub(crate) before_edit: Vec<Before>,
    /// Effects of what was answered while an effect was carried out. They are carried out after it.
    following: Vec<Effect>,
}

/// Whether the event loop continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// The dashboard stays open.
    Open,
    /// The dashboard closes.
    Leave,
}

impl Dashboard {
    fn new(source: Source, screen: Screen, settings: &DashboardSettings) -> Self {
        let mut model = Model::new(
            source.overview(),
            source.now(),
            TimeZone::system(),
            settings.demo,
            settings.takes_mouse(),
        );
        model.keymap = Keymap::default().with(&settings.options.keys);
        model.replay = source.replay();
        source.left_out().into_iter().for_each(|text| model.say(text));
        model.limits.settings = source.node().map(LimitSettings::of);
        model.motion = Animations::new(settings.motion());
        model.looks = settings.looks.clone();
        model.looks.complaint().into_iter().for_each(|complaint| model.complain(complaint));
        model.log.set_filter(settings.options.filter.clone());
        if let Some(remark) = &settings.remark {
            model.note_text(remark.clone());
            model.complain(remark);
        }
        let kept = &settings.stations;
        model.listening = SavedFilterHits::new(settings.options.stations.clone(), kept.changed.clone());
        let replies = mpsc::channel(REPLIES);
        let complaints = replies.0.clone();
        // If nobody listens any more, nobody needs to know.
        let complain = move |reason| drop(complaints.blocking_send(Msg::EffectDone(Err(reason))));
        let stations = kept.file.clone().map(|file| StationWriter::new(file, complain));
        let title = settings.has_title().then(Title::default);
        let (frames, history, last_words) = (FramePacer::default(), None, None);
        let (handing_on, cause) = (JoinSet::new(), Cause::User);
        Self {
            source,
            screen,
            model,
            frames,
            bell: Bell::default(),
            title,
            replies,
            stations,
            history,
            last_words,
            handing_on,
            cause,
            before_edit: Vec::new(),
            following: Vec::new(),
        }
    }

    /// Reads what was sent in earlier runs, and keeps what is sent in this one. Without it everything else works.
    fn open_history(&mut self, path: &Path) {
        match HistoryFile::open(path) {
            Ok((file, lines)) => {
                self.model.input.push_history(lines.iter().map(String::as_str));
                let replies = self.replies.0.clone();
                // If nobody listens any more, nobody needs to know.
                let complain = move |reason| drop(replies.blocking_send(Msg::EffectDone(Err(reason))));
                self.history = Some(HistoryWriter::new(file, complain));
            }
            Err(error) => self.model.complain(format!("{error:#}; nothing is kept in it")),
        }
    }

    async fn run(&mut self) -> anyhow::Result<()> {
        self.resize();
        if self.source.peer_lists().is_some_and(|lists| !lists.configured().is_empty()) {
            self.read_peers(None);
        }
        loop {
            tokio::select! {
                input = self.screen.next() => {
                    if self.on_input(input).await? == Stay::Leave {
                        return Ok(());
                    }
                }
                // Once a frame is due, events wait for it in the subscription and are taken together; but a jump of a
                // replay waits for no frame.
                happened = self.source.next(), if !self.frames.is_due() || self.source.is_jumping() => match happened {
                    Some(SourceEvent::Happened(happened)) => self.note(happened),
                    Some(SourceEvent::Recorded(said)) => self.take(Msg::Recorded(said)),
                    Some(SourceEvent::Arrived) => self.frames.request(),
                    Some(SourceEvent::Failed(reason)) => self.take(Msg::EffectDone(Err(reason))),
                    None => return Ok(()),
                },
                Some(reply) = self.replies.1.recv() => {
                    if self.on_msg(reply).await? == Stay::Leave {
                        return Ok(());
                    }
                }
                Some(ended) = self.handing_on.join_next() => {
                    // What the queue was a moment ago is not what is told.
                    self.refresh();
                    // One that panicked is told of elsewhere.
                    let msg = Msg::DrainFinished(ended.unwrap_or(Err(DrainError::Stopped)));
                    if self.on_msg(msg).await? == Stay::Leave {
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

    async fn on_input(&mut self, input: Input) -> anyhow::Result<Stay> {
        let msg = match input {
            Input::Key(key) => Msg::Key(key),
            Input::Burst(keys) => Msg::Burst(keys),
            Input::Paste(text) => Msg::Paste(text),
            Input::Mouse(mouse) => Msg::Mouse(mouse),
            Input::Focus(has_focus) => Msg::Focus(has_focus),
            Input::Resized | Input::Resumed => {
                self.resize();
                return Ok(Stay::Open);
            }
            Input::CannotStop(reason) => {
                Msg::EffectDone(Err(format!("the program can't be stopped: {reason}")))
            }
            Input::Terminate | Input::HungUp | Input::Panicked => return self.leave_for(&input),
        };
        self.on_msg(msg).await
    }

    /// Leaves because the system says so.
    pub(crate) fn leave_for(&mut self, input: &Input) -> anyhow::Result<Stay> {
        if let Some(editing) = self.model.editing.take() {
            self.put_back(&editing);
        }
        // The terminal is given back already and the panic is told.
        anyhow::ensure!(*input != Input::Panicked, "a part of the program failed, so all of it ends");
        self.cause = if *input == Input::HungUp { Cause::HungUp } else { Cause::Signal };
        Ok(Stay::Leave)
    }

    async fn on_msg(&mut self, msg: Msg) -> anyhow::Result<Stay> {
        self.frames.request();
        let mut effects: VecDeque<_> = update(&mut self.model, self.source.now(), msg).into();
        while let Some(effect) = effects.pop_front() {
            if self.carry_out(effect).await? == Stay::Leave {
                return Ok(Stay::Leave);
            }
            effects.extend(std::mem::take(&mut self.following));
        }
        Ok(Stay::Open)
    }

    pub(crate) fn ask(&mut self, question: AssistQuery) {
        if let Some(need @ Need::Files { .. }) = question.need.clone() {
            let replies = self.replies.0.clone();
            tokio::task::spawn_blocking(move || {
                let Need::Files { directory, begun } = &need else { return };
                let names = list_directory::names(directory, begun, MOST_CHOICES);
                // An error means that the dashboard is gone.
                let _ = replies.blocking_send(Msg::FilesListed(need, names));
            });
        }
        if let Some(Command::View(command)) = question.command.clone()
            && precheck::is_about_a_file(&command)
        {
            let replies = self.replies.0.clone();
            tokio::task::spawn_blocking(move || {
                let objection = precheck::on_disk(&command, recorder::why_not);
                // An error means that the dashboard is gone.
                let _ = replies.blocking_send(Msg::FileChecked(command, objection));
            });
        }
        let answer = ask::answer(&self.source, question, &self.model.zone);
        self.take(Msg::AssistReplied(answer));
    }

    /// Takes in what has happened, but not for so long that keys would have to wait.
    fn catch_up(&mut self) {
        let began = Instant::now();
        while began.elapsed() < CATCHING_UP {
            let Some(happened) = self.source.try_next() else { break };
            self.note(happened);
        }
    }

    /// Does with a replay what the user asks.
    pub(crate) fn control(&mut self, command: ReplayCommand) {
        let changes_speed = matches!(command, ReplayCommand::Speed(_));
        match self.source.control(command, &self.model.zone) {
            Ok(Seek::GoesOn) => {
                let speed = self.source.replay().filter(|_| changes_speed);
                speed.into_iter().for_each(|replay| self.take(Msg::EffectDone(Ok(replay.told_speed()))));
            }
            Ok(Seek::BeginsAgain) => self.take(Msg::ReplayRestarted),
            Err(reason) => self.take(Msg::EffectDone(Err(reason))),
        }
        self.refresh();
    }

    fn note(&mut self, happened: Happened) {
        self.take_at(happened.now, Msg::Node(happened.event));
    }

    pub(crate) fn take(&mut self, msg: Msg) {
        self.take_at(self.source.now(), msg);
    }

    fn take_at(&mut self, now: Now, msg: Msg) {
        self.frames.request();
        for effect in update(&mut self.model, now, msg) {
            match effect {
                // A line that was begun for the user.
                Effect::QueryAssist(question) => self.ask(question),
                // A terminal that is gone is noticed where it is read.
                Effect::RingBell => drop(self.ring()),
                effect => self.following.push(effect),
            }
        }
    }

    pub(crate) fn resize(&mut self) {
        let screen = Rect::from((Position::ORIGIN, self.screen.size()));
        self.take(Msg::Resized(screen));
    }

    pub(crate) fn refresh(&mut self) {
        let snapshot = self.source.snapshot(&self.model);
        self.take(Msg::Refreshed(Box::new(snapshot)));
    }

    /// Gives the window its title, and returns how long until it is to get another.
    fn entitle(&mut self) -> anyhow::Result<Duration> {
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
        let waits = self.entitle()?;
        let changes_after = self.model.changes_after().min(waits);
        self.frames.drawn(self.source.takes(changes_after));
        Ok(())
    }
}
