use std::{net::IpAddr, time::Duration};

use clacks_feed::{
    Direction::{self, In, Note, Out, Own},
    Line, Text, Types, Value,
    description::Tone,
};
use clacks_peercloud::{
    Id, Json,
    core::{Event, Failure, Refusal, Removal, Reply, SendKind, Source},
    protocol::Record,
};

use crate::{
    description::{REQUESTS, Type},
    rows::{member_key, message_key},
};

/// The line of an event. `None` for events that only change rows or repeat another event.
pub(super) fn line(event: &Event) -> Option<Line> {
    let line = match event {
        Event::MessageReceived { number, member, message, reply } => {
            let line = about(In, &[Type::In, Type::Message], member).of_message(*number).with_text(message);
            match reply {
                Some(_) => line.ended("answered", Tone::Plain),
                None => line.ended("not answered", Tone::Bad),
            }
        }
        Event::Sent { id, kind: SendKind::Message, body, receivers, is_broadcast } => {
            let receiver = receivers.first().filter(|_| !is_broadcast);
            let line = blank(Own, &[Type::Own, Type::Message]).of_message(id.number()).with_text(body);
            let line = Line { peer: receiver.map(member_key), ..line };
            line.ended("sent", Tone::Plain).with([count(receivers.len())])
        }
        Event::Replied { id, kind: SendKind::Message, reply } => replied(id.number(), reply),
        Event::Replies { id, kind: SendKind::Message, replies } => {
            let failed = replies.iter().filter(|reply| reply.result.is_err()).count();
            let line = note(&[Type::Note, Type::Reply]).of_message(id.number()).saying("all have replied");
            let line = if failed == 0 {
                line.ended("complete", Tone::Good)
            } else {
                line.saying("not all have replied").ended("incomplete", Tone::Doubtful)
            };
            line.with([count(replies.len() - failed), count(failed)])
        }
        Event::Refused { refusal, from, sender, status, reason, is_repeated: false } => {
            let line = blank(In, &[Type::In, Type::Refused]).with_remote(*from).saying(&**reason);
            let line = Line { peer: sender.as_ref().map(member_key), ..line };
            line.ended(refused(*refusal), Tone::Bad).with([Value::Count((*status).into())])
        }
        Event::DataChanged { data } => {
            note(&[Type::Note]).saying("the data of this node was changed").with_text(data)
        }
        Event::ReplyChanged { .. } => {
            note(&[Type::Note]).saying("what messages are answered with was changed")
        }
        Event::CheckIntervalChanged { .. } => {
            note(&[Type::Note]).saying("the time between two checks was changed")
        }
        event => return of_cloud(event),
    };
    Some(line)
}

fn of_cloud(event: &Event) -> Option<Line> {
    let cloud = || note(&[Type::Note]);
    let line = match event {
        Event::Started { address, .. } => cloud().saying(format!("listens at {address}")),
        Event::Joined { via, members, .. } => {
            cloud().saying(format!("let in by {via}")).ended("joined", Tone::Good).with([count(*members)])
        }
        Event::Alone { failure: None } => cloud().saying("in no cloud").ended("alone", Tone::Doubtful),
        Event::Alone { failure: Some(failure) } => {
            let what = format!("nobody let this node in: {failure}");
            cloud().saying(what).ended("alone", Tone::Doubtful)
        }
        Event::Left { members } => {
            cloud().saying("left the cloud").ended("left", Tone::Plain).with([count(*members)])
        }
        Event::IdChanged { id } => cloud().saying(format!("this node is now {id}")),
        Event::Repairing { unknown_to } => {
            let line = cloud().saying("members do not know this node, so it joins again");
            line.ended("repairing", Tone::Doubtful).with([count(*unknown_to)])
        }
        Event::Repaired { via, members } => cloud()
            .saying(format!("let in again by {via}"))
            .ended("repaired", Tone::Good)
            .with([count(*members)]),
        event => return of_member(event),
    };
    Some(line)
}

fn of_member(event: &Event) -> Option<Line> {
    let about = |member| about(Note, &[Type::Note, Type::Member], member);
    let line = match event {
        Event::MemberAdded { member, source } => {
            about(member).saying(added(source)).ended("added", Tone::New).with([by(source_by(source))])
        }
        Event::MemberUpdated { member } => about(member).saying("has new data").ended("updated", Tone::Plain),
        Event::MemberRemoved { member, reason } => {
            let (what, tone) = removed(reason);
            let said_by = if let Removal::FoundGoneBy(id) = reason { Some(id) } else { None };
            about(member).saying(what).ended("removed", tone).with([by(said_by)])
        }
        Event::DoesNotKnowUs { member } => {
            about(member).saying("does not know this node").ended("unknown to it", Tone::Doubtful)
        }
        Event::ClockOff { member, milliseconds } => {
            let off = Value::Took(Duration::from_millis(*milliseconds));
            about(member)
                .saying("its clock differs too much from ours")
                .ended("clock off", Tone::Bad)
                .with([off])
        }
        _ => return None,
    };
    Some(line)
}

fn replied(number: u64, reply: &Reply) -> Line {
    let line = about(Out, &[Type::Out, Type::Reply], &reply.member).of_message(number);
    let took = Value::Took(reply.took);
    match &reply.result {
        Ok(value) => {
            let line = match value {
                Some(value) => line.with_text(value),
                None => line.saying("an empty answer"),
            };
            line.ended("replied", Tone::Good).with([took, Value::Count(200)])
        }
        Err(failure) => {
            let types = Types::of([Type::Out, Type::Reply, Type::Failed].map(Into::into));
            let http = match failure {
                Failure::UnknownToIt => Value::Count(404),
                Failure::Status { code, .. } => Value::Count((*code).into()),
                _ => Value::None,
            };
            let line = Line { types, ..line }.saying(failure_text(failure));
            line.ended(brief(failure), Tone::Bad).with([Value::None, http])
        }
    }
}

/// Why a request of ours failed, with the start of what was answered.
pub(crate) fn failure_text(failure: &Failure) -> Text {
    match failure {
        Failure::Status { body, .. } if !body.is_empty() => format!("{failure}: {body}").into(),
        failure => failure.to_string().into(),
    }
}

/// A failure in a word or two. "Refused" means a request that a node refused, so a failed connection is "unreachable".
fn brief(failure: &Failure) -> &'static str {
    match failure {
        Failure::UnknownToIt => "unknown to it",
        Failure::Status { .. } => "refused",
        Failure::Refused(_) => "unreachable",
        Failure::Cut => "disconnected",
        Failure::TimedOut => "no answer",
        Failure::BadAnswer(_) | Failure::TooLong(_) => "bad answer",
        Failure::NameNotFound(_) => "no such name",
        Failure::Forbidden(_) | Failure::NotReachable | Failure::NoResources(_) => "not tried",
        Failure::NoMember => "no member",
        Failure::Stopped => "stopped",
        _ => "failed",
    }
}

fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::UnknownId => "unknown id",
        Refusal::Signature => "bad signature",
        Refusal::Clock => "clock off",
        Refusal::Replay => "sent twice",
        Refusal::Dropped => "ignored",
        Refusal::Handler => "no reply",
        _ => "refused",
    }
}

fn added(source: &Source) -> &'static str {
    match source {
        Source::LetIn => "we let it in",
        Source::Via => "it let us in",
        Source::Answer(_) => "in the list of the cloud",
        Source::Told(_) => "a member let it in",
        Source::Disputed(_) => "it answers, although a member found it gone",
    }
}

fn source_by(source: &Source) -> Option<&Id> {
    match source {
        Source::Answer(id) | Source::Told(id) | Source::Disputed(id) => Some(id),
        Source::LetIn | Source::Via => None,
    }
}

fn removed(reason: &Removal) -> (Text, Tone) {
    let tone = match reason {
        Removal::SaidGoodbye | Removal::Dropped | Removal::Left | Removal::Repair => Tone::Plain,
        _ => Tone::Bad,
    };
    let what = match reason {
        Removal::FoundGoneBy(_) => "a member found it gone".into(),
        reason => reason.to_string().into(),
    };
    (what, tone)
}

// === Lines ===

fn blank(direction: Direction, types: &[Type]) -> Line {
    Line { direction, types: Types::of(types.iter().map(|of| (*of).into())), ..Line::default() }
}

fn about(direction: Direction, types: &[Type], member: &Record) -> Line {
    Line { peer: Some(member_key(&member.id)), ..blank(direction, types) }
}

fn note(types: &[Type]) -> Line {
    blank(Note, types)
}

fn count(count: usize) -> Value {
    Value::Count(count as u64)
}

fn by(member: Option<&Id>) -> Value {
    member.map_or(Value::None, |id| Value::Ref(member_key(id)))
}

/// Parts of a line of this network.
trait Build {
    fn of_message(self, number: u64) -> Self;
    fn with_text(self, json: &Json) -> Self;
    fn with_remote(self, remote: IpAddr) -> Self;
}

impl Build for Line {
    fn of_message(self, number: u64) -> Self {
        Self { item: Some((REQUESTS, message_key(number))), ..self }
    }

    fn with_text(self, json: &Json) -> Self {
        Self { text: Some(json.shared_text().into()), ..self }
    }

    fn with_remote(self, remote: IpAddr) -> Self {
        Self { remote: Some(remote.to_canonical()), ..self }
    }
}
