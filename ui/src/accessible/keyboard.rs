//! What is typed: whole lines out of a pipe, or the keys of a terminal.

use std::{
    io::{self, IsTerminal, Read},
    thread,
    time::Instant,
};

use anyhow::Context;
use clacks_terminal::job_control::is_above as is_shell_above;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use tokio::sync::mpsc;

use super::{presses::Presses, turns::TurnResult, typing::Typed};
use crate::platform::input::{self, Line};

/// Bytes of keys that are read at once.
const AT_ONCE: usize = 4096;

/// What is said of Ctrl-Z where it does nothing.
const CANNOT_STOP: &str = "The program can't be stopped: no shell is above it that could continue it.";

/// Something that was typed.
#[derive(Debug)]
pub(crate) enum Input {
    /// A line, or the end of the input, which is `None`.
    Line(Option<Line>),
    /// Keys of a terminal.
    Keys(Vec<u8>),
    /// The terminal has gone. Nothing follows.
    Gone,
}

/// What a key ends: a line, or the input, which is `None`.
#[derive(Debug)]
pub(crate) struct Ended(pub(crate) Option<Line>);

/// Where input comes from.
#[derive(Debug)]
pub(crate) struct Keyboard {
    input: mpsc::Receiver<Input>,
    /// Where keys are read one by one.
    mode: Option<KeyMode>,
}

impl Keyboard {
    /// Keys where somebody types on a terminal and hears there too; else lines.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        let mode = if is_terminal { KeyMode::set().ok() } else { None };
        let input = if mode.is_some() { keys()? } else { lines()? };
        Ok(Self { input, mode })
    }

    /// Nobody types anything.
    pub(crate) fn none() -> Self {
        Self { input: mpsc::channel(1).1, mode: None }
    }

    /// What is typed next; `None` where there will be nothing. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<Input> {
        self.input.recv().await
    }

    /// What is written because of what was typed, and what it ends, if anything.
    pub(crate) fn answer(&mut self, typed: Typed) -> (Option<TurnResult>, Option<Ended>) {
        match typed {
            Typed::Echo(text) => (Some(TurnResult::Echo(text)), None),
            Typed::Stop(line) => (Some(TurnResult::Echo(self.stop(&line))), None),
            Typed::End => (None, Some(Ended(None))),
            Typed::Line(line) => (Some(TurnResult::Echo("\n".to_owned())), Some(Ended(Some(line)))),
        }
    }

    /// Stops the program until the shell continues it, and returns what is written then: the line once more. Where no
    /// shell is above that could continue it, nothing is stopped, and that is said before.
    fn stop(&mut self, line: &str) -> String {
        if !is_shell_above() {
            let begins = if line.is_empty() { "" } else { "\n" };
            return format!("{begins}{CANNOT_STOP}\n{line}");
        }
        if let Some(mode) = &self.mode {
            mode.give_back();
            let _ = signal_hook::low_level::raise(signal_hook::consts::SIGTSTP);
            let _ = mode.take();
        }
        line.to_owned()
    }
}

/// Columns of the terminal; 0 if that is not known.
pub(crate) fn columns() -> usize {
    tcgetwinsize(io::stdout()).map_or(0, |size| usize::from(size.ws_col))
}

fn lines() -> anyhow::Result<mpsc::Receiver<Input>> {
    let (to_reader, input) = mpsc::channel(1);
    let mut lines = input::lines_and_ends()?;
    let is_terminal = io::stdin().is_terminal();
    tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            // A terminal that has gone reads like one where Ctrl-D was pressed, but it has no settings any more.
            let is_gone = line.is_none() && is_terminal && tcgetattr(io::stdin()).is_err();
            let input = if is_gone { Input::Gone } else { Input::Line(line) };
            if to_reader.send(input).await.is_err() || is_gone {
                return;
            }
        }
    });
    Ok(input)
}

/// Reads keys on a thread, as a read from a terminal can't be given up when the node stops.
fn keys() -> anyhow::Result<mpsc::Receiver<Input>> {
    let (to_reader, input) = mpsc::channel(1);
    let read = move || {
        let mut buffer = [0; AT_ONCE];
        let mut presses = Presses::default();
        loop {
            let keys = match io::stdin().lock().read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => break,
                Ok(count) => presses.typed(&buffer[..count], Instant::now()),
            };
            if !keys.is_empty() && to_reader.blocking_send(Input::Keys(keys)).is_err() {
                return;
            }
        }
        // An error means that nobody listens any more.
        let _ = to_reader.blocking_send(Input::Gone);
    };
    thread::Builder::new().name("input".into()).spawn(read).map(drop).context("cannot read the input")?;
    Ok(input)
}

/// A terminal that hands on each key at once and writes none of them by itself. Ctrl-C and Ctrl-\ stay signals. It is as
/// it was before when this is dropped.
#[derive(Debug)]
struct KeyMode {
    before: Termios,
}

impl KeyMode {
    fn set() -> io::Result<Self> {
        let mode = Self { before: tcgetattr(io::stdin())? };
        mode.take()?;
        Ok(mode)
    }

    fn take(&self) -> io::Result<()> {
        let mut keys = self.before.clone();
        keys.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN);
        keys.special_codes[SpecialCodeIndex::VMIN] = 1;
        keys.special_codes[SpecialCodeIndex::VTIME] = 0;
        // Ctrl-Z comes as a key, so that the terminal is given back before the program stops.
        keys.special_codes[SpecialCodeIndex::VSUSP] = 0;
        Ok(tcsetattr(io::stdin(), OptionalActions::Drain, &keys)?)
    }

    fn give_back(&self) {
        // An error means that the terminal has gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
    }
}

impl Drop for KeyMode {
    fn drop(&mut self) {
        self.give_back();
    }
}
