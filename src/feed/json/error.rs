use std::fmt::Display;

use serde_json::error::Category;

use super::{MAX_LONG_LINE, VERSION};
use crate::{description::DescriptionError, escape::escaped};

/// Maximum characters of a reason, because it may quote a peer.
const MAX_REASON: usize = 200;

/// Why a line can't be read. The texts are safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The line is too long. The value is the maximum in bytes.
    #[error("the line is longer than {0} bytes and was skipped; write shorter lines")]
    TooLong(usize),
    /// The line is not UTF-8. The value is the number of valid bytes before the first invalid one.
    #[error("the line is not UTF-8 after {0} bytes; write lines in UTF-8")]
    NotUtf8(usize),
    /// The line is not one JSON object.
    #[error("column {column}: {reason}; write one JSON object in one line")]
    Broken {
        /// The byte of the line, counted from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// The line is JSON, but a value in it is not possible.
    #[error("column {column}: {reason}")]
    Wrong {
        /// The byte of the line, counted from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// The line is written in a later version.
    #[error(
        "the lines have version {0}, but this program reads at most version {VERSION}; update this program"
    )]
    Version(u64),
    /// The description of the node is invalid.
    #[error("the description of the node is invalid: {0}; update the node, or this program")]
    Description(#[from] DescriptionError),
    /// The line has none of the fields that a line of a face has.
    #[error(
        "the request is unknown; write `watch` or `look`, or `id` with `line`, `call`, `check`, `find` or `rows`"
    )]
    UnknownRequest,
    /// The first line of a node is not `hello`.
    #[error("the first line is not `hello`; connect to a node of clacks, or open a recording of one")]
    NoHello,
}

/// Why a line of a face can't be read, with the number of the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct RequestError {
    /// The number of the request, so that it can be answered. `None` if it could not be read.
    pub id: Option<u64>,
    /// The reason.
    #[source]
    pub error: JsonError,
}

impl JsonError {
    /// An error in a value that begins at this byte of the line, counted from 0.
    pub(super) fn wrong(offset: usize, reason: impl Display) -> Self {
        Self::Wrong { column: offset + 1, reason: bounded(&reason.to_string()) }
    }

    /// An error of `serde_json` in a part of the line that begins at this byte, counted from 0.
    pub(super) fn new(offset: usize, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let reason = bounded(text.strip_suffix(&place).unwrap_or(&text));
        // There is one line. An error at the end of the input has column 0 if the input is empty.
        let column = offset + error.column().clamp(1, MAX_LONG_LINE);
        match error.classify() {
            Category::Data => Self::Wrong { column, reason },
            Category::Syntax | Category::Eof | Category::Io => Self::Broken { column, reason },
        }
    }
}

/// The start of a reason that may quote a peer, safe to show.
fn bounded(reason: &str) -> String {
    let end = reason.char_indices().nth(MAX_REASON).map_or(reason.len(), |(end, _)| end);
    escaped(&reason[..end]).into_owned()
}
