//! What commands read of their arguments in the same way.

use std::collections::HashSet;

use clacks_feed::{
    Call, Check, Key,
    args::{Argument, Arguments},
    description::ListId,
};
use clacks_p2p::{Address, core::MessageId};

use crate::rows::message_id;

/// The items of a call, each once: those that are selected, even if they have gone, or those that were typed.
pub(super) fn items(call: &Call, arguments: &Arguments) -> Vec<(ListId, Key)> {
    let Some(list) = call.list.filter(|_| !call.on.is_empty()) else { return arguments.items.clone() };
    let mut seen = HashSet::new();
    call.on.iter().filter(|key| seen.insert(*key)).map(|key| (list, key.clone())).collect()
}

/// The messages among the items of a call.
pub(super) fn ids(call: &Call, arguments: &Arguments) -> Vec<MessageId> {
    items(call, arguments).iter().filter_map(|(_, key)| message_id(key)).collect()
}

pub(super) fn address(host: &str, port: u16) -> Result<Address, Check> {
    Address::new(host, port).map_err(|error| Check::wrong(error.to_string()))
}

/// The peers that are selected or typed.
pub(super) fn addresses(call: &Call, arguments: &Arguments) -> Result<Vec<Address>, Check> {
    if let Some(Argument::HostPort(host, port)) = arguments.values.first() {
        return address(host, *port).map(|address| vec![address]);
    }
    let items = items(call, arguments);
    Ok(items.iter().filter_map(|(_, key)| key.untrusted().parse().ok()).collect())
}

/// Why a typed text is not an address.
pub(super) fn no_address(typed: &str) -> Option<String> {
    Some(typed.parse::<Address>().err()?.to_string())
}

/// The first reason, if there is one for each item.
pub(super) fn all<T>(items: &[T], reason: impl Fn(&T) -> Option<String>) -> Option<String> {
    let mut reasons = items.iter().map(reason);
    let first = reasons.next()??;
    reasons.all(|reason| reason.is_some()).then_some(first)
}
