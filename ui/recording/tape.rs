//! Reads a recording line by line. Only one line is in memory at a time.
//!
//! Every complete line is read. Lines that are blank, damaged, cut off or of a later version are skipped and counted.
//! Only a file without a valid header is an error.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Seek},
    path::Path,
    time::Duration,
};

use clacks_p2p::core::{Event, Now};
use clacks_p2p_feed::version_1::{
    LineError, MAX_LINE, ReplayedNode,
    parse::{self, Line},
};
use clacks_text::file_error;
use clacks_transport::files::open_regular;

use super::{
    left_out::LeftOut,
    raw_line::{Raw, RawLine, read_line},
};

/// Reader of a recording. The file is scanned once when it is opened, so that its defects are known before playback.
#[derive(Debug)]
pub(crate) struct RecordingReader {
    name: String,
    reader: BufReader<File>,
    /// The number of the line that was read last.
    line: u64,
    /// Bytes read, and how many there are to read: what is written to the file later is not played.
    at: u64,
    end: u64,
    /// Summary of the recording from the first scan.
    pub facts: RecordingInfo,
    /// What the node knew and held when the recording began.
    beginning: ReplayedNode,
    /// The clocks never go back.
    last: Now,
}

/// Summary of a recording, known before playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingInfo {
    /// Time of the header, on both of the node's clocks.
    pub begins: Now,
    /// Duration from the header to the last line.
    pub length: Duration,
    /// Number of events.
    pub events: u64,
    /// Parts that playback skips.
    pub left_out: LeftOut,
}

/// The next item of a recording.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Next {
    /// An event.
    Event(Event),
    /// A snapshot of the node's state, after events that are unknown.
    State(Box<ReplayedNode>),
    /// No change except the time.
    Nothing,
}

/// Reason why a file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// Reading failed. The fields are the file's name and the cause.
    #[error("cannot read {0}: {1}")]
    Io(String, io::Error),
    /// The file has no valid header.
    #[error("{file} line {line}: {what}")]
    Line {
        /// The file's name.
        file: String,
        /// Number of the line, from 1.
        line: u64,
        /// The defect.
        what: LineError,
    },
}

impl RecordingReader {
    /// Opens a recording and scans it to its end. `progress` is called every 1024 lines with the fraction of the file
    /// that was read, 0 to 1.
    pub(crate) fn open(path: &Path, mut progress: impl FnMut(f64)) -> Result<Self, TapeError> {
        let name = path.display().to_string();
        let cannot = |error| TapeError::Io(name.clone(), file_error::reading(error));
        let file = open_regular(path).map_err(cannot)?;
        let end = file.metadata().map_err(cannot)?.len();
        let mut reader = BufReader::new(file);
        let Beginning { state, line, at } = begin(&mut reader, end).map_err(|wrong| wrong.in_file(&name))?;
        let begins = state.now();
        let facts = RecordingInfo { begins, length: Duration::ZERO, events: 0, left_out: LeftOut::default() };
        let mut tape = Self { name, reader, line, at, end, facts, beginning: state, last: begins };
        // Everything before the first line is blank.
        (1..line).for_each(|line| tape.facts.left_out.blank.record(line));
        tape.scan(&mut progress)?;
        tape.rewind()?;
        Ok(tape)
    }

    fn scan(&mut self, progress: &mut impl FnMut(f64)) -> Result<(), TapeError> {
        let mut left_out = self.facts.left_out;
        while let Some((now, line)) = self.next_line(&mut left_out)? {
            self.facts.events += u64::from(matches!(line, Line::Event(_)));
            self.facts.length = now.uptime.saturating_sub(self.facts.begins.uptime);
            if self.line.is_multiple_of(1024) {
                progress(self.at as f64 / self.end as f64);
            }
        }
        self.facts.left_out = left_out;
        Ok(())
    }

    /// Moves back to the first line after the header.
    pub(crate) fn rewind(&mut self) -> Result<(), TapeError> {
        let rewound = self.reader.rewind().map_err(|error| TapeError::Io(self.name.clone(), error));
        rewound?;
        let Beginning { line, at, .. } =
            begin(&mut self.reader, self.end).map_err(|wrong| wrong.in_file(&self.name))?;
        (self.line, self.at, self.last) = (line, at, self.facts.begins);
        Ok(())
    }

    /// State of the node at the start of the recording.
    pub(crate) fn beginning(&self) -> &ReplayedNode {
        &self.beginning
    }

    /// Number of bytes read.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Fraction of the file that was read, 0 to 1.
    pub(crate) fn progress(&self) -> f64 {
        self.at as f64 / self.end.max(1) as f64
    }

    /// The next item and its time; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<(Now, Next)>, TapeError> {
        // Counted when the file was read for the first time.
        let Some((now, line)) = self.next_line(&mut LeftOut::default())? else { return Ok(None) };
        Ok(Some((
            now,
            match line {
                Line::Event(event) => Next::Event(event),
                Line::Snapshot(held) | Line::Header(held) => {
                    Next::State(Box::new(self.beginning.replaced(*held, now)))
                }
                Line::Unknown | Line::End => Next::Nothing,
            },
        )))
    }

    /// The next line that is whole; `None` at the end.
    fn next_line(&mut self, left_out: &mut LeftOut) -> Result<Option<(Now, Line)>, TapeError> {
        loop {
            let begins_at = self.at;
            let RawLine { raw, is_ended, bytes } =
                read_line(&mut self.reader, self.end.saturating_sub(self.at), MAX_LINE)
                    .map_err(|error| TapeError::Io(self.name.clone(), error))?;
            self.at += bytes;
            self.line += 1;
            let parsed = match raw {
                Raw::End => return Ok(None),
                Raw::Text(text) if text.trim().is_empty() => {
                    left_out.blank.record(self.line);
                    continue;
                }
                Raw::Text(text) => parse::line(&text),
                Raw::TooLong => Err(LineError::TooLong),
                Raw::NotUtf8 => Err(LineError::NotUtf8),
            };
            match parsed {
                Ok((now, Line::Header(held))) if !self.is_continued_by(now, &held) => {
                    left_out.other_from = Some(self.line);
                    self.end = begins_at;
                    return Ok(None);
                }
                Ok((now, line)) => {
                    if line == Line::Unknown {
                        left_out.unknown.record(self.line);
                    }
                    return Ok(Some((self.after_what_was(now), line)));
                }
                Err(_) if !is_ended => {
                    left_out.cut_off = Some(self.line);
                    self.end = begins_at;
                    return Ok(None);
                }
                Err(_) => left_out.unreadable.record(self.line),
            }
        }
    }

    /// Whether the first line of a file is of the same node and run, as where the files of one recording were put
    /// together.
    fn is_continued_by(&self, now: Now, held: &parse::Holdings) -> bool {
        let is_same_node = held.address.as_ref() == Some(self.beginning.address());
        is_same_node && now.uptime >= self.last.uptime && now.unix_ms >= self.facts.begins.unix_ms
    }

    /// The clocks never go back, whatever the file says.
    fn after_what_was(&mut self, now: Now) -> Now {
        self.last = Now { uptime: now.uptime.max(self.last.uptime), unix_ms: now.unix_ms };
        self.last
    }
}

/// What is wrong with the beginning of a file, and at which line if it is that.
#[derive(Debug)]
enum Wrong {
    Io(io::Error),
    Line(u64, LineError),
}

impl Wrong {
    fn in_file(self, file: &str) -> TapeError {
        match self {
            Self::Io(error) => TapeError::Io(file.to_owned(), error),
            Self::Line(line, what) => TapeError::Line { file: file.to_owned(), line, what },
        }
    }
}

/// The first line that is not blank.
struct Beginning {
    /// What the node knew and held by it.
    state: ReplayedNode,
    /// Its number.
    line: u64,
    /// How many bytes the file has up to its end.
    at: u64,
}

fn begin(reader: &mut impl BufRead, end: u64) -> Result<Beginning, Wrong> {
    let (mut line, mut at) = (0, 0);
    let text = loop {
        let RawLine { raw, bytes, .. } =
            read_line(reader, end.saturating_sub(at), MAX_LINE).map_err(Wrong::Io)?;
        (line, at) = (line + 1, at + bytes);
        match raw {
            Raw::End => return Err(Wrong::Line(line, LineError::Empty)),
            Raw::TooLong => return Err(Wrong::Line(line, LineError::TooLong)),
            Raw::NotUtf8 => return Err(Wrong::Line(line, LineError::NotUtf8)),
            Raw::Text(text) => {
                let text = if line == 1 { text.trim_start_matches('\u{feff}') } else { &text };
                if !text.trim().is_empty() {
                    break text.to_owned();
                }
            }
        }
    };
    let (now, told) = parse::header(&text).map_err(|reason| Wrong::Line(line, reason))?;
    let Line::Header(mut held) = told else {
        return Err(Wrong::Line(line, LineError::NotAHeader));
    };
    match held.address.take() {
        Some(address) => Ok(Beginning { state: ReplayedNode::new(address, *held, now), line, at }),
        None => Err(Wrong::Line(line, LineError::NoAddress)),
    }
}
