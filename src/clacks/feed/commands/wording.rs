//! The reasons for refusing arguments, in the words of this network.

use clacks_feed::{
    Call, Check, Key, Network, Text,
    description::{CommandSpec, ListId},
};
use clacks_p2p::{Address, DEFAULT_MAX_DEPTH, Message, core::MessageId};

use super::{
    action, draft,
    objection::{not_held, not_here},
};
use crate::{
    ClacksNetwork,
    description::{HELD, PEERS},
};

const NO_NUMBER: &str = "a message is named by its number, which Tab offers and :queue lists";
const NO_RATE: &str = "the send rate is a number from 0.001 to 100000 messages a second, such as 0.5";
const NOTHING_TO_RELEASE: &str = "release a message by its number, or all";

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
    is_missing.then(|| no_such_item(network, call.command.as_str(), list, first.untrusted())).flatten()
}

fn no_such_item(network: &ClacksNetwork, command: &str, list: ListId, key: &str) -> Option<String> {
    let node = network.node();
    match (list, command) {
        (PEERS, _) => Some(format!("{key}: no such peer")),
        (HELD, "release") => Some(format!("{key} is not held")),
        (_, "hold") => not_held(node, key.parse().ok()?),
        _ => not_here(node, key.parse().ok()?),
    }
}

fn typed(network: &ClacksNetwork, command: &str, text: &str) -> Option<String> {
    let id = |text: &str| text.parse::<MessageId>().ok();
    match command {
        "release" => Some(match id(text) {
            Some(id) => format!("{id} is not held"),
            None => NOTHING_TO_RELEASE.to_owned(),
        }),
        _ if text.is_empty() => None,
        "announce" | "add" | "trust" => Some(text.parse::<Address>().err()?.to_string()),
        "forget" => Some(match text.parse::<Address>() {
            Ok(peer) => format!("{peer}: no such peer"),
            Err(error) => error.to_string(),
        }),
        "ignore" | "unignore" => action::party(text).err(),
        "drop" | "hold" => action::not_a_filter(network, text),
        "json" => Some(Message::from_json(text, DEFAULT_MAX_DEPTH).err()?.to_string()),
        "rate" => Some(NO_RATE.to_owned()),
        "edit" => {
            let (number, new) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            match id(number) {
                None => Some(NO_NUMBER.to_owned()),
                Some(id) => not_here(network.node(), id).or_else(|| draft::not_a_text(new)),
            }
        }
        _ => None,
    }
}
