//! Plugins written in Luau.
//!
//! [`Scripts`] runs the scripts of a node: one VM a script, all on one thread named `scripts`. A [`Script`] is the plugin
//! that a pipeline asks. A payload goes to the thread over a bounded queue, and its verdict comes back.
//!
//! A script can use memory and processor time up to its limits, and the functions of the table `clacks`
//! ([`function_specs`]). It has no files, sockets, processes, environment or other scripts. What it does to the node goes
//! through [`crate::Host`].

#![expect(clippy::disallowed_methods, reason = "scripts have time limits, timers and random numbers")]

mod budget;
mod context;
mod definitions;
mod fault;
mod functions;
mod handle;
mod json;
mod queue;
mod rates;
mod sandbox;
mod slot;
mod source;
mod statistics;
mod store;
#[cfg(test)]
mod tests;
mod tools;
mod verdicts;
mod vm;
mod worker;

use std::{sync::Arc, time::Duration};

pub use definitions::{definitions, functions_table};
pub use functions::{FunctionSpec, Group, function_specs};
pub use handle::{Script, Scripts};
pub use source::Source;
pub use statistics::{ScriptState, ScriptStatus};
pub use tools::{Checked, TestRun, Tested, check, new_script, verdict_line};

use crate::OnError;
use budget::Budget;

/// A script, and what it may do.
#[derive(Debug, Clone)]
pub struct ScriptOptions {
    /// Its name: unique among the plugins of the node.
    pub name: Arc<str>,
    /// Its text.
    pub source: Source,
    /// What it may do beside looking and judging. Default nothing.
    pub allow: Vec<Allow>,
    /// What happens to a payload if the script fails, or if too many payloads wait for the scripts. Default
    /// [`OnError::Pass`].
    pub on_error: OnError,
    /// Its own settings, which it sees as `clacks.settings`. Default `{}`.
    pub settings: serde_json::Value,
    /// Time between two calls of `on_tick`, at least one second. Default `None`: never.
    pub tick: Option<Duration>,
    /// Limits of time and memory.
    pub limits: Limits,
    /// Maximum messages that it queues, per second. Default 1, with a burst of 10. At most 10 outside the demo.
    pub enqueue_rate: f64,
}

impl ScriptOptions {
    /// A script with the default options.
    pub fn new(name: &str, source: Source) -> Self {
        Self {
            name: name.into(),
            source,
            allow: Vec::new(),
            on_error: OnError::default(),
            settings: serde_json::Value::Object(serde_json::Map::new()),
            tick: None,
            limits: Limits::default(),
            enqueue_rate: 1.0,
        }
    }
}

/// Limits of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Processor time of a verdict. Default 20 ms.
    pub verdict_time: Duration,
    /// Processor time of any other call: loading, events, ticks, timers, commands. Default 100 ms.
    pub call_time: Duration,
    /// Memory of the VM in bytes. Default 16 MiB. About 0.5 MiB are used by an empty script.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            verdict_time: Duration::from_millis(20),
            call_time: Duration::from_millis(100),
            memory: 16 << 20,
        }
    }
}

/// What a script may do beside looking and judging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Allow {
    /// Queue messages.
    Enqueue,
    /// Announce this node, and add peers.
    Peers,
    /// Ignore and forget peers.
    Ignore,
    /// Keep values in the data directory.
    Store,
    /// Search the archive.
    Archive,
}

impl Allow {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Enqueue, Self::Peers, Self::Ignore, Self::Store, Self::Archive];

    /// The word in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enqueue => "enqueue",
            Self::Peers => "peers",
            Self::Ignore => "ignore",
            Self::Store => "store",
            Self::Archive => "archive",
        }
    }

    /// The permission with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|allow| allow.as_str() == word)
    }
}

/// The error that ends a call which took too long.
fn time_exceeded(budget: &Budget) -> mlua::Error {
    mlua::Error::runtime(format!("took more than {} ms", budget.limit().as_millis()))
}

/// The type of a value as scripts know it: the engine's integers are numbers.
fn type_name(value: &mlua::Value) -> &'static str {
    match value {
        mlua::Value::Integer(_) => "number",
        other => other.type_name(),
    }
}
