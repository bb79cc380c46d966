use clacks_feed::{Key, Touched, description::ListId};
use clacks_peercloud::{
    Id,
    core::{Event, SendKind, Visitor},
};

use crate::{
    description::{DOOR, MEMBERS, REPLIES, REQUESTS},
    rows::{door_key, member_key, message_key, reply_key},
};

/// The rows that an event changed, added or removed.
pub(super) fn touched(event: &Event) -> Touched {
    match event {
        Event::MemberAdded { member, .. }
        | Event::MemberUpdated { member }
        | Event::MemberRemoved { member, .. }
        | Event::DoesNotKnowUs { member }
        | Event::ClockOff { member, .. }
        | Event::Checked { member, .. }
        | Event::CheckedBy { member } => Touched::rows([of_member(&member.id)]),
        Event::MemberChanged { id } => Touched::rows([of_member(id)]),
        Event::MessageReceived { number, member, .. } => {
            Touched::rows([message(*number), of_member(&member.id)])
        }
        Event::Sent { id, kind: SendKind::Message, receivers, .. } => {
            let number = id.number();
            let of_receivers = receivers.iter().flat_map(|id| [reply(number, id), of_member(id)]);
            Touched::rows([message(number)].into_iter().chain(of_receivers))
        }
        Event::Replied { id, kind, reply: of } => {
            let number = id.number();
            let rows = [message(number), reply(number, &of.member.id)];
            let rows = rows.into_iter().filter(|_| *kind == SendKind::Message);
            Touched::rows(rows.chain([of_member(&of.member.id)]))
        }
        Event::Replies { id, kind: SendKind::Message, .. } => Touched::rows([message(id.number())]),
        Event::Refused { from, .. } => Touched::rows([visitor(Visitor::address_of(*from))]),
        Event::Forgotten { messages, addresses } => {
            let messages = messages.iter().map(|number| message(*number));
            Touched::rows(messages.chain(addresses.iter().map(|address| visitor(*address))))
        }
        Event::DataChanged { .. } | Event::ReplyChanged { .. } | Event::CheckIntervalChanged { .. } => {
            Touched { settings: true, ..Touched::default() }
        }
        _ => Touched::default(),
    }
}

fn of_member(id: &Id) -> (ListId, Key) {
    (MEMBERS, member_key(id))
}

fn message(number: u64) -> (ListId, Key) {
    (REQUESTS, message_key(number))
}

fn reply(message: u64, id: &Id) -> (ListId, Key) {
    (REPLIES, reply_key(message, id))
}

fn visitor(address: std::net::IpAddr) -> (ListId, Key) {
    (DOOR, door_key(address))
}
