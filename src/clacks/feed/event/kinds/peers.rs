//! Events about peers and addresses.

use std::net::IpAddr;

use clacks_feed::{
    Direction::{In, Note, Out},
    Line, Statuses, Touched, Value,
    description::{EventSpec, Field, Kind as FieldKind, Level, Tone},
};
use clacks_p2p::core::{Discovery, Event, Status};
use serde::{Deserialize, Serialize};

use super::{Kind, http, took};
use crate::{
    description::{Type, status_id},
    event::{
        line::{Build, about, accepted, at, note, of_remote, status_name},
        touched::{at_address, of_peer, remote_row},
    },
    json::{
        failure::Failed,
        parts::{Millis, Named, Wrong},
    },
    peer::{Described, Detail},
    rows::peer_key,
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
    const NAME: &str = "peer_discovered";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "a peer was added")
            .fields([Field::new("of", FieldKind::Ref("peers".into())).titled("by")])
            .usually(Note, &["note"], Some("new"), Tone::New)
            // Its row is the longest, because the certificate is known.
            .saying("accepted our announce")
    }

    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::PeerDiscovered { peer, introduction, remote } = event else { return None };
        Some(Self { peer: detail.of(peer), introduction: introduction.into(), remote: *remote })
    }

    fn event(self) -> Result<Event, Wrong> {
        let Self { peer, introduction, remote } = self;
        Ok(Event::PeerDiscovered { peer: peer.into(), introduction: introduction.into(), remote })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::PeerDiscovered { peer, introduction, remote } = event else { return None };
        let line = about(Note, &[Type::Note], peer).with_remote(*remote).saying(discovered(introduction));
        let of =
            if let Discovery::Referral(of) = introduction { Value::Ref(peer_key(of)) } else { Value::None };
        Some(line.ended(status_name(peer), Tone::New).with([of]))
    }

    fn touched(event: &Event) -> Touched {
        let Event::PeerDiscovered { peer, .. } = event else { return Touched::default() };
        Touched::rows([of_peer(peer)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct PeerUpdated {
    peer: Described,
    from: Status,
}

impl Kind for PeerUpdated {
    const NAME: &str = "peer_updated";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "the status of a peer changed")
            .fields([Field::new("was", FieldKind::Status)])
            .usually(Note, &["note"], Some("alive"), Tone::Plain)
            .saying("status changed")
    }

    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::PeerUpdated { peer, from } = event else { return None };
        Some(Self { peer: detail.of(peer), from: *from })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::PeerUpdated { peer: self.peer.into(), from: self.from })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::PeerUpdated { peer, from } = event else { return None };
        let line = about(Note, &[Type::Note], peer).saying("status changed");
        let was = Value::Status(Statuses::only(status_id(*from)));
        Some(line.ended(status_name(peer), Tone::Plain).with([was]))
    }

    fn touched(event: &Event) -> Touched {
        let Event::PeerUpdated { peer, .. } = event else { return Touched::default() };
        Touched::rows([of_peer(peer)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct PeerChanged {
    peer: Described,
}

impl Kind for PeerChanged {
    const NAME: &str = "peer_changed";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "a property of a peer changed").level(Level::Debug)
    }

    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::PeerChanged { peer } = event else { return None };
        Some(Self { peer: detail.of(peer) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::PeerChanged { peer: self.peer.into() })
    }

    fn touched(event: &Event) -> Touched {
        let Event::PeerChanged { peer, .. } = event else { return Touched::default() };
        Touched::rows([of_peer(peer)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct ClaimConfirmed {
    peer: Described,
}

impl Kind for ClaimConfirmed {
    const NAME: &str = "claim_confirmed";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "a claimed peer answered at its address")
            .usually(Note, &["note"], Some("alive"), Tone::Good)
            .saying("answered us at its address")
    }

    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::ClaimConfirmed { peer } = event else { return None };
        Some(Self { peer: detail.of(peer) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::ClaimConfirmed { peer: self.peer.into() })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::ClaimConfirmed { peer } = event else { return None };
        let line = about(Note, &[Type::Note], peer).saying("answered us at its address");
        Some(line.ended(status_name(peer), Tone::Good))
    }

    fn touched(event: &Event) -> Touched {
        let Event::ClaimConfirmed { peer, .. } = event else { return Touched::default() };
        Touched::rows([of_peer(peer)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct PeerForgotten {
    peer: Described,
}

impl Kind for PeerForgotten {
    const NAME: &str = "peer_forgotten";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "a peer was removed")
            .usually(Note, &["note"], None, Tone::Plain)
            .saying("forgotten")
    }

    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::PeerForgotten { peer } = event else { return None };
        Some(Self { peer: detail.of(peer) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::PeerForgotten { peer: self.peer.into() })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::PeerForgotten { peer } = event else { return None };
        Some(about(Note, &[Type::Note], peer).saying("forgotten"))
    }

    fn touched(event: &Event) -> Touched {
        let Event::PeerForgotten { peer, .. } = event else { return Touched::default() };
        Touched::rows([of_peer(peer)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct AnnounceReceived {
    peer: Described,
    remote: Option<IpAddr>,
}

impl Kind for AnnounceReceived {
    const NAME: &str = "announce_received";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "a node announced itself")
            .fields([http()])
            .usually(In, &["in", "announce"], Some("accepted"), Tone::Plain)
            .saying("announce")
    }

    fn of(event: &Event, detail: Detail) -> Option<Self> {
        let Event::AnnounceReceived { peer, remote } = event else { return None };
        Some(Self { peer: detail.of(peer), remote: *remote })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::AnnounceReceived { peer: self.peer.into(), remote: self.remote })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::AnnounceReceived { peer, remote } = event else { return None };
        let line = about(In, &[Type::In, Type::Announce], peer).with_remote(*remote).saying("announce");
        Some(line.ended("accepted", Tone::Plain).with([Value::Count(200)]))
    }

    fn touched(event: &Event) -> Touched {
        let Event::AnnounceReceived { peer, .. } = event else { return Touched::default() };
        Touched::rows([of_peer(peer)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Announced {
    peer: Named,
    round_trip_ms: Millis,
}

impl Kind for Announced {
    const NAME: &str = "announced";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "a node accepted our announce")
            .fields([took(), http()])
            .usually(Out, &["out", "announce"], Some("accepted"), Tone::Good)
            .saying("announce")
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::Announced { peer, round_trip } = event else { return None };
        Some(Self { peer: peer.into(), round_trip_ms: Millis(*round_trip) })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::Announced { peer: self.peer.0, round_trip: self.round_trip_ms.0 })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::Announced { peer, round_trip } = event else { return None };
        let line = at(Out, &[Type::Out, Type::Announce], peer).saying("announce");
        Some(line.ended("accepted", Tone::Good).with(accepted(*round_trip)))
    }

    fn touched(event: &Event) -> Touched {
        let Event::Announced { peer, .. } = event else { return Touched::default() };
        Touched::rows([at_address(peer)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct AnnounceFailed {
    peer: Named,
    #[serde(flatten)]
    failure: Failed,
}

impl Kind for AnnounceFailed {
    const NAME: &str = "announce_failed";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "an announce failed").fields([took(), http()]).usually(
            Out,
            &["out", "announce", "failed"],
            Some("no answer"),
            Tone::Bad,
        )
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::AnnounceFailed { peer, failure } = event else { return None };
        Some(Self { peer: peer.into(), failure: failure.into() })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::AnnounceFailed { peer: self.peer.0, failure: self.failure.into() })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::AnnounceFailed { peer, failure } = event else { return None };
        let types = &[Type::Out, Type::Announce, Type::Failed];
        Some(at(Out, types, peer).saying("announce").failed(failure))
    }

    fn touched(event: &Event) -> Touched {
        let Event::AnnounceFailed { peer, .. } = event else { return Touched::default() };
        Touched::rows([at_address(peer)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct FoundOurselves {
    peer: Named,
}

impl Kind for FoundOurselves {
    const NAME: &str = "found_ourselves";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "an address is another name of this node")
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::FoundOurselves { address } = event else { return None };
        Some(Self { peer: address.into() })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::FoundOurselves { address: self.peer.0 })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::FoundOurselves { address } = event else { return None };
        Some(note(Some(address)).saying("is this node itself"))
    }

    fn touched(event: &Event) -> Touched {
        let Event::FoundOurselves { address } = event else { return Touched::default() };
        Touched::rows([at_address(address)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct RemoteIgnored {
    remote: IpAddr,
}

impl Kind for RemoteIgnored {
    const NAME: &str = "remote_ignored";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "connections from an IP address are ignored")
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::RemoteIgnored { remote } = event else { return None };
        Some(Self { remote: *remote })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::RemoteIgnored { remote: self.remote })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::RemoteIgnored { remote } = event else { return None };
        Some(of_remote(*remote).ended("ignored", Tone::Plain))
    }

    fn touched(event: &Event) -> Touched {
        let Event::RemoteIgnored { remote } = event else { return Touched::default() };
        Touched::rows([remote_row(*remote)])
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct RemoteUnignored {
    remote: IpAddr,
}

impl Kind for RemoteUnignored {
    const NAME: &str = "remote_unignored";

    fn spec() -> EventSpec {
        EventSpec::new(Self::NAME, "connections from an IP address are no longer ignored")
    }

    fn of(event: &Event, _: Detail) -> Option<Self> {
        let Event::RemoteUnignored { remote } = event else { return None };
        Some(Self { remote: *remote })
    }

    fn event(self) -> Result<Event, Wrong> {
        Ok(Event::RemoteUnignored { remote: self.remote })
    }

    fn line(event: &Event) -> Option<Line> {
        let Event::RemoteUnignored { remote } = event else { return None };
        Some(of_remote(*remote).ended("unignored", Tone::Plain))
    }

    fn touched(event: &Event) -> Touched {
        let Event::RemoteUnignored { remote } = event else { return Touched::default() };
        Touched::rows([remote_row(*remote)])
    }
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
