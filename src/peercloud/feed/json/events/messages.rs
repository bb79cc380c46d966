//! Events about messages and what came of them.

use clacks_peercloud::core::{Event, SendId};
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::json::parts::{IdJson, KindJson, MemberJson, NumberJson, ReplyJson, ValueJson, Wrong};

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageReceived {
    id: NumberJson,
    member: MemberJson,
    message: ValueJson,
    reply: Option<ValueJson>,
}

impl Kind for MessageReceived {
    fn of(event: &Event) -> Option<Self> {
        let Event::MessageReceived { number, member, message, reply } = event else { return None };
        let (id, member) = (NumberJson(*number), MemberJson(member.clone()));
        Some(Self { id, member, message: ValueJson(message.clone()), reply: reply.clone().map(ValueJson) })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { id: NumberJson(number), member: MemberJson(member), message: ValueJson(message), reply } =
            self;
        Ok(Event::MessageReceived { number, member, message, reply: reply.map(|ValueJson(reply)| reply) })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Sent {
    id: NumberJson,
    kind: KindJson,
    message: ValueJson,
    broadcast: bool,
    members: Vec<IdJson>,
}

impl Kind for Sent {
    fn of(event: &Event) -> Option<Self> {
        let Event::Sent { id, kind, body, is_broadcast, receivers } = event else { return None };
        Some(Self {
            id: (*id).into(),
            kind: KindJson(*kind),
            message: ValueJson(body.clone()),
            broadcast: *is_broadcast,
            members: receivers.iter().cloned().map(IdJson).collect(),
        })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { id: NumberJson(id), kind: KindJson(kind), message: ValueJson(body), broadcast, members } =
            self;
        let (id, is_broadcast) = (SendId::from(id), broadcast);
        let receivers = members.into_iter().map(|IdJson(id)| id).collect();
        Ok(Event::Sent { id, kind, body, is_broadcast, receivers })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Replied(ReplyJson);

impl Kind for Replied {
    fn of(event: &Event) -> Option<Self> {
        let Event::Replied { id, kind, reply } = event else { return None };
        let mut reply = ReplyJson::from(reply);
        (reply.id, reply.kind) = (Some((*id).into()), Some(KindJson(*kind)));
        Some(Self(reply))
    }

    fn event(self) -> Result<Event, Wrong> {
        let NumberJson(id) = self.0.id.ok_or(Wrong::field("id"))?;
        let KindJson(kind) = self.0.kind.clone().ok_or(Wrong::field("kind"))?;
        Ok(Event::Replied { id: id.into(), kind, reply: self.0.reply()? })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Replies {
    id: NumberJson,
    kind: KindJson,
    #[serde(rename = "replies")]
    all: Vec<ReplyJson>,
}

impl Kind for Replies {
    fn of(event: &Event) -> Option<Self> {
        let Event::Replies { id, kind, replies } = event else { return None };
        let all = replies.iter().map(ReplyJson::from).collect();
        Some(Self { id: (*id).into(), kind: KindJson(*kind), all })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { id: NumberJson(id), kind: KindJson(kind), all } = self;
        let replies = all.into_iter().map(ReplyJson::reply).collect::<Result<_, _>>()?;
        Ok(Event::Replies { id: id.into(), kind, replies })
    }
}
