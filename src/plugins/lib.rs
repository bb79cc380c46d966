//! Plugins judge the messages that a node receives, before the node accepts them.
//!
//! A [`Plugin`] looks at an [`Incoming`] payload and returns a [`Verdict`]: pass it, change its message, swallow it,
//! refuse it or hold it. A [`Pipeline`] asks its plugins in order and returns a [`Judgement`]: the verdict, by whom, and
//! each change on the way. The plugins of the program are in [`builtin`], those written in Luau are in [`script`]. The
//! pipeline knows no network; the program joins it to the payload hook of a node.

pub mod builtin;

#[cfg(feature = "scripts")]
pub mod script;

mod fault_runs;
mod figures;
mod host;
mod incoming;
mod payload_filter;
mod pipeline;
mod plugin;
mod verdict;

pub use fault_runs::FaultRuns;
pub use figures::{PluginFigures, Verdicts};
pub use host::{
    ArchiveQuery, ArchivedMessage, Environment, Host, KnownPeer, LogLevel, PeerQuery, Report, ThisNode,
};
pub use incoming::{HostPort, Incoming, Kind, Sender};
pub use payload_filter::PayloadFilter;
pub use pipeline::{Change, Judgement, Pipeline, ReportedFault};
pub use plugin::{Fault, Judging, OnError, Plugin};
pub use verdict::{Refusal, Verdict};
