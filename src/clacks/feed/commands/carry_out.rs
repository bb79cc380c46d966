use std::{
    collections::{HashMap, HashSet},
    future::ready,
    sync::Arc,
    time::Duration,
};

use clacks_feed::{
    Call, Doing, Network, Outcome, Refusal,
    filter::{Filter, Subject},
};
use clacks_p2p::{
    Address, MAX_WHOLE_MESSAGE, Message, Node,
    core::{Failure, HoldRule, MessageId, QueuedMessage},
    node::{AnnounceError, TrustChange},
};
use tokio::sync::Semaphore;

use super::{
    action::{Action, Party},
    draft,
    objection::{
        NOTHING_TO_DROP, no_room_for, not_announced, not_held, not_here, not_ignored, not_unignored,
    },
    stop,
    tally::Tally,
    undo::{Before, Deed, undo, undoable},
};
use crate::{ClacksNetwork, description::QUEUE, rows::message_row};

/// Maximum announces of one command at the same time.
const MAX_CONCURRENT: usize = 16;

/// Maximum offers of a refusal.
const MAX_OFFERS: usize = 16;

type Done = Result<Outcome, Refusal>;

/// Begins an action that nothing speaks against.
pub(super) fn carry_out(network: Arc<ClacksNetwork>, action: Action) -> Doing {
    match action {
        Action::Announce(peers) => announce(network, peers),
        Action::DropMatching(filter) => {
            on_a_thread(network, move |network| drop_matching(network, filter.as_ref()))
        }
        Action::HoldMatching(filter) => {
            on_a_thread(network, move |network| Ok(hold_matching(network, filter)))
        }
        Action::ReleaseAll => on_a_thread(network, |network| Ok(release_all(network))),
        Action::Unhold => on_a_thread(network, |network| Ok(unhold(network))),
        Action::Undo(token) => on_a_thread(network, move |network| undo(network, &token)),
        Action::Stop(how) => stop::stop(network, how),
        Action::CancelStop => stop::cancel(&network),
        action => Box::pin(ready(at_once(&network, action))),
    }
}

/// Runs what goes through the whole queue on a thread that may block.
fn on_a_thread(
    network: Arc<ClacksNetwork>,
    work: impl FnOnce(&ClacksNetwork) -> Done + Send + 'static,
) -> Doing {
    let runtime = network.runtime().clone();
    let working = runtime.spawn_blocking(move || work(&network));
    Box::pin(async { working.await.unwrap_or_else(|_| Err(Refusal::new("the program ends"))) })
}

fn at_once(network: &ClacksNetwork, action: Action) -> Done {
    let node = network.node();
    match action {
        Action::Enqueue(message) => enqueue(node, message),
        Action::Add(peer) => match node.add_peer_undoable(&peer) {
            Some(before) => Ok(added(network, &peer, before)),
            None => Err(Refusal::new(no_room_for(&peer))),
        },
        Action::Ignore(parties) => ignore(network, &parties),
        Action::Unignore(parties) => unignore(network, &parties),
        Action::Forget(peers) => forget(network, &peers),
        Action::Trust(peers) => trust(network, &peers),
        Action::Drop(ids) => drop_these(network, &ids),
        Action::Hold(ids) => hold(network, &ids),
        Action::Release(ids) => release(network, &ids),
        Action::ShowHeld => Ok(Outcome::new(held(node))),
        Action::Edit(id) => draft::begin(network, id),
        Action::Replace(id, message) => replace(network, id, message),
        Action::Rate(rate) => {
            let before = vec![Before::Rate(node.options().send_rate)];
            node.set_send_rate(rate).map_err(|error| Refusal::new(error.to_string()))?;
            let outcome = Outcome::new(format!("sends {rate} messages a second at most"));
            Ok(undoable(network, outcome, before))
        }
        // These are begun above.
        Action::Announce(_)
        | Action::DropMatching(_)
        | Action::HoldMatching(_)
        | Action::ReleaseAll
        | Action::Unhold
        | Action::Undo(_)
        | Action::Stop(_)
        | Action::CancelStop => Ok(Outcome::new("begun")),
    }
}

// === Messages ===

fn enqueue(node: &Node, message: Message) -> Done {
    let size = message.size();
    let id = node.enqueue(message).map_err(|error| Refusal::new(error.to_string()))?;
    let what = if node.held_message(id).is_some() { "held" } else { "queued" };
    Ok(Outcome::new(format!("{what} as {id}{}", warning_of_size(size))))
}

/// A warning if a message of this size is too large for nodes of the npm package; else empty.
fn warning_of_size(size: usize) -> String {
    if size <= MAX_WHOLE_MESSAGE {
        return String::new();
    }
    format!(", but its {size} bytes are more than nodes of the npm package take whole ({MAX_WHOLE_MESSAGE})")
}

fn replace(network: &ClacksNetwork, id: MessageId, message: Message) -> Done {
    let (node, size) = (network.node(), message.size());
    let before = node
        .replace_undoable(id, message)
        .map_err(|error| Refusal::new(format!("{id} is as it was: {error}")))?;
    let before = draft::finish(network, id).unwrap_or(before);
    let outcome = Outcome::new(format!("changed {id}{}", warning_of_size(size)));
    Ok(undoable(network, outcome, vec![Before::Messages(vec![before])]))
}

fn drop_these(network: &ClacksNetwork, ids: &[MessageId]) -> Done {
    let node = network.node();
    let dropped = node.drop_these(ids);
    let are_dropped: HashSet<_> = dropped.iter().map(|state| state.queued().id).collect();
    let mut tally = Tally::default();
    for id in ids {
        if are_dropped.contains(id) {
            tally.done(format!("dropped {id}"));
        } else {
            tally.refused(id, not_here(node, *id));
        }
    }
    let outcome = tally.outcome("dropped", "messages")?;
    Ok(undoable(network, outcome, vec![Before::Messages(dropped)]))
}

fn hold(network: &ClacksNetwork, ids: &[MessageId]) -> Done {
    let node = network.node();
    let before = node.hold_undoable(ids);
    let are_held: HashSet<_> = before.iter().map(|state| state.queued().id).collect();
    let mut tally = Tally::default();
    for id in ids {
        if are_held.contains(id) {
            tally.done(format!("held {id}"));
        } else {
            tally.refused(id, not_held(node, *id));
        }
    }
    Ok(undoable(network, tally.outcome("held", "messages")?, vec![Before::Messages(before)]))
}

fn release(network: &ClacksNetwork, ids: &[MessageId]) -> Done {
    let released = network.node().release_undoable(ids);
    let new_ids: HashMap<_, _> = released.iter().map(|(state, new)| (state.queued().id, *new)).collect();
    let mut tally = Tally::default();
    for id in ids {
        match new_ids.get(id) {
            Some(new) => tally.done(format!("released {id}; it is queued as {new}")),
            None => tally.refused(id, Some(format!("{id} is not held"))),
        }
    }
    let before = released.into_iter().map(|(state, _)| state).collect();
    Ok(undoable(network, tally.outcome("released", "messages")?, vec![Before::Messages(before)]))
}

fn release_all(network: &ClacksNetwork) -> Outcome {
    let before = network.node().release_all_undoable();
    let outcome = Outcome::new(format!("released {}", messages(before.len())));
    undoable(network, outcome, vec![Before::Messages(before)])
}

fn drop_matching(network: &ClacksNetwork, filter: Option<&Filter>) -> Done {
    let node = network.node();
    let admits = |queued: &QueuedMessage| filter.is_none_or(|filter| admits(network, filter, queued));
    let dropped = node.drop_matching(admits);
    if dropped.is_empty() {
        return Err(Refusal::new(NOTHING_TO_DROP));
    }
    let text = format!("dropped {}", messages(dropped.len()));
    Ok(undoable(network, Outcome::new(text), vec![Before::Messages(dropped)]))
}

fn hold_matching(network: &ClacksNetwork, filter: Filter) -> Outcome {
    let node = network.node();
    let before = vec![Before::Hold(node.hold_state())];
    let description = Arc::clone(network.description());
    let rule = HoldRule::new(filter.as_str().to_owned(), move |queued| {
        let row = message_row(queued);
        filter.admits(&Subject::of_row(&description, QUEUE, &row, clacks_feed::Now::default()))
    });
    node.set_hold_rule(Some(rule));
    undoable(network, Outcome::new(held(node)), before)
}

fn admits(network: &ClacksNetwork, filter: &Filter, queued: &QueuedMessage) -> bool {
    let row = message_row(queued);
    filter.admits(&Subject::of_row(network.description(), QUEUE, &row, network.now()))
}

/// The number of held messages, and the hold rule.
fn held(node: &Node) -> String {
    let messages = match node.held_len() {
        0 => "no message is held".to_owned(),
        1 => "1 message is held".to_owned(),
        number => format!("{number} messages are held"),
    };
    match node.hold_rule() {
        Some(rule) => format!("what comes is held if {}; {messages}", rule.text()),
        None => format!("{messages}; no filter holds what comes"),
    }
}

fn unhold(network: &ClacksNetwork) -> Outcome {
    let node = network.node();
    let before = vec![Before::Hold(node.hold_state())];
    let rule = node.hold_rule().map_or_else(String::new, |rule| rule.text().to_owned());
    node.set_hold_rule(None);
    let stay = match node.held_len() {
        0 => String::new(),
        1 => "; 1 message stays held until it is released".to_owned(),
        number => format!("; {number} messages stay held until they are released"),
    };
    undoable(network, Outcome::new(format!("no longer held: {rule}{stay}")), before)
}

// === Peers ===

fn added(network: &ClacksNetwork, peer: &Address, before: Vec<clacks_p2p::core::PeerState>) -> Outcome {
    let text = match before.iter().find(|state| state.is_known()) {
        Some(made_room) => format!("added {peer}, for which {} made room", made_room.address()),
        None => format!("added {peer}"),
    };
    // The last one changed is restored first.
    undoable(network, Outcome::new(text), before.into_iter().rev().map(Before::Peer).collect())
}

fn before_party(node: &Node, party: &Party) -> Before {
    match party {
        Party::Peer(peer) => Before::Peer(node.peer_state(peer)),
        Party::Remote(remote) => Before::Remote(node.remote_state(*remote)),
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

pub(super) fn messages(count: usize) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}
