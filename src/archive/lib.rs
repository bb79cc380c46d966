//! An archive of the messages that a node saw: when each was first and last here, how often, and who sent it.
//!
//! An [`Observer`] makes a [`Sighting`] of each event of the feed that is about a message, for any network. An
//! [`Archive`] collects sightings in a bounded queue and writes them in batches on a thread of its own, so a node never
//! waits for a disk. A fault of the disk stops the archive, not the node.
//!
//! Everything is written and read through [`Store`]. [`open`] returns one in a file of SQLite. With the feature
//! `postgres` it also returns one in a database of PostgreSQL. A store waits for its disk or its server, so none of its
//! functions is for a thread of a runtime.
//!
//! The texts of an archive come from peers. They may contain anything, so results have [`clacks_feed::Text`].
//!
//! ```
//! use clacks_archive::{Access, Options, Query, Sighting, SightingKind, open};
//!
//! # let directory = tempfile::tempdir()?;
//! let options = Options::in_file(directory.path().join("archive.db"));
//! let mut store = open(&options, "tower:8080", Access::Write)?;
//! let json = r#""GNU Terry Pratchett""#.into();
//! store.append(&[Sighting { json, at: 1_700_000_000_000, kind: SightingKind::Received, peer: None }], 0)?;
//!
//! let found = store.find(&Query { search: Some("pratchett".parse()?), ..Query::default() })?;
//! assert_eq!(found[0].times, 1);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod archive;
mod error;
mod line;
mod observer;
mod options;
#[cfg(feature = "postgres")]
mod postgres;
mod queue;
mod search;
mod sighting;
mod sqlite;
mod store;
#[cfg(test)]
mod tests;
mod words;

pub use archive::{Appender, Archive, Figures, State};
pub use error::ArchiveError;
pub use line::ExportLine;
pub use observer::{Observer, is_gnu};
pub use options::{Gnu, Keep, Options, OptionsError, Retention, Size};
pub use queue::{MAX_BATCH, MAX_WAITING, MAX_WAITING_BYTES};
pub use search::{Search, SearchError};
pub use sighting::{Hash, HashError, HashPrefix, Peer, Sighting, SightingKind};
pub use store::{
    Access, Checked, Exported, Found, Life, MAX_FOUND, MAX_STEP, Order, PeerQuery, Pruned, Query, Seen,
    Store, Unseen, open, prune_all,
};
