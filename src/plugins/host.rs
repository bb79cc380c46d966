use std::{fmt, sync::Arc};

use clacks_feed::description::Description;

use crate::{Fault, HostPort};

/// What scripts can do to the node that they run in, and learn about it.
///
/// The program implements it. It is called on the thread of the scripts, so each function must return at once: a function
/// that waits delays the verdicts of all scripts. Permissions and rate limits are checked before a call. The first
/// argument of each command is the name of the script.
pub trait Host: Send + Sync + 'static {
    /// What kind of node this is.
    fn environment(&self) -> Environment;

    /// The time in milliseconds since the Unix epoch.
    fn now(&self) -> u64;

    /// The address and identifier of the node.
    fn this_node(&self) -> ThisNode;

    /// The messages that wait to be sent.
    fn queue_length(&self) -> u64;

    /// The known peers, in the node's order.
    fn peers(&self, query: &PeerQuery) -> Vec<KnownPeer>;

    /// Queues a message, given as JSON text. Returns its number, or why the node refused it.
    fn enqueue(&self, script: &str, json: &str) -> Result<u64, String>;

    /// Announces this node to an address, under the node's own rules for addresses of strangers.
    fn announce(&self, script: &str, to: &HostPort) -> Result<(), String>;

    /// Adds a peer, under the node's own rules for addresses of strangers.
    fn add(&self, script: &str, peer: &HostPort) -> Result<(), String>;

    /// Ignores a peer.
    fn ignore(&self, script: &str, peer: &HostPort) -> Result<(), String>;

    /// Stops ignoring a peer.
    fn unignore(&self, script: &str, peer: &HostPort) -> Result<(), String>;

    /// Forgets a peer.
    fn forget(&self, script: &str, peer: &HostPort) -> Result<(), String>;

    /// Writes to the log. The text is one line, and untrusted.
    fn log(&self, script: &str, level: LogLevel, text: &str);

    /// Shows a notice to the user. The text is one line, and untrusted.
    fn notify(&self, script: &str, text: &str);

    /// What happened to a script, for the log, the screen and the events of the node. Faults of verdicts are not reported
    /// here, because [`crate::Judgement::faults`] has them.
    fn report(&self, script: &Arc<str>, report: &Report);

    /// The description of the network, for filters. Without it `matches` is not available.
    fn description(&self) -> Option<&Description> {
        None
    }

    /// Reads what [`Host::write_store`] wrote last for this script. `None` if there is nothing.
    fn read_store(&self, _script: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    /// Keeps the store of a script: one JSON object of at most 1 MiB and some. It is called at most once a second.
    fn write_store(&self, _script: &str, _json: &str) -> Result<(), String> {
        Err("this node keeps no files".to_owned())
    }

    /// The archived messages that a query matches, newest first.
    fn find_in_archive(&self, _query: &ArchiveQuery) -> Result<Vec<ArchivedMessage>, String> {
        Err("this node has no archive".to_owned())
    }

    /// When the archive saw the message with this SHA-256 last, in milliseconds since the Unix epoch.
    fn last_seen_in_archive(&self, _hash: &str) -> Result<Option<u64>, String> {
        Err("this node has no archive".to_owned())
    }
}

/// What kind of node a script runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// A node with real peers.
    Node,
    /// A node of the demo network, whose peers are made up.
    Demo,
    /// A test, or a run over a recording.
    Test,
}

impl Environment {
    /// The word that scripts see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Demo => "demo",
            Self::Test => "test",
        }
    }
}

/// The address and identifier of the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThisNode {
    /// Its identifier, in hexadecimal digits.
    pub identifier: Arc<str>,
    /// Its address as peers know it.
    pub address: HostPort,
}

/// Which peers a script asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerQuery {
    /// Only peers with this status, by the name that the network has for it.
    pub status: Option<String>,
    /// Maximum number of peers, 1 to 1,000.
    pub limit: usize,
}

/// A peer that the node knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPeer {
    /// Its identifier, in hexadecimal digits.
    pub identifier: Arc<str>,
    /// Its address.
    pub address: HostPort,
    /// Its status, by the name that the network has for it.
    pub status: &'static str,
    /// Time of the last change of status, in milliseconds since the Unix epoch.
    pub time: u64,
    /// Whether it responded as a node does to the last message sent to it.
    pub answers: bool,
}

/// What a script looks for in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArchiveQuery {
    /// Words that the message has, in the language of the archive's search.
    pub text: Option<String>,
    /// Only messages seen since, in milliseconds since the Unix epoch.
    pub since: Option<u64>,
    /// Only messages not seen since, in milliseconds since the Unix epoch.
    pub unseen_since: Option<u64>,
    /// Maximum number of messages, 1 to 100.
    pub limit: usize,
}

/// A message of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedMessage {
    /// The SHA-256 of its JSON text, in hexadecimal digits.
    pub hash: String,
    /// Its JSON text.
    pub json: String,
    /// When it was seen first, in milliseconds since the Unix epoch.
    pub first_seen: u64,
    /// When it was seen last, in milliseconds since the Unix epoch.
    pub last_seen: u64,
    /// Number of times it was seen.
    pub times: u64,
}

/// The importance of an entry of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// For the author of the script.
    Debug,
    /// The level of `print`.
    Info,
    /// Something unexpected.
    Warn,
    /// Something failed.
    Error,
}

impl LogLevel {
    /// The level with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Debug, Self::Info, Self::Warn, Self::Error].into_iter().find(|level| level.as_str() == name)
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// What happened to a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It runs.
    Loaded,
    /// A new version of it runs in place of the former.
    Reloaded,
    /// A new version of it has a fault. The former goes on.
    ReloadFailed(Fault),
    /// A call failed.
    Failed {
        /// The function that failed.
        call: &'static str,
        /// Why.
        fault: Fault,
    },
    /// It failed too often, so it is not called until it is reloaded.
    Suspended(Fault),
    /// It runs no more.
    Unloaded,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loaded => f.write_str("loaded"),
            Self::Reloaded => f.write_str("reloaded"),
            Self::ReloadFailed(fault) => write!(f, "not reloaded, the former version goes on: {fault}"),
            Self::Failed { call, fault } => write!(f, "{call} failed: {fault}"),
            Self::Suspended(fault) => write!(f, "suspended until it is reloaded: {fault}"),
            Self::Unloaded => f.write_str("unloaded"),
        }
    }
}
