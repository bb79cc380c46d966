//! What happens to the dashboard, and what it asks for outside.

use clacks_language::{
    command::{
        NodeCommand, ViewCommand, argument::RecordCommand, export_target::Target, playback::ReplayCommand,
    },
    completion::Need,
    list_source::ListSource,
    saved_filter::Stations,
};
use clacks_p2p::{
    Message,
    core::{Event, MessageId},
    node::DrainError,
};
use clacks_source::{execute::HeldForEdit, peer_list::Reading, restore::Before, traffic::row::Row};
use clacks_terminal::clipboard::Text;
use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::layout::Rect;

use super::{assist::AssistReply, editing::Editing, sending::Sending, snapshot::Snapshot};

/// Something that happened to the dashboard.
#[derive(Debug)]
pub enum Msg {
    /// One key.
    Key(KeyEvent),
    /// Keys that came faster than anybody types.
    Burst(Vec<KeyEvent>),
    /// Pasted text.
    Paste(String),
    /// Click or wheel.
    Mouse(MouseEvent),
    /// The terminal has the focus or has lost it.
    Focus(bool),
    /// New size of the terminal, in cells.
    Resized(Rect),
    /// Something happened at the node.
    Node(Event),
    /// Data for the next frame, in reply to a query of the model.
    Refreshed(Box<Snapshot>),
    /// Reply about the line that is being typed.
    Answered(AssistReply),
    /// The names that were found for a path that is being written.
    Listed(Need, Vec<String>),
    /// Why the disk has it that a command about a file would be refused, if it does.
    FileChecked(ViewCommand, Option<String>),
    /// A replay begins again, on the way to an earlier place.
    BeginsAgain,
    /// Results of commands that ran together, and the former state for undo.
    Ran(Vec<CommandResult>, Vec<Before>),
    /// Result of an undo, and the former state that can be tried again.
    Undone(Result<String, String>, Vec<Before>),
    /// A recording has begun or ended, in a line, or why it did not or ended by itself.
    Recorded(Result<String, String>),
    /// Result of an effect, one line.
    Done(Result<String, String>),
    /// Results of reading peer lists.
    PeersRead(Vec<Reading>),
    /// A message is held to be edited on the line.
    Editing(Box<HeldForEdit>),
    /// An edited message is not valid. Its line is opened for correction.
    Mend {
        /// Message that is edited.
        editing: Editing,
        /// Line to correct.
        line: String,
        /// Reason, one line.
        reason: String,
    },
    /// The user wants to leave, and what the model knows of the queue is fresh.
    Leave,
    /// Result of the drain. Sent after a refresh of the queue.
    HandedOn(Result<(), DrainError>),
}

/// Something to be done outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Run a command of the node.
    Run(NodeCommand),
    /// Run several commands of the node and report them in one line.
    RunAll(Vec<NodeCommand>),
    /// Ask the node, and where a path is written the disk, about the line that is being written.
    Ask(super::assist::AssistQuery),
    /// Add a line to the history that is kept from one run to the next.
    Remember(String),
    /// For the model itself, once a question was answered so: what the messages that are run next were pasted as.
    Sending(Sending),
    /// For the model itself, once a question was answered so: insert text into the draft as one line.
    Insert(String),
    /// Start or stop a recording.
    Record(RecordCommand),
    /// Read this list of peers, or all that are configured, then send [`Msg::PeersRead`].
    ReadPeers(Option<ListSource>),
    /// Control the replay.
    Replay(ReplayCommand),
    /// Take a message out of sending to edit it, then send [`Msg::Editing`].
    Edit(MessageId),
    /// Put a message that was held to be edited back to its place in the queue, as it is.
    PutBack(MessageId),
    /// Give the message that is edited this text, and put it back to where it was.
    FinishEdit(Editing, Message),
    /// Edit a message in the user's own editor, which gets the terminal meanwhile.
    OpenEditor(MessageId),
    /// Put back what was before, then send [`Msg::Undone`].
    Undo(Vec<Before>),
    /// Ask the node at once for what is on the screen now, so that the next key finds it there.
    Refresh,
    /// Give the terminal back and stop the process until the shell continues it.
    Suspend,
    /// Draw the next frame in full.
    Redraw,
    /// Put a text into the clipboard.
    Copy(Text),
    /// Put these messages of the queue into the clipboard, wherever in the queue they are.
    CopyMessages(Vec<MessageId>),
    /// Write rows into a file.
    Write(Target, Vec<Row>),
    /// Ring the terminal's bell, unless it has rung a moment ago.
    Ring,
    /// Write down the stations that were changed.
    KeepStations(Stations),
    /// Capture or release the mouse.
    SetMouse(bool),
    /// Refresh, then send [`Msg::Leave`].
    AskToLeave,
    /// Hand on what only this node has; before that, release what is held if that is to go too. Then send
    /// [`Msg::HandedOn`].
    HandOn {
        /// Release the held messages first, so that they are drained too.
        with_held: bool,
    },
    /// Hand on no more, and take messages again.
    StopHandingOn,
    /// End the program.
    Quit,
}

/// A command and how it went, in a line.
pub type CommandResult = (NodeCommand, Result<String, String>);
