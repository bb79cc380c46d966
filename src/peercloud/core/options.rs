use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use crate::protocol::{Address, BodyLimits, Host, Json};

/// Maximum of every time: a year.
pub(super) const MAX_TIME: Duration = Duration::from_secs(365 * 24 * 3600);

/// The options of a node, with its limits. No time is longer than a year.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// The port at which the node listens. It is sent to others.
    pub port: u16,
    /// The host at which others reach the node. Default: none; they use the address from which its requests come.
    pub host: Option<Host>,
    /// The host at which other nodes of this machine reach the node. It is only reported. Default 127.0.0.1.
    pub local_host: Host,
    /// What messages are answered with if no handler is set. Default `{}`.
    pub reply: AutoReply,
    /// The data of the node, which every member sees. Default `{}`.
    pub data: Json,
    /// The known nodes that are asked to let this node in, one after the other in random order. Default: none.
    pub seeds: Vec<Address>,
    /// Whether only this machine can reach the node. It then joins no other machine, because nobody there could check
    /// it. Default: yes.
    pub is_local_only: bool,
    /// Whether requests must be signed, and our own are. Default: no.
    pub is_signed: bool,
    /// Bounds of bodies and of the number of members.
    pub bodies: BodyLimits,
    /// Time between two checks, each of one member at random. Default 5 s, as in the package; at least 100 ms. `None` for
    /// no checks.
    pub check_interval: Option<Duration>,
    /// Time from a failed check to the second one, which decides. Default 1 s.
    pub recheck_after: Duration,
    /// Time between two attempts to join while the node is alone. As long and up to twice as long passes between two
    /// questions whether a member that went without a goodbye is there again, because it may be in another part of a cloud
    /// that was split, and between two questions to a seed while no seed is a member. Default 30 s. At least 100 ms.
    pub rejoin_interval: Duration,
    /// Whether the node leaves and joins again when members do not know it. Default: yes.
    pub repair: bool,
    /// How long a single member may not know us until we repair. Default 30 s. If it is half of the members, 2 s.
    pub repair_after: Duration,
    /// Minimum time between two repairs. Default 60 s.
    pub repair_interval: Duration,
    /// Maximum difference between the time of a signed request and our clock. Default 60 s; zero for any difference.
    pub max_clock_difference: Duration,
    /// How long signed requests are remembered, so that a second one is refused. Default 120 s. At least twice
    /// `max_clock_difference`, because a request may be that much early and that much late. Must not be zero.
    pub replay_memory: Duration,
    /// Maximum signed requests that are remembered; above it, requests are answered with 503. Default 262,144, which
    /// need 16 MiB. Must not be zero.
    pub max_remembered: usize,
    /// Time-out of a request. Default 1 s, as in the package. Must not be zero.
    pub request_timeout: Duration,
    /// Time-out of our own request to `/join`. Default 3 s. Must not be zero.
    pub join_timeout: Duration,
    /// Time-out of the check of a newcomer. Default 700 ms, because a newcomer of the package waits 1 s for the answer. If
    /// the newcomer waited because this node was joining itself, that counts.
    pub newcomer_timeout: Duration,
    /// How long a newcomer waits for the answers of the members to whom it was announced. Default 200 ms.
    pub announce_timeout: Duration,
    /// How long a goodbye to a member waits for the replies to messages to it, because a member refuses what comes after the
    /// goodbye. Default 500 ms.
    pub goodbye_delay: Duration,
    /// Maximum newcomers that are checked at once; above it `/join` is answered with 429. Default 16. Must not be zero.
    pub max_newcomers: usize,
    /// Maximum newcomers of one address that are checked at once. Default 2. Must not be zero.
    pub max_newcomers_per_address: usize,
    /// Maximum messages a second of one member; above it 429. The burst is 2 seconds of it. Default 100; 0 for no limit.
    pub message_rate: f64,
    /// Maximum requests of one broadcast at a time. Default 32. Must not be zero.
    pub max_requests_per_send: usize,
    /// Maximum requests of broadcasts and announcements to one member at a time, announcements at most half of it. Default
    /// 8, because a member accepts 32 connections of one address. Must not be zero.
    pub max_requests_per_member: usize,
    /// Maximum requests of all broadcasts and announcements at a time, announcements at most half of it. Default 256. Must
    /// not be zero.
    pub max_requests: usize,
    /// Maximum broadcasts and messages whose replies are awaited. Default 256. Must not be zero.
    pub max_sends: usize,
    /// Maximum bytes of a reply that are read. Default 1 MiB. Must not be zero.
    pub max_reply: usize,
    /// Maximum bytes of all replies that are gathered for one broadcast; further replies fail. Default 16 MiB.
    pub max_gathered: usize,
    /// Maximum bytes of an answer to `/join` that are read. Default 16 MiB. Must not be zero.
    pub max_join_answer: usize,
}

/// What messages are answered with if no handler is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AutoReply {
    /// `{}`, as in the package.
    #[default]
    Empty,
    /// The message itself.
    Echo,
    /// This value.
    Value(Json),
}

impl AutoReply {
    /// The reply to a message.
    pub fn to(&self, message: &Json) -> Json {
        match self {
            Self::Empty => Json::empty_object(),
            Self::Echo => message.clone(),
            Self::Value(value) => value.clone(),
        }
    }
}

/// Why [`Options`] are invalid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// A limit is too small, so the node could hold or send nothing.
    #[error("{0} must be at least {1}")]
    TooSmall(&'static str, usize),
    /// A time is so long that sums of times could overflow.
    #[error("{0} must be at most a year")]
    TooLong(&'static str),
    /// The message rate is not a number from 0 to 1,000,000.
    #[error("the message rate is {0}; it must be 0 to 1000000 messages a second, and 0 is no limit")]
    MessageRate(f64),
    /// Signed requests are forgotten while their time is still accepted, so they could be used again.
    #[error(
        "signed requests are remembered for {memory:?}, which must be at least {least:?}: twice the difference of clocks"
    )]
    ReplayMemory {
        /// The time that they are remembered.
        memory: Duration,
        /// The minimum: twice the accepted difference of clocks.
        least: Duration,
    },
    /// Our own data is longer or deeper than members accept.
    #[error(
        "the data of the node has {bytes} bytes and {depth} levels; at most {max_bytes} and {max_depth} are accepted"
    )]
    Data {
        /// Its length in bytes.
        bytes: usize,
        /// Its nesting depth.
        depth: usize,
        /// The maximum length.
        max_bytes: usize,
        /// The maximum depth.
        max_depth: usize,
    },
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: crate::protocol::DEFAULT_PORT,
            host: None,
            local_host: IpAddr::from(Ipv4Addr::LOCALHOST).into(),
            reply: AutoReply::default(),
            data: Json::empty_object(),
            seeds: Vec::new(),
            is_local_only: true,
            is_signed: false,
            bodies: BodyLimits::default(),
            check_interval: Some(Duration::from_secs(5)),
            recheck_after: Duration::from_secs(1),
            rejoin_interval: Duration::from_secs(30),
            repair: true,
            repair_after: Duration::from_secs(30),
            repair_interval: Duration::from_secs(60),
            max_clock_difference: Duration::from_secs(60),
            replay_memory: Duration::from_secs(120),
            max_remembered: 1 << 18,
            request_timeout: Duration::from_secs(1),
            join_timeout: Duration::from_secs(3),
            newcomer_timeout: Duration::from_millis(700),
            announce_timeout: Duration::from_millis(200),
            goodbye_delay: Duration::from_millis(500),
            max_newcomers: 16,
            max_newcomers_per_address: 2,
            message_rate: 100.0,
            max_requests_per_send: 32,
            max_requests_per_member: 8,
            max_requests: 256,
            max_sends: 256,
            max_reply: 1 << 20,
            max_gathered: 16 << 20,
            max_join_answer: 16 << 20,
        }
    }
}

impl Options {
    /// Checks the options.
    pub fn check(&self) -> Result<(), OptionsError> {
        let limits = [
            ("the port", usize::from(self.port), 1),
            ("the maximum of a body", self.bodies.max_body, 1024),
            ("the maximum depth", self.bodies.max_depth, 8),
            ("the maximum of data", self.bodies.max_data, 2),
            ("the maximum of members", self.bodies.max_members, 1),
            ("the time between attempts to join in ms", self.rejoin_interval.as_millis() as usize, 100),
            ("the replay memory in ms", self.replay_memory.as_millis() as usize, 1),
            ("the maximum of remembered signatures", self.max_remembered, 1),
            ("the time-out of a request in ms", self.request_timeout.as_millis() as usize, 1),
            ("the time-out of a join in ms", self.join_timeout.as_millis() as usize, 1),
            ("the maximum of newcomers", self.max_newcomers, 1),
            ("the maximum of newcomers of an address", self.max_newcomers_per_address, 1),
            ("the maximum of requests of a broadcast", self.max_requests_per_send, 1),
            ("the maximum of requests to a member", self.max_requests_per_member, 1),
            ("the maximum of requests", self.max_requests, 1),
            ("the maximum of broadcasts", self.max_sends, 1),
            ("the maximum of a reply", self.max_reply, 1024),
            ("the maximum of an answer to a join", self.max_join_answer, 1024),
        ];
        let too_small = limits.iter().find(|(_, limit, least)| limit < least);
        if let Some((name, _, least)) = too_small {
            return Err(OptionsError::TooSmall(name, *least));
        }
        self.check_times()?;
        if !(0.0..=1_000_000.0).contains(&self.message_rate) {
            return Err(OptionsError::MessageRate(self.message_rate));
        }
        self.check_replay_memory()?;
        self.check_data(&self.data)
    }

    /// Checks that a signed request is remembered for as long as its time is accepted.
    fn check_replay_memory(&self) -> Result<(), OptionsError> {
        let (memory, least) = (self.replay_memory, self.max_clock_difference.saturating_mul(2));
        if self.is_signed && memory < least {
            return Err(OptionsError::ReplayMemory { memory, least });
        }
        Ok(())
    }

    fn check_times(&self) -> Result<(), OptionsError> {
        let times = [
            ("the time between two checks", self.check_interval.unwrap_or_default()),
            ("the time from a failed check to the second one", self.recheck_after),
            ("the time between attempts to join", self.rejoin_interval),
            ("the time until a repair", self.repair_after),
            ("the time between two repairs", self.repair_interval),
            ("the maximum difference of clocks", self.max_clock_difference),
            ("the replay memory", self.replay_memory),
            ("the time-out of a request", self.request_timeout),
            ("the time-out of a join", self.join_timeout),
            ("the time-out of the check of a newcomer", self.newcomer_timeout),
            ("the time-out of an announcement", self.announce_timeout),
            ("the delay of a goodbye", self.goodbye_delay),
        ];
        let too_long = times.iter().find(|(_, time)| *time > MAX_TIME);
        too_long.map_or(Ok(()), |(name, _)| Err(OptionsError::TooLong(name)))
    }

    /// Checks data of our own.
    pub(super) fn check_data(&self, data: &Json) -> Result<(), OptionsError> {
        let (bytes, depth) = (data.size(), data.depth());
        let (max_bytes, max_depth) = (self.bodies.max_data, self.bodies.max_data_depth());
        if bytes > max_bytes || depth > max_depth {
            return Err(OptionsError::Data { bytes, depth, max_bytes, max_depth });
        }
        Ok(())
    }
}
