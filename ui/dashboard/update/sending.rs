//! Results of sent input. A message is added to the history once it is queued, and restored to the line if it is
//! refused.

use clacks_language::command::NodeCommand;
use clacks_p2p::Message;
use clacks_source::traffic::text;

use super::{assist, line::start_line, paste};
use crate::{
    model::Model,
    state::{
        message::{CommandResult, Effect},
        sending::Sending,
    },
};

/// Handles the results of commands that ran together. Refused input can be sent again as it was typed.
pub(crate) fn on_results(model: &mut Model, outcomes: &[CommandResult]) -> Vec<Effect> {
    let enqueued = |outcome: &CommandResult| matches!(outcome, (NodeCommand::Enqueue(_), _));
    let Some(sending) = model.sending.take_if(|_| outcomes.iter().any(enqueued)) else { return Vec::new() };
    let refused: Vec<&Message> = outcomes.iter().filter_map(refused).collect();
    match sending {
        Sending::Line { line, .. } | Sending::Paste { line, .. } if refused.is_empty() => {
            let is_new = model.input.push_history([line.as_str()]);
            is_new.then(|| Effect::append_history(line)).flatten().into_iter().collect()
        }
        Sending::Line { line, was_command } => restore_line(model, &line, was_command),
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

/// Restores a line to the input. If the input is in use, the line goes to the history.
fn restore_line(model: &mut Model, line: &str, was_command: bool) -> Vec<Effect> {
    let effects = start_line(model, if was_command { ":" } else { "" });
    if !was_command && !model.input.draft().is_empty() {
        model.input.push_unsent(line);
        return effects;
    }
    model.input.replace_line(line, line.len());
    assist::on_edit(model)
}
