//! The exit: the question about unsent messages, the drain, and the exit without a terminal.

use std::time::Duration;

use clacks_feed::{Call, Check};
use clacks_p2p::node::DrainError;
use clacks_p2p_feed::{UnsentCounts, handing_on_ended};
use tokio::{sync::mpsc, time::Instant};

use super::{EXIT_TIMEOUT, Reply, Session, phrases, prompt::OutputPart, sentences_of, write_parts};
use crate::{
    platform::{
        output::{Closed, Output},
        signals::{Signal, Signals},
    },
    shutdown::{WHEN_HUNG_UP, WHEN_TOLD_TO_END},
};

/// The command that stops a node.
const STOP: &str = "stop";

/// A drain in progress.
#[derive(Debug)]
pub(crate) struct Draining {
    /// The unsent messages at its start.
    pub(crate) began_with: UnsentCounts,
    /// Held messages are drained as well.
    pub(crate) with_held: bool,
    /// The program exits when the drain ends, whatever is left.
    pub(crate) exits_after: bool,
}

/// The state of the question before the exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeaveQuestion {
    None,
    /// The question waits until the current line is finished, because that line is no answer to it.
    Pending,
    /// The next line is the answer.
    Asked,
}

/// The result of writing sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteResult {
    All,
    /// The program has to exit, and the reader is slow.
    Leave,
    /// The terminal was closed.
    HungUp,
    /// Everything was written, and a signal arrived meanwhile.
    Signalled(Signal),
}

/// Time after which a reader that accepts nothing counts as stuck.
const STUCK_TIMEOUT: Duration = Duration::from_millis(500);

/// Writes sentences. A signal that arrives while the reader is stuck starts a drain without waiting for the reader; a
/// second signal ends it.
pub(crate) async fn write_sentences(
    session: &mut Session,
    output: &Output,
    sentences: Vec<OutputPart>,
    (signals, replies): (&mut Signals, &mut mpsc::Receiver<Reply>),
) -> Result<WriteResult, Closed> {
    let mut telling = std::pin::pin!(write_parts(output, sentences, session.narrator.charset()));
    loop {
        tokio::select! {
            texts = &mut telling => return texts.map(|()| WriteResult::All),
            // The user cannot be asked, and a question that was not read was not answered either.
            signal = signals.next() => {
                if signal == Signal::HangUp {
                    return Ok(WriteResult::HungUp);
                }
                if session.draining.is_some() {
                    return Ok(WriteResult::Leave);
                }
                if let Ok(texts) = tokio::time::timeout(STUCK_TIMEOUT, &mut telling).await {
                    return texts.map(|()| WriteResult::Signalled(signal));
                }
                session.drain(false, Some(WHEN_TOLD_TO_END)).into_iter().for_each(|begun| clacks_terminal::stderr::report(&begun));
            }
            Some(reply) = replies.recv(), if session.exits_after() => {
                session.on_reply(reply).into_iter().for_each(|texts| clacks_terminal::stderr::report(&texts));
            }
        }
        if session.is_leaving {
            return tokio::select! {
                texts = &mut telling => texts.map(|()| WriteResult::All),
                _ = signals.next() => Ok(WriteResult::Leave),
                () = tokio::time::sleep(EXIT_TIMEOUT) => Ok(WriteResult::Leave),
            };
        }
    }
}

/// Drains unsent messages after the terminal was closed or the output failed. Reports on standard error. A SIGHUP for
/// the same hangup does not count as a second signal; any other signal exits at once.
pub(crate) async fn drain_after_hangup(
    session: &mut Session,
    signals: &mut Signals,
    mut replies: mpsc::Receiver<Reply>,
) {
    session.on_hangup().into_iter().for_each(|begun| clacks_terminal::stderr::report(&begun));
    while !session.is_leaving {
        tokio::select! {
            Some(reply) = replies.recv() => {
                session.on_reply(reply).into_iter().for_each(|texts| clacks_terminal::stderr::report(&texts));
            }
            signal = signals.next() => if signal != Signal::HangUp { return },
        }
    }
}

impl Session {
    /// The answers of the calls that the end of the node has ended, such as that of `:stop`. The session ends behind them.
    pub(super) async fn after_node_stopped(
        &mut self,
        replies: &mut mpsc::Receiver<Reply>,
    ) -> Vec<OutputPart> {
        let deadline = Instant::now() + EXIT_TIMEOUT;
        let mut sentences = Vec::new();
        loop {
            let reply = tokio::select! {
                biased;
                Some(reply) = replies.recv() => reply,
                Some(_) = self.calls.join_next() => continue,
                () = tokio::time::sleep_until(deadline), if !self.calls.is_empty() => break,
                () = std::future::ready(()), if self.calls.is_empty() => break,
            };
            sentences.extend(self.on_reply(reply));
        }
        self.is_leaving = true;
        self.prompt.announce(sentences).into_iter().chain(self.flush_on_exit()).collect()
    }

    /// Ctrl-C discards the current line; without one it asks as `:quit` does, and the second time exits. A termination
    /// request starts a drain without a question.
    pub(crate) fn on_signal(&mut self, signal: Signal) -> Vec<OutputPart> {
        let mut texts = self.prompt.discard();
        if signal == Signal::Interrupt
            && let Some(texts) = &mut texts
        {
            texts.extend(self.ask_if_pending());
            return std::mem::take(texts);
        }
        let answer = match signal {
            Signal::Interrupt => self.on_interrupt(),
            Signal::End | Signal::HangUp if self.draining.is_some() => self.exit(),
            Signal::End | Signal::HangUp => self.drain(false, Some(WHEN_TOLD_TO_END)),
        };
        texts.into_iter().flatten().chain(sentences_of(answer)).collect()
    }

    /// Ctrl-C or Ctrl-D on an empty line.
    pub(crate) fn on_interrupt(&mut self) -> Vec<String> {
        let is_second = self.draining.is_some() || self.question == LeaveQuestion::Asked;
        if is_second { self.exit() } else { self.request_exit() }
    }

    fn exit(&mut self) -> Vec<String> {
        self.is_leaving = true;
        Vec::new()
    }

    /// The terminal was closed, so the user cannot be asked. A drain in progress continues to its end.
    fn on_hangup(&mut self) -> Vec<String> {
        match &mut self.draining {
            Some(draining) => {
                draining.exits_after = true;
                Vec::new()
            }
            None => self.drain(false, Some(WHEN_HUNG_UP)),
        }
    }

    pub(crate) fn answer(&mut self, line: &str) -> Vec<String> {
        let unsent = self.unsent();
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" | ":quit!" => self.exit(),
            "h" if unsent.can_hand_on() => self.drain(false, None),
            "a" if unsent.is_anybody_there && unsent.held > 0 => self.drain(true, None),
            _ => vec!["Staying. That line was not sent.".to_owned()],
        }
    }

    fn unsent(&self) -> UnsentCounts {
        match &self.clacks {
            Some(clacks) => UnsentCounts::at(&clacks.node),
            None => UnsentCounts { waiting: 0, held: 0, is_anybody_there: false },
        }
    }

    pub(crate) fn exits_after(&self) -> bool {
        self.draining.as_ref().is_some_and(|draining| draining.exits_after)
    }

    /// Drains unsent messages, optionally with held ones; exits if there are none. With `end_within` the program exits
    /// after that time, whatever is left.
    pub(crate) fn drain(&mut self, with_held: bool, end_within: Option<Duration>) -> Vec<String> {
        let unsent = self.unsent();
        let is_of_use = (unsent.can_hand_on() || with_held) && !self.demo;
        let Some(clacks) = self.clacks.as_ref().filter(|_| is_of_use) else { return self.exit() };
        let node = clacks.node.clone();
        self.question = LeaveQuestion::None;
        let (exits_after, within) = (end_within.is_some(), end_within.unwrap_or(WHEN_TOLD_TO_END));
        self.draining = Some(Draining { began_with: unsent, with_held, exits_after });
        let replies = self.replies.clone();
        tokio::spawn(async move {
            let result =
                if with_held { node.drain_with_held(within).await } else { node.drain(within).await };
            // Fails only if the session has ended.
            let _ = replies.send(Reply::Drained(result)).await;
        });
        vec![phrases::draining(unsent.to_hand_on(with_held), within)]
    }

    /// Exits if nothing is left or the exit was requested by the system; otherwise asks again once no line is being
    /// typed.
    pub(crate) fn drained(&mut self, result: Result<(), DrainError>) -> Vec<String> {
        let Some(Draining { began_with, with_held, exits_after }) = self.draining.take() else {
            return Vec::new();
        };
        let left = began_with.left_of(self.unsent(), with_held);
        let texts = handing_on_ended(result, began_with.to_hand_on(with_held), left);
        let mut sentences = vec![phrases::handed_on(&texts)];
        if exits_after {
            self.is_leaving = true;
            return sentences;
        }
        if self.prompt.is_typing() && self.unsent().all() > 0 {
            self.question = LeaveQuestion::Pending;
        } else {
            sentences.extend(self.request_exit());
        }
        if let Some(clacks) = self.clacks.as_ref().filter(|_| !self.is_leaving) {
            clacks.node.resume();
        }
        sentences
    }

    /// Exits at once if nothing would be lost; otherwise asks.
    pub(crate) fn request_exit(&mut self) -> Vec<String> {
        let question = self.exit_question();
        self.is_leaving = question.is_none();
        self.question = if self.is_leaving { LeaveQuestion::None } else { LeaveQuestion::Asked };
        question.into_iter().collect()
    }

    /// The question before the exit. `None` if nothing would be lost. A node of another network than clacks says itself why
    /// it may not be stopped.
    fn exit_question(&self) -> Option<String> {
        let unsent = self.unsent();
        if self.demo || (self.clacks.is_some() && unsent.all() == 0) {
            return None;
        }
        if self.clacks.is_some() {
            return Some(phrases::question(unsent));
        }
        self.network.description().command(STOP)?;
        match self.network.check(&Call::new(self.network.run(), STOP.into(), "")) {
            Check::Wrong(reason) => Some(phrases::question_because(reason.untrusted())),
            Check::Works | Check::Begun => None,
        }
    }

    /// Asks the delayed question if no line is being typed any more.
    pub(crate) fn ask_if_pending(&mut self) -> Vec<OutputPart> {
        let is_due = self.question == LeaveQuestion::Pending && !self.prompt.is_typing() && !self.is_leaving;
        if is_due { sentences_of(self.request_exit()) } else { Vec::new() }
    }

    /// On exit, returns the sentences that waited for the end of a line.
    pub(crate) fn flush_on_exit(&mut self) -> Vec<OutputPart> {
        if self.is_leaving { self.prompt.discard().unwrap_or_default() } else { Vec::new() }
    }
}
