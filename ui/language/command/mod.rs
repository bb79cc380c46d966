//! The command language: what the input box of the dashboard and the standard input of `clacks node` take.
//!
//! A line of text is a message. A line that starts with `:` is a command; `::` at the start stands for a message
//! that begins with `:`.

pub mod argument;
pub mod export_target;
#[cfg(test)]
mod fuzz;
pub mod line_edit;
pub mod motion_setting;
pub mod playback;
pub mod table;
pub mod target;

use std::{fmt, net::IpAddr};

use argument::{Direction, RecordCommand};
use clacks_p2p::{
    Address, AddressError, Message, MessageError,
    core::{EnqueueError, MessageId},
};
use clacks_text::paths::HomeError;
use export_target::{NoForm, Target};
use line_edit::LineKey;
use motion_setting::Setting as MotionSetting;
use playback::ReplayCommand;
use table::{Availability, COMMANDS, Spec};

use super::{
    filter::{Filter, error::FilterError},
    list_source::{ListSource, ListSourceError},
    saved_filter::{Number, StationCommand, StationError},
};

/// What a line asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Something for the node.
    Node(NodeCommand),
    /// Something for the one who watches.
    View(ViewCommand),
}

/// What the node can be asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeCommand {
    Enqueue(Message),
    Announce(Address),
    Add(Address),
    Ignore(Address),
    Unignore(Address),
    IgnoreRemote(IpAddr),
    UnignoreRemote(IpAddr),
    Forget(Address),
    Trust(Address),
    Drop(MessageId),
    /// Drops what the filter admits; everything without one.
    DropAll(Option<Filter>),
    Rate(f64),
    /// Holds what the filter admits.
    Hold(Filter),
    HoldOne(MessageId),
    /// Says which rule holds messages.
    ShowHold,
    Unhold,
    Release(MessageId),
    ReleaseAll,
    /// Gives a message another text.
    Replace(MessageId, Message),
}

/// What the watcher can be asked to do: the dashboard moves or opens something, `clacks node` answers with a line.
#[derive(Debug, Clone, PartialEq)]
pub enum ViewCommand {
    Peers,
    Queue,
    /// The messages that are held.
    Held,
    /// Edits a message that waits or is held.
    Edit(MessageId),
    /// Edits it in the user's own editor.
    EditInEditor(MessageId),
    Traffic,
    Zoom,
    Map,
    /// Shows only the traffic that a filter admits; all of it without one.
    Filter(Option<Filter>),
    /// Copies what is selected or open.
    Copy,
    /// Copies all that is marked or shown.
    CopyAll,
    /// Writes the shown traffic into a file.
    Write(Target),
    Station(Number, StationCommand),
    Stations,
    Motion(MotionSetting),
    Charts,
    Tower,
    Record(RecordCommand),
    /// Reads this list of peers, or all that are configured.
    PeersFrom(Option<ListSource>),
    Replay(ReplayCommand),
    /// The name of a theme, or its beginning.
    Theme(String),
    Biography,
    Overhead,
    Why,
    /// What the node takes and does at most.
    Limits,
    Help,
    Quit,
    /// Asks before it leaves.
    Interrupt,
    /// Leaves whatever is lost.
    QuitAtOnce,
    /// Opens a detail view of what is selected.
    Open,
    Close,
    /// Does what is selected in the list of what can be done.
    Choose,
    /// Takes the last ignore or drop back.
    Undo,
    /// Marks what is selected, or takes the mark away.
    Mark,
    /// Takes all marks away.
    Unmark,
    /// Holds the screen still, or lets it go on.
    HoldStill,
    /// Releases the mouse for the terminal's own selection, or takes it back.
    Mouse,
    Suspend,
    Redraw,
    /// Puts the focus into the input, to write a message.
    Say,
    /// Puts the focus into the input, with this begun unless there is a draft that begins so.
    Prompt(String),
    /// Looks for text in what is open.
    Search,
    /// To the next match of the search, or else to the one before.
    Match {
        forwards: bool,
    },
    NextPane,
    PreviousPane,
    Move(Step),
    /// Sends the draft.
    Send,
    /// Completes the line that is being written.
    Complete(Direction),
    /// Searches what was sent before, or goes on to what was sent before that.
    SearchHistory,
    /// Takes what was found or chosen.
    Take,
    /// Goes back to what was written.
    TakeBack,
    /// Leaves the input; the draft stays.
    Leave,
    /// Empties the input, or leaves it.
    Clear,
    /// Edits the draft.
    Line(LineKey),
}

/// A step in a list or in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    /// To the left and to the right on the map.
    Left,
    Right,
}

impl Step {
    /// By how many rows it moves in a list of which so many are a page.
    pub fn rows(self, page: usize) -> isize {
        match self {
            Self::Up => -1,
            Self::Down => 1,
            Self::PageUp => -page.cast_signed(),
            Self::PageDown => page.cast_signed(),
            Self::Top => isize::MIN,
            Self::Bottom => isize::MAX,
            Self::Left | Self::Right => 0,
        }
    }
}

/// What a command takes behind its name. How it is read, completed and hinted at follows from this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    Nothing,
    /// An address, known or not, and which of the known ones to offer.
    Address(PeerFilter),
    /// The same, or a remote address.
    Party(PeerFilter),
    Json,
    MessageId,
    /// A message that waits or is held, a filter for such messages, or all of them.
    Drop,
    /// A message that waits, a filter for messages, or nothing.
    Hold,
    /// A message that is held, or all of them.
    Held,
    /// A message, and its new text or nothing.
    Edit,
    Rate,
    /// A filter, or nothing.
    Filter,
    /// The number of a station, and a filter to save there.
    Station,
    /// The path of a file; `~` at its start is the home directory.
    File,
    /// The same, or nothing.
    FileOrNothing,
    /// A file, a URL or nothing.
    ListOrNothing,
    /// One of these words, or another or none that the command says something about, and what stands for it in the help.
    Choice(&'static str, &'static [&'static str]),
    /// The name of a theme, of which the dashboard knows the list.
    Theme,
    /// The beginning of a line, white space at its end included.
    Line,
}

impl Argument {
    /// Something that a command can take.
    pub fn example(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Address(_) => "localhost:8001",
            Self::Party(_) => "ip:::1",
            Self::Json => "[1]",
            Self::MessageId | Self::Drop | Self::Hold | Self::Held | Self::Edit => "7",
            Self::Rate => "0.5",
            Self::Filter | Self::Line => "two words",
            Self::Station => "3 gnu",
            Self::File | Self::FileOrNothing | Self::ListOrNothing => "a file.csv",
            Self::Choice(_, words) => words.first().copied().unwrap_or_default(),
            Self::Theme => "dark",
        }
    }
}

/// Which of the known peers a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerFilter {
    None,
    All,
    Ignored,
    NotIgnored,
}

/// Why a line is not a command. Nothing was done.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CommandError {
    #[error("there is no command :{0}; {1}")]
    Unknown(String, String),
    #[error("nothing to send: the line is empty")]
    Empty,
    #[error("{0}")]
    Address(#[from] AddressError),
    #[error("a remote address is an IP address, as in ip:192.0.2.7 or ip:2001:db8::7")]
    Remote,
    #[error("{0}")]
    Message(#[from] MessageError),
    #[error("{0}")]
    Filter(#[from] FilterError),
    #[error("{0}")]
    Home(#[from] HomeError),
    #[error(":copy takes what is selected, :copy all everything that is marked or shown")]
    Copy,
    #[error("{0}")]
    Write(#[from] NoForm),
    #[error("{0}")]
    List(#[from] ListSourceError),
    #[error("{0}")]
    Station(#[from] StationError),
    #[error("the send rate is a number from 0.001 to 100000 messages a second, such as 0.5")]
    Rate,
    #[error("{0}")]
    Enqueue(#[from] EnqueueError),
    #[error("{0}")]
    Replay(&'static str),
    #[error("motion is full, reduced or off")]
    Motion,
    #[error("a message is named by its number, which Tab offers and :queue lists")]
    MessageId,
    #[error("release a message by its number, or all")]
    Release,
    #[error("the new text of a message is a line of text, or :json VALUE")]
    NotAText,
    #[error(":{0} takes {1}")]
    Missing(&'static str, Argument),
    #[error(":{0} takes nothing behind it")]
    Superfluous(&'static str),
}

impl Command {
    /// Reads a line. A message is the line as it is, white space included.
    pub fn parse(line: &str) -> Result<Self, CommandError> {
        match line.strip_prefix(':') {
            Some(rest) if !rest.starts_with(':') => parse_command(rest),
            _ if line.trim().is_empty() => Err(CommandError::Empty),
            Some(text) => Ok(NodeCommand::Enqueue(Message::text(text)).into()),
            None => Ok(NodeCommand::Enqueue(Message::text(line)).into()),
        }
    }
}

/// The command of this name.
pub fn spec(name: &str) -> Option<&'static Spec> {
    COMMANDS.iter().find(|spec| spec.name == name)
}

/// What to do about a name that no command has: finish it if some begin so.
fn begun_so(name: &str) -> String {
    let begun = COMMANDS.iter().filter(|spec| spec.scope != Availability::Key && spec.name.starts_with(name));
    let names: Vec<_> = begun.map(|spec| format!(":{}", spec.name)).collect();
    match names.as_slice() {
        [] => ":help lists them".to_owned(),
        _ if name.is_empty() => ":help lists them".to_owned(),
        [name] => format!("{name} begins so"),
        [names @ .., last] => format!("{} and {last} begin so", names.join(", ")),
    }
}

fn parse_command(text: &str) -> Result<Command, CommandError> {
    let text = text.trim_start();
    let (name, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let spec = spec(name).ok_or_else(|| CommandError::Unknown(name.to_owned(), begun_so(name)))?;
    match (spec.argument, argument.trim()) {
        (Argument::Line, begun) if !begun.is_empty() => (spec.make)(argument.trim_start()),
        (Argument::Nothing, "")
        | (
            Argument::Filter
            | Argument::Hold
            | Argument::FileOrNothing
            | Argument::ListOrNothing
            | Argument::Held
            | Argument::Choice(..),
            _,
        ) => (spec.make)(argument.trim()),
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
            Self::Party(_) => "HOST:PORT/ip:ADDRESS",
            Self::Json => "VALUE",
            Self::MessageId => "NUMBER",
            Self::Drop => "NUMBER/FILTER/all",
            Self::Held => "NUMBER/all",
            Self::Edit => "NUMBER [TEXT]",
            Self::Rate => "PER_SECOND",
            Self::Hold => "[NUMBER/FILTER]",
            Self::Filter => "[FILTER]",
            Self::Station => "1-9 [FILTER]",
            Self::File => "FILE",
            Self::FileOrNothing => "[FILE]",
            Self::ListOrNothing => "[FILE/URL]",
            Self::Choice(name, _) => name,
            Self::Theme => "NAME",
            Self::Line => "TEXT",
        })
    }
}

#[cfg(test)]
mod tests {
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
    fn a_message_is_edited_to_what_the_line_behind_its_number_would_send() {
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
    fn what_is_wrong_is_said() {
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
}
