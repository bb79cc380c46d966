//! Messages that were handed to the node: what they were written as is remembered once they are queued, and given back
//! if they are refused.

use clacks_language::command::NodeCommand;
use clacks_p2p::Message;
use clacks_source::traffic::text;

use super::{assist, line::write, paste, remember};
use crate::{
    model::Model,
    state::{
        message::{CommandResult, Effect},
        sending::Sending,
    },
};

/// Takes in how commands went that were run together. What was refused can be sent again as it was written.
pub(crate) fn settle(model: &mut Model, outcomes: &[CommandResult]) -> Vec<Effect> {
    let enqueued = |outcome: &CommandResult| matches!(outcome, (NodeCommand::Enqueue(_), _));
    let Some(sending) = model.sending.take_if(|_| outcomes.iter().any(enqueued)) else { return Vec::new() };
    let refused: Vec<&Message> = outcomes.iter().filter_map(refused).collect();
    match sending {
        Sending::Line { line, .. } | Sending::Paste { line, .. } if refused.is_empty() => {
            let is_new = model.input.push_history([line.as_str()]);
            is_new.then(|| remember(line)).flatten().into_iter().collect()
        }
        Sending::Line { line, was_command } => give_back(model, &line, was_command),
        Sending::Lines if refused.is_empty() => Vec::new(),
        Sending::Paste { pasted, .. } => {
            paste::ask(model, pasted);
            Vec::new()
        }
        Sending::Lines => {
            paste::ask(model, refused.into_iter().map(text).collect::<Vec<_>>().join("\n"));
            Vec::new()
        }
    }
}

fn refused((command, result): &CommandResult) -> Option<&Message> {
    match command {
        NodeCommand::Enqueue(message) if result.is_err() => Some(message),
        _ => None,
    }
}

/// Writes a line again that was taken, unless another is there by now; then it is in the history.
fn give_back(model: &mut Model, line: &str, was_command: bool) -> Vec<Effect> {
    let effects = write(model, if was_command { ":" } else { "" });
    if !was_command && !model.input.draft().is_empty() {
        model.input.push_unsent(line);
        return effects;
    }
    model.input.replace_line(line, line.len());
    assist::edited(model)
}
