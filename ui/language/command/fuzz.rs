//! The command language with arbitrary lines.

use clacks_p2p_feed::description::describe;

use super::*;

#[test]
fn command() {
    let network = describe("tower:1".into());
    clacks_fuzz::fuzz("command", 10_000, |line| {
        match Command::parse(&String::from_utf8_lossy(line), &network) {
            Ok(command) => {
                written(&command).into_iter().for_each(|line| assert_same(&line, &command, &network));
            }
            Err(error) => assert_ne!(error.to_string(), ""),
        }
    });
}

#[track_caller]
fn assert_same(line: &str, command: &Command, network: &Description) {
    assert_eq!(Command::parse(line, network).as_ref(), Ok(command), "{line:?}");
}

/// All lines for a command, as its help describes them.
fn written(command: &Command) -> Vec<String> {
    match command {
        Command::Say(text) if text.starts_with(':') => vec![format!(":{text}")],
        Command::Say(text) => vec![text.clone()],
        Command::Node(NodeCommand { name, text }) => vec![format!(":{name} {text}")],
        Command::View(command) => view_line(command).into_iter().collect(),
    }
}

/// `None` for commands without an argument, which are just the name.
fn view_line(command: &ViewCommand) -> Option<String> {
    use ViewCommand as View;
    Some(match command {
        View::Filter(filter) => format!(":filter {}", filter.as_ref().map_or("", FilterText::as_str)),
        View::Station(number, StationCommand::Tune) => format!(":station {number}"),
        View::Station(number, StationCommand::Save(station)) => format!(":station {number} {station}"),
        View::Station(number, StationCommand::Clear) => format!(":station {number} clear"),
        View::Theme(name) => format!(":theme {name}"),
        View::Network(name) => format!(":net {}", name.as_deref().unwrap_or_default()),
        View::List(name) => format!(":list {name}"),
        View::Sort(name) => format!(":sort {}", name.as_deref().unwrap_or_default()),
        View::Only(filter) => format!(":only {}", filter.as_deref().unwrap_or_default()),
        View::Record(RecordCommand::Stop) => ":record".to_owned(),
        View::PeersFrom(source) => {
            format!(":peers-from {}", source.as_ref().map(ToString::to_string).unwrap_or_default())
        }
        View::Prompt(begun) => format!(":prompt {begun}"),
        View::Edit(item) => format!(":edit {item}"),
        View::EditInEditor(item) => format!(":edit-in-editor {item}"),
        _ => return None,
    })
}
