use clacks_feed::{
    Call, Check, Key, Text,
    args::{Argument, Arguments},
    description::ListId,
};
use clacks_peercloud::{Address, Host, Id, Json, core::AutoReply};
use serde::Serialize;

use crate::{PeercloudNetwork, rows::id_of};

/// What a call means.
#[derive(Debug)]
pub(super) enum Action {
    Broadcast(Json),
    To(Vec<Id>, Json),
    Reply(AutoReply),
    Check(Vec<Id>),
    Ignore(Vec<Id>),
    Unignore(Vec<Id>),
    Join { address: Address, leave_first: bool },
    Leave,
    Data(Json),
    Repair,
    Stop,
    Undo(Text),
}

/// A text as it is sent: `{"message": TEXT}`.
#[derive(Serialize)]
struct Said<'a> {
    message: &'a str,
}

/// The action of a call whose arguments fit the description of its command.
pub(super) fn action(
    network: &PeercloudNetwork,
    call: &Call,
    arguments: &Arguments,
) -> Result<Action, Check> {
    let items = || ids(&arguments.items);
    let value = arguments.values.first().cloned();
    match (call.command.as_str(), value) {
        ("broadcast", Some(Argument::Text(text))) => said(text.untrusted()).map(Action::Broadcast),
        ("json", Some(Argument::Json(value))) => json(network, &value).map(Action::Broadcast),
        ("to", Some(Argument::Json(value))) => json(network, &value).map(|value| Action::To(items(), value)),
        ("reply", Some(Argument::Word(word))) if word == "echo" => Ok(Action::Reply(AutoReply::Echo)),
        ("reply", Some(Argument::Word(_))) => Ok(Action::Reply(AutoReply::Empty)),
        ("reply", Some(Argument::Json(value))) => {
            json(network, &value).map(|value| Action::Reply(AutoReply::Value(value)))
        }
        ("check", _) => Ok(Action::Check(items())),
        ("ignore", _) => Ok(Action::Ignore(items())),
        ("unignore", _) => Ok(Action::Unignore(items())),
        ("join", Some(Argument::HostPort(host, port))) => {
            let host = Host::new(&host).and_then(|host| Address::of(host, port));
            let address = host.map_err(|error| Check::wrong(error.to_string()))?;
            Ok(Action::Join { address, leave_first: arguments.values.len() > 1 })
        }
        ("leave", _) => Ok(Action::Leave),
        ("data", Some(Argument::Json(value))) => json(network, &value).map(Action::Data),
        ("repair", _) => Ok(Action::Repair),
        ("stop", _) => Ok(Action::Stop),
        ("undo", _) => Ok(Action::Undo(call.text.clone())),
        _ => Err(Check::Begun),
    }
}

fn ids(items: &[(ListId, Key)]) -> Vec<Id> {
    items.iter().filter_map(|(_, key)| id_of(key)).collect()
}

fn said(text: &str) -> Result<Json, Check> {
    Json::of(&Said { message: text }).map_err(|error| Check::wrong(error.to_string()))
}

/// A JSON value that is no deeper than members accept.
fn json(network: &PeercloudNetwork, text: &Text) -> Result<Json, Check> {
    let depth = network.node().read(|core, _| core.options().bodies.max_depth);
    Json::new(text.untrusted(), usize::MAX, depth).map_err(|error| Check::wrong(error.to_string()))
}
