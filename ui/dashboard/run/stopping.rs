//! Stopping of the nodes before the program quits: each is asked, one after the other.

use clacks_feed::{Answer, Call, Check, Outcome, Refusal, Request};

use super::{answers::Waiting, event_loop::Dashboard, source::Sources};
use crate::{
    model::Model,
    state::{errors::EffectError, message::Msg, shutdown::STOP},
};

/// The command that ends the stopping of a node.
const CANCEL: &str = "cancel";

/// Returns the call that asks the next node whether it may be stopped, from a position on, with its position. Those that
/// have no such command are left out, and those about which nothing is to be asked any more. A node of another process
/// goes on when the program quits, so it is not asked.
pub(crate) fn next_to_ask(model: &Model, sources: &Sources, from: usize) -> Option<(usize, Call)> {
    let is_asked = |at: usize| !model.stop_choices.is_settled(at) && !sources.is_far(at);
    let networks = model.networks.iter().enumerate().skip(from).filter(|(at, _)| is_asked(*at));
    let mut stopping = networks.filter(|(_, network)| network.description.command(STOP).is_some());
    let next = stopping.next().filter(|_| model.asks_before_leaving());
    next.map(|(at, network)| (at, Call::new(network.run, STOP.into(), "")))
}

impl Dashboard {
    /// Asks each node whether it may be stopped. What the user chose before counts no more.
    pub(crate) fn begin_to_quit(&mut self) {
        self.model.stop_choices.begin();
        self.ask_to_stop(0);
    }

    /// Asks each node from this position on whether it may be stopped: see [`next_to_ask`].
    pub(crate) fn ask_to_stop(&mut self, from: usize) {
        match next_to_ask(&self.model, &self.sources, from) {
            Some((at, stop)) => {
                self.ask_about_stop(at, Request::Check(stop.clone()), Waiting::MayStop(stop));
            }
            None => self.dispatch(Msg::ConfirmQuit),
        }
    }

    /// Makes a request whose answer is waited for before the program quits, for a limited time.
    fn ask_about_stop(&mut self, network: usize, request: Request, waiting: Waiting) {
        self.model.stop_choices.ask(network, self.sources.now().uptime);
        self.request(network, request, waiting);
    }

    /// Handles the answer to whether a node may be stopped. If it may not, its refusal says what can be done instead.
    pub(crate) fn on_may_stop(&mut self, network: usize, stop: Call, answer: &Answer) {
        if !self.model.stop_choices.answered(network) {
            // It came too late.
            return;
        }
        match answer {
            Answer::Checked(Check::Wrong(_)) => {
                self.ask_about_stop(network, Request::Call(stop), Waiting::StopRefused);
            }
            // The check of a line that is being typed has replaced it.
            Answer::Replaced => self.ask_to_stop(network),
            _ => self.ask_to_stop(network + 1),
        }
    }

    /// Handles the refusal of a node to stop.
    pub(crate) fn on_stop_refused(&mut self, network: usize, result: Result<Outcome, Refusal>) {
        let is_in_time = self.model.stop_choices.answered(network);
        match result {
            Err(refusal) if is_in_time => self.dispatch(Msg::StopRefused(network, refusal)),
            Err(_) => {}
            Ok(_) => {
                // Nothing is lost any more, and it has stopped.
                self.model.stop_choices.stopped.push(network);
                if is_in_time {
                    self.ask_to_stop(network + 1);
                }
            }
        }
    }

    /// Ends the stopping of a node. The node goes on.
    pub(crate) fn cancel_stop(&mut self, network: usize, then_asks: bool) {
        let Some(run) = self.model.networks.get(network).map(|network| network.run) else { return };
        let cancel = Call::new(run, CANCEL.into(), "");
        self.request(network, Request::Call(cancel), Waiting::CancelStop { then_asks });
    }

    /// Reports how the stopping of a node ended, and asks again how to quit if the user wants to.
    pub(crate) fn on_stop_cancelled(&mut self, then_asks: bool, result: Result<Outcome, Refusal>) {
        let reason = |refusal: Refusal| EffectError::Other(refusal.text.untrusted().to_owned());
        let text = result.map(|outcome| outcome.text.untrusted().to_owned()).map_err(reason);
        self.dispatch(Msg::EffectDone(text));
        if then_asks {
            self.refresh();
            self.begin_to_quit();
        }
    }
}
