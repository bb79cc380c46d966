//! The plugins of a node, for its lists and commands.

use std::sync::Arc;

use clacks_p2p_feed::plugins::{Asked, PluginStatus, PluginTable};
use clacks_plugins::{
    Fault, Pipeline, Plugin, PluginFigures,
    script::{Script, ScriptState, Scripts},
};

/// The plugins of a node, and the thread of its scripts.
#[derive(Debug)]
pub(super) struct Table {
    pipeline: Arc<Pipeline>,
    scripts: Option<Arc<Scripts>>,
    loaded: Vec<Arc<Script>>,
}

impl Table {
    pub(super) fn new(
        pipeline: Arc<Pipeline>,
        scripts: Option<Arc<Scripts>>,
        loaded: Vec<Arc<Script>>,
    ) -> Self {
        Self { pipeline, scripts, loaded }
    }

    fn script(&self, name: &str) -> Option<&Arc<Script>> {
        self.loaded.iter().find(|script| **script.name() == *name)
    }

    fn status(&self, figures: PluginFigures) -> PluginStatus {
        let PluginFigures { name, payloads, verdicts, faults, last_fault, median, p99 } = figures;
        let status = PluginStatus {
            payloads,
            passed: verdicts.pass,
            changed: verdicts.change + verdicts.replace,
            swallowed: verdicts.swallow,
            refused: verdicts.refuse,
            held: verdicts.hold,
            faults,
            median,
            p99,
            note: last_fault.as_ref().map(ToString::to_string),
            ..PluginStatus::default()
        };
        match self.script(&name) {
            None => PluginStatus { kind: "built-in", state: "running".to_owned(), name, ..status },
            Some(script) => with_script(PluginStatus { name, ..status }, script),
        }
    }
}

/// Adds what only a script has.
fn with_script(status: PluginStatus, script: &Script) -> PluginStatus {
    let of = script.status();
    let state = match &of.state {
        ScriptState::Running => "running".to_owned(),
        ScriptState::Suspended(fault) => format!("suspended: {fault}"),
        ScriptState::Unloaded => "unloaded".to_owned(),
    };
    let last: Option<&Fault> = of.reload_fault.as_ref().or(of.last_fault.as_ref().map(|(_, fault)| fault));
    let counts = of.counts.iter().map(|(name, count)| format!("{name} {count}"));
    let notes: Vec<String> = last.map(ToString::to_string).into_iter().chain(counts).collect();
    PluginStatus {
        kind: "script",
        state,
        memory: Some(of.memory as u64),
        faults: status.faults.max(of.faults),
        note: (!notes.is_empty()).then(|| notes.join("; ")),
        ..status
    }
}

impl PluginTable for Table {
    fn plugins(&self) -> Vec<PluginStatus> {
        self.pipeline.figures().into_iter().map(|figures| self.status(figures)).collect()
    }

    fn reload(&self, name: Option<&str>) -> Asked {
        let names: Vec<Arc<str>> = match name {
            Some(name) if self.script(name).is_none() => {
                let reason = format!("{name} is part of the program; only scripts are loaded again");
                return Box::pin(std::future::ready(Err(reason)));
            }
            Some(name) => vec![name.into()],
            None => self.loaded.iter().map(|script| Arc::clone(script.name())).collect(),
        };
        let Some(scripts) = self.scripts.clone() else {
            return Box::pin(std::future::ready(Err("there is no script to load again".to_owned())));
        };
        Box::pin(async move {
            for name in &names {
                scripts.reload(name).await.map_err(|fault| fault.to_string())?;
            }
            Ok(format!("loaded {} again", names.join(", ")))
        })
    }

    fn command(&self, name: &str, words: &str) -> Asked {
        let (name, words) = (name.to_owned(), words.split_whitespace().map(str::to_owned).collect());
        let is_script = self.script(&name).is_some();
        match self.scripts.clone().filter(|_| is_script) {
            None => Box::pin(std::future::ready(Err(format!(
                "{name} is part of the program, and takes no words"
            )))),
            Some(scripts) => {
                Box::pin(
                    async move { scripts.command(&name, words).await.map_err(|fault| fault.to_string()) },
                )
            }
        }
    }
}
