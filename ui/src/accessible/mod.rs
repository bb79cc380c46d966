//! The node in sentences: what happens is told line by line, and commands are read the same way. For screen readers,
//! for terminals that can do nothing, and for pipes: no escape sequence is written.
//!
//! On a terminal, keys are read one by one, so that what happens waits while a line is being typed; see [`typing`]. In a
//! pipe nothing waits.

use std::time::Duration;

use clacks_p2p::{Node, core::Event, node::HandOnError};
use tokio::{sync::mpsc, time::Instant};

use crate::{
    command::{Command, NodeCommand, ViewCommand},
    dashboard::listening::Listening,
    execute::execute,
    filter::Filter,
    headless::{
        Closed, Output,
        input::Line,
        signals::{Signal, Signals},
    },
    leaving::{self, AtStake, WHEN_TOLD_TO_END},
    limits::Settings,
    peer_list::{ListSource, PeerLists},
    recording::recorder::Recorder,
    station::{StationFile, StationWriter, Stations},
    untrusted::spelt,
};

mod answers;
mod flood;
mod keyboard;
mod memory;
mod not_here;
mod reading;
mod replay;
mod sentences;
mod teller;
#[cfg(test)]
mod tests;
mod turns;
mod typing;
mod undoing;

use answers::{Answer, Source, answer, edit, select_named};
use keyboard::{Input, Keyboard};
use reading::Reading;
pub(crate) use replay::{Pace, replay};
use teller::Teller;
use turns::{Told, Turns};
use typing::Typed;
use undoing::Undoable;

/// Answers of commands that may wait to be told.
const REPLIES: usize = 64;

/// How long the end waits for a slow reader of the last sentences.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What the options say about it.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Nobody minds what is lost of a demo.
    pub(crate) demo: bool,
    /// Only traffic that it admits is told.
    pub(crate) filter: Option<Filter>,
    /// The stations of the configuration file.
    pub(crate) stations: Stations,
    /// Where stations that are changed are kept, and those that were.
    pub(crate) kept: Option<(StationFile, Stations)>,
}

/// Tells what happens until the user leaves, the system asks the program to end, or nobody reads any more.
pub(crate) async fn run(
    node: &Node,
    mut recorder: Recorder,
    peer_lists: PeerLists,
    options: Options,
) -> anyhow::Result<()> {
    let (to_tell, replies) = mpsc::channel(REPLIES);
    let mut session = Session::new(node, peer_lists, options, to_tell);
    let result = listen(&mut session, &mut recorder, replies).await;
    recorder.stop().await;
    if let Some(stations) = session.stations {
        stations.finish().await;
    }
    result
}

async fn listen(
    session: &mut Session,
    recorder: &mut Recorder,
    mut replies: mpsc::Receiver<Reply>,
) -> anyhow::Result<()> {
    let (mut signals, output) = (Signals::catch()?, Output::open()?);
    let node = session.node.clone();
    let (mut events, mut keyboard) = (node.subscribe(), Keyboard::open()?);
    if !session.peer_lists.configured().is_empty() {
        session.read_peers(None);
    }
    let mut sentences: Vec<_> = session.welcome().into_iter().map(Told::Sentence).collect();
    loop {
        match tell_all(session, &output, sentences, (&mut signals, &mut replies)).await {
            Ok(Spoken::All) => {}
            Ok(Spoken::Leave) => return Ok(()),
            Err(closed) => return closed.into_result(),
        }
        if session.leaves {
            // Whoever has stopped reading holds up nobody's end.
            tokio::select! {
                finished = output.finish() => return finished.or_else(Closed::into_result),
                _ = signals.next() => return Ok(()),
                () = tokio::time::sleep(LAST_WORDS) => return Ok(()),
            }
        }
        sentences = tokio::select! {
            event = events.next() => match event {
                Some(event) => {
                    let told = session.on_event(&event);
                    session.turns.happened(told)
                }
                None => return Ok(()),
            },
            Some(input) = keyboard.next() => session.on_input(input, &mut keyboard, recorder).await,
            said = recorder.said() => session.turns.happened(vec![sentences::reply(said)]),
            Some(reply) = replies.recv() => {
                let told = session.on_reply(reply);
                session.turns.happened(told)
            }
            () = session.summary_is_due() => {
                let told = session.teller.summary(node.now().uptime);
                session.turns.happened(told)
            }
            // What is being typed is left at once.
            signal = signals.next() => match (signal, session.turns.abandon()) {
                (Signal::Interrupt, Some(left)) => left,
                (signal, left) => {
                    let told = session.on_signal(signal);
                    left.into_iter().flatten().chain(told.into_iter().map(Told::Sentence)).collect()
                }
            },
            closed = output.closed() => return closed.into_result(),
        };
    }
}

/// How it went to tell something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoken {
    All,
    /// The program is to end, and whoever reads is slow.
    Leave,
}

/// Tells sentences. A signal that comes while the reader stands still hands on what is here, as it does otherwise, and the
/// reader holds up none of it; a second one ends that.
async fn tell_all(
    session: &mut Session,
    output: &Output,
    sentences: Vec<Told>,
    (signals, replies): (&mut Signals, &mut mpsc::Receiver<Reply>),
) -> Result<Spoken, Closed> {
    let mut telling = std::pin::pin!(tell(output, sentences));
    loop {
        tokio::select! {
            told = &mut telling => return told.map(|()| Spoken::All),
            // Nobody can be asked anything; a question that was not read was not answered either.
            _ = signals.next() => {
                if session.handing_on.is_some() {
                    return Ok(Spoken::Leave);
                }
                session.hand_on(false, true).into_iter().for_each(|begun| crate::tell(&begun));
            }
            Some(reply) = replies.recv(), if session.is_told_to_end() => {
                session.on_reply(reply).into_iter().for_each(|told| crate::tell(&told));
            }
        }
        if session.leaves {
            return tokio::select! {
                told = &mut telling => told.map(|()| Spoken::All),
                _ = signals.next() => Ok(Spoken::Leave),
                () = tokio::time::sleep(LAST_WORDS) => Ok(Spoken::Leave),
            };
        }
    }
}

async fn tell(output: &Output, sentences: Vec<Told>) -> Result<(), Closed> {
    for told in sentences {
        match told {
            Told::Sentence(sentence) => output.write(line(&sentence)).await?,
            Told::Echo(text) => output.echo(text).await?,
        }
    }
    Ok(())
}

/// A sentence that may be written, whatever a peer has put into it.
fn line(sentence: &str) -> String {
    spelt(sentence, usize::MAX)
}

fn sentences_of(sentences: Vec<String>) -> Vec<Told> {
    sentences.into_iter().map(Told::Sentence).collect()
}

/// What is said of a command that only a replay knows.
const NO_REPLAY: &str = "this is no replay; clacks replay FILE plays a recording";

/// What took a while.
enum Reply {
    Told(Vec<String>),
    HandedOn(Result<(), HandOnError>),
}

/// So many messages are handed on.
struct HandingOn {
    total: usize,
    /// What was held is handed on as well.
    with_held: bool,
    /// It ends then, whatever is left.
    is_told_to_end: bool,
}

/// One who listens.
struct Session {
    node: Node,
    /// Nobody minds what is lost of a demo.
    demo: bool,
    limits: Settings,
    teller: Teller,
    reading: Reading,
    undoable: Undoable,
    turns: Turns,
    /// What keeps the stations, if anything does.
    stations: Option<StationWriter>,
    /// Whether the next line answers the question before leaving.
    is_asked: bool,
    /// What is handed on before the end.
    handing_on: Option<HandingOn>,
    leaves: bool,
    /// For answers that take a while.
    replies: mpsc::Sender<Reply>,
    peer_lists: PeerLists,
}

impl Session {
    fn new(node: &Node, peer_lists: PeerLists, options: Options, replies: mpsc::Sender<Reply>) -> Self {
        let Options { demo, filter, stations, kept } = options;
        let (file, changed) =
            kept.map_or((None, Stations::default()), |(file, changed)| (Some(file), changed));
        let mut teller = Teller::new(filter);
        teller.memory.listening = Listening::new(stations, changed);
        let complaints = replies.clone();
        // An error means that nobody listens any more.
        let complain = move |reason| {
            drop(complaints.blocking_send(Reply::Told(vec![sentences::reply(Err(reason))])));
        };
        Self {
            node: node.clone(),
            demo,
            limits: Settings::of(node),
            teller,
            reading: Reading::default(),
            undoable: Undoable::default(),
            turns: Turns::default(),
            stations: file.map(|file| StationWriter::new(file, complain)),
            is_asked: false,
            handing_on: None,
            leaves: false,
            replies,
            peer_lists,
        }
    }

    fn welcome(&self) -> Vec<String> {
        let address = self.node.address();
        vec![
            format!("clacks {address} is running."),
            "Type a message and press Enter to send it. :help lists the commands, :quit leaves.".to_owned(),
        ]
    }

    fn on_event(&mut self, event: &Event) -> Vec<String> {
        let now = self.node.now();
        if self.teller.memory.wants_sample(now) {
            self.teller.memory.sample(&self.node.overview(), now);
        }
        self.teller.note(event, now).into_iter().collect()
    }

    /// Takes in what was typed: a line, or keys that make some.
    async fn on_input(
        &mut self,
        input: Input,
        keyboard: &mut Keyboard,
        recorder: &mut Recorder,
    ) -> Vec<Told> {
        let keys = match input {
            Input::Line(line) => return sentences_of(self.on_line(line, recorder).await),
            Input::Keys(keys) => keys,
        };
        let mut told = Vec::new();
        self.turns.begin();
        for key in keys {
            let Some(typed) = self.turns.press(key) else { continue };
            match typed {
                Typed::Echo(text) => told.push(Told::Echo(text)),
                Typed::Stop => {
                    keyboard.stop();
                    told.extend(self.turns.again());
                }
                Typed::End => told.extend(sentences_of(self.on_line(None, recorder).await)),
                Typed::Line(line) => {
                    told.push(Told::Echo("\n".to_owned()));
                    told.extend(sentences_of(self.on_line(Some(line), recorder).await));
                }
            }
            if self.leaves {
                break;
            }
        }
        told.extend(self.turns.end());
        told
    }

    /// Waits until there is something to say about what was not told.
    async fn summary_is_due(&self) {
        match self.teller.summary_at() {
            Some(at) => {
                let left = at.saturating_sub(self.node.now().uptime);
                tokio::time::sleep_until(Instant::now() + left.max(Duration::from_millis(1))).await;
            }
            None => std::future::pending().await,
        }
    }

    /// Ctrl-C asks as `:quit` does, and a second time leaves whatever is lost. The system is not asked: what can be
    /// handed on is.
    fn on_signal(&mut self, signal: Signal) -> Vec<String> {
        if self.handing_on.is_some() || self.is_asked && signal == Signal::Interrupt {
            self.leaves = true;
            return Vec::new();
        }
        if signal == Signal::End { self.hand_on(false, true) } else { self.quit() }
    }

    /// Takes a line, or the end of the input. That of a terminal is Ctrl-D, and leaves; that of a pipe ends nothing.
    async fn on_line(&mut self, line: Option<Line>, recorder: &mut Recorder) -> Vec<String> {
        let line = match line {
            None => return self.on_signal(Signal::Interrupt),
            Some(Err(error)) => return vec![sentences::reply(Err(error.to_string()))],
            Some(Ok(line)) => line,
        };
        if std::mem::take(&mut self.is_asked) {
            return self.answer(&line);
        }
        let now = self.node.now();
        let source = Source { lists: &self.node, now, settings: Some(&self.limits) };
        let named = select_named(&line, &mut self.reading, &source);
        let command = named.unwrap_or_else(|| Command::parse(&line).map_err(|error| error.to_string()));
        match command {
            Ok(Command::Node(command)) => self.carry_out(command).await,
            Ok(Command::View(ViewCommand::Record(command))) => {
                vec![sentences::reply(recorder.carry_out(command).await)]
            }
            Ok(Command::View(ViewCommand::Undo)) => {
                vec![sentences::reply(self.undoable.undo(&self.node).await)]
            }
            Ok(Command::View(command)) => self.look(command),
            Err(error) => vec![sentences::reply(Err(error))],
        }
    }

    fn answer(&mut self, line: &str) -> Vec<String> {
        let at_stake = self.at_stake();
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" | ":quit!" => {
                self.leaves = true;
                Vec::new()
            }
            "h" if at_stake.can_hand_on() => self.hand_on(false, false),
            "a" if at_stake.is_anybody_there && at_stake.held > 0 => self.hand_on(true, false),
            _ => vec!["Staying. That line was not sent.".to_owned()],
        }
    }

    fn at_stake(&self) -> AtStake {
        AtStake::of(&self.node.overview())
    }

    fn is_told_to_end(&self) -> bool {
        self.handing_on.as_ref().is_some_and(|handing_on| handing_on.is_told_to_end)
    }

    /// Hands on what only this node has, for a while, what is held as well or not; leaves where there is nothing that can
    /// be.
    fn hand_on(&mut self, with_held: bool, is_told_to_end: bool) -> Vec<String> {
        let at_stake = self.at_stake();
        if !(at_stake.can_hand_on() || with_held) || self.demo {
            self.leaves = true;
            return Vec::new();
        }
        let total = if with_held { at_stake.all() } else { at_stake.waiting };
        self.is_asked = false;
        self.handing_on = Some(HandingOn { total, with_held, is_told_to_end });
        let (node, replies) = (self.node.clone(), self.replies.clone());
        tokio::spawn(async move {
            let result = if with_held {
                node.hand_on_with_held(WHEN_TOLD_TO_END).await
            } else {
                node.hand_on(WHEN_TOLD_TO_END).await
            };
            // An error means that nobody listens any more.
            let _ = replies.send(Reply::HandedOn(result)).await;
        });
        vec![sentences::handing_on(total, WHEN_TOLD_TO_END)]
    }

    fn on_reply(&mut self, reply: Reply) -> Vec<String> {
        match reply {
            Reply::Told(sentences) => sentences,
            Reply::HandedOn(result) => self.handed_on(result),
        }
    }

    /// Leaves if nothing is left or the system wants it; otherwise asks again.
    fn handed_on(&mut self, result: Result<(), HandOnError>) -> Vec<String> {
        let Some(HandingOn { total, with_held, is_told_to_end }) = self.handing_on.take() else {
            return Vec::new();
        };
        let at_stake = self.at_stake();
        // What was held and is left is held again.
        let left = if with_held { at_stake.all() } else { at_stake.waiting };
        let told = leaving::told(result, total, left);
        let mut sentences = vec![sentences::handed_on(&told)];
        if is_told_to_end {
            self.leaves = true;
            return sentences;
        }
        sentences.extend(self.quit());
        if !self.leaves {
            self.node.take_messages();
        }
        sentences
    }

    async fn carry_out(&mut self, command: NodeCommand) -> Vec<String> {
        if !matches!(command, NodeCommand::Announce(_)) {
            return vec![sentences::reply(self.undoable.execute(&self.node, command).await)];
        }
        // It takes as long as the other node takes; meanwhile the next lines are carried out.
        let (node, replies) = (self.node.clone(), self.replies.clone());
        tokio::spawn(async move {
            // An error means that nobody listens any more.
            let _ = replies.send(Reply::Told(vec![sentences::reply(execute(&node, command).await)])).await;
        });
        Vec::new()
    }

    /// Reads a list of peers, or all that are configured, while the next lines are carried out.
    fn read_peers(&self, asked: Option<ListSource>) {
        let (lists, replies) = (self.peer_lists.clone(), self.replies.clone());
        tokio::spawn(async move {
            // An error means that nobody listens any more.
            let _ = replies.send(Reply::Told(sentences::peers_read(lists.read_all(asked).await))).await;
        });
    }

    fn look(&mut self, command: ViewCommand) -> Vec<String> {
        let now = self.node.now();
        self.teller.memory.sample(&self.node.overview(), now);
        let source = Source { lists: &self.node, now, settings: Some(&self.limits) };
        match answer(command, &mut self.reading, &mut self.teller, &source) {
            Answer::Told(told) => told,
            Answer::Write(target, rows) => {
                let replies = self.replies.clone();
                tokio::task::spawn_blocking(move || {
                    // An error means that nobody listens any more.
                    let _ = replies.blocking_send(Reply::Told(vec![sentences::reply(target.write(&rows))]));
                });
                Vec::new()
            }
            Answer::Stations(told, stations) => {
                self.stations.iter().for_each(|kept| kept.keep(&stations));
                vec![told]
            }
            Answer::Other(command) => self.act(command),
        }
    }

    /// Carries out what does more than to ask.
    fn act(&mut self, command: ViewCommand) -> Vec<String> {
        match command {
            ViewCommand::Edit(id) => {
                let source = Source { lists: &self.node, now: self.node.now(), settings: None };
                edit(id, &source)
            }
            ViewCommand::PeersFrom(source) => {
                self.read_peers(source);
                Vec::new()
            }
            ViewCommand::Replay(_) => vec![sentences::reply(Err(NO_REPLAY.to_owned()))],
            ViewCommand::Help => sentences::help(),
            ViewCommand::Quit if self.handing_on.is_some() => {
                vec!["Messages are being handed on; :quit! leaves at once.".to_owned()]
            }
            ViewCommand::Quit => self.quit(),
            ViewCommand::QuitAtOnce => {
                self.leaves = true;
                Vec::new()
            }
            // Those that a line is read for before it comes here.
            _ => vec![sentences::reply(Err("that does nothing here; :help lists the commands".to_owned()))],
        }
    }

    /// Leaves at once if nothing is lost by it, otherwise asks once.
    fn quit(&mut self) -> Vec<String> {
        let at_stake = self.at_stake();
        self.leaves = at_stake.all() == 0 || self.demo;
        self.is_asked = !self.leaves;
        if self.leaves { Vec::new() } else { vec![sentences::question(at_stake)] }
    }
}
