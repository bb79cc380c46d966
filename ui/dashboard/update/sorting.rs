//! Order and filter of the list that has the focus.

use std::sync::Arc;

use clacks_feed::{
    description::{Field, ListId, ListSpec},
    filter::{Filter, FilterError, Scope},
};

use crate::{
    model::{Model, focus::SelectionTarget},
    state::{errors::CommandRefusal, layout::Pane, list::List},
};

/// The word that turns the order of a list.
const REVERSE: &str = "reverse";
/// The word that restores a list's own order.
const NONE: &str = "none";

/// Order of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SortChange {
    /// Sort by this column.
    By(Field),
    /// Turn the order.
    Reverse,
    /// Restore the list's own order.
    None,
}

impl Model {
    /// Returns the list that has the focus, also behind the input. `None`: it is the traffic, the map, or a text.
    pub(crate) fn sorted_list(&self) -> Option<ListId> {
        match self.selection_target() {
            SelectionTarget::List(Pane::Column) => None,
            _ => self.selected_list(),
        }
    }

    /// Returns the list whose rows the filter key filters. That of the map are the peers. `None`: the traffic or a text has
    /// the focus.
    pub(crate) fn narrowed_list(&self) -> Option<ListId> {
        self.selected_list()
    }

    fn focused_spec(&self) -> Option<&ListSpec> {
        self.networks.active().description.list(self.sorted_list()?)
    }

    fn focused_list_mut(&mut self) -> Option<&mut List> {
        let list = self.sorted_list()?;
        self.networks.active_mut().list_mut(list)
    }

    /// Returns what the list that has the focus can be sorted by.
    pub(crate) fn sort_words(&self) -> Vec<String> {
        let columns = self.focused_spec().into_iter().flat_map(sortable);
        columns.map(|column| column.name.to_string()).chain([REVERSE.to_owned(), NONE.to_owned()]).collect()
    }

    /// Returns the order that a word names, or the only column whose name starts with it.
    ///
    /// # Errors
    ///
    /// Fails if no list has the focus, or if it has no such column.
    pub(crate) fn find_sort(&self, word: &str) -> Result<SortChange, CommandRefusal> {
        match word {
            REVERSE => return Ok(SortChange::Reverse),
            NONE => return Ok(SortChange::None),
            _ => {}
        }
        let begun = || {
            let columns = self.focused_spec().into_iter().flat_map(sortable);
            columns.filter(|column| column.name.as_str().starts_with(word))
        };
        let exact = begun().find(|column| column.name == word);
        let only = begun().next().filter(|_| begun().count() == 1);
        exact.or(only).cloned().map(SortChange::By).ok_or_else(|| {
            CommandRefusal::new(format!("this list can be sorted by {}", self.sort_words().join(", ")))
        })
    }

    /// Sorts the list that has the focus. `None` sorts by the next column.
    pub(crate) fn sort(&mut self, word: Option<&str>) {
        let change = match word.map(|word| self.find_sort(word)) {
            Some(Err(reason)) => return self.notify_error(reason),
            Some(Ok(change)) => Some(change),
            None => None,
        };
        let Some(spec) = self.focused_spec().cloned() else {
            return self.notify_error("no list has the focus that could be sorted");
        };
        self.has_moved = true;
        let Some(list) = self.focused_list_mut() else { return };
        match change {
            None => list.sort_by_next(&spec),
            Some(SortChange::By(column)) => list.sort_by(&column),
            Some(SortChange::None) => list.unsort(),
            Some(SortChange::Reverse) => {
                if !list.reverse() {
                    return self.notify_error("the list has its own order; :sort COLUMN sorts it");
                }
            }
        }
        let order = list.sort.as_ref().map(|sort| {
            let direction = if sort.descending { "the greatest first" } else { "the smallest first" };
            format!("sorted by {}, {direction}", sort.column)
        });
        self.notify(order.unwrap_or_else(|| "the list has its own order".to_owned()));
    }

    /// Reads a filter of the rows of the list that has the focus.
    ///
    /// # Errors
    ///
    /// Fails if the filter is invalid. Without such a list any filter is valid.
    pub(crate) fn read_row_filter(&self, filter: &str) -> Result<(), FilterError> {
        self.row_scope().map_or(Ok(()), |scope| Filter::parse_for(filter, scope).map(drop))
    }

    /// Returns the scope of a filter of the rows of the list that has the focus.
    pub(crate) fn row_scope(&self) -> Option<Scope<'_>> {
        Some(Scope::List(&self.networks.active().description, self.narrowed_list()?))
    }

    /// Returns the filter of the rows of the list that has the focus.
    pub(crate) fn row_filter(&self) -> Option<&str> {
        self.networks.active().list(self.narrowed_list()?)?.filter.as_deref()
    }

    /// Whether rows of the list that has the focus are left out.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.row_filter().is_some()
    }

    /// Shows only the rows of the list that has the focus that match a filter. `None` shows all rows.
    pub(crate) fn narrow(&mut self, filter: Option<&str>) {
        let Some(list) = self.narrowed_list() else { return };
        if let Some(Err(error)) = filter.map(|filter| self.read_row_filter(filter)) {
            return self.notify_error(error.to_string());
        }
        self.apply_filter();
        self.set_row_filter(list, filter);
        if self.open_overlay().is_none() {
            self.focus_last_list();
        }
        self.notify(
            filter.map_or("all rows are shown".to_owned(), |filter| format!("only rows with {filter}")),
        );
    }

    /// Sets the filter of a list. Its rows are then fetched, even if the screen is frozen.
    pub(crate) fn set_row_filter(&mut self, list: ListId, filter: Option<&str>) {
        let Some(list) = self.networks.active_mut().list_mut(list) else { return };
        if list.filter.as_deref() != filter {
            list.set_filter(filter.map(Arc::from));
            self.has_moved = true;
        }
    }
}

/// Returns the columns that a table can show.
fn sortable(spec: &ListSpec) -> impl Iterator<Item = &Field> {
    spec.columns.iter().filter(|column| !column.is_only_open())
}
