//! Input: lines from a pipe, or keys of a terminal.

use std::{
    io::{self, IsTerminal, Read},
    thread,
    time::Instant,
};

use anyhow::Context;
use clacks_terminal::job_control::has_parent_shell;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use tokio::sync::mpsc;

use super::{key_filter::KeyFilter, line_editor::Typed, prompt::OutputPart};
use crate::platform::input::{self, Line};

/// Maximum number of bytes per read.
const AT_ONCE: usize = 4096;

/// The answer to Ctrl-Z if the program cannot be stopped.
const CANNOT_STOP: &str = "The program can't be stopped: no shell is above it that could continue it.";

/// One input.
#[derive(Debug)]
pub(crate) enum Input {
    /// A line; `None` is the end of the input.
    Line(Option<Line>),
    /// Keys of a terminal, as bytes.
    Keys(Vec<u8>),
    /// The terminal was closed. No input follows.
    Gone,
}

/// A finished line; `None` is the end of the input.
#[derive(Debug)]
pub(crate) struct Finished(pub(crate) Option<Line>);

/// The source of the input.
#[derive(Debug)]
pub(crate) struct Keyboard {
    input: mpsc::Receiver<Input>,
    /// The terminal's mode for single keys; `None` for lines.
    mode: Option<KeyMode>,
}

impl Keyboard {
    /// Reads keys if standard input and output are a terminal, else lines.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        let mode = if is_terminal { KeyMode::set().ok() } else { None };
        let input = if mode.is_some() { keys()? } else { lines()? };
        Ok(Self { input, mode })
    }

    /// An input that never delivers anything.
    pub(crate) fn none() -> Self {
        Self { input: mpsc::channel(1).1, mode: None }
    }

    /// The next input; `None` if there is no more. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<Input> {
        self.input.recv().await
    }

    /// Handles the result of keys. Returns the text to write, and the finished line if there is one.
    pub(crate) fn handle(&mut self, typed: Typed) -> (Option<OutputPart>, Option<Finished>) {
        match typed {
            Typed::Echo(text) => (Some(OutputPart::Echo(text)), None),
            Typed::Stop(line) => (Some(OutputPart::Echo(self.stop(&line))), None),
            Typed::End => (None, Some(Finished(None))),
            Typed::Line(line) => (Some(OutputPart::Echo("\n".to_owned())), Some(Finished(Some(line)))),
        }
    }

    /// Stops the process until the shell continues it. Returns the text to write then: the line again. Without a parent
    /// shell nothing is stopped, and the text says so.
    fn stop(&mut self, line: &str) -> String {
        if !has_parent_shell() {
            let begins = if line.is_empty() { "" } else { "\n" };
            return format!("{begins}{CANNOT_STOP}\n{line}");
        }
        if let Some(mode) = &self.mode {
            mode.restore();
            let _ = signal_hook::low_level::raise(signal_hook::consts::SIGTSTP);
            let _ = mode.apply();
        }
        line.to_owned()
    }
}

/// Width of the terminal in columns; 0 if unknown.
pub(crate) fn columns() -> usize {
    tcgetwinsize(io::stdout()).map_or(0, |size| usize::from(size.ws_col))
}

fn lines() -> anyhow::Result<mpsc::Receiver<Input>> {
    let (to_reader, input) = mpsc::channel(1);
    let mut lines = input::lines_and_ends()?;
    let is_terminal = io::stdin().is_terminal();
    tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            // A closed terminal reads as an end of input, like Ctrl-D, but its settings cannot be read.
            let is_gone = line.is_none() && is_terminal && tcgetattr(io::stdin()).is_err();
            let input = if is_gone { Input::Gone } else { Input::Line(line) };
            if to_reader.send(input).await.is_err() || is_gone {
                return;
            }
        }
    });
    Ok(input)
}

/// Reads keys on a thread, because a blocking read from a terminal cannot be cancelled when the node stops.
fn keys() -> anyhow::Result<mpsc::Receiver<Input>> {
    let (to_reader, input) = mpsc::channel(1);
    let read = move || {
        let mut buffer = [0; AT_ONCE];
        let mut key_filter = KeyFilter::default();
        loop {
            let keys = match io::stdin().lock().read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => break,
                Ok(count) => key_filter.filter(&buffer[..count], Instant::now()),
            };
            if !keys.is_empty() && to_reader.blocking_send(Input::Keys(keys)).is_err() {
                return;
            }
        }
        // Fails only if the session has ended.
        let _ = to_reader.blocking_send(Input::Gone);
    };
    thread::Builder::new().name("input".into()).spawn(read).map(drop).context("cannot read the input")?;
    Ok(input)
}

/// Terminal settings for single keys without echo. Ctrl-C and Ctrl-\ stay signals. Dropping it restores the previous
/// settings.
#[derive(Debug)]
struct KeyMode {
    before: Termios,
}

impl KeyMode {
    fn set() -> io::Result<Self> {
        let mode = Self { before: tcgetattr(io::stdin())? };
        mode.apply()?;
        Ok(mode)
    }

    fn apply(&self) -> io::Result<()> {
        let mut keys = self.before.clone();
        keys.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN);
        keys.special_codes[SpecialCodeIndex::VMIN] = 1;
        keys.special_codes[SpecialCodeIndex::VTIME] = 0;
        // Ctrl-Z arrives as a key, so that the settings can be restored before the process stops.
        keys.special_codes[SpecialCodeIndex::VSUSP] = 0;
        Ok(tcsetattr(io::stdin(), OptionalActions::Drain, &keys)?)
    }

    fn restore(&self) {
        // Fails only if the terminal was closed.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
    }
}

impl Drop for KeyMode {
    fn drop(&mut self) {
        self.restore();
    }
}
