//! Editing of messages on the line and in the user's editor.

use std::process::ExitStatus;

use clacks_language::{
    command::NodeCommand,
    edit::{self, Document},
};
use clacks_p2p::{Message, Node, core::MessageId};
use clacks_source::{
    execute::{self, HeldForEdit},
    restore,
};
use clacks_terminal::child::ChildExit;

use super::{
    event_loop::{Dashboard, LoopState},
    external_editor::{self, EditFile, EditResult},
};
use crate::{
    state::{
        editing::Editing,
        errors::{CommandRefusal, EffectError},
        message::Msg,
    },
    update::editing,
};

/// Exit status of a shell that does not find a program.
const NO_SUCH_PROGRAM: i32 = 127;

impl Dashboard {
    /// Holds a message and opens it for editing on the line.
    pub(crate) fn start_line_edit(&mut self, id: MessageId) {
        let Some(node) = self.source.node() else { return };
        let before = restore::before(node, &NodeCommand::HoldOne(id));
        let in_hand = hold_for_edit(node, id);
        self.before_edit = before;
        self.dispatch(match in_hand {
            Ok(in_hand) => Msg::Editing(Box::new(in_hand)),
            Err(error) => Msg::EffectDone(Err(error)),
        });
    }

    /// Replaces the message by the edited one and returns it to its place.
    pub(crate) fn finish_edit(&mut self, editing: Editing, message: &Message) {
        let Some(node) = self.source.node() else { return };
        match execute::replace(node, editing.id, message.clone()) {
            Ok(done) => {
                self.return_message(&editing);
                let outcome = (NodeCommand::Replace(editing.id, message.clone()), Ok(done));
                let before = std::mem::take(&mut self.before_edit);
                self.dispatch(Msg::CommandsRun(vec![outcome], before));
            }
            Err(error) => {
                let line = editing::line_if_fits(edit::line(editing.id, message));
                self.retry_edit(editing, line, &Document::of(message).text, error.to_string());
            }
        }
    }

    /// Edits a message in the user's editor. Meanwhile the node runs on, and its events wait in the subscription.
    pub(crate) async fn edit_in_editor(&mut self, id: MessageId) -> anyhow::Result<LoopState> {
        let Some(node) = self.source.node() else { return Ok(LoopState::Running) };
        let before = restore::before(node, &NodeCommand::HoldOne(id));
        let in_hand = match execute::take_in_hand(node, id) {
            Ok(in_hand) => in_hand,
            Err(error) => {
                self.dispatch(Msg::EffectDone(Err(error.into())));
                return Ok(LoopState::Running);
            }
        };
        self.before_edit = before;
        let editing =
            Editing { id, returns_to_queue: in_hand.waited, opened_from_held: self.model.is_held_open() };
        let file = match EditFile::create(&in_hand.message) {
            Ok(file) => file,
            Err(error) => {
                self.abandon_edit(&editing, format!("no file to edit could be made: {error}"));
                return Ok(LoopState::Running);
            }
        };
        let ended = self.screen.run_program(&mut file.editor_command()).await;
        if let Ok(ChildExit::TerminationRequested(input)) = ended {
            self.keep_file_on_exit(&editing, file);
            return self.quit_on_signal(&input);
        }
        self.resize();
        match ended {
            Ok(ChildExit::Exited(status)) if status.success() => self.finish_editor_edit(editing, file),
            Ok(ChildExit::Exited(status)) => {
                self.abandon_edit(&editing, file.keep_after_failure(&exit_failure(status)));
            }
            Ok(ChildExit::TerminationRequested(_)) => {}
            Err(error) => self.abandon_edit(
                &editing,
                file.keep_after_failure(&format!("the editor got no terminal: {error}")),
            ),
        }
        Ok(LoopState::Running)
    }

    /// Applies the result of the user's editor.
    fn finish_editor_edit(&mut self, editing: Editing, file: EditFile) {
        match file.read() {
            EditResult::Message(message) if message.is_falsy() => {
                self.abandon_edit(
                    &editing,
                    format!("{} is as it was: an empty message is never sent", editing.id),
                );
            }
            EditResult::Message(message) => self.finish_edit(editing, &message),
            EditResult::Invalid { text, reason } => {
                self.retry_edit(editing.clone(), editing::correction_line(editing.id, &text), &text, reason);
            }
            EditResult::Unchanged => {
                self.return_message(&editing);
                self.dispatch(Msg::EffectDone(Ok(format!("{} is as it was", editing.id))));
            }
            EditResult::Unreadable(reason) => self.abandon_edit(&editing, reason),
        }
    }

    /// Opens an invalid text on the line for correction. Keeps it in a file if it is too long for the line.
    fn retry_edit(&mut self, editing: Editing, line: Option<String>, text: &str, reason: String) {
        match line {
            Some(line) => self.dispatch(Msg::RetryEdit { editing, line, reason }),
            None => self.abandon_edit(&editing, external_editor::keep_text(text, &reason)),
        }
    }

    fn abandon_edit(&mut self, editing: &Editing, reason: String) {
        self.return_message(editing);
        self.dispatch(Msg::EffectDone(Err(EffectError::Other(reason))));
    }

    /// Returns a message that was queued before the edit to its place in the queue.
    pub(crate) fn return_message(&self, editing: &Editing) {
        self.source.node().filter(|_| editing.returns_to_queue).map(|node| node.release_to_place(editing.id));
    }

    /// Keeps the edited file when the program ends while the editor runs.
    fn keep_file_on_exit(&mut self, editing: &Editing, file: EditFile) {
        match file.keep_if_changed() {
            // The user was changing the message, so it is not sent unchanged.
            Some(path) => self.exit_report = Some(format!("what you were writing is in {}", path.display())),
            None => self.return_message(editing),
        }
    }
}

/// Holds a message that is to be edited on the line, unless it is too long for one.
fn hold_for_edit(node: &Node, id: MessageId) -> Result<HeldForEdit, EffectError> {
    let message = execute::message(node, id)?;
    match editing::too_long_reason(id, &message) {
        Some(reason) => Err(CommandRefusal::new(reason).into()),
        None => Ok(execute::take_in_hand(node, id)?),
    }
}

fn exit_failure(status: ExitStatus) -> String {
    match status.code() {
        Some(NO_SUCH_PROGRAM) => "there is no such editor; $VISUAL or $EDITOR says which to start".to_owned(),
        _ => format!("the editor failed ({status}), so the message is as it was"),
    }
}
