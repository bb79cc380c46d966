//! The result of reading lists of peers.

/// Result of reading one list of peers or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListsRead {
    /// Rows of the traffic: lines that are no address, and lists that were not read. One line each.
    pub rows: Vec<String>,
    /// Summary, one line. `Err` if at least one list was not read.
    pub summary: Result<String, String>,
}
