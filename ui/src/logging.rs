//! The log file. Its size is bounded, and so is the number of lines that peers can cause.

use std::{
    fmt,
    future::poll_fn,
    mem,
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use clacks::Cause;
use clacks_feed::{Event, Network, Watched, description::Description};
use clacks_p2p::Node;
use clacks_p2p_feed::ClacksEvent;
use clacks_session::lost_lines::Lost;
use clacks_text::{byte_size::LogSize, escape::escaped, file_error};
use file::LogFile;
use rate_limit::{LeftOut, RateLimiter, Topic};
use serde::Deserialize;
use tokio::{task::JoinHandle, time::Instant};
use tracing::{Subscriber, info, warn};
use tracing_subscriber::{
    filter::LevelFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{Format, Writer},
    },
    registry::LookupSpan,
};

use super::networks;

mod any_network;
mod clacks;
mod file;
mod rate_limit;
#[cfg(test)]
mod tests;

/// The target of each line about the node.
const TARGET: &str = "clacks::logging";

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

/// Logs that a node of clacks has started, then its events until it stops.
pub(crate) fn watch_clacks(node: &Node) {
    info!(address = %node.address(), listens_on = ?node.listens_on(), "started");
    watch(networks::clacks(node));
}

/// The tasks that write the log. Each ends behind the last line about its node.
static TASKS: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// Maximum time for the last lines of the log.
const MAX_FINISH: Duration = Duration::from_secs(1);

/// Logs the events of a node of any network until it stops. [`finish`] waits for the last line.
pub(crate) fn watch(network: Arc<dyn Network>) {
    let mut events = network.watch();
    let task = tokio::spawn(async move {
        let mut rate_limiter = RateLimiter::new(Instant::now());
        loop {
            tokio::select! {
                watched = poll_fn(|cx| events.poll_next(cx)) => match watched {
                    Some(watched) => {
                        log_rate_limited(&mut rate_limiter, network.description(), &watched, Instant::now());
                    }
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
    TASKS.lock().unwrap_or_else(PoisonError::into_inner).push(task);
}

/// Waits for the last lines about the nodes, for a second at most. Call it when the nodes have stopped, before the
/// runtime ends.
pub(crate) async fn finish() {
    let tasks = mem::take(&mut *TASKS.lock().unwrap_or_else(PoisonError::into_inner));
    let all = async {
        for task in tasks {
            // Fails only if the task panicked.
            _ = task.await;
        }
    };
    _ = tokio::time::timeout(MAX_FINISH, all).await;
}

/// Logs what happened, unless the rate limit for events that peers cause is exceeded.
fn log_rate_limited(
    rate_limiter: &mut RateLimiter,
    description: &Description,
    watched: &Watched,
    now: Instant,
) {
    log_left_out(&rate_limiter.end_minute(now));
    let cause = match watched {
        Watched::Event(event) => cause(description, event),
        Watched::Lagged(_) => Some((Topic::Lags, None)),
    };
    if cause.is_none_or(|(topic, network)| rate_limiter.admits(topic, network)) {
        log(description, watched);
    }
}

fn log_left_out(left_out: &[LeftOut]) {
    left_out.iter().for_each(|left_out| info!(lines = left_out.lines, "{left_out}"));
}

/// The topic and the remote address of an event that a peer causes; `None` for other events. Events at the level
/// `debug` have no rate limit; only the size of the file bounds them.
fn cause(description: &Description, event: &Event) -> Option<(Topic, Option<IpAddr>)> {
    match event.get().map_or(Cause::Unknown, |ClacksEvent(event)| clacks::cause(event)) {
        Cause::Peer(topic, remote) => Some((topic, remote)),
        Cause::Other => None,
        Cause::Unknown => any_network::cause(description, event),
    }
}

fn log(description: &Description, watched: &Watched) {
    match watched {
        Watched::Event(event) => match event.get() {
            Some(ClacksEvent(core_event)) if clacks::cause(core_event) != Cause::Unknown => {
                clacks::log(core_event);
            }
            _ => any_network::log(description, event),
        },
        Watched::Lagged(missed) => warn!(missed, "the log fell behind"),
    }
}
