//! Errors of the engine as faults of a script.

use std::borrow::Cow;

use clacks_feed::escape::escaped;
use mlua::Error;

use crate::Fault;

/// Longest reason in characters.
const MAX_REASON: usize = 500;

/// The fault that an error of the engine is. `chunk` is the name of the script's file.
pub(super) fn fault_of(error: &Error, chunk: &str) -> Fault {
    let (text, traceback) = described(error);
    let first = text.lines().next().unwrap_or_default();
    if let Some((line, reason)) = split_place(first, chunk) {
        return fault(chunk, Some(line), reason);
    }
    let place = line_in(&text, chunk).or_else(|| line_in(&traceback, chunk));
    fault(chunk, place, without_prelude(first))
}

/// A fault at a line of the script.
pub(super) fn fault(chunk: &str, line: Option<u32>, reason: &str) -> Fault {
    let reason = line_of(reason.trim());
    let reason = match line {
        Some(line) => format!("{chunk}:{line}: {reason}"),
        None => format!("{chunk}: {reason}"),
    };
    Fault { line, reason }
}

/// A text of a script on one line, cut, and without hidden characters: it can be a peer's.
pub(super) fn line_of(text: &str) -> Cow<'_, str> {
    let end = text.char_indices().nth(MAX_REASON).map_or(text.len(), |(at, _)| at);
    escaped(&text[..end])
}

/// The first line of the script that a traceback names.
pub(super) fn line_in(traceback: &str, chunk: &str) -> Option<u32> {
    traceback.lines().find_map(|line| split_place(line.trim(), chunk)).map(|(line, _)| line)
}

fn described(error: &Error) -> (String, String) {
    match error {
        Error::CallbackError { traceback, cause } => {
            let (text, inner) = described(cause);
            (text, format!("{inner}\n{traceback}"))
        }
        Error::SyntaxError { message, .. } | Error::RuntimeError(message) => (message.clone(), String::new()),
        Error::MemoryError(_) => ("used more memory than it is allowed".to_owned(), String::new()),
        other => (other.to_string(), String::new()),
    }
}

/// Splits `name:4: reason` or `[string "name"]:4: reason`.
fn split_place<'a>(text: &'a str, chunk: &str) -> Option<(u32, &'a str)> {
    let rest = match text.strip_prefix("[string \"") {
        Some(rest) => rest.strip_prefix(chunk)?.strip_prefix("\"]:")?,
        None => text.strip_prefix(chunk)?.strip_prefix(':')?,
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let line = rest[..digits].parse().ok()?;
    Some((line, rest[digits..].trim_start_matches([':', ' '])))
}

/// Removes the place of an error within the prelude.
fn without_prelude(text: &str) -> &str {
    split_place(text, super::sandbox::PRELUDE).map_or(text, |(_, reason)| reason)
}
