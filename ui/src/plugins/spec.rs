//! The tables `[[plugins]]` of the configuration file.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clacks_plugins::{
    OnError,
    builtin::Builtin,
    script::{Allow, Limits, ScriptOptions, Source},
};
use serde::{Deserialize, Deserializer, de::Error};

use crate::config::{number, plugins::PluginTable, timeout::Timeout};

/// A plugin that the user wants.
#[derive(Debug)]
pub(super) enum Spec {
    /// A plugin of the program.
    Builtin {
        /// Its name on the screen.
        name: Arc<str>,
        /// What happens to a payload if it fails.
        on_error: OnError,
        /// What it is, with its options.
        options: Builtin,
    },
    /// A script.
    Script {
        /// Its options.
        options: Box<ScriptOptions>,
        /// Whether the node starts without it if it does not load.
        is_optional: bool,
    },
}

/// Why a table is wrong. One line that names the table.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("plugin {number} of the configuration{name}: {reason}")]
pub(super) struct SpecError {
    /// Its position in the file, from 1.
    number: usize,
    /// Its name in brackets, if it has one.
    name: String,
    reason: String,
}

/// What a table of a script can have.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ScriptTable {
    script: PathBuf,
    name: Option<String>,
    #[serde(default, deserialize_with = "allowed")]
    allow: Vec<Allow>,
    #[serde(default, deserialize_with = "on_error")]
    on_error: OnError,
    #[serde(default)]
    optional: bool,
    tick: Option<Timeout>,
    #[serde(default)]
    settings: toml::Table,
    verdict_time: Option<Timeout>,
    call_time: Option<Timeout>,
    #[serde(default, deserialize_with = "number::file::size")]
    memory: Option<usize>,
    enqueue_rate: Option<f64>,
}

/// The least memory in which a script can run.
const LEAST_MEMORY: usize = 1 << 20;
/// Most messages a second that a script may queue.
const MOST_ENQUEUED: f64 = 10.0;
/// Shortest time between two ticks.
const SHORTEST_TICK: Duration = Duration::from_secs(1);

/// Reads the tables of the file, whose scripts are relative to `directory`, and the scripts of the command line.
pub(super) fn read(
    tables: &[PluginTable],
    directory: Option<&Path>,
    files: &[PathBuf],
) -> Result<Vec<Spec>, SpecError> {
    let mut specs: Vec<Spec> = Vec::new();
    for (index, PluginTable(table)) in tables.iter().enumerate() {
        let error = |reason: String| SpecError { number: index + 1, name: named(table), reason };
        let spec = spec(table.clone(), directory).map_err(error)?;
        if specs.iter().any(|other| other.name() == spec.name()) {
            let reason =
                format!("a plugin before it has the name {:?}; set another with name = …", spec.name());
            return Err(error(reason));
        }
        specs.push(spec);
    }
    for file in files {
        let mut name = stem(file);
        while specs.iter().any(|spec| spec.name() == name) {
            name.push('+');
        }
        let options = ScriptOptions::new(&name, Source::File(file.clone()));
        specs.push(Spec::Script { options: Box::new(options), is_optional: false });
    }
    Ok(specs)
}

impl Spec {
    /// Its name on the screen.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Builtin { name, .. } => name,
            Self::Script { options, .. } => &options.name,
        }
    }
}

/// The name of a file without its directory and extension.
pub(super) fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn named(table: &toml::Table) -> String {
    let name = ["name", "use", "script"].iter().find_map(|field| table.get(*field)?.as_str());
    name.map(|name| format!(" ({name})")).unwrap_or_default()
}

fn spec(mut table: toml::Table, directory: Option<&Path>) -> Result<Spec, String> {
    match (table.remove("use"), table.contains_key("script")) {
        (Some(_), true) => Err("it has both use and script; give one of them".to_owned()),
        (Some(toml::Value::String(kind)), false) => builtin(&kind, table),
        (Some(_), false) => Err(format!("use must be a text: {}", Builtin::NAMES.join(", "))),
        (None, true) => script(table, directory),
        (None, false) => {
            Err(format!("it needs script = FILE, or use = one of {}", Builtin::NAMES.join(", ")))
        }
    }
}

fn builtin(kind: &str, mut table: toml::Table) -> Result<Spec, String> {
    let name = match table.remove("name") {
        Some(toml::Value::String(name)) => name,
        Some(_) => return Err("name must be a text".to_owned()),
        None => kind.to_owned(),
    };
    let on_error = match table.remove("on-error") {
        None => OnError::default(),
        Some(value) => on_error(value).map_err(|error| error.to_string())?,
    };
    let options = Builtin::read(kind, table).map_err(|error| one_line(&error.to_string()))?;
    Ok(Spec::Builtin { name: name.into(), on_error, options })
}

fn options<'de, T: Deserialize<'de>>(table: toml::Table) -> Result<T, String> {
    T::deserialize(table).map_err(|error| one_line(&error.to_string()))
}

fn script(table: toml::Table, directory: Option<&Path>) -> Result<Spec, String> {
    let table: ScriptTable = options(table)?;
    let file = if table.script.is_absolute() {
        table.script
    } else {
        directory
            .ok_or("the configuration is no file, so the path of the script must be absolute")?
            .join(table.script)
    };
    let name = table.name.unwrap_or_else(|| stem(&file));
    let default = Limits::default();
    let limits = Limits {
        verdict_time: table.verdict_time.map_or(default.verdict_time, Into::into),
        call_time: table.call_time.map_or(default.call_time, Into::into),
        memory: table.memory.unwrap_or(default.memory),
    };
    if limits.memory < LEAST_MEMORY {
        return Err("memory must be at least 1M".to_owned());
    }
    let tick: Option<Duration> = table.tick.map(Into::into);
    if tick.is_some_and(|tick| tick < SHORTEST_TICK) {
        return Err("tick must be at least 1s".to_owned());
    }
    let enqueue_rate = table.enqueue_rate.unwrap_or(1.0);
    if !(0.0..=MOST_ENQUEUED).contains(&enqueue_rate) {
        return Err(format!("enqueue-rate is a number a second from 0 to {MOST_ENQUEUED}"));
    }
    let settings = serde_json::to_value(table.settings).map_err(|error| format!("settings: {error}"))?;
    let options = ScriptOptions {
        allow: table.allow,
        on_error: table.on_error,
        settings,
        tick,
        limits,
        enqueue_rate,
        ..ScriptOptions::new(&name, Source::File(file))
    };
    Ok(Spec::Script { options: Box::new(options), is_optional: table.optional })
}

fn allowed<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<Allow>, D::Error> {
    let known = Allow::ALL.map(Allow::as_str).join(", ");
    let read = |word: String| {
        Allow::parse(&word).ok_or_else(|| D::Error::custom(format!("allow: {word:?} is none of {known}")))
    };
    Vec::<String>::deserialize(value)?.into_iter().map(read).collect()
}

fn on_error<'de, D: Deserializer<'de>>(value: D) -> Result<OnError, D::Error> {
    match String::deserialize(value)?.as_str() {
        "pass" => Ok(OnError::Pass),
        "refuse" => Ok(OnError::Refuse),
        other => Err(D::Error::custom(format!("on-error is pass or refuse, not {other:?}"))),
    }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
