use std::time::Duration;

/// Bytes of memory that are kept while there is nothing to write.
const KEPT: usize = 64 << 10;

/// The lines that the client has not received yet.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    /// Bytes of it that were written.
    written: usize,
    /// Since when the oldest byte has not been taken, or since when none was. `None`: there is nothing to write.
    waits_since: Option<Duration>,
}

impl Output {
    /// Appends a line and its line end.
    pub(super) fn line<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let result = write(&mut self.bytes);
        self.bytes.push(b'\n');
        result
    }

    pub(super) fn waiting(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.written
    }

    /// Removes bytes that were written.
    pub(super) fn remove(&mut self, bytes: usize, now: Duration) {
        self.written = (self.written + bytes).min(self.bytes.len());
        if self.len() == 0 {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT);
            self.written = 0;
            self.waits_since = None;
        } else {
            // A half at once, so that each byte is moved once on average.
            if self.written >= self.bytes.len() / 2 {
                self.bytes.drain(..self.written);
                self.written = 0;
            }
            self.waits_since = Some(now);
        }
    }

    /// Notes the time, so that [`Output::waits_since`] is known for lines that were appended before.
    pub(super) fn set_time(&mut self, now: Duration) {
        if self.len() > 0 {
            self.waits_since.get_or_insert(now);
        }
    }

    /// Since when the client has taken nothing. `None`: there is nothing to take.
    pub(super) fn waits_since(&self) -> Option<Duration> {
        self.waits_since
    }
}
