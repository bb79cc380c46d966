//! Editing of messages on the line and in the user's editor.

use std::process::ExitStatus;

use clacks_feed::{Call, Draft, Key, Outcome, Refusal, Request, Text};
use clacks_language::edit;
use clacks_session::precheck;
use clacks_terminal::child::ChildExit;

use super::{
    answers::Waiting,
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
    /// Holds a message for editing, on the line or in the user's editor.
    pub(crate) fn start_edit(&mut self, item: Key, in_editor: bool) {
        let network = self.model.networks.position();
        if self.sources.get(network).is_some_and(|source| source.replay().is_some()) {
            return self.refuse_edit(&precheck::REPLAY_SENDS_NOTHING.into());
        }
        let call = Call::new(self.model.networks.active().run, "edit".into(), item.untrusted());
        self.request(network, Request::Call(call), Waiting::Draft { item, in_editor });
    }

    /// Opens a message that is held for editing, on the line unless it is too long for one.
    pub(crate) fn on_draft(
        &mut self,
        network: usize,
        item: Key,
        in_editor: bool,
        result: Result<Outcome, Refusal>,
    ) {
        let draft = match result {
            Ok(Outcome { draft: Some(draft), .. }) => draft,
            Ok(outcome) => return self.refuse_edit(&outcome.text),
            Err(refusal) => return self.refuse_edit(&refusal.text),
        };
        if in_editor {
            return self.drafts.push_back((item, draft));
        }
        match editing::too_long_reason(&item, &editing::line(&item, draft.text.untrusted())) {
            Some(reason) => {
                self.cancel_edit(draft.cancel);
                self.refuse_edit(&reason.into());
            }
            None => self.dispatch(Msg::Editing(network, item, Box::new(draft))),
        }
    }

    fn refuse_edit(&mut self, reason: &Text) {
        let refusal = CommandRefusal::new(reason.untrusted().to_owned());
        self.dispatch(Msg::EffectDone(Err(refusal.into())));
    }

    /// Replaces the message by the edited text.
    pub(crate) fn finish_edit(&mut self, editing: Editing, text: String) {
        let call = Call { text: (&*text).into(), ..editing.draft.send.clone() };
        if let Some(network) = self.network_of(&call) {
            self.request(network, Request::Call(call), Waiting::Edited(Box::new(editing), text));
        }
    }

    /// Reports that a message was replaced, or opens the text again.
    pub(crate) fn on_edited(&mut self, editing: Editing, text: &str, result: Result<Outcome, Refusal>) {
        match result {
            Ok(outcome) => {
                let call = Call { text: text.into(), ..editing.draft.send };
                self.dispatch(Msg::Called(editing.network, vec![(call, Ok(outcome))]));
            }
            Err(refusal) => {
                let line = editing::line_if_fits(editing::line(&editing.item, text));
                let plain = text.strip_prefix(":json ").unwrap_or(text).to_owned();
                self.retry_edit(editing, line, &plain, refusal.text.untrusted().to_owned());
            }
        }
    }

    /// Drops the drafts of a node that was restarted, because their messages have other keys now.
    pub(crate) fn drop_drafts(&mut self, network: usize) {
        let old = self.model.networks.get(network).map(|network| network.run);
        self.drafts.retain(|(_, draft)| Some(draft.send.run) != old);
    }

    /// Opens the drafts that wait for the user's editor, one after the other.
    pub(crate) async fn open_editors(&mut self) -> anyhow::Result<LoopState> {
        while let Some((item, draft)) = self.drafts.pop_front() {
            if self.edit_in_editor(item, draft).await? == LoopState::Quit {
                return Ok(LoopState::Quit);
            }
        }
        Ok(LoopState::Running)
    }

    /// Edits a message in the user's editor. Meanwhile the nodes run on, and their events wait.
    async fn edit_in_editor(&mut self, item: Key, draft: Draft) -> anyhow::Result<LoopState> {
        let file = EditFile::create(draft.text.untrusted())
            .map_err(|error| format!("no file to edit could be made: {error}"));
        let network = self.network_of(&draft.send).unwrap_or_else(|| self.model.networks.position());
        let opened_from = self.model.overlay_list().filter(|_| network == self.model.networks.position());
        let editing = Editing { network, item, draft, opened_from };
        let file = match file {
            Ok(file) => file,
            Err(reason) => {
                self.abandon_edit(editing, reason);
                return Ok(LoopState::Running);
            }
        };
        let ended = self.screen.run_program(&mut file.editor_command()).await;
        if let Ok(ChildExit::TerminationRequested(input)) = ended {
            self.keep_file_on_exit(editing, file);
            return self.quit_on_signal(&input);
        }
        self.resize();
        match ended {
            Ok(ChildExit::Exited(status)) if status.success() => self.finish_editor_edit(editing, file),
            Ok(ChildExit::Exited(status)) => {
                self.abandon_edit(editing, file.keep_after_failure(&exit_failure(status)));
            }
            Ok(ChildExit::TerminationRequested(_)) => {}
            Err(error) => self.abandon_edit(
                editing,
                file.keep_after_failure(&format!("the editor got no terminal: {error}")),
            ),
        }
        Ok(LoopState::Running)
    }

    /// Applies the result of the user's editor.
    fn finish_editor_edit(&mut self, editing: Editing, file: EditFile) {
        match file.read() {
            EditResult::Empty => {
                let reason =
                    format!("{} is as it was: an empty message is never sent", editing.item.untrusted());
                self.abandon_edit(editing, reason);
            }
            EditResult::Text(text) => self.finish_edit(editing, text),
            EditResult::Invalid { text, reason } => {
                let line = editing::line_if_fits(edit::line_to_correct(editing.item.untrusted(), &text));
                self.retry_edit(editing, line, &text, reason);
            }
            EditResult::Unchanged => {
                self.cancel_edit(editing.draft.cancel);
                self.dispatch(Msg::EffectDone(Ok(format!("{} is as it was", editing.item.untrusted()))));
            }
            EditResult::Unreadable(reason) => self.abandon_edit(editing, reason),
        }
    }

    /// Opens an invalid text on the line for correction. Keeps it in a file if it is too long for the line.
    fn retry_edit(&mut self, editing: Editing, line: Option<String>, text: &str, reason: String) {
        match line {
            Some(line) => self.dispatch(Msg::RetryEdit { editing, line, reason }),
            None => self.abandon_edit(editing, external_editor::keep_text(text, &reason)),
        }
    }

    fn abandon_edit(&mut self, editing: Editing, reason: String) {
        self.cancel_edit(editing.draft.cancel);
        self.dispatch(Msg::EffectDone(Err(EffectError::Other(reason))));
    }

    /// Ends an edit without a change, if the network has a call for that.
    pub(crate) fn cancel_edit(&mut self, cancel: Option<Call>) {
        let Some(cancel) = cancel else { return };
        if let Some(network) = self.network_of(&cancel) {
            // It is begun at once. The message may have been dropped meanwhile.
            self.request(network, Request::Call(cancel), Waiting::Nothing);
        }
    }

    /// Keeps the edited file when the program ends while the editor runs.
    fn keep_file_on_exit(&mut self, editing: Editing, file: EditFile) {
        match file.keep_if_changed() {
            // The user was changing the message, so it is not sent unchanged.
            Some(path) => self.exit_report = Some(format!("what you were writing is in {}", path.display())),
            None => self.cancel_edit(editing.draft.cancel),
        }
    }
}

fn exit_failure(status: ExitStatus) -> String {
    match status.code() {
        Some(NO_SUCH_PROGRAM) => "there is no such editor; $VISUAL or $EDITOR says which to start".to_owned(),
        _ => format!("the editor failed ({status}), so the message is as it was"),
    }
}
