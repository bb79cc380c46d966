//! Scenarios: built-in ones, files, and changes from the command line.

use std::path::Path;

use anyhow::Context;
use clacks_p2p::{node::files::read_regular_text, simulation::Scenario};
use clacks_text::{file_error, paths::expand};
use serde::Deserialize;
use toml::{Table, Value};

macro_rules! built_in {
    ($($name:literal),*) => {
        &[$(($name, include_str!(concat!("../../../assets/scenarios/", $name, ".toml")))),*]
    };
}

/// The built-in scenarios by name.
const BUILT_IN: &[(&str, &str)] = built_in!(
    "grid",
    "grid-top",
    "grid-clacks",
    "seed",
    "small-world",
    "churn",
    "outage",
    "partition",
    "flood",
    "lossy",
    "city"
);

/// Lists the built-in scenarios: name and title.
pub(crate) fn list() -> String {
    let width = BUILT_IN.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines = BUILT_IN.iter().filter_map(|(name, text)| {
        let scenario: Scenario = toml::from_str(text).ok()?;
        Some(format!("{name:width$}  {}\n", scenario.name))
    });
    lines.collect()
}

/// The text of a built-in scenario or of a file.
pub(crate) fn text(name: &str) -> anyhow::Result<String> {
    if let Some((_, text)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
        return Ok((*text).to_owned());
    }
    let is_file = Path::new(name).extension().is_some_and(|extension| extension == "toml");
    anyhow::ensure!(
        is_file,
        "there is no scenario {name}; `clacks simulate --list` lists those that there are, and a file of yours ends in .toml"
    );
    let path = expand(Path::new(name))?;
    read_regular_text(&path, clacks_text::toml::LARGEST_FILE)
        .map_err(file_error::reading)
        .with_context(|| format!("can't read {name}"))
}

/// Reads a scenario and applies changes such as `topology.width=40`.
pub(crate) fn open(name: &str, changes: &[String]) -> anyhow::Result<Scenario> {
    let text = text(name)?;
    let mut scenario: Scenario = clacks_text::toml::parse(&text).with_context(|| name.to_owned())?;
    if !changes.is_empty() {
        let mut table: Table = toml::from_str(&text)?;
        for change in changes {
            set(&mut table, change)?;
        }
        let told = changes.join(" ");
        scenario = Scenario::deserialize(table)
            .map_err(|error| anyhow::anyhow!("--set {told}: {}", error.message()))?;
    }
    scenario.check().with_context(|| format!("the scenario {name}"))?;
    Ok(scenario)
}

/// Changes one value of a scenario.
fn set(table: &mut Table, change: &str) -> anyhow::Result<()> {
    let (name, value) = change
        .split_once('=')
        .with_context(|| format!("--set {change}: write NAME=VALUE, as in seed=7 or topology.width=40"))?;
    let mut parts: Vec<&str> = name.trim().split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let mut inner = table;
    for part in parts {
        let entry = inner.entry(part).or_insert_with(|| Value::Table(Table::new()));
        inner = entry.as_table_mut().with_context(|| format!("--set {change}: {part} has no parts"))?;
    }
    inner.insert(last.to_owned(), value_of(value.trim()));
    Ok(())
}

/// Parses a TOML value; other text is a string.
fn value_of(text: &str) -> Value {
    let read = toml::from_str::<Table>(&format!("value = {text}")).ok();
    read.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clacks_p2p::{core::NewPeerPolicy, simulation::Topology};

    use super::*;

    fn changed(changes: &[&str]) -> anyhow::Result<Scenario> {
        open("grid", &changes.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn built_in_scenarios_are_valid_and_have_a_title() {
        for (name, _) in BUILT_IN {
            let scenario = open(name, &[]).unwrap();
            assert!(!scenario.name.is_empty() && scenario.about.ends_with(['.', '?']), "{name}");
        }
        assert_eq!(list().lines().count(), BUILT_IN.len());
        let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/scenarios")).unwrap();
        assert_eq!(files.count(), BUILT_IN.len(), "each file is one that the program has");
    }

    #[test]
    fn parts_of_a_scenario_can_be_changed() {
        let scenario = changed(&["seed=7", "topology.width = 40", "newcomers=oldest", "loss=0.5"]).unwrap();
        assert_eq!((scenario.seed, scenario.newcomers, scenario.loss), (7, NewPeerPolicy::Oldest, 0.5));
        assert_eq!(scenario.topology, Topology::Grid { width: 40, height: 20 });
        let churned = changed(&["churn.mean_up=5", "churn.mean_down=1"]).unwrap();
        assert!(churned.churn.is_some());
    }

    #[test]
    fn errors_in_a_scenario_name_their_position() {
        for (changes, told) in [
            (&["seed"][..], "--set seed: write NAME=VALUE"),
            (&["sede=1"], "--set sede=1: unknown field `sede`"),
            (&["seed.x=1", "seed.y=1"], "--set seed.x=1 seed.y=1: invalid type"),
            (&["send_rate.x=1"], "send_rate has no parts"),
            (&["loss=2"], "`loss` is 2; it must be 0 to 1"),
            (&["newcomers=never"], "unknown variant `never`"),
        ] {
            let error = format!("{:#}", changed(changes).unwrap_err());
            assert!(error.contains(told), "{error}");
        }
        let error = open("semaphore", &[]).unwrap_err().to_string();
        assert!(error.contains("--list"), "{error}");
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mine.toml");
        fs::write(&file, "seed = 1\nduration = \"long\"\n").unwrap();
        let error = format!("{:#}", open(file.to_str().unwrap(), &[]).unwrap_err());
        assert!(error.contains("mine.toml: line 2: invalid type"), "{error}");
        let missing = directory.path().join("none.toml");
        assert!(open(missing.to_str().unwrap(), &[]).unwrap_err().to_string().contains("can't read"));
    }
}
