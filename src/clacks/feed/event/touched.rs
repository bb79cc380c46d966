//! The rows that events change.

use std::net::IpAddr;

use clacks_feed::{Key, description::ListId};
use clacks_p2p::{
    Address,
    core::{MessageId, Peer},
};

use crate::{
    description::{HELD, PEERS, QUEUE, REMOTES},
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
