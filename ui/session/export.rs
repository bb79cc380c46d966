//! Exports traffic rows to a file as JSON lines or CSV.
//!
//! Text of peers cannot act where the file is read. Every control or hidden character is written as `\uXXXX`, which
//! leaves the JSON value unchanged. In CSV a cell that a spreadsheet would take for a formula starts with `'`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clacks_feed::Value;
use clacks_language::command::export_target::{Form, Target};
use clacks_text::{
    charset::Charset,
    escape::{escaped, escaped_json},
    file_error,
    paths::expand,
};
use clacks_transport::files::{self, Access, check_directory_of};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, value::RawValue};

use super::traffic::row::Row;

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
    check_directory_of(&path)?;
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

/// A row as `clacks node` would write it: the time in milliseconds, the message as the value that it is, durations in
/// milliseconds.
#[derive(Serialize)]
struct Record<'a> {
    time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<&'a str>,
    direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Box<RawValue>>,
    what: &'a str,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    values: Map<String, serde_json::Value>,
}

/// The network of a row, if there are rows of several networks.
fn networks(rows: &[Row]) -> impl Fn(&Row) -> Option<&str> {
    let mut networks = rows.iter().filter_map(|row| row.network.as_deref());
    let first = networks.next();
    let are_several = networks.any(|other| first.is_some_and(|first| first.network != other.network));
    move |row| Some(row.network.as_ref().filter(|_| are_several)?.network.as_str())
}

/// A value as JSON. `None` if there is none.
fn json_value(row: &Row, value: &Value) -> Option<serde_json::Value> {
    Some(match value {
        Value::None => return None,
        Value::Flag(flag) => (*flag).into(),
        Value::Count(count) => (*count).into(),
        Value::Number(number) => (*number).into(),
        Value::Took(took) => (took.as_secs_f64() * 1000.0).into(),
        Value::At(at) => (*at).into(),
        Value::Status(statuses) => row.status_names(*statuses).collect::<Vec<_>>().into(),
        Value::Text(text, _) => text.untrusted().into(),
        Value::Ref(key) => key.untrusted().into(),
    })
}

fn write_json_lines(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    let network = networks(rows);
    for row in rows {
        let values =
            row.values().filter_map(|(name, value)| Some((name.to_owned(), json_value(row, value)?)));
        let record = Record {
            time: row.now.unix_ms,
            network: network(row),
            direction: row.word(),
            peer: row.line.peer.as_ref().map(clacks_feed::Key::untrusted),
            message: row.json().map(|json| RawValue::from_string(json.untrusted().to_owned())).transpose()?,
            what: row.line.what.untrusted(),
            outcome: row.line.outcome.untrusted(),
            values: values.collect(),
        };
        writeln!(out, "{}", escaped_json(&serde_json::to_string(&record)?))?;
    }
    Ok(())
}

/// As RFC 4180 has it, the first line with the names.
fn write_csv(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    let network = networks(rows);
    let has_networks = rows.iter().any(|row| network(row).is_some());
    let names = ["time", "direction", "peer", "message", "what", "outcome"];
    writer.write_record(names.into_iter().chain(has_networks.then_some("network")))?;
    for row in rows {
        let peer = row.line.peer.as_ref().map(clacks_feed::Key::untrusted).unwrap_or_default();
        let message = row.characters().unwrap_or_default();
        let what = row.what(usize::MAX, Charset::Unicode);
        let outcome = row.outcome(usize::MAX, Charset::Unicode);
        let time = time(row.now.unix_ms);
        let cells = [&*time, row.word(), peer, &message, what.as_str(), outcome.as_str()];
        let network = has_networks.then(|| network(row).unwrap_or_default());
        writer.write_record(cells.into_iter().chain(network).map(cell))?;
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
