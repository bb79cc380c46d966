use std::net::IpAddr;

use clacks_feed::{Key, Touched, description::ListId};
use clacks_p2p::{
    Address,
    core::{Event, MessageId, Peer},
};

use crate::{
    description::{HELD, PEERS, QUEUE, REMOTES},
    rows::{message_key, peer_key},
};

/// The rows that an event changed, added or removed.
pub(super) fn touched(event: &Event) -> Touched {
    match event {
        Event::MessageReceived { peer, .. }
        | Event::PeerDiscovered { peer, .. }
        | Event::PeerUpdated { peer, .. }
        | Event::PeerChanged { peer }
        | Event::ClaimConfirmed { peer }
        | Event::PeerForgotten { peer }
        | Event::AnnounceReceived { peer, .. } => Touched::rows([of_peer(peer)]),
        Event::MessageQueued { id, .. } => Touched::rows([queued(*id)]),
        Event::MessageSending { id, peer, .. }
        | Event::MessageDelivered { id, peer, .. }
        | Event::DeliveryFailed { id, peer, .. } => Touched::rows([queued(*id), of_peer(peer)]),
        Event::MessageDropped { id, .. } => Touched::rows([queued(*id), held(*id)]),
        Event::MessageHeld { held: message, .. } => {
            let id = message.queued.id;
            Touched::rows([queued(id), held(id)])
        }
        Event::MessageReleased { was, queued: message } => Touched::rows([held(*was), queued(message.id)]),
        Event::MessageChanged { queued: message, .. } => {
            Touched::rows([queued(message.id), held(message.id)])
        }
        Event::MessageRestored { was, queued: message, .. } => {
            let was = was.map(|was| [queued(was), held(was)]);
            let now = [queued(message.id), held(message.id)];
            Touched::rows(now.into_iter().chain(was.into_iter().flatten()))
        }
        Event::Announced { peer, .. } | Event::AnnounceFailed { peer, .. } => Touched::rows([at(peer)]),
        Event::FoundOurselves { address } => Touched::rows([at(address)]),
        Event::RemoteIgnored { remote } | Event::RemoteUnignored { remote } => {
            Touched::rows([of_remote(*remote)])
        }
        _ => Touched::default(),
    }
}

fn of_peer(peer: &Peer) -> (ListId, Key) {
    at(&peer.address)
}

fn at(address: &Address) -> (ListId, Key) {
    (PEERS, peer_key(address))
}

fn queued(id: MessageId) -> (ListId, Key) {
    (QUEUE, message_key(id))
}

fn held(id: MessageId) -> (ListId, Key) {
    (HELD, message_key(id))
}

fn of_remote(remote: IpAddr) -> (ListId, Key) {
    (REMOTES, remote.to_string().into())
}
