//! Sending messages, and dropping those that are here.

use std::{collections::HashSet, sync::Arc};

use clacks_feed::{
    Call, Check, Doing, Network, Outcome, Refusal, Text,
    args::{Argument, Arguments},
    description::{Confirm, Need, Takes},
    filter::{Filter, Scope, Subject},
};
use clacks_p2p::{
    DEFAULT_MAX_DEPTH, MAX_WHOLE_MESSAGE, Message, Node,
    core::{MessageId, QueuedMessage},
};

use super::{
    Action, Command, Done, Read, at_once, means, on_a_thread,
    reading::{all, ids},
    tally::Tally,
    undo::{Before, undoable},
};
use crate::{ClacksNetwork, description::QUEUE, rows::message_row};

pub(super) const COMMANDS: &[Command] = &[
    Command::new("enqueue", "send a text as a message", |_, _, arguments| match arguments.values.first() {
        Some(Argument::Text(text)) => means(Enqueue(message(text))),
        _ => Err(Check::Begun),
    })
    .described(|spec| spec.also(&["say"]).arg("TEXT", &[Takes::Text], Need::Rest).verbs("send", "queued")),
    Command::new("json", "send any JSON value as a message", |_, _, arguments| {
        match arguments.values.first() {
            Some(Argument::Json(json)) => means(Enqueue(from_json(json.untrusted())?)),
            _ => Err(Check::Begun),
        }
    })
    .described(|spec| spec.arg("VALUE", &[Takes::Json], Need::Rest).verbs("send", "queued"))
    .wrong(|_, typed| Some(Message::from_json(typed, DEFAULT_MAX_DEPTH).err()?.to_string())),
    Command::new(
        "drop",
        "remove one message, all that match FILTER, or all; messages that are being sent are not affected",
        read_drop,
    )
    .described(|spec| {
        let takes =
            [Takes::item("queue"), Takes::item("held"), Takes::Word(vec!["all".into()]), Takes::Filter];
        spec.on(&["queue", "held"])
            .arg("NUMBER/FILTER/all", &takes, Need::Rest)
            .verbs("drop", "dropped")
            .confirm(Confirm::Many)
            .key('x')
            .with_example("7")
    })
    .wrong(not_a_filter),
];

/// Queues a message.
struct Enqueue(Message);

impl Action for Enqueue {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        network.node().check_enqueue(&self.0).err().map(|error| error.to_string())
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        at_once(enqueue(network.node(), self.0))
    }
}

/// Drops messages.
enum Drop {
    These(Vec<MessageId>),
    /// Those that the filter admits, or all.
    Matching(Option<Filter>),
}

fn read_drop(network: &ClacksNetwork, call: &Call, arguments: &Arguments) -> Read {
    match arguments.values.first() {
        Some(Argument::Word(_)) => means(Drop::Matching(None)),
        Some(Argument::Unread(text)) => {
            unknown_number(network, text, not_here)?;
            means(Drop::Matching(Some(filter(network, text)?)))
        }
        _ => means(Drop::These(ids(call, arguments))),
    }
}

impl Action for Drop {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        let node = network.node();
        match self {
            Self::These(ids) => all(ids, |id| not_here(node, *id)),
            Self::Matching(filter) => {
                let is_empty = node.queue_len() == 0 && node.held_len() == 0;
                (filter.is_none() && is_empty).then(|| NOTHING_TO_DROP.to_owned())
            }
        }
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        match *self {
            Self::These(ids) => at_once(drop_these(&network, &ids)),
            Self::Matching(filter) => {
                on_a_thread(network, move |network| drop_matching(network, filter.as_ref()))
            }
        }
    }
}

/// The reason if there is no message to drop.
const NOTHING_TO_DROP: &str = "no queued or held message matches";

fn enqueue(node: &Node, message: Message) -> Done {
    let size = message.size();
    let id = node.enqueue(message).map_err(|error| Refusal::new(error.to_string()))?;
    let what = if node.held_message(id).is_some() { "held" } else { "queued" };
    Ok(Outcome::new(format!("{what} as {id}{}", warning_of_size(size))))
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

fn admits(network: &ClacksNetwork, filter: &Filter, queued: &QueuedMessage) -> bool {
    let row = message_row(queued);
    filter.admits(&Subject::of_row(network.description(), QUEUE, &row, network.now()))
}

// === For other commands about messages ===

pub(super) fn message(text: &Text) -> Message {
    Message::text(text.untrusted())
}

pub(super) fn from_json(json: &str) -> Result<Message, Check> {
    Message::from_json(json, DEFAULT_MAX_DEPTH).map_err(|error| Check::wrong(error.to_string()))
}

/// A warning if a message of this size is too large for nodes of the npm package; else empty.
pub(crate) fn warning_of_size(size: usize) -> String {
    if size <= MAX_WHOLE_MESSAGE {
        return String::new();
    }
    format!(", but its {size} bytes are more than nodes of the npm package take whole ({MAX_WHOLE_MESSAGE})")
}

pub(super) fn messages(count: usize) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

pub(super) fn not_here(node: &Node, id: MessageId) -> Option<String> {
    let is_here = node.queue_position(id).is_some() || node.held_position(id).is_some();
    (!is_here).then(|| no_longer_here(id))
}

pub(super) fn no_longer_here(id: MessageId) -> String {
    format!("{id} neither waits nor is held; a message that comes back has a new number")
}

/// A number is that of a message, never a text to look for.
pub(super) fn unknown_number(
    network: &ClacksNetwork,
    text: &Text,
    reason: impl Fn(&Node, MessageId) -> Option<String>,
) -> Result<(), Check> {
    let Ok(id) = text.untrusted().parse::<MessageId>() else { return Ok(()) };
    reason(network.node(), id).map_or(Ok(()), |reason| Err(Check::wrong(reason)))
}

/// A filter over the queue, in which held messages look alike.
pub(super) fn filter(network: &ClacksNetwork, text: &Text) -> Result<Filter, Check> {
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
