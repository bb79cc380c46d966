//! The line about what was done last.

use std::time::Duration;

use super::Model;

/// How long a notice stays.
const NOTICE_STAYS: Duration = Duration::from_secs(10);

/// One line about what was done last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_error: bool,
    /// What can be done about it as long as it stays.
    pub(crate) offer: Option<String>,
    pub(crate) until: Duration,
}

impl Model {
    /// A recording has begun or was ended, or failed for this reason. If it had begun before, that stays in the header and
    /// in the traffic: a notice is gone soon.
    pub(crate) fn note_recorded(&mut self, failure: Option<&String>) {
        let had_begun = self.recorded.is_some_and(|bytes| bytes > 0);
        self.recording_failure = failure.filter(|_| had_begun).cloned();
        if let Some(reason) = self.recording_failure.clone() {
            self.note_text(format!("the recording ended: {reason}"));
        }
    }

    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.set_notice(text.into(), false);
    }

    pub(crate) fn complain(&mut self, text: impl Into<String>) {
        self.set_notice(text.into(), true);
    }

    /// Says something, and what can be done about it until it goes.
    pub(crate) fn offer(&mut self, text: String, is_error: bool, offer: String) {
        let until = self.now.uptime + crate::undoing::STAYS;
        self.notice = Some(Notice { text, is_error, offer: Some(offer), until });
    }

    fn set_notice(&mut self, text: String, is_error: bool) {
        let stays = NOTICE_STAYS.mul_f64(self.replay.as_ref().map_or(1.0, |replay| replay.speed));
        self.notice = Some(Notice { text, is_error, offer: None, until: self.now.uptime + stays });
    }
}
