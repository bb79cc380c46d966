use std::sync::Arc;

use crate::{
    Now, Row, Text,
    description::{Description, Kind, ListId},
    filter::{Filter, Scope, Subject},
};

/// The filter of a window, for the rows of its list.
pub(super) struct RowFilter {
    filter: Filter,
    description: Arc<Description>,
    list: ListId,
}

impl RowFilter {
    /// Parses a filter. The error is the reason why it is invalid.
    pub(super) fn parse(text: &str, description: &Arc<Description>, list: ListId) -> Result<Self, Text> {
        let filter = Filter::parse_for(text, Scope::List(description, list));
        let filter = filter.map_err(|error| error.to_string())?;
        Ok(Self { filter, description: Arc::clone(description), list })
    }

    /// Whether the row matches at this time.
    pub(super) fn admits(&self, row: &Row, now: Now) -> bool {
        self.filter.admits(&Subject::of_row(&self.description, self.list, row, now))
    }

    /// Whether the filter can match other rows later although no event touches them.
    pub(super) fn drifts(&self) -> bool {
        self.filter.changes_with_time(Scope::List(&self.description, self.list))
    }
}

/// Whether values of this kind can change although no event touches their row.
pub(super) fn fades(kind: &Kind) -> bool {
    matches!(kind, Kind::Rate | Kind::BytesRate)
}
