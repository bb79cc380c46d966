use std::{collections::BTreeMap, future::ready};

use clacks_feed::{Doing, Outcome, Refusal};
use clacks_peercloud::{
    Address, Id, Json, Node,
    core::{AutoReply, CheckResult, CommandError, Failure, Reply},
    node::JoinError,
};

use super::{
    action::Action,
    undo::{Deed, undo, undoable},
};
use crate::{
    PeercloudNetwork,
    description::REQUESTS,
    rows::{member_key, message_key, result_text},
};

type Done = Result<Outcome, Refusal>;

/// Begins an action that nothing speaks against.
pub(super) fn carry_out(network: &PeercloudNetwork, action: Action) -> Doing {
    match action {
        Action::Check(ids) => check(network, ids),
        Action::Join { address, leave_first } => {
            in_background(network, |node| async move { join(&node, address, leave_first).await })
        }
        Action::Leave => in_background(network, |node| async move {
            let replies = node.leave().await;
            Ok(Outcome::new(goodbyes("left the cloud", &replies)))
        }),
        Action::Stop => in_background(network, |node| async move {
            let replies = node.close().await;
            Ok(Outcome::new(goodbyes("stopped", &replies)))
        }),
        action => Box::pin(ready(at_once(network, action))),
    }
}

/// Begins something that goes on even if nobody waits for its result.
fn in_background<F>(network: &PeercloudNetwork, work: impl FnOnce(Node) -> F) -> Doing
where
    F: Future<Output = Done> + Send + 'static,
{
    let working = network.runtime().spawn(work(network.node().clone()));
    Box::pin(async { working.await.unwrap_or_else(|_| Err(Refusal::new("the program ends"))) })
}

fn at_once(network: &PeercloudNetwork, action: Action) -> Done {
    let node = network.node();
    match action {
        Action::Broadcast(message) => broadcast(node, &message),
        Action::To(ids, message) => to(node, &ids, &message),
        Action::Reply(reply) => {
            let before = node.options().reply;
            let text = match &reply {
                AutoReply::Empty => "answers messages with {}".to_owned(),
                AutoReply::Echo => "answers messages with themselves".to_owned(),
                AutoReply::Value(_) => "answers messages with this value".to_owned(),
            };
            node.set_reply(reply).map_err(|error| refused(&error))?;
            Ok(undoable(network, Outcome::new(text), Deed::Reply(before)))
        }
        Action::Ignore(ids) => ignore(network, ids),
        Action::Unignore(ids) => unignore(network, &ids),
        Action::Data(data) => {
            let before = node.options().data;
            node.update(data).map_err(|error| refused(&error))?;
            let outcome = Outcome::new(format!("changed the data; {} told", members(node.members().len())));
            Ok(undoable(network, outcome, Deed::Data(before)))
        }
        Action::Repair => {
            node.repair().map_err(|error| refused(&error))?;
            Ok(Outcome::new("leaves and joins again with a new id"))
        }
        Action::Undo(token) => undo(network, &token),
        // These are begun above.
        Action::Check(_) | Action::Join { .. } | Action::Leave | Action::Stop => Ok(Outcome::new("begun")),
    }
}

fn refused(error: &CommandError) -> Refusal {
    Refusal::new(error.to_string())
}

fn broadcast(node: &Node, message: &Json) -> Done {
    let replies = node.broadcast(message).map_err(|error| refused(&error))?;
    let number = replies.id().number();
    let receivers = node.read(|_, history| {
        let message = history.messages().get(number);
        message.and_then(|message| message.receivers()).map_or(0, BTreeMap::len)
    });
    let text = format!("sent to {}", members(receivers));
    Ok(Outcome::new(text).opening(REQUESTS, message_key(number)))
}

fn to(node: &Node, ids: &[Id], message: &Json) -> Done {
    let (mut last, mut left, mut error) = (None, Vec::new(), None);
    for id in ids {
        match node.begin_send(id, message) {
            Ok(replies) => last = Some(replies.id().number()),
            Err(failed) => {
                left.push(member_key(id));
                error = Some(failed);
            }
        }
    }
    let Some(number) = last else { return Err(refused(&error.unwrap_or(CommandError::NoMember))) };
    let sent = ids.len() - left.len();
    let text = match error {
        None => format!("sent to {}", members(sent)),
        Some(error) => format!("sent to {sent} of {}; {error}", members(ids.len())),
    };
    Ok(Outcome::new(text).opening(REQUESTS, message_key(number)).leaving(left))
}

fn ignore(network: &PeercloudNetwork, ids: Vec<Id>) -> Done {
    let node = network.node();
    let (ignored, left): (Vec<Id>, Vec<Id>) = ids.into_iter().partition(|id| node.drop_member(id));
    if ignored.is_empty() {
        return Err(refused(&CommandError::NoMember));
    }
    let outcome = Outcome::new(format!("ignored {}; nobody is told", members(ignored.len())));
    let outcome = outcome.leaving(left.iter().map(member_key));
    Ok(undoable(network, outcome, Deed::Ignored(ignored)))
}

fn unignore(network: &PeercloudNetwork, ids: &[Id]) -> Done {
    let node = network.node();
    let taken: Vec<_> = ids.iter().filter_map(|id| node.take_undropped(id)).collect();
    if taken.is_empty() {
        return Err(Refusal::new("that is not ignored"));
    }
    let is_left = |id: &&Id| taken.iter().all(|member| member.record.id != **id);
    let left: Vec<_> = ids.iter().filter(is_left).map(member_key).collect();
    let text = format!("accepts {} again, when they join or are announced", members(taken.len()));
    Ok(undoable(network, Outcome::new(text).leaving(left), Deed::Unignored(taken)))
}

/// Maximum checks of one command at the same time.
const MAX_CHECKS: usize = 16;

fn check(network: &PeercloudNetwork, ids: Vec<Id>) -> Doing {
    in_background(network, |node| async move {
        let (all, only) = (ids.len(), (ids.len() == 1).then(|| ids[0].clone()));
        let (mut here, mut result) = (0, None);
        let mut ids = ids.into_iter().peekable();
        while ids.peek().is_some() {
            let checks: Vec<_> = ids
                .by_ref()
                .take(MAX_CHECKS)
                .map(|id| {
                    let node = node.clone();
                    tokio::spawn(async move { node.check(&id).await })
                })
                .collect();
            for check in checks {
                let Ok(Ok(of_member)) = check.await else { continue };
                here += usize::from(of_member == CheckResult::Here);
                result = Some(of_member);
            }
        }
        match (only, result) {
            (_, None) => Err(refused(&CommandError::NoMember)),
            (Some(id), Some(result)) => Ok(Outcome::new(format!("{id}: {}", result_text(&result)))),
            (None, Some(_)) => Ok(Outcome::new(format!("{here} of {} are here", members(all)))),
        }
    })
}

async fn join(node: &Node, address: Address, leave_first: bool) -> Done {
    if leave_first {
        node.leave().await;
    }
    match node.join(std::slice::from_ref(&address)).await {
        Ok(joined) => Ok(Outcome::new(format!("joined a cloud of {}", members(joined.members)))),
        Err(JoinError::Command(error)) => Err(refused(&error)),
        Err(error) => Err(Refusal::new(format!("{address}: {error}"))),
    }
}

fn goodbyes(done: &str, replies: &[Reply]) -> String {
    let told =
        replies.iter().filter(|reply| matches!(reply.result, Ok(_) | Err(Failure::UnknownToIt))).count();
    match replies.len() {
        0 => done.to_owned(),
        all if told == all => format!("{done}; {} told", members(all)),
        all => format!("{done}; {told} of {} told", members(all)),
    }
}

fn members(count: usize) -> String {
    if count == 1 { "1 member".to_owned() } else { format!("{count} members") }
}
