//! The plugins that are part of the program.

mod choice;
mod context;
mod crawl;
mod formatter;
mod logger;
#[cfg(test)]
mod page_tests;
mod parts;
mod periodic;
mod persist;
mod stonewall;
#[cfg(test)]
mod testing;
mod units;

pub use choice::{Builtin, CompileFilter, Running, Services, filters_of};
pub use context::{Context, Matches};
pub use crawl::{Crawl, CrawlOptions, Crawled, Link};
pub use formatter::{Announces, Answer, Formatter, FormatterOptions};
pub use logger::{Logged, Logger, LoggerCounts, LoggerOptions};
pub use parts::{Join, JoinOptions, Split, SplitOptions};
pub use periodic::{Periodic, Ticking};
pub use persist::{Hash, Missed, Persist, PersistOptions, Reading, Unseen};
pub use stonewall::{Stonewall, StonewallOptions};

use crate::Incoming;

/// Why a plugin cannot start: its options, or what they need. One line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(String);

impl BuildError {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Whether the payload names a peer that the user ignores. The node refuses it after the plugins, so a plugin that remembers
/// something leaves it alone.
fn is_from_ignored(payload: &Incoming) -> bool {
    payload.sender.status == "ignored"
}
