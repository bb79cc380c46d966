//! Leaving: the question about what would be lost, what is handed on first, and what is done where nobody can be asked.

use std::time::Duration;

use clacks_p2p::node::DrainError;
use clacks_source::shutdown::{self, UnsentCounts, WHEN_HUNG_UP, WHEN_TOLD_TO_END};
use tokio::sync::mpsc;

use super::{LAST_WORDS, Reply, Session, sentences, sentences_of, tell, turns::TurnResult};
use crate::platform::{
    output::{Closed, Output},
    signals::{Signal, Signals},
};

/// Messages are handed on.
#[derive(Debug)]
pub(crate) struct Draining {
    /// What there was when it began.
    pub(crate) began_with: UnsentCounts,
    /// What was held is handed on as well.
    pub(crate) with_held: bool,
    /// It ends then, whatever is left.
    pub(crate) is_told_to_end: bool,
}

/// The question before leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeaveQuestion {
    None,
    /// It is asked when the line that is being typed is finished, which is no answer to it.
    Waits,
    /// The next line answers it.
    Asked,
}

/// How it went to tell something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    All,
    /// The program is to end, and whoever reads is slow.
    Leave,
    /// The terminal has gone.
    HungUp,
    /// All is told, and a signal came meanwhile.
    Signalled(Signal),
}

/// A reader that has not read after this time stands still.
const STANDS_STILL: Duration = Duration::from_millis(500);

/// Tells sentences. A signal that comes while the reader stands still hands on what is here, as it does otherwise, and the
/// reader holds up none of it; a second one ends that.
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
            // Nobody can be asked anything; a question that was not read was not answered either.
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
                session.hand_on(false, Some(WHEN_TOLD_TO_END)).into_iter().for_each(|begun| clacks_terminal::report::tell(&begun));
            }
            Some(reply) = replies.recv(), if session.is_told_to_end() => {
                session.on_reply(reply).into_iter().for_each(|told| clacks_terminal::report::tell(&told));
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

/// Hands on what can be where the terminal has gone or nobody reads any more. Standard error is told of it. The signal that
/// tells the same is no second one; any other ends it at once.
pub(crate) async fn hung_up(
    session: &mut Session,
    signals: &mut Signals,
    mut replies: mpsc::Receiver<Reply>,
) {
    session.hang_up().into_iter().for_each(|begun| clacks_terminal::report::tell(&begun));
    while !session.leaves {
        tokio::select! {
            Some(reply) = replies.recv() => {
                session.on_reply(reply).into_iter().for_each(|told| clacks_terminal::report::tell(&told));
            }
            signal = signals.next() => if signal != Signal::HangUp { return },
        }
    }
}

impl Session {
    /// Ctrl-C throws away what is being typed, else asks as `:quit` does, and a second time leaves whatever is lost. The
    /// system is not asked: what can be handed on is.
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

    /// Ctrl-C or Ctrl-D where nothing is being typed.
    pub(crate) fn interrupted(&mut self) -> Vec<String> {
        let is_second = self.handing_on.is_some() || self.question == LeaveQuestion::Asked;
        if is_second { self.leave() } else { self.quit() }
    }

    fn leave(&mut self) -> Vec<String> {
        self.leaves = true;
        Vec::new()
    }

    /// The terminal has gone, so nobody can be asked or told anything. What is being handed on is handed on to its end.
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

    /// Hands on what only this node has, for a while, what is held as well or not; leaves where there is nothing that can
    /// be. It ends after `end_within`, whatever is left, where the user does not decide.
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
            // An error means that nobody listens any more.
            let _ = replies.send(Reply::HandedOn(result)).await;
        });
        vec![sentences::handing_on(at_stake.to_hand_on(with_held), within)]
    }

    /// Leaves if nothing is left or the system wants it; otherwise asks again, once nobody types.
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

    /// Leaves at once if nothing is lost by it, otherwise asks once.
    pub(crate) fn quit(&mut self) -> Vec<String> {
        let at_stake = self.at_stake();
        self.leaves = at_stake.all() == 0 || self.demo;
        self.question = if self.leaves { LeaveQuestion::None } else { LeaveQuestion::Asked };
        if self.leaves { Vec::new() } else { vec![sentences::question(at_stake)] }
    }

    /// The question that waited for the end of the line, if one did and nobody is typing now.
    pub(crate) fn ask_now(&mut self) -> Vec<TurnResult> {
        let is_due = self.question == LeaveQuestion::Waits && !self.turns.is_typing() && !self.leaves;
        if is_due { sentences_of(self.quit()) } else { Vec::new() }
    }

    /// What waited for the end of a line that nobody will end, as the program leaves.
    pub(crate) fn left_behind(&mut self) -> Vec<TurnResult> {
        if self.leaves { self.turns.abandon().unwrap_or_default() } else { Vec::new() }
    }
}
