//! For authors of scripts: a new script, a check, and a run over a recording.

use std::{
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clacks_feed::{description::Description, escape::escaped};

use super::{
    ScriptOptions,
    context::{Context, Kept},
    fault::fault,
    statistics::{HOOKS, Shared},
    vm::Vm,
};
use crate::{
    Environment, Fault, Host, HostPort, Incoming, KnownPeer, LogLevel, PeerQuery, Report, ThisNode, Verdict,
};

/// The text of a new script: a commented example.
pub fn new_script(name: &str) -> String {
    include_str!("example.luau").replace("NAME", &escaped(name))
}

/// What is known about a script that loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The functions that the host calls.
    pub functions: Vec<&'static str>,
    /// The functions whose names begin with `on_`, but which are never called.
    pub never_called: Vec<String>,
    /// What the script wrote and did while it was loaded, one line each.
    pub notes: Vec<String>,
}

/// Compiles a script, runs its top level and calls its `on_load`, as a node in a test would. Nothing is sent.
pub fn check(options: &ScriptOptions) -> Result<Checked, Fault> {
    let run = TestRun::new(options, None)?;
    let functions = HOOKS.iter().enumerate().filter(|(bit, _)| run.vm.hooks.0 & 1 << bit != 0);
    Ok(Checked {
        functions: functions.map(|(_, name)| *name).collect(),
        never_called: run.vm.unknown_hooks(),
        notes: run.host.take_notes(),
    })
}

/// A script that is run over payloads on the current thread. What it does to the node is only noted.
pub struct TestRun {
    vm: Vm,
    host: Arc<DryHost>,
}

/// What a script did with a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// Its verdict, or why it failed.
    pub verdict: Result<Verdict, Fault>,
    /// What it wrote and did meanwhile, one line each.
    pub notes: Vec<String>,
    /// Elapsed time of the call.
    pub took: Duration,
}

impl TestRun {
    /// Loads a script. `description` gives `matches` its fields; without it there are no filters.
    pub fn new(options: &ScriptOptions, description: Option<Description>) -> Result<Self, Fault> {
        let host = Arc::new(DryHost { description, notes: Mutex::default() });
        let chunk = options.source.chunk(&options.name);
        let source = options.source.read().map_err(|reason| fault(&chunk, None, &reason))?;
        let shared = Shared::new(Arc::clone(&options.name), options.on_error);
        let kept = Kept::new(options, &*host);
        let context = Context::new(options, Arc::clone(&host) as Arc<dyn Host>, shared, kept);
        let vm = Vm::new(options, &chunk, &source, Rc::clone(&context))?;
        vm.load(None)?;
        Ok(Self { vm, host })
    }

    /// Judges one payload.
    pub fn judge_one(&self, payload: &Incoming) -> Result<Verdict, Fault> {
        self.vm.judge(payload)
    }

    /// Judges each payload in turn.
    pub fn judge<'a>(
        &'a self,
        payloads: impl Iterator<Item = Incoming> + 'a,
    ) -> impl Iterator<Item = (Incoming, Tested)> + 'a {
        payloads.map(|payload| {
            let verdict = self.vm.judge(&payload);
            let tested = Tested { verdict, notes: self.host.take_notes(), took: self.vm.last_took.get() };
            (payload, tested)
        })
    }
}

impl std::fmt::Debug for TestRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestRun").finish_non_exhaustive()
    }
}

/// One line about a verdict or a fault. Its text can come from peers and is escaped.
pub fn verdict_line(verdict: &Result<Verdict, Fault>) -> String {
    let because = |reason: &Option<Arc<str>>| match reason {
        Some(reason) => format!(" ({})", escaped(reason)),
        None => String::new(),
    };
    match verdict {
        Ok(Verdict::Pass) => "pass".to_owned(),
        Ok(Verdict::Change(json)) => format!("change to {}", escaped(json)),
        Ok(Verdict::Replace(texts)) => format!("replace by {}: {}", texts.len(), escaped(&texts.join(" "))),
        Ok(Verdict::Swallow { reason }) => format!("swallow{}", because(reason)),
        Ok(Verdict::Hold { reason }) => format!("hold{}", because(reason)),
        Ok(Verdict::Refuse(refusal)) => format!("refuse {} {}", refusal.status, escaped(&refusal.body)),
        Err(fault) => format!("failed: {}", escaped(&fault.reason)),
    }
}

/// A node that does nothing and notes what a script asked for.
#[derive(Debug)]
struct DryHost {
    description: Option<Description>,
    notes: Mutex<Vec<String>>,
}

/// Maximum number of notes about one call.
const MAX_NOTES: usize = 100;

impl DryHost {
    fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < MAX_NOTES {
            notes.push(note);
        }
    }

    fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is the body of functions that can fail")]
    fn note_address(&self, what: &str, address: &HostPort) -> Result<(), String> {
        self.note(format!("{what} {}", escaped(&address.to_string())));
        Ok(())
    }
}

impl Host for DryHost {
    fn environment(&self) -> Environment {
        Environment::Test
    }

    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis() as u64)
    }

    fn this_node(&self) -> ThisNode {
        let address = HostPort { hostname: "localhost".into(), port: 8080 };
        ThisNode { identifier: "0".repeat(64).into(), address }
    }

    fn queue_length(&self) -> u64 {
        0
    }

    fn peers(&self, _: &PeerQuery) -> Vec<KnownPeer> {
        Vec::new()
    }

    fn enqueue(&self, _: &str, json: &str) -> Result<u64, String> {
        self.note(format!("enqueue {}", escaped(json)));
        Ok(1)
    }

    fn announce(&self, _: &str, to: &HostPort) -> Result<(), String> {
        self.note_address("announce to", to)
    }

    fn add(&self, _: &str, peer: &HostPort) -> Result<(), String> {
        self.note_address("add", peer)
    }

    fn ignore(&self, _: &str, peer: &HostPort) -> Result<(), String> {
        self.note_address("ignore", peer)
    }

    fn unignore(&self, _: &str, peer: &HostPort) -> Result<(), String> {
        self.note_address("unignore", peer)
    }

    fn forget(&self, _: &str, peer: &HostPort) -> Result<(), String> {
        self.note_address("forget", peer)
    }

    fn log(&self, _: &str, level: LogLevel, text: &str) {
        self.note(format!("log {}: {text}", level.as_str()));
    }

    fn notify(&self, _: &str, text: &str) {
        self.note(format!("notify: {text}"));
    }

    fn report(&self, _: &Arc<str>, report: &Report) {
        self.note(report.to_string());
    }

    fn description(&self) -> Option<&Description> {
        self.description.as_ref()
    }

    fn write_store(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }
}
