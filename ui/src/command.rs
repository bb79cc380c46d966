//! The command language: what the input box of the dashboard and the standard input of `clacks node` take.
//!
//! A line of text is a message. A line that starts with `:` is a command; `::` at the start stands for a message
//! that begins with `:`.

use std::fmt;

use clacks_p2p::{Address, AddressError, DEFAULT_MAX_DEPTH, Message, MessageError, core::MessageId};

use crate::dashboard::MotionSetting;
use crate::filter::{Filter, FilterError};

/// What a line asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    /// Something for the node.
    Node(NodeCommand),
    /// Something for the one who watches.
    View(ViewCommand),
}

/// What the node can be asked to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NodeCommand {
    Enqueue(Message),
    Announce(Address),
    Add(Address),
    Ignore(Address),
    Unignore(Address),
    Forget(Address),
    Trust(Address),
    Drop(MessageId),
    Rate(f64),
}

/// What the watcher can be asked to do: the dashboard moves or opens something, `clacks node` answers with a line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ViewCommand {
    Peers,
    Queue,
    Traffic,
    Zoom,
    /// Shows only the traffic that a filter admits; all of it without one.
    Filter(Option<Filter>),
    Motion(MotionSetting),
    /// The name of a theme, or its beginning.
    Theme(String),
    Help,
    Quit,
}

/// What a command takes behind its name. How it is read, completed and hinted at follows from this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "a kind of argument is there for the next command that takes it")]
pub(crate) enum Argument {
    Nothing,
    /// An address, known or not, and which of the known ones to offer.
    Address(Known),
    Json,
    MessageId,
    Rate,
    /// A filter, or nothing.
    Filter,
    /// The path of a file; `~` at its start is the home directory.
    File,
    /// One of these words, or another or none that the command says something about, and what stands for it in the help.
    Choice(&'static str, &'static [&'static str]),
    /// The name of a theme, of which the dashboard knows the list.
    Theme,
}

/// Which of the known peers a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    None,
    All,
    Ignored,
    NotIgnored,
}

/// One row of the list of commands.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) argument: Argument,
    /// What it does, for the help.
    pub(crate) does: &'static str,
    make: fn(&str) -> Result<Command, CommandError>,
}

/// Why a line is not a command. Nothing was done.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("there is no command :{0}; :help lists them")]
    Unknown(String),
    #[error("nothing to send: the line is empty")]
    Empty,
    #[error("{0}")]
    Address(#[from] AddressError),
    #[error("{0}")]
    Message(#[from] MessageError),
    #[error("{0}")]
    Filter(#[from] FilterError),
    #[error("the send rate is a number of messages a second, such as 0.5")]
    Rate,
    #[error("motion is full, reduced or off")]
    Motion,
    #[error("a message is named by its number, as :queue shows it")]
    MessageId,
    #[error(":{0} takes {1}")]
    Missing(&'static str, Argument),
    #[error(":{0} takes nothing behind it")]
    Superfluous(&'static str),
}

/// Every command, in the order in which the help lists them.
pub(crate) const COMMANDS: &[Spec] = &[
    Spec {
        name: "announce",
        argument: Argument::Address(Known::NotIgnored),
        does: "make this node known to another, which becomes a peer",
        make: |text| Ok(NodeCommand::Announce(text.parse()?).into()),
    },
    Spec {
        name: "add",
        argument: Argument::Address(Known::None),
        does: "add a peer without telling it",
        make: |text| Ok(NodeCommand::Add(text.parse()?).into()),
    },
    Spec {
        name: "ignore",
        argument: Argument::Address(Known::NotIgnored),
        does: "send a peer nothing and refuse what it sends",
        make: |text| Ok(NodeCommand::Ignore(text.parse()?).into()),
    },
    Spec {
        name: "unignore",
        argument: Argument::Address(Known::Ignored),
        does: "take an ignore back",
        make: |text| Ok(NodeCommand::Unignore(text.parse()?).into()),
    },
    Spec {
        name: "forget",
        argument: Argument::Address(Known::All),
        does: "remove a peer; it comes back when somebody names it",
        make: |text| Ok(NodeCommand::Forget(text.parse()?).into()),
    },
    Spec {
        name: "trust",
        argument: Argument::Address(Known::All),
        does: "accept the new certificate of a peer",
        make: |text| Ok(NodeCommand::Trust(text.parse()?).into()),
    },
    Spec {
        name: "json",
        argument: Argument::Json,
        does: "send any JSON value as a message",
        make: |text| Ok(NodeCommand::Enqueue(Message::from_json(text, DEFAULT_MAX_DEPTH)?).into()),
    },
    Spec {
        name: "drop",
        argument: Argument::MessageId,
        does: "take a message out of the queue for good",
        make: |text| Ok(NodeCommand::Drop(text.parse().map_err(|_| CommandError::MessageId)?).into()),
    },
    Spec {
        name: "rate",
        argument: Argument::Rate,
        does: "change how many messages a second are sent",
        make: |text| Ok(NodeCommand::Rate(text.parse().map_err(|_| CommandError::Rate)?).into()),
    },
    Spec {
        name: "peers",
        argument: Argument::Nothing,
        does: "go to the peers",
        make: |_| Ok(ViewCommand::Peers.into()),
    },
    Spec {
        name: "queue",
        argument: Argument::Nothing,
        does: "go to the queue",
        make: |_| Ok(ViewCommand::Queue.into()),
    },
    Spec {
        name: "traffic",
        argument: Argument::Nothing,
        does: "go to the traffic",
        make: |_| Ok(ViewCommand::Traffic.into()),
    },
    Spec {
        name: "zoom",
        argument: Argument::Nothing,
        does: "give the list with the focus all of the screen, or make room for the others again",
        make: |_| Ok(ViewCommand::Zoom.into()),
    },
    Spec {
        name: "filter",
        argument: Argument::Filter,
        does: "show only the traffic that it admits; all of it without one",
        make: |text| {
            let filter = if text.is_empty() { None } else { Some(Filter::parse(text)?) };
            Ok(ViewCommand::Filter(filter).into())
        },
    },
    Spec {
        name: "motion",
        argument: Argument::Choice("HOW_MUCH", &["full", "reduced", "off"]),
        does: "choose how much moves by itself: full, reduced or off",
        make: |text| Ok(ViewCommand::Motion(text.parse().map_err(|()| CommandError::Motion)?).into()),
    },
    Spec {
        name: "theme",
        argument: Argument::Theme,
        does: "change what the screen looks like",
        make: |name| Ok(ViewCommand::Theme(name.to_owned()).into()),
    },
    Spec {
        name: "help",
        argument: Argument::Nothing,
        does: "list keys and commands",
        make: |_| Ok(ViewCommand::Help.into()),
    },
    Spec {
        name: "quit",
        argument: Argument::Nothing,
        does: "stop the node and leave",
        make: |_| Ok(ViewCommand::Quit.into()),
    },
];

impl Command {
    /// Reads a line. A message is the line as it is, white space included.
    pub(crate) fn parse(line: &str) -> Result<Self, CommandError> {
        match line.strip_prefix(':') {
            Some(rest) if !rest.starts_with(':') => parse_command(rest),
            _ if line.trim().is_empty() => Err(CommandError::Empty),
            Some(text) => Ok(NodeCommand::Enqueue(Message::text(text)).into()),
            None => Ok(NodeCommand::Enqueue(Message::text(line)).into()),
        }
    }
}

/// The command of this name.
pub(crate) fn spec(name: &str) -> Option<&'static Spec> {
    COMMANDS.iter().find(|spec| spec.name == name)
}

fn parse_command(text: &str) -> Result<Command, CommandError> {
    let text = text.trim();
    let (name, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let spec = spec(name).ok_or_else(|| CommandError::Unknown(name.to_owned()))?;
    match (spec.argument, argument.trim()) {
        (Argument::Nothing, "") | (Argument::Filter | Argument::Choice(..), _) => {
            (spec.make)(argument.trim())
        }
        (Argument::Nothing, _) => Err(CommandError::Superfluous(spec.name)),
        (wanted, "") => Err(CommandError::Missing(spec.name, wanted)),
        (_, argument) => (spec.make)(argument),
    }
}

impl From<NodeCommand> for Command {
    fn from(command: NodeCommand) -> Self {
        Self::Node(command)
    }
}

impl From<ViewCommand> for Command {
    fn from(command: ViewCommand) -> Self {
        Self::View(command)
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "",
            Self::Address(_) => "HOST:PORT",
            Self::Json => "VALUE",
            Self::MessageId => "NUMBER",
            Self::Rate => "PER_SECOND",
            Self::Filter => "FILTER",
            Self::File => "FILE",
            Self::Choice(name, _) => name,
            Self::Theme => "NAME",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn every_command_is_found_by_its_name() {
        for spec in COMMANDS {
            let argument = match spec.argument {
                Argument::Nothing => "",
                Argument::Address(_) => "localhost:8001",
                Argument::Json => "[1]",
                Argument::MessageId => "7",
                Argument::Rate => "0.5",
                Argument::Filter => "two words",
                Argument::File => "a file",
                Argument::Choice(_, words) => words.first().unwrap(),
                Argument::Theme => "dark",
            };
            assert!(Command::parse(&format!(":{} {argument}", spec.name)).is_ok(), "{}", spec.name);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, reason) in [
            ("", "nothing to send: the line is empty"),
            ("   ", "nothing to send: the line is empty"),
            (":", "there is no command :; :help lists them"),
            (":frobnicate", "there is no command :frobnicate; :help lists them"),
            (":announce", ":announce takes HOST:PORT"),
            (":announce localhost", "an address is written host:port, or [host]:port for IPv6"),
            (":ignore tower:99999", "the port is not a whole number from 1 to 65535"),
            (":rate fast", "the send rate is a number of messages a second, such as 0.5"),
            (":motion fast", "motion is full, reduced or off"),
            (":motion", "motion is full, reduced or off"),
            (":drop it", "a message is named by its number, as :queue shows it"),
            (":quit now", ":quit takes nothing behind it"),
        ] {
            assert_eq!(Command::parse(line).unwrap_err().to_string(), reason, "{line:?}");
        }
        assert!(Command::parse(":json {broken").unwrap_err().to_string().starts_with("not JSON: "));
    }
}
