//! Events about members.

use clacks_peercloud::core::Event;
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::json::parts::{CauseJson, CheckJson, IdJson, MemberJson, Millis, Wrong};

#[derive(Debug, Serialize, Deserialize)]
pub struct MemberAdded {
    member: MemberJson,
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<IdJson>,
}

impl Kind for MemberAdded {
    fn of(event: &Event) -> Option<Self> {
        let Event::MemberAdded { member, source } = event else { return None };
        let CauseJson { word, by, .. } = CauseJson::of_source(source);
        Some(Self { member: MemberJson(member.clone()), source: word, by })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { member: MemberJson(member), source: word, by } = self;
        Ok(Event::MemberAdded { member, source: CauseJson { word, by, scope: None }.source()? })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MemberUpdated {
    member: MemberJson,
}

impl Kind for MemberUpdated {
    fn of(event: &Event) -> Option<Self> {
        let Event::MemberUpdated { member } = event else { return None };
        Some(Self { member: MemberJson(member.clone()) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::MemberUpdated { member: self.member.0 })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MemberRemoved {
    member: MemberJson,
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<IdJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

impl Kind for MemberRemoved {
    fn of(event: &Event) -> Option<Self> {
        let Event::MemberRemoved { member, reason } = event else { return None };
        let CauseJson { word, by, scope } = CauseJson::of_removal(reason);
        Some(Self { member: MemberJson(member.clone()), reason: word, by, scope })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { member: MemberJson(member), reason: word, by, scope } = self;
        Ok(Event::MemberRemoved { member, reason: CauseJson { word, by, scope }.removal()? })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MemberChanged {
    id: IdJson,
}

impl Kind for MemberChanged {
    fn of(event: &Event) -> Option<Self> {
        let Event::MemberChanged { id } = event else { return None };
        Some(Self { id: IdJson(id.clone()) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::MemberChanged { id: self.id.0 })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct DoesNotKnowUs {
    member: MemberJson,
}

impl Kind for DoesNotKnowUs {
    fn of(event: &Event) -> Option<Self> {
        let Event::DoesNotKnowUs { member } = event else { return None };
        Some(Self { member: MemberJson(member.clone()) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::DoesNotKnowUs { member: self.member.0 })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct ClockOff {
    member: MemberJson,
    ms: u64,
}

impl Kind for ClockOff {
    fn of(event: &Event) -> Option<Self> {
        let Event::ClockOff { member, milliseconds } = event else { return None };
        Some(Self { member: MemberJson(member.clone()), ms: *milliseconds })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::ClockOff { member: self.member.0, milliseconds: self.ms })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Checked {
    member: MemberJson,
    check: CheckJson,
    ms: Millis,
}

impl Kind for Checked {
    fn of(event: &Event) -> Option<Self> {
        let Event::Checked { member, took, result } = event else { return None };
        Some(Self { member: MemberJson(member.clone()), check: result.into(), ms: Millis(*took) })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { member: MemberJson(member), check, ms: Millis(took) } = self;
        Ok(Event::Checked { member, took, result: check.result()? })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct CheckedBy {
    member: MemberJson,
}

impl Kind for CheckedBy {
    fn of(event: &Event) -> Option<Self> {
        let Event::CheckedBy { member } = event else { return None };
        Some(Self { member: MemberJson(member.clone()) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::CheckedBy { member: self.member.0 })
    }
}
