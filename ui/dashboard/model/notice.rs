//! The line about what was done last.

use std::time::Duration;

use clacks_recording::recorder::HAS_STOPPED;

use super::Model;

/// How long a notice stays.
const NOTICE_STAYS: Duration = Duration::from_secs(10);

/// Notice about the last action, one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Text of the notice, one line.
    pub text: String,
    /// Whether it is an error.
    pub is_error: bool,
    /// It says why an input did nothing, so it is of no use any more after the next one.
    answers_input: bool,
    /// What can be done about it as long as it stays.
    pub(crate) offer: Option<String>,
    /// Uptime of the node at which the notice disappears.
    pub until: Duration,
}

impl Model {
    /// A recording has begun or was ended, or failed for this reason. If it had begun before, that stays in the header
    /// and in the traffic: a notice is gone soon.
    pub(crate) fn note_recorded(&mut self, failure: Option<&String>) {
        let had_begun = self.recorded.is_some_and(|bytes| bytes > 0);
        let reason = failure.map(|failure| failure.strip_prefix(HAS_STOPPED).unwrap_or(failure).to_owned());
        self.recording_failure = reason.filter(|_| had_begun);
        if let Some(reason) = self.recording_failure.clone() {
            self.note_text(format!("the recording ended: {reason}"));
        }
    }

    /// Shows a notice for 10 seconds.
    pub fn say(&mut self, text: impl Into<String>) {
        self.set_notice(text.into(), false);
    }

    /// Shows an error for 10 seconds.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.set_notice(text.into(), true);
    }

    /// Says something, and what can be done about it until it goes.
    pub(crate) fn offer(&mut self, text: String, is_error: bool, offer: String) {
        let until = self.now.uptime + clacks_source::restore::STAYS;
        self.notice = Some(Notice { text, is_error, answers_input: false, offer: Some(offer), until });
    }

    /// Before an input is taken in: what the last one was refused for no longer holds.
    pub(crate) fn forget_refusal(&mut self) {
        self.notice.take_if(|notice| notice.answers_input);
    }

    /// After an input was taken in: a complaint that was not there before is about it.
    pub(crate) fn mark_refusal(&mut self, before: Option<&Notice>) {
        if self.notice.as_ref() != before
            && let Some(notice) = self.notice.as_mut()
        {
            notice.answers_input = notice.is_error && notice.offer.is_none();
        }
    }

    fn set_notice(&mut self, text: String, is_error: bool) {
        let stays = NOTICE_STAYS.mul_f64(self.replay.as_ref().map_or(1.0, |replay| replay.speed));
        let until = self.now.uptime + stays;
        self.notice = Some(Notice { text, is_error, answers_input: false, offer: None, until });
    }
}
