//! The check of a file command before Enter agrees with its execution.

use clacks_feed::Run;
use clacks_language::{
    command::{Command, ViewCommand, export_target::Target},
    list_source::ListSource,
};
use clacks_p2p::Node;
use clacks_p2p_feed::ClacksNetwork;
use clacks_recording::recorder;
use clacks_session::{
    export,
    precheck::{is_about_a_file, on_disk},
};

use super::calls;

/// File system entries at or beside the path of a command.
const PLACES: &[&str] = &[
    "new",
    "file",
    "recording",
    "directory",
    "missing/new",
    "file/new",
    "read-only/new",
    "link to new",
    "link to file",
    "link to recording",
    "link to directory",
    "link to missing/new",
    "link to itself",
];

/// Creates a directory with all of these entries, with this extension.
fn places(end: &str) -> tempfile::TempDir {
    use std::{fs, os::unix::fs::PermissionsExt};

    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(format!("{name}{end}"));
    fs::write(path("file"), "text").unwrap();
    fs::write(path("recording"), r#"{"clacks":"recording","version":1}"#).unwrap();
    fs::create_dir(path("directory")).unwrap();
    fs::create_dir(home.path().join("read-only")).unwrap();
    fs::set_permissions(home.path().join("read-only"), fs::Permissions::from_mode(0o500)).unwrap();
    for name in PLACES.iter().filter_map(|name| name.strip_prefix("link to ")) {
        let to = if name == "itself" { path("link to itself") } else { path(name) };
        std::os::unix::fs::symlink(to, path(&format!("link to {name}"))).unwrap_or_default();
    }
    home
}

/// Returns the error of the check and the error of the execution.
async fn refusals(node: &Node, line: &str) -> (Option<String>, Option<String>) {
    let Ok(Command::View(command)) = calls::parse(line) else { panic!("{line}") };
    let said = on_disk(&command, recorder::why_not, |_| None);
    let ran = match command {
        ViewCommand::Write(target) => export::write(&target, &[]).err().map(|error| error.to_string()),
        ViewCommand::Record(start) => {
            let mut recorder = recorder::Recorder::of(ClacksNetwork::new(node, Run(1)), None);
            let ran = recorder.carry_out(start).await.err();
            recorder.stop().await;
            ran.map(|error| error.to_string())
        }
        other => panic!("{other:?}"),
    };
    (said, ran)
}

#[tokio::test]
async fn the_file_check_agrees_with_the_command() {
    let node = Node::builder().hostname("127.0.0.1").port(0).start().await.unwrap();
    let (mut refused, mut taken) = (0, 0);
    for command in [":write", ":write!", ":record", ":record!"] {
        for place in PLACES {
            let end = if command.starts_with(":write") { ".csv" } else { ".jsonl" };
            let home = places(end);
            let line = format!("{command} {}/{place}{end}", home.path().display());
            let (said, ran) = refusals(&node, &line).await;
            assert_eq!(said, ran, "{line}");
            assert!(!said.iter().any(|said| said.contains("os error")), "{said:?}");
            *(if said.is_some() { &mut refused } else { &mut taken }) += 1;
        }
    }
    assert!(refused > 20 && taken > 10, "{refused} {taken}");
}

#[test]
fn a_refused_file_is_reported_before_enter() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    for name in ["there.csv", "there.jsonl", "peers.txt"] {
        std::fs::write(path(name), "x").unwrap();
    }
    // What reads lists of peers says what is wrong with one.
    let no_list = |list: &ListSource| {
        let list = list.to_string();
        list.ends_with("nowhere").then(|| format!("{list} is no list"))
    };
    let refusal = |line: &str| match calls::parse(line).unwrap() {
        Command::View(command) if is_about_a_file(&command) => on_disk(&command, recorder::why_not, no_list),
        other => panic!("{other:?}"),
    };
    for (line, reason) in [
        (format!(":write {}", path("there.csv")), "is there already; :write! "),
        (format!(":write {}", path("nowhere/new.csv")), "there is no such directory"),
        (format!(":write! {}", path("nowhere/new.csv")), "there is no such directory"),
        (format!(":record {}", path("there.jsonl")), "is there already and is no recording"),
        (format!(":record! {}", path("nowhere/new.jsonl")), "there is no such directory"),
        (format!(":peers-from {}", path("nowhere")), "nowhere is no list"),
    ] {
        let told = refusal(&line).unwrap_or_default();
        assert!(told.contains(reason), "{line}: {told:?}");
    }
    for line in [
        format!(":write {}", path("new.csv")),
        format!(":write! {}", path("there.csv")),
        format!(":record {}", path("new.jsonl")),
        format!(":peers-from {}", path("peers.txt")),
    ] {
        assert_eq!(refusal(&line), None, "{line}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3, "nothing is made");
}

#[test]
fn commands_take_a_tilde_as_options_do() {
    const WRONG: &str = "only ~ and ~/ stand for a home directory";
    for line in [":record ~other/a.jsonl", ":record! ~other/a.jsonl"] {
        let error = calls::parse(line).unwrap_err().to_string();
        assert!(error.contains(WRONG), "{line}: {error}");
    }
    for replaces in [false, true] {
        let target = Target::new("~other/a.csv", replaces).unwrap();
        let written = export::write(&target, &[]).err().map(|error| error.to_string());
        for refusal in [export::why_not(&target), written] {
            assert!(refusal.as_ref().is_some_and(|refusal| refusal.contains(WRONG)), "{refusal:?}");
        }
    }
}
