//! The log file. Its size is bounded, and so is the number of lines that peers can cause.

use std::{fmt, net::IpAddr, path::Path, sync::Arc};

use anyhow::Context;
use clacks_p2p::{
    Node,
    core::{Discovery, Event, Failure, Status},
};
use clacks_source::lost_lines::Lost;
use clacks_text::{byte_size::LogSize, escape::escaped, file_error};
use file::LogFile;
use rate_limit::{LeftOut, RateLimiter, Topic};
use serde::Deserialize;
use tokio::time::Instant;
use tracing::{Subscriber, debug, info, warn};
use tracing_subscriber::{
    filter::LevelFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{Format, Writer},
    },
    registry::LookupSpan,
};

mod file;
mod rate_limit;

/// The log level.
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

/// Appends all log events from now on to a file. A file that this creates is readable only by its owner.
pub(crate) fn open(path: &Path, level: Level, max_size: LogSize) -> anyhow::Result<()> {
    let (file, open_to_others) = LogFile::open(path, max_size.0)
        .map_err(file_error::writing)
        .with_context(|| format!("cannot write the log file {}", path.display()))?;
    if let Some(mode) = open_to_others {
        let path = path.display();
        clacks_terminal::stderr::report(&format!(
            "warning: others can read the log {path} (mode {mode:04o}); run chmod 600 {path}"
        ));
    }
    Lost::watch(file.lost());
    tracing::subscriber::set_global_default(to(Arc::new(file), level))
        .map_err(|error| anyhow::anyhow!("cannot set up the log: {error}"))
}

/// The subscriber that writes one line per log event.
fn to<W>(writer: W, level: Level) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(false)
        // tracing escapes fewer characters than [`OneLine`], which follows.
        .with_ansi_sanitization(false)
        .with_max_level(LevelFilter::from(level))
        // A write error is not reported, because a line on standard error would overwrite the screen. [`watch`] reports
        // lost lines.
        .log_internal_errors(false)
        .event_format(OneLine(Format::default()))
        .finish()
}

/// Formats a log event as one line that is safe to show, whatever text a peer put into it.
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

/// Logs the events of the node until it stops.
pub(crate) fn watch(node: &Node) {
    let mut events = node.subscribe();
    info!(address = %node.address(), listens_on = ?node.listens_on(), "started");
    tokio::spawn(async move {
        let mut rate_limiter = RateLimiter::new(Instant::now());
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(event) => log_rate_limited(&mut rate_limiter, &event, Instant::now()),
                    None => break,
                },
                () = tokio::time::sleep_until(rate_limiter.minute_ends_at()) => {
                    log_left_out(&rate_limiter.end_minute(Instant::now()));
                }
            }
        }
        log_left_out(&rate_limiter.left_out());
        info!("stopped");
    });
}

/// Logs an event, unless the rate limit for events that peers cause is exceeded.
fn log_rate_limited(rate_limiter: &mut RateLimiter, event: &Event, now: Instant) {
    log_left_out(&rate_limiter.end_minute(now));
    if cause(event).is_none_or(|(topic, network)| rate_limiter.admits(topic, network)) {
        log(event);
    }
}

fn log_left_out(left_out: &[LeftOut]) {
    left_out.iter().for_each(|left_out| info!(lines = left_out.lines, "{left_out}"));
}

/// The topic and the remote address of an event that a peer causes; `None` for other events. Events at the level
/// `debug` have no rate limit; only the size of the file bounds them.
fn cause(event: &Event) -> Option<(Topic, Option<IpAddr>)> {
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
        Event::Lagged(_) => Some((Topic::Lags, None)),
        _ => None,
    }
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
            // `tracing` escapes a field of this name in its own way, so the text is escaped first.
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
        Event::MessageRestored { queued, .. } => debug!(id = %queued.id, "message restored"),
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
        core::{Discovery, Now, Peer, Refusal, Status},
    };
    use clacks_text::testing::{hostile, is_hidden};
    use proptest::prelude::*;

    use super::*;

    /// The content of the file after this has logged.
    fn logged(log: impl FnOnce()) -> String {
        let mut file = tempfile::tempfile().unwrap();
        let to_file = to(Arc::new(file.try_clone().unwrap()), Level::Trace);
        tracing::subscriber::with_default(to_file, log);
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    }

    /// One event of each kind that holds text of a peer.
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
            held: None,
        };
        let (failure, id) = (Failure::Connection(text.to_owned()), "7".parse().unwrap());
        vec![
            came(Message::text(text)),
            came(json.clone()),
            Event::DeliveryFailed { id, peer: peer.clone(), message: json, failure: failure.clone() },
            Event::AnnounceFailed { peer: address.clone(), failure },
            Event::Refused(Refusal::new(
                400,
                text.to_owned(),
                Some(address.clone()),
                Some(text.to_owned()),
                None,
            )),
            Event::HoldRuleChanged { rule: Some(text.into()) },
            Event::PeerDiscovered { peer, introduction: Discovery::Referral(address), remote: None },
        ]
    }

    /// Bytes that one hour of these events adds to the log, with each event repeated `a_second` times per second.
    fn logged_in_an_hour(events: &[Event], a_second: usize) -> usize {
        let begun = Instant::now();
        let mut rate_limiter = RateLimiter::new(begun);
        let text = logged(|| {
            for second in 0..3600 {
                let now = begun + std::time::Duration::from_secs(second);
                let each = events.iter().flat_map(|event| std::iter::repeat_n(event, a_second));
                each.for_each(|event| log_rate_limited(&mut rate_limiter, event, now));
            }
            log_left_out(&rate_limiter.left_out());
        });
        text.len()
    }

    fn refused(remote: u8) -> Event {
        Event::Refused(Refusal::new(
            400,
            "the payload is not JSON: expected value at line 1 column 1".repeat(4),
            None,
            Some("x".repeat(200)),
            Some([127, 0, 0, remote].into()),
        ))
    }

    #[tokio::test]
    async fn an_hour_of_a_peer_logs_less_than_a_megabyte() {
        let one = logged_in_an_hour(&[refused(2)], 938);
        assert!((1_000..500_000).contains(&one), "{one}");
        let mut all: Vec<Event> = (0..=255).map(refused).collect();
        all.extend(events("what a peer wrote").into_iter().filter(|event| cause(event).is_some()));
        let all = logged_in_an_hour(&all, 1);
        assert!(all < 1_000_000, "{all}");
    }

    #[test]
    fn events_of_the_user_are_always_logged() {
        let address: clacks_p2p::Address = "tower:1".parse().unwrap();
        let now = Now { uptime: std::time::Duration::ZERO, unix_ms: 5 };
        let peer = |status| Peer::new(address.clone(), status, now);
        for event in [
            Event::PeerDiscovered { peer: peer(Status::New), introduction: Discovery::Manual, remote: None },
            Event::PeerUpdated { peer: peer(Status::Ignored), from: Status::Alive },
            Event::PeerUpdated { peer: peer(Status::Alive), from: Status::Ignored },
            Event::RemoteIgnored { remote: [127, 0, 0, 1].into() },
            Event::HoldRuleChanged { rule: None },
            Event::SendRateChanged { rate: 1.0 },
        ] {
            assert_eq!(cause(&event), None, "{event:?}");
        }
    }

    #[test]
    fn control_characters_are_escaped_in_the_log() {
        let text = "a\u{1b}[2J\n\tb\u{9b}\u{202e}";
        let log = logged(|| info!(reason = %text, "refused"));
        let written = r"refused reason=a\u001b[2J\u000a\u0009b\u009b\u202e";
        assert!(log.ends_with(&format!("{written}\n")), "{log}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_log_event_is_one_harmless_line(text in hostile()) {
            let events = events(&text);
            let log = logged(|| {
                events.iter().for_each(log);
                // The library and its dependencies may log such text.
                tracing::error!(error = %text, debug = ?text, "{text}");
            });
            prop_assert!(log.ends_with('\n'));
            prop_assert_eq!(log.matches('\n').count(), events.len() + 1, "{}", log);
            let is_harmful = |c: char| is_hidden(c) && !matches!(c, '\n' | '\u{fe00}'..='\u{fe0f}');
            prop_assert!(!log.contains(is_harmful), "{:?}", log);
        }
    }
}
