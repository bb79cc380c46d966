//! Inputs of the update function, and the effects that it returns.

use std::sync::Arc;

use clacks_feed::{
    Call, Draft, Event, Key, Outcome, Refusal, Run,
    description::{Description, ListId},
};
use clacks_language::{
    command::{ViewCommand, argument::RecordCommand, export_target::Target, playback::ReplayCommand},
    completion::{Found, Need},
    list_source::ListSource,
    saved_filter::Stations,
};
use clacks_recording::recorder::RecordingError;
use clacks_session::traffic::row::Row;
use clacks_terminal::clipboard::Text;
use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::layout::Rect;

use super::{
    assist::AssistReply, editing::Editing, errors::EffectError, peer_lists::ListsRead, sending::Sending,
    snapshot::Snapshot,
};

/// Input of the update function.
#[derive(Debug)]
pub enum Msg {
    /// One key.
    Key(KeyEvent),
    /// Keys that arrived faster than typing, as from a paste.
    Burst(Vec<KeyEvent>),
    /// Pasted text.
    Paste(String),
    /// Click or wheel.
    Mouse(MouseEvent),
    /// Focus of the terminal: true if gained, false if lost.
    Focus(bool),
    /// New size of the terminal, in cells.
    Resized(Rect),
    /// Event of the network at a position.
    Event(usize, Event),
    /// Events of the network at a position were missed: this number of them.
    Lagged(usize, u64),
    /// Data for the next frame, in reply to a query of the model.
    Refreshed(Box<Snapshot>),
    /// Reply about the line that is being typed.
    AssistReplied(AssistReply),
    /// Items that were found for the line that is being typed.
    ItemsFound(Need, Vec<Found>),
    /// File names for a path that is being typed.
    FilesListed(Need, Vec<String>),
    /// Result of checking the file of a command: the reason for an error, if any.
    FileChecked(ViewCommand, Option<String>),
    /// The replay starts again, because it seeks backwards.
    ReplayRestarted,
    /// The node of the network at a position is connected again. `None`: it is the same run.
    Back(usize, Option<NewRun>),
    /// Results of calls that were made together for the network at a position.
    Called(usize, Vec<CallResult>),
    /// Result of an undo, and the call that tries it again if it was refused for now.
    Undone(Result<Outcome, Refusal>, Option<Call>),
    /// A recording started or ended, one line, or failed.
    Recorded(Result<String, RecordingError>),
    /// Result of an effect, one line.
    EffectDone(Result<String, EffectError>),
    /// Results of reading peer lists.
    PeersRead(ListsRead),
    /// A message of the network at a position was taken from the queue for editing on the line.
    Editing(usize, Key, Box<Draft>),
    /// An edited message is not valid. Its line is opened for correction.
    RetryEdit {
        /// Message that is edited.
        editing: Editing,
        /// Line to correct.
        line: String,
        /// Reason, one line.
        reason: String,
    },
    /// The user wants to quit, and every node may be stopped.
    ConfirmQuit,
    /// The user wants to quit, and the node of the network at a position refuses to stop.
    StopRefused(usize, Refusal),
    /// Result of stopping the node of the network at a position.
    Stopped(usize, Result<Outcome, Refusal>),
}

/// The run of a node after a restart.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// What the node offers now.
    pub description: Arc<Description>,
    /// The description whose commands can be typed.
    pub commands: Arc<Description>,
    /// The run.
    pub run: Run,
}

/// Effect for the event loop to execute.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Make a call. Then send [`Msg::Called`].
    Call(Call),
    /// Make several calls one after the other, and report them in one line.
    CallAll(Vec<Call>),
    /// Query the node, and for paths the disk, about the line that is being typed.
    QueryAssist(super::assist::AssistQuery),
    /// Add a line to the history file.
    AppendHistory(String),
    /// Handled by the model after a question: sets the input whose results come next.
    SetSending(Sending),
    /// Handled by the model after a question: inserts text into the draft as one line.
    InsertText(String),
    /// Start or stop a recording.
    Record(RecordCommand),
    /// Read a peer list, or all configured ones for `None`. Then send [`Msg::PeersRead`].
    ReadPeers(Option<ListSource>),
    /// Control the replay.
    Replay(ReplayCommand),
    /// Hold a message for editing. Then send [`Msg::Editing`].
    Edit(Key),
    /// Make the call that ends an edit without a change.
    CancelEdit(Call),
    /// Replace the edited message by this text.
    FinishEdit(Editing, String),
    /// Edit a message in the user's editor, which gets the terminal meanwhile.
    OpenEditor(Key),
    /// Make the call that undoes a command. Then send [`Msg::Undone`].
    Undo(Call),
    /// Fetch the data for the screen at once, so that the next key acts on it.
    Refresh,
    /// Give the terminal back and stop the process until the shell continues it.
    Suspend,
    /// Draw the next frame in full.
    Redraw,
    /// Put a text into the clipboard.
    Copy(Text),
    /// Put items of a list into the clipboard.
    CopyItems(ListId, Vec<Key>),
    /// Write rows into a file.
    WriteRows(Target, Vec<Row>),
    /// Ring the bell of the terminal, unless it rang just before.
    RingBell,
    /// Save the changed saved filters to their file.
    SaveStations(Stations),
    /// Capture or release the mouse.
    SetMouse(bool),
    /// Refresh, then ask each node whether it may be stopped, as [`Effect::AskToStop`] does.
    RequestQuit,
    /// Ask each node from this position on whether it may be stopped, except those that have stopped or for which the user
    /// has chosen. Then send [`Msg::StopRefused`] for the first that
    /// refuses, or else [`Msg::ConfirmQuit`].
    AskToStop(usize),
    /// Handled by the model after a question: keeps the call that stops the node of the network at a position until the
    /// other nodes are asked about. `None`: that node ends with the program.
    ChooseStop(usize, Option<Call>),
    /// Make a call that stops the node of the network at a position. Then send [`Msg::Stopped`].
    Stop(usize, Call),
    /// End the stopping of a node, which goes on.
    CancelStop {
        /// Position of its network.
        network: usize,
        /// Whether the user is asked again how to quit.
        then_asks: bool,
    },
    /// End the program.
    Quit,
}

impl Effect {
    /// Returns the effect that adds a line to the history file. Lines that begin with a space are not kept, as in a
    /// shell.
    pub fn append_history(line: String) -> Option<Self> {
        (!line.starts_with(' ')).then_some(Self::AppendHistory(line))
    }
}

/// A call and its result.
pub type CallResult = (Call, Result<Outcome, Refusal>);
