//! The addresses of simulated nodes.

use std::num::NonZeroU16;

use crate::protocol::Address;

/// Number of nodes with the same hostname. They differ by port.
const NODES_PER_HOST: u32 = 50_000;

/// The addresses of all nodes. Nodes share them, so that each exists once in memory.
#[derive(Debug)]
pub(super) struct Addresses(Vec<Address>);

impl Addresses {
    pub(super) fn of(nodes: u32) -> Self {
        let hosts = 0..nodes.div_ceil(NODES_PER_HOST);
        // A name with letters, because a number would be read as an IP address.
        let host = |number| Address::new(&format!("host{number}"), 1).ok();
        let ports = || (0..NODES_PER_HOST).map(|port| NonZeroU16::MIN.saturating_add(port as u16));
        let all = hosts.filter_map(host).flat_map(|host| ports().map(move |port| host.with_port(port)));
        Self(all.take(nodes as usize).collect())
    }

    /// The address of an existing node.
    pub(super) fn of_node(&self, node: u32) -> Address {
        self.0[node as usize].clone()
    }

    /// The node with this address; `None` for a made-up address.
    pub(super) fn node(address: &Address) -> Option<u32> {
        let host: u32 = address.hostname().strip_prefix("host")?.parse().ok()?;
        Some(host * NODES_PER_HOST + u32::from(address.port()) - 1)
    }

    /// An address that no node has.
    pub(super) fn made_up(number: u64) -> Option<Address> {
        Address::new(&format!("nobody-{number}"), 1).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_simulated_node_is_found_by_its_address() {
        let addresses = Addresses::of(120_001);
        for node in [0, 1, 49_999, 50_000, 99_999, 120_000] {
            assert_eq!(Addresses::node(&addresses.of_node(node)), Some(node));
        }
        assert_eq!(Addresses::node(&Addresses::made_up(7).unwrap()), None);
    }
}
