//! The commands of a node: what a call means, whether it would work, how it is carried out and undone.

mod action;
mod carry_out;
mod objection;
mod undo;

use std::{borrow::Cow, future::ready};

use clacks_feed::{Call, Check, Doing, Network, Refusal, args, description::CommandSpec};

pub(crate) use undo::Deed;

use crate::PeercloudNetwork;

/// The call with the first spelling of its command.
fn in_first_spelling<'a>(network: &PeercloudNetwork, call: &'a Call) -> Cow<'a, Call> {
    match network.description().command(call.command.as_str()) {
        Some(spec) if spec.name != call.command => {
            Cow::Owned(Call { command: spec.name.clone(), ..call.clone() })
        }
        _ => Cow::Borrowed(call),
    }
}

/// What a call would do now.
pub(crate) fn check(network: &PeercloudNetwork, call: &Call) -> Check {
    let call = &*in_first_spelling(network, call);
    let arguments = match args::read(network, call) {
        Ok(arguments) => arguments,
        Err(check) => return check,
    };
    match action::action(network, call, &arguments) {
        Ok(action) => match objection::objection(network, &action) {
            Some(refusal) => arguments.refused(refusal.text),
            None => Check::Works,
        },
        Err(Check::Wrong(reason)) => arguments.refused(reason),
        Err(check) => check,
    }
}

/// Begins a call.
pub(crate) fn call(network: &PeercloudNetwork, call: &Call) -> Doing {
    let call = &*in_first_spelling(network, call);
    let refused = |refusal| -> Doing { Box::pin(ready(Err(refusal))) };
    let action = args::read(network, call).and_then(|arguments| action::action(network, call, &arguments));
    match action {
        Ok(action) => match objection::objection(network, &action) {
            Some(refusal) => refused(refusal),
            None => carry_out::carry_out(network, action),
        },
        Err(Check::Wrong(reason)) => refused(Refusal::new(reason)),
        Err(_) => {
            let spec = network.description().command(call.command.as_str());
            refused(Refusal::new(spec.map_or_else(String::new, CommandSpec::needs)))
        }
    }
}
