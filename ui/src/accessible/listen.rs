//! The loop of a session: what the node reports, what the user writes, and signals become sentences.

use std::future::poll_fn;

use clacks_feed::{Near, Source as _};
use clacks_recording::recorder::Recorder;
use tokio::sync::mpsc;

use super::{
    BELL, EXIT_TIMEOUT, Reply, Session,
    keyboard::{Input, Keyboard},
    phrases,
    prompt::OutputPart,
    shutdown::{WriteResult, drain_after_hangup, write_sentences},
};
use crate::platform::{
    output::{Closed, Output},
    signals::{Signal, Signals},
};

/// What comes next in a session.
enum Next {
    /// Sentences to write.
    Sentences(Vec<OutputPart>),
    /// The terminal has gone.
    HungUp,
    /// The output was closed or failed.
    Closed(Closed),
}

/// What a session waits for.
struct Inputs<'a> {
    events: Near,
    keyboard: Keyboard,
    signals: Signals,
    output: Output,
    replies: mpsc::Receiver<Reply>,
    recorder: &'a mut Recorder,
}

/// Runs a session until the user leaves, the system requests termination, or the output is closed. `begin` is called once
/// events are received.
pub(super) async fn listen(
    session: &mut Session,
    recorder: &mut Recorder,
    replies: mpsc::Receiver<Reply>,
    begin: impl FnOnce(),
) -> anyhow::Result<()> {
    let (signals, output) = (Signals::catch()?, Output::open()?);
    let (events, keyboard) = (Near::new(session.network.clone()), Keyboard::open()?);
    let mut inputs = Inputs { events, keyboard, signals, output, replies, recorder };
    begin();
    if let Some(clacks) = session.clacks.as_ref().filter(|clacks| !clacks.peer_lists.configured().is_empty())
    {
        session.read_peers(clacks, None);
    }
    let mut sentences: Vec<_> = session.welcome().into_iter().map(OutputPart::Sentence).collect();
    loop {
        let waits_for = (&mut inputs.signals, &mut inputs.replies);
        match write_sentences(session, &inputs.output, sentences, waits_for).await {
            Ok(WriteResult::All) => {}
            Ok(WriteResult::Leave) => return Ok(()),
            Ok(WriteResult::HungUp) => {
                break drain_after_hangup(session, &mut inputs.signals, inputs.replies).await;
            }
            Ok(WriteResult::Signalled(signal)) => {
                sentences = session.on_signal(signal);
                continue;
            }
            Err(closed) => return after_output_closed(session, closed, inputs).await,
        }
        if session.is_leaving {
            // A stuck reader does not delay the exit.
            tokio::select! {
                finished = inputs.output.finish() => return finished.or_else(Closed::into_result),
                _ = inputs.signals.next() => return Ok(()),
                () = tokio::time::sleep(EXIT_TIMEOUT) => return Ok(()),
            }
        }
        sentences = match inputs.next(session).await {
            Next::Sentences(sentences) => sentences,
            Next::HungUp => break drain_after_hangup(session, &mut inputs.signals, inputs.replies).await,
            Next::Closed(closed) => return after_output_closed(session, closed, inputs).await,
        };
    }
    Ok(())
}

impl Inputs<'_> {
    /// Waits for something that happens.
    async fn next(&mut self, session: &mut Session) -> Next {
        Next::Sentences(tokio::select! {
            news = poll_fn(|cx| self.events.poll_news(cx)) => match news {
                Some(news) => {
                    let texts = session.on_news(&news);
                    let rings = session.should_ring().then(|| OutputPart::Echo(BELL.to_owned()));
                    rings.into_iter().chain(session.prompt.announce(texts)).collect()
                }
                None => session.after_node_stopped(&mut self.replies).await,
            },
            Some(input) = self.keyboard.next() => match input {
                Input::Gone => return Next::HungUp,
                input => session.on_input(input, &mut self.keyboard, self.recorder).await,
            },
            said = self.recorder.said() => session.prompt.announce(vec![phrases::reply(said)]),
            Some(reply) = self.replies.recv() => {
                let texts = session.on_reply(reply);
                session.prompt.announce(texts).into_iter().chain(session.flush_on_exit()).collect()
            }
            () = session.summary_is_due() => {
                let texts = session.narrator.summary(session.now().uptime);
                session.prompt.announce(texts)
            }
            signal = self.signals.next() => match signal {
                Signal::HangUp => return Next::HungUp,
                signal => session.on_signal(signal),
            },
            closed = self.output.closed() => return Next::Closed(closed),
        })
    }
}

/// Ends the session after the output was closed or failed.
async fn after_output_closed(
    session: &mut Session,
    closed: Closed,
    Inputs { mut signals, replies, .. }: Inputs<'_>,
) -> anyhow::Result<()> {
    drain_after_hangup(session, &mut signals, replies).await;
    if session.is_on_terminal { Ok(()) } else { closed.into_result() }
}
