//! `clacks plugins`: for people who write a script.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use clacks_feed::{Label, escape::escaped};
use clacks_plugins::{
    Fault, HostPort, Incoming, Kind, Sender, Verdict,
    script::{ScriptOptions, Source, TestRun, check, definitions, new_script, verdict_line},
};
use clacks_text::paths::UserPath;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{PluginError, spec::stem};
use crate::config::scripts_directory;

/// `clacks plugins`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum PluginsCommand {
    /// Write a new script with comments that explain it
    New {
        /// Name of the script, or the path of its file
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Load a script as a node does, and report its first error
    Check {
        /// File of the script
        #[arg(value_name = "FILE")]
        file: UserPath,
    },
    /// Run a script over the messages of a recording and print its verdicts; nothing is sent
    Test {
        /// File of the script
        #[arg(value_name = "FILE")]
        file: UserPath,
        /// Recording of a node, or what `clacks node` printed
        #[arg(value_name = "RECORDING")]
        recording: UserPath,
    },
}

/// The file that tells editors which functions a script has.
const DEFINITIONS: &str = "clacks.d.luau";
/// The extension of scripts.
const EXTENSION: &str = "luau";
/// Columns of a message in the output of a test.
const MAX_SHOWN: usize = 60;

/// Runs a command of `clacks plugins`.
pub(crate) fn run(command: &PluginsCommand) -> anyhow::Result<()> {
    match command {
        PluginsCommand::New { name } => create(name),
        PluginsCommand::Check { file } => checked(file),
        PluginsCommand::Test { file, recording } => tested(file, recording),
    }
}

fn options(file: &Path) -> ScriptOptions {
    ScriptOptions::new(&stem(file), Source::File(file.to_owned()))
}

fn failed(fault: &Fault) -> PluginError {
    PluginError(fault.reason.clone())
}

// === clacks plugins new ===

fn create(name: &str) -> anyhow::Result<()> {
    let path = path_of(name)?;
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let text = new_script(&stem(&path));
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{} exists already; choose another name, or remove it first", path.display())
        }
        Err(error) => return Err(error).with_context(|| format!("cannot write {}", path.display())),
    };
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    let definitions_file = directory.join(DEFINITIONS);
    fs::write(&definitions_file, definitions())
        .with_context(|| format!("cannot write {}", definitions_file.display()))?;
    crate::print(&next_steps(&path))
}

/// The file of a new script: a path as it is given, and a mere name in the directory of the scripts.
fn path_of(name: &str) -> anyhow::Result<PathBuf> {
    let given = Path::new(name);
    if given.file_stem().is_none_or(OsStr::is_empty) || name.ends_with('/') {
        bail!(
            "{name:?} is no name of a script; give a name such as tune-in, or a path such as ./tune-in.luau"
        );
    }
    let path = match given.extension() {
        Some(extension) if extension == EXTENSION => given.to_owned(),
        _ => PathBuf::from(format!("{name}.{EXTENSION}")),
    };
    if given.components().count() > 1 || given.extension().is_some_and(|extension| extension == EXTENSION) {
        return Ok(path);
    }
    let directory =
        scripts_directory().context("no home directory found; give a path such as ./NAME.luau")?;
    Ok(directory.join(path))
}

fn next_steps(path: &Path) -> String {
    let shown = path.display();
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let is_beside_configuration = scripts_directory().is_some_and(|directory| path.starts_with(directory));
    let in_configuration = if is_beside_configuration { file.into_owned() } else { format!("{shown}") };
    format!(
        "{shown}\n\n\
         Run it:           clacks --plugin {shown}\n\
         Or in the configuration file, to run it each time:\n\n\
         \x20   [[plugins]]\n    script = {in_configuration:?}\n\n\
         Edit the file while the node runs: it is loaded again when you save it.\n\
         Check it without a node:  clacks plugins check {shown}\n"
    )
}

// === clacks plugins check ===

fn checked(file: &Path) -> anyhow::Result<()> {
    let checked = check(&options(file)).map_err(|fault| failed(&fault))?;
    let calls = match checked.functions.as_slice() {
        [] => "It has no function that the node calls; write on_message or on_payload".to_owned(),
        functions => format!("The node calls {}", functions.join(", ")),
    };
    let mut text = format!("{} loads. {calls}.\n", file.display());
    for name in &checked.never_called {
        let _ = writeln!(text, "warning: nothing calls {}", escaped(name));
    }
    for note in &checked.notes {
        let _ = writeln!(text, "{note}");
    }
    crate::print(&text)
}

// === clacks plugins test ===

/// A line of a recording, or of the output of `clacks node`, about a payload.
#[derive(Deserialize)]
struct Line<'a> {
    event: &'a str,
    #[serde(borrow)]
    peer: Option<RecordedPeer<'a>>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    visits: Option<u32>,
    remote: Option<IpAddr>,
}

#[derive(Deserialize)]
struct RecordedPeer<'a> {
    identifier: &'a str,
    hostname: &'a str,
    port: u16,
    #[serde(borrow)]
    status: std::borrow::Cow<'a, str>,
    time: u64,
    answers: Option<bool>,
}

fn tested(file: &Path, recording: &Path) -> anyhow::Result<()> {
    let label = Label::from("a recording");
    let description = clacks_p2p_feed::description::describe(label);
    let run = TestRun::new(&options(file), Some(description)).map_err(|fault| failed(&fault))?;
    let opened = File::open(recording).with_context(|| format!("cannot read {}", recording.display()))?;
    let lines = BufReader::new(opened).lines();
    // Lines that are not about a payload, or damaged, are left out.
    let payloads = lines.map_while(Result::ok).filter_map(|line| payload(&line));
    let mut counts = Counts::default();
    for (payload, tested) in run.judge(payloads) {
        counts.add(&tested.verdict);
        let mut text = format!("{:<24} {}\n", verdict_line(&tested.verdict), shown(&payload));
        for note in &tested.notes {
            let _ = writeln!(text, "    {note}");
        }
        crate::print(&text)?;
    }
    if counts.payloads == 0 {
        bail!("{} has no message that was received; record a node with --record FILE", recording.display());
    }
    crate::print(&counts.to_string())
}

fn payload(line: &str) -> Option<Incoming> {
    let line: Line<'_> = serde_json::from_str(line).ok()?;
    let kind = match line.event {
        "message_received" | "payload_discarded" => Kind::Message,
        "announce_received" => Kind::Announce,
        _ => return None,
    };
    let peer = line.peer?;
    let statuses = ["new", "alive", "lost", "dead", "ignored"];
    let status = statuses.into_iter().find(|status| *status == peer.status).unwrap_or("alive");
    let json: Arc<str> = line.message.map_or("null", RawValue::get).into();
    Some(Incoming {
        body: bytes::Bytes::new(),
        kind,
        sender: Sender {
            identifier: peer.identifier.into(),
            address: HostPort { hostname: peer.hostname.into(), port: peer.port },
            status,
            time: peer.time,
            answers: peer.answers.unwrap_or_default(),
        },
        remote: line.remote.map(|remote| (remote, 0).into()),
        friend: None,
        visits: line.visits.unwrap_or(1).saturating_sub(1),
        json,
    })
}

/// A payload on one line. Its text comes from peers and is escaped.
fn shown(payload: &Incoming) -> String {
    let what = match payload.kind {
        Kind::Announce => "announce".to_owned(),
        _ => escaped(&payload.json).to_string(),
    };
    let cut: String = what.chars().take(MAX_SHOWN).collect();
    let end = if cut.len() < what.len() { "\u{2026}" } else { "" };
    format!("{} {cut}{end}", escaped(&payload.sender.address.to_string()))
}

/// Number of payloads by verdict.
#[derive(Debug, Default)]
struct Counts {
    payloads: u64,
    pass: u64,
    change: u64,
    discard: u64,
    failed: u64,
}

impl Counts {
    fn add(&mut self, verdict: &Result<Verdict, Fault>) {
        self.payloads += 1;
        let count = match verdict {
            Ok(Verdict::Pass) => &mut self.pass,
            Ok(Verdict::Swallow { .. } | Verdict::Refuse(_)) => &mut self.discard,
            Ok(_) => &mut self.change,
            Err(_) => &mut self.failed,
        };
        *count += 1;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { payloads, pass, change, discard, failed } = self;
        writeln!(
            f,
            "{payloads} payloads: {pass} passed, {change} changed or held, {discard} discarded, {failed} failed"
        )
    }
}
