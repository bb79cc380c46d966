//! The rows that events change.

use std::net::IpAddr;

use clacks_feed::{Key, description::ListId};
use clacks_p2p::{
    Address,
    core::{MessageId, Peer},
};

use crate::{
    description::{HELD, ORIGINS, PEERS, PLUGINS, QUEUE, REMOTES},
    rows::{message_key, peer_key},
};

pub(super) fn of_peer(peer: &Peer) -> (ListId, Key) {
    at_address(&peer.address)
}

pub(super) fn at_address(address: &Address) -> (ListId, Key) {
    (PEERS, peer_key(address))
}

pub(super) fn queued(id: MessageId) -> (ListId, Key) {
    (QUEUE, message_key(id))
}

pub(super) fn held(id: MessageId) -> (ListId, Key) {
    (HELD, message_key(id))
}

pub(super) fn remote_row(remote: IpAddr) -> (ListId, Key) {
    (REMOTES, remote.to_string().into())
}

/// The row of the address that a message came from. `place` is its rate-limit key.
pub(super) fn origin(place: Option<IpAddr>) -> Option<(ListId, Key)> {
    place.map(|place| (ORIGINS, place.to_string().into()))
}

/// The row of a plugin.
pub(super) fn plugin_row(name: &str) -> (ListId, Key) {
    (PLUGINS, name.to_owned().into())
}
