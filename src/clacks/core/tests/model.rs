//! Random inputs, compared with a simple model of the node.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use clacks_transport::{network, rate_limit_key};
use proptest::{collection::vec, prelude::*, sample::Index, test_runner::FileFailurePersistence};

use super::*;

mod backoff;
mod fuzz;
mod inputs;
mod messages;
mod peers;
mod undoing;
mod watcher;
mod world;

use self::inputs::{Input, Rule, Text, holds, inputs, named, options, remote};

/// Two of these share an identifier, and two are the node itself.
const NAMES: [&str; 8] = ["tower:1", "TOWER:1", "a:1", "a:2", "b:1", "[::1]:1", "10.0.0.1:23", "10.0.0.12:3"];
const FALSY: [&str; 3] = ["null", "0", "\"\""];
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// An index into [`NAMES`].
type Name = usize;

#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is one fact")]
struct Known {
    /// The peer as the API reports it.
    peer: Peer,
    met: Duration,
    is_tried: bool,
    speaks: bool,
    is_mute: bool,
    answered: Duration,
    /// Response time in microseconds.
    delay: u32,
    place: Option<IpAddr>,
    source: Option<IpAddr>,
    introduced_itself: bool,
}

impl Known {
    /// Whether the user added it and it was never tried.
    fn is_user_added_untried(&self) -> bool {
        self.peer.added_by_user && !self.is_tried && matches!(self.peer.status, Status::New | Status::Alive)
            || self.peer.status == Status::New && self.peer.added_by_user
    }

    /// Whether it responded when last tried.
    fn is_responding(&self) -> bool {
        self.peer.status == Status::Alive && self.peer.last_attempt_ok
    }

    /// Whether it is verified.
    fn is_verified(&self) -> bool {
        self.is_user_added_untried() || self.is_responding()
    }
}

/// The location of an accepted message.
#[derive(Debug, Clone, Copy, PartialEq)]
enum MessageLocation {
    Queued,
    Held,
    InFlight,
    Delivered,
    Dropped,
    Replaced,
}

/// The expected state.
struct Model {
    options: Options,
    now: Now,
    peers: BTreeMap<Address, Known>,
    aliases: BTreeSet<Address>,
    queue: Vec<Message>,
    held: Vec<Message>,
    rule: Option<Rule>,
    /// Released since the rule was set.
    passed: BTreeSet<String>,
    is_draining: bool,
    owed_to_verified: u32,
    /// Receiver, and message unless it is an announce, in the order of sending.
    in_flight: Vec<(DeliveryId, Address, Option<Message>)>,
    locate: BTreeMap<String, MessageLocation>,
    counters: Counters,
    /// Ends of the pauses.
    paused: BTreeMap<Address, Duration>,
    /// Seconds of the last pause, and refused messages, since the peer last accepted something.
    backoff: BTreeMap<Address, (u64, BTreeSet<String>)>,
    /// Number of refusals of each message, and the peers that refused it.
    refusals: BTreeMap<String, (usize, BTreeSet<Address>)>,
}

/// An observer that knows the node only by its events.
#[derive(Default)]
struct Watcher {
    peers: BTreeMap<Address, Peer>,
    /// A claim whose confirmation is reported next.
    confirmed: Option<Address>,
    limits: LimitCounts,
    queue: BTreeMap<MessageId, Message>,
    held: BTreeMap<MessageId, Message>,
}

/// The node, the model, and what drives both.
struct World {
    core: Core,
    model: Model,
    watcher: Watcher,
    rng: StdRng,
    messages: usize,
    ended: Vec<DeliveryId>,
}

proptest! {
    // Inputs that once failed are stored beside the model.
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_core_behaves_like_the_model(
        options in options(), seed in any::<u64>(), inputs in vec(inputs(), 1..150),
    ) {
        let mut world = World::new(options, seed);
        for input in &inputs {
            world.give(input);
            world.check();
        }
    }
}
