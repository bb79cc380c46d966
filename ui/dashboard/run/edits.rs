//! Carrying out edits: at the node, and in the user's own editor.

use std::process::ExitStatus;

use clacks_language::{
    command::NodeCommand,
    edit::{self, Document},
};
use clacks_p2p::{Message, core::MessageId};
use clacks_source::{execute, restore};
use clacks_terminal::child::ChildExit;

use super::{
    event_loop::{Dashboard, Stay},
    external_editor::{self, EditResult, File},
};
use crate::{
    state::{editing::Editing, message::Msg},
    update::editing,
};

/// What the shell ends with if there is no such program.
const NO_SUCH_PROGRAM: i32 = 127;

impl Dashboard {
    /// Begins to edit a message on the line.
    pub(crate) fn edit(&mut self, id: MessageId) {
        let Some(node) = self.source.node() else { return };
        let before = restore::before(node, &NodeCommand::HoldOne(id));
        let in_hand = execute::message(node, id)
            .and_then(|message| editing::too_long(id, &message).map_or(Ok(()), Err))
            .and_then(|()| execute::take_in_hand(node, id));
        self.before_edit = before;
        self.take(match in_hand {
            Ok(in_hand) => Msg::Editing(Box::new(in_hand)),
            Err(reason) => Msg::EffectDone(Err(reason)),
        });
    }

    /// Gives the message its new text, and puts it back to where it was.
    pub(crate) fn finish_edit(&mut self, editing: Editing, message: &Message) {
        let Some(node) = self.source.node() else { return };
        match execute::replace(node, editing.id, message.clone()) {
            Ok(done) => {
                self.put_back(&editing);
                let outcome = (NodeCommand::Replace(editing.id, message.clone()), Ok(done));
                let before = std::mem::take(&mut self.before_edit);
                self.take(Msg::CommandsRun(vec![outcome], before));
            }
            Err(reason) => {
                let line = editing::on_a_line(edit::line(editing.id, message));
                self.mend(editing, line, &Document::of(message).text, reason);
            }
        }
    }

    /// Edits a message in the user's editor. The node goes on meanwhile; what happens waits in the subscription.
    pub(crate) async fn edit_elsewhere(&mut self, id: MessageId) -> anyhow::Result<Stay> {
        let Some(node) = self.source.node() else { return Ok(Stay::Open) };
        let before = restore::before(node, &NodeCommand::HoldOne(id));
        let in_hand = match execute::take_in_hand(node, id) {
            Ok(in_hand) => in_hand,
            Err(reason) => {
                self.take(Msg::EffectDone(Err(reason)));
                return Ok(Stay::Open);
            }
        };
        self.before_edit = before;
        let editing =
            Editing { id, returns_to_queue: in_hand.waited, opened_from_held: self.model.shows_held() };
        let file = match File::with(&in_hand.message) {
            Ok(file) => file,
            Err(error) => {
                self.give_up(&editing, format!("no file to edit could be made: {error}"));
                return Ok(Stay::Open);
            }
        };
        let ended = self.screen.run_program(&mut file.editor()).await;
        if let Ok(ChildExit::TerminationRequested(input)) = ended {
            self.end_amid(&editing, file);
            return self.leave_for(&input);
        }
        self.resize();
        match ended {
            Ok(ChildExit::Exited(status)) if status.success() => self.take_back(editing, file),
            Ok(ChildExit::Exited(status)) => self.give_up(&editing, file.kept(&failure(status))),
            Ok(ChildExit::TerminationRequested(_)) => {}
            Err(error) => self.give_up(&editing, file.kept(&format!("the editor got no terminal: {error}"))),
        }
        Ok(Stay::Open)
    }

    /// Takes in what came of an edit in the user's editor.
    fn take_back(&mut self, editing: Editing, file: File) {
        match file.read() {
            EditResult::Message(message) if message.is_falsy() => {
                self.give_up(
                    &editing,
                    format!("{} is as it was: an empty message is never sent", editing.id),
                );
            }
            EditResult::Message(message) => self.finish_edit(editing, &message),
            EditResult::Wrong { text, reason } => {
                self.mend(editing.clone(), editing::to_mend(editing.id, &text), &text, reason);
            }
            EditResult::Unchanged => {
                self.put_back(&editing);
                self.take(Msg::EffectDone(Ok(format!("{} is as it was", editing.id))));
            }
            EditResult::Kept(reason) => self.give_up(&editing, reason),
        }
    }

    /// Has what can't be mended on the line, or keeps it if it is too long for one.
    fn mend(&mut self, editing: Editing, line: Option<String>, text: &str, reason: String) {
        match line {
            Some(line) => self.take(Msg::RetryEdit { editing, line, reason }),
            None => self.give_up(&editing, external_editor::kept(text, &reason)),
        }
    }

    fn give_up(&mut self, editing: &Editing, reason: String) {
        self.put_back(editing);
        self.take(Msg::EffectDone(Err(reason)));
    }

    /// Puts a message that waited before it was edited back to its place in the queue.
    pub(crate) fn put_back(&self, editing: &Editing) {
        self.source.node().filter(|_| editing.returns_to_queue).map(|node| node.release_to_place(editing.id));
    }

    /// The program ends while the editor has the terminal. What was written so far is kept.
    fn end_amid(&mut self, editing: &Editing, file: File) {
        match file.keep_if_changed() {
            // Whoever changes a message does not want it sent as it was.
            Some(path) => self.last_words = Some(format!("what you were writing is in {}", path.display())),
            None => self.put_back(editing),
        }
    }
}

fn failure(status: ExitStatus) -> String {
    match status.code() {
        Some(NO_SUCH_PROGRAM) => "there is no such editor; $VISUAL or $EDITOR says which to start".to_owned(),
        _ => format!("the editor failed ({status}), so the message is as it was"),
    }
}
