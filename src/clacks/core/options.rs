use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::protocol::{Address, DEFAULT_MAX_DEPTH, Message};

/// How a node behaves. The first four are the protocol's own options, the others are our limits.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// Where others find this node; sent with every payload. Default `localhost:8080`, as in the package.
    pub address: Address,
    /// Messages a second, 0.001 to 100,000. Default 1, as in the package. More spreads messages faster and costs
    /// every peer more.
    pub send_rate: f64,
    /// How long a peer is lost before another failed send makes it dead. Default one hour, as in the package.
    pub kill_timeout: Duration,
    /// Maximum deliveries under way at once. Default 64. Must not be zero. At most half of them go to peers that did not
    /// answer last time, and the last quarter is for peers that answer fast, if there are any: those that took less than `max_in_flight`
    /// divided by `send_rate` seconds of late. So neither a crowd of silent peers, which anybody can name to us, nor one
    /// of slow ones takes all.
    pub max_in_flight: usize,
    /// Maximum deliveries under way to one alive peer. Default 8. Must not be zero. Where fewer than four times as many
    /// are free of `max_in_flight`, it is a quarter of those, but at least one. A machine, which can have several peers, has
    /// at most three times as many under way as are free, and once as many to slow peers, unless no other has peers that
    /// answered. A peer that did not answer last
    /// time gets one at a time.
    pub max_in_flight_per_peer: usize,
    /// Most messages here: waiting, held and in flight. Default 100,000. Must not be zero. A sixteenth is kept for the
    /// user's own, and one remote place or network gets so much of the rest that some is left for others.
    pub max_queue_messages: usize,
    /// Most bytes of JSON text here: waiting, held and in flight. Default 64 MiB. Must not be zero. Shared out as
    /// [`Options::max_queue_messages`] is.
    pub max_queue_bytes: usize,
    /// Most bytes of JSON text of a message that the user writes. Default [`Message::MAX_SIZE`], which is what every node
    /// accepts. Must not be zero.
    pub max_message_bytes: usize,
    /// Most peers known. When there are as many, one that never answered us makes room for another: the oldest of those
    /// that the place introduced which introduced the most, or that are at the IP address which has the most; without
    /// such, of those that are lost or dead the one that answered the longest ago. Peers
    /// that are alive and answered, that the user named or that are ignored stay; if there are no others, strangers are
    /// served but not remembered. Default 100,000. Must not be zero.
    pub max_peers: usize,
    /// Most peers that are new. When there are as many, a sender is in the place of the oldest one of the place that
    /// introduced the most of them; so is a friend that is named if another place than its own introduced the most.
    /// Default 1,000; with 0 nobody becomes known by a payload.
    pub max_new_peers: usize,
    /// How many unknown peers a minute may become known by payloads from one remote address, as their senders or as
    /// friends. Others are served but not remembered. Default 10, so that who makes names up costs a node that sends
    /// a message a second a sixth of them; 0 for no limit.
    pub introductions_per_minute: u32,
    /// How many may after a quiet time, at once. Default 100. Must not be zero.
    pub introductions_burst: u32,
    /// Most payloads a second that are taken from one remote address; others are answered 429. Default 1,000, which
    /// is as fast as a package node can send; 0 for no limit.
    pub payload_rate: f64,
    /// Payloads that are taken at once from one remote address after a quiet time. Default 2,000. Must not be zero.
    pub payload_burst: u32,
    /// In which order new peers are tried. Default [`NewPeerPolicy::EverySecond`].
    pub newcomers: NewPeerPolicy,
    /// How deep a message may be nested. Default [`DEFAULT_MAX_DEPTH`]; one some 5,000 deep ends a package node.
    pub max_depth: usize,
}

/// Which of the new peers a message goes to, and how often one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewPeerPolicy {
    /// A random one; but after a message went to one that only strangers named, the next goes to a peer that answered or
    /// that the user named, so that whoever makes up names leaves the living every second message.
    #[default]
    EverySecond,
    /// A random one, and every message while there are any, as the protocol's document says.
    Always,
    /// The one that is known for the longest, and every message while there are any, as the package once did. To be
    /// compared with the others: looking for it takes longer the more there are.
    Oldest,
}

/// Why [`Options`] can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// The send rate is not a number from 0.001 to 100,000.
    #[error("the send rate is {0}; it must be 0.001 to 100000 messages a second")]
    SendRate(f64),
    /// The rate of payloads is not a number from 0 to 1,000,000.
    #[error(
        "the most payloads a second from one address are {0}; they must be 0 to 1000000, and 0 is no limit"
    )]
    PayloadRate(f64),
    /// A limit is zero, so that the node could hold or send nothing.
    #[error("{0} is zero; it must be at least 1")]
    Zero(&'static str),
}

impl Options {
    /// The defaults for a node that others find at `address`.
    pub fn new(address: Address) -> Self {
        Self {
            address,
            send_rate: 1.0,
            kill_timeout: Duration::from_secs(3600),
            max_in_flight: 64,
            max_in_flight_per_peer: 8,
            max_queue_messages: 100_000,
            max_queue_bytes: 64 << 20,
            max_message_bytes: Message::MAX_SIZE,
            max_peers: 100_000,
            max_new_peers: 1000,
            introductions_per_minute: 10,
            introductions_burst: 100,
            payload_rate: 1000.0,
            payload_burst: 2000,
            newcomers: NewPeerPolicy::EverySecond,
            max_depth: DEFAULT_MAX_DEPTH,
        }
    }

    /// Answers that take so many microseconds or more are slow: if all took as long, as many deliveries would be under way
    /// at this send rate as may be.
    pub(super) fn slow_from(&self) -> u32 {
        (self.max_in_flight as f64 / self.send_rate * 1e6) as u32
    }

    pub(crate) fn check(&self) -> Result<(), OptionsError> {
        check_send_rate(self.send_rate)?;
        if !(0.0..=1_000_000.0).contains(&self.payload_rate) {
            return Err(OptionsError::PayloadRate(self.payload_rate));
        }
        let limits = [
            ("the most deliveries in flight", self.max_in_flight),
            ("the most deliveries in flight to one peer", self.max_in_flight_per_peer),
            ("the most peers", self.max_peers),
            ("the most messages in the queue", self.max_queue_messages),
            ("the most bytes in the queue", self.max_queue_bytes),
            ("the most bytes of a message", self.max_message_bytes),
            ("the burst of payloads from one address", self.payload_burst as usize),
            ("the burst of introductions from one address", self.introductions_burst as usize),
        ];
        limits
            .iter()
            .try_for_each(|(name, limit)| if *limit == 0 { Err(OptionsError::Zero(name)) } else { Ok(()) })
    }
}

pub(super) fn check_send_rate(rate: f64) -> Result<(), OptionsError> {
    if (0.001..=100_000.0).contains(&rate) { Ok(()) } else { Err(OptionsError::SendRate(rate)) }
}
