use super::{table::COMMANDS, *};

fn node(name: &'static str, text: &str) -> Command {
    NodeCommand::new(name, text).into()
}

#[test]
fn a_line_is_a_message_and_a_double_colon_a_colon() {
    let says = |text: &str| Ok(Command::Say(text.to_owned()));
    assert_eq!(Command::parse("GNU Terry Pratchett"), says("GNU Terry Pratchett"));
    assert_eq!(Command::parse("  two  spaces "), says("  two  spaces "));
    assert_eq!(Command::parse("::announce"), says(":announce"));
    assert_eq!(Command::parse(":json {\"a\": [1]}"), Ok(node("json", "{\"a\": [1]}")));
}

#[test]
fn an_edit_without_a_text_opens_the_present_one() {
    assert_eq!(Command::parse(":edit 7 new  text"), Ok(node("edit", "7 new  text")));
    assert_eq!(Command::parse(":edit 7"), Ok(ViewCommand::Edit("7".parse().unwrap()).into()));
}

#[test]
fn the_network_reads_what_stands_behind_its_commands() {
    assert_eq!(Command::parse(":hold"), Ok(node("hold", "")));
    assert_eq!(Command::parse(":release"), Ok(node("release", "")));
    assert_eq!(Command::parse(":hold \"7\""), Ok(node("hold", "\"7\"")));
    assert_eq!(Command::parse(":rate  fast "), Ok(node("rate", "fast")));
}

#[test]
fn every_command_is_found_by_its_name() {
    for spec in COMMANDS {
        let argument = spec.argument.example();
        assert!(Command::parse(&format!(":{} {argument}", spec.name)).is_ok(), "{}", spec.name);
    }
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
        (":edit it", "a message is named by its number, which Tab offers and :queue lists"),
        (":quit now", ":quit takes nothing behind it"),
        (":peers-from ftp://a", "a list of peers is a file or an https:// URL, not ftp://"),
    ] {
        assert_eq!(Command::parse(line).unwrap_err().to_string(), reason, "{line:?}");
    }
}
