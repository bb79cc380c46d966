//! What a node writes to its archive, and `clacks archive`.

use std::process::Output;

use serde_json::Value;

use crate::process::{Home, Process};

/// The arguments of a node with this configuration file.
fn node(file: &str) -> [&str; 7] {
    ["node", "--hostname", "127.0.0.1", "--port", "0", "--config", file]
}

fn archive(home: &Home, arguments: &[&str]) -> (String, String, bool) {
    let Output { stdout, stderr, status } =
        home.clacks(&[&["archive"], arguments].concat()).output().unwrap();
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap(), status.success())
}

#[test]
fn what_a_node_saw_is_found_again() {
    let home = Home::new();
    let file = home.write("clacks.toml", "[archive]\npath = \"~/archive.db\"\nkeep = \"1d\"\n");
    let mut process = Process::start(&mut home.clacks(&node(&file)));
    for text in ["strong wind at the tower", "rain \u{9b}2J", "no more wind"] {
        process.say(text);
        process.until_event("message_queued");
    }
    process.say(":quit");
    let (_, _, complaint) = process.ended();
    assert!(!complaint.contains("archive"), "{complaint}");

    let at = |arguments: &[&str]| archive(&home, &[arguments, &["--config", &file]].concat());
    let (found, _, _) = at(&["search"]);
    assert_eq!(found.lines().count(), 3);
    assert!(found.contains("\"rain \\u009b2J\""), "{found}");
    let (found, _, _) = at(&["search", "--limit", "9", "\"strong wind\"", "OR", "rain"]);
    assert_eq!(found.lines().count(), 2, "{found}");
    let (json, _, _) = at(&["search", "--json", "--kind", "enqueued", "wind -strong"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["message"], &json["times"]), (&"no more wind".into(), &1.into()));
    let hash = json["hash"].as_str().unwrap();
    let (shown, _, _) = at(&["show", "--keep", &hash[..10]]);
    assert!(shown.starts_with("\"no more wind\"\n") && shown.contains("kept        yes"), "{shown}");
    assert!(shown.trim_end().ends_with("  enqueued"), "{shown}");
    let (lines, _, _) = at(&["export"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert!(lines.iter().any(|line| line["message"] == "strong wind at the tower"), "{lines:?}");
    let (checked, _, is_whole) = at(&["check"]);
    assert!(is_whole && checked.starts_with("nothing is wrong: 3 messages, seen "), "{checked}");
    assert_eq!(at(&["prune"]).0, "removed 0 sightings, 0 messages and 0 peers\n");
}

#[test]
fn what_a_command_of_the_archive_cannot_do_is_explained() {
    let home = Home::new();
    let nothing = home.write("nothing.toml", "");
    home.write("notes.txt", &"somebody's notes ".repeat(100));
    home.write("other.toml", "[archive]\npath = \"a\"\nurl = \"postgresql:///clacks?host=/tmp\"\n");
    for (arguments, reason) in [
        (&["search", "--config", &nothing][..], "no archive is named; give --file FILE"),
        (&["search", "--file", "missing.db"], "missing.db can't be opened: No such file"),
        (&["prune", "--keep", "1d", "--file", "missing.db"], "missing.db can't be opened: No such file"),
        (&["check", "--file", "notes.txt"], "notes.txt is no archive of clacks"),
        (&["check", "--config", "other.toml"], "`path` and `url` of the table [archive] exclude each other"),
        (&["show", "xyz", "--file", "a"], "1 to 64 hexadecimal digits"),
        (&["search", "--kind", "lost", "--file", "a"], "received, enqueued"),
        (&["prune", "--keep", "soon", "--file", "a"], "as in 90d"),
    ] {
        let (_, complaint, is_fine) = archive(&home, arguments);
        assert!(!is_fine && complaint.contains(reason), "{arguments:?}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }
    assert!(!home.path().join("missing.db").exists());
    home.write("a.toml", "[archive]\npath = \"~/a.db\"\n");
    let mut process = Process::start(&mut home.clacks(&node("a.toml")));
    process.say(":quit");
    process.ended();
    let (_, complaint, _) = archive(&home, &["search", "\"wind", "--config", "a.toml"]);
    assert!(complaint.contains("a quotation mark has no partner"), "{complaint}");
    let (_, complaint, _) = archive(&home, &["show", "0", "--config", "a.toml"]);
    assert!(complaint.contains("no message of the archive has a hash that begins so"), "{complaint}");
}

/// A limit on the size of files acts as a full disk does.
#[cfg(unix)]
#[test]
fn a_node_whose_archive_has_no_space_loses_no_message() {
    let home = Home::new();
    let file = home.write("clacks.toml", "[archive]\npath = \"~/archive.db\"\n");
    let mut limited = home.command("sh");
    limited.args(["-c", "ulimit -f 400; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_clacks")]).args(node(&file));
    let mut process = Process::start(&mut limited);
    let text = "wind ".repeat(1_000);
    for number in 0..200 {
        process.say(&format!("{number} {text}"));
        process.until_event("message_queued");
    }
    let queue = process.ask(":queue");
    assert_eq!(queue["queue"].as_array().unwrap().len(), 200);
    process.say(":quit");
    let (_, _, complaint) = process.ended();
    assert!(complaint.contains("the archive stopped: "), "{complaint}");
    assert!(complaint.contains("sightings of messages are not in the archive"), "{complaint}");
    let (checked, _, is_whole) = archive(&home, &["check", "--config", &file]);
    assert!(is_whole, "{checked}");
}
