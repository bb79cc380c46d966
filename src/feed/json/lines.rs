use std::io::BufRead;

use super::{JsonError, MAX_LINE, MAX_LONG_LINE};

/// Bytes of memory that are kept between lines.
const KEPT: usize = 64 << 10;
/// How a line begins that may have [`MAX_LONG_LINE`] bytes.
const LONG: [&[u8]; 2] = [br#"{"state":"#, br#"{"id":"#];

/// Divides bytes into lines of bounded length. It reads nothing itself.
///
/// A line ends with `\n`, or with `\r\n`. Neither counts as a part of it, except that a `\r` counts for the maximum
/// length. Empty lines are skipped. A line that is too long is not kept: its error comes as soon as the maximum is
/// exceeded, and the rest up to the line end is dropped.
#[derive(Debug)]
pub struct LineBuffer {
    line: Vec<u8>,
    /// Whether `line` was returned and has to be removed.
    is_done: bool,
    /// Whether the bytes up to the next line end are dropped.
    skips: bool,
    /// Whether a `state` and an answer may be longer.
    has_long_lines: bool,
}

impl LineBuffer {
    /// For lines of a face: at most [`MAX_LINE`] bytes each.
    pub fn for_node() -> Self {
        Self { line: Vec::new(), is_done: false, skips: false, has_long_lines: false }
    }

    /// For lines of a node: at most [`MAX_LINE`] bytes each, but [`MAX_LONG_LINE`] if a line begins with `{"state":` or
    /// `{"id":`.
    pub fn for_face() -> Self {
        Self { has_long_lines: true, ..Self::for_node() }
    }

    /// The next line, without its line end. It takes from `bytes` what it uses. `None` once all bytes are used.
    pub fn next_line(&mut self, bytes: &mut &[u8]) -> Option<Result<&str, JsonError>> {
        loop {
            self.clear_returned();
            let (part, is_end) = up_to_line_end(bytes);
            if self.skips {
                self.skips = !is_end;
            } else if let Err(error) = self.append(part) {
                self.skips = !is_end;
                return Some(Err(error));
            } else if is_end {
                self.is_done = true;
                if self.line.last() == Some(&b'\r') {
                    self.line.pop();
                }
                if !self.line.is_empty() {
                    return Some(self.text());
                }
            }
            if bytes.is_empty() {
                return None;
            }
        }
    }

    /// The bytes after the last line end, once there are no more. `None` if there are none.
    pub fn rest(&mut self) -> Option<Result<&str, JsonError>> {
        self.clear_returned();
        self.skips = false;
        self.is_done = true;
        if self.line.is_empty() { None } else { Some(self.text()) }
    }

    /// Bytes of the line that is not complete.
    pub fn len(&self) -> usize {
        if self.is_done { 0 } else { self.line.len() }
    }

    /// Whether the next byte begins a line.
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && !self.skips
    }

    fn append(&mut self, part: &[u8]) -> Result<(), JsonError> {
        let length = self.line.len() + part.len();
        if length > MAX_LINE {
            let most = self.most(part);
            if length > most {
                self.line = Vec::new();
                return Err(JsonError::TooLong(most));
            }
        }
        self.line.extend_from_slice(part);
        Ok(())
    }

    /// The maximum length of the line that ends with `part`.
    fn most(&self, part: &[u8]) -> usize {
        let begins_with = |start: &[u8]| self.line.iter().chain(part).take(start.len()).eq(start);
        if self.has_long_lines && LONG.into_iter().any(begins_with) { MAX_LONG_LINE } else { MAX_LINE }
    }

    fn text(&self) -> Result<&str, JsonError> {
        std::str::from_utf8(&self.line).map_err(|error| JsonError::NotUtf8(error.valid_up_to()))
    }

    fn clear_returned(&mut self) {
        if self.is_done {
            self.is_done = false;
            self.line.clear();
            self.line.shrink_to(KEPT);
        }
    }
}

/// Takes the bytes before the next line end, and the line end. The second value is whether there is one.
fn up_to_line_end<'a>(bytes: &mut &'a [u8]) -> (&'a [u8], bool) {
    let mut rest = *bytes;
    // It searches many bytes at once, and can't fail on memory.
    let used = rest.skip_until(b'\n').unwrap_or(bytes.len());
    let part = &bytes[..used];
    *bytes = rest;
    part.strip_suffix(b"\n").map_or((part, false), |part| (part, true))
}
