//! The accessible mode: the node's events as sentences, one per line, and commands as lines. For screen readers, for
//! terminals without escape sequences, and for pipes; no escape sequence is written.
//!
//! On a terminal single keys are read, so that output waits while a line is being typed; see [`line_editor`]. In a pipe
//! nothing waits.

use std::{
    io::{self, IsTerminal},
    sync::Arc,
    time::Duration,
};

use answers::{Answer, QueryContext, answer, edit, select_item};
use clacks_feed::{Call, Network, News, description::Description};
use clacks_language::{
    command::{Command, ViewCommand},
    list_source::ListSource,
    saved_filter::{StationFile, StationWriter, Stations},
    traffic_filter::FilterText,
};
use clacks_p2p::{core::Now, node::DrainError};
use clacks_p2p_feed::settings::NodeSettings;
use clacks_recording::recorder::Recorder;
use clacks_session::saved_filters::{Bell, SavedFilterHits};
use clacks_text::{charset::Charset, sanitize::sanitize_unpadded};
use keyboard::{Finished, Input, Keyboard};
use list_cursor::ListCursor;
use lists::Lists;
use narrator::{Happening, Narrator};
use prompt::{OutputPart, Prompt};
use shutdown::{Draining, LeaveQuestion};
use tab_completion::OnTab;
use tokio::{sync::mpsc, task::JoinSet, time::Instant};
use undo::UndoHistory;

use super::{
    config::view::View,
    networks::{self, Clacks},
    platform::{
        input::Line,
        output::{Closed, Output},
    },
};

mod answers;
mod any_network;
mod derived_state;
mod digest;
mod key_filter;
mod keyboard;
mod limits;
mod line_editor;
mod list_cursor;
mod listen;
mod lists;
mod narrator;
mod phrases;
mod prompt;
pub(crate) mod replay;
mod shutdown;
mod tab_completion;
#[cfg(test)]
mod tests;
mod undo;
mod unsupported;

/// Maximum number of buffered answers.
const REPLIES: usize = 64;

/// Maximum time for a slow reader to read the last sentences.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

/// The options of the accessible mode.
#[derive(Debug, Default)]
pub(crate) struct AccessibleOptions {
    /// A demo, whose unsent messages need no question.
    pub(crate) demo: bool,
    /// Only traffic that matches is announced.
    pub(crate) filter: Option<FilterText>,
    /// The characters that can be read.
    pub(crate) charset: Charset,
    /// The saved filters of the configuration file.
    pub(crate) stations: Stations,
    /// The file for changed saved filters, and its content.
    pub(crate) kept: Option<(StationFile, Stations)>,
}

impl AccessibleOptions {
    /// The options of the screen that apply here too.
    pub(crate) fn of(view: &View) -> Self {
        let (filter, stations) = (view.filter.clone(), view.stations.clone());
        Self { filter, stations, charset: view.charset(), demo: false, kept: None }
    }
}

/// Announces the events of a node until the user leaves, the system requests termination, or the output is closed.
/// `clacks` is what only a node of clacks has. `begin` is called once the events are watched.
pub(crate) async fn run(
    network: Arc<dyn Network>,
    clacks: Option<Clacks>,
    mut recorder: Recorder,
    options: AccessibleOptions,
    begin: impl FnOnce(),
) -> anyhow::Result<()> {
    let (to_session, replies) = mpsc::channel(REPLIES);
    let mut session = Session::new(network, clacks, options, to_session);
    let result = listen::listen(&mut session, &mut recorder, replies, begin).await;
    recorder.stop().await;
    if let Some(stations) = session.stations {
        stations.finish().await;
    }
    result
}

async fn write_parts(output: &Output, sentences: Vec<OutputPart>, charset: Charset) -> Result<(), Closed> {
    for texts in sentences {
        match texts {
            OutputPart::Sentence(sentence) => output.write(line(&sentence, charset)).await?,
            OutputPart::Echo(text) => output.echo(text).await?,
        }
    }
    Ok(())
}

/// Sanitizes a sentence, because it can contain text of a peer.
fn line(sentence: &str, charset: Charset) -> String {
    sanitize_unpadded(sentence, usize::MAX, charset)
}

fn sentences_of(sentences: Vec<String>) -> Vec<OutputPart> {
    sentences.into_iter().map(OutputPart::Sentence).collect()
}

/// The bell character. It neither moves the cursor nor starts a sequence.
const BELL: &str = "\u{7}";

/// The answer to `:peers-from` where only peers of clacks could be read.
const NO_PEER_LISTS: &str = "lists of peers are for a node of clacks";

/// The answer to a command that only a replay has.
const NO_REPLAY: &str = "this is no replay; clacks replay FILE plays a recording";

/// The result of a command that took a while.
enum Reply {
    Sentences(Vec<String>),
    Drained(Result<(), DrainError>),
}

/// A session with a node.
struct Session {
    network: Arc<dyn Network>,
    /// `None`: the node is of another network, and leaving loses no messages.
    clacks: Option<Clacks>,
    lists: Lists,
    /// A demo, whose unsent messages need no question.
    demo: bool,
    /// The limits of a node of clacks.
    limits: Option<NodeSettings>,
    narrator: Narrator,
    bell: Bell,
    cursor: ListCursor,
    undo_history: UndoHistory,
    prompt: Prompt,
    /// Writes changed saved filters to their file, if there is one.
    stations: Option<StationWriter>,
    /// The question before the exit.
    question: LeaveQuestion,
    /// The drain before the exit.
    draining: Option<Draining>,
    is_leaving: bool,
    /// Determined at the start, because a closed terminal looks like no terminal.
    is_on_terminal: bool,
    /// For answers that take a while.
    replies: mpsc::Sender<Reply>,
    /// Calls that wait for other nodes. Each sends its answer to `replies`.
    calls: JoinSet<()>,
}

impl Session {
    fn new(
        network: Arc<dyn Network>,
        clacks: Option<Clacks>,
        options: AccessibleOptions,
        replies: mpsc::Sender<Reply>,
    ) -> Self {
        let AccessibleOptions { demo, filter, charset, stations, kept } = options;
        let (file, changed) =
            kept.map_or((None, Stations::default()), |(file, changed)| (Some(file), changed));
        let mut narrator = Narrator::new(filter, charset, network.description().clone());
        let shown = narrator.filter_networks();
        narrator.derived.saved_filters = SavedFilterHits::new(stations, changed, shown);
        let complaints = replies.clone();
        // Fails only if the session has ended.
        let complain = move |reason| {
            drop(complaints.blocking_send(Reply::Sentences(vec![phrases::reply(Err(reason))])));
        };
        let on_tab = OnTab::Node(network.description().clone());
        Self {
            lists: Lists::of(network.clone()),
            network,
            demo,
            limits: clacks.as_ref().map(|clacks| NodeSettings::of(&clacks.node)),
            clacks,
            narrator,
            bell: Bell::default(),
            cursor: ListCursor::default(),
            undo_history: UndoHistory::default(),
            prompt: Prompt::new(on_tab, charset),
            stations: file.map(|file| StationWriter::new(file, complain)),
            question: LeaveQuestion::None,
            draining: None,
            is_leaving: false,
            is_on_terminal: io::stdout().is_terminal(),
            replies,
            calls: JoinSet::new(),
        }
    }

    fn welcome(&self) -> Vec<String> {
        let Description { network, node, says, .. } = &**self.network.description();
        let how = if says.is_some() { "Type a message and press Enter to send it. " } else { "" };
        vec![
            format!("{network} {} is running.", node.as_str()),
            format!("{how}:help lists the commands, :quit leaves."),
        ]
    }

    /// The time of the node.
    fn now(&self) -> Now {
        let clacks_feed::Now { uptime, unix_ms } = self.network.now();
        Now { uptime, unix_ms }
    }

    /// Samples the counters of a node of clacks.
    fn sample(&mut self, now: Now) {
        if let Some(clacks) = &self.clacks {
            self.narrator.derived.sample(&clacks.node.overview(), now);
        }
    }

    fn on_news(&mut self, news: &News) -> Vec<String> {
        let now = self.now();
        if self.narrator.derived.is_sample_due(now) {
            self.sample(now);
        }
        let happening = match news {
            News::Event(event) => {
                any_network::learn_names(event, &self.lists, &mut self.narrator);
                Happening::Event(event)
            }
            News::Lagged(missed) => {
                Happening::Missed(*missed, clacks_feed::Now { uptime: now.uptime, unix_ms: now.unix_ms })
            }
            // Nothing is requested, and the node is in this process.
            News::Looked | News::Answer(..) | News::Away(_) | News::Back { .. } => return Vec::new(),
        };
        self.narrator.narrate(happening, now.uptime).into_iter().collect()
    }

    /// Whether to ring the terminal's bell now for a saved filter. It rings also while a line is being typed, although
    /// the sentence waits.
    fn should_ring(&mut self) -> bool {
        self.narrator.pop_bell() && self.is_on_terminal && self.bell.may_ring(std::time::Instant::now())
    }

    /// Handles input: a line, or keys.
    async fn on_input(
        &mut self,
        input: Input,
        keyboard: &mut Keyboard,
        recorder: &mut Recorder,
    ) -> Vec<OutputPart> {
        let keys = match input {
            Input::Line(line) => return sentences_of(self.on_line(line, recorder).await),
            Input::Keys(keys) => keys,
            Input::Gone => return Vec::new(),
        };
        let mut texts = Vec::new();
        self.prompt.update_width();
        for typed in self.prompt.press(&keys) {
            let (echo, ended) = keyboard.handle(typed);
            texts.extend(echo);
            if let Some(Finished(line)) = ended {
                texts.extend(sentences_of(self.on_line(line, recorder).await));
            }
            if self.is_leaving {
                break;
            }
        }
        texts.extend(self.prompt.drain_waiting());
        texts.extend(self.ask_if_pending());
        texts
    }

    /// Waits until a summary of events that were not announced is due.
    async fn summary_is_due(&self) {
        match self.narrator.summary_due_at() {
            Some(at) => {
                let left = at.saturating_sub(self.now().uptime);
                tokio::time::sleep_until(Instant::now() + left.max(Duration::from_millis(1))).await;
            }
            None => std::future::pending().await,
        }
    }

    /// Handles a line. `None` is Ctrl-D in a terminal, which exits as Ctrl-C does. The end of a pipe is not reported.
    async fn on_line(&mut self, line: Option<Line>, recorder: &mut Recorder) -> Vec<String> {
        let line = match line {
            None => return self.on_interrupt(),
            Some(Err(error)) => return vec![phrases::reply(Err(error.to_string()))],
            Some(Ok(line)) => line,
        };
        if self.question == LeaveQuestion::Asked {
            self.question = LeaveQuestion::None;
            return self.answer(&line);
        }
        let source = QueryContext { lists: &self.lists, now: self.now(), settings: self.limits.as_ref() };
        let named = select_item(&line, (&mut self.cursor, &self.narrator), &source);
        let command = named.unwrap_or_else(|| {
            Command::parse(&line, self.network.description()).map_err(|error| error.to_string())
        });
        match command {
            Ok(Command::View(ViewCommand::Record(command))) => {
                vec![phrases::reply(recorder.carry_out(command).await)]
            }
            Ok(Command::View(ViewCommand::Undo)) => {
                vec![phrases::reply(self.undo_history.undo(self.network.clone()).await)]
            }
            Ok(Command::View(command)) => self.run_query(command),
            Ok(command) => match networks::call(&*self.network, &command) {
                Some(call) => self.call(call).await,
                None => vec![phrases::reply(Err(networks::NO_TEXTS.to_owned()))],
            },
            Err(error) => vec![phrases::reply(Err(error))],
        }
    }

    fn on_reply(&mut self, reply: Reply) -> Vec<String> {
        match reply {
            Reply::Sentences(sentences) => sentences,
            Reply::Drained(result) => self.drained(result),
        }
    }

    async fn call(&mut self, call: Call) -> Vec<String> {
        let network = self.network.clone();
        if !networks::waits_for_another_node(&call) {
            return vec![phrases::reply(self.undo_history.call(network, call).await)];
        }
        // It takes as long as other nodes; meanwhile the next lines are executed.
        let replies = self.replies.clone();
        while self.calls.try_join_next().is_some() {}
        self.calls.spawn(async move {
            // Fails only if the session has ended.
            let _ =
                replies.send(Reply::Sentences(vec![phrases::reply(undo::call(network, call).await)])).await;
        });
        Vec::new()
    }

    /// Reads one list of peers, or all configured ones, while the next lines are executed.
    fn read_peers(&self, clacks: &Clacks, asked: Option<ListSource>) {
        let (lists, replies) = (clacks.peer_lists.clone(), self.replies.clone());
        tokio::spawn(async move {
            // Fails only if the session has ended.
            let _ = replies.send(Reply::Sentences(phrases::peers_read(lists.read_all(asked).await))).await;
        });
    }

    fn run_query(&mut self, command: ViewCommand) -> Vec<String> {
        let now = self.now();
        self.sample(now);
        let source = QueryContext { lists: &self.lists, now, settings: self.limits.as_ref() };
        match answer(command, &mut self.cursor, &mut self.narrator, &source) {
            Answer::Sentences(texts) => texts,
            Answer::Write(target, rows) => {
                let replies = self.replies.clone();
                tokio::task::spawn_blocking(move || {
                    // Fails only if the session has ended.
                    let _ = replies.blocking_send(Reply::Sentences(vec![phrases::reply(
                        clacks_session::export::write(&target, &rows),
                    )]));
                });
                Vec::new()
            }
            Answer::Stations(texts, stations) => {
                self.stations.iter().for_each(|kept| kept.save(&stations));
                vec![texts]
            }
            Answer::NotAQuery(command) => self.run_other(command),
        }
    }

    /// Executes a command that is no query.
    fn run_other(&mut self, command: ViewCommand) -> Vec<String> {
        match command {
            ViewCommand::Edit(item) => edit(&item, &self.lists),
            ViewCommand::PeersFrom(source) => match &self.clacks {
                Some(clacks) => {
                    self.read_peers(clacks, source);
                    Vec::new()
                }
                None => vec![phrases::reply(Err(NO_PEER_LISTS.to_owned()))],
            },
            ViewCommand::Replay(_) => vec![phrases::reply(Err(NO_REPLAY.to_owned()))],
            ViewCommand::Help => {
                let mut texts = phrases::help(self.network.description());
                texts.extend(self.narrator.views().map(phrases::view_help));
                texts
            }
            ViewCommand::Quit if self.draining.is_some() => {
                vec!["Messages are being handed on; :quit! leaves at once.".to_owned()]
            }
            ViewCommand::Quit => self.request_exit(),
            ViewCommand::QuitAtOnce => {
                self.is_leaving = true;
                Vec::new()
            }
            // Commands that the caller handles.
            _ => vec![phrases::reply(Err("that does nothing here; :help lists the commands".to_owned()))],
        }
    }
}
