use std::{net::IpAddr, time::Duration};

use clacks_feed::{
    Direction::{self, In, Note, Out, Own},
    Line, Statuses, Text, Types, Value,
    description::Tone,
};
use clacks_p2p::{
    Address, Message,
    core::{Discovery, Event, Failure, HeldBy, HeldMessage, MessageId, Origin, Peer, QueuedMessage, Refusal},
};

use crate::{
    description::{CLAIMED, HELD, QUEUE, Type, status_id},
    rows::{message_key, peer_key},
};

/// The line of an event. `None` for events that only change rows or repeat another event.
pub(super) fn line(event: &Event) -> Option<Line> {
    match event {
        Event::MessageReceived { peer, message, id, held, visits, remote } => {
            let line = about(In, &[Type::In, Type::Message], peer).of(message, *id).with_remote(*remote);
            let line = line.in_list(held.is_some());
            let outcome = match (id, held) {
                (None, _) => "not queued",
                (Some(_), None) => "queued",
                (Some(_), Some(_)) => "held",
            };
            // A message that was not queued has not been here.
            let visits = if *visits > 0 { Value::Count((*visits).into()) } else { Value::None };
            Some(line.ended(outcome, Tone::Plain).with([visits]))
        }
        Event::MessageQueued { id, message, origin: Origin::Local, .. } => {
            Some(own(message, Some(*id)).ended("queued", Tone::Plain))
        }
        Event::MessageDelivered { id, peer, message, round_trip } => {
            let line = about(Out, &[Type::Out, Type::Message], peer).of(message, Some(*id));
            Some(line.ended("delivered", Tone::Good).with(accepted(*round_trip)))
        }
        Event::DeliveryFailed { id, peer, message, failure } => {
            let types: &[_] = &[Type::Out, Type::Message, Type::Failed];
            Some(about(Out, types, peer).of(message, Some(*id)).failed(failure))
        }
        Event::MessageDropped { id, message, from } => {
            let line = own_or_from(from.as_ref(), message, Some(*id));
            let types =
                Types::of([Type::Message.into(), Type::Dropped.into(), direction_type(from.as_ref())]);
            Some(Line { types, ..line }.ended("dropped", Tone::Bad))
        }
        Event::MessageHeld { held, origin } => held_line(held, origin.as_ref()),
        Event::MessageReleased { queued, .. } => Some(waiting(queued).ended("released", Tone::Plain)),
        Event::MessageChanged { queued, held, .. } => {
            Some(waiting(queued).in_list(held.is_some()).ended("changed", Tone::Plain))
        }
        Event::MessageRestored { queued, held, .. } => {
            let outcome = if held.is_some() { "held again" } else { "as before" };
            Some(waiting(queued).in_list(held.is_some()).ended(outcome, Tone::Plain))
        }
        Event::HoldRuleChanged { rule: Some(rule) } => {
            Some(note(None).saying(format!("held from now on: {rule}")))
        }
        Event::HoldRuleChanged { rule: None } => Some(note(None).saying("nothing more is held by a filter")),
        Event::Refused(refusal) => Some(refused(refusal)),
        Event::Lagged(missed) => Some(note(None).saying(format!("{missed} events were missed"))),
        Event::SendRateChanged { rate } => Some(
            note(None).saying("the maximum of messages a second was changed").with([Value::Number(*rate)]),
        ),
        event => peer_line(event),
    }
}

fn peer_line(event: &Event) -> Option<Line> {
    let line = match event {
        Event::PeerDiscovered { peer, introduction, remote } => {
            let line = about(Note, &[Type::Note], peer).with_remote(*remote).saying(discovered(introduction));
            let of = if let Discovery::Referral(of) = introduction {
                Value::Ref(peer_key(of))
            } else {
                Value::None
            };
            line.ended(status_name(peer), Tone::New).with([of])
        }
        Event::PeerUpdated { peer, from } => {
            let line = about(Note, &[Type::Note], peer).saying("status changed");
            let was = Value::Status(Statuses::only(status_id(*from)));
            line.ended(status_name(peer), Tone::Plain).with([was])
        }
        Event::ClaimConfirmed { peer } => {
            let line = about(Note, &[Type::Note], peer).saying("answered us at its address");
            line.ended(status_name(peer), Tone::Good)
        }
        Event::PeerForgotten { peer } => about(Note, &[Type::Note], peer).saying("forgotten"),
        Event::AnnounceReceived { peer, remote } => {
            let line = about(In, &[Type::In, Type::Announce], peer).with_remote(*remote).saying("announce");
            line.ended("accepted", Tone::Plain).with([Value::Count(200)])
        }
        Event::Announced { peer, round_trip } => {
            let line = at(Out, &[Type::Out, Type::Announce], peer).saying("announce");
            line.ended("accepted", Tone::Good).with(accepted(*round_trip))
        }
        Event::AnnounceFailed { peer, failure } => {
            at(Out, &[Type::Out, Type::Announce, Type::Failed], peer).saying("announce").failed(failure)
        }
        Event::RemoteIgnored { remote } => of_remote(*remote).ended("ignored", Tone::Plain),
        Event::RemoteUnignored { remote } => of_remote(*remote).ended("unignored", Tone::Plain),
        Event::FoundOurselves { address } => note(Some(address)).saying("is this node itself"),
        _ => return None,
    };
    Some(line)
}

/// The line of a held message. There is none if the rule holds it from the queue, which can be all of the queue, or
/// after it was received or a delivery failed, which have their own lines.
fn held_line(held: &HeldMessage, origin: Option<&Origin>) -> Option<Line> {
    let line = || waiting(&held.queued).in_list(true);
    if held.by == HeldBy::Refused && matches!(origin, Some(Origin::Returned(_))) {
        return Some(line().ended("set aside", Tone::Bad));
    }
    let is_shown = held.by == HeldBy::Hand || matches!(origin, Some(Origin::Local));
    is_shown.then(|| line().ended("held", Tone::Plain))
}

fn refused(refusal: &Refusal) -> Line {
    let line = Line {
        peer: refusal.sender.as_ref().map(peer_key),
        text: refusal.preview.as_deref().map(Text::new),
        ..blank(In, &[Type::In, Type::Refused])
    };
    let http = Value::Count(refusal.status.into());
    line.with_remote(refusal.remote).saying(refusal.reason.as_str()).ended("refused", Tone::Bad).with([http])
}

fn discovered(introduction: &Discovery) -> &'static str {
    match introduction {
        Discovery::Manual => "added by hand",
        Discovery::Inbound => "made itself known",
        Discovery::Restored => "known again",
        Discovery::Announce => "accepted our announce",
        Discovery::Referral(_) => "named",
    }
}

fn status_name(peer: &Peer) -> &'static str {
    if peer.is_unverified() { "claimed" } else { peer.status.name() }
}

/// The values of an accepted request: its duration and its HTTP status.
fn accepted(took: Duration) -> [Value; 2] {
    [Value::Took(took), Value::Count(200)]
}

// === Lines ===

fn blank(direction: Direction, types: &[Type]) -> Line {
    Line { direction, types: Types::of(types.iter().map(|of| (*of).into())), ..Line::default() }
}

fn at(direction: Direction, types: &[Type], peer: &Address) -> Line {
    Line { peer: Some(peer_key(peer)), ..blank(direction, types) }
}

fn about(direction: Direction, types: &[Type], peer: &Peer) -> Line {
    let statuses = Statuses::only(status_id(peer.status));
    let status = if peer.is_unverified() { statuses.with(CLAIMED) } else { statuses };
    Line { status, ..at(direction, types, &peer.address) }
}

fn note(peer: Option<&Address>) -> Line {
    Line { peer: peer.map(peer_key), ..blank(Note, &[Type::Note]) }
}

fn of_remote(remote: IpAddr) -> Line {
    note(None).with_remote(Some(remote)).saying(format!("connections from {remote}"))
}

fn own(message: &Message, id: Option<MessageId>) -> Line {
    blank(Own, &[Type::Own, Type::Message]).of(message, id)
}

/// A line about a change of a message here, which the user wrote or a peer sent.
fn own_or_from(from: Option<&Address>, message: &Message, id: Option<MessageId>) -> Line {
    match from {
        None => own(message, id),
        Some(from) => at(Note, &[Type::Note, Type::Message], from).of(message, id),
    }
}

fn direction_type(from: Option<&Address>) -> clacks_feed::description::TypeId {
    if from.is_some() { Type::Note } else { Type::Own }.into()
}

fn waiting(queued: &QueuedMessage) -> Line {
    own_or_from(queued.from.as_ref(), &queued.message, Some(queued.id)).with_remote(queued.place)
}

/// Parts of a line.
trait Build {
    fn of(self, message: &Message, id: Option<MessageId>) -> Self;
    fn in_list(self, is_held: bool) -> Self;
    fn with_remote(self, remote: Option<IpAddr>) -> Self;
    fn saying(self, what: impl Into<Text>) -> Self;
    fn ended(self, outcome: &'static str, tone: Tone) -> Self;
    fn with(self, values: impl IntoIterator<Item = Value>) -> Self;
    fn failed(self, failure: &Failure) -> Self;
}

impl Build for Line {
    fn of(self, message: &Message, id: Option<MessageId>) -> Self {
        let item = id.map(|id| (QUEUE, message_key(id)));
        Self { text: Some(message.shared_text().into()), item, ..self }
    }

    /// The item is a held message.
    fn in_list(self, is_held: bool) -> Self {
        let list = if is_held { HELD } else { QUEUE };
        Self { item: self.item.map(|(_, key)| (list, key)), ..self }
    }

    fn with_remote(self, remote: Option<IpAddr>) -> Self {
        Self { remote, ..self }
    }

    fn saying(self, what: impl Into<Text>) -> Self {
        Self { what: what.into(), ..self }
    }

    fn ended(self, outcome: &'static str, tone: Tone) -> Self {
        Self { outcome: outcome.into(), tone, ..self }
    }

    fn with(self, values: impl IntoIterator<Item = Value>) -> Self {
        Self { values: values.into_iter().collect(), ..self }
    }

    fn failed(self, failure: &Failure) -> Self {
        let whole = match failure {
            Failure::CertificateChanged { pinned, presented } => {
                format!("certificate changed from {pinned} to {presented}; :trust HOST:PORT accepts it")
            }
            failure => failure.to_string(),
        };
        let what = self.what.untrusted();
        let what = if what.is_empty() { whole } else { format!("{what}: {whole}") };
        let http =
            if let Failure::Status(status) = failure { Value::Count((*status).into()) } else { Value::None };
        // Whether a peer was contacted is what `type:refused` tells apart.
        let not_tried = Types::of([Type::Refused.into()]).0;
        let is_tried = !matches!(failure, Failure::NotContacted(_));
        let types = Types(self.types.0 | if is_tried { 0 } else { not_tried });
        Self { types, ..self }.saying(what).ended(brief(failure), Tone::Bad).with([Value::None, http])
    }
}

/// A failure in a word or two. "Refused" means a request that a node refused, so a failed connection is "unreachable".
fn brief(failure: &Failure) -> &'static str {
    match failure {
        Failure::Status(_) => "refused",
        Failure::TimedOut => "no answer",
        Failure::NotContacted(_) | Failure::NoResources => "not tried",
        Failure::CertificateChanged { .. } => "certificate!",
        Failure::Connection(reason) if BROKEN.iter().any(|word| reason.contains(word)) => "disconnected",
        Failure::Connection(_) => "unreachable",
        Failure::NoRoom => "no room",
        Failure::Stopped => "stopped",
        _ => "failed",
    }
}

/// Words of the system for a connection that existed and broke.
const BROKEN: [&str; 5] = ["reset", "closed", "broke", "aborted", "ended"];
