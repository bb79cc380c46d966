//! JSON tokens. Every text is escaped, so that a terminal may show it.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{Key, Now, Text, escape::is_unsafe};

/// An object or array that is being written.
pub(super) struct Parts<'a> {
    pub(super) out: &'a mut Vec<u8>,
    is_empty: bool,
    end: u8,
}

impl<'a> Parts<'a> {
    pub(super) fn object(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true, end: b'}' }
    }

    pub(super) fn array(out: &'a mut Vec<u8>) -> Self {
        out.push(b'[');
        Self { out, is_empty: true, end: b']' }
    }

    /// Where the next element of an array is written.
    pub(super) fn next(&mut self) -> &mut Vec<u8> {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        self.out
    }

    /// Where the value of the next field of an object is written. The name needs no escape.
    pub(super) fn field(&mut self, name: &str) -> &mut Vec<u8> {
        let out = self.next();
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        out
    }

    /// The fields of an object that is already JSON.
    pub(super) fn fields_of(&mut self, object: &RawValue) {
        let inner = object.get().trim().strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
        // White space inside of strings is never at the ends.
        let inner = inner.unwrap_or_default().trim();
        if !inner.is_empty() {
            push_json_text(self.next(), inner);
        }
    }

    pub(super) fn end(self) {
        self.out.push(self.end);
    }
}

/// Writes a value that can't contain anything that needs an escape, such as a number.
pub(super) fn push_plain(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Memory accepts every write, and no value that is written here refuses to be serialized.
    let _ = serde_json::to_writer(out, value);
}

/// Writes any value.
pub(super) fn push_any(out: &mut Vec<u8>, value: &impl Serialize) {
    push_json_text(out, &serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()));
}

/// Writes JSON. White space between its tokens becomes spaces.
pub(super) fn push_json_text(out: &mut Vec<u8>, json: &str) {
    // No early exit, so that many bytes are compared at once.
    if json.bytes().fold(true, |is_plain, byte| is_plain & (b' '..=b'~').contains(&byte)) {
        return out.extend_from_slice(json.as_bytes());
    }
    push_runs(out, json, is_printable, |out, character| match character {
        // None of these can stand inside a string.
        '\t' | '\n' | '\r' => out.push(b' '),
        other => push_character(out, other),
    });
}

/// Writes a string.
pub(super) fn push_str(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    push_runs(
        out,
        text,
        |byte| IS_PLAIN[usize::from(byte)],
        |out, character| match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            other => push_character(out, other),
        },
    );
    out.push(b'"');
}

/// Copies runs of plain bytes at once, and gives each other character to `push`.
fn push_runs(out: &mut Vec<u8>, text: &str, is_plain: fn(u8) -> bool, push: fn(&mut Vec<u8>, char)) {
    let mut rest = text;
    while let Some(end) = rest.bytes().position(|byte| !is_plain(byte)) {
        let (plain, from) = rest.split_at(end);
        out.extend_from_slice(plain.as_bytes());
        let mut characters = from.chars();
        characters.next().into_iter().for_each(|character| push(out, character));
        rest = characters.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// The bytes that stand for themselves in a string.
const IS_PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        plain[byte as usize] = byte != b'"' && byte != b'\\';
        byte += 1;
    }
    plain
};

/// Writes a character, or its escape if a terminal would act on it or hide it.
fn push_character(out: &mut Vec<u8>, character: char) {
    if !is_unsafe(character) {
        return out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    for unit in character.encode_utf16(&mut [0; 2]) {
        out.extend_from_slice(b"\\u");
        let digit = |shift: u32| b"0123456789abcdef"[usize::from(*unit >> shift & 15)];
        out.extend([12, 8, 4, 0].map(digit));
    }
}

pub(super) fn push_text(out: &mut Vec<u8>, text: &Text) {
    push_str(out, text.untrusted());
}

pub(super) fn push_key(out: &mut Vec<u8>, key: &Key) {
    push_str(out, key.untrusted());
}

/// Writes milliseconds with each nanosecond.
pub(super) fn push_millis(out: &mut Vec<u8>, time: Duration) {
    match u64::try_from(time.as_millis()) {
        Ok(millis) => push_plain(out, &millis),
        Err(_) => push_plain(out, &time.as_millis()),
    }
    let mut nanos = time.subsec_nanos() % 1_000_000;
    if nanos > 0 {
        out.push(b'.');
        let mut unit = 100_000;
        while nanos > 0 {
            out.push(b'0' + (nanos / unit) as u8);
            nanos %= unit;
            unit /= 10;
        }
    }
}

/// Writes the fields of a time.
pub(super) fn now(object: &mut Parts<'_>, now: Now) {
    push_plain(object.field("time"), &now.unix_ms);
    push_millis(object.field("uptime_ms"), now.uptime);
}
