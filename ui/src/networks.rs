//! The networks that the program knows: one function each, which makes a node a network of the feed.

use std::sync::Arc;

use clacks_dashboard::keymap::user::UserKeys;
use clacks_feed::{Call, Network, Run, filter::FilterError};
use clacks_language::{
    command::Command,
    saved_filter::Stations,
    traffic_filter::{FilterNetworks, FilterText},
};
use clacks_p2p::Node;
use clacks_p2p_feed::{ClacksNetwork, description::describe};
use clacks_panes::NetworkPanes;
use clacks_peercloud_feed::PeercloudNetwork;
use serde::{Deserialize, Deserializer, de::Error};

use crate::peer_list::PeerLists;

/// What only a node of clacks has, for the interfaces: its own types and its lists of peers.
#[derive(Debug, Clone)]
pub(crate) struct Clacks {
    pub(crate) node: Node,
    pub(crate) peer_lists: PeerLists,
}

/// A node of clacks. Call it within the runtime of the node.
pub(crate) fn clacks(node: &Node) -> Arc<ClacksNetwork> {
    ClacksNetwork::new(node, Run(rand::random()))
}

/// Maximum number of origins of messages in an answer.
pub(crate) const MOST_ORIGINS: usize = 10;

/// A node of peercloud. Call it within the runtime of the node.
pub(crate) fn peercloud(node: &clacks_peercloud::Node) -> Arc<dyn Network> {
    PeercloudNetwork::new(node, Run(rand::random()))
}

/// The pictures and pages of each network: one line each.
pub(crate) fn panes() -> Vec<NetworkPanes> {
    vec![clacks_p2p_panes::panes(), clacks_peercloud_panes::panes()]
}

/// All networks, for filters and keys that are read before a node starts.
pub(crate) fn all() -> FilterNetworks {
    let node = || "this node".into();
    FilterNetworks::new([
        Arc::new(describe(node())),
        Arc::new(clacks_peercloud_feed::description::describe(node())),
    ])
}

/// The reason for refusing a line that is no command, if the network has no such lines.
pub(crate) const NO_TEXTS: &str = "this network sends no texts";

/// The call of a line. `None` if it is no command and the network has no such lines, or if it is for the interface.
pub(crate) fn call(network: &dyn Network, command: &Command) -> Option<Call> {
    match command {
        Command::Say(text) => {
            let says = network.description().says.clone()?;
            Some(Call::new(network.run(), says, &**text))
        }
        Command::Node(command) => Some(command.call(network.run())),
        Command::View(_) => None,
    }
}

/// Whether a call waits for other nodes: until they answer, or until a time-out.
pub(crate) fn waits_for_another_node(call: &Call) -> bool {
    ["announce", "check", "join", "leave", "stop"].iter().any(|name| call.command == *name)
}

/// Whether the lines behind this call in a pipe are for what comes of it: a message behind `:join` is for the cloud that
/// the node joins.
pub(crate) fn holds_up_the_next_line(call: &Call) -> bool {
    call.command == "join" || call.command == "leave"
}

// === Filters of options and of the configuration file ===

/// Reads a filter that a network can match.
pub(crate) fn filter(text: &str) -> Result<FilterText, FilterError> {
    let filter = text.parse()?;
    all().read(&filter)?;
    Ok(filter)
}

/// Reads a filter of the configuration file.
pub(crate) fn read_filter<'de, D: Deserializer<'de>>(source: D) -> Result<Option<FilterText>, D::Error> {
    filter(&String::deserialize(source)?).map(Some).map_err(D::Error::custom)
}

/// Reads the stations of the configuration file.
pub(crate) fn read_stations<'de, D: Deserializer<'de>>(source: D) -> Result<Stations, D::Error> {
    let stations = Stations::deserialize(source)?;
    match stations.first_error(&all()) {
        Some((number, error)) => Err(D::Error::custom(format!("station {number}: {error}"))),
        None => Ok(stations),
    }
}

/// Reads the keys of the configuration file.
pub(crate) fn read_keys<'de, D: Deserializer<'de>>(source: D) -> Result<UserKeys, D::Error> {
    UserKeys::read(source, all().descriptions())
}
