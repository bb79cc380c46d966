use std::{
    io::{self, BufRead, IsTerminal, Read},
    thread,
};

use anyhow::Context;
use tokio::sync::mpsc;

/// Longest line of input in bytes.
const MAX_LINE: usize = 1 << 20;

/// A line of the input, without its end, or what is wrong with it.
pub(crate) type Line = Result<String, LineError>;

/// A line that is no text to work with. It was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    #[error("the line is longer than {MAX_LINE} bytes")]
    TooLong,
    #[error("the line is not UTF-8 text")]
    NotText,
}

/// The lines of standard input, which are read no faster than they are taken.
pub(super) fn lines() -> anyhow::Result<mpsc::Receiver<Line>> {
    let (to_reader, lines) = mpsc::channel(1);
    read_beside(move || {
        let mut input = io::stdin().lock();
        while let Ok(Some(line)) = read_line(&mut input) {
            if to_reader.blocking_send(line).is_err() {
                return;
            }
        }
    })?;
    Ok(lines)
}

/// A thread, as a read from a terminal can't be given up when the node stops; the end of the process ends it.
fn read_beside(read: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    let thread = thread::Builder::new().name("input".into()).spawn(read);
    thread.map(drop).context("cannot read the input")
}

/// The lines of standard input, and in a terminal its ends, which are `None`: after the first, which somebody types with
/// Ctrl-D, it goes on, and two on end are the last.
pub(crate) fn lines_and_ends() -> anyhow::Result<mpsc::Receiver<Option<Line>>> {
    let (to_reader, lines) = mpsc::channel(1);
    read_beside(move || {
        let mut input = io::stdin().lock();
        let is_terminal = io::stdin().is_terminal();
        let mut ends = 0;
        while let Ok(line) = read_line(&mut input) {
            ends = if line.is_none() { ends + 1 } else { 0 };
            let goes_on = is_terminal || line.is_some();
            if !goes_on || to_reader.blocking_send(line).is_err() || ends == 2 {
                return;
            }
        }
    })?;
    Ok(lines)
}

/// The next line; `None` at the end of the input.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    input.take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    let ended = line.pop_if(|byte| *byte == b'\n').is_some();
    if line.len() > MAX_LINE {
        input.skip_until(b'\n')?;
        return Ok(Some(Err(LineError::TooLong)));
    }
    if ended {
        line.pop_if(|byte| *byte == b'\r');
    }
    Ok(Some(String::from_utf8(line).map_err(|_| LineError::NotText)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_lines(mut input: &[u8]) -> Vec<Line> {
        std::iter::from_fn(|| read_line(&mut input).unwrap()).collect()
    }

    #[test]
    fn lines_end_as_any_system_ends_them_and_the_last_need_not() {
        let lines = all_lines(b"one\ntwo\r\n\n \nlast\r");
        assert_eq!(lines, ["one", "two", "", " ", "last\r"].map(|line| Ok(line.to_owned())));
    }

    #[test]
    fn a_line_too_long_is_skipped_and_the_next_is_read() {
        let longest = "x".repeat(MAX_LINE);
        let input = format!("{longest}\n{longest}x\n{longest}{longest}{longest}\nnext\n");
        let too_long = Err(LineError::TooLong);
        assert_eq!(
            all_lines(input.as_bytes()),
            [Ok(longest), too_long.clone(), too_long, Ok("next".to_owned())]
        );
    }

    #[test]
    fn a_line_that_is_no_text_is_told() {
        assert_eq!(all_lines(b"\xff\xfe\nnext"), [Err(LineError::NotText), Ok("next".to_owned())]);
    }
}
