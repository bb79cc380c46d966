//! Stopping of the nodes before the program quits: each is asked, one after the other.

use clacks_feed::{Answer, Call, Check, Outcome, Refusal, Request};

use super::{answers::Waiting, event_loop::Dashboard};
use crate::state::{errors::EffectError, message::Msg, shutdown::STOP};

/// The command that ends the stopping of a node.
const CANCEL: &str = "cancel";

impl Dashboard {
    /// Asks each node whether it may be stopped. What the user chose before counts no more.
    pub(crate) fn begin_to_quit(&mut self) {
        self.model.stop_choices.begin();
        self.ask_to_stop(0);
    }

    /// Asks each node from this position on whether it may be stopped. Those that have no such command are left out, and
    /// those about which nothing is to be asked any more.
    pub(crate) fn ask_to_stop(&mut self, from: usize) {
        let networks = self.model.networks.iter().enumerate().skip(from);
        let networks = networks.filter(|(at, _)| !self.model.stop_choices.is_settled(*at));
        let refusing: Vec<_> =
            networks.filter(|(_, network)| network.description.command(STOP).is_some()).collect();
        let next = refusing.first().map(|(at, network)| (*at, Call::new(network.run, STOP.into(), "")));
        match next.filter(|_| self.model.asks_before_leaving()) {
            Some((at, stop)) => self.request(at, Request::Check(stop.clone()), Waiting::MayStop(stop)),
            None => self.dispatch(Msg::ConfirmQuit),
        }
    }

    /// Handles the answer to whether a node may be stopped. If it may not, its refusal says what can be done instead.
    pub(crate) fn on_may_stop(&mut self, network: usize, stop: Call, answer: &Answer) {
        match answer {
            Answer::Checked(Check::Wrong(_)) => {
                self.request(network, Request::Call(stop), Waiting::StopRefused);
            }
            // The check of a line that is being typed has replaced it.
            Answer::Replaced => self.ask_to_stop(network),
            _ => self.ask_to_stop(network + 1),
        }
    }

    /// Handles the refusal of a node to stop.
    pub(crate) fn on_stop_refused(&mut self, network: usize, result: Result<Outcome, Refusal>) {
        if let Err(refusal) = result {
            return self.dispatch(Msg::StopRefused(network, refusal));
        }
        // Nothing is lost any more, and it has stopped.
        self.model.stop_choices.stopped.push(network);
        self.ask_to_stop(network + 1);
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
