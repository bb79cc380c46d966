//! Log lines of events of clacks.

use std::net::IpAddr;

use clacks_p2p::core::{Discovery, Event, Failure, Status};
use clacks_text::escape::escaped;
use tracing::{debug, info, warn};

use super::{TARGET, rate_limit::Topic};

/// The topic and the remote address of an event that a peer causes; `None` for other events. Events at the level
/// `debug` have no rate limit; only the size of the file bounds them.
pub(super) fn cause(event: &Event) -> Option<(Topic, Option<IpAddr>)> {
    match event {
        Event::PeerDiscovered { introduction: Discovery::Manual | Discovery::Restored, .. } => None,
        Event::PeerDiscovered { remote, .. } => Some((Topic::Peers, *remote)),
        Event::PeerUpdated { peer, from } => {
            let is_by_user = [peer.status, *from].contains(&Status::Ignored);
            (!is_by_user).then_some((Topic::Peers, None))
        }
        Event::ClaimConfirmed { .. } | Event::PeerForgotten { .. } | Event::FoundOurselves { .. } => {
            Some((Topic::Peers, None))
        }
        Event::AnnounceReceived { remote, .. } => Some((Topic::Announces, *remote)),
        Event::DeliveryFailed { failure: Failure::CertificateChanged { .. }, .. }
        | Event::AnnounceFailed { failure: Failure::CertificateChanged { .. }, .. } => {
            Some((Topic::Certificates, None))
        }
        Event::DeliveryFailed { .. } | Event::AnnounceFailed { .. } => Some((Topic::Failures, None)),
        Event::Refused(refusal) => Some((Topic::Refusals, refusal.remote)),
        _ => None,
    }
}

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
        Event::MessageChanged { queued, .. } => debug!(target: TARGET, id = %queued.id, "message changed"),
        _ => {}
    }
}
