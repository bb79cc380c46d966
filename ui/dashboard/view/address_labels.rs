//! Addresses fitted to a column width and made distinguishable.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use clacks_p2p::Address;
use clacks_text::{charset::Charset, fit::fit_address, glyphs::glyphs};

use crate::{
    model::Model,
    state::{layout::Pane, typed::address_of},
};

/// The labels of the addresses in a pane.
#[derive(Debug, Default)]
pub(crate) struct AddressLabels {
    columns: usize,
    charset: Charset,
    /// Labels of the addresses that would look like another visible address, by address.
    disambiguated: HashMap<String, String>,
}

impl AddressLabels {
    /// Creates labels of `columns` columns. `addresses` are the visible addresses.
    pub(crate) fn new<'a>(
        addresses: impl IntoIterator<Item = &'a Address>,
        columns: usize,
        charset: Charset,
    ) -> Self {
        let mut special = HashMap::new();
        for group in lookalike_groups(addresses.into_iter().collect(), |address| {
            fit_address(address, columns, charset)
        }) {
            let from = common_prefix_len(&group);
            let cut = |address: &Address| fit_difference(address, columns, from, charset);
            special.extend(group.iter().map(|address| (address.to_string(), cut(address))));
            for (address, number) in
                lookalike_groups(group, cut).into_iter().flat_map(|group| group.into_iter().zip(1..))
            {
                let mark = format!("!{number} ");
                let room = columns.saturating_sub(mark.len());
                special.insert(address.to_string(), format!("{mark}{}", fit_address(address, room, charset)));
            }
        }
        Self { columns, charset, disambiguated: special }
    }

    /// Creates labels for the addresses that are visible now, in the peer list and in the traffic.
    pub(crate) fn on_screen(model: &Model, columns: usize, charset: Charset) -> Self {
        let list = model.list_of(Pane::Peers).and_then(|list| model.networks.active().list(list));
        let peers: Vec<Address> = list
            .iter()
            .flat_map(|list| list.visible(model.height(Pane::Peers)).0)
            .filter_map(address_of)
            .collect();
        let top = model.log_top();
        let rows = (top..top + model.height(Pane::Traffic)).map_while(|at| model.log.at(at));
        Self::new(peers.iter().chain(rows.filter_map(|row| row.peer.as_ref())), columns, charset)
    }

    /// Returns the label of an address, in exactly the configured columns.
    pub(crate) fn fit(&self, address: &Address) -> String {
        let name =
            if self.disambiguated.is_empty() { None } else { self.disambiguated.get(&address.to_string()) };
        let name = name.cloned().unwrap_or_else(|| fit_address(address, self.columns, self.charset));
        // The mark alone can be too wide.
        name.chars().take(self.columns).collect()
    }
}

/// Groups the addresses whose labels look alike.
fn lookalike_groups(
    addresses: BTreeSet<&Address>,
    written: impl Fn(&Address) -> String,
) -> Vec<BTreeSet<&Address>> {
    let mut groups: BTreeMap<String, BTreeSet<&Address>> = BTreeMap::new();
    for address in addresses {
        groups.entry(skeleton(&written(address))).or_default().insert(address);
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

/// Returns the length of the common prefix, in bytes.
fn common_prefix_len(addresses: &BTreeSet<&Address>) -> usize {
    let mut texts = addresses.iter().map(ToString::to_string);
    let Some(first) = texts.next() else { return 0 };
    let common =
        |text: String| first.bytes().zip(text.bytes()).take_while(|(one, other)| one == other).count();
    texts.map(common).min().unwrap_or(0)
}

/// Fits an address into `columns` columns and keeps the part after the first `from` bytes, because there it differs.
fn fit_difference(address: &Address, columns: usize, from: usize, charset: Charset) -> String {
    let text = address.to_string();
    let port = format!(":{}", address.port());
    let host = &text[..text.len() - port.len()];
    let room = columns.saturating_sub(port.len() + 1);
    if text.len() <= columns || room == 0 || from >= host.len() {
        return fit_address(address, columns, charset);
    }
    // Include up to two bytes of the difference.
    let head = (from + 2).min(host.len()).min(room);
    let cut = glyphs(charset).cut;
    if from < room {
        return format!("{}{cut}{}{port}", &host[..head], &host[host.len() - (room - head)..]);
    }
    let start = from.saturating_sub(2).min(host.len().saturating_sub(room));
    format!("{cut}{}{port}", &host[start..(start + room).min(host.len())])
}

/// Replaces characters that look alike by one of them. Two names with the same skeleton are confusable. A hostname is
/// ASCII.
fn skeleton(name: &str) -> String {
    let name = name.to_ascii_lowercase().replace("rn", "m").replace("vv", "w").replace("cl", "d");
    let alike = |c| match c {
        '0' => 'o',
        '1' | 'i' => 'l',
        '2' => 'z',
        '5' => 's',
        '8' => 'b',
        '_' => '-',
        c => c,
    };
    name.chars().map(alike).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(name: &str) -> Address {
        Address::new(name, 8080).unwrap()
    }

    fn names(names: &[&str], columns: usize) -> Vec<String> {
        let addresses: Vec<_> = names.iter().map(|name| address(name)).collect();
        let names = AddressLabels::new(&addresses, columns, Charset::Unicode);
        addresses.iter().map(|address| names.fit(address)).collect()
    }

    #[test]
    fn a_label_is_cut_in_the_middle_and_keeps_the_port() {
        let cut = |columns| names(&["a-very-long-name.of.a.node.example.org"], columns).remove(0);
        assert_eq!(cut(28), "a-very-long-na\u{2026}mple.org:8080");
        assert_eq!(cut(12), "a-ve\u{2026}rg:8080");
        assert_eq!(cut(7), "a\u{2026}:8080");
        assert_eq!(cut(50).trim_end(), "a-very-long-name.of.a.node.example.org:8080");
    }

    #[test]
    fn confusable_labels_on_one_screen_are_distinguished() {
        let long = format!("tower.example.org.{}.evil.invalid", "a".repeat(40));
        for (hosts, columns) in [
            (vec!["tower.example.org", "tower.examp1e.org", "tower.exarnple.org"], 28),
            (vec!["tower.example.org", "tower.examp1e.org", &long], 17),
            (vec!["tower-a.north.example.org", "tower-b.north.example.org"], 15),
            (vec!["clacks.example", "dacks.example"], 28),
            (vec!["tower-one", "tower-0ne", "tower_one"], 9),
        ] {
            let shown = names(&hosts, columns);
            let distinct: BTreeSet<_> = shown.iter().map(|name| skeleton(name)).collect();
            assert_eq!(distinct.len(), hosts.len(), "{shown:?}");
            assert!(shown.iter().all(|name| name.chars().count() == columns), "{shown:?}");
        }
    }

    #[test]
    fn a_cut_label_keeps_the_part_that_differs() {
        let hosts = ["tower-1.north.example.org", "tower-2.north.example.org", "quirm"];
        assert_eq!(names(&hosts, 13), ["tower-1\u{2026}:8080", "tower-2\u{2026}:8080", "quirm:8080   "]);
        let hosts = ["a.very.long.name.north.example.org", "a.very.long.name.south.example.org"];
        assert_eq!(names(&hosts, 15), ["\u{2026}e.north.e:8080", "\u{2026}e.south.e:8080"]);
    }

    #[test]
    fn distinct_labels_have_no_mark() {
        let shown = names(&["tower-1.example.org", "tower-2.example.org", "quirm.example.org"], 28);
        assert!(shown.iter().all(|name| !name.contains('!')), "{shown:?}");
        let again = names(&["tower.example.org", "tower.example.org", "TOWER.example.org"], 12);
        assert!(again.iter().all(|name| !name.contains('!')), "one node is not two: {again:?}");
    }
}
