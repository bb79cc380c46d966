//! Every command of the interfaces, one row per line. Parsing, help, completion and docs/commands.md are made from this table
//! and from the commands in the description of a network.

use std::path::Path;

use Availability::{Everywhere, KeyOnly, ScreenOnly};
use clacks_feed::description::{Description, Role};
use clacks_text::paths::expand;

use super::{
    Argument::{self, Choice, File, ItemOf, Line, Nothing, Station, Theme},
    CommandError, Step, ViewCommand as View,
    argument::{Direction, Existing, RecordCommand},
    export_target::Target,
    line_edit::LineKey,
    playback::ReplayCommand,
};
use crate::saved_filter::parse_station;

/// One row of the command table.
#[derive(Debug)]
pub struct Spec {
    /// The name, without the colon.
    pub name: &'static str,
    /// The kind of argument.
    pub argument: Argument,
    /// The interfaces where the command is available.
    pub scope: Availability,
    /// Description for the help and the completion.
    pub help: &'static str,
    /// Builds the command from its argument, which is trimmed; of `Line` only the start is trimmed.
    pub parse: fn(&str) -> Result<View, CommandError>,
}

/// Interfaces where a command is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// Available on the screen and in `clacks node`.
    Everywhere,
    /// Available only on the screen.
    ScreenOnly,
    /// Available only on the screen and mainly useful in a key binding. Completion does not offer it.
    KeyOnly,
}

impl Spec {
    /// The command with its argument's placeholder: `:list NAME`.
    pub fn usage(&self) -> String {
        format!(":{} {}", self.name, self.argument).trim_end().to_owned()
    }

    /// Whether a node of this network has what the command shows or changes.
    pub fn is_for(&self, network: &Description) -> bool {
        if ONLY_CLACKS.contains(&self.name) {
            return network.network == CLACKS;
        }
        let messages = || network.lists.iter().filter(|list| list.role == Role::Messages);
        match (self.name, self.argument) {
            ("held", _) => messages().count() > 1,
            (_, ItemOf(command)) => network.command(command).is_some(),
            _ => true,
        }
    }
}

/// The network whose parts have commands of their own in the table.
const CLACKS: &str = "clacks";
/// Commands that show or change what only a node of clacks has.
const ONLY_CLACKS: [&str; 6] = ["peers-from", "map", "tower", "biography", "overhead", "why"];

macro_rules! commands {
    ($($name:literal, $argument:expr, $scope:expr, $help:literal, $parse:expr;)*) => {
        &[$(Spec { name: $name, argument: $argument, scope: $scope, help: $help, parse: $parse }),*]
    };
}

/// A command without an argument.
macro_rules! view {
    ($command:expr) => {
        |_| Ok($command)
    };
}

/// All commands of the interfaces, in the order of the help.
#[rustfmt::skip]
pub const COMMANDS: &[Spec] = commands![
    "peers-from", Argument::ListOrNothing, Everywhere, "announce this node to every address in a list; without an argument, in the lists of --peers-from", peers_from;
    "held", Nothing, Everywhere, "list the held messages", view!(View::Held);
    "peers", Nothing, Everywhere, "go to the list of peers", view!(View::Peers);
    "queue", Nothing, Everywhere, "go to the queue", view!(View::Queue);
    "list", Argument::List, Everywhere, "show the list of the network with this name", |name| Ok(View::List(name.to_owned()));
    "limits", Nothing, Everywhere, "show each limit, how much of it is used, and how often it was reached", view!(View::Limits);
    "record", Argument::FileOrNothing, Everywhere, "record events to a file, for clacks replay; without FILE, stop recording", record;
    "record!", File, Everywhere, "the same as :record, but replace an existing recording", |file| record_to(file, Existing::Overwrite);
    "help", Nothing, Everywhere, "show available commands", view!(View::Help);
    "quit", Nothing, Everywhere, "stop the node and leave", view!(View::Quit);
    "quit!", Nothing, Everywhere, "stop the node at once; messages that only this node has are lost", view!(View::QuitAtOnce);

    "edit-in-editor", ItemOf("edit"), ScreenOnly, "edit a message in your editor: $VISUAL, $EDITOR or vi", |text| Ok(View::EditInEditor(text.to_owned()));
    "traffic", Nothing, ScreenOnly, "go to the traffic", view!(View::Traffic);
    "zoom", Nothing, ScreenOnly, "enlarge the focused list to the whole screen, or restore the other lists", view!(View::Zoom);
    "map", Nothing, ScreenOnly, "show the peers on a map", view!(View::Pane("map"));
    "filter", Argument::Filter, ScreenOnly, "show only the traffic that matches FILTER; without FILTER, show all of it", filter;
    "copy", Choice("[all]", &["all"]), ScreenOnly, "copy what is selected or open; with all, copy everything marked or, without marks, shown", copy;
    "write", File, ScreenOnly, "write the shown traffic to a new .jsonl or .csv file", |path| Ok(View::Write(Target::new(path, false)?));
    "write!", File, ScreenOnly, "the same as :write, but replace an existing file", |path| Ok(View::Write(Target::new(path, true)?));
    "station", Station, ScreenOnly, "show a station's traffic, or save FILTER as the station; bell FILTER also rings the bell, clear removes it", |text| parse_station(text).map(|(number, wish)| View::Station(number, wish)).map_err(Into::into);
    "stations", Nothing, ScreenOnly, "list the stations and how much traffic each has had", view!(View::Stations);
    "charts", Nothing, ScreenOnly, "show charts of the last minutes: messages in and out, peers, queue, round-trip times", view!(View::Charts);
    "tower", Nothing, ScreenOnly, "watch messages pass through the clacks tower, letter by letter", view!(View::Pane("tower"));
    "motion", Choice("HOW_MUCH", &["full", "reduced", "off"]), ScreenOnly, "set the amount of animation: full, reduced or off", |text| Ok(View::Motion(text.parse().map_err(|()| CommandError::Motion)?));
    "net", Argument::NetworkOrNothing, ScreenOnly, "show the network with this name; without NAME, the next one", |name| Ok(View::Network((!name.is_empty()).then(|| name.to_owned())));
    "sort", Argument::Column, ScreenOnly, "sort the list that has the focus by a column; reverse turns the order, none restores it; without COLUMN, sort by the next one", |name| Ok(View::Sort((!name.is_empty()).then(|| name.to_owned())));
    "only", Argument::RowFilter, ScreenOnly, "show only the rows of the list that has the focus that match FILTER; without FILTER, show all of them", |text| Ok(View::Only((!text.is_empty()).then(|| text.to_owned())));
    "theme", Theme, ScreenOnly, "choose the theme: colours and styles of the screen", |name| Ok(View::Theme(name.to_owned()));
    "biography", Nothing, ScreenOnly, "show the history of the selected message", view!(View::Pane("biography"));
    "overhead", Nothing, ScreenOnly, "list the messages that keep coming back", view!(View::Pane("overhead"));
    "why", Nothing, ScreenOnly, "show how the receiver of each message is chosen", view!(View::Pane("why"));
    "pause", Nothing, ScreenOnly, "in a replay: pause or continue", view!(View::Replay(ReplayCommand::Pause));
    "step", Nothing, ScreenOnly, "in a replay: play one event and pause", view!(View::Replay(ReplayCommand::Step));
    "speed", Choice("TIMES", &["+", "-", "0.25", "1", "4", "16", "64"]), ScreenOnly, "in a replay: play at this multiple of the recorded speed; + doubles the speed, - halves it", |text| Ok(View::Replay(ReplayCommand::Speed(text.parse().map_err(CommandError::Replay)?)));
    "jump", Choice("PLACE", &["0", "+10s", "-10s", "+1m", "-1m"]), ScreenOnly, "in a replay: go to a position (2m30s or 0:40), by a distance (+10s or -1m), or to a time of day (@14:02)", |text| Ok(View::Replay(ReplayCommand::Jump(text.parse().map_err(CommandError::Replay)?)));
    "more", Nothing, ScreenOnly, "one page down; with --accessible: continue a long list", view!(View::Move(Step::PageDown));
    "open", Nothing, ScreenOnly, "show the selected item in full", view!(View::Open);
    "hold-still", Nothing, ScreenOnly, "freeze the screen while the node keeps running, or unfreeze it", view!(View::HoldStill);
    "undo", Nothing, ScreenOnly, "undo the last command that changed something, for ten seconds", view!(View::Undo);
    "mark", Nothing, ScreenOnly, "mark the selected item, or remove its mark", view!(View::Mark);
    "unmark", Nothing, ScreenOnly, "remove all marks", view!(View::Unmark);
    "mouse", Nothing, ScreenOnly, "let the terminal select text with the mouse, or use the mouse here again", view!(View::Mouse);
    "suspend", Nothing, ScreenOnly, "suspend the program until the shell continues it", view!(View::Suspend);
    "redraw", Nothing, ScreenOnly, "redraw the screen", view!(View::Redraw);

    "say", Nothing, KeyOnly, "write a message", view!(View::Say);
    "prompt", Line, KeyOnly, "open the input with TEXT in it", |begun| Ok(View::Prompt(begun.to_owned()));
    "close", Nothing, KeyOnly, "close what is open; in the lists, remove the filter of the focused list, or else of the traffic", view!(View::Close);
    "interrupt", Nothing, KeyOnly, "ask whether to leave; a second time, leave", view!(View::Interrupt);
    "choose", Nothing, KeyOnly, "run the selected entry of the list of available commands", view!(View::Choose);
    "search", Nothing, KeyOnly, "search the text that is shown", view!(View::Search);
    "next-match", Nothing, KeyOnly, "go to the next match", view!(View::Match { forwards: true });
    "previous-match", Nothing, KeyOnly, "go to the previous match", view!(View::Match { forwards: false });
    "next-pane", Nothing, KeyOnly, "go to the next list", view!(View::NextPane);
    "previous-pane", Nothing, KeyOnly, "go to the previous list", view!(View::PreviousPane);
    "up", Nothing, KeyOnly, "one up", view!(View::Move(Step::Up));
    "down", Nothing, KeyOnly, "one down", view!(View::Move(Step::Down));
    "page-up", Nothing, KeyOnly, "one page up", view!(View::Move(Step::PageUp));
    "page-down", Nothing, KeyOnly, "one page down", view!(View::Move(Step::PageDown));
    "top", Nothing, KeyOnly, "go to the first", view!(View::Move(Step::Top));
    "bottom", Nothing, KeyOnly, "go to the last; in the traffic: follow new rows", view!(View::Move(Step::Bottom));
    "go-left", Nothing, KeyOnly, "on the map: go to the next tower on the left", view!(View::Move(Step::Left));
    "go-right", Nothing, KeyOnly, "on the map: go to the next tower on the right", view!(View::Move(Step::Right));
    "send", Nothing, KeyOnly, "send the message or run the command", view!(View::Send);
    "leave", Nothing, KeyOnly, "leave the input; the draft is kept", view!(View::Leave);
    "clear", Nothing, KeyOnly, "clear the input; leave it if it is already empty", view!(View::Clear);
    "complete", Nothing, KeyOnly, "complete the command or its argument; in a message, leave the input", view!(View::Complete(Direction::Forward));
    "complete-back", Nothing, KeyOnly, "select the previous completion", view!(View::Complete(Direction::Back));
    "search-history", Nothing, KeyOnly, "search the lines sent before", view!(View::SearchHistory);
    "take", Nothing, KeyOnly, "accept what was found or chosen", view!(View::Take);
    "take-back", Nothing, KeyOnly, "cancel, and restore what was written", view!(View::TakeBack);
    "history-back", Nothing, KeyOnly, "show the line sent before this one", view!(View::Line(LineKey::HistoryBack));
    "history-on", Nothing, KeyOnly, "show the line sent after this one", view!(View::Line(LineKey::HistoryOn));
    "left", Nothing, KeyOnly, "one character left", view!(View::Line(LineKey::Left));
    "right", Nothing, KeyOnly, "one character right", view!(View::Line(LineKey::Right));
    "word-left", Nothing, KeyOnly, "one word left", view!(View::Line(LineKey::WordLeft));
    "word-right", Nothing, KeyOnly, "one word right", view!(View::Line(LineKey::WordRight));
    "line-start", Nothing, KeyOnly, "go to the start of the line", view!(View::Line(LineKey::Start));
    "line-end", Nothing, KeyOnly, "go to the end of the line", view!(View::Line(LineKey::End));
    "delete-word", Nothing, KeyOnly, "delete the word before the cursor", view!(View::Line(LineKey::DeleteWord));
    "delete-before", Nothing, KeyOnly, "delete everything before the cursor", view!(View::Line(LineKey::DeleteBefore));
    "delete-behind", Nothing, KeyOnly, "delete everything after the cursor", view!(View::Line(LineKey::DeleteBehind));
    "put-back", Nothing, KeyOnly, "insert the text deleted last", view!(View::Line(LineKey::PutBack));
];

fn filter(text: &str) -> Result<View, CommandError> {
    let filter = if text.is_empty() { None } else { Some(text.parse()?) };
    Ok(View::Filter(filter))
}

fn peers_from(text: &str) -> Result<View, CommandError> {
    let source = if text.is_empty() { None } else { Some(text.parse()?) };
    Ok(View::PeersFrom(source))
}

fn copy(what: &str) -> Result<View, CommandError> {
    match what {
        "" => Ok(View::Copy),
        "all" => Ok(View::CopyAll),
        _ => Err(CommandError::Copy),
    }
}

fn record(text: &str) -> Result<View, CommandError> {
    match text {
        "" => Ok(View::Record(RecordCommand::Stop)),
        file => record_to(file, Existing::Refuse),
    }
}

fn record_to(file: &str, existing: Existing) -> Result<View, CommandError> {
    Ok(View::Record(RecordCommand::Start(expand(Path::new(file))?.into_owned(), existing)))
}
