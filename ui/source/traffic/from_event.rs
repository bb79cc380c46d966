//! Makes traffic rows from events.

use std::net::IpAddr;

use clacks_language::{command::target::IgnoreTarget, filter::domain::Type};
use clacks_p2p::{
    Address, DEFAULT_MAX_DEPTH, Message,
    core::{Discovery, Event, Failure, HeldBy, HeldMessage, Origin, Peer, QueuedMessage, Refusal},
};
use clacks_text::{charset::Charset, format, glyphs::glyphs};

use super::row::{Direction, Row, Tone, about, blank};

/// The row of an event, with `number` and `unix_ms` 0. `None` for events that repeat the content of another. The row's
/// own symbols are of `charset`; texts of peers stay as they are.
pub(crate) fn row(event: &Event, charset: Charset) -> Option<Row> {
    match event {
        Event::MessageReceived { peer, message, id, visits, remote, .. } => {
            Some(received(peer, message, id.is_some(), *visits).at(*remote))
        }
        Event::MessageQueued { message, origin: Origin::Local, .. } => {
            Some(own(message).ended("queued", Tone::Plain))
        }
        Event::MessageDelivered { peer, message, round_trip, .. } => {
            let outcome = format!("200 {}", format::round_trip(*round_trip));
            Some(sent(peer, message).ended(&outcome, Tone::Good))
        }
        Event::DeliveryFailed { peer, message, failure, .. } => {
            let row = sent(peer, message);
            Some(
                match failure {
                    Failure::NotContacted(_) => {
                        row.of(&[Type::Out, Type::Message, Type::Failed, Type::Refused])
                    }
                    _ => row.of(&[Type::Out, Type::Message, Type::Failed]),
                }
                .failed(failure),
            )
        }
        Event::MessageDropped { message, from, .. } => {
            let types: &[_] = match from {
                None => &[Type::Own, Type::Message, Type::Dropped],
                Some(_) => &[Type::Note, Type::Message, Type::Dropped],
            };
            Some(own_or_from(from.as_ref(), message).of(types).ended("dropped", Tone::Bad))
        }
        Event::MessageHeld { held, origin } => held_row(held, origin.as_ref()),
        Event::MessageReleased { queued, .. } => Some(of_queued(queued).ended("released", Tone::Plain)),
        Event::MessageRestored { queued, held, .. } => {
            let outcome = if held.is_some() { "held again" } else { "as before" };
            Some(of_queued(queued).ended(outcome, Tone::Plain))
        }
        Event::MessageChanged { queued, .. } => Some(of_queued(queued).ended("changed", Tone::Plain)),
        Event::HoldRuleChanged { rule: Some(rule) } => {
            Some(note(None).saying(format!("held from now on: {rule}")))
        }
        Event::HoldRuleChanged { rule: None } => Some(note(None).saying("nothing more is held by a rule")),
        Event::Refused(refusal) => Some(refused(refusal)),
        Event::Lagged(missed) => Some(note(None).saying(format!("{missed} events were missed"))),
        peer_event => peer_row(peer_event, charset),
    }
}

fn peer_row(event: &Event, charset: Charset) -> Option<Row> {
    let row = match event {
        Event::PeerDiscovered { peer, introduction, remote } => {
            let row = note_about(peer).at(*remote).saying(introduced(introduction));
            row.ended(&format::status(peer), Tone::Plain)
        }
        Event::PeerUpdated { peer, from } => {
            note_about(peer).saying(format!("{from} {} {}", glyphs(charset).becomes, format::status(peer)))
        }
        Event::ClaimConfirmed { peer } => {
            let row = note_about(peer).saying("answered us at its address");
            row.ended(&format::status(peer), Tone::Good)
        }
        Event::PeerForgotten { peer } => note_about(peer).saying("forgotten"),
        Event::AnnounceReceived { peer, remote } => {
            let row = about(Direction::In, &peer.address).with_status(peer).at(*remote);
            row.of(&[Type::In, Type::Announce]).saying("announce").ended("200", Tone::Plain)
        }
        Event::Announced { peer, round_trip } => {
            let outcome = format!("200 {}", format::round_trip(*round_trip));
            about(Direction::Out, peer)
                .of(&[Type::Out, Type::Announce])
                .saying("announce")
                .ended(&outcome, Tone::Good)
        }
        Event::AnnounceFailed { peer, failure } => {
            let types: &[_] = match failure {
                Failure::NotContacted(_) => &[Type::Out, Type::Announce, Type::Failed, Type::Refused],
                _ => &[Type::Out, Type::Announce, Type::Failed],
            };
            about(Direction::Out, peer).of(types).saying("announce").failed(failure)
        }
        Event::RemoteIgnored { remote } => note_of_remote(*remote, "ignored"),
        Event::RemoteUnignored { remote } => note_of_remote(*remote, "unignored"),
        Event::FoundOurselves { address } => note(Some(address)).saying("is this node itself"),
        _ => return None,
    };
    Some(row)
}

/// The row of a held message. There is none if the rule holds it from the queue, which can be all of the queue, or
/// after a failed delivery, which has its own row.
fn held_row(held: &HeldMessage, origin: Option<&Origin>) -> Option<Row> {
    let is_asked_for = held.by == HeldBy::Hand || matches!(origin, Some(Origin::Local));
    if held.by == HeldBy::Refused && matches!(origin, Some(Origin::Returned(_))) {
        return Some(of_queued(&held.queued).ended("set aside", Tone::Bad));
    }
    is_asked_for.then(|| of_queued(&held.queued).ended("held", Tone::Plain))
}

fn of_queued(queued: &QueuedMessage) -> Row {
    own_or_from(queued.from.as_ref(), &queued.message).at(queued.place)
}

/// A row about a local change of a message, written here or by a peer.
fn own_or_from(from: Option<&Address>, message: &Message) -> Row {
    match from {
        None => own(message),
        peer => note(peer).of(&[Type::Note, Type::Message]).with_message(message),
    }
}

fn own(message: &Message) -> Row {
    blank(Direction::Own).of(&[Type::Own, Type::Message]).with_message(message)
}

fn sent(peer: &Peer, message: &Message) -> Row {
    let row = about(Direction::Out, &peer.address).with_status(peer);
    row.of(&[Type::Out, Type::Message]).with_message(message)
}

/// A note about a peer, or about the node itself with `None`.
pub(crate) fn note(peer: Option<&Address>) -> Row {
    Row { peer: peer.cloned(), ..blank(Direction::Note) }.of(&[Type::Note])
}

/// A note about a remote address, in the words of the command and short enough for the message column.
fn note_of_remote(remote: IpAddr, outcome: &str) -> Row {
    note(None).saying(IgnoreTarget::Remote(remote).to_string()).ended(outcome, Tone::Plain)
}

fn note_about(peer: &Peer) -> Row {
    note(Some(&peer.address)).with_status(peer)
}

fn received(peer: &Peer, message: &Message, is_queued: bool, visits: u32) -> Row {
    let row = about(Direction::In, &peer.address).with_status(peer);
    let row = row.of(&[Type::In, Type::Message]).with_message(message);
    match visits {
        _ if !is_queued => row.ended("not queued", Tone::Plain),
        0 | 1 => row.ended("queued", Tone::Plain),
        visits => row.ended(&format!("visit {visits}"), Tone::Plain),
    }
}

fn refused(refusal: &Refusal) -> Row {
    let from = refusal.remote.map(|remote| format!(" (from {remote})")).unwrap_or_default();
    // Cut text is no JSON; it is shown as it is.
    let message = refusal.preview.as_deref().map(|preview| {
        Message::from_json(preview, DEFAULT_MAX_DEPTH).unwrap_or_else(|_| Message::text(preview))
    });
    let row = Row { peer: refusal.sender.clone(), message, ..blank(Direction::In) }.at(refusal.remote);
    let row = row.of(&[Type::In, Type::Refused]);
    row.saying(format!("{}{from}", refusal.reason)).ended(&format!("{} refused", refusal.status), Tone::Bad)
}

fn introduced(introduction: &Discovery) -> String {
    match introduction {
        Discovery::Manual => "added by hand".to_owned(),
        Discovery::Inbound => "made itself known".to_owned(),
        Discovery::Restored => "known again".to_owned(),
        Discovery::Announce => "accepted our announce".to_owned(),
        Discovery::Referral(by) => format!("friend of {by}"),
    }
}
