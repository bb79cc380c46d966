//! Events about the node itself.

use std::net::IpAddr;

use clacks_p2p::core::{Event, LimitCounts, Refusal};
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::json::parts::{Detail, Named, Rate, Wrong};

#[derive(Debug, Serialize, Deserialize)]
pub struct HoldRuleChanged {
    rule: Option<String>,
}

impl Kind for HoldRuleChanged {
    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::HoldRuleChanged { rule } = event else { return None };
        Some(Self { rule: rule.clone() })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::HoldRuleChanged { rule: self.rule })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Refused {
    status: u16,
    reason: String,
    sender: Option<Named>,
    preview: Option<String>,
    remote: Option<IpAddr>,
}

impl Kind for Refused {
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
}

#[derive(Debug, Serialize, Deserialize)]
pub struct LimitsMet {
    met: LimitCounts,
}

impl Kind for LimitsMet {
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
    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::SendRateChanged { rate } = event else { return None };
        Some(Self { rate: Rate(*rate) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::SendRateChanged { rate: self.rate.0 })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Lagged {
    missed: u64,
}

impl Kind for Lagged {
    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::Lagged(missed) = event else { return None };
        Some(Self { missed: *missed })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::Lagged(self.missed))
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
