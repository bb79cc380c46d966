//! The events of a recording.

use clacks_p2p::core::{
    CertificateFingerprint, Discovery, Event, Failure, FingerprintError, HeldBy, HeldMessage, Origin,
    PeerChoice, PeerCounts, QueuedMessage, Refusal, Scope,
};

use super::{
    fields::{Counts, Fields, From, Place},
    values::{described, duration, message, missing, needed, rate, ticket},
};

impl Fields {
    /// The event of this name; `None` for a name that is not known.
    pub(crate) fn event(self, name: &str) -> Result<Option<Event>, String> {
        Ok(Some(match name {
            "message_received" => Event::MessageReceived {
                id: self.id.map(ticket).transpose()?,
                visits: needed("visits", self.visits)?,
                message: message(self.message.as_deref())?,
                peer: described(self.peer)?,
                remote: self.remote,
            },
            "message_queued" => Event::MessageQueued {
                id: ticket(needed("id", self.id)?)?,
                message: message(self.message.as_deref())?,
                since_ms: needed("since_ms", self.since_ms)?,
                visits: needed("visits", self.visits)?,
                origin: origin(self.origin.as_deref(), self.from)?,
                place: self.place,
            },
            "message_sending" => Event::MessageSending {
                id: ticket(needed("id", self.id)?)?,
                message: message(self.message.as_deref())?,
                choice: {
                    let told = choice(needed("draw", self.draw)?, needed("free_peers", self.free_peers)?)?;
                    PeerChoice {
                        verified_only: self.for_proven.unwrap_or_default(),
                        alive_places: self.alive_places.unwrap_or(told.alive_places),
                        at_place: self.at_place.unwrap_or(told.at_place),
                        ..told
                    }
                },
                peer: described(self.peer)?,
            },
            "message_delivered" => Event::MessageDelivered {
                id: ticket(needed("id", self.id)?)?,
                message: message(self.message.as_deref())?,
                round_trip: duration(needed("round_trip_ms", self.round_trip_ms)?)?,
                peer: described(self.peer)?,
            },
            "delivery_failed" => Event::DeliveryFailed {
                id: ticket(needed("id", self.id)?)?,
                message: message(self.message.as_deref())?,
                failure: self.failure()?,
                peer: described(self.peer)?,
            },
            "message_dropped" => Event::MessageDropped {
                id: ticket(needed("id", self.id)?)?,
                message: message(self.message.as_deref())?,
                from: self.sender.map(Place::address).transpose()?,
            },
            _ => return self.event_of_held(name),
        }))
    }

    /// The events of messages that are held, or were.
    fn event_of_held(mut self, name: &str) -> Result<Option<Event>, String> {
        Ok(Some(match name {
            "message_held" => {
                let origin = match self.origin.as_deref() {
                    Some("queue") => None,
                    name => Some(origin(name, self.from.take())?),
                };
                let by = needed("by", self.by.take())?.into();
                Event::MessageHeld { held: HeldMessage::new(self.queued()?, by), origin }
            }
            "message_released" => {
                Event::MessageReleased { was: ticket(needed("was", self.was)?)?, queued: self.queued()? }
            }
            "message_restored" => {
                let was = self.was.map(ticket).transpose()?;
                let held = self.by.take().map(HeldBy::from);
                Event::MessageRestored { was, queued: self.queued()?, held }
            }
            "message_changed" => {
                Event::MessageChanged { before: message(self.before.as_deref())?, queued: self.queued()? }
            }
            _ => return self.event_without_message(name),
        }))
    }

    fn event_without_message(self, name: &str) -> Result<Option<Event>, String> {
        Ok(Some(match name {
            "peer_discovered" => Event::PeerDiscovered {
                introduction: introduction(self.introduction.as_deref(), self.of)?,
                peer: described(self.peer)?,
                remote: self.remote,
            },
            "peer_updated" => {
                let Some(From::Status(from)) = self.from else { return Err(missing("from")) };
                Event::PeerUpdated { peer: described(self.peer)?, from }
            }
            "peer_changed" => Event::PeerChanged { peer: described(self.peer)? },
            "claim_confirmed" => Event::ClaimConfirmed { peer: described(self.peer)? },
            "peer_forgotten" => Event::PeerForgotten { peer: described(self.peer)? },
            "announce_received" => {
                Event::AnnounceReceived { peer: described(self.peer)?, remote: self.remote }
            }
            "announced" => Event::Announced {
                round_trip: duration(needed("round_trip_ms", self.round_trip_ms)?)?,
                peer: needed("peer", self.peer)?.place.address()?,
            },
            "announce_failed" => Event::AnnounceFailed {
                failure: self.failure()?,
                peer: needed("peer", self.peer)?.place.address()?,
            },
            "found_ourselves" => {
                Event::FoundOurselves { address: needed("peer", self.peer)?.place.address()? }
            }
            "refused" => Event::Refused(Refusal::new(
                needed("status", self.status)?,
                needed("reason", self.reason)?,
                self.sender.map(Place::address).transpose()?,
                self.preview,
                self.remote,
            )),
            "limits_met" => Event::LimitsMet { met: needed("met", self.met)? },
            "remote_ignored" => Event::RemoteIgnored { remote: needed("remote", self.remote)? },
            "remote_unignored" => Event::RemoteUnignored { remote: needed("remote", self.remote)? },
            "hold_rule_changed" => Event::HoldRuleChanged { rule: self.rule },
            "send_rate_changed" => Event::SendRateChanged { rate: rate(needed("rate", self.rate)?)? },
            "lagged" => Event::Lagged(needed("missed", self.missed)?),
            _ => return Ok(None),
        }))
    }

    fn queued(self) -> Result<QueuedMessage, String> {
        Ok(QueuedMessage::new(
            ticket(needed("id", self.id)?)?,
            message(self.message.as_deref())?,
            needed("since_ms", self.since_ms)?,
            needed("visits", self.visits)?,
            self.sender.map(Place::address).transpose()?,
            self.place,
        ))
    }

    fn failure(&self) -> Result<Failure, String> {
        Ok(match self.cause.as_deref() {
            Some("status") => Failure::Status(needed("status", self.status)?),
            Some("timed_out") => Failure::TimedOut,
            Some("no_resources") => Failure::NoResources,
            Some("stopped") => Failure::Stopped,
            Some("no_room") => Failure::NoRoom,
            Some("not_contacted") => {
                let name = self.scope.as_deref();
                let scope = Scope::ALL.into_iter().find(|scope| Some(scope.name()) == name);
                Failure::NotContacted(needed("scope", scope)?)
            }
            Some("certificate_changed") => Failure::CertificateChanged {
                pinned: fingerprint(self.trusted.as_deref())?,
                presented: fingerprint(self.presented.as_deref())?,
            },
            _ => Failure::Connection(needed("failure", self.failure.clone())?),
        })
    }
}

fn choice(draw: u32, free: Counts) -> Result<PeerChoice, String> {
    if draw < PeerChoice::DRAWS {
        let free: PeerCounts = free.into();
        // Recordings of before it was told drew each alive peer alike.
        Ok(PeerChoice { draw, free, verified_only: false, alive_places: free.alive as u32, at_place: 1 })
    } else {
        Err(missing("draw"))
    }
}

fn origin(origin: Option<&str>, from: Option<From>) -> Result<Origin, String> {
    let peer = || match from {
        Some(From::Place(place)) => place.address(),
        _ => Err(missing("from")),
    };
    match origin {
        Some("local") => Ok(Origin::Local),
        Some("received") => Ok(Origin::Received(peer()?)),
        Some("returned") => Ok(Origin::Returned(peer()?)),
        _ => Err(missing("origin")),
    }
}

fn introduction(introduction: Option<&str>, of: Option<Place>) -> Result<Discovery, String> {
    match introduction {
        Some("by_hand") => Ok(Discovery::Manual),
        Some("sender") => Ok(Discovery::Inbound),
        Some("announced") => Ok(Discovery::Announce),
        Some("restored") => Ok(Discovery::Restored),
        Some("friend") => Ok(Discovery::Referral(needed("of", of)?.address()?)),
        _ => Err(missing("introduction")),
    }
}

/// 64 hexadecimal digits.
fn fingerprint(text: Option<&str>) -> Result<CertificateFingerprint, String> {
    text.unwrap_or_default().parse().map_err(|error: FingerprintError| error.to_string())
}
