use std::{future::ready, sync::Arc};

use clacks_feed::{
    Doing, Label, Network, Outcome, Refusal, Text,
    filter::{Filter, Subject},
};
use clacks_p2p::{
    Address, MAX_WHOLE_MESSAGE, Message, Node,
    core::{Failure, HoldRule, MessageId, QueuedMessage},
    node::{AnnounceError, TrustChange},
};

use super::{
    action::{Action, Party},
    objection::{NOTHING_TO_DROP, no_room_for, not_announced},
    undo::{Before, Deed, undo, undoable},
};
use crate::{ClacksNetwork, description::QUEUE, rows::message_row};

type Done = Result<Outcome, Refusal>;

/// Begins an action that nothing speaks against.
pub(super) fn carry_out(network: Arc<ClacksNetwork>, action: Action) -> Doing {
    match action {
        Action::Announce(peers) => announce(network, peers),
        Action::DropMatching(filter) => {
            on_a_thread(network, move |network| drop_matching(network, filter.as_ref()))
        }
        Action::HoldMatching(filter) => on_a_thread(network, move |network| hold_matching(network, filter)),
        action => Box::pin(ready(at_once(&network, action))),
    }
}

/// Runs what goes through the whole queue on a thread that may block.
fn on_a_thread(
    network: Arc<ClacksNetwork>,
    work: impl FnOnce(&ClacksNetwork) -> Outcome + Send + 'static,
) -> Doing {
    let runtime = network.runtime().clone();
    let working = runtime.spawn_blocking(move || work(&network));
    Box::pin(async { working.await.map_err(|_| Refusal::new("the program ends")) })
}

fn at_once(network: &ClacksNetwork, action: Action) -> Done {
    let node = network.node();
    match action {
        Action::Enqueue(message) => enqueue(node, message),
        Action::Add(peer) => match node.add_peer_undoable(&peer) {
            Some(before) => Ok(added(network, &peer, before)),
            None => Err(Refusal::new(no_room_for(&peer))),
        },
        Action::Ignore(parties) => Ok(ignore(network, &parties)),
        Action::Unignore(parties) => Ok(unignore(network, &parties)),
        Action::Forget(peers) => Ok(forget(network, &peers)),
        Action::Trust(peers) => Ok(trust(network, &peers)),
        Action::Drop(ids) => {
            let dropped = node.drop_these(&sorted(ids));
            let text = format!("dropped {}", messages(dropped.len()));
            Ok(undoable(network, text, vec![Before::Messages(dropped)]))
        }
        Action::Hold(ids) => {
            let before = node.message_states(&ids);
            let held = ids.iter().filter(|id| node.hold(**id)).count();
            Ok(undoable(network, format!("held {}", messages(held)), vec![Before::Messages(before)]))
        }
        Action::Release(ids) => {
            let before = node.message_states(&ids);
            let released = ids.iter().filter(|id| node.release(**id).is_some()).count();
            Ok(undoable(network, format!("released {}", messages(released)), vec![Before::Messages(before)]))
        }
        Action::ReleaseAll => {
            let before = node.held_states();
            let released = node.release_all();
            Ok(undoable(network, format!("released {}", messages(released)), vec![Before::Messages(before)]))
        }
        Action::ShowHeld => Ok(Outcome::new(held(node))),
        Action::Unhold => Ok(unhold(network)),
        Action::Replace(id, message) => replace(network, id, message),
        Action::Rate(rate) => {
            let before = vec![Before::Rate(node.options().send_rate)];
            node.set_send_rate(rate).map_err(|error| Refusal::new(error.to_string()))?;
            Ok(undoable(network, format!("sends {rate} messages a second at most"), before))
        }
        Action::Undo(token) => undo(network, &token),
        // These three are begun above.
        Action::Announce(_) | Action::DropMatching(_) | Action::HoldMatching(_) => Ok(Outcome::new("begun")),
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
    let before = node.message_states(&[id]);
    node.replace(id, message).map_err(|error| Refusal::new(format!("{id} is as it was: {error}")))?;
    Ok(undoable(network, format!("changed {id}{}", warning_of_size(size)), vec![Before::Messages(before)]))
}

fn drop_matching(network: &ClacksNetwork, filter: Option<&Filter>) -> Outcome {
    let node = network.node();
    let admits = |queued: &QueuedMessage| filter.is_none_or(|filter| admits(network, filter, queued));
    let dropped = node.drop_matching(admits);
    if dropped.is_empty() {
        // Whether a filter admits anything is found out only by going through all messages, so it is no refusal.
        return Outcome::new(NOTHING_TO_DROP);
    }
    let text = format!("dropped {}", messages(dropped.len()));
    undoable(network, text, vec![Before::Messages(dropped)])
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
    undoable(network, held(node), before)
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
        number => format!("; {} held until released", messages(number)),
    };
    undoable(network, format!("no longer held: {rule}{stay}"), before)
}

// === Peers ===

fn added(network: &ClacksNetwork, peer: &Address, before: Vec<clacks_p2p::core::PeerState>) -> Outcome {
    let text = match before.iter().find(|state| state.is_known()) {
        Some(made_room) => format!("added {peer}, for which {} made room", made_room.address()),
        None => format!("added {peer}"),
    };
    // The last one changed is restored first.
    undoable(network, text, before.into_iter().rev().map(Before::Peer).collect())
}

fn before_party(node: &Node, party: &Party) -> Before {
    match party {
        Party::Peer(peer) => Before::Peer(node.peer_state(peer)),
        Party::Remote(remote) => Before::Remote(node.remote_state(*remote)),
    }
}

fn ignore(network: &ClacksNetwork, parties: &[Party]) -> Outcome {
    let node = network.node();
    change(network, parties, "ignored", |party| match party {
        Party::Peer(peer) => node.ignore(peer),
        Party::Remote(remote) => node.ignore_remote(*remote),
    })
}

fn unignore(network: &ClacksNetwork, parties: &[Party]) -> Outcome {
    let node = network.node();
    change(network, parties, "no longer ignored:", |party| match party {
        Party::Peer(peer) => node.unignore(peer),
        Party::Remote(remote) => node.unignore_remote(*remote),
    })
}

/// Changes parties, and reports those for which `apply` returns true.
fn change(network: &ClacksNetwork, parties: &[Party], past: &str, apply: impl Fn(&Party) -> bool) -> Outcome {
    let mut deed = Deed::new();
    let mut changed = Vec::new();
    for party in parties {
        let before = before_party(network.node(), party);
        if apply(party) {
            deed.insert(0, before);
            changed.push(match party {
                Party::Peer(peer) => peer.to_string(),
                Party::Remote(remote) => format!("connections from {remote}"),
            });
        }
    }
    undoable(network, format!("{past} {}", one_or_count(&changed, "of them")), deed)
}

fn forget(network: &ClacksNetwork, peers: &[Address]) -> Outcome {
    let node = network.node();
    let (mut deed, mut forgotten) = (Deed::new(), Vec::new());
    for peer in peers {
        let before = [Before::Peer(node.peer_state(peer)), Before::Certificate(node.certificate_state(peer))];
        if node.forget(peer).is_ok() {
            deed.splice(0..0, before);
            forgotten.push(peer.to_string());
        }
    }
    undoable(network, format!("forgot {}", one_or_count(&forgotten, "peers")), deed)
}

fn trust(network: &ClacksNetwork, peers: &[Address]) -> Outcome {
    let node = network.node();
    let (mut deed, mut texts) = (Deed::new(), Vec::new());
    for peer in peers {
        deed.insert(0, Before::Certificate(node.certificate_state(peer)));
        texts.push(match node.trust(peer) {
            TrustChange::Accepted { certificate, .. } => {
                format!("{peer} is trusted with its new certificate {certificate}")
            }
            TrustChange::Unchanged(certificate) => format!(
                "{peer} showed its trusted certificate {certificate} when it was last reached: nothing changed"
            ),
            TrustChange::Reset => format!("{peer} is trusted with whichever certificate it shows next"),
            TrustChange::Nothing => format!("{peer} showed no other certificate; the first that it shows is trusted"),
        });
    }
    undoable(network, texts.join("; "), deed)
}

fn announce(network: Arc<ClacksNetwork>, peers: Vec<Address>) -> Doing {
    let announcing = peers.into_iter().filter(|peer| not_announced(network.node(), peer).is_none());
    let announcing: Vec<_> = announcing
        .map(|peer| {
            let node = network.node().clone();
            // It begins at once, and goes on even if nobody waits for the result.
            network.runtime().spawn(async move { (node.announce(&peer).await, peer) })
        })
        .collect();
    Box::pin(async move {
        let (mut reached, mut refusals) = (Vec::new(), Vec::new());
        for announce in announcing {
            match announce.await {
                Ok((Ok(()), peer)) => reached.push(peer.to_string()),
                Ok((Err(error), peer)) => refusals.push((peer, error)),
                Err(_) => {}
            }
        }
        let failed: Vec<_> = refusals.iter().map(|(peer, error)| reason(peer, error)).collect();
        if reached.is_empty() {
            return Err(refusal(&network, failed.join("; "), &refusals));
        }
        let text = format!("announced to {}", one_or_count(&reached, "peers"));
        Ok(Outcome::new(failed.into_iter().fold(text, |text, failed| format!("{text}; {failed}"))))
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
fn refusal(network: &ClacksNetwork, text: String, refusals: &[(Address, AnnounceError)]) -> Refusal {
    let is_changed =
        |error: &AnnounceError| matches!(error, AnnounceError::Failed(Failure::CertificateChanged { .. }));
    let offers = refusals.iter().filter(|(_, error)| is_changed(error)).map(|(peer, _)| {
        let call = clacks_feed::Call::new(network.run(), "trust".into(), peer.to_string());
        (Label::from("trust its new certificate"), call)
    });
    Refusal { text: Text::from(text), offers: offers.collect() }
}

fn messages(count: usize) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

fn one_or_count(names: &[String], many: &str) -> String {
    match names {
        [one] => one.clone(),
        names => format!("{} {many}", names.len()),
    }
}

fn sorted(mut ids: Vec<MessageId>) -> Vec<MessageId> {
    ids.sort();
    ids.dedup();
    ids
}
