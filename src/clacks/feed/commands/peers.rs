//! Announcing to nodes, and adding, forgetting and trusting peers.

use std::{sync::Arc, time::Duration};

use clacks_feed::{
    Call, Check, Doing, Network, Outcome, Refusal,
    args::{Argument, Arguments},
    description::{Confirm, Need, Takes},
};
use clacks_p2p::{
    Address, Node,
    core::{Failure, PeerState, Status},
    node::{AnnounceError, TrustChange, UnknownPeer},
};
use tokio::sync::Semaphore;

use super::{
    Action, Command, Done, at_once, means,
    reading::{address, addresses, all, no_address},
    tally::Tally,
    undo::{Before, Deed, undoable},
};
use crate::ClacksNetwork;

/// Maximum announces of one command at the same time.
const MAX_CONCURRENT: usize = 16;

/// Maximum offers of a refusal.
const MAX_OFFERS: usize = 16;

/// The statuses of peers that are not ignored.
pub(super) const OTHERS: [&str; 4] = ["new", "alive", "lost", "dead"];

/// Commands that make a peer known.
pub(super) const CONTACTS: &[Command] = &[
    Command::new(
        "announce",
        "announce this node to another node, which becomes a peer",
        |_, call, arguments| means(Announce(addresses(call, arguments)?)),
    )
    .described(|spec| {
        spec.on(&["peers"])
            .arg("HOST:PORT", &[Takes::item_with("peers", &OTHERS), Takes::HostPort], Need::One)
            .verbs("announce to", "announced to")
            .key('a')
    })
    .wrong(|_, typed| no_address(typed)),
    Command::new("add", "add a peer without announcing this node to it", |_, _, arguments| {
        match arguments.values.first() {
            Some(Argument::HostPort(host, port)) => means(Add(address(host, *port)?)),
            _ => Err(Check::Begun),
        }
    })
    .described(|spec| spec.arg("HOST:PORT", &[Takes::HostPort], Need::One).verbs("add", "added"))
    .wrong(|_, typed| no_address(typed)),
];

/// Commands about peers that are known.
pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        "forget",
        "remove a peer; it returns when it sends something or is named",
        |network, call, arguments| match arguments.values.first() {
            Some(Argument::Unread(text)) => {
                means(Forget(vec![known_peer(network, arguments, text.untrusted())?]))
            }
            _ => means(Forget(addresses(call, arguments)?)),
        },
    )
    .described(|spec| {
        spec.also(&["rm"])
            .on(&["peers"])
            .arg("HOST:PORT", &[Takes::item("peers"), Takes::Address], Need::One)
            .verbs("forget", "forgot")
            .confirm(Confirm::Always)
            .with_example("localhost:8001")
    })
    .wrong(|_, typed| {
        Some(match typed.parse::<Address>() {
            Ok(peer) => format!("{peer}: no such peer"),
            Err(error) => error.to_string(),
        })
    }),
    Command::new("trust", "accept the new certificate of a peer", |_, call, arguments| {
        means(Trust(addresses(call, arguments)?))
    })
    .described(|spec| {
        spec.on(&["peers"])
            .arg("HOST:PORT", &[Takes::item("peers"), Takes::HostPort], Need::One)
            .verbs("trust", "trusted")
    })
    .wrong(|_, typed| no_address(typed)),
];

/// Announces this node.
struct Announce(Vec<Address>);

impl Action for Announce {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        all(&self.0, |peer| not_announced(network.node(), peer))
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        announce(network, self.0)
    }
}

/// Adds a peer.
struct Add(Address);

impl Action for Add {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        not_added(network.node(), &self.0)
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        at_once(match network.node().add_peer_undoable(&self.0) {
            Some(before) => Ok(added(&network, &self.0, before)),
            None => Err(Refusal::new(no_room_for(&self.0))),
        })
    }
}

/// Removes peers.
struct Forget(Vec<Address>);

impl Action for Forget {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        let node = network.node();
        all(&self.0, |peer| node.peer(peer).is_none().then(|| format!("{peer}: {UnknownPeer}")))
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        at_once(forget(&network, &self.0))
    }
}

/// Trusts the new certificates of peers.
struct Trust(Vec<Address>);

impl Action for Trust {
    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        at_once(trust(&network, &self.0))
    }
}

fn announce(network: Arc<ClacksNetwork>, peers: Vec<Address>) -> Doing {
    let turns = Arc::new(Semaphore::new(MAX_CONCURRENT));
    let begin = |peer: Address| {
        let (node, turns) = (network.node().clone(), turns.clone());
        // It begins at once, and goes on even if nobody waits for the result.
        network.runtime().spawn(async move {
            // It is never closed.
            let _turn = turns.acquire().await;
            let result = match not_announced(&node, &peer) {
                Some(reason) => Err((reason, None)),
                None => node.announce(&peer).await.map_err(|error| (reason(&peer, &error), Some(error))),
            };
            (peer, result)
        })
    };
    let announcing: Vec<_> = peers.into_iter().map(begin).collect();
    Box::pin(async move {
        let (mut tally, mut errors) = (Tally::default(), Vec::new());
        for announce in announcing {
            let Ok((peer, result)) = announce.await else { continue };
            match result {
                Ok(()) => tally.done(format!("announced to {peer}")),
                Err((reason, error)) => {
                    tally.refused(&peer, Some(reason));
                    errors.extend(error.map(|error| (peer, error)));
                }
            }
        }
        tally.outcome("announced to", "peers").map_err(|refusal| offering_trust(&network, refusal, &errors))
    })
}

fn reason(peer: &Address, error: &AnnounceError) -> String {
    match error {
        AnnounceError::Failed(Failure::CertificateChanged { .. }) => format!(
            "could not announce to {peer}: its certificate is not the one that it had; :trust {peer} accepts it"
        ),
        AnnounceError::Failed(failure) => format!("could not announce to {peer}: {failure}"),
        error => format!("could not announce to {peer}: {error}"),
    }
}

/// A refusal that offers to trust the new certificate of a peer.
fn offering_trust(network: &ClacksNetwork, refusal: Refusal, errors: &[(Address, AnnounceError)]) -> Refusal {
    let is_changed =
        |error: &AnnounceError| matches!(error, AnnounceError::Failed(Failure::CertificateChanged { .. }));
    let changed = errors.iter().filter(|(_, error)| is_changed(error)).take(MAX_OFFERS);
    changed.fold(refusal, |refusal, (peer, _)| {
        let call = Call::new(network.run(), "trust".into(), peer.to_string());
        refusal.offering("trust its new certificate", call)
    })
}

/// The reason why an announce to a peer would be refused here.
fn not_announced(node: &Node, peer: &Address) -> Option<String> {
    is_us(node, peer)
        .or_else(|| is_ignored(node, peer).then(|| format!("{peer} is ignored; :unignore it first")))
}

fn not_added(node: &Node, peer: &Address) -> Option<String> {
    if let Some(known) = node.peer(peer) {
        return Some(format!("{peer} is known already; it is {}", known.status));
    }
    is_us(node, peer).or_else(|| (!node.has_room_for_peer()).then(|| no_room_for(peer)))
}

fn no_room_for(peer: &Address) -> String {
    format!("{peer} was not added: the limit on known peers is reached (max-peers)")
}

fn added(network: &ClacksNetwork, peer: &Address, before: Vec<PeerState>) -> Outcome {
    let text = match before.iter().find(|state| state.is_known()) {
        Some(made_room) => format!("added {peer}, for which {} made room", made_room.address()),
        None => format!("added {peer}"),
    };
    // The last one changed is restored first.
    undoable(network, Outcome::new(text), before.into_iter().rev().map(Before::Peer).collect())
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

fn forget(network: &ClacksNetwork, peers: &[Address]) -> Done {
    let node = network.node();
    let (mut deed, mut tally) = (Deed::new(), Tally::default());
    for peer in peers {
        let before = [Before::Peer(node.peer_state(peer)), Before::Certificate(node.certificate_state(peer))];
        match node.forget(peer) {
            Ok(()) => {
                deed.splice(0..0, before);
                tally.done(format!("forgot {peer}"));
            }
            Err(error) => tally.refused(peer, Some(format!("{peer}: {error}"))),
        }
    }
    Ok(undoable(network, tally.outcome("forgot", "peers")?, deed))
}

fn trust(network: &ClacksNetwork, peers: &[Address]) -> Done {
    let node = network.node();
    let (mut deed, mut tally) = (Deed::new(), Tally::default());
    for peer in peers {
        deed.insert(0, Before::Certificate(node.certificate_state(peer)));
        tally.done(match node.trust(peer) {
            TrustChange::Accepted { certificate, refused } => {
                format!("{peer} is trusted with its new certificate {certificate}, refused {} ago", age(refused))
            }
            TrustChange::Unchanged(certificate) => format!(
                "{peer} showed its trusted certificate {certificate} when it was last reached: nothing changed"
            ),
            TrustChange::Reset => format!("{peer} is trusted with whichever certificate it shows next"),
            TrustChange::Nothing => format!("{peer} showed no other certificate; the first that it shows is trusted"),
        });
    }
    Ok(undoable(network, tally.outcome("trusted", "peers")?, deed))
}

/// A duration in one unit, rounded down.
fn age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} m", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

pub(super) fn is_us(node: &Node, peer: &Address) -> Option<String> {
    node.read(|core| core.is_this_node(peer)).then(|| format!("{peer} is this node itself"))
}

pub(super) fn is_ignored(node: &Node, peer: &Address) -> bool {
    node.peer(peer).is_some_and(|known| known.status == Status::Ignored)
}
