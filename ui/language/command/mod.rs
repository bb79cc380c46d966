//! The command language of the dashboard's input and of the standard input of `clacks node`.
//!
//! A line of text is a message. A line that starts with `:` is a command; `::` at the start stands for a message
//! that begins with `:`.

pub mod argument;
mod argument_kind;
pub mod export_target;
#[cfg(test)]
mod fuzz;
mod known;
pub mod line_edit;
pub mod motion_setting;
pub mod playback;
pub mod table;

use argument::{Direction, RecordCommand};
pub use argument_kind::Argument;
use clacks_feed::{
    Call, Name, Run,
    description::{CommandSpec, Description},
    filter::FilterError,
};
use clacks_text::paths::HomeError;
use export_target::{NoForm, Target};
pub use known::Known;
use line_edit::LineKey;
use motion_setting::Setting as MotionSetting;
use playback::ReplayCommand;
use table::{COMMANDS, Spec};

use super::{
    list_source::{ListSource, ListSourceError},
    saved_filter::{Number, StationCommand, StationError},
    traffic_filter::FilterText,
};

/// A parsed line.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A line that is no command. The network of the node decides what it means.
    Say(String),
    /// A command for the node.
    Node(NodeCommand),
    /// A command for the user interface.
    View(ViewCommand),
}

/// A command for the node. What its text means is decided by the network of the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeCommand {
    /// The name, without the colon.
    pub name: Name,
    /// What was typed behind the name, without white space around it.
    pub text: String,
}

/// A command for the user interface. The dashboard moves or opens something; `clacks node` prints a line.
#[derive(Debug, Clone, PartialEq)]
pub enum ViewCommand {
    /// Shows the list of peers.
    Peers,
    /// Shows the queue.
    Queue,
    /// Lists the held messages.
    Held,
    /// Opens the input to edit the text of an item, which is named as it was typed.
    Edit(String),
    /// Opens the text of an item in the user's external editor.
    EditInEditor(String),
    /// Shows the traffic.
    Traffic,
    /// Enlarges the focused list to the whole screen, or restores the other lists.
    Zoom,
    /// Shows only the traffic that matches the filter. `None` shows all of it.
    Filter(Option<FilterText>),
    /// Copies the selected item, or the open text.
    Copy,
    /// Copies all marked items; without marks, all that are shown.
    CopyAll,
    /// Writes the shown traffic to a file.
    Write(Target),
    /// Shows, saves or removes a station.
    Station(Number, StationCommand),
    /// Lists the stations.
    Stations,
    /// Sets the amount of animation.
    Motion(MotionSetting),
    /// Shows charts of the last minutes.
    Charts,
    /// Shows the picture or page with this name of the network that is shown.
    Pane(&'static str),
    /// Starts or stops a recording.
    Record(RecordCommand),
    /// Announces this node to every address in the list; `None` means all configured lists.
    PeersFrom(Option<ListSource>),
    /// Controls a replay.
    Replay(ReplayCommand),
    /// Sets the theme with this name, or the only one whose name starts with it.
    Theme(String),
    /// Shows the network with this name, or the only one whose name starts with it. `None` shows the next one.
    Network(Option<String>),
    /// Shows the list with this name.
    List(String),
    /// Sorts the list that has the focus by the column with this name; `reverse` and `none` change the order. `None` sorts
    /// by the next column.
    Sort(Option<String>),
    /// Shows only the rows of the list that has the focus that match a filter. `None` shows all of them.
    Only(Option<String>),
    /// Shows the limits of the node, how much of each is used, and how often each was reached.
    Limits,
    /// Shows the available commands.
    Help,
    /// Stops the node and exits.
    Quit,
    /// Asks whether to exit. A second time, exits.
    Interrupt,
    /// Exits at once. Messages that only this node has are lost.
    QuitAtOnce,
    /// Opens the details of the selected item.
    Open,
    /// Closes the open overlay. In the lists, removes the filter of the traffic.
    Close,
    /// Runs the selected entry of the list of available commands.
    Choose,
    /// Reverts the last command that changed something, within ten seconds.
    Undo,
    /// Marks the selected item, or removes its mark.
    Mark,
    /// Removes all marks.
    Unmark,
    /// Freezes the screen while the node keeps running, or unfreezes it.
    HoldStill,
    /// Releases the mouse to the terminal for its own selection, or captures it again.
    Mouse,
    /// Suspends the process until the shell continues it.
    Suspend,
    /// Redraws the whole screen.
    Redraw,
    /// Focuses the input to write a message.
    Say,
    /// Focuses the input with this text, unless the draft starts with it already.
    Prompt(String),
    /// Searches the open text.
    Search,
    /// Moves to another match of the search.
    Match {
        /// To the next match. Otherwise to the previous one.
        forwards: bool,
    },
    /// Focuses the next list.
    NextPane,
    /// Focuses the previous list.
    PreviousPane,
    /// Moves the selection, or scrolls the open text.
    Move(Step),
    /// Sends the draft or runs it as a command.
    Send,
    /// Completes the word at the cursor.
    Complete(Direction),
    /// Searches the history of sent lines. Repeated, moves to the next older match.
    SearchHistory,
    /// Accepts the found line or the chosen completion.
    Take,
    /// Cancels a search or a completion and restores the draft.
    TakeBack,
    /// Leaves the input and keeps the draft.
    Leave,
    /// Empties the input. Leaves it if it is empty already.
    Clear,
    /// Edits the input line.
    Line(LineKey),
}

/// A step in a list or in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
    /// To the next peer on the left of the map.
    Left,
    /// To the next peer on the right of the map.
    Right,
}

impl Step {
    /// Number of rows to move, negative for up, with `page` rows per page. `Top` is `isize::MIN`, `Bottom` is
    /// `isize::MAX`; steps on the map are 0.
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

/// Reason why a line is not a valid command. The command has had no effect.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CommandError {
    /// The command does not exist. The fields are its name and a hint, such as the commands that start with it.
    #[error("there is no command :{0}; {1}")]
    Unknown(String, String),
    /// The network has no such command. The fields are the network and the name.
    #[error("{0} has no :{1}")]
    NotOffered(Name, String),
    /// The network has no lines that are no commands.
    #[error("{0} sends no texts; a command begins with a colon")]
    NoTexts(Name),
    /// The line is empty.
    #[error("nothing to send: the line is empty")]
    Empty,
    /// The filter of the traffic is invalid.
    #[error("{0}")]
    Filter(#[from] FilterError),
    /// The home directory for `~` is unknown.
    #[error("{0}")]
    Home(#[from] HomeError),
    /// The argument of `:copy` is neither empty nor `all`.
    #[error(":copy takes what is selected, :copy all everything that is marked or shown")]
    Copy,
    /// The file of `:write` has an unknown extension.
    #[error("{0}")]
    Write(#[from] NoForm),
    /// The location of a list of peers is invalid.
    #[error("{0}")]
    List(#[from] ListSourceError),
    /// The number or the filter of a station is invalid.
    #[error("{0}")]
    Station(#[from] StationError),
    /// The speed or position of a replay is invalid. The value is a hint for the user.
    #[error("{0}")]
    Replay(&'static str),
    /// The argument of `:motion` is not a known setting.
    #[error("motion is full, reduced or off")]
    Motion,
    /// The argument is missing. The fields are the command's name and the placeholders of its arguments.
    #[error(":{0} takes {1}")]
    Missing(String, String),
    /// The command takes no argument; the value is its name.
    #[error(":{0} takes nothing behind it")]
    Superfluous(String),
}

impl Command {
    /// Parses a line that was typed for a node of this network. A line that is no command stays unchanged, including white
    /// space; of a leading `::` one colon is removed. What stands behind a command of the network is not read.
    ///
    /// # Errors
    ///
    /// Fails if the line is empty, if it is no command of the interface or of the network, if it is one of the interface for
    /// what the network lacks, or if the argument of a command of the interface is invalid.
    pub fn parse(line: &str, network: &Description) -> Result<Self, CommandError> {
        match line.strip_prefix(':') {
            Some(rest) if !rest.starts_with(':') => parse_command(rest.trim_start(), network),
            _ if line.trim().is_empty() => Err(CommandError::Empty),
            _ if network.says.is_none() => Err(CommandError::NoTexts(network.network.clone())),
            Some(text) => Ok(Self::Say(text.to_owned())),
            None => Ok(Self::Say(line.to_owned())),
        }
    }

    /// Parses a line that a key runs. As [`Command::parse`], but a command of the interface goes before one of the network.
    ///
    /// # Errors
    ///
    /// Fails as [`Command::parse`] does.
    pub fn parse_bound(line: &str, network: &Description) -> Result<Self, CommandError> {
        let rest = line.strip_prefix(':').unwrap_or_default();
        let (name, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        match spec(name).map(|spec| of_face(spec, argument)) {
            Some(Ok(command)) => Ok(Self::View(command)),
            _ => Self::parse(line, network),
        }
    }

    /// Parses a line that a key runs in any of these networks.
    ///
    /// # Errors
    ///
    /// Fails with the error of the first network, if the line is a command of none.
    pub fn parse_bound_to_any<'a>(
        line: &str,
        networks: impl IntoIterator<Item = &'a Description>,
    ) -> Result<Self, CommandError> {
        let mut parsed = networks.into_iter().map(|network| Self::parse_bound(line, network));
        let first = parsed.next().unwrap_or(Err(CommandError::Empty));
        first.or_else(|error| parsed.find_map(Result::ok).ok_or(error))
    }
}

/// The command of the interface with this exact name.
pub fn spec(name: &str) -> Option<&'static Spec> {
    COMMANDS.iter().find(|spec| spec.name == name)
}

/// A hint for an unknown command: the commands that start with its name.
fn unknown_command_hint(name: &str, network: &Description) -> String {
    let begun = Known::all(network).filter(|known| known.name().starts_with(name));
    let names: Vec<_> = begun.map(|known| format!(":{}", known.name())).collect();
    match names.as_slice() {
        [] => ":help lists them".to_owned(),
        _ if name.is_empty() => ":help lists them".to_owned(),
        [name] => format!("{name} begins so"),
        [names @ .., last] => format!("{} and {last} begin so", names.join(", ")),
    }
}

fn parse_command(text: &str, network: &Description) -> Result<Command, CommandError> {
    let (name, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    match Known::find(name, network) {
        Some(Known::Face(spec)) if !spec.is_for(network) => {
            Err(CommandError::NotOffered(network.network.clone(), name.to_owned()))
        }
        Some(Known::Face(spec)) => of_face(spec, argument).map(Command::View),
        Some(Known::Node(command)) => of_node(command, argument.trim()),
        None => Err(CommandError::Unknown(name.to_owned(), unknown_command_hint(name, network))),
    }
}

/// Reads the argument of a command of the interface.
fn of_face(spec: &Spec, argument: &str) -> Result<ViewCommand, CommandError> {
    match (spec.argument, argument.trim()) {
        (Argument::Line, begun) if !begun.is_empty() => (spec.parse)(argument.trim_start()),
        (Argument::Nothing, "")
        | (
            Argument::Filter
            | Argument::FileOrNothing
            | Argument::ListOrNothing
            | Argument::NetworkOrNothing
            | Argument::Column
            | Argument::RowFilter
            | Argument::Choice(..),
            _,
        ) => (spec.parse)(argument.trim()),
        (Argument::Nothing, _) => Err(CommandError::Superfluous(spec.name.to_owned())),
        (wanted, "") => Err(CommandError::Missing(spec.name.to_owned(), wanted.to_string())),
        (_, argument) => (spec.parse)(argument),
    }
}

/// A command of the network. Only the node can read its text, but not whether there must be one.
fn of_node(command: &CommandSpec, text: &str) -> Result<Command, CommandError> {
    let name = || command.name.to_string();
    if text.is_empty() && command.needs_text() {
        return Err(CommandError::Missing(name(), command.arguments()));
    }
    if !text.is_empty() && command.args.is_empty() {
        return Err(CommandError::Superfluous(name()));
    }
    // Without a new text, the present one is opened.
    if command.name == EDIT && !text.contains(char::is_whitespace) {
        return Ok(Command::View(ViewCommand::Edit(text.to_owned())));
    }
    Ok(NodeCommand { name: command.name.clone(), text: text.to_owned() }.into())
}

/// The command of a network that changes the text of an item.
pub const EDIT: &str = "edit";

impl NodeCommand {
    /// A command with this name.
    pub fn new(name: impl Into<Name>, text: &str) -> Self {
        Self { name: name.into(), text: text.to_owned() }
    }

    /// The call that carries it out at the node with this run.
    pub fn call(&self, run: Run) -> Call {
        Call::new(run, self.name.clone(), &*self.text)
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

#[cfg(test)]
mod tests;
