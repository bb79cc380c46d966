//! Events about the node itself.

use std::net::IpAddr;

use clacks_feed::{
    Direction::In,
    Line, Text, Touched, Value,
    description::{EventSpec, Field, Kind as FieldKind, Level, Tone},
};
use clacks_p2p::core::{Event, LimitCounts, Refusal};
use clacks_transport::rate_limit_key;
use serde::{Deserialize, Serialize};

use super::{Kind, http};
use crate::{
    description::Type,
    event::{
        line::{Build, blank, note},
        touched::origin,
    },
    json::parts::{Named, Rate, Wrong},
    peer::Detail,
    rows::peer_key,
};

/// The HTTP statuses of refusals because there is no room: for any message, or for one of its size.
const NO_ROOM: [u16; 2] = [503, 507];

#[derive(Debug, Serialize, Deserialize)]
pub struct Refused {
    status: u16,
    reason: String,
    sender: Option<Named>,
    preview: Option<String>,
    remote: Option<IpAddr>,
}

impl Kind for Refused {
    const NAME: &str = "refused";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "a request was refused")
            .text("preview")
            .fields([http()])
            .level(Level::Warning)
            .usually(In, &["in", "refused"], Some("refused"), Tone::Bad)
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::Refused(Refusal { status, reason, sender, preview, remote, .. }) = event else {
            return None;
        };
        let (sender, preview) = (sender.as_ref().map(Named::from), preview.clone());
        Some(Self { status: *status, reason: reason.clone(), sender, preview, remote: *remote })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { status, reason, sender, preview, remote } = self;
        let sender = sender.map(|Named(address)| address);
        Ok(Event::Refused(Refusal::new(status, reason, sender, preview, remote)))
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::Refused(refusal) = event else { return None };
        let line = Line {
            peer: refusal.sender.as_ref().map(peer_key),
            text: refusal.preview.as_deref().map(Text::new),
            ..blank(In, &[Type::In, Type::Refused])
        };
        let http = Value::Count(refusal.status.into());
        let line = line.with_remote(refusal.remote).saying(refusal.reason.as_str());
        Some(line.ended("refused", Tone::Bad).with([http]))
    }

    /// Messages are counted that are refused because the share of their address is used up: see [`NO_ROOM`].
    fn touched(event: &Event) -> Touched {
        let Event::Refused(Refusal { status, remote, .. }) = event else { return Touched::default() };
        let is_for_room = NO_ROOM.contains(status);
        Touched::rows(origin(remote.filter(|_| is_for_room).map(rate_limit_key)))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct LimitsMet {
    met: LimitCounts,
}

impl Kind for LimitsMet {
    const NAME: &str = "limits_met";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "limits were reached").level(Level::Debug)
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::LimitsMet { met } = event else { return None };
        Some(Self { met: *met })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::LimitsMet { met: self.met })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct SendRateChanged {
    rate: Rate,
}

impl Kind for SendRateChanged {
    const NAME: &str = "send_rate_changed";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "the maximum of messages sent per second was changed")
            .fields([Field::new("rate", FieldKind::Rate)])
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::SendRateChanged { rate } = event else { return None };
        Some(Self { rate: Rate(*rate) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::SendRateChanged { rate: self.rate.0 })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::SendRateChanged { rate } = event else { return None };
        let line = note(None).saying("the maximum of messages a second was changed");
        Some(line.with([Value::Number(*rate)]))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Lagged {
    missed: u64,
}

impl Kind for Lagged {
    const NAME: &str = "lagged";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "a watcher was too slow and missed events").level(Level::Warning)
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::Lagged(missed) = event else { return None };
        Some(Self { missed: *missed })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::Lagged(self.missed))
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::Lagged(missed) = event else { return None };
        Some(note(None).saying(format!("{missed} events were missed")))
    }
}

/// An event for which this version has no struct.
#[derive(Debug, Serialize)]
pub struct Other {
    what: String,
}

impl Other {
    pub(super) fn new(event: &Event) -> Self {
        Self { what: format!("{event:?}") }
    }
}
