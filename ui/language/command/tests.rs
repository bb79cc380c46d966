use clacks_feed::description::{Arg, Need, Takes};
use clacks_p2p_feed::description::describe;

use super::{table::COMMANDS, *};

fn node(name: &'static str, text: &str) -> Command {
    NodeCommand::new(name, text).into()
}

fn parse(line: &str) -> Result<Command, CommandError> {
    Command::parse(line, &describe("tower:1".into()))
}

/// A network with other commands.
fn other() -> Description {
    let command = CommandSpec::new("search", "search").also(&["find"]).arg("NAME", &[Takes::Text], Need::One);
    let commands = vec![command, CommandSpec::new("undo", "undo a command")];
    Description { commands, ..Description::new("other".into(), "node:1".into()) }
}

#[test]
fn a_line_is_a_message_and_a_double_colon_a_colon() {
    let says = |text: &str| Ok(Command::Say(text.to_owned()));
    assert_eq!(parse("GNU Terry Pratchett"), says("GNU Terry Pratchett"));
    assert_eq!(parse("  two  spaces "), says("  two  spaces "));
    assert_eq!(parse("::announce"), says(":announce"));
    assert_eq!(parse(":json {\"a\": [1]}"), Ok(node("json", "{\"a\": [1]}")));
}

#[test]
fn an_edit_without_a_text_opens_the_present_one() {
    assert_eq!(parse(":edit 7 new  text"), Ok(node("edit", "7 new  text")));
    assert_eq!(parse(":edit 7"), Ok(ViewCommand::Edit("7".to_owned()).into()));
}

#[test]
fn the_network_reads_what_stands_behind_its_commands() {
    assert_eq!(parse(":hold"), Ok(node("hold", "")));
    assert_eq!(parse(":hold \"7\""), Ok(node("hold", "\"7\"")));
    assert_eq!(parse(":rate  fast "), Ok(node("rate", "fast")));
}

#[test]
fn every_command_is_found_by_its_name() {
    for spec in COMMANDS {
        let line = format!(":{} {}", spec.name, spec.argument.example());
        let parsed = Command::parse_bound(&line, &describe("tower:1".into()));
        assert!(matches!(parsed, Ok(Command::View(_))), "{line}");
    }
    for known in Known::all(&describe("tower:1".into())) {
        assert!(parse(&format!(":{} {}", known.name(), known.example())).is_ok(), "{}", known.name());
    }
}

#[test]
fn the_commands_of_a_network_are_those_of_its_description() {
    let other = other();
    let parse = |line: &str| Command::parse(line, &other);
    assert_eq!(parse(":search x "), Ok(node("search", "x")), "it goes before a command for keys");
    assert_eq!(parse(":find x"), Ok(node("search", "x")), "another spelling");
    assert_eq!(Command::parse_bound(":search", &other), Ok(ViewCommand::Search.into()));
    assert_eq!(Command::parse_bound(":search x", &other), Ok(node("search", "x")));
    assert_eq!(parse(":undo"), Ok(ViewCommand::Undo.into()), "what is typed is that of the interface");
    for (line, reason) in [
        (":announce tower:1", "there is no command :announce; :help lists them"),
        (":sear", "there is no command :sear; :search begins so"),
        (":search", ":search takes NAME"),
        ("hello", "other sends no texts; a command begins with a colon"),
    ] {
        assert_eq!(parse(line).unwrap_err().to_string(), reason, "{line}");
    }
    let names: Vec<_> = Known::all(&other).map(Known::name).collect();
    assert_eq!(names.iter().filter(|name| **name == "undo").count(), 1);
    assert_eq!(names[0], "search");
}

#[test]
fn a_command_for_what_the_network_lacks_is_refused_and_not_offered() {
    let (other, clacks) = (other(), describe("tower:1".into()));
    let has = |network, name: &str| Known::all(network).any(|known| known.name() == name);
    for name in ["peers-from", "held", "edit-in-editor", "map", "tower", "biography", "overhead", "why"] {
        let line = format!(":{name} {}", spec(name).unwrap().argument.example());
        assert!(parse(&line).is_ok() && has(&clacks, name), "{line}");
        let refused = Command::parse(&line, &other).unwrap_err().to_string();
        assert_eq!(refused, format!("other has no :{name}"));
        assert!(!has(&other, name), "{name}");
    }
    assert!(has(&other, "filter") && has(&other, "charts"));
}

#[test]
fn a_line_of_the_configuration_is_for_any_network() {
    let networks = [describe("tower:1".into()), other()];
    let parse = |line: &str| Command::parse_bound_to_any(line, &networks);
    assert_eq!(parse(":find x"), Ok(node("search", "x")));
    assert_eq!(
        parse(":say"),
        Ok(ViewCommand::Say.into()),
        "although clacks has a command that is also called so"
    );
    assert_eq!(parse(":drop 7"), Ok(node("drop", "7")));
    assert_eq!(parse(":dro").unwrap_err().to_string(), "there is no command :dro; :drop begins so");
}

#[test]
fn an_example_is_made_of_the_arguments() {
    let example = |args: &[Takes]| {
        let arg = |takes: &Takes| Arg { name: "X".into(), takes: vec![takes.clone()], need: Need::One };
        CommandSpec { args: args.iter().map(arg).collect(), ..CommandSpec::new("x", "x") }.example()
    };
    let words = Takes::Word(vec!["on".into(), "off".into()]);
    assert_eq!(example(&[words.clone(), Takes::Time]), "on 5m");
    assert_eq!(example(&[Takes::Number(2.0, 9.0)]), "2");
    assert_eq!(example(&[Takes::item("queue"), words]), "", "only the node knows an item");
}

#[test]
fn invalid_commands_have_a_reason() {
    for (line, reason) in [
        ("", "nothing to send: the line is empty"),
        ("   ", "nothing to send: the line is empty"),
        (":", "there is no command :; :help lists them"),
        (":frobnicate", "there is no command :frobnicate; :help lists them"),
        (":announce", ":announce takes HOST:PORT"),
        (":ignore", ":ignore takes HOST:PORT/ip:ADDRESS"),
        (":filter (", "something to look for is missing here; a | in quotes is text"),
        (":qu", "there is no command :qu; :queue, :quit and :quit! begin so"),
        (":ann x", "there is no command :ann; :announce begins so"),
        (":motion fast", "motion is full, reduced or off"),
        (":motion", "motion is full, reduced or off"),
        (":edit", ":edit takes NUMBER [TEXT]"),
        (":release", ":release takes NUMBER/all"),
        (":unhold x", ":unhold takes nothing behind it"),
        (":quit now", ":quit takes nothing behind it"),
        (":peers-from ftp://a", "a list of peers is a file or an https:// URL, not ftp://"),
    ] {
        assert_eq!(parse(line).unwrap_err().to_string(), reason, "{line:?}");
    }
}
