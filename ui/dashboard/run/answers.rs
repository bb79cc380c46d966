//! Requests to the nodes of other networks, and their answers.

use clacks_feed::{Answer, Call, Check, Outcome, Refusal, Request, Text};

use super::event_loop::Dashboard;
use crate::state::{
    assist::{AssistQuery, AssistReply, Messages},
    message::Msg,
};

/// What waits for the answer of a node.
#[derive(Debug)]
pub(crate) enum Waiting {
    /// The result of a call.
    Call(Call),
    /// The result of an undo.
    Undo,
    /// The check of the line that is being typed.
    Check(AssistQuery),
}

impl Dashboard {
    /// The position of the network that a call is for, unless it is the first one.
    pub(crate) fn other_network(&self, call: &Call) -> Option<usize> {
        let position = self.model.networks.iter().position(|network| network.run == call.run)?;
        Some(position).filter(|position| *position > 0)
    }

    /// Begins a request to the node of the network at this position.
    pub(crate) fn request(&mut self, network: usize, request: Request, waiting: Waiting) {
        if let Some(other) = self.others.get_mut(network - 1) {
            let number = other.request(request);
            self.waiting.insert((network, number), waiting);
        }
    }

    /// Asks a node about the line that is being typed. Until it answers, nothing speaks against the line.
    pub(crate) fn check_elsewhere(&mut self, network: usize, query: AssistQuery, call: Call) {
        self.request(network, Request::Check(call), Waiting::Check(query.clone()));
        self.dispatch(Msg::AssistReplied(reply(query, None)));
    }

    /// Handles the answer to a request.
    pub(crate) fn on_answer(&mut self, network: usize, number: u64, answer: Answer) {
        match (self.waiting.remove(&(network, number)), answer) {
            (Some(Waiting::Call(call)), answer) => self.dispatch(Msg::Called(vec![(call, result(answer))])),
            (Some(Waiting::Undo), answer) => self.dispatch(Msg::Undone(result(answer), None)),
            (Some(Waiting::Check(query)), Answer::Checked(check)) => {
                let needs = || self.needs(query.command.as_ref());
                let reason = match check {
                    Check::Works => None,
                    Check::Wrong(reason) => Some(reason.untrusted().to_owned()),
                    Check::Begun => needs(),
                };
                self.dispatch(Msg::AssistReplied(reply(query, reason)));
            }
            (Some(Waiting::Check(_)) | None, _) => {}
        }
    }

    /// What is missing behind a command that is begun.
    fn needs(&self, command: Option<&clacks_language::command::Command>) -> Option<String> {
        let network = self.model.networks.active();
        Some(network.spec(&network.call(command?)?.command)?.needs())
    }
}

fn reply(query: AssistQuery, precheck_error: Option<String>) -> AssistReply {
    let messages = Messages::default();
    AssistReply { query, peers: Vec::new(), remotes: Vec::new(), messages, precheck_error }
}

fn result(answer: Answer) -> Result<Outcome, Refusal> {
    let refused = |reason: Text| Err(Refusal::new(reason));
    match answer {
        Answer::Called(result) => *result,
        Answer::Refused(reason) => refused(reason),
        Answer::Lost => refused("the connection ended; whether it was done is not known".into()),
        _ => refused("the node did not answer".into()),
    }
}
