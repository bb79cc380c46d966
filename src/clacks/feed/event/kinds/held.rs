//! Events about messages that the user or a rule removes, holds, releases or changes.

use std::net::IpAddr;

use clacks_feed::{
    Direction::Note,
    Line, Touched, Types,
    description::{EventSpec, Tone},
};
use clacks_p2p::core::{Event, HeldBy, HeldMessage, Origin, QueuedMessage};
use serde::{Deserialize, Serialize};

use super::{
    Kind, message,
    messages::{CameFrom, text},
};
use crate::{
    description::Type,
    event::{
        line::{Build, by_plugin, direction_type, note, own_or_from, waiting},
        touched::{held, origin, queued},
    },
    json::parts::{By, ByPlugin, Named, Text, Ticket, Wrong},
    peer::Detail,
};

/// The fields of a message besides its number and its text.
#[derive(Debug, Serialize, Deserialize)]
struct Waits {
    since_ms: u64,
    visits: u32,
    sender: Option<Named>,
    place: Option<IpAddr>,
}

impl From<&QueuedMessage> for Waits {
    fn from(queued: &QueuedMessage) -> Self {
        let QueuedMessage { since_ms, visits, ref from, place, .. } = *queued;
        Self { since_ms, visits, sender: from.as_ref().map(Named::from), place }
    }
}

impl Waits {
    fn queued(self, id: Ticket, message: Text) -> QueuedMessage {
        let Self { since_ms, visits, sender, place } = self;
        let from = sender.map(|Named(address)| address);
        QueuedMessage::new(id.0, message.0, since_ms, visits, from, place)
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageDropped {
    id: Ticket,
    message: Text,
    sender: Option<Named>,
}

impl Kind for MessageDropped {
    const NAME: &str = "message_dropped";

    fn spec() -> EventSpec {
        message(Self::NAME, "a message was removed for good").usually(
            Note,
            &["note", "message", "dropped"],
            Some("dropped"),
            Tone::Bad,
        )
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::MessageDropped { id, message, from, .. } = event else { return None };
        Some(Self { id: Ticket(*id), message: text(message), sender: from.as_ref().map(Named::from) })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { id: Ticket(id), message: Text(message), sender } = self;
        let from = sender.map(|Named(address)| address);
        Ok(Event::MessageDropped { id, message, from, place: None })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::MessageDropped { id, message, from, .. } = event else { return None };
        let line = own_or_from(from.as_ref(), message, Some(*id));
        let types = Types::of([Type::Message.into(), Type::Dropped.into(), direction_type(from.as_ref())]);
        Some(Line { types, ..line }.ended("dropped", Tone::Bad))
    }

    fn touched(event: &Event) -> Touched {
        let Event::MessageDropped { id, place, .. } = event else { return Touched::default() };
        Touched::rows([queued(*id), held(*id)].into_iter().chain(origin(*place)))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageHeld {
    id: Ticket,
    message: Text,
    #[serde(flatten)]
    waits: Waits,
    by: By,
    #[serde(flatten)]
    by_plugin: ByPlugin,
    #[serde(flatten)]
    origin: CameFrom,
}

impl Kind for MessageHeld {
    const NAME: &str = "message_held";

    fn spec() -> EventSpec {
        message(Self::NAME, "a message is held until it is released").usually(
            Note,
            &["note", "message"],
            Some("held"),
            Tone::Plain,
        )
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::MessageHeld { held: HeldMessage { queued, by, .. }, origin } = event else { return None };
        let origin = origin.as_ref().map_or(CameFrom::Queue, CameFrom::from);
        let (id, message) = (Ticket(queued.id), text(&queued.message));
        Some(Self { id, message, waits: queued.into(), by: by.into(), by_plugin: by.into(), origin })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { id, message, waits, by, by_plugin, origin } = self;
        let held = HeldMessage::new(waits.queued(id, message), by_plugin.held(by));
        Ok(Event::MessageHeld { held, origin: origin.into() })
    }

    /// There is none if the rule holds it from the queue, which can be all of the queue, or after it was received or a
    /// delivery failed, which have their own lines. If a plugin holds it, the line says which.
    fn line(event: &Event) -> Option<Line> {
        let Event::MessageHeld { held, origin } = event else { return None };
        let line = || waiting(&held.queued).in_list(true);
        if let HeldBy::Plugin(by) = &held.by {
            let said = by_plugin(&by.plugin, by.reason.as_deref());
            return Some(line().saying(said).ended("held", Tone::Plain));
        }
        if held.by == HeldBy::Refused && matches!(origin, Some(Origin::Returned(_))) {
            return Some(line().ended("set aside", Tone::Bad));
        }
        let is_shown = held.by == HeldBy::Hand || matches!(origin, Some(Origin::Local));
        is_shown.then(|| line().ended("held", Tone::Plain))
    }

    fn touched(event: &Event) -> Touched {
        let Event::MessageHeld { held: message, .. } = event else { return Touched::default() };
        let id = message.queued.id;
        Touched::rows([queued(id), held(id)].into_iter().chain(origin(message.queued.place)))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageReleased {
    was: Ticket,
    id: Ticket,
    message: Text,
    #[serde(flatten)]
    waits: Waits,
}

impl Kind for MessageReleased {
    const NAME: &str = "message_released";

    fn spec() -> EventSpec {
        message(Self::NAME, "a held message is queued again").usually(
            Note,
            &["note", "message"],
            Some("released"),
            Tone::Plain,
        )
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::MessageReleased { was, queued } = event else { return None };
        let (id, message) = (Ticket(queued.id), text(&queued.message));
        Some(Self { was: Ticket(*was), id, message, waits: queued.into() })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { was: Ticket(was), id, message, waits } = self;
        Ok(Event::MessageReleased { was, queued: waits.queued(id, message) })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::MessageReleased { queued, .. } = event else { return None };
        Some(waiting(queued).ended("released", Tone::Plain))
    }

    fn touched(event: &Event) -> Touched {
        let Event::MessageReleased { was, queued: message } = event else { return Touched::default() };
        Touched::rows([held(*was), queued(message.id)].into_iter().chain(origin(message.place)))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageChanged {
    before: Text,
    id: Ticket,
    message: Text,
    #[serde(flatten)]
    waits: Waits,
}

impl Kind for MessageChanged {
    const NAME: &str = "message_changed";

    fn spec() -> EventSpec {
        message(Self::NAME, "the text of a message was replaced").usually(
            Note,
            &["note", "message"],
            Some("changed"),
            Tone::Plain,
        )
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::MessageChanged { before, queued, .. } = event else { return None };
        let (id, message) = (Ticket(queued.id), text(&queued.message));
        Some(Self { before: text(before), id, message, waits: queued.into() })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { before: Text(before), id, message, waits } = self;
        Ok(Event::MessageChanged { before, queued: waits.queued(id, message), held: None })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::MessageChanged { queued, held, .. } = event else { return None };
        Some(waiting(queued).in_list(held.is_some()).ended("changed", Tone::Plain))
    }

    fn touched(event: &Event) -> Touched {
        let Event::MessageChanged { queued: message, .. } = event else { return Touched::default() };
        Touched::rows([queued(message.id), held(message.id)].into_iter().chain(origin(message.place)))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct MessageRestored {
    was: Option<Ticket>,
    id: Ticket,
    message: Text,
    #[serde(flatten)]
    waits: Waits,
    by: Option<By>,
    #[serde(flatten)]
    by_plugin: ByPlugin,
}

impl Kind for MessageRestored {
    const NAME: &str = "message_restored";

    fn spec() -> EventSpec {
        message(Self::NAME, "a message is where it was before a command that was undone")
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::MessageRestored { was, queued, held } = event else { return None };
        let (id, message) = (Ticket(queued.id), text(&queued.message));
        let (was, by) = (was.map(Ticket), held.as_ref().map(By::from));
        let by_plugin = held.as_ref().map(ByPlugin::from).unwrap_or_default();
        Some(Self { was, id, message, waits: queued.into(), by, by_plugin })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { was, id, message, waits, by, by_plugin } = self;
        let (was, held) = (was.map(|Ticket(was)| was), by.map(|by| by_plugin.held(by)));
        Ok(Event::MessageRestored { was, queued: waits.queued(id, message), held })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::MessageRestored { queued, held, .. } = event else { return None };
        let outcome = if held.is_some() { "held again" } else { "as before" };
        Some(waiting(queued).in_list(held.is_some()).ended(outcome, Tone::Plain))
    }

    fn touched(event: &Event) -> Touched {
        let Event::MessageRestored { was, queued: message, .. } = event else { return Touched::default() };
        let was = was.map(|was| [queued(was), held(was)]);
        let now = [queued(message.id), held(message.id)];
        Touched::rows(now.into_iter().chain(was.into_iter().flatten()).chain(origin(message.place)))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct HoldRuleChanged {
    rule: Option<String>,
}

impl Kind for HoldRuleChanged {
    const NAME: &str = "hold_rule_changed";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "the filter of held messages was set or removed")
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::HoldRuleChanged { rule } = event else { return None };
        Some(Self { rule: rule.clone() })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::HoldRuleChanged { rule: self.rule })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::HoldRuleChanged { rule } = event else { return None };
        Some(match rule {
            Some(rule) => note(None).saying(format!("held from now on: {rule}")),
            None => note(None).saying("nothing more is held by a filter"),
        })
    }
}
