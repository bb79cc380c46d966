//! Every command, one a line: the one list from which parsing, help, completion and the README are made.

use std::{ops::RangeInclusive, path::Path};

use clacks_p2p::{DEFAULT_MAX_DEPTH, Message, core::EnqueueError};

use crate::{
    dashboard::{Direction, Target},
    filter::{Domain, Filter},
    paths::expand,
    recording::{controls::ReplayCommand, files::Existing, recorder::RecordCommand},
    station::parse_wish,
};

use super::{Argument, Command, CommandError, Known, NodeCommand, Party, Step, ViewCommand, line::LineKey};

/// Messages a second that a node can be told to send at most.
pub(crate) const SEND_RATES: RangeInclusive<f64> = 0.001..=100_000.0;

/// One row of the list of commands.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) argument: Argument,
    pub(crate) scope: Scope,
    /// What it does, for the help.
    pub(crate) does: &'static str,
    pub(super) make: fn(&str) -> Result<Command, CommandError>,
}

/// Where a command makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// `clacks node` answers it as well.
    Anywhere,
    /// Only on the screen.
    Screen,
    /// Only on the screen, and of use for little but to bind a key to it.
    Key,
}

impl Spec {
    /// The command with what it takes: `:drop NUMBER`.
    pub(crate) fn usage(&self) -> String {
        format!(":{} {}", self.name, self.argument).trim_end().to_owned()
    }
}

macro_rules! commands {
    ($($name:literal, $argument:expr, $scope:expr, $does:literal, $make:expr;)*) => {
        &[$(Spec { name: $name, argument: $argument, scope: $scope, does: $does, make: $make }),*]
    };
}

use Argument::{Address, Choice, File, Json, Line, MessageId, Nothing, Rate, Station, Theme};
use Known::{All, Ignored, NotIgnored};
use Scope::{Anywhere, Key, Screen};

/// A command of the screen that takes nothing.
macro_rules! view {
    ($command:expr) => {
        |_| Ok(Command::View($command))
    };
}

use ViewCommand as View;

/// Every command, in the order in which the help lists them.
#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = commands![
    "announce", Address(NotIgnored), Anywhere, "make this node known to another, which becomes a peer", |text| Ok(NodeCommand::Announce(text.parse()?).into());
    "add", Address(Known::None), Anywhere, "add a peer without telling it", |text| Ok(NodeCommand::Add(text.parse()?).into());
    "peers-from", Argument::ListOrNothing, Anywhere, "announce this node to the addresses in a list; without one, in all that --peers-from names", peers_from;
    "ignore", Argument::Party(NotIgnored), Anywhere, "send a peer nothing and refuse what it sends; with ip:, close what connects from that IP address", |text| Ok(text.parse::<Party>()?.ignored().into());
    "unignore", Argument::Party(Ignored), Anywhere, "take an ignore back", |text| Ok(text.parse::<Party>()?.unignored().into());
    "forget", Address(All), Anywhere, "remove a peer; it comes back when somebody names it", |text| Ok(NodeCommand::Forget(text.parse()?).into());
    "trust", Address(All), Anywhere, "accept the new certificate of a peer", |text| Ok(NodeCommand::Trust(text.parse()?).into());
    "json", Json, Anywhere, "send any JSON value as a message", json;
    "drop", Argument::Drop, Anywhere, "remove one message, all that match a filter, or all; messages that are being sent are not affected", drop;
    "hold", Argument::Hold, Anywhere, "hold one message, or all that match a filter, those that come later too; a held message is not sent until it is released; without NUMBER and FILTER, show the rule", hold;
    "unhold", Nothing, Anywhere, "hold no more by a filter; what is held stays so until it is released", |_| Ok(NodeCommand::Unhold.into());
    "release", Argument::Held, Anywhere, "put a held message at the tail of the queue, or all of them", release;
    "edit", Argument::Edit, Anywhere, "give a message that waits or is held another text, on the screen beginning with what it says", edit;
    "held", Nothing, Anywhere, "list the messages that are held", view!(View::Held);
    "rate", Rate, Anywhere, "change how many messages a second are sent", rate;
    "peers", Nothing, Anywhere, "go to the peers", view!(View::Peers);
    "queue", Nothing, Anywhere, "go to the queue", view!(View::Queue);
    "limits", Nothing, Anywhere, "show what is taken and done at most, how much of it is used and how often it was met", view!(View::Limits);
    "record", Argument::FileOrNothing, Anywhere, "record what happens, for clacks replay; without a file, end the recording", record;
    "record!", File, Anywhere, "the same, and overwrite a recording that is there", |file| record_to(file, Existing::Overwrite);
    "help", Nothing, Anywhere, "list what can be done", view!(View::Help);
    "quit", Nothing, Anywhere, "stop the node and leave", view!(View::Quit);
    "quit!", Nothing, Anywhere, "the same at once: what nobody else has is not handed on, and not asked about", view!(View::QuitAtOnce);

    "edit-in-editor", MessageId, Screen, "edit a message in your editor: $VISUAL, $EDITOR or vi", |text| Ok(View::EditInEditor(message_id(text)?).into());
    "traffic", Nothing, Screen, "go to the traffic", view!(View::Traffic);
    "zoom", Nothing, Screen, "give the list with the focus all of the screen, or make room for the others again", view!(View::Zoom);
    "map", Nothing, Screen, "show the peers on a map", view!(View::Map);
    "filter", Argument::Filter, Screen, "show only the traffic that it admits; all of it without one", filter;
    "copy", Choice("[all]", &["all"]), Screen, "copy what is selected or open; with all, everything that is marked or shown", copy;
    "write", File, Screen, "write the shown traffic to a new file, .jsonl or .csv", |path| Ok(View::Write(Target::new(path, false)?).into());
    "write!", File, Screen, "the same in place of a file that is there", |path| Ok(View::Write(Target::new(path, true)?).into());
    "station", Station, Screen, "tune in, or save a filter there; bell FILTER rings for it too, clear frees it", |text| parse_wish(text).map(|(number, wish)| View::Station(number, wish).into()).map_err(Into::into);
    "stations", Nothing, Screen, "list the stations and what came for them", view!(View::Stations);
    "charts", Nothing, Screen, "show what came and went, the peers and the queue over the last minutes, and round trips", view!(View::Charts);
    "tower", Nothing, Screen, "watch the messages pass through the clacks tower, letter by letter", view!(View::Tower);
    "motion", Choice("HOW_MUCH", &["full", "reduced", "off"]), Screen, "choose how much moves by itself: full, reduced or off", |text| Ok(View::Motion(text.parse().map_err(|()| CommandError::Motion)?).into());
    "theme", Theme, Screen, "change what the screen looks like", |name| Ok(View::Theme(name.to_owned()).into());
    "biography", Nothing, Screen, "tell the life of the selected message", view!(View::Biography);
    "overhead", Nothing, Screen, "list the messages that keep coming back", view!(View::Overhead);
    "why", Nothing, Screen, "show how the receivers of messages are chosen", view!(View::Why);
    "pause", Nothing, Screen, "in a replay: stand still, or go on", view!(View::Replay(ReplayCommand::Pause));
    "step", Nothing, Screen, "in a replay: take one event and stand still", view!(View::Replay(ReplayCommand::Step));
    "speed", Choice("TIMES", &["+", "-", "0.25", "1", "4", "16", "64"]), Screen, "in a replay: play so many times as fast as it happened, or twice or half as fast as now", |text| Ok(View::Replay(ReplayCommand::Speed(text.parse().map_err(CommandError::Replay)?)).into());
    "jump", Choice("PLACE", &["0", "+10s", "-10s", "+1m", "-1m"]), Screen, "in a replay: go to a place such as 2m30s, or 0:40 as the header shows it, or by a time such as +10s or -1m; @14:02 is a time of day", |text| Ok(View::Replay(ReplayCommand::Jump(text.parse().map_err(CommandError::Replay)?)).into());
    "more", Nothing, Screen, "one page on; with --accessible: tell the next of a long list", view!(View::Move(Step::PageDown));
    "open", Nothing, Screen, "show all of what is selected", view!(View::Open);
    "hold-still", Nothing, Screen, "hold the screen still while the node goes on, or let it go on", view!(View::HoldStill);
    "undo", Nothing, Screen, "undo the last command that changed something, for ten seconds", view!(View::Undo);
    "mark", Nothing, Screen, "mark what is selected, or take the mark away", view!(View::Mark);
    "unmark", Nothing, Screen, "take all marks away", view!(View::Unmark);
    "mouse", Nothing, Screen, "release the mouse to select text, or take it back", view!(View::Mouse);
    "suspend", Nothing, Screen, "stop the program until the shell continues it", view!(View::Suspend);
    "redraw", Nothing, Screen, "draw the screen anew", view!(View::Redraw);

    "say", Nothing, Key, "write a message", view!(View::Say);
    "prompt", Line, Key, "write what begins with this", |begun| Ok(View::Prompt(begun.to_owned()).into());
    "close", Nothing, Key, "close what is open; in the lists, take the filter of the traffic off", view!(View::Close);
    "interrupt", Nothing, Key, "ask before leaving; a second time leaves", view!(View::Interrupt);
    "choose", Nothing, Key, "do what is selected in the list of what can be done", view!(View::Choose);
    "search", Nothing, Key, "look for text in what is shown", view!(View::Search);
    "next-match", Nothing, Key, "to the next place where it was found", view!(View::Match { forwards: true });
    "previous-match", Nothing, Key, "to the place before", view!(View::Match { forwards: false });
    "next-pane", Nothing, Key, "go to the next list", view!(View::NextPane);
    "previous-pane", Nothing, Key, "go to the list before", view!(View::PreviousPane);
    "up", Nothing, Key, "one up", view!(View::Move(Step::Up));
    "down", Nothing, Key, "one down", view!(View::Move(Step::Down));
    "page-up", Nothing, Key, "one page up", view!(View::Move(Step::PageUp));
    "page-down", Nothing, Key, "one page down", view!(View::Move(Step::PageDown));
    "top", Nothing, Key, "to the first", view!(View::Move(Step::Top));
    "bottom", Nothing, Key, "to the last; in the traffic: follow what comes", view!(View::Move(Step::Bottom));
    "go-left", Nothing, Key, "on the map: to the next tower on the left", view!(View::Move(Step::Left));
    "go-right", Nothing, Key, "on the map: to the next tower on the right", view!(View::Move(Step::Right));
    "send", Nothing, Key, "send the message or run the command", view!(View::Send);
    "leave", Nothing, Key, "leave the input; the draft stays", view!(View::Leave);
    "clear", Nothing, Key, "empty the input; leave it if it is empty", view!(View::Clear);
    "complete", Nothing, Key, "complete the line; without a command in it, leave the input", view!(View::Complete(Direction::Forward));
    "complete-back", Nothing, Key, "the completion before", view!(View::Complete(Direction::Back));
    "search-history", Nothing, Key, "search what was sent before", view!(View::SearchHistory);
    "take", Nothing, Key, "take what was found or chosen", view!(View::Take);
    "take-back", Nothing, Key, "go back to what was written", view!(View::TakeBack);
    "history-back", Nothing, Key, "what was sent before", view!(View::Line(LineKey::HistoryBack));
    "history-on", Nothing, Key, "what was sent after", view!(View::Line(LineKey::HistoryOn));
    "left", Nothing, Key, "one character back", view!(View::Line(LineKey::Left));
    "right", Nothing, Key, "one character on", view!(View::Line(LineKey::Right));
    "word-left", Nothing, Key, "one word back", view!(View::Line(LineKey::WordLeft));
    "word-right", Nothing, Key, "one word on", view!(View::Line(LineKey::WordRight));
    "line-start", Nothing, Key, "to the start of the line", view!(View::Line(LineKey::Start));
    "line-end", Nothing, Key, "to the end of the line", view!(View::Line(LineKey::End));
    "delete-word", Nothing, Key, "delete the word before the cursor", view!(View::Line(LineKey::DeleteWord));
    "delete-before", Nothing, Key, "delete what is before the cursor", view!(View::Line(LineKey::DeleteBefore));
    "delete-behind", Nothing, Key, "delete what is behind the cursor", view!(View::Line(LineKey::DeleteBehind));
    "put-back", Nothing, Key, "put back what was deleted last", view!(View::Line(LineKey::PutBack));
];

fn json(text: &str) -> Result<Command, CommandError> {
    let message = Message::from_json(text, DEFAULT_MAX_DEPTH)?;
    if message.is_falsy() {
        Err(EnqueueError::Empty.into())
    } else {
        Ok(NodeCommand::Enqueue(message).into())
    }
}

fn rate(text: &str) -> Result<Command, CommandError> {
    let rate = text.parse().ok().filter(|rate| SEND_RATES.contains(rate)).ok_or(CommandError::Rate)?;
    Ok(NodeCommand::Rate(rate).into())
}

fn message_id(text: &str) -> Result<clacks_p2p::core::MessageId, CommandError> {
    text.parse().map_err(|_| CommandError::MessageId)
}

fn hold(text: &str) -> Result<Command, CommandError> {
    Ok(match (text, message_id(text)) {
        ("", _) => NodeCommand::ShowHold,
        (_, Ok(id)) => NodeCommand::HoldOne(id),
        (_, Err(_)) => NodeCommand::Hold(Filter::parse_for(text, Domain::Queue)?),
    }
    .into())
}

fn drop(text: &str) -> Result<Command, CommandError> {
    Ok(match (text, message_id(text)) {
        ("all", _) => NodeCommand::DropAll(None),
        (_, Ok(id)) => NodeCommand::Drop(id),
        (_, Err(_)) => NodeCommand::DropAll(Some(Filter::parse_for(text, Domain::Queue)?)),
    }
    .into())
}

fn release(text: &str) -> Result<Command, CommandError> {
    match text {
        "all" => Ok(NodeCommand::ReleaseAll.into()),
        number => Ok(NodeCommand::Release(message_id(number).map_err(|_| CommandError::Release)?).into()),
    }
}

/// The new text is what a line with it would send.
fn edit(text: &str) -> Result<Command, CommandError> {
    let (number, line) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let id = message_id(number)?;
    if line.is_empty() {
        return Ok(View::Edit(id).into());
    }
    match Command::parse(line)? {
        Command::Node(NodeCommand::Enqueue(message)) => Ok(NodeCommand::Replace(id, message).into()),
        _ => Err(CommandError::NotAText),
    }
}

fn filter(text: &str) -> Result<Command, CommandError> {
    let filter = if text.is_empty() { None } else { Some(text.parse::<Filter>()?) };
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
