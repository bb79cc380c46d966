//! The log file.

use std::{fmt, fs::OpenOptions, path::Path, sync::Arc};

use anyhow::Context;
use clacks_p2p::{
    Node,
    core::{Event, Failure},
};
use serde::Deserialize;
use tracing::{Subscriber, debug, info, warn};
use tracing_subscriber::{
    filter::LevelFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{Format, Writer},
    },
    registry::LookupSpan,
};

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
    tracing::subscriber::set_global_default(to(Arc::new(file), level))
        .map_err(|error| anyhow::anyhow!("cannot set up the log: {error}"))
}

/// What writes a line for each event that is logged.
fn to<W>(writer: W, level: Level) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(false)
        // Of what it takes for harmful, which is less than what is written out below.
        .with_ansi_sanitization(false)
        .with_max_level(LevelFilter::from(level))
        // What a full disk does not take is left out: a complaint on standard error would be written over the screen.
        .log_internal_errors(false)
        .event_format(OneLine(Format::default()))
        .finish()
}

/// An event on one line that is safe to show, whoever logs it and whatever a peer has put into it.
struct OneLine(Format);

impl<S, N> FormatEvent<S, N> for OneLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        writeln!(writer, "{}", escaped(line.strip_suffix('\n').unwrap_or(&line)))
    }
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

fn log(event: &Event) {
    match event {
        Event::PeerDiscovered { peer, introduction, .. } => {
            info!(peer = %peer.address, status = %peer.status, ?introduction, "peer discovered");
        }
        Event::PeerUpdated { peer, from } => {
            info!(peer = %peer.address, %from, to = %peer.status, "peer updated");
        }
        Event::ClaimConfirmed { peer } => info!(peer = %peer.address, "claim confirmed"),
        Event::PeerForgotten { peer } => info!(peer = %peer.address, "peer forgotten"),
        Event::AnnounceReceived { peer, .. } => info!(peer = %peer.address, "announce received"),
        Event::Announced { peer, round_trip } => info!(%peer, ?round_trip, "announced"),
        Event::AnnounceFailed { peer, failure } => log_failure("announce failed", peer, failure),
        Event::DeliveryFailed { peer, failure, .. } => log_failure("delivery failed", &peer.address, failure),
        Event::Refused(refusal) => {
            let (status, sender, remote) = (refusal.status, &refusal.sender, &refusal.remote);
            info!(status, reason = %refusal.reason, ?sender, ?remote, "refused");
        }
        Event::RemoteIgnored { remote } => info!(%remote, "remote address ignored"),
        Event::RemoteUnignored { remote } => info!(%remote, "remote address no longer ignored"),
        Event::FoundOurselves { address } => info!(%address, "found ourselves under another name"),
        Event::HoldRuleChanged { rule } => {
            info!(rule = rule.as_deref(), "hold rule changed");
        }
        Event::SendRateChanged { rate } => info!(rate, "send rate changed"),
        Event::Lagged(missed) => warn!(missed, "the log fell behind"),
        other => log_message(other),
    }
}

fn log_failure(what: &str, peer: &clacks_p2p::Address, failure: &Failure) {
    if matches!(failure, Failure::CertificateChanged { .. }) {
        warn!(%peer, reason = %failure, "{what}");
    } else {
        info!(%peer, reason = %failure, "{what}");
    }
}

fn log_message(event: &Event) {
    match event {
        Event::MessageReceived { peer, message, visits, .. } => {
            // A field of this name is written out by `tracing` in its own way, if anything is left to write out.
            let message = escaped(message.as_json());
            debug!(peer = %peer.address, %message, visits, "message received");
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

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek};

    use clacks_p2p::{
        DEFAULT_MAX_DEPTH, Message,
        core::{Introduction, Now, Peer, Refusal, Status},
    };
    use proptest::prelude::*;

    use super::*;
    use crate::untrusted::tests::{hostile, is_hidden};

    /// What is in the file when this has logged.
    fn logged(log: impl FnOnce()) -> String {
        let mut file = tempfile::tempfile().unwrap();
        let to_file = to(Arc::new(file.try_clone().unwrap()), Level::Trace);
        tracing::subscriber::with_default(to_file, log);
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    }

    /// All events that hold what a peer wrote.
    fn events(text: &str) -> Vec<Event> {
        let address: clacks_p2p::Address = "tower:1".parse().unwrap();
        let now = Now { uptime: std::time::Duration::ZERO, unix_ms: 5 };
        let peer = Peer::new(address.clone(), Status::Alive, now);
        let json = format!("{{\t\"text\"\r\n:{}}}", serde_json::to_string(text).unwrap());
        let json = Message::from_json(&json, DEFAULT_MAX_DEPTH).unwrap();
        let came = |message| Event::MessageReceived {
            peer: peer.clone(),
            message,
            id: None,
            visits: 1,
            remote: None,
        };
        let (failure, id) = (Failure::Connection(text.to_owned()), "7".parse().unwrap());
        vec![
            came(Message::text(text)),
            came(json.clone()),
            Event::DeliveryFailed { id, peer: peer.clone(), message: json, failure: failure.clone() },
            Event::AnnounceFailed { peer: address.clone(), failure },
            Event::Refused(Refusal {
                status: 400,
                reason: text.to_owned(),
                sender: Some(address.clone()),
                preview: Some(text.to_owned()),
                remote: None,
            }),
            Event::HoldRuleChanged { rule: Some(text.into()) },
            Event::PeerDiscovered { peer, introduction: Introduction::Friend(address), remote: None },
        ]
    }

    #[test]
    fn what_a_terminal_acts_on_is_written_out_as_everywhere_else() {
        let text = "a\u{1b}[2J\n\tb\u{9b}\u{202e}";
        let log = logged(|| info!(reason = %text, "refused"));
        let written = r"refused reason=a\u001b[2J\u000a\u0009b\u009b\u202e";
        assert!(log.ends_with(&format!("{written}\n")), "{log}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_is_logged_is_one_harmless_line_an_event(text in hostile()) {
            let events = events(&text);
            let log = logged(|| {
                events.iter().for_each(log);
                // As the library and what it is built on may.
                tracing::error!(error = %text, debug = ?text, "{text}");
            });
            prop_assert!(log.ends_with('\n'));
            prop_assert_eq!(log.matches('\n').count(), events.len() + 1, "{}", log);
            let is_harmful = |c: char| is_hidden(c) && !matches!(c, '\n' | '\u{fe00}'..='\u{fe0f}');
            prop_assert!(!log.contains(is_harmful), "{:?}", log);
        }
    }
}
