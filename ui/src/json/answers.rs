//! Replies to input lines. In every function `time` is Unix time in milliseconds and `line` the number of the input
//! line.

use std::net::IpAddr;

use clacks_feed::{Value, description::Description};
use clacks_language::command::{
    Known,
    table::{Availability, COMMANDS},
};
use clacks_p2p::{
    Node,
    core::{HeldMessage, LimitCounts, Peer, PlaceShare, QueuedMessage},
};
use clacks_p2p_feed::{
    figures::{Figures, figures_of_overview, gauge_of},
    json::parts::Waiting,
    peer::Listed,
    settings::{self, ANSWERED, NodeSettings},
};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Record, millis};
use crate::networks::MOST_ORIGINS;

/// The answer to a line of the input.
#[derive(Serialize)]
struct Answer<T> {
    line: u64,
    #[serde(flatten)]
    fields: T,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Reason<'a> {
    reason: &'a str,
}

fn answer(time: u64, line: u64, fields: impl Serialize) -> Record {
    Record::new("reply", time, Answer { line, fields })
}

/// The reply to a command.
pub(crate) fn reply(time: u64, line: u64, text: &str) -> Record {
    answer(time, line, Text { text })
}

/// An error in an input line.
pub(crate) fn error(time: u64, line: u64, reason: &str) -> Record {
    Record::new("error", time, Answer { line, fields: Reason { reason } })
}

/// An error that no input line caused.
pub(crate) fn failed(time: u64, reason: &str) -> Record {
    Record::new("error", time, Reason { reason })
}

/// The reply to `:peers`.
pub(crate) fn peers(time: u64, line: u64, peers: &[Peer], ignored_remotes: &[IpAddr]) -> Record {
    #[derive(Serialize)]
    struct Peers<'a> {
        peers: Vec<Listed>,
        ignored_remotes: &'a [IpAddr],
    }
    answer(time, line, Peers { peers: peers.iter().map(Listed::from).collect(), ignored_remotes })
}

/// The reply to `:queue`.
pub(crate) fn queue(time: u64, line: u64, queue: &[QueuedMessage]) -> Record {
    #[derive(Serialize)]
    struct Queue {
        queue: Vec<Waiting>,
    }
    answer(time, line, Queue { queue: queue.iter().map(Waiting::from).collect() })
}

/// The reply to `:held`.
pub(crate) fn held(time: u64, line: u64, held: &[HeldMessage]) -> Record {
    #[derive(Serialize)]
    struct Held {
        held: Vec<Waiting>,
    }
    answer(time, line, Held { held: held.iter().map(Waiting::from).collect() })
}

/// The reply to `:limits`.
pub(crate) fn limits(time: u64, line: u64, node: &Node) -> Record {
    #[derive(Serialize)]
    struct Told {
        limits: LimitSettings,
        used: Used,
        met: LimitCounts,
        ignored_remotes: Vec<IpAddr>,
        places: Vec<PlaceShare>,
    }
    let overview = node.overview();
    let told = Told {
        limits: LimitSettings(NodeSettings::of(node)),
        used: Used(figures_of_overview(&overview, Some(node.connections()))),
        met: overview.counters.limits,
        ignored_remotes: node.ignored_remotes(),
        places: node.places(MOST_ORIGINS).0,
    };
    answer(time, line, told)
}

/// The settings of the limits, by name.
struct LimitSettings(NodeSettings);

impl Serialize for LimitSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(ANSWERED.len()))?;
        for setting in settings::named(ANSWERED) {
            let name = setting.json_name();
            match setting.stored(&self.0) {
                Value::Flag(flag) => map.serialize_entry(&name, &flag)?,
                Value::Number(number) => map.serialize_entry(&name, &number)?,
                Value::Took(time) => map.serialize_entry(&name, &millis(time))?,
                Value::Count(count) => map.serialize_entry(&name, &count)?,
                _ => {}
            }
        }
        map.end()
    }
}

/// The current use of the limits, by name.
struct Used(Figures);

impl Serialize for Used {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let used = settings::named(ANSWERED).filter_map(|setting| {
            let Value::Count(used) = gauge_of(&self.0, setting.used?)? else { return None };
            Some((setting.json_name_of_use(), used))
        });
        serializer.collect_map(used)
    }
}

/// The reply to `:help` at a node of this network.
pub(crate) fn help(time: u64, line: u64, network: &Description) -> Record {
    #[derive(Serialize)]
    struct Described<'a> {
        command: String,
        does: &'a str,
    }
    #[derive(Serialize)]
    struct Help<'a> {
        commands: Vec<Described<'a>>,
    }
    impl<'a> From<Known<'a>> for Described<'a> {
        fn from(known: Known<'a>) -> Self {
            Self { command: known.usage(), does: known.help() }
        }
    }
    let for_keys = COMMANDS.iter().filter(|spec| spec.scope == Availability::KeyOnly).map(Known::Face);
    let all = Known::all(network).chain(for_keys);
    answer(time, line, Help { commands: all.map(Described::from).collect() })
}
