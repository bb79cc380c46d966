//! Words for commands in questions and results.

use clacks_feed::{Call, description::Role};

use super::network::Network;

/// Returns the phrase for a question about a command, as in `ignore 3 peers`.
pub fn request_phrase(network: &Network, call: &Call, count: usize) -> String {
    let verb =
        network.spec(&call.command).map_or_else(|| call.command.to_string(), |spec| spec.ask.to_string());
    format!("{verb} {}", counted_object(network, call, count))
}

/// Returns what a command did, as in `queued 3 messages`.
pub(crate) fn result_phrase(network: &Network, call: &Call, count: &str, of: usize) -> String {
    let verb =
        network.spec(&call.command).map_or_else(|| call.command.to_string(), |spec| spec.past.to_string());
    let (one, many) = object(network, call);
    format!("{verb} {count} {}", if of == 1 { one } else { many })
}

fn counted_object(network: &Network, call: &Call, count: usize) -> String {
    let (one, many) = object(network, call);
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The words for one item and for several.
fn object(network: &Network, call: &Call) -> (String, String) {
    let spec = network.spec(&call.command);
    let only_list = || match spec.map(|spec| &spec.on[..]) {
        Some([list]) => network.description.list_id(list.as_str()),
        _ => None,
    };
    match (call.list, network.list_spec(call.list.or_else(only_list))) {
        // The question is asked in the list of these messages.
        (Some(_), Some(list)) if list.role == Role::Messages => ("message".to_owned(), "messages".to_owned()),
        (_, Some(list)) => (list.one.to_string(), list.many.to_string()),
        (_, None) => ("message".to_owned(), "messages".to_owned()),
    }
}
