//! Every command, one row per line. Parsing, help, completion and docs/commands.md are made from this table.

use std::path::Path;

use Availability::{Everywhere, KeyOnly, ScreenOnly};
use clacks_text::paths::expand;

use super::{
    Argument::{self, Address, Choice, File, Json, Line, MessageId, Nothing, Rate, Station, Theme},
    Command, CommandError, NodeCommand,
    PeerFilter::{self, All, Ignored, NotIgnored},
    Step, ViewCommand as View,
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
    pub parse: fn(&str) -> Result<Command, CommandError>,
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
    /// Whether the network of the node reads what stands behind it.
    pub fn is_of_node(&self) -> bool {
        // An edit without a text opens the present one.
        self.name == "edit" || matches!((self.parse)(self.argument.example()), Ok(Command::Node(_)))
    }

    /// The command with its argument's placeholder: `:drop NUMBER`.
    pub fn usage(&self) -> String {
        format!(":{} {}", self.name, self.argument).trim_end().to_owned()
    }
}

macro_rules! commands {
    ($($name:literal, $argument:expr, $scope:expr, $help:literal, $parse:expr;)*) => {
        &[$(Spec { name: $name, argument: $argument, scope: $scope, help: $help, parse: $parse }),*]
    };
}

/// A command of the screen without an argument.
macro_rules! view {
    ($command:expr) => {
        |_| Ok(Command::View($command))
    };
}

/// A command of the node.
macro_rules! node {
    ($name:literal) => {
        |text| Ok(NodeCommand::new($name, text).into())
    };
}

/// All commands, in the order of the help.
#[rustfmt::skip]
pub const COMMANDS: &[Spec] = commands![
    "announce", Address(NotIgnored), Everywhere, "announce this node to another node, which becomes a peer", node!("announce");
    "add", Address(PeerFilter::None), Everywhere, "add a peer without announcing this node to it", node!("add");
    "peers-from", Argument::ListOrNothing, Everywhere, "announce this node to every address in a list; without an argument, in the lists of --peers-from", peers_from;
    "ignore", Argument::Party(NotIgnored), Everywhere, "send nothing to a peer and refuse what it sends; with ip:, close connections from that IP address", node!("ignore");
    "unignore", Argument::Party(Ignored), Everywhere, "stop ignoring a peer or an IP address", node!("unignore");
    "forget", Address(All), Everywhere, "remove a peer; it returns when it sends something or is named", node!("forget");
    "trust", Address(All), Everywhere, "accept the new certificate of a peer", node!("trust");
    "json", Json, Everywhere, "send any JSON value as a message", node!("json");
    "drop", Argument::Drop, Everywhere, "remove one message, all that match FILTER, or all; messages that are being sent are not affected", node!("drop");
    "hold", Argument::Hold, Everywhere, "hold one message; with FILTER, hold all that match, now and later; without an argument, show the filter; a held message is not sent until it is released", node!("hold");
    "unhold", Nothing, Everywhere, "stop holding messages by a filter; messages already held stay held until they are released", node!("unhold");
    "release", Argument::Held, Everywhere, "put one held message, or all, at the end of the queue", node!("release");
    "edit", Argument::Edit, Everywhere, "change the text of a queued or held message; without TEXT, edit its present text on the screen", edit;
    "held", Nothing, Everywhere, "list the held messages", view!(View::Held);
    "rate", Rate, Everywhere, "set the number of messages sent per second", node!("rate");
    "peers", Nothing, Everywhere, "go to the list of peers", view!(View::Peers);
    "queue", Nothing, Everywhere, "go to the queue", view!(View::Queue);
    "limits", Nothing, Everywhere, "show each limit, how much of it is used, and how often it was reached", view!(View::Limits);
    "record", Argument::FileOrNothing, Everywhere, "record events to a file, for clacks replay; without FILE, stop recording", record;
    "record!", File, Everywhere, "the same as :record, but replace an existing recording", |file| record_to(file, Existing::Overwrite);
    "help", Nothing, Everywhere, "show available commands", view!(View::Help);
    "quit", Nothing, Everywhere, "stop the node and leave", view!(View::Quit);
    "quit!", Nothing, Everywhere, "stop the node at once; messages that only this node has are lost", view!(View::QuitAtOnce);

    "edit-in-editor", MessageId, ScreenOnly, "edit a message in your editor: $VISUAL, $EDITOR or vi", |text| Ok(View::EditInEditor(message_id(text)?).into());
    "traffic", Nothing, ScreenOnly, "go to the traffic", view!(View::Traffic);
    "zoom", Nothing, ScreenOnly, "enlarge the focused list to the whole screen, or restore the other lists", view!(View::Zoom);
    "map", Nothing, ScreenOnly, "show the peers on a map", view!(View::Pane("map"));
    "filter", Argument::Filter, ScreenOnly, "show only the traffic that matches FILTER; without FILTER, show all of it", filter;
    "copy", Choice("[all]", &["all"]), ScreenOnly, "copy what is selected or open; with all, copy everything marked or, without marks, shown", copy;
    "write", File, ScreenOnly, "write the shown traffic to a new .jsonl or .csv file", |path| Ok(View::Write(Target::new(path, false)?).into());
    "write!", File, ScreenOnly, "the same as :write, but replace an existing file", |path| Ok(View::Write(Target::new(path, true)?).into());
    "station", Station, ScreenOnly, "show a station's traffic, or save FILTER as the station; bell FILTER also rings the bell, clear removes it", |text| parse_station(text).map(|(number, wish)| View::Station(number, wish).into()).map_err(Into::into);
    "stations", Nothing, ScreenOnly, "list the stations and how much traffic each has had", view!(View::Stations);
    "charts", Nothing, ScreenOnly, "show charts of the last minutes: messages in and out, peers, queue, round-trip times", view!(View::Charts);
    "tower", Nothing, ScreenOnly, "watch messages pass through the clacks tower, letter by letter", view!(View::Pane("tower"));
    "motion", Choice("HOW_MUCH", &["full", "reduced", "off"]), ScreenOnly, "set the amount of animation: full, reduced or off", |text| Ok(View::Motion(text.parse().map_err(|()| CommandError::Motion)?).into());
    "net", Argument::NetworkOrNothing, ScreenOnly, "show the network with this name; without NAME, the next one", |name| Ok(View::Network((!name.is_empty()).then(|| name.to_owned())).into());
    "list", Argument::List, ScreenOnly, "show the list of the network with this name", |name| Ok(View::List(name.to_owned()).into());
    "sort", Argument::Column, ScreenOnly, "sort the list that has the focus by a column; reverse turns the order, none restores it; without COLUMN, sort by the next one", |name| Ok(View::Sort((!name.is_empty()).then(|| name.to_owned())).into());
    "only", Argument::RowFilter, ScreenOnly, "show only the rows of the list that has the focus that match FILTER; without FILTER, show all of them", |text| Ok(View::Only((!text.is_empty()).then(|| text.to_owned())).into());
    "theme", Theme, ScreenOnly, "choose the theme: colours and styles of the screen", |name| Ok(View::Theme(name.to_owned()).into());
    "biography", Nothing, ScreenOnly, "show the history of the selected message", view!(View::Pane("biography"));
    "overhead", Nothing, ScreenOnly, "list the messages that keep coming back", view!(View::Pane("overhead"));
    "why", Nothing, ScreenOnly, "show how the receiver of each message is chosen", view!(View::Pane("why"));
    "pause", Nothing, ScreenOnly, "in a replay: pause or continue", view!(View::Replay(ReplayCommand::Pause));
    "step", Nothing, ScreenOnly, "in a replay: play one event and pause", view!(View::Replay(ReplayCommand::Step));
    "speed", Choice("TIMES", &["+", "-", "0.25", "1", "4", "16", "64"]), ScreenOnly, "in a replay: play at this multiple of the recorded speed; + doubles the speed, - halves it", |text| Ok(View::Replay(ReplayCommand::Speed(text.parse().map_err(CommandError::Replay)?)).into());
    "jump", Choice("PLACE", &["0", "+10s", "-10s", "+1m", "-1m"]), ScreenOnly, "in a replay: go to a position (2m30s or 0:40), by a distance (+10s or -1m), or to a time of day (@14:02)", |text| Ok(View::Replay(ReplayCommand::Jump(text.parse().map_err(CommandError::Replay)?)).into());
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
    "prompt", Line, KeyOnly, "open the input with TEXT in it", |begun| Ok(View::Prompt(begun.to_owned()).into());
    "close", Nothing, KeyOnly, "close what is open; in the lists, remove the filter of the traffic", view!(View::Close);
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

fn message_id(text: &str) -> Result<clacks_p2p::core::MessageId, CommandError> {
    text.parse().map_err(|_| CommandError::MessageId)
}

/// Without a new text it opens the present one.
fn edit(text: &str) -> Result<Command, CommandError> {
    let id = message_id(text.split_whitespace().next().unwrap_or_default())?;
    let has_text = text.contains(char::is_whitespace);
    Ok(if has_text { NodeCommand::new("edit", text).into() } else { View::Edit(id).into() })
}

fn filter(text: &str) -> Result<Command, CommandError> {
    let filter = if text.is_empty() { None } else { Some(text.parse()?) };
    Ok(View::Filter(filter).into())
}

fn peers_from(text: &str) -> Result<Command, CommandError> {
    let source = if text.is_empty() { None } else { Some(text.parse()?) };
    Ok(View::PeersFrom(source).into())
}

fn copy(what: &str) -> Result<Command, CommandError> {
    match what {
        "" => Ok(View::Copy.into()),
        "all" => Ok(View::CopyAll.into()),
        _ => Err(CommandError::Copy),
    }
}

fn record(text: &str) -> Result<Command, CommandError> {
    match text {
        "" => Ok(View::Record(RecordCommand::Stop).into()),
        file => record_to(file, Existing::Refuse),
    }
}

fn record_to(file: &str, existing: Existing) -> Result<Command, CommandError> {
    Ok(View::Record(RecordCommand::Start(expand(Path::new(file))?.into_owned(), existing)).into())
}
