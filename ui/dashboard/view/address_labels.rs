//! Names of peers fitted to a column, so that two that are visible at the same time never look alike.

use clacks_text::{charset::Charset, value::Labels};

use crate::{
    model::Model,
    state::{layout::Pane, list::text_of},
};

/// Returns labels of `columns` columns for the names that are visible now, in the list of peers and in the traffic.
pub(crate) fn on_screen(model: &Model, columns: usize, charset: Charset) -> Labels {
    let list = model.list_of(Pane::Peers).and_then(|list| model.networks.active().list(list));
    let rows = list.iter().flat_map(|list| list.visible(model.height(Pane::Peers)).0);
    let peers = rows.filter_map(|row| Some(text_of(row.cells.first()?)?.untrusted()));
    Labels::new(peers.chain(in_traffic(model)), columns, charset)
}

/// Returns the names of the peers in the visible traffic.
pub(crate) fn in_traffic(model: &Model) -> impl Iterator<Item = &str> {
    let top = model.log_top();
    let rows = (top..top + model.height(Pane::Traffic)).map_while(|at| model.log.at(at));
    rows.filter_map(|row| model.networks.peer_name(row))
}
