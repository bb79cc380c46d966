//! Ignoring peers and remote addresses.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use clacks_feed::{
    Call, Check, Doing, Key,
    args::{Argument, Arguments, MAX_SHORT_PORT},
    description::{ListId, Need, Takes},
};
use clacks_p2p::{Address, AddressError, Node};

use super::{
    Action, Command, Done, Read, at_once, means,
    peers::{OTHERS, is_ignored, is_us},
    reading::{all, items},
    tally::Tally,
    undo::{Before, Deed, undoable},
};
use crate::{ClacksNetwork, description::REMOTES};

pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        "ignore",
        "send nothing to a peer and refuse what it sends; with ip:, close connections from that IP address",
        |_, call, arguments| means(Ignore(parties(call, arguments)?)),
    )
    .described(|spec| {
        let takes = [Takes::item_with("peers", &OTHERS), Takes::remote(None), Takes::Address];
        spec.also(&["block", "ban"])
            .on(&["peers"])
            .arg("HOST:PORT/ip:ADDRESS", &takes, Need::One)
            .verbs("ignore", "ignored")
    })
    .wrong(|_, typed| party(typed).err()),
    Command::new("unignore", "stop ignoring a peer or an IP address", read_unignore)
        .described(|spec| {
            let takes =
                [Takes::item_with("peers", &["ignored"]), Takes::remote(Some("remotes")), Takes::Address];
            spec.also(&["unblock", "unban"])
                .on(&["peers", "remotes"])
                .arg("HOST:PORT/ip:ADDRESS", &takes, Need::One)
                .verbs("unignore", "unignored")
        })
        .wrong(|_, typed| party(typed).err()),
];

/// Ignores parties.
struct Ignore(Vec<Party>);

impl Action for Ignore {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        all(&self.0, |party| not_ignored(network.node(), party))
    }

    fn may_mean_another_port(&self, arguments: &Arguments) -> bool {
        let is_short = |party: &Party| matches!(party, Party::Peer(peer) if peer.port() <= MAX_SHORT_PORT);
        arguments.is_open && arguments.items.is_empty() && self.0.iter().any(is_short)
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        at_once(ignore(&network, &self.0))
    }
}

/// Ignores parties no longer.
struct Unignore(Vec<Party>);

fn read_unignore(network: &ClacksNetwork, call: &Call, arguments: &Arguments) -> Read {
    match parties(call, arguments) {
        Err(Check::Begun) if !is_begun_of_ignored(network, arguments) => {
            Err(Check::wrong(format!("{} is not ignored", call.text.untrusted())))
        }
        parties => means(Unignore(parties?)),
    }
}

impl Action for Unignore {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        all(&self.0, |party| not_unignored(network.node(), party))
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        at_once(unignore(&network, &self.0))
    }
}

fn ignore(network: &ClacksNetwork, parties: &[Party]) -> Done {
    let node = network.node();
    change(network, parties, "ignored", not_ignored, |party| match party {
        Party::Peer(peer) => node.ignore(peer).then(|| format!("ignored {peer}")),
        Party::Remote(remote) => {
            node.ignore_remote(*remote).then(|| format!("connections from {remote} are ignored"))
        }
    })
}

fn unignore(network: &ClacksNetwork, parties: &[Party]) -> Done {
    let node = network.node();
    change(network, parties, "unignored", not_unignored, |party| match party {
        Party::Peer(peer) => node.unignore(peer).then(|| format!("{peer} is no longer ignored")),
        Party::Remote(remote) => {
            node.unignore_remote(*remote).then(|| format!("connections from {remote} are no longer ignored"))
        }
    })
}

fn before_party(node: &Node, party: &Party) -> Before {
    match party {
        Party::Peer(peer) => Before::Peer(node.peer_state(peer)),
        Party::Remote(remote) => Before::Remote(node.remote_state(*remote)),
    }
}

/// Changes parties. `apply` returns the sentence about one that was changed, and `objection` why one was not.
fn change(
    network: &ClacksNetwork,
    parties: &[Party],
    past: &str,
    objection: impl Fn(&Node, &Party) -> Option<String>,
    apply: impl Fn(&Party) -> Option<String>,
) -> Done {
    let node = network.node();
    let (mut deed, mut tally) = (Deed::new(), Tally::default());
    for party in parties {
        let before = before_party(node, party);
        // It is asked before the change, which can be its own reason.
        let reason = objection(node, party);
        match apply(party) {
            Some(sentence) => {
                deed.insert(0, before);
                tally.done(sentence);
            }
            None => tally.refused(party, reason),
        }
    }
    let many = match parties.first() {
        Some(Party::Remote(_)) => "remote addresses",
        _ => "peers",
    };
    Ok(undoable(network, tally.outcome(past, many)?, deed))
}

fn not_ignored(node: &Node, party: &Party) -> Option<String> {
    match party {
        Party::Peer(peer) => {
            is_us(node, peer).or_else(|| is_ignored(node, peer).then(|| format!("{peer} is ignored already")))
        }
        Party::Remote(remote) => {
            let is_ignored = node.is_remote_ignored(*remote);
            is_ignored.then(|| format!("connections from {remote} are ignored already"))
        }
    }
}

fn not_unignored(node: &Node, party: &Party) -> Option<String> {
    match party {
        Party::Peer(peer) => (!is_ignored(node, peer)).then(|| format!("{peer} is not ignored")),
        Party::Remote(remote) => {
            (!node.is_remote_ignored(*remote)).then(|| format!("connections from {remote} are not ignored"))
        }
    }
}

// === Parties ===

/// Whom a command ignores.
#[derive(Debug, Clone, PartialEq)]
enum Party {
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

/// The parties that are selected or typed.
fn parties(call: &Call, arguments: &Arguments) -> Result<Vec<Party>, Check> {
    if let Some(Argument::Unread(text)) = arguments.values.first() {
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
    Ok(items(call, arguments).iter().filter_map(party).collect())
}

/// A typed peer or IP address: `host:port`, `ip:192.0.2.7`, `ip:2001:db8::7` or `ip:[2001:db8::7]`. A host named "ip" is
/// followed by a port, which is not an IP address, so it is a peer. The error is the reason.
fn party(typed: &str) -> Result<Party, String> {
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
