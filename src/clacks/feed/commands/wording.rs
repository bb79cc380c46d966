//! The reasons for refusing arguments, in the words of this network.

use clacks_feed::{
    Call, Check, Key, Network, Text,
    description::{CommandSpec, ListId},
};

use super::{command, messages::not_here};
use crate::{ClacksNetwork, description::PEERS};

/// A refusal of arguments, with the reason in the words of this network.
pub(super) fn reworded(network: &ClacksNetwork, call: &Call, check: Check) -> Check {
    match check {
        Check::Wrong(reason) => Check::Wrong(reason_for(network, call).map_or(reason, Text::from)),
        check => check,
    }
}

/// The reason for refusing a call whose arguments are not complete.
pub(super) fn incomplete(network: &ClacksNetwork, call: &Call) -> Text {
    let needs =
        || network.description().command(call.command.as_str()).map_or_else(String::new, CommandSpec::needs);
    reason_for(network, call).unwrap_or_else(needs).into()
}

fn reason_for(network: &ClacksNetwork, call: &Call) -> Option<String> {
    if call.run != network.run() {
        return None;
    }
    match (call.list, &call.on[..]) {
        (Some(list), [first, ..]) => missing(network, call, list, first),
        _ => typed(network, call.command.as_str(), call.text.untrusted().trim()),
    }
}

/// The reason if none of the selected items is here.
fn missing(network: &ClacksNetwork, call: &Call, list: ListId, first: &Key) -> Option<String> {
    network.description().list(list)?;
    let is_missing = network.rows(list, &call.on).iter().all(Option::is_none);
    let gone = command(call.command.as_str()).map_or(no_such_item as Gone, |command| command.gone);
    is_missing.then(|| gone(network, list, first.untrusted())).flatten()
}

type Gone = fn(&ClacksNetwork, ListId, &str) -> Option<String>;

/// The reason if a peer or message is not here.
pub(super) fn no_such_item(network: &ClacksNetwork, list: ListId, key: &str) -> Option<String> {
    match list {
        PEERS => Some(format!("{key}: no such peer")),
        _ => not_here(network.node(), key.parse().ok()?),
    }
}

fn typed(network: &ClacksNetwork, name: &str, text: &str) -> Option<String> {
    let command = command(name)?;
    if text.is_empty() { command.needs.map(str::to_owned) } else { (command.wrong)(network, text) }
}
