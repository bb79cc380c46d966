//! Common forms of files, variables and pipes are accepted as intended.

use std::{collections::BTreeSet, fs};

use crate::process::{Home, Process};

/// All environment variables that the help of the commands names.
fn variables(home: &Home) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for command in [&["--help"][..], &["node", "--help"], &["demo", "--help"], &["simulate", "--help"]] {
        let help = String::from_utf8(home.clacks(command).output().unwrap().stdout).unwrap();
        let found = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
        names.extend(found.map(str::to_owned));
    }
    names
}

#[test]
fn empty_environment_variables_count_as_unset() {
    let home = Home::new();
    let own = variables(&home);
    assert!(own.len() > 30 && own.contains("CLACKS_PORT"), "{own:?}");
    let of_others =
        ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "NO_COLOR", "VISUAL", "EDITOR", "HTTPS_PROXY", "LC_ALL"];
    for value in ["", " "] {
        let mut command = home.clacks(&["node", "--port", "0", "--hostname", "localhost"]);
        command.envs(own.iter().map(|name| (name, value))).envs(of_others.map(|name| (name, "")));
        let mut node = Process::start(&mut command);
        assert_eq!(node.ask(":queue")["queue"].as_array().unwrap().len(), 0, "{value:?}");
    }
}

#[test]
fn commands_and_a_configuration_saved_by_an_editor_are_read() {
    for (mark, end) in [("", "\n"), ("\u{feff}", "\n"), ("", "\r\n"), ("\u{feff}", "\r\n")] {
        let home = Home::new();
        let lines = ["hostname = \"file.example\"", "port = 0", "listen = \"127.0.0.1\"", ""];
        let file = home.write("clacks.toml", &format!("{mark}{}", lines.join(end)));
        let mut node = Process::start(&mut home.clacks(&["node", "--config", &file]));
        assert_eq!(node.ready["address"]["hostname"], "file.example");
        node.say(&format!("{mark}:queue\r"));
        let answer = node.until(|line| line["event"] == "reply" || line["event"] == "error");
        assert_eq!(answer["queue"].as_array().map(Vec::len), Some(0), "{mark:?} {end:?}: {answer}");
    }
}

#[cfg(unix)]
#[test]
fn a_tilde_is_expanded_in_every_path() {
    let home = Home::new();
    let at = |name: &str| home.path().join(name);
    home.write(
        "clacks.toml",
        "port = 0\nhostname = \"localhost\"\ndata-dir = \"~/tower\"\nlog-file = \"~/log\"\n[view]\nrecord = \"~/r.jsonl\"\n",
    );
    let inside = at("inside");
    fs::create_dir(&inside).unwrap();
    let mut command = home.clacks(&["node", "--config", "~/clacks.toml"]);
    let mut node = Process::start(command.env("HOME", home.path()).current_dir(&inside));
    node.say(":quit");
    node.stopped();
    for made in ["tower/key.pem", "log", "r.jsonl"] {
        assert!(at(made).is_file(), "{made}");
    }
    assert_eq!(fs::read_dir(&inside).unwrap().count(), 0, "nothing is called ~");
    let output = home.clacks(&["node", "--data-dir=~other/tower"]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("only ~ and ~/ stand for a home directory"), "{told}");
}

#[cfg(unix)]
#[test]
fn an_unwritable_home_directory_is_reported_with_advice() {
    use std::os::unix::fs::PermissionsExt;

    let home = Home::new();
    let closed = home.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    // The superuser can write wherever the file system permits it.
    for directory in [closed.clone(), "/sys".into()] {
        let is_writable = tempfile::tempfile_in(&directory).is_ok();
        if is_writable || !directory.is_dir() {
            continue;
        }
        let node = |arguments: &[&str]| {
            let mut command =
                home.clacks(&[&["node", "--port", "8999", "--listen", "127.0.0.1"], arguments].concat());
            command.env("XDG_DATA_HOME", &directory).env("HOME", &directory);
            command
        };
        let told = String::from_utf8(node(&[]).output().unwrap().stderr).unwrap();
        assert!(told.contains("--data-dir") && told.contains("--no-state"), "{told}");
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}
