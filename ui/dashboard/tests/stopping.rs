//! How the nodes of the fixture stop.

use std::time::Duration;

use clacks_feed::{Call, Outcome, Refusal};
use clacks_p2p::core::PeerCounts;
use clacks_p2p_feed::{UnsentCounts, figures::StopProgress};

use super::fixture::{Fixture, UPTIME, peer_counts};
use crate::state::message::{Effect, Msg};

/// How the node began to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StopBegan {
    before: UnsentCounts,
    with_held: bool,
    ends: Duration,
}

impl Fixture {
    /// Asks each node whether it may be stopped, as the event loop does.
    pub(crate) fn begin_to_quit(&mut self) -> Vec<Effect> {
        self.model.stop_choices.begin();
        self.ask_to_stop(0)
    }

    /// Asks each node from this position on whether it may be stopped, as the event loop does.
    pub(crate) fn ask_to_stop(&mut self, from: usize) -> Vec<Effect> {
        let open = (from..self.model.networks.iter().len())
            .filter(|at| !self.model.stop_choices.is_settled(*at))
            .collect::<Vec<_>>();
        let refusals = open.into_iter().filter_map(|at| Some((at, self.stop_refusal(at)?)));
        let effects = match refusals
            .filter(|_| self.model.asks_before_leaving())
            .collect::<Vec<_>>()
            .into_iter()
            .next()
        {
            Some((at, refusal)) => self.send(Msg::StopRefused(at, refusal)),
            None => self.send(Msg::ConfirmQuit),
        };
        self.after_asking(effects)
    }

    /// Begins the stopping that is chosen. What loses the messages takes no time.
    fn after_asking(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        self.note_stop(&effects);
        match effects.as_slice() {
            [Effect::Stop(at, call)] if *at == 0 && call.text.untrusted() == "at-once" => {
                self.stopping = None;
                let effects = self.send(Msg::Stopped(*at, Ok(Outcome::new("the node has stopped"))));
                match effects.as_slice() {
                    [Effect::AskToStop(from)] => self.ask_to_stop(*from),
                    _ => effects,
                }
            }
            _ => {
                self.refresh();
                effects
            }
        }
    }

    /// Why the node at a position does not stop.
    fn stop_refusal(&self, at: usize) -> Option<Refusal> {
        if at > 0 {
            return self.refuses_to_stop.clone();
        }
        self.unsent().refusal(self.model.networks.get(0)?.run)
    }

    /// Begins or ends stopping, as these effects say.
    pub(crate) fn note_stop(&mut self, effects: &[Effect]) {
        match effects {
            [Effect::Stop(0, call)] => {
                let (before, ends) = (self.unsent(), UPTIME + self.later + Duration::from_secs(30));
                let with_held = call.text.untrusted() == "release-and-hand-on";
                self.stopping = Some(StopBegan { before, with_held, ends });
            }
            [Effect::CancelStop { .. }] => self.stopping = None,
            _ => {}
        }
    }

    /// How far the node has come with stopping.
    pub(crate) fn stop_progress(&self) -> Option<StopProgress> {
        let StopBegan { before, with_held, ends } = self.stopping?;
        let all = |unsent: UnsentCounts| unsent.waiting + unsent.held;
        let total = if with_held { all(before) } else { before.waiting };
        let left = all(self.unsent()).saturating_sub(all(before) - total);
        Some(StopProgress { total, done: total.saturating_sub(left), ends })
    }

    /// The node did not stop, for this reason.
    pub(crate) fn stop_fails(&mut self, reason: &str) -> Vec<Effect> {
        self.stopping = None;
        self.refresh();
        let refusal = self.stop_refusal(0).map(|refusal| Refusal { text: reason.into(), ..refusal });
        self.send(Msg::Stopped(0, Err(refusal.unwrap_or_else(|| Refusal::new(reason)))))
    }

    /// The messages that are only here.
    pub(crate) fn unsent(&self) -> UnsentCounts {
        let PeerCounts { new, alive, lost, dead, .. } = peer_counts(&self.peers);
        let in_flight = usize::from(!self.queue.is_empty());
        UnsentCounts {
            waiting: self.queue.len() + in_flight,
            held: self.held.len(),
            is_anybody_there: new + alive + lost + dead > 0,
        }
    }
}

/// The call that stops the node of the fixture in this way.
pub(crate) fn stop(how: &str) -> Call {
    Call::new(super::calls::network().run, "stop".into(), how)
}
