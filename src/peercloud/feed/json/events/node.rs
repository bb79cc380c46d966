//! Events about the node itself.

use std::net::IpAddr;

use clacks_peercloud::core::Event;
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::json::parts::{
    AddressJson, Addresses, AutoReplyJson, FailureJson, HostJson, IdJson, Millis, RefusalJson, ValueJson,
    Wrong,
};

#[derive(Debug, Serialize, Deserialize)]
pub struct Started {
    id: IdJson,
    address: AddressJson,
    port: u16,
}

impl Kind for Started {
    fn of(event: &Event) -> Option<Self> {
        let Event::Started { id, port, address } = event else { return None };
        Some(Self { id: IdJson(id.clone()), address: AddressJson(address.clone()), port: *port })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::Started { id: self.id.0, port: self.port, address: self.address.0 })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Joined {
    via: AddressJson,
    members: usize,
    left_out: usize,
    seen_as: Option<HostJson>,
}

impl Kind for Joined {
    fn of(event: &Event) -> Option<Self> {
        let Event::Joined { via, members, left_out, seen_as } = event else { return None };
        let (via, seen_as) = (AddressJson(via.clone()), seen_as.clone().map(HostJson));
        Some(Self { via, members: *members, left_out: *left_out, seen_as })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { via: AddressJson(via), members, left_out, seen_as } = self;
        Ok(Event::Joined { via, members, left_out, seen_as: seen_as.map(|HostJson(host)| host) })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Alone {
    failure: Option<FailureJson>,
}

impl Kind for Alone {
    fn of(event: &Event) -> Option<Self> {
        let Event::Alone { failure } = event else { return None };
        Some(Self { failure: failure.as_ref().map(FailureJson::from) })
    }

    fn event(self) -> Result<Event, Wrong> {
        let failure = self.failure.map(FailureJson::failure).transpose()?;
        Ok(Event::Alone { failure })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Left {
    members: usize,
}

impl Kind for Left {
    fn of(event: &Event) -> Option<Self> {
        let Event::Left { members } = event else { return None };
        Some(Self { members: *members })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::Left { members: self.members })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct IdChanged {
    id: IdJson,
}

impl Kind for IdChanged {
    fn of(event: &Event) -> Option<Self> {
        let Event::IdChanged { id } = event else { return None };
        Some(Self { id: IdJson(id.clone()) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::IdChanged { id: self.id.0 })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Repairing {
    unknown_to: usize,
}

impl Kind for Repairing {
    fn of(event: &Event) -> Option<Self> {
        let Event::Repairing { unknown_to } = event else { return None };
        Some(Self { unknown_to: *unknown_to })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::Repairing { unknown_to: self.unknown_to })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Repaired {
    via: AddressJson,
    members: usize,
}

impl Kind for Repaired {
    fn of(event: &Event) -> Option<Self> {
        let Event::Repaired { via, members } = event else { return None };
        Some(Self { via: AddressJson(via.clone()), members: *members })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::Repaired { via: self.via.0, members: self.members })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct DataChanged {
    data: ValueJson,
}

impl Kind for DataChanged {
    fn of(event: &Event) -> Option<Self> {
        let Event::DataChanged { data } = event else { return None };
        Some(Self { data: ValueJson(data.clone()) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::DataChanged { data: self.data.0 })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct ReplyChanged {
    reply: AutoReplyJson,
}

impl Kind for ReplyChanged {
    fn of(event: &Event) -> Option<Self> {
        let Event::ReplyChanged { reply } = event else { return None };
        Some(Self { reply: reply.into() })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::ReplyChanged { reply: self.reply.into() })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct CheckIntervalChanged {
    ms: Option<Millis>,
}

impl Kind for CheckIntervalChanged {
    fn of(event: &Event) -> Option<Self> {
        let Event::CheckIntervalChanged { interval } = event else { return None };
        Some(Self { ms: interval.map(Millis) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::CheckIntervalChanged { interval: self.ms.map(|Millis(interval)| interval) })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Refused {
    refusal: RefusalJson,
    from: IpAddr,
    sender: Option<IdJson>,
    status: u16,
    reason: String,
    repeated: bool,
}

impl Kind for Refused {
    fn of(event: &Event) -> Option<Self> {
        let Event::Refused { refusal, from, sender, status, reason, is_repeated } = event else {
            return None;
        };
        Some(Self {
            refusal: RefusalJson(*refusal),
            from: *from,
            sender: sender.clone().map(IdJson),
            status: *status,
            reason: reason.to_string(),
            repeated: *is_repeated,
        })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { refusal: RefusalJson(refusal), from, sender, status, reason, repeated } = self;
        let (sender, reason) = (sender.map(|IdJson(id)| id), reason.into());
        Ok(Event::Refused { refusal, from, sender, status, reason, is_repeated: repeated })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Forgotten {
    messages: Vec<u64>,
    addresses: Addresses,
}

impl Kind for Forgotten {
    fn of(event: &Event) -> Option<Self> {
        let Event::Forgotten { messages, addresses } = event else { return None };
        Some(Self { messages: messages.clone(), addresses: addresses.clone() })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::Forgotten { messages: self.messages, addresses: self.addresses })
    }
}
