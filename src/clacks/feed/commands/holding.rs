//! Holding messages and releasing them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use clacks_feed::{
    Call, Check, Doing, Network, Outcome, Text,
    args::{Argument, Arguments},
    description::{Need, Takes},
    filter::{Filter, Scope, Subject},
};
use clacks_p2p::{
    Node,
    core::{HoldRule, MessageId},
};

use super::{
    Action, Command, Done, Read, at_once, means,
    messages::{filter, messages, not_a_filter, unknown_number},
    on_a_thread,
    reading::{all, ids, items},
    tally::Tally,
    undo::{Before, undoable},
    wording::no_such_item,
};
use crate::{
    ClacksNetwork,
    description::{HELD, PEERS, QUEUE},
    rows::message_row,
};

pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        "hold",
        "hold one message; with FILTER, hold all that match, now and later; without an argument, show the filter; a held \
        message is not sent until it is released",
        read_hold,
    )
    .described(|spec| {
        spec.on(&["queue"])
            .arg("NUMBER/FILTER", &[Takes::item("queue"), Takes::Filter], Need::OptionalRest)
            .verbs("hold", "held")
            .key('h')
            .with_example("7")
    })
    .wrong(not_a_filter)
    .gone(|network, list, key| match list {
        PEERS => no_such_item(network, list, key),
        _ => not_held(network.node(), key.parse().ok()?),
    }),
    Command::new(
        "unhold",
        "stop holding messages by a filter; messages already held stay held until they are released",
        |_, _, _| means(Unhold),
    ),
    Command::new("release", "put one held message, or all, at the end of the queue", |_, call, arguments| {
        means(match arguments.values.first() {
            Some(Argument::Word(_)) => Release::All,
            _ => Release::These(ids(call, arguments)),
        })
    })
    .described(|spec| {
        spec.on(&["held"])
            .arg("NUMBER/all", &[Takes::item("held"), Takes::Word(vec!["all".into()])], Need::One)
            .verbs("release", "released")
            .key('r')
            .with_example("7")
    })
    .needs(NOTHING_TO_RELEASE)
    .wrong(|_, typed| {
        Some(match typed.parse::<MessageId>() {
            Ok(id) => not_a_held_one(id),
            Err(_) => NOTHING_TO_RELEASE.to_owned(),
        })
    })
    .gone(|network, list, key| match list {
        HELD => Some(format!("{key} is not held")),
        _ => no_such_item(network, list, key),
    }),
];

const NOTHING_TO_RELEASE: &str = "release a message by its number, or all";

fn not_a_held_one(id: MessageId) -> String {
    format!("{id} is not held")
}

/// Holds messages.
enum Hold {
    These(Vec<MessageId>),
    /// Those that the filter admits, now and later.
    Matching(Filter),
    /// None: it only says what is held.
    Nothing,
}

fn read_hold(network: &ClacksNetwork, call: &Call, arguments: &Arguments) -> Read {
    match arguments.values.first() {
        Some(Argument::Unread(text)) => {
            unknown_number(network, text, not_held)?;
            means(Hold::Matching(rule(network, text)?))
        }
        _ if items(call, arguments).is_empty() => means(Hold::Nothing),
        _ => means(Hold::These(ids(call, arguments))),
    }
}

impl Action for Hold {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        match self {
            Self::These(ids) => all(ids, |id| not_held(network.node(), *id)),
            Self::Matching(_) | Self::Nothing => None,
        }
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        match *self {
            Self::These(ids) => at_once(hold(&network, &ids)),
            Self::Matching(filter) => on_a_thread(network, move |network| Ok(hold_matching(network, filter))),
            Self::Nothing => at_once(Ok(Outcome::new(held(network.node())))),
        }
    }
}

/// Removes the filter that holds messages.
struct Unhold;

impl Action for Unhold {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        network.node().hold_rule().is_none().then(|| "no filter holds messages".to_owned())
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        on_a_thread(network, |network| Ok(unhold(network)))
    }
}

/// Releases held messages.
enum Release {
    These(Vec<MessageId>),
    All,
}

impl Action for Release {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        let node = network.node();
        match self {
            Self::These(ids) => all(ids, |id| node.held_position(*id).is_none().then(|| not_a_held_one(*id))),
            Self::All => (node.held_len() == 0).then(|| "nothing is held".to_owned()),
        }
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        match *self {
            Self::These(ids) => at_once(release(&network, &ids)),
            Self::All => on_a_thread(network, |network| Ok(release_all(network))),
        }
    }
}

fn not_held(node: &Node, id: MessageId) -> Option<String> {
    if node.queue_position(id).is_some() {
        return None;
    }
    Some(match node.held_position(id) {
        Some(_) => format!("{id} is held already"),
        None => format!("{id} is not in the queue; in quotes it is text to look for: :hold \"{id}\""),
    })
}

/// A filter that holds messages. It is asked once about each, so it must not depend on the time.
fn rule(network: &ClacksNetwork, text: &Text) -> Result<Filter, Check> {
    let filter = filter(network, text)?;
    if filter.changes_with_time(Scope::List(network.description(), QUEUE)) {
        return Err(Check::wrong("a message is compared once, when it comes, so its age says nothing"));
    }
    Ok(filter)
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

fn release(network: &ClacksNetwork, ids: &[MessageId]) -> Done {
    let released = network.node().release_undoable(ids);
    let new_ids: HashMap<_, _> = released.iter().map(|(state, new)| (state.queued().id, *new)).collect();
    let mut tally = Tally::default();
    for id in ids {
        match new_ids.get(id) {
            Some(new) => tally.done(format!("released {id}; it is queued as {new}")),
            None => tally.refused(id, Some(not_a_held_one(*id))),
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
