//! Results of sent input. A message is added to the history once it is queued, and restored to the line if it is
//! refused.

use super::{assist, line::start_line, paste};
use crate::{
    model::Model,
    state::{
        message::{CallResult, Effect},
        sending::Sending,
    },
};

/// Handles the results of commands that ran together in the network at a position. Refused input can be sent again as it
/// was typed; if another network is shown, it goes to the history.
pub(crate) fn on_results(model: &mut Model, network: usize, results: &[CallResult]) -> Vec<Effect> {
    let Some(of) = model.networks.get(network) else { return Vec::new() };
    let has_message = results.iter().any(|(call, _)| of.is_message(call));
    let is_of = |(at, _): &mut (usize, Sending)| *at == network && has_message;
    let Some((_, sending)) = model.sending.take_if(is_of) else { return Vec::new() };
    let is_refused = |(call, result): &&CallResult| of.is_message(call) && result.is_err();
    let is_shown = network == model.networks.position();
    let refused: Vec<&str> =
        results.iter().filter(is_refused).map(|(call, _)| call.text.untrusted()).collect();
    match sending {
        Sending::Line { line, .. } | Sending::Paste { line, .. } if refused.is_empty() => {
            let is_new = model.input.push_history([line.as_str()]);
            is_new.then(|| Effect::append_history(line)).flatten().into_iter().collect()
        }
        Sending::Lines if refused.is_empty() => Vec::new(),
        Sending::Line { line, .. } | Sending::Paste { line, .. } if !is_shown => {
            model.input.push_unsent(&line);
            Vec::new()
        }
        Sending::Lines if !is_shown => {
            refused.into_iter().for_each(|line| model.input.push_unsent(line));
            Vec::new()
        }
        Sending::Line { line, was_command } => restore_line(model, &line, was_command),
        Sending::Paste { pasted, .. } => {
            paste::ask(model, pasted);
            Vec::new()
        }
        Sending::Lines => {
            paste::ask(model, refused.join("\n"));
            Vec::new()
        }
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
