//! Exports traffic rows to a file as JSON lines or CSV.
//!
//! Text of peers cannot act where the file is read. Every control or hidden character is written as `\uXXXX`, which
//! leaves the JSON value unchanged. In CSV a cell that a spreadsheet would take for a formula starts with `'`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clacks_language::command::export_target::{Form, Target};
use clacks_p2p::{
    Message,
    node::files::{self, Access},
};
use clacks_text::{
    escape::{escaped, escaped_json},
    file_error,
    paths::expand,
};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    traffic::{row::Row, text},
    write_access::directory_of,
};

/// Why rows were not exported. `Display` writes one line for the user.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file exists, and was not to be replaced.
    #[error("{path} is there already; :write! {path} writes over it", path = .0.display())]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
}

/// Writes all rows or none. Returns one line with the number of rows and bytes. Blocks on the disk.
///
/// # Errors
///
/// Fails if the file cannot be written, or if it exists and `target.replaces` is false.
pub fn write(target: &Target, rows: &[Row]) -> Result<String, ExportError> {
    let path = target.path.display();
    match try_write(target, rows) {
        Ok(bytes) => Ok(format!("wrote {} in {bytes} bytes to {path}", number_of(rows.len()))),
        Err(error) => Err(refusal(target, error)),
    }
}

/// The reason why [`write()`] would fail now, as far as the file system knows. Writes nothing. Blocks on the disk.
pub fn why_not(target: &Target) -> Option<String> {
    place(target).err().map(|error| refusal(target, error).to_string())
}

/// The file that is written, at the end of all links, or why none can be. Whoever checks and whoever writes ask here.
fn place(target: &Target) -> io::Result<PathBuf> {
    let path = files::target(&expand(&target.path).map_err(io::Error::other)?)?;
    if let Ok(metadata) = path.symlink_metadata() {
        files::check_regular(&metadata)?;
        if !target.replaces {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
    }
    directory_of(&path)?;
    Ok(path)
}

fn refusal(target: &Target, error: io::Error) -> ExportError {
    let path = target.path.clone();
    match error.kind() {
        io::ErrorKind::AlreadyExists => ExportError::Exists(path),
        _ => ExportError::Io { path, error: file_error::writing(error) },
    }
}

/// Writes all rows or none, and returns how many bytes they are.
fn try_write(target: &Target, rows: &[Row]) -> io::Result<u64> {
    let path = place(target)?;
    let mut bytes = 0;
    let write = |file: &mut dyn Write| {
        let mut out = Counted { file, bytes: &mut bytes };
        match target.form {
            Form::JsonLines => write_json_lines(rows, &mut out),
            Form::Csv => write_csv(rows, &mut out),
        }
    };
    if target.replaces {
        files::write_whole(&path, Access::Shared, write)?;
    } else {
        files::write_new(&path, Access::Shared, write)?;
    }
    Ok(bytes)
}
/// Counts the bytes that are written.
struct Counted<'a> {
    file: &'a mut dyn Write,
    bytes: &'a mut u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        *self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn number_of(rows: usize) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

/// A row as `clacks node` would write it: the time in milliseconds, the message as the value that it is.
#[derive(Serialize)]
struct Record<'a> {
    time: u64,
    direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a Message>,
    what: &'a str,
    outcome: &'a str,
}

fn write_json_lines(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    for row in rows {
        let record = Record {
            time: row.unix_ms,
            direction: row.kind(),
            peer: row.peer.as_ref().map(ToString::to_string),
            message: row.message.as_ref(),
            what: &row.what,
            outcome: &row.outcome,
        };
        writeln!(out, "{}", escaped_json(&serde_json::to_string(&record)?))?;
    }
    Ok(())
}

/// As RFC 4180 has it, the first line with the names.
fn write_csv(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    writer.write_record(["time", "direction", "peer", "message", "what", "outcome"])?;
    for row in rows {
        let peer = row.peer.as_ref().map(ToString::to_string).unwrap_or_default();
        let message = row.message.as_ref().map(text).unwrap_or_default();
        let cells = [&*time(row.unix_ms), row.kind(), &peer, &message, &row.what, &row.outcome];
        writer.write_record(cells.map(cell))?;
    }
    writer.flush()
}

/// A cell that is text wherever it is opened.
fn cell(text: &str) -> String {
    let text = escaped(text);
    let is_formula = text.starts_with(['=', '+', '-', '@']);
    format!("{}{text}", if is_formula { "'" } else { "" })
}

fn time(unix_ms: u64) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map(|time| time.to_string()).unwrap_or_default()
}
