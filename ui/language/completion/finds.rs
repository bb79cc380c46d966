//! The searches that a slot needs.

use clacks_feed::{
    Find, Text,
    description::{Description, ListId, Role, Takes},
    filter::Values,
};

use super::slot::{Slot, WordAtCursor};

/// The searches for the items that fit at the cursor, each list once.
pub(crate) fn finds(written: &WordAtCursor<'_>, network: &Description) -> Vec<Find> {
    let typed = written.typed.trim_start_matches('"');
    let find = |list, only: &[_], typed: &str| Find { list, only: only.to_vec(), typed: Text::new(typed) };
    match &written.slot {
        Slot::Takes { takes, .. } => {
            let finds = takes.iter().filter_map(|takes| match takes {
                Takes::Item { list, only } => Some(find(network.list_id(list.as_str())?, only, typed)),
                Takes::Remote { list: Some(list) } => {
                    let address = typed.get("ip:".len()..).unwrap_or_default();
                    Some(find(network.list_id(list.as_str())?, &[], address))
                }
                _ => None,
            });
            finds.collect()
        }
        Slot::Value(values) => {
            of_values(values, network).into_iter().map(|list| find(list, &[], typed)).collect()
        }
        _ => Vec::new(),
    }
}

/// The lists whose keys a field of a filter is compared with.
pub(crate) fn of_values(values: &Values, network: &Description) -> Vec<ListId> {
    match values {
        Values::Peers => {
            let lists = network.lists().filter(|(_, list)| list.role == Role::Peers);
            lists.map(|(list, _)| list).collect()
        }
        Values::Items(list) => network.list_id(list.as_str()).into_iter().collect(),
        Values::Words(_) | Values::Text | Values::Number => Vec::new(),
    }
}
