//! `clacks archive`: search, show, export, prune, check.

use std::{
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, bail};
use clacks_archive::{
    Access, ExportLine, Exported, HashPrefix, Keep, Options, Order, PeerQuery, Query, Retention, Search,
    SightingKind, Size, Store, open, prune_all,
};
use clacks_text::paths::UserPath;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

use super::{located, printed};
use crate::{
    config::{Config, number},
    print, written,
};

/// The name under which the program reads an archive. Only a node writes.
const NOBODY: &str = "clacks archive";

/// `clacks archive`, with its own commands.
#[derive(Debug, Args)]
pub(crate) struct ArchiveOptions {
    #[command(subcommand)]
    command: ArchiveCommand,
    /// File of the archive [default: the one of the configuration file]
    #[arg(long, value_name = "FILE", global = true)]
    file: Option<UserPath>,
    /// Configuration file [default: clacks/config.toml in the platform's configuration directory, if it exists]
    #[arg(long = "config", env = "CLACKS_CONFIG", value_name = "FILE", global = true)]
    config: Option<UserPath>,
}

#[derive(Debug, Subcommand)]
enum ArchiveCommand {
    /// List messages, those seen last first
    Search(SearchOptions),
    /// Show a message and what happened to it
    Show {
        /// The first digits of its hash, as `search` prints them
        hash: HashPrefix,
        /// Maximum number of sightings, of which the newest are shown
        #[arg(long, value_name = "NUMBER", default_value = "100", value_parser = number::count)]
        limit: usize,
        /// Print JSON lines, as `export` does
        #[arg(long)]
        json: bool,
        /// Mark it, so that it is never pruned
        #[arg(long, conflicts_with = "no_keep")]
        keep: bool,
        /// Remove that mark
        #[arg(long)]
        no_keep: bool,
    },
    /// Print all messages and sightings as JSON lines
    Export,
    /// Remove old sightings and messages, as the configuration file says
    Prune {
        /// Keep what is not older than this, as in 90d, 12h; in place of the option of the file
        #[arg(long, value_name = "AGE")]
        keep: Option<Keep>,
        /// Keep at most this size, as in 500M, 1G; in place of the option of the file
        #[arg(long, value_name = "SIZE")]
        max_size: Option<Size>,
    },
    /// Examine the archive; ends with an error if something is wrong
    Check,
}

#[derive(Debug, Args)]
struct SearchOptions {
    /// Words, "a phrase", the start of a word as in tow*, OR between words; -word to leave out [default: any message]
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Only messages that came from or went to this peer: a hostname, or with its port
    #[arg(long, value_name = "HOST", value_parser = peer)]
    peer: Option<PeerQuery>,
    /// Only messages to which this happened: received, enqueued, sent, delivered, failed, dropped, swallowed, reintroduced
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<SightingKind>,
    /// The best match first
    #[arg(long)]
    best: bool,
    /// Maximum number of messages
    #[arg(long, value_name = "NUMBER", default_value = "50", value_parser = number::count)]
    limit: usize,
    /// Print JSON lines, as `export` does
    #[arg(long)]
    json: bool,
}

fn peer(text: &str) -> Result<PeerQuery, &'static str> {
    let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host, Some(port.parse().ok()?))));
    let (hostname, port) = parts.unwrap_or((text, None));
    if hostname.is_empty() {
        return Err("a peer is a hostname, such as tower.example.org, or with its port");
    }
    Ok(PeerQuery { hostname: hostname.into(), port })
}

fn kind(text: &str) -> Result<SightingKind, String> {
    let names = SightingKind::ALL.map(SightingKind::name).join(", ");
    SightingKind::named(text).ok_or_else(|| format!("what happened is one of {names}"))
}

/// Runs a command of `clacks archive`. It waits for the disk, so it must not be called within the runtime.
pub(crate) fn run(options: ArchiveOptions) -> anyhow::Result<()> {
    let ArchiveOptions { command, file, config } = options;
    let place = match file {
        Some(file) => Options::in_file(file.to_path_buf()),
        None => located(Config::of_file(config.as_deref())?.archive)?,
    };
    if !place.is_on() {
        bail!(
            "no archive is named; give --file FILE, or set `path` in the table [archive] of the configuration file"
        );
    }
    let is_changed = matches!(
        command,
        ArchiveCommand::Prune { .. }
            | ArchiveCommand::Show { keep: true, .. }
            | ArchiveCommand::Show { no_keep: true, .. }
    );
    // A missing archive is not created by a command that reads or shortens it.
    let mut store = open(&place, NOBODY, Access::Read)?;
    if is_changed {
        store = open(&place, NOBODY, Access::Write)?;
    }
    let store = &mut *store;
    match command {
        ArchiveCommand::Search(options) => search(store, options),
        ArchiveCommand::Show { hash, limit, json, keep, no_keep } => {
            let mark = if keep || no_keep { Some(keep) } else { None };
            show(store, &hash, limit, json, mark)
        }
        ArchiveCommand::Export => export(store),
        ArchiveCommand::Prune { keep, max_size } => {
            let Retention { keep: usual_keep, max_size: usual_size } = place.retention();
            let retention = match (keep, max_size) {
                (None, None) => Retention { keep: usual_keep, max_size: usual_size },
                (keep, max_size) => Retention { keep, max_size },
            };
            prune(store, &retention)
        }
        ArchiveCommand::Check => check(store),
    }
}

fn search(store: &mut dyn Store, options: SearchOptions) -> anyhow::Result<()> {
    let SearchOptions { words, peer, kind, best, limit, json } = options;
    let words = words.join(" ");
    let search = if words.trim().is_empty() { None } else { Some(words.parse::<Search>()?) };
    let order = if best { Order::Best } else { Order::Newest };
    let found = store.find(&Query { search, peer, kind, order, limit, ..Query::default() })?;
    let zone = TimeZone::system();
    let line = |message| {
        if json {
            format!("{}\n", ExportLine(Exported::Message(message)))
        } else {
            printed::line(message, &zone)
        }
    };
    print(&found.iter().map(line).collect::<String>())
}

fn show(
    store: &mut dyn Store,
    hash: &HashPrefix,
    limit: usize,
    json: bool,
    mark: Option<bool>,
) -> anyhow::Result<()> {
    let zone = TimeZone::system();
    let found = store.named(hash, 10)?;
    let message = match &found[..] {
        [] => bail!("no message of the archive has a hash that begins so"),
        [message] => message,
        several => {
            let lines: String = several.iter().map(|message| printed::line(message, &zone)).collect();
            bail!("more than one hash begins so; write more digits\n{}", lines.trim_end());
        }
    };
    if let Some(keep) = mark {
        store.mark(&message.hash, keep)?;
    }
    let life = store.life(&message.hash, limit)?.context("the message was pruned just now")?;
    if json {
        let message = ExportLine(Exported::Message(&life.message));
        let seen = life.sightings.iter().map(|seen| Exported::Sighting(&life.message, seen));
        let seen: String = seen.map(|seen| ExportLine(seen).to_string() + "\n").collect();
        return print(&format!("{message}\n{seen}"));
    }
    print(&printed::life(&life, &zone))
}

fn export(store: &mut dyn Store) -> anyhow::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    let mut result = Ok(());
    store.export(&mut |part| {
        result = writeln!(output, "{}", ExportLine(part));
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written(result.and_then(|()| output.flush()))
}

fn prune(store: &mut dyn Store, retention: &Retention) -> anyhow::Result<()> {
    if retention.is_everything() {
        bail!("nothing says what to remove; give --keep or --max-size, or set them in the table [archive]");
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let pruned = prune_all(store, retention, now, |_| true)?;
    print(&printed::pruned(&pruned))
}

fn check(store: &mut dyn Store) -> anyhow::Result<()> {
    let checked = store.check()?;
    if checked.problems.is_empty() {
        return print(&printed::checked(&checked));
    }
    bail!("the archive is damaged:\n  {}", checked.problems.join("\n  "))
}
