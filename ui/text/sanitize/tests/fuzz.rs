//! Sanitizing of arbitrary bytes.

use super::*;
use crate::{
    charset::Charset,
    escape::{escaped, escaped_json},
    sanitize::{SafeLine, sanitize, sanitize_lines},
    testing::is_hidden,
};

/// The first three bytes are the width, the first row and the number of rows; the rest is the text.
#[test]
fn cells() {
    clacks_fuzz::fuzz("cells", 3_000, |bytes| {
        let [columns, skip, rows, text @ ..] = bytes else { return };
        let columns = u16::from(columns % 100);
        // The emulator does not draw U+FFFD.
        let text = String::from_utf8_lossy(text).replace('\u{fffd}', "?");
        for charset in [Charset::Unicode, Charset::Ascii] {
            check(&text, columns, usize::from(*skip), usize::from(rows % 40), charset);
        }
        check_escaped(&text);
    });
}

fn check(text: &str, columns: u16, skip: usize, rows: usize, charset: Charset) {
    let row = sanitize(text, columns.into(), charset);
    check_row(&row, columns);
    check_terminal(&row, columns);
    assert_eq!(sanitize(&row, columns.into(), charset), row);
    assert!(!charset.is_ascii() || row.is_ascii());
    let all = sanitize_lines(text, columns.into(), 0, usize::MAX, charset);
    all.iter().for_each(|row| check_row(row, columns));
    let window: Vec<SafeLine> = all.into_iter().skip(skip).take(rows).collect();
    assert_eq!(sanitize_lines(text, columns.into(), skip, rows, charset), window);
}

/// Checks the escapes used outside the screen.
fn check_escaped(text: &str) {
    let is_selector = |c: &char| ('\u{fe00}'..='\u{fe0f}').contains(c);
    let written = escaped(text);
    assert!(!written.chars().any(|c| !is_selector(&c) && is_hidden(c)), "{written:?}");
    let json = serde_json::to_string(text).unwrap();
    assert_eq!(serde_json::from_str::<String>(&escaped_json(&json)).unwrap(), text);
}
