//! The exit: the question about unsent messages, the drain, and the exit without a terminal.

use std::time::Duration;

use clacks_p2p::node::DrainError;
use clacks_source::shutdown::{self, UnsentCounts, WHEN_HUNG_UP, WHEN_TOLD_TO_END};
use tokio::sync::mpsc;

use super::{LAST_WORDS, Reply, Session, sentences, sentences_of, tell, turns::TurnResult};
use crate::platform::{
    output::{Closed, Output},
    signals::{Signal, Signals},
};

/// A drain in progress.
#[derive(Debug)]
pub(crate) struct Draining {
    /// The unsent messages at its start.
    pub(crate) began_with: UnsentCounts,
    /// Held messages are drained as well.
    pub(crate) with_held: bool,
    /// The program exits when the drain ends, whatever is left.
    pub(crate) is_told_to_end: bool,
}

/// The state of the question before the exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeaveQuestion {
    None,
    /// The question waits until the current line is finished, because that line is no answer to it.
    Waits,
    /// The next line is the answer.
    Asked,
}

/// The result of writing sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    All,
    /// The program has to exit, and the reader is slow.
    Leave,
    /// The terminal was closed.
    HungUp,
    /// Everything was written, and a signal arrived meanwhile.
    Signalled(Signal),
}

/// Time after which a reader that accepts nothing counts as stuck.
const STANDS_STILL: Duration = Duration::from_millis(500);

/// Writes sentences. A signal that arrives while the reader is stuck starts a drain without waiting for the reader; a
/// second signal ends it.
pub(crate) async fn tell_all(
    session: &mut Session,
    output: &Output,
    sentences: Vec<TurnResult>,
    (signals, replies): (&mut Signals, &mut mpsc::Receiver<Reply>),
) -> Result<Spoken, Closed> {
    let mut telling = std::pin::pin!(tell(output, sentences, session.teller.charset()));
    loop {
        tokio::select! {
            told = &mut telling => return told.map(|()| Spoken::All),
            // The user cannot be asked, and a question that was not read was not answered either.
            signal = signals.next() => {
                if signal == Signal::HangUp {
                    return Ok(Spoken::HungUp);
                }
                if session.handing_on.is_some() {
                    return Ok(Spoken::Leave);
                }
                if let Ok(told) = tokio::time::timeout(STANDS_STILL, &mut telling).await {
                    return told.map(|()| Spoken::Signalled(signal));
                }
                session.hand_on(false, Some(WHEN_TOLD_TO_END)).into_iter().for_each(|begun| clacks_terminal::stderr::report(&begun));
            }
            Some(reply) = replies.recv(), if session.is_told_to_end() => {
                session.on_reply(reply).into_iter().for_each(|told| clacks_terminal::stderr::report(&told));
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

/// Drains unsent messages after the terminal was closed or the output failed. Reports on standard error. A SIGHUP for
/// the same hangup does not count as a second signal; any other signal exits at once.
pub(crate) async fn hung_up(
    session: &mut Session,
    signals: &mut Signals,
    mut replies: mpsc::Receiver<Reply>,
) {
    session.hang_up().into_iter().for_each(|begun| clacks_terminal::stderr::report(&begun));
    while !session.leaves {
        tokio::select! {
            Some(reply) = replies.recv() => {
                session.on_reply(reply).into_iter().for_each(|told| clacks_terminal::stderr::report(&told));
            }
            signal = signals.next() => if signal != Signal::HangUp { return },
        }
    }
}

impl Session {
    /// Ctrl-C discards the current line; without one it asks as `:quit` does, and the second time exits. A termination
    /// request starts a drain without a question.
    pub(crate) fn on_signal(&mut self, signal: Signal) -> Vec<TurnResult> {
        let mut told = self.turns.abandon();
        if signal == Signal::Interrupt
            && let Some(told) = &mut told
        {
            told.extend(self.ask_now());
            return std::mem::take(told);
        }
        let answer = match signal {
            Signal::Interrupt => self.interrupted(),
            Signal::End | Signal::HangUp if self.handing_on.is_some() => self.leave(),
            Signal::End | Signal::HangUp => self.hand_on(false, Some(WHEN_TOLD_TO_END)),
        };
        told.into_iter().flatten().chain(sentences_of(answer)).collect()
    }

    /// Ctrl-C or Ctrl-D on an empty line.
    pub(crate) fn interrupted(&mut self) -> Vec<String> {
        let is_second = self.handing_on.is_some() || self.question == LeaveQuestion::Asked;
        if is_second { self.leave() } else { self.quit() }
    }

    fn leave(&mut self) -> Vec<String> {
        self.leaves = true;
        Vec::new()
    }

    /// The terminal was closed, so the user cannot be asked. A drain in progress continues to its end.
    fn hang_up(&mut self) -> Vec<String> {
        match &mut self.handing_on {
            Some(handing_on) => {
                handing_on.is_told_to_end = true;
                Vec::new()
            }
            None => self.hand_on(false, Some(WHEN_HUNG_UP)),
        }
    }

    pub(crate) fn answer(&mut self, line: &str) -> Vec<String> {
        let at_stake = self.at_stake();
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" | ":quit!" => self.leave(),
            "h" if at_stake.can_hand_on() => self.hand_on(false, None),
            "a" if at_stake.is_anybody_there && at_stake.held > 0 => self.hand_on(true, None),
            _ => vec!["Staying. That line was not sent.".to_owned()],
        }
    }

    fn at_stake(&self) -> UnsentCounts {
        UnsentCounts::of(&self.node.overview())
    }

    pub(crate) fn is_told_to_end(&self) -> bool {
        self.handing_on.as_ref().is_some_and(|handing_on| handing_on.is_told_to_end)
    }

    /// Drains unsent messages, optionally with held ones; exits if there are none. With `end_within` the program exits
    /// after that time, whatever is left.
    pub(crate) fn hand_on(&mut self, with_held: bool, end_within: Option<Duration>) -> Vec<String> {
        let at_stake = self.at_stake();
        if !(at_stake.can_hand_on() || with_held) || self.demo {
            return self.leave();
        }
        self.question = LeaveQuestion::None;
        let (is_told_to_end, within) = (end_within.is_some(), end_within.unwrap_or(WHEN_TOLD_TO_END));
        self.handing_on = Some(Draining { began_with: at_stake, with_held, is_told_to_end });
        let (node, replies) = (self.node.clone(), self.replies.clone());
        tokio::spawn(async move {
            let result =
                if with_held { node.drain_with_held(within).await } else { node.drain(within).await };
            // Fails only if the session has ended.
            let _ = replies.send(Reply::HandedOn(result)).await;
        });
        vec![sentences::handing_on(at_stake.to_hand_on(with_held), within)]
    }

    /// Exits if nothing is left or the exit was requested by the system; otherwise asks again once no line is being
    /// typed.
    pub(crate) fn handed_on(&mut self, result: Result<(), DrainError>) -> Vec<String> {
        let Some(Draining { began_with, with_held, is_told_to_end }) = self.handing_on.take() else {
            return Vec::new();
        };
        let left = began_with.left_of(self.at_stake(), with_held);
        let told = shutdown::told(result, began_with.to_hand_on(with_held), left);
        let mut sentences = vec![sentences::handed_on(&told)];
        if is_told_to_end {
            self.leaves = true;
            return sentences;
        }
        if self.turns.is_typing() && self.at_stake().all() > 0 {
            self.question = LeaveQuestion::Waits;
        } else {
            sentences.extend(self.quit());
        }
        if !self.leaves {
            self.node.resume();
        }
        sentences
    }

    /// Exits at once if no message would be lost; otherwise asks.
    pub(crate) fn quit(&mut self) -> Vec<String> {
        let at_stake = self.at_stake();
        self.leaves = at_stake.all() == 0 || self.demo;
        self.question = if self.leaves { LeaveQuestion::None } else { LeaveQuestion::Asked };
        if self.leaves { Vec::new() } else { vec![sentences::question(at_stake)] }
    }

    /// Asks the delayed question if no line is being typed any more.
    pub(crate) fn ask_now(&mut self) -> Vec<TurnResult> {
        let is_due = self.question == LeaveQuestion::Waits && !self.turns.is_typing() && !self.leaves;
        if is_due { sentences_of(self.quit()) } else { Vec::new() }
    }

    /// On exit, returns the sentences that waited for the end of a line.
    pub(crate) fn left_behind(&mut self) -> Vec<TurnResult> {
        if self.leaves { self.turns.abandon().unwrap_or_default() } else { Vec::new() }
    }
}
