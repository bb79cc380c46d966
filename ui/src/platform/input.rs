use std::{
    io::{self, BufRead, IsTerminal, Read},
    thread,
};

use anyhow::Context;
use clacks_p2p::node::files;
use tokio::sync::mpsc;

/// Maximum length of an input line in bytes.
pub(crate) const MAX_LINE: usize = 1 << 20;

/// An input line without its line break, or the reason why it was skipped.
pub(crate) type Line = Result<String, LineError>;

/// The reason why a line was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    #[error("the line is longer than {MAX_LINE} bytes")]
    TooLong,
    #[error("the line is not UTF-8 text")]
    NotText,
}

/// The lines of standard input. Lines are read only as fast as they are received.
pub(crate) fn lines() -> anyhow::Result<mpsc::Receiver<Line>> {
    let (to_reader, lines) = mpsc::channel(1);
    read_beside(move || {
        let mut input = Lines::of(io::stdin().lock());
        while let Ok(Some(line)) = input.read() {
            if to_reader.blocking_send(line).is_err() {
                return;
            }
        }
    })?;
    Ok(lines)
}

/// Starts a reader thread. A thread is used because a blocking read from a terminal cannot be cancelled when the node
/// stops; the thread ends with the process.
fn read_beside(read: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    let thread = thread::Builder::new().name("input".into()).spawn(read);
    thread.map(drop).context("cannot read the input")
}

/// The lines of standard input. In a terminal, the end of input (Ctrl-D) is `None`, and reading continues after it; two
/// ends in a row finish the input.
pub(crate) fn lines_and_ends() -> anyhow::Result<mpsc::Receiver<Option<Line>>> {
    let (to_reader, lines) = mpsc::channel(1);
    read_beside(move || {
        let mut input = Lines::of(io::stdin().lock());
        let is_terminal = io::stdin().is_terminal();
        let mut ends = 0;
        while let Ok(line) = input.read() {
            ends = if line.is_none() { ends + 1 } else { 0 };
            let goes_on = is_terminal || line.is_some();
            if !goes_on || to_reader.blocking_send(line).is_err() || ends == 2 {
                return;
            }
        }
    })?;
    Ok(lines)
}

/// Reads lines with any kind of line break, and skips a byte order mark at the start.
#[derive(Debug)]
struct Lines<R> {
    input: R,
    is_first: bool,
}

impl<R: BufRead> Lines<R> {
    fn of(input: R) -> Self {
        Self { input, is_first: true }
    }

    /// The next line; `None` at the end of the input.
    fn read(&mut self) -> io::Result<Option<Line>> {
        // The first line may also have a byte order mark besides its line break.
        let mark = if std::mem::take(&mut self.is_first) { '\u{feff}'.len_utf8() } else { 0 };
        let longest = (MAX_LINE + mark + "\r\n".len()) as u64;
        let mut line = Vec::new();
        self.input.by_ref().take(longest).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        let is_whole = line.pop_if(|byte| *byte == b'\n').is_some();
        line.pop_if(|byte| *byte == b'\r');
        let line = if mark > 0 { files::without_mark(&line) } else { &line };
        if line.len() > MAX_LINE {
            if !is_whole {
                self.input.skip_until(b'\n')?;
            }
            return Ok(Some(Err(LineError::TooLong)));
        }
        Ok(Some(str::from_utf8(line).map(str::to_owned).map_err(|_| LineError::NotText)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_lines(input: &[u8]) -> Vec<Line> {
        let mut lines = Lines::of(input);
        std::iter::from_fn(|| lines.read().unwrap()).collect()
    }

    #[test]
    fn lines_end_with_any_line_break_or_the_input() {
        let lines = all_lines(b"one\ntwo\r\n\n \nlast\r");
        assert_eq!(lines, ["one", "two", "", " ", "last"].map(|line| Ok(line.to_owned())));
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        for (input, read) in [
            ("\u{feff}:peers\n:queue\n", &[":peers", ":queue"][..]),
            ("\u{feff}:peers\r\n", &[":peers"]),
            ("\u{feff}:peers", &[":peers"]),
            ("\u{feff}\n\u{feff}b\n", &["", "\u{feff}b"]),
            ("\u{feff}", &[""]),
        ] {
            let lines: Vec<_> = all_lines(input.as_bytes()).into_iter().map(Result::unwrap).collect();
            assert_eq!(lines, read, "{input:?}");
        }
        let longest = "x".repeat(MAX_LINE);
        for (mark, end) in [("\u{feff}", "\r\n"), ("\u{feff}", "\n"), ("\u{feff}", ""), ("", "\r\n")] {
            let lines = all_lines(format!("{mark}{longest}{end}").as_bytes());
            assert_eq!(lines, [Ok(longest.clone())], "{mark:?} {end:?}");
        }
    }

    #[test]
    fn an_overlong_line_is_skipped_and_the_next_is_read() {
        let longest = "x".repeat(MAX_LINE);
        let input = format!("{longest}\n{longest}x\n{longest}{longest}{longest}\nnext\n");
        let too_long = Err(LineError::TooLong);
        assert_eq!(
            all_lines(input.as_bytes()),
            [Ok(longest), too_long.clone(), too_long, Ok("next".to_owned())]
        );
    }

    #[test]
    fn invalid_utf8_is_reported() {
        assert_eq!(all_lines(b"\xff\xfe\nnext"), [Err(LineError::NotText), Ok("next".to_owned())]);
    }
}
