use super::{table::COMMANDS, *};

fn message(line: &str) -> String {
    match Command::parse(line) {
        Ok(Command::Node(NodeCommand::Enqueue(message))) => message.as_json().to_owned(),
        other => panic!("{line:?} is {other:?}"),
    }
}

#[test]
fn a_line_is_a_message_and_a_double_colon_a_colon() {
    assert_eq!(message("GNU Terry Pratchett"), r#""GNU Terry Pratchett""#);
    assert_eq!(message("  two  spaces "), r#""  two  spaces ""#);
    assert_eq!(message("::announce"), r#"":announce""#);
    assert_eq!(message(":json {\"a\": [1]}"), r#"{"a": [1]}"#);
}

#[test]
fn the_new_text_is_parsed_like_a_line_to_send() {
    let edited = |line: &str| match Command::parse(line) {
        Ok(Command::Node(NodeCommand::Replace(id, message))) => {
            (id.to_string(), message.as_json().to_owned())
        }
        other => panic!("{line:?} is {other:?}"),
    };
    assert_eq!(edited(":edit 7 new  text"), ("7".into(), r#""new  text""#.into()));
    assert_eq!(edited(":edit 7 ::text"), ("7".into(), r#"":text""#.into()));
    assert_eq!(edited(":edit 7 :json [1, 2]"), ("7".into(), "[1, 2]".into()));
    let id = "7".parse().unwrap();
    assert_eq!(Command::parse(":edit 7"), Ok(ViewCommand::Edit(id).into()));
}

#[test]
fn a_number_alone_holds_one_message_and_in_quotes_it_is_a_filter() {
    let id = "7".parse().unwrap();
    assert_eq!(Command::parse(":hold 7"), Ok(NodeCommand::HoldOne(id).into()));
    let filter = Filter::parse("\"7\"").unwrap();
    assert_eq!(Command::parse(":hold \"7\""), Ok(NodeCommand::Hold(filter).into()));
    assert_eq!(Command::parse(":hold"), Ok(NodeCommand::ShowHold.into()));
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
        (":announce localhost", "an address is written host:port, or [host]:port for IPv6"),
        (":ignore", ":ignore takes HOST:PORT/ip:ADDRESS"),
        (":ignore ip:tower", "a remote address is an IP address, as in ip:192.0.2.7 or ip:2001:db8::7"),
        (":ignore tower:99999", "the port is not a whole number from 1 to 65535"),
        (":rate fast", "the send rate is a number from 0.001 to 100000 messages a second, such as 0.5"),
        (":rate 0", "the send rate is a number from 0.001 to 100000 messages a second, such as 0.5"),
        (":qu", "there is no command :qu; :queue, :quit and :quit! begin so"),
        (":ann x", "there is no command :ann; :announce begins so"),
        (":json 0", "an empty message (null, false, 0 or \"\") is never queued"),
        (":motion fast", "motion is full, reduced or off"),
        (":motion", "motion is full, reduced or off"),
        (":drop (", "something to look for is missing here; a | in quotes is text"),
        (":edit it", "a message is named by its number, which Tab offers and :queue lists"),
        (":edit 7 :quit", "the new text of a message is a line of text, or :json VALUE"),
        (":edit 7 :frobnicate", "there is no command :frobnicate; :help lists them"),
        (":release", "release a message by its number, or all"),
        (":hold (", "something to look for is missing here; a | in quotes is text"),
        (":quit now", ":quit takes nothing behind it"),
        (":peers-from ftp://a", "a list of peers is a file or an https:// URL, not ftp://"),
    ] {
        assert_eq!(Command::parse(line).unwrap_err().to_string(), reason, "{line:?}");
    }
    assert!(Command::parse(":json {broken").unwrap_err().to_string().starts_with("not JSON: "));
}
