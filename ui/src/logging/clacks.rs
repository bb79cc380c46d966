//! Log lines of events of clacks. An event that is not named here is logged as those of any network are.

use std::net::IpAddr;

use clacks_p2p::core::{Discovery, Event, Failure, Status};
use clacks_text::escape::escaped;
use tracing::{debug, info, warn};

use super::{TARGET, rate_limit::Topic};

/// The cause of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A peer, with the topic and the remote address.
    Peer(Topic, Option<IpAddr>),
    /// No peer, or the event is logged at the level `debug`, which has no rate limit: only the size of the file bounds it.
    Other,
    /// The event is not known here.
    Unknown,
}

pub(super) fn cause(event: &Event) -> Cause {
    match event {
        Event::PeerDiscovered { introduction, remote, .. } => match introduction {
            Discovery::Manual | Discovery::Restored => Cause::Other,
            Discovery::Inbound | Discovery::Announce | Discovery::Referral(_) => {
                Cause::Peer(Topic::Peers, *remote)
            }
        },
        Event::PeerUpdated { peer, from } => {
            let is_by_user = [peer.status, *from].contains(&Status::Ignored);
            if is_by_user { Cause::Other } else { Cause::Peer(Topic::Peers, None) }
        }
        Event::ClaimConfirmed { .. } | Event::PeerForgotten { .. } | Event::FoundOurselves { .. } => {
            Cause::Peer(Topic::Peers, None)
        }
        Event::AnnounceReceived { remote, .. } => Cause::Peer(Topic::Announces, *remote),
        Event::PayloadDiscarded { remote, .. } => Cause::Peer(Topic::Refusals, *remote),
        Event::DeliveryFailed { failure: Failure::CertificateChanged { .. }, .. }
        | Event::AnnounceFailed { failure: Failure::CertificateChanged { .. }, .. } => {
            Cause::Peer(Topic::Certificates, None)
        }
        Event::DeliveryFailed { .. } | Event::AnnounceFailed { .. } => Cause::Peer(Topic::Failures, None),
        Event::Refused(refusal) => Cause::Peer(Topic::Refusals, refusal.remote),
        Event::MessageReceived { .. }
        | Event::MessageQueued { .. }
        | Event::MessageSending { .. }
        | Event::MessageDelivered { .. }
        | Event::MessageDropped { .. }
        | Event::MessageHeld { .. }
        | Event::MessageReleased { .. }
        | Event::MessageChanged { .. }
        | Event::MessageRestored { .. }
        | Event::MessageRewritten { .. }
        | Event::HoldRuleChanged { .. }
        | Event::PluginLoaded { .. }
        | Event::PluginFailed { .. }
        | Event::PeerChanged { .. }
        | Event::Announced { .. }
        | Event::RemoteIgnored { .. }
        | Event::RemoteUnignored { .. }
        | Event::LimitsMet { .. }
        | Event::SendRateChanged { .. }
        | Event::Lagged(_) => Cause::Other,
        _ => Cause::Unknown,
    }
}

/// Logs an event that is known here.
pub(super) fn log(event: &Event) {
    match event {
        Event::PeerDiscovered { peer, introduction, .. } => {
            info!(target: TARGET, peer = %peer.address, status = %peer.status, ?introduction, "peer discovered");
        }
        Event::PeerUpdated { peer, from } => {
            info!(target: TARGET, peer = %peer.address, %from, to = %peer.status, "peer updated");
        }
        Event::ClaimConfirmed { peer } => info!(target: TARGET, peer = %peer.address, "claim confirmed"),
        Event::PeerForgotten { peer } => info!(target: TARGET, peer = %peer.address, "peer forgotten"),
        Event::AnnounceReceived { peer, .. } => {
            info!(target: TARGET, peer = %peer.address, "announce received");
        }
        Event::Announced { peer, round_trip } => info!(target: TARGET, %peer, ?round_trip, "announced"),
        Event::AnnounceFailed { peer, failure } => log_failure("announce failed", peer, failure),
        Event::DeliveryFailed { peer, failure, .. } => log_failure("delivery failed", &peer.address, failure),
        Event::Refused(refusal) => {
            let (status, sender, remote) = (refusal.status, &refusal.sender, &refusal.remote);
            info!(target: TARGET, status, reason = %refusal.reason, ?sender, ?remote, "refused");
        }
        Event::PayloadDiscarded { plugin, status, reason, peer, .. } => {
            let (peer, reason) = (&peer.address, reason.as_deref());
            info!(target: TARGET, %plugin, status, reason, %peer, "payload discarded");
        }
        Event::PluginLoaded { plugin, is_reload } => {
            info!(target: TARGET, %plugin, is_reload, "plugin loaded");
        }
        Event::PluginFailed { plugin, reason, line, is_suspended } => {
            warn!(target: TARGET, %plugin, %reason, line, is_suspended, "plugin failed");
        }
        Event::RemoteIgnored { remote } => info!(target: TARGET, %remote, "remote address ignored"),
        Event::RemoteUnignored { remote } => {
            info!(target: TARGET, %remote, "remote address no longer ignored");
        }
        Event::FoundOurselves { address } => {
            info!(target: TARGET, %address, "found ourselves under another name");
        }
        Event::HoldRuleChanged { rule } => {
            info!(target: TARGET, rule = rule.as_deref(), "hold rule changed");
        }
        Event::SendRateChanged { rate } => info!(target: TARGET, rate, "send rate changed"),
        other => log_message(other),
    }
}

fn log_failure(what: &str, peer: &clacks_p2p::Address, failure: &Failure) {
    if matches!(failure, Failure::CertificateChanged { .. }) {
        warn!(target: TARGET, %peer, reason = %failure, "{what}");
    } else {
        info!(target: TARGET, %peer, reason = %failure, "{what}");
    }
}

fn log_message(event: &Event) {
    match event {
        Event::MessageReceived { peer, message, visits, .. } => {
            // `tracing` escapes a field of this name in its own way, so the text is escaped first.
            let message = escaped(message.as_json());
            debug!(target: TARGET, peer = %peer.address, %message, visits, "message received");
        }
        Event::MessageQueued { id, .. } => debug!(target: TARGET, %id, "message queued"),
        Event::MessageSending { id, peer, .. } => {
            debug!(target: TARGET, %id, peer = %peer.address, "message sending");
        }
        Event::MessageDelivered { id, peer, round_trip, .. } => {
            debug!(target: TARGET, %id, peer = %peer.address, ?round_trip, "message delivered");
        }
        Event::MessageDropped { id, .. } => debug!(target: TARGET, %id, "message dropped"),
        Event::MessageHeld { held, .. } => {
            debug!(target: TARGET, id = %held.queued.id, by = ?held.by, "message held");
        }
        Event::MessageRestored { queued, .. } => debug!(target: TARGET, id = %queued.id, "message restored"),
        Event::MessageReleased { was, queued } => {
            debug!(target: TARGET, %was, id = %queued.id, "message released");
        }
        Event::MessageRewritten { plugin, peer, after, .. } => {
            debug!(target: TARGET, %plugin, peer = %peer.address, messages = after.len(), "message rewritten");
        }
        Event::MessageChanged { queued, .. } => debug!(target: TARGET, id = %queued.id, "message changed"),
        _ => {}
    }
}
