//! The command language with arbitrary lines.

use super::*;

#[test]
fn command() {
    clacks_fuzz::fuzz("command", 10_000, |line| match Command::parse(&String::from_utf8_lossy(line)) {
        Ok(command) => {
            written(&command).into_iter().for_each(|line| assert_same(&line, &command));
        }
        Err(error) => assert_ne!(error.to_string(), ""),
    });
}

#[track_caller]
fn assert_same(line: &str, command: &Command) {
    match (Command::parse(line), command) {
        // NaN is not equal to itself.
        (Ok(Command::Node(NodeCommand::Rate(again))), Command::Node(NodeCommand::Rate(rate)))
            if rate.is_nan() =>
        {
            assert!(again.is_nan());
        }
        (again, command) => assert_eq!(again.as_ref(), Ok(command), "{line:?}"),
    }
}

/// All lines for a command, as its help describes them.
fn written(command: &Command) -> Vec<String> {
    match command {
        Command::Node(NodeCommand::Enqueue(message)) => message_lines(message),
        Command::Node(command) => vec![node_line(command)],
        Command::View(command) => view_line(command).into_iter().collect(),
    }
}

fn message_lines(message: &Message) -> Vec<String> {
    let value = format!(":json {}", message.as_json());
    // Text has one notation as a line; JSON has several.
    let text = message.as_text().filter(|text| Message::text(text) == *message && !text.trim().is_empty());
    let typed = text.map(|text| if text.starts_with(':') { format!(":{text}") } else { text });
    [value].into_iter().chain(typed).collect()
}

fn node_line(command: &NodeCommand) -> String {
    use NodeCommand as Node;
    match command {
        Node::Enqueue(message) => format!(":json {}", message.as_json()),
        Node::Announce(peer) => format!(":announce {peer}"),
        Node::Add(peer) => format!(":add {peer}"),
        Node::Ignore(peer) => format!(":ignore {peer}"),
        Node::Unignore(peer) => format!(":unignore {peer}"),
        Node::IgnoreRemote(remote) => format!(":ignore ip:{remote}"),
        Node::UnignoreRemote(remote) => format!(":unignore ip:{remote}"),
        Node::Forget(peer) => format!(":forget {peer}"),
        Node::Trust(peer) => format!(":trust {peer}"),
        Node::Drop(id) => format!(":drop {id}"),
        Node::DropAll(filter) => format!(":drop {}", filter.as_ref().map_or("all", Filter::as_str)),
        Node::Rate(rate) => format!(":rate {rate}"),
        Node::Hold(filter) => format!(":hold {}", filter.as_str()),
        Node::HoldOne(id) => format!(":hold {id}"),
        Node::ShowHold => ":hold".to_owned(),
        Node::Unhold => ":unhold".to_owned(),
        Node::Release(id) => format!(":release {id}"),
        Node::ReleaseAll => ":release all".to_owned(),
        Node::Replace(id, message) => format!(":edit {id} :json {}", message.as_json()),
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
        View::Record(RecordCommand::Stop) => ":record".to_owned(),
        View::PeersFrom(source) => {
            format!(":peers-from {}", source.as_ref().map(ToString::to_string).unwrap_or_default())
        }
        View::Prompt(begun) => format!(":prompt {begun}"),
        View::Edit(id) => format!(":edit {id}"),
        _ => return None,
    })
}
