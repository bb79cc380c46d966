//! The send rate.

use std::sync::Arc;

use clacks_feed::{
    Check, Doing, Outcome, Refusal,
    args::Argument,
    description::{Need, Takes},
};

use super::{
    Action, Command, Done, at_once, means,
    undo::{Before, undoable},
};
use crate::ClacksNetwork;

const NO_RATE: &str = "the send rate is a number from 0.001 to 100000 messages a second, such as 0.5";

pub(super) const COMMANDS: &[Command] =
    &[Command::new("rate", "set the number of messages sent per second", |_, _, arguments| match arguments
        .values
        .first()
    {
        Some(Argument::Number(rate)) => means(Rate(*rate)),
        _ => Err(Check::Begun),
    })
    .described(|spec| {
        spec.arg("PER_SECOND", &[Takes::Number(0.001, 100_000.0)], Need::One)
            .verbs("set the rate", "set the rate")
    })
    .wrong(|_, _| Some(NO_RATE.to_owned()))];

/// Sets the send rate, in messages per second.
struct Rate(f64);

impl Action for Rate {
    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        at_once(set(&network, self.0))
    }
}

fn set(network: &ClacksNetwork, rate: f64) -> Done {
    let node = network.node();
    let before = vec![Before::Rate(node.options().send_rate)];
    node.set_send_rate(rate).map_err(|error| Refusal::new(error.to_string()))?;
    let outcome = Outcome::new(format!("sends {rate} messages a second at most"));
    Ok(undoable(network, outcome, before))
}
