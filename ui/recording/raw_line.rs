//! Lines of a file as they are.

use std::io::{self, BufRead, Read};

/// A line as it is in the file.
pub(crate) enum Raw {
    Text(String),
    TooLong,
    NotUtf8,
    /// There are no more lines.
    End,
}

/// A line of the file, and whether it is ended.
pub(crate) struct RawLine {
    pub(crate) raw: Raw,
    pub(crate) is_ended: bool,
    /// Its length in bytes, its end included.
    pub(crate) bytes: u64,
}

/// Reads a line of at most `max` bytes of a file that has so many bytes left.
pub(crate) fn read_line(reader: &mut impl BufRead, left: u64, max: usize) -> io::Result<RawLine> {
    let mut line = Vec::new();
    let mut reader = reader.take(left);
    let mut bytes = reader.by_ref().take(max as u64 + 1).read_until(b'\n', &mut line)? as u64;
    if bytes == 0 {
        return Ok(RawLine { raw: Raw::End, is_ended: false, bytes });
    }
    let mut is_ended = line.pop_if(|last| *last == b'\n').is_some();
    if line.len() > max {
        bytes += reader.skip_until(b'\n')? as u64;
        is_ended = bytes < left;
        return Ok(RawLine { raw: Raw::TooLong, is_ended, bytes });
    }
    let raw = String::from_utf8(line).map_or(Raw::NotUtf8, Raw::Text);
    Ok(RawLine { raw, is_ended, bytes })
}
