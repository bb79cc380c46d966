//! The commands of a node: what a call means, whether it would work, how it is carried out and undone.

mod action;
mod carry_out;
mod draft;
mod objection;
mod stop;
mod tally;
#[cfg(test)]
mod tests;
mod undo;
mod wording;

use std::{borrow::Cow, sync::Arc};

use clacks_feed::{Call, Check, Doing, Network, Refusal, args};

pub(crate) use stop::{HandingOn, WORDS as STOP_WORDS};
pub use stop::{UnsentCounts, told};
pub(crate) use undo::Deed;

use crate::ClacksNetwork;
use action::Action;

/// The call with the first spelling of its command.
fn in_first_spelling<'a>(network: &ClacksNetwork, call: &'a Call) -> Cow<'a, Call> {
    match network.description().command(call.command.as_str()) {
        Some(spec) if spec.name != call.command => {
            Cow::Owned(Call { command: spec.name.clone(), ..call.clone() })
        }
        _ => Cow::Borrowed(call),
    }
}

/// What a call would do now.
pub(crate) fn check(network: &ClacksNetwork, call: &Call) -> Check {
    let call = &*in_first_spelling(network, call);
    let arguments = match args::read(network, call) {
        Ok(arguments) => arguments,
        Err(check) => return wording::reworded(network, call, check),
    };
    match action::action(network, call, &arguments) {
        Ok(action) => {
            let objection = objection::objection(network, &action);
            match objection {
                Some(_) if action.may_mean_another_port(&arguments) => Check::Begun,
                objection => objection.map_or(Check::Works, |reason| arguments.refused(reason)),
            }
        }
        Err(check) => match wording::reworded(network, call, check) {
            Check::Wrong(reason) => arguments.refused(reason),
            check => check,
        },
    }
}

/// Begins a call.
pub(crate) fn call(network: Arc<ClacksNetwork>, call: &Call) -> Doing {
    let call = &*in_first_spelling(&network, call);
    let refused = |refusal| -> Doing { Box::pin(std::future::ready(Err(refusal))) };
    match args::read(&*network, call).and_then(|arguments| action::action(&network, call, &arguments)) {
        Ok(action) => match objection::objection(&network, &action) {
            Some(reason) if matches!(action, Action::Stop(_)) => refused(stop::refusal(&network, reason)),
            Some(reason) => refused(Refusal::new(reason)),
            None => carry_out::carry_out(network, action),
        },
        Err(check) => refused(Refusal::new(match wording::reworded(&network, call, check) {
            Check::Wrong(reason) => reason,
            _ => wording::incomplete(&network, call),
        })),
    }
}
