//! Reads a recording of any version line by line. Only one line is in memory at a time.
//!
//! Every complete line is read. Lines that are blank, damaged, cut off or of a later version are skipped and counted.
//! Only a file without a valid first line is an error.

use std::{
    fs::File,
    io::{self, BufReader, Seek, SeekFrom},
    path::Path,
    time::Duration,
};

use clacks_feed::{
    Now, Value,
    json::{EventLine, Gauges, Hello, NodeLine},
    mirror::{Decoder, Format, PreparedState},
};
use clacks_text::file_error;
use clacks_transport::files::open_regular;

use super::version_2::Version2;
use crate::{
    left_out::LeftOut,
    raw_line::{Raw, RawLine, read_line},
};

/// How much of the file is read at a stretch, in bytes: not so much that keys would have to wait.
pub(crate) const SLICE: u64 = 256 << 10;

/// Why a file cannot be played. `Display` writes one line for the user.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Reading failed. The fields are the file's name and the cause.
    #[error("cannot read {0}: {1}")]
    Io(String, io::Error),
    /// The file has no valid first line.
    #[error("{file} line {line}: {reason}")]
    Line {
        /// The file's name.
        file: String,
        /// Number of the line, from 1.
        line: u64,
        /// The defect.
        reason: String,
    },
}

/// Summary of a recording, known before it is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// When it begins.
    pub begins: Now,
    /// Duration from the first line to the last.
    pub length: Duration,
    /// Number of events.
    pub events: u64,
    /// Parts that are skipped.
    pub left_out: LeftOut,
}

/// What a recording has at one time.
#[derive(Debug)]
pub(crate) struct Item {
    /// The clocks never go back, whatever the file says.
    pub(crate) now: Now,
    /// Number of the last event, this one included.
    pub(crate) events: u64,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    Event(Box<EventLine>),
    State(PreparedState),
    Gauges(Vec<Value>),
    /// This number of events is missing.
    Lagged(u64),
    /// Only time passes.
    Nothing,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    Item(Item),
    /// Nothing yet, but the slice has been read.
    More,
    End,
}

/// A line from which on the recording can be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    /// Where the line begins, in bytes from the start of the file.
    pub(crate) at: u64,
    /// Bytes of the line.
    bytes: u64,
    /// The number of the line, from 1.
    line: u64,
    /// The time of the line.
    pub(crate) now: Now,
    /// Number of the last event before it.
    pub(crate) events: u64,
    /// Whether the line has all rows. The first line of a file need not have them.
    pub(crate) has_rows: bool,
}

/// A recording that is read. It is read to its end once when it is opened, so that its defects and its states are known
/// before it is played.
pub(crate) struct Tape {
    name: String,
    reader: BufReader<File>,
    decoder: Box<dyn Decoder>,
    max_line: usize,
    hello: Hello,
    /// The number of the line that was read last, and where it begins.
    line: u64,
    line_at: u64,
    /// Bytes read, and how many there are to read: what is written to the file later is not played.
    at: u64,
    end: u64,
    /// Number of the last event that was read or is missing.
    events: u64,
    last: Now,
    /// The start of the file, and the states in it.
    points: Vec<Point>,
    /// What the line that was read last says, but for what was returned.
    rest: std::vec::IntoIter<NodeLine>,
    pub(crate) facts: Facts,
}

/// One thing that a line says, and when.
enum Read {
    Line(Now, NodeLine),
    More,
    End,
}

impl Tape {
    /// Opens a recording and reads it to its end. `progress` is called with the fraction of the file that was read, 0 to
    /// 1. `older` are the forms of recordings besides version 2.
    pub(crate) fn open(
        path: &Path,
        older: &[&dyn Format],
        mut progress: impl FnMut(f64),
    ) -> Result<Self, OpenError> {
        let name = path.display().to_string();
        let cannot = |error| OpenError::Io(name.clone(), file_error::reading(error));
        let file = open_regular(path).map_err(cannot)?;
        let end = file.metadata().map_err(cannot)?.len();
        let mut reader = BufReader::new(file);
        let FirstLine { hello, decoder, max_line, point } = first_line(&mut reader, end, older, &name)?;
        let facts =
            Facts { begins: hello.now, length: Duration::ZERO, events: 0, left_out: LeftOut::default() };
        let mut tape = Self {
            name,
            reader,
            decoder,
            max_line,
            last: hello.now,
            hello,
            line: 0,
            line_at: 0,
            at: 0,
            end,
            events: 0,
            points: vec![point],
            rest: Vec::new().into_iter(),
            facts,
        };
        // Everything before the first line is blank.
        (1..point.line).for_each(|line| tape.facts.left_out.blank.record(line));
        tape.jump(point)?;
        tape.scan(&mut progress)?;
        tape.jump(point)?;
        Ok(tape)
    }

    fn scan(&mut self, progress: &mut impl FnMut(f64)) -> Result<(), OpenError> {
        let mut left_out = self.facts.left_out;
        loop {
            let (now, read) = match self.next_line(&mut left_out, SLICE)? {
                Read::Line(now, read) => (now, read),
                Read::More => continue,
                Read::End => break,
            };
            if matches!(read, NodeLine::State(_)) {
                let (at, bytes, line) = (self.line_at, self.at - self.line_at, self.line);
                self.points.push(Point { at, bytes, line, now, events: self.events, has_rows: true });
            }
            self.facts.events += u64::from(matches!(read, NodeLine::Event(_)));
            self.facts.length = now.uptime.saturating_sub(self.facts.begins.uptime);
            if self.line.is_multiple_of(1024) {
                progress(self.progress_to(self.end, 0));
            }
        }
        self.facts.left_out = left_out;
        Ok(())
    }

    /// The first line.
    pub(crate) fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Bytes that were read, or that come before the place that was jumped to.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// The last line from which on what happens after this time can be played.
    pub(crate) fn point_before(&self, uptime: Duration) -> Point {
        let behind = self.points.partition_point(|point| point.now.uptime <= uptime);
        self.points[behind.saturating_sub(1)]
    }

    /// The end of what is read to get to this time: the next state, or the end of the file.
    pub(crate) fn end_of(&self, uptime: Duration) -> u64 {
        let behind = self.points.partition_point(|point| point.now.uptime <= uptime);
        self.points.get(behind).map_or(self.end, |point| point.at)
    }

    /// The fraction of the bytes from `from` to `to` that was read.
    pub(crate) fn progress_to(&self, to: u64, from: u64) -> f64 {
        let part = self.at.saturating_sub(from) as f64 / to.saturating_sub(from).max(1) as f64;
        part.min(1.0)
    }

    /// Whether the next line is a state that takes a while to read.
    pub(crate) fn is_before_large_state(&self) -> bool {
        let place = self.points.binary_search_by_key(&self.at, |point| point.at);
        self.rest.as_slice().is_empty() && place.is_ok_and(|place| self.points[place].bytes > SLICE)
    }

    /// Reads what was written to the file since it was opened.
    #[cfg(test)]
    pub(crate) fn extend(&mut self) {
        self.end = self.reader.get_ref().metadata().unwrap().len();
    }

    /// Goes to a line.
    pub(crate) fn jump(&mut self, point: Point) -> Result<(), OpenError> {
        let sought = self.reader.seek(SeekFrom::Start(point.at));
        sought.map_err(|error| OpenError::Io(self.name.clone(), file_error::reading(error)))?;
        (self.at, self.line_at, self.line) = (point.at, point.at, point.line - 1);
        (self.last, self.events) = (point.now, point.events);
        self.rest = Vec::new().into_iter();
        self.decoder.jump(point.events);
        Ok(())
    }

    /// What comes next, if it is found in a slice of the file.
    pub(crate) fn next(&mut self) -> Result<Next, OpenError> {
        // Counted when the file was read for the first time.
        Ok(match self.next_line(&mut LeftOut::default(), SLICE)? {
            Read::Line(now, line) => Next::Item(Item { now, events: self.events, what: self.what(line) }),
            Read::More => Next::More,
            Read::End => Next::End,
        })
    }

    fn what(&self, line: NodeLine) -> What {
        match line {
            NodeLine::Event(event) => What::Event(event),
            NodeLine::State(state) => What::State(PreparedState::new(&self.hello.description, state)),
            NodeLine::Gauges(gauges) => What::Gauges(gauges.values),
            NodeLine::Lagged { missed, .. } => What::Lagged(missed),
            _ => What::Nothing,
        }
    }

    /// The next thing that a line says.
    fn next_line(&mut self, left_out: &mut LeftOut, most: u64) -> Result<Read, OpenError> {
        let until = self.at.saturating_add(most);
        loop {
            if let Some(mut line) = self.rest.next() {
                if self.is_of_another_recording(&line) {
                    left_out.other_from = Some(self.line);
                    self.end_here();
                    return Ok(Read::End);
                }
                let now = self.pass(&mut line);
                return Ok(Read::Line(now, line));
            }
            if self.at > until {
                return Ok(Read::More);
            }
            let left = self.end.saturating_sub(self.at);
            let RawLine { raw, is_ended, bytes } = read_line(&mut self.reader, left, self.max_line)
                .map_err(|error| OpenError::Io(self.name.clone(), file_error::reading(error)))?;
            self.line_at = self.at;
            self.at += bytes;
            self.line += 1;
            let read = match raw {
                Raw::End => return Ok(Read::End),
                Raw::Text(text) if text.trim().is_empty() => {
                    left_out.blank.record(self.line);
                    continue;
                }
                // Only the first line of a file can have a mark.
                Raw::Text(text) => self.decoder.lines(self.without_mark(&text)).ok(),
                Raw::TooLong | Raw::NotUtf8 => None,
            };
            match read {
                Some(lines) => {
                    if lines.iter().any(is_unknown) {
                        left_out.unknown.record(self.line);
                    }
                    self.rest = lines.into_iter();
                }
                None if !is_ended => {
                    left_out.cut_off = Some(self.line);
                    self.end_here();
                    return Ok(Read::End);
                }
                None => left_out.unreadable.record(self.line),
            }
        }
    }

    /// The text of a line, without the mark of a whole file.
    fn without_mark<'a>(&self, text: &'a str) -> &'a str {
        let is_first = self.line == self.points[0].line;
        if is_first { text.trim_start_matches('\u{feff}') } else { text }
    }

    /// Nothing is played from this line on.
    fn end_here(&mut self) {
        self.end = self.line_at;
        self.at = self.line_at;
        self.rest = Vec::new().into_iter();
    }

    /// Whether a line begins a file of another node or run. The files of one recording can be put together.
    fn is_of_another_recording(&self, line: &NodeLine) -> bool {
        let NodeLine::Hello(hello) = line else { return false };
        let is_same_node = hello.run == self.hello.run && hello.description == self.hello.description;
        let is_later = hello.now.uptime >= self.last.uptime && hello.now.unix_ms >= self.facts.begins.unix_ms;
        self.line != self.points[0].line && !(is_same_node && is_later)
    }

    /// Lets time pass to a line. The clocks never go back, whatever the file says.
    fn pass(&mut self, line: &mut NodeLine) -> Now {
        let uptime = self.last.uptime;
        let mut pass = |now: &mut Now| {
            now.uptime = now.uptime.max(uptime);
            self.last = *now;
        };
        match line {
            NodeLine::Event(line) => {
                pass(&mut line.event.now);
                let seq = line.event.seq;
                self.events = if seq > 0 { seq } else { self.events.saturating_add(1) };
            }
            NodeLine::State(state) => pass(&mut state.now),
            NodeLine::Hello(Hello { now, .. })
            | NodeLine::End(now)
            | NodeLine::Gauges(Gauges { now: Some(now), .. }) => pass(now),
            NodeLine::Lagged { missed, .. } => self.events = self.events.saturating_add(*missed),
            _ => {}
        }
        self.last
    }
}

/// Whether a line does not belong into a recording, or is of a later version.
fn is_unknown(line: &NodeLine) -> bool {
    match line {
        NodeLine::Hello(_)
        | NodeLine::Event(_)
        | NodeLine::Lagged { .. }
        | NodeLine::Away(_)
        | NodeLine::State(_)
        | NodeLine::Gauges(_)
        | NodeLine::End(_) => false,
        // Also an event of an unknown kind has a line.
        _ => true,
    }
}

/// The first line that is not blank.
struct FirstLine {
    hello: Hello,
    decoder: Box<dyn Decoder>,
    max_line: usize,
    point: Point,
}

fn first_line(
    reader: &mut BufReader<File>,
    end: u64,
    older: &[&dyn Format],
    name: &str,
) -> Result<FirstLine, OpenError> {
    let formats = || [&Version2 as &dyn Format].into_iter().chain(older.iter().copied());
    let longest = formats().map(Format::max_line).max().unwrap_or_default();
    let (mut line, mut at) = (0, 0);
    loop {
        let read = read_line(reader, end.saturating_sub(at), longest);
        let RawLine { raw, bytes, .. } =
            read.map_err(|error| OpenError::Io(name.to_owned(), file_error::reading(error)))?;
        let begins_at = at;
        (line, at) = (line + 1, at + bytes);
        let wrong = |reason: &str| OpenError::Line { file: name.to_owned(), line, reason: reason.to_owned() };
        let text = match raw {
            Raw::End => return Err(wrong("the file is empty")),
            Raw::TooLong => return Err(wrong(&format!("the line is longer than {} MiB", longest >> 20))),
            Raw::NotUtf8 => return Err(wrong("the line is not UTF-8 text")),
            Raw::Text(text) => text,
        };
        let text = if line == 1 { text.trim_start_matches('\u{feff}') } else { &text };
        if text.trim().is_empty() {
            continue;
        }
        let format = formats().find(|format| format.is_begun_by(text));
        let format = format.ok_or_else(|| wrong("this is not a recording; :record and --record make one"))?;
        let (hello, decoder) = format.open(text).map_err(|reason| wrong(&reason))?;
        let point = Point { at: begins_at, bytes, line, now: hello.now, events: 0, has_rows: false };
        return Ok(FirstLine { hello, decoder, max_line: format.max_line(), point });
    }
}
