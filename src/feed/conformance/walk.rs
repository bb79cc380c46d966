use std::collections::BTreeMap;

use crate::{
    Anchor, Key, Network, Row, Value, Window,
    description::{Kind, ListId},
};

/// Rows that are read at once.
const PORTION: u16 = 150;

/// All rows of all lists, in order.
pub type Contents = BTreeMap<ListId, Vec<Row>>;

/// Reads a list from its first to its last row. `under`: only the rows of this item of the list above.
pub fn walk(network: &dyn Network, list: ListId, under: Option<&Key>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let at = rows.last().map_or(Anchor::First, |last| Anchor::At(last.order.clone(), last.key.clone()));
        let window = Window { under: under.cloned(), ..Window::new(list, at, 0, PORTION) };
        let page = network.page(&window);
        let skipped = usize::from(!rows.is_empty());
        let is_end = page.rows.len() < usize::from(PORTION);
        rows.extend(page.rows.into_iter().skip(skipped));
        if is_end {
            return rows;
        }
    }
}

/// All rows of all lists.
pub fn contents(network: &dyn Network) -> Contents {
    network.description().lists().map(|(id, _)| (id, walk(network, id, None))).collect()
}

/// The gauges whose values do not change by themselves.
pub(super) fn steady_gauges(network: &dyn Network) -> Vec<Value> {
    let gauges = &network.description().gauges;
    let is_steady = |kind: &Kind| !matches!(kind, Kind::Rate | Kind::BytesRate);
    let values = gauges.iter().zip(network.gauges());
    values.filter(|(gauge, _)| is_steady(&gauge.kind)).map(|(_, value)| value).collect()
}
