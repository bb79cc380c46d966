use std::{
    collections::HashSet,
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use clacks_feed::{
    Call, Check, Key, Network, Text,
    args::{Argument, Arguments, MAX_SHORT_PORT},
    description::ListId,
    filter::{Filter, Scope},
};
use clacks_p2p::{
    Address, AddressError, DEFAULT_MAX_DEPTH, Message, Node, core::MessageId, node::UnknownPeer,
};

use super::{
    draft,
    objection::{not_held, not_here},
    stop::Stop,
};

use crate::{
    ClacksNetwork,
    description::{QUEUE, REMOTES},
    rows::message_id,
};

/// What a call means.
#[derive(Debug)]
pub(super) enum Action {
    Enqueue(Message),
    Announce(Vec<Address>),
    Add(Address),
    Ignore(Vec<Party>),
    Unignore(Vec<Party>),
    Forget(Vec<Address>),
    Trust(Vec<Address>),
    Drop(Vec<MessageId>),
    /// Drops what the filter admits, or everything.
    DropMatching(Option<Filter>),
    Hold(Vec<MessageId>),
    HoldMatching(Filter),
    ShowHeld,
    Unhold,
    Release(Vec<MessageId>),
    ReleaseAll,
    /// Holds a message so that its text can be edited.
    Edit(MessageId),
    Replace(MessageId, Message),
    Rate(f64),
    Stop(Stop),
    CancelStop,
    Undo(Text),
}

/// Whom a command ignores.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Party {
    Peer(Address),
    Remote(IpAddr),
}

/// The key of its list.
impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(peer) => peer.fmt(f),
            Self::Remote(remote) => remote.fmt(f),
        }
    }
}

impl Action {
    /// Whether the address was typed and can become another one by one more digit.
    pub(super) fn may_mean_another_port(&self, arguments: &Arguments) -> bool {
        let Self::Ignore(parties) = self else { return false };
        let is_short = |party: &Party| matches!(party, Party::Peer(peer) if peer.port() <= MAX_SHORT_PORT);
        arguments.is_open && arguments.items.is_empty() && parties.iter().any(is_short)
    }
}

/// The action of a call whose arguments fit the description of its command.
pub(super) fn action(network: &ClacksNetwork, call: &Call, arguments: &Arguments) -> Result<Action, Check> {
    let items = &items(call, arguments);
    let value = arguments.values.first().cloned();
    let ids = || items.iter().filter_map(|(_, key)| message_id(key)).collect::<Vec<_>>();
    match (call.command.as_str(), value) {
        ("enqueue", Some(Argument::Text(text))) => Ok(Action::Enqueue(message(&text))),
        ("json", Some(Argument::Json(json))) => from_json(json.untrusted()).map(Action::Enqueue),
        ("announce", value) => addresses(items, value).map(Action::Announce),
        ("add", Some(Argument::HostPort(host, port))) => address(&host, port).map(Action::Add),
        ("ignore", value) => parties(items, arguments, value).map(Action::Ignore),
        ("unignore", value) => match parties(items, arguments, value) {
            Err(Check::Begun) if !is_begun_of_ignored(network, arguments) => {
                Err(Check::wrong(format!("{} is not ignored", call.text.untrusted())))
            }
            parties => parties.map(Action::Unignore),
        },
        ("forget", Some(Argument::Unread(text))) => {
            known_peer(network, arguments, text.untrusted()).map(|peer| Action::Forget(vec![peer]))
        }
        ("forget", value) => addresses(items, value).map(Action::Forget),
        ("trust", value) => addresses(items, value).map(Action::Trust),
        ("drop", Some(Argument::Word(_))) => Ok(Action::DropMatching(None)),
        ("drop", Some(Argument::Unread(text))) => {
            unknown_number(network, &text, not_here)?;
            filter(network, &text).map(|filter| Action::DropMatching(Some(filter)))
        }
        ("drop", _) => Ok(Action::Drop(ids())),
        ("hold", Some(Argument::Unread(text))) => {
            unknown_number(network, &text, not_held)?;
            rule(network, &text).map(Action::HoldMatching)
        }
        ("hold", _) if items.is_empty() => Ok(Action::ShowHeld),
        ("hold", _) => Ok(Action::Hold(ids())),
        ("unhold", _) => Ok(Action::Unhold),
        ("release", Some(Argument::Word(_))) => Ok(Action::ReleaseAll),
        ("release", _) => Ok(Action::Release(ids())),
        ("edit", value) => match (&ids()[..], value) {
            ([id], Some(Argument::Text(text))) => {
                draft::read(&text).map(|message| Action::Replace(*id, message))
            }
            ([id], _) => Ok(Action::Edit(*id)),
            _ => Err(Check::wrong("one message can be changed at a time")),
        },
        ("rate", Some(Argument::Number(rate))) => Ok(Action::Rate(rate)),
        ("stop", _) => Ok(Action::Stop(Stop::new(arguments))),
        ("cancel", _) => Ok(Action::CancelStop),
        ("undo", _) => Ok(Action::Undo(call.text.clone())),
        _ => Err(Check::Begun),
    }
}

/// The items of a call, each once: those that are selected, even if they have gone, or those that were typed.
fn items(call: &Call, arguments: &Arguments) -> Vec<(ListId, Key)> {
    let Some(list) = call.list.filter(|_| !call.on.is_empty()) else { return arguments.items.clone() };
    let mut seen = HashSet::new();
    call.on.iter().filter(|key| seen.insert(*key)).map(|key| (list, key.clone())).collect()
}

pub(super) fn message(text: &Text) -> Message {
    Message::text(text.untrusted())
}

pub(super) fn from_json(json: &str) -> Result<Message, Check> {
    Message::from_json(json, DEFAULT_MAX_DEPTH).map_err(|error| Check::wrong(error.to_string()))
}

fn address(host: &str, port: u16) -> Result<Address, Check> {
    Address::new(host, port).map_err(|error| Check::wrong(error.to_string()))
}

/// The peers that are selected or typed.
fn addresses(items: &[(ListId, Key)], value: Option<Argument>) -> Result<Vec<Address>, Check> {
    if let Some(Argument::HostPort(host, port)) = value {
        return address(&host, port).map(|address| vec![address]);
    }
    Ok(items.iter().filter_map(|(_, key)| key.untrusted().parse().ok()).collect())
}

/// A peer by another spelling of its address than its key.
fn known_peer(network: &ClacksNetwork, arguments: &Arguments, typed: &str) -> Result<Address, Check> {
    match typed.parse::<Address>() {
        Ok(peer) if network.node().peer(&peer).is_some() => Ok(peer),
        _ if arguments.begins_item => Err(Check::Begun),
        Ok(peer) => Err(Check::wrong(format!("{peer}: {UnknownPeer}"))),
        Err(error) => Err(Check::wrong(error.to_string())),
    }
}

/// Whether an ignored peer or address begins with what was typed.
fn is_begun_of_ignored(network: &ClacksNetwork, arguments: &Arguments) -> bool {
    let Some(Argument::Unread(typed)) = arguments.values.first() else { return arguments.begins_item };
    let typed = typed.untrusted();
    let begins = |remote: &IpAddr| {
        let in_brackets = || remote.is_ipv6() && format!("ip:[{remote}]").starts_with(typed);
        format!("ip:{remote}").starts_with(typed) || in_brackets()
    };
    arguments.begins_item || network.node().ignored_remotes().iter().any(begins)
}

fn parties(
    items: &[(ListId, Key)],
    arguments: &Arguments,
    value: Option<Argument>,
) -> Result<Vec<Party>, Check> {
    if let Some(Argument::Unread(text)) = value {
        let text = text.untrusted();
        return match party(text) {
            Ok(party) => Ok(vec![party]),
            Err(_) if arguments.is_open && is_begun_party(text) => Err(Check::Begun),
            Err(reason) => Err(Check::wrong(reason)),
        };
    }
    let party = |(list, key): &(ListId, Key)| match *list {
        REMOTES => key.untrusted().parse().ok().map(Party::Remote),
        _ => key.untrusted().parse().ok().map(Party::Peer),
    };
    Ok(items.iter().filter_map(party).collect())
}

/// A typed peer or IP address: `host:port`, `ip:192.0.2.7`, `ip:2001:db8::7` or `ip:[2001:db8::7]`. A host named "ip" is
/// followed by a port, which is not an IP address, so it is a peer. The error is the reason.
pub(super) fn party(typed: &str) -> Result<Party, String> {
    let Some(ip) = typed.strip_prefix("ip:") else {
        return typed.parse().map(Party::Peer).map_err(|error: AddressError| error.to_string());
    };
    let in_brackets = ip.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let remote = match in_brackets {
        Some(v6) => v6.parse().map(|v6: Ipv6Addr| IpAddr::from(v6)),
        None => ip.parse(),
    };
    match remote {
        Ok(remote) => Ok(Party::Remote(remote.to_canonical())),
        Err(_) => typed.parse().map(Party::Peer).map_err(|_: AddressError| {
            "a remote address is an IP address, as in ip:192.0.2.7 or ip:2001:db8::7".to_owned()
        }),
    }
}

/// Whether more characters can make a peer or an IP address of a text.
fn is_begun_party(typed: &str) -> bool {
    match typed.strip_prefix("ip:") {
        Some(ip) => {
            let ip = ip.strip_prefix('[').unwrap_or(ip);
            ip.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'))
        }
        None => is_begun_address(typed),
    }
}

/// Whether more characters can make an address of a text.
fn is_begun_address(typed: &str) -> bool {
    let colon = typed.trim_start_matches(|c: char| c != ':' && c != ']');
    match typed.strip_prefix('[') {
        Some(inner) => match inner.split_once(']') {
            Some((_, rest)) => matches!(rest, "" | ":"),
            None => inner.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':')),
        },
        None if colon.is_empty() => Address::new(&format!("{typed}a"), 1).is_ok(),
        None => colon == ":" && Address::new(typed.trim_end_matches(':'), 1).is_ok(),
    }
}

/// A number is that of a message, never a text to look for.
fn unknown_number(
    network: &ClacksNetwork,
    text: &Text,
    reason: impl Fn(&Node, MessageId) -> Option<String>,
) -> Result<(), Check> {
    let Ok(id) = text.untrusted().parse::<MessageId>() else { return Ok(()) };
    reason(network.node(), id).map_or(Ok(()), |reason| Err(Check::wrong(reason)))
}

/// A filter that holds messages. It is asked once about each, so it must not depend on the time.
fn rule(network: &ClacksNetwork, text: &Text) -> Result<Filter, Check> {
    let filter = filter(network, text)?;
    if filter.changes_with_time(Scope::List(network.description(), QUEUE)) {
        return Err(Check::wrong("a message is compared once, when it comes, so its age says nothing"));
    }
    Ok(filter)
}

/// A filter over the queue, in which held messages look alike.
fn filter(network: &ClacksNetwork, text: &Text) -> Result<Filter, Check> {
    let scope = Scope::List(network.description(), QUEUE);
    Filter::parse_for(text.untrusted(), scope).map_err(|error| {
        let is_at_end = error.span.end >= text.len();
        if is_at_end && error.is_incomplete() { Check::Begun } else { Check::wrong(error.to_string()) }
    })
}

/// Why a text is not a filter over the queue.
pub(super) fn not_a_filter(network: &ClacksNetwork, typed: &str) -> Option<String> {
    let scope = Scope::List(network.description(), QUEUE);
    Filter::parse_for(typed, scope).err().map(|error| error.to_string())
}
