//! A replay in the accessible mode.

use std::{
    future::poll_fn,
    io::{self, IsTerminal},
};

use clacks_feed::{News, Source as _, description::Description};
use clacks_language::{
    command::{Command, ViewCommand, playback::ReplayCommand},
    saved_filter::Stations,
};
use clacks_p2p::core::Now;
use clacks_recording::replay::Replay;
use clacks_session::{precheck::REPLAY_SENDS_NOTHING, saved_filters::SavedFilterHits};
use clacks_text::format::clock;
use tokio::{sync::mpsc, time::Instant};

use super::{
    AccessibleOptions,
    answers::{Answer, QueryContext, answer, select_item},
    any_network,
    keyboard::{Finished, Input, Keyboard},
    list_cursor::ListCursor,
    lists::Lists,
    narrator::{Happening, Narrator},
    phrases,
    prompt::{OutputPart, Prompt},
    sentences_of,
    tab_completion::{self, OnTab},
    write_parts,
};
use crate::platform::{
    input::Line,
    output::{Closed, Output},
    signals::{Signal, Signals},
};

/// The pace of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// At the speed of the player, with commands.
    AsItHappened,
    /// The whole recording at once, without commands.
    AtOnce,
}

/// Announces the events of a recording until its end, until the user leaves, or until the output is closed.
pub(crate) async fn replay(player: Replay, options: AccessibleOptions, pace: Pace) -> anyhow::Result<()> {
    let (mut signals, output) = (Signals::catch()?, Output::open()?);
    let mut keyboard = match pace {
        Pace::AsItHappened => Keyboard::open()?,
        // No input is read.
        Pace::AtOnce => Keyboard::none(),
    };
    let (to_session, mut replies) = mpsc::channel(1);
    let mut session = Session::new(player, options, pace, to_session);
    let mut sentences = sentences_of(session.welcome());
    loop {
        tokio::select! {
            texts = write_parts(&output, sentences, session.narrator.charset()) => if let Err(closed) = texts { return closed.into_result() },
            _ = signals.next() => return Ok(()),
        }
        if session.is_leaving {
            // A signal exits without waiting for a slow reader.
            tokio::select! {
                finished = output.finish() => finished.or_else(Closed::into_result)?,
                _ = signals.next() => {}
            }
            return session.error.map_or(Ok(()), |error| Err(anyhow::Error::msg(error)));
        }
        sentences = tokio::select! {
            Some(news) = poll_fn(|cx| session.player.poll_news(cx)) => {
                let texts = session.on_news(news);
                session.prompt.announce(texts)
            }
            Some(input) = keyboard.next() => session.on_input(input, &mut keyboard),
            Some(reply) = replies.recv() => session.prompt.announce(reply),
            () = summary_is_due(&session.narrator, session.began) => {
                let texts = session.narrator.summary(session.elapsed());
                session.prompt.announce(texts)
            }
            // Ctrl-C discards the current line; without one it exits.
            signal = signals.next() => match (signal, session.prompt.discard()) {
                (Signal::Interrupt, Some(left)) => left,
                _ => return Ok(()),
            },
            closed = output.closed() => return closed.into_result(),
        };
    }
}

/// Waits until a summary of events that were not announced is due.
async fn summary_is_due(narrator: &Narrator, began: Instant) {
    match narrator.summary_due_at() {
        Some(at) => tokio::time::sleep_until(began + at).await,
        None => std::future::pending().await,
    }
}

/// A session with a recording.
#[expect(clippy::struct_excessive_bools, reason = "they say yes or no to different questions")]
pub(super) struct Session {
    player: Replay,
    lists: Lists,
    narrator: Narrator,
    cursor: ListCursor,
    prompt: Prompt,
    /// For answers that take a while.
    replies: mpsc::Sender<Vec<String>>,
    pace: Pace,
    /// Whether a jump is under way, and whether the end was announced.
    is_jumping: bool,
    is_at_end: bool,
    /// Start of the session. The rate limit uses real time, not the recording's, because it is for the listener.
    began: Instant,
    /// Whether the session stays open at the end, because a user can jump back.
    is_interactive: bool,
    is_leaving: bool,
    error: Option<String>,
}

impl Session {
    pub(super) fn new(
        mut player: Replay,
        options: AccessibleOptions,
        pace: Pace,
        replies: mpsc::Sender<Vec<String>>,
    ) -> Self {
        let lists = Lists::of(player.network());
        if pace == Pace::AtOnce {
            player.jump(player.facts().length);
        }
        let is_interactive =
            pace == Pace::AsItHappened && io::stdin().is_terminal() && io::stdout().is_terminal();
        let network = player.description().clone();
        let mut narrator = Narrator::of_recording(options.filter, options.charset, network);
        let shown = narrator.filter_networks();
        narrator.derived.saved_filters = SavedFilterHits::new(options.stations, Stations::default(), shown);
        Self {
            player,
            lists,
            narrator,
            cursor: ListCursor::default(),
            prompt: Prompt::new(OnTab::Other(tab_completion::of_replay), options.charset),
            replies,
            pace,
            is_jumping: pace == Pace::AtOnce,
            is_at_end: false,
            began: Instant::now(),
            is_interactive,
            is_leaving: false,
            error: None,
        }
    }

    fn elapsed(&self) -> std::time::Duration {
        self.began.elapsed()
    }

    fn welcome(&self) -> Vec<String> {
        let left_out = self.player.facts().left_out;
        let left_out =
            (!left_out.is_empty()).then(|| phrases::as_sentence(phrases::capitalized(&left_out.to_string())));
        if self.pace == Pace::AtOnce {
            return left_out.into_iter().collect();
        }
        let Description { network, node: address, .. } = &**self.player.description();
        let replay = format!("Replay of {} at {network} {address}.", clock(self.player.facts().length));
        let how = ":pause stands still or goes on, :help lists the commands, :quit leaves.".to_owned();
        [replay].into_iter().chain(left_out).chain([how]).collect()
    }

    fn now(&self) -> Now {
        let clacks_feed::Now { uptime, unix_ms } = self.player.now();
        Now { uptime, unix_ms }
    }

    /// Samples the counters of a node of clacks.
    fn sample(&mut self, now: Now) {
        if let Some(overview) = self.lists.overview() {
            self.narrator.derived.sample(&overview, now);
        }
    }

    fn on_news(&mut self, news: News) -> Vec<String> {
        match news {
            News::Event(event) => {
                any_network::learn_names(&event, &self.lists, &mut self.narrator);
                self.on_event(Happening::Event(&event))
            }
            News::Lagged(missed) => self.on_event(Happening::Missed(missed, self.player.now())),
            News::Back { .. } => {
                self.narrator.reset();
                Vec::new()
            }
            News::Looked => self.on_change(),
            News::Away(error) if self.is_interactive => {
                vec![phrases::reply(Err(error.untrusted().to_owned()))]
            }
            News::Away(error) => {
                self.is_leaving = true;
                self.error = Some(error.untrusted().to_owned());
                Vec::new()
            }
            News::Answer(..) => Vec::new(),
        }
    }

    /// Announces the end of a jump and of the recording.
    fn on_change(&mut self) -> Vec<String> {
        let progress = self.player.playback();
        let has_arrived = self.is_jumping && progress.jumping.is_none();
        let has_ended = progress.at_end && !self.is_at_end;
        self.is_at_end = progress.at_end;
        if !has_arrived && !has_ended {
            return Vec::new();
        }
        self.is_jumping = false;
        self.on_arrival()
    }

    fn on_event(&mut self, happening: Happening<'_>) -> Vec<String> {
        let now = self.now();
        if self.narrator.derived.is_sample_due(now) {
            self.sample(now);
        }
        let progress = self.player.playback();
        if self.pace == Pace::AtOnce {
            return self.narrator.narrate_all(happening).into_iter().collect();
        }
        if progress.jumping.is_some() {
            self.narrator.narrate_all(happening);
            return Vec::new();
        }
        if progress.paused {
            // The user requested this event with `:step`.
            let texts = self.narrator.narrate_all(happening);
            return vec![
                texts.unwrap_or_else(|| "One event on; there is nothing to tell of it yet.".to_owned()),
            ];
        }
        let elapsed = self.elapsed();
        self.narrator.narrate(happening, elapsed).into_iter().collect()
    }

    fn on_arrival(&mut self) -> Vec<String> {
        let progress = self.player.playback();
        match (progress.at_end, self.is_interactive) {
            (true, true) => {
                vec!["The recording is at its end. :jump 0 plays it again, :quit leaves.".to_owned()]
            }
            (true, false) => {
                self.is_leaving = true;
                Vec::new()
            }
            (false, _) => vec![self.position_line()],
        }
    }

    /// The position, and whether the replay is paused.
    fn position_line(&self) -> String {
        let progress = self.player.playback();
        let how =
            if progress.paused { "paused".to_owned() } else { format!("{} times as fast", progress.speed) };
        format!("At {} of {}, {how}.", clock(progress.position), clock(progress.length))
    }

    /// Handles a line. `None` is Ctrl-D in a terminal, which exits. The end of a pipe is not reported.
    fn on_line(&mut self, line: Option<Line>) -> Vec<String> {
        let Some(line) = line else {
            self.is_leaving = true;
            return Vec::new();
        };
        let source = QueryContext { lists: &self.lists, now: self.now(), settings: None };
        let command = line.map_err(|error| error.to_string()).and_then(|line| {
            let named = select_item(&line, (&mut self.cursor, &self.narrator), &source);
            named.unwrap_or_else(|| {
                Command::parse(&line, self.player.recorded()).map_err(|error| error.to_string())
            })
        });
        match command {
            Ok(Command::View(command)) => self.run_query(command),
            Ok(Command::Say(_) | Command::Node(_)) => {
                vec![phrases::reply(Err(REPLAY_SENDS_NOTHING.to_owned()))]
            }
            Err(error) => vec![phrases::reply(Err(error))],
        }
    }

    /// Handles input: a line, or keys.
    fn on_input(&mut self, input: Input, keyboard: &mut Keyboard) -> Vec<OutputPart> {
        let keys = match input {
            Input::Line(line) => return sentences_of(self.on_line(line)),
            Input::Keys(keys) => keys,
            Input::Gone => {
                self.is_leaving = true;
                return Vec::new();
            }
        };
        let mut texts = Vec::new();
        self.prompt.update_width();
        for typed in self.prompt.press(&keys) {
            let (echo, ended) = keyboard.handle(typed);
            texts.extend(echo);
            if let Some(Finished(line)) = ended {
                texts.extend(sentences_of(self.on_line(line)));
            }
            if self.is_leaving {
                break;
            }
        }
        texts.extend(self.prompt.drain_waiting());
        texts
    }

    fn run_query(&mut self, command: ViewCommand) -> Vec<String> {
        let now = self.now();
        self.sample(now);
        let source = QueryContext { lists: &self.lists, now, settings: None };
        match answer(command, &mut self.cursor, &mut self.narrator, &source) {
            Answer::Sentences(texts) => texts,
            Answer::Write(target, rows) => {
                let replies = self.replies.clone();
                tokio::task::spawn_blocking(move || {
                    // Fails only if the session has ended.
                    let _ = replies
                        .blocking_send(vec![phrases::reply(clacks_session::export::write(&target, &rows))]);
                });
                Vec::new()
            }
            Answer::Stations(texts, _) => vec![texts],
            Answer::NotAQuery(command) => self.run_other(&command),
        }
    }

    /// Executes a command that is no query.
    fn run_other(&mut self, command: &ViewCommand) -> Vec<String> {
        match command {
            ViewCommand::Replay(command) => self.control(*command),
            ViewCommand::Help => phrases::help_in_replay(),
            ViewCommand::Quit | ViewCommand::QuitAtOnce => {
                self.is_leaving = true;
                Vec::new()
            }
            _ => vec![phrases::reply(Err(REPLAY_SENDS_NOTHING.to_owned()))],
        }
    }

    fn control(&mut self, command: ReplayCommand) -> Vec<String> {
        if let Err(reason) = self.player.carry_out(command) {
            return vec![phrases::reply(Err(reason))];
        }
        self.is_jumping |= matches!(command, ReplayCommand::Jump(_));
        match command {
            // Their result is announced when it arrives.
            ReplayCommand::Step | ReplayCommand::Jump(_) => Vec::new(),
            ReplayCommand::Pause | ReplayCommand::Speed(_) => vec![self.position_line()],
        }
    }
}

#[cfg(test)]
impl Session {
    pub(super) fn is_leaving(&self) -> bool {
        self.is_leaving
    }

    /// The answer to a line.
    pub(super) fn say(&mut self, line: &str) -> String {
        self.on_line(Some(Ok(line.to_owned()))).join(" ")
    }

    /// What is told of the next news.
    pub(super) async fn listen(&mut self) -> Vec<String> {
        let news = poll_fn(|cx| self.player.poll_news(cx)).await.unwrap();
        self.on_news(news)
    }
}

#[cfg(test)]
mod tests;
