//! Tests every option of every command with invalid values, negative numbers, no value, and twice.

use clap::{ArgAction, CommandFactory};

use super::*;

/// The commands, each with its required arguments.
const COMMANDS: &[(&str, &[&str])] = &[
    ("", &[]),
    ("node", &[]),
    ("demo", &[]),
    ("peercloud", &[]),
    ("peercloud node", &[]),
    ("peercloud demo", &[]),
    ("replay", &["recording.jsonl"]),
    ("simulate", &[]),
    ("archive search", &[]),
    ("archive show", &["3f9a"]),
    ("archive prune", &[]),
];

/// A valid value for each option, by the name of its value.
pub(crate) fn example(option: &clap::Arg) -> &'static str {
    match (option.get_id().as_str(), value_name(option).as_str()) {
        ("speed", _) => "4",
        ("samples" | "seed" | "nodes", _) => "8",
        ("motion", _) => "off",
        ("log_level", _) => "info",
        ("filter", _) => "gnu",
        ("set", _) => "seed=7",
        ("kind", _) => "received",
        (_, "AGE") => "90d",
        (_, "SIZE") => "1G",
        (_, "PORT") => "8001",
        (_, "IP") => "127.0.0.1",
        (_, "HOST:PORT") => "tower:8080",
        (_, "PER_SECOND" | "NUMBER") => "2",
        (_, "TIME") => "10s",
        (_, "BYTES") => "1M",
        (_, "BOOL") => "true",
        (_, "JSON") => "{}",
        (_, "REPLY") => "echo",
        (_, "NETWORK") => "peercloud",
        _ => "name",
    }
}

fn value_name(option: &clap::Arg) -> String {
    option.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default()
}

/// Whether the option accepts a number, with or without a unit.
fn is_numeric(option: &clap::Arg) -> bool {
    ["PORT", "PER_SECOND", "NUMBER", "TIME", "BYTES", "TIMES", "FACTOR"]
        .contains(&value_name(option).as_str())
}

/// The options of a command, named by its words.
pub(crate) fn options_of(name: &str) -> Vec<clap::Arg> {
    let mut command = Cli::command();
    command.build();
    let command =
        name.split_whitespace().fold(&command, |command, name| command.find_subcommand(name).unwrap());
    let options = command.get_arguments().filter(|option| option.get_long().is_some());
    options.filter(|option| !["help", "version"].contains(&option.get_id().as_str())).cloned().collect()
}

fn outcome(command: &str, arguments: &[&str], given: &[&str]) -> Result<(), String> {
    let command = command.split_whitespace();
    let line =
        ["clacks"].into_iter().chain(command).chain(given.iter().copied()).chain(arguments.iter().copied());
    let line: Vec<_> = line.map(OsString::from).collect();
    parse(&line).map(drop).map_err(|error| complaint(&error))
}

#[test]
fn an_invalid_number_is_reported_with_the_range_and_an_example() {
    let mut count = 0;
    for (command, arguments) in COMMANDS {
        for option in options_of(command).iter().filter(|option| is_numeric(option)) {
            let flag = format!("--{}", option.get_long().unwrap());
            for wrong in ["abc", "-1", "-1K", "-0.5", "", "1e400", "99999999999999999999999"] {
                let complaint = outcome(command, arguments, &[&flag, wrong]).unwrap_err();
                let context = format!("{command} {flag} {wrong:?}: {complaint}");
                assert!(complaint.contains(&flag), "{context}");
                assert!(complaint.contains("such as") || complaint.contains(" as in "), "{context}");
                for jargon in
                    ["invalid digit", "float literal", "unexpected argument", "not in ", "empty string"]
                {
                    assert!(!complaint.contains(jargon), "{context}");
                }
            }
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}

#[test]
fn the_last_of_repeated_options_counts() {
    for (command, arguments) in COMMANDS {
        for option in options_of(command) {
            let flag = format!("--{}", option.get_long().unwrap());
            let takes_value = option.get_num_args().is_some_and(|number| number.max_values() > 0);
            let given = match (takes_value, option.is_require_equals_set()) {
                (true, true) => vec![format!("{flag}={}", example(&option))],
                (true, false) => vec![flag.clone(), example(&option).to_owned()],
                (false, _) => vec![flag.clone()],
            };
            let once: Vec<&str> = given.iter().map(String::as_str).collect();
            let twice = [&once[..], &once[..]].concat();
            let outcomes = [&once, &twice].map(|given| outcome(command, arguments, given));
            assert_eq!(outcomes[0], outcomes[1], "{command} {flag}");
        }
    }
    let arguments = ["clacks", "--port", "1", "--send-rate", "3", "--port", "2"].map(OsString::from);
    let config = parse(&arguments).unwrap().run.config;
    assert_eq!((config.port, config.send_rate), (Some(2), Some(3.0)));
    let many = ["clacks", "--peer", "a:1", "--peer", "b:1"].map(OsString::from);
    assert_eq!(
        parse(&many).unwrap().run.config.peers.unwrap().len(),
        2,
        "those that may be given often add up"
    );
}

#[test]
fn all_sizes_accept_the_same_units() {
    for (command, arguments) in COMMANDS {
        for option in options_of(command).iter().filter(|option| value_name(option) == "BYTES") {
            let flag = format!("--{}", option.get_long().unwrap());
            for size in ["100000", "512K", "512KB", "512KiB", "1M", "1m", "1 MiB", "1G"] {
                // `--record` is refused in a replay with another error.
                assert_eq!(outcome(command, arguments, &[&flag, size]), Ok(()), "{command} {flag} {size}");
            }
        }
    }
}

#[test]
fn spaces_around_a_value_are_ignored() {
    let mut count = 0;
    for (command, arguments) in COMMANDS {
        let names = ["IP", "HOST:PORT", "BOOL"];
        let options = options_of(command).into_iter();
        for option in options.filter(|option| {
            option.get_env().is_some() && (is_numeric(option) || names.contains(&value_name(option).as_str()))
        }) {
            for written in [" {} ", "{}\n", "\t{}\r\n"] {
                let value = written.replace("{}", example(&option));
                let flag = format!("--{}={value}", option.get_long().unwrap());
                let complaint = outcome(command, arguments, &[&flag]).err().unwrap_or_default();
                // Some options need another option.
                assert!(!complaint.contains("invalid value"), "{complaint}");
            }
            count += 1;
        }
    }
    assert!(count > 60, "{count}");
}

#[test]
fn every_option_can_be_repeated() {
    for (command, _) in COMMANDS {
        for option in options_of(command) {
            let action = option.get_action();
            assert!(matches!(action, ArgAction::Set | ArgAction::Append | ArgAction::SetTrue), "{action:?}");
        }
    }
}

#[test]
fn the_help_of_a_switch_lists_its_values() {
    for (command, arguments) in COMMANDS {
        for option in options_of(command).iter().filter(|option| value_name(option) == "BOOL") {
            let flag = format!("--{}", option.get_long().unwrap());
            for wrong in ["abc", "-1", "", "2"] {
                let complaint = outcome(command, arguments, &[&format!("{flag}={wrong}")]).unwrap_err();
                assert!(complaint.contains(&flag) && complaint.contains("true or false"), "{complaint}");
            }
        }
    }
}
