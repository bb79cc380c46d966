//! The log file.

use std::{fs::OpenOptions, path::Path, sync::Arc};

use anyhow::Context;
use clacks_p2p::{
    Node,
    core::{Event, Failure},
};
use serde::Deserialize;
use tracing::{debug, info, warn};
use tracing_subscriber::filter::LevelFilter;

use crate::escape::escaped;

/// How much the log tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl From<Level> for LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

/// Appends everything that is logged from now on to a file.
pub(crate) fn open(path: &Path, level: Level) -> anyhow::Result<()> {
    let file = OpenOptions::new().append(true).create(true).open(path);
    let file = file.with_context(|| format!("cannot write the log file {}", path.display()))?;
    tracing_subscriber::fmt()
        .with_writer(Arc::new(file))
        .with_ansi(false)
        .with_max_level(LevelFilter::from(level))
        // What a full disk does not take is left out: a complaint on standard error would be written over the screen.
        .log_internal_errors(false)
        .try_init()
        .map_err(|error| anyhow::anyhow!("cannot set up the log: {error}"))
}

/// Logs what happens at the node, until it stops.
pub(crate) fn watch(node: &Node) {
    let mut events = node.subscribe();
    info!(address = %node.address(), listens_on = ?node.listens_on(), "started");
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            log(&event);
        }
        info!("stopped");
    });
}

/// What peers wrote goes through [`escaped`]; an address holds nothing but letters, digits and punctuation.
fn log(event: &Event) {
    match event {
        Event::PeerDiscovered { peer, introduction } => {
            info!(peer = %peer.address, status = %peer.status, ?introduction, "peer discovered");
        }
        Event::PeerUpdated { peer, from } => {
            info!(peer = %peer.address, %from, to = %peer.status, "peer updated");
        }
        Event::ClaimConfirmed { peer } => info!(peer = %peer.address, "claim confirmed"),
        Event::PeerForgotten { peer } => info!(peer = %peer.address, "peer forgotten"),
        Event::AnnounceReceived { peer } => info!(peer = %peer.address, "announce received"),
        Event::Announced { peer, round_trip } => info!(%peer, ?round_trip, "announced"),
        Event::AnnounceFailed { peer, failure } => log_failure("announce failed", peer, failure),
        Event::DeliveryFailed { peer, failure, .. } => log_failure("delivery failed", &peer.address, failure),
        Event::Refused(refusal) => {
            let (status, sender, remote) = (refusal.status, &refusal.sender, &refusal.remote);
            info!(status, reason = %escaped(&refusal.reason), ?sender, ?remote, "refused");
        }
        Event::RemoteIgnored { remote } => info!(%remote, "remote address ignored"),
        Event::RemoteUnignored { remote } => info!(%remote, "remote address no longer ignored"),
        Event::FoundOurselves { address } => info!(%address, "found ourselves under another name"),
        Event::HoldRuleChanged { rule } => {
            info!(rule = rule.as_deref().map(escaped).as_deref(), "hold rule changed");
        }
        Event::SendRateChanged { rate } => info!(rate, "send rate changed"),
        Event::Lagged(missed) => warn!(missed, "the log fell behind"),
        other => log_message(other),
    }
}

fn log_failure(what: &str, peer: &clacks_p2p::Address, failure: &Failure) {
    let reason = failure.to_string();
    let reason = escaped(&reason);
    if matches!(failure, Failure::CertificateChanged { .. }) {
        warn!(%peer, %reason, "{what}");
    } else {
        info!(%peer, %reason, "{what}");
    }
}

fn log_message(event: &Event) {
    match event {
        Event::MessageReceived { peer, message, visits, .. } => {
            debug!(peer = %peer.address, message = %escaped(message.as_json()), visits, "message received");
        }
        Event::MessageQueued { id, .. } => debug!(%id, "message queued"),
        Event::MessageSending { id, peer, .. } => debug!(%id, peer = %peer.address, "message sending"),
        Event::MessageDelivered { id, peer, round_trip, .. } => {
            debug!(%id, peer = %peer.address, ?round_trip, "message delivered");
        }
        Event::MessageDropped { id, .. } => debug!(%id, "message dropped"),
        Event::MessageHeld { held, .. } => debug!(id = %held.queued.id, by = ?held.by, "message held"),
        Event::MessageReleased { was, queued } => debug!(%was, id = %queued.id, "message released"),
        Event::MessageChanged { queued, .. } => debug!(id = %queued.id, "message changed"),
        _ => {}
    }
}
