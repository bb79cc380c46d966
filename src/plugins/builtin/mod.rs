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

/// Why a plugin cannot start: its options, or what they need. One line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(String);

impl BuildError {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
