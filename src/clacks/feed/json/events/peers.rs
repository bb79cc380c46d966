//! Events about peers and addresses.

use std::net::IpAddr;

use clacks_p2p::core::{Discovery, Event, Status};
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::json::{
    failure::Failed,
    parts::{Described, Detail, Millis, Named, Wrong},
};

/// The discovery of a peer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "introduction", rename_all = "snake_case")]
enum Introduced {
    ByHand,
    Sender,
    Announced,
    Restored,
    Friend { of: Named },
}

impl From<&Discovery> for Introduced {
    fn from(introduction: &Discovery) -> Self {
        match introduction {
            Discovery::Manual => Self::ByHand,
            Discovery::Inbound => Self::Sender,
            Discovery::Announce => Self::Announced,
            Discovery::Restored => Self::Restored,
            Discovery::Referral(of) => Self::Friend { of: of.into() },
        }
    }
}

impl From<Introduced> for Discovery {
    fn from(introduced: Introduced) -> Self {
        match introduced {
            Introduced::ByHand => Self::Manual,
            Introduced::Sender => Self::Inbound,
            Introduced::Announced => Self::Announce,
            Introduced::Restored => Self::Restored,
            Introduced::Friend { of: Named(of) } => Self::Referral(of),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct PeerDiscovered {
    peer: Described,
    #[serde(flatten)]
    introduction: Introduced,
    remote: Option<IpAddr>,
}

impl Kind for PeerDiscovered {
    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::PeerDiscovered { peer, introduction, remote } = event else { return None };
        Some(Self { peer: detail.of(peer), introduction: introduction.into(), remote: *remote })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { peer, introduction, remote } = self;
        Ok(Event::PeerDiscovered { peer: peer.into(), introduction: introduction.into(), remote })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct PeerUpdated {
    peer: Described,
    from: Status,
}

impl Kind for PeerUpdated {
    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::PeerUpdated { peer, from } = event else { return None };
        Some(Self { peer: detail.of(peer), from: *from })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::PeerUpdated { peer: self.peer.into(), from: self.from })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct PeerChanged {
    peer: Described,
}

impl Kind for PeerChanged {
    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::PeerChanged { peer } = event else { return None };
        Some(Self { peer: detail.of(peer) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::PeerChanged { peer: self.peer.into() })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct ClaimConfirmed {
    peer: Described,
}

impl Kind for ClaimConfirmed {
    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::ClaimConfirmed { peer } = event else { return None };
        Some(Self { peer: detail.of(peer) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::ClaimConfirmed { peer: self.peer.into() })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct PeerForgotten {
    peer: Described,
}

impl Kind for PeerForgotten {
    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::PeerForgotten { peer } = event else { return None };
        Some(Self { peer: detail.of(peer) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::PeerForgotten { peer: self.peer.into() })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct AnnounceReceived {
    peer: Described,
    remote: Option<IpAddr>,
}

impl Kind for AnnounceReceived {
    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::AnnounceReceived { peer, remote } = event else { return None };
        Some(Self { peer: detail.of(peer), remote: *remote })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::AnnounceReceived { peer: self.peer.into(), remote: self.remote })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Announced {
    peer: Named,
    round_trip_ms: Millis,
}

impl Kind for Announced {
    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::Announced { peer, round_trip } = event else { return None };
        Some(Self { peer: peer.into(), round_trip_ms: Millis(*round_trip) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::Announced { peer: self.peer.0, round_trip: self.round_trip_ms.0 })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct AnnounceFailed {
    peer: Named,
    #[serde(flatten)]
    failure: Failed,
}

impl Kind for AnnounceFailed {
    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::AnnounceFailed { peer, failure } = event else { return None };
        Some(Self { peer: peer.into(), failure: failure.into() })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::AnnounceFailed { peer: self.peer.0, failure: self.failure.into() })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct FoundOurselves {
    peer: Named,
}

impl Kind for FoundOurselves {
    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::FoundOurselves { address } = event else { return None };
        Some(Self { peer: address.into() })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::FoundOurselves { address: self.peer.0 })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct RemoteIgnored {
    remote: IpAddr,
}

impl Kind for RemoteIgnored {
    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::RemoteIgnored { remote } = event else { return None };
        Some(Self { remote: *remote })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::RemoteIgnored { remote: self.remote })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct RemoteUnignored {
    remote: IpAddr,
}

impl Kind for RemoteUnignored {
    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::RemoteUnignored { remote } = event else { return None };
        Some(Self { remote: *remote })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::RemoteUnignored { remote: self.remote })
    }
}
