//! Lists of peers: what reads them belongs to the program that started the node.

use std::{fmt, pin::Pin};

use clacks_language::list_source::ListSource;

use crate::state::peer_lists::ListsRead;

/// Reads lists of peers for a node.
pub trait PeerLists: fmt::Debug + Send + Sync {
    /// Whether lists are configured. They are read at the start.
    fn is_configured(&self) -> bool;

    /// The reason why the configured lists would not be read now, one line. Does not look at the disk.
    fn why_not(&self) -> Option<String>;

    /// The reason why this list would not be read now, one line. `None` for a list that is not a file. Blocks on the
    /// disk.
    fn why_not_file(&self, list: &ListSource) -> Option<String>;

    /// Reads a list, or all configured lists for `None`.
    fn read(&self, list: Option<ListSource>) -> Pin<Box<dyn Future<Output = ListsRead> + Send>>;
}
