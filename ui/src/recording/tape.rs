//! A recording as it is read, line by line: no more of it is in memory than a line.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek},
    path::Path,
    time::Duration,
};

use clacks_p2p::{
    core::{Event, Now},
    node::files::open_regular,
};

use super::{
    MAX_LINE,
    parse::{self, Line},
    state::State,
};

/// A recording that was read once to its end, so that what is wrong with it is known before it is played.
#[derive(Debug)]
pub(crate) struct Tape {
    name: String,
    reader: BufReader<File>,
    /// The number of the line that was read last.
    line: u64,
    /// Bytes read, and how many there are to read: what is written to the file later is not played.
    at: u64,
    end: u64,
    pub(crate) facts: Facts,
    /// What the node knew and held when the recording began.
    beginning: State,
    /// The clocks never go back.
    last: Now,
}

/// What is known of a recording beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) begins: Now,
    pub(crate) length: Duration,
    pub(crate) events: u64,
    /// Lines that tell of something that this version does not know.
    pub(crate) unknown: u64,
    /// The number of the last line, if it is cut off, as when the program was killed while it wrote.
    pub(crate) cut_off: Option<u64>,
}

/// What comes next in a recording.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Next {
    Event(Event),
    /// What the node knew and held then, after events that are not known.
    State(Box<State>),
    /// Time has passed.
    Nothing,
}

/// Why a file can't be played.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TapeError {
    #[error("cannot read {0}: {1}")]
    Io(String, io::Error),
    #[error("{file} line {line}: {what}")]
    Line { file: String, line: u64, what: String },
}

/// A line as it is in the file.
enum Raw {
    Whole(String),
    /// The file ends within it.
    CutOff(String),
    End,
}

impl Tape {
    /// Opens a recording and reads it to its end. `progress` hears now and then which part of it is read.
    pub(crate) fn open(path: &Path, mut progress: impl FnMut(f64)) -> Result<Self, TapeError> {
        let name = path.display().to_string();
        let cannot = |error| TapeError::Io(name.clone(), error);
        let file = open_regular(path).map_err(cannot)?;
        let end = file.metadata().map_err(cannot)?.len();
        let mut reader = BufReader::new(file);
        let (beginning, at) = begin(&mut reader, end).map_err(|wrong| wrong.at(&name, 1))?;
        let begins = beginning.now();
        let facts = Facts { begins, length: Duration::ZERO, events: 0, unknown: 0, cut_off: None };
        let mut tape = Self { name, reader, line: 1, at, end, facts, beginning, last: begins };
        tape.scan(&mut progress)?;
        tape.rewind()?;
        Ok(tape)
    }

    fn scan(&mut self, progress: &mut impl FnMut(f64)) -> Result<(), TapeError> {
        while let Some((now, line)) = self.next_line()? {
            self.facts.events += u64::from(matches!(line, Line::Event(_)));
            self.facts.unknown += u64::from(line == Line::Unknown);
            self.facts.length = now.uptime.saturating_sub(self.facts.begins.uptime);
            if self.line.is_multiple_of(1024) {
                progress(self.at as f64 / self.end as f64);
            }
        }
        Ok(())
    }

    /// Back to the beginning.
    pub(crate) fn rewind(&mut self) -> Result<(), TapeError> {
        let rewound = self.reader.rewind();
        (self.line, self.at, self.last) = (0, 0, self.facts.begins);
        rewound
            .map_err(Wrong::Io)
            .and_then(|()| self.read_line().map(drop))
            .map_err(|wrong| wrong.at(&self.name, 1))
    }

    /// What the node knew and held when the recording began.
    pub(crate) fn beginning(&self) -> &State {
        &self.beginning
    }

    /// How many bytes of the file are read.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Which part of the file is read.
    pub(crate) fn progress(&self) -> f64 {
        self.at as f64 / self.end.max(1) as f64
    }

    /// What comes next, and when; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<(Now, Next)>, TapeError> {
        let Some((now, line)) = self.next_line()? else { return Ok(None) };
        Ok(Some((
            now,
            match line {
                Line::Event(event) => Next::Event(event),
                Line::Snapshot(held) => Next::State(Box::new(self.beginning.replaced(*held, now))),
                Line::Header(_) | Line::Unknown | Line::End => Next::Nothing,
            },
        )))
    }

    /// The next line that is whole; `None` at the end.
    fn next_line(&mut self) -> Result<Option<(Now, Line)>, TapeError> {
        let begins_at = self.at;
        let read = self.read_line().and_then(|raw| {
            let parsed = match &raw {
                Raw::End => return Ok(None),
                Raw::Whole(text) | Raw::CutOff(text) => parse::line(text),
            };
            match (parsed, raw) {
                (Ok((_, Line::Header(_))), _) => Err(Wrong::Line("another recording begins here".to_owned())),
                (Ok(told), _) => Ok(Some(told)),
                (Err(_), Raw::CutOff(_)) => {
                    (self.facts.cut_off, self.end) = (Some(self.line), begins_at);
                    Ok(None)
                }
                (Err(what), _) => Err(Wrong::Line(what)),
            }
        });
        let told = read.map_err(|wrong| wrong.at(&self.name, self.line))?;
        Ok(told.map(|(now, line)| (self.after_what_was(now), line)))
    }

    fn read_line(&mut self) -> Result<Raw, Wrong> {
        let (raw, bytes) = read_line(&mut self.reader, self.end.saturating_sub(self.at))?;
        self.at += bytes;
        self.line += 1;
        Ok(raw)
    }

    /// The clocks never go back, whatever the file says.
    fn after_what_was(&mut self, now: Now) -> Now {
        self.last = Now { uptime: now.uptime.max(self.last.uptime), unix_ms: now.unix_ms };
        self.last
    }
}

/// What is wrong with a file, and at which line if it is that.
#[derive(Debug)]
enum Wrong {
    Io(io::Error),
    Line(String),
}

impl Wrong {
    fn at(self, file: &str, line: u64) -> TapeError {
        match self {
            Self::Io(error) => TapeError::Io(file.to_owned(), error),
            Self::Line(what) => TapeError::Line { file: file.to_owned(), line, what },
        }
    }
}

/// What the node knew and held by the first line, and how long that is.
fn begin(reader: &mut impl BufRead, end: u64) -> Result<(State, u64), Wrong> {
    let (raw, bytes) = read_line(reader, end)?;
    let (Raw::Whole(text) | Raw::CutOff(text)) = raw else {
        return Err(Wrong::Line("the file is empty".to_owned()));
    };
    let (now, line) = parse::header(&text).map_err(Wrong::Line)?;
    match line {
        Line::Header(mut held) => match held.address.take() {
            Some(address) => Ok((State::new(address, *held, now), bytes)),
            None => Err(Wrong::Line("the address of the node is missing".to_owned())),
        },
        _ => Err(Wrong::Line("the line is no beginning of a recording".to_owned())),
    }
}

/// Reads a line of a file that has so many bytes left, and tells how many were read.
fn read_line(reader: &mut impl BufRead, left: u64) -> Result<(Raw, u64), Wrong> {
    let mut line = Vec::new();
    let bytes = reader.take(left.min(MAX_LINE as u64 + 1)).read_until(b'\n', &mut line).map_err(Wrong::Io)?;
    let is_whole = line.pop_if(|last| *last == b'\n').is_some();
    if line.len() > MAX_LINE {
        return Err(Wrong::Line(format!("the line is longer than {} MiB", MAX_LINE >> 20)));
    }
    let raw = match String::from_utf8(line) {
        Ok(_) if bytes == 0 => Raw::End,
        Ok(text) if is_whole => Raw::Whole(text),
        Ok(text) => Raw::CutOff(text),
        Err(_) if is_whole => return Err(Wrong::Line("the line is not UTF-8 text".to_owned())),
        Err(cut) => Raw::CutOff(String::from_utf8_lossy(cut.as_bytes()).into_owned()),
    };
    Ok((raw, bytes as u64))
}
