//! The notice line: the result of the last action.

use std::time::Duration;

use clacks_recording::recorder::RecordingError;
use clacks_session::precheck::REPLAY_SENDS_NOTHING;

use super::Model;
use crate::state::notice::Notice;

/// Time for which a notice stays.
const NOTICE_TIME: Duration = Duration::from_secs(10);

impl Model {
    /// Handles the start or end of a recording. A failure of a running recording stays in the header and in the
    /// traffic, because a notice disappears.
    pub(crate) fn on_recording_result(&mut self, failure: Option<&RecordingError>) {
        let had_begun = self.recording_size.is_some_and(|bytes| bytes > 0);
        let reason = failure.map(|failure| match failure {
            RecordingError::Stopped(error) => error.to_string(),
            failure => failure.to_string(),
        });
        self.recording_failure = reason.filter(|_| had_begun);
        if let Some(reason) = self.recording_failure.clone() {
            self.push_text_row(format!("the recording ended: {reason}"));
        }
    }

    /// Shows a notice for 10 seconds.
    pub fn notify(&mut self, text: impl Into<String>) {
        self.set_notice(text.into(), false);
    }

    /// Shows an error for 10 seconds.
    pub fn notify_error(&mut self, text: impl Into<String>) {
        self.set_notice(text.into(), true);
    }

    /// Shows the error that nothing is sent in a replay.
    pub(crate) fn refuse_in_replay(&mut self) {
        self.notify_error(REPLAY_SENDS_NOTHING);
    }

    /// Shows a notice with an offer that is valid as long as the notice.
    pub(crate) fn notify_with_offer(&mut self, text: String, is_error: bool, offer: String) {
        let until = self.now.uptime.saturating_add(clacks_session::undo::STAYS);
        self.notice = Some(Notice { text, is_error, is_refusal: false, offer: Some(offer), until });
    }

    /// Removes the notice about the last refused input. Called before an input is handled.
    pub(crate) fn clear_refusal(&mut self) {
        self.notice.take_if(|notice| notice.is_refusal);
    }

    /// Marks a new error as a refusal of the input that was just handled.
    pub(crate) fn mark_refusal(&mut self, before: Option<&Notice>) {
        if self.notice.as_ref() != before
            && let Some(notice) = self.notice.as_mut()
        {
            notice.is_refusal = notice.is_error && notice.offer.is_none();
        }
    }

    fn set_notice(&mut self, text: String, is_error: bool) {
        let stays = NOTICE_TIME.mul_f64(self.replay.as_ref().map_or(1.0, |replay| replay.speed));
        let until = self.now.uptime.saturating_add(stays);
        self.notice = Some(Notice { text, is_error, is_refusal: false, offer: None, until });
    }
}
