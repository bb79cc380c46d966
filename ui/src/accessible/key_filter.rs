//! Filters terminal input down to typed keys: removes terminal responses, mouse reports and paste marks.
//!
//! A query of an earlier program can be answered late and in pieces. The response would become part of the line.

use std::time::{Duration, Instant};

use clacks_terminal::{
    partial_responses::is_response,
    tokens::{Token, Tokenizer},
};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// Removes everything that is no key from terminal input.
#[derive(Debug, Default)]
pub(crate) struct KeyFilter {
    tokenizer: Tokenizer,
    last: Option<Instant>,
}

impl KeyFilter {
    /// The typed keys in these bytes, which were read at this time. Each key has its simplest form: a character, a
    /// control character, or `ESC [` and a letter for an arrow. Bytes that are not UTF-8 stay invalid.
    pub(crate) fn filter(&mut self, read: &[u8], now: Instant) -> Vec<u8> {
        let since = self.last.replace(now).map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        let has_begun = match self.tokenizer.timeout() {
            Some(timeout) if since < timeout => true,
            // An introducer alone is a key without effect here. An incomplete sequence is removed.
            Some(_) => {
                drop(self.tokenizer.flush());
                false
            }
            None => false,
        };
        if !has_begun && str::from_utf8(read).is_ok_and(is_response) {
            return Vec::new();
        }
        let mut typed = Vec::new();
        for token in read.iter().flat_map(|byte| self.tokenizer.feed(*byte)) {
            match token {
                Token::Key(key) if key.kind != KeyEventKind::Release => write(key, &mut typed),
                // A byte that occurs in no UTF-8 text.
                Token::InvalidUtf8 => typed.push(0xff),
                _ => {}
            }
        }
        typed
    }
}

/// Encodes a key. Keys with Alt are dropped, except Enter and Tab.
fn write(key: KeyEvent, typed: &mut Vec<u8>) {
    let has_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Enter => typed.push(b'\r'),
        KeyCode::Tab => typed.push(b'\t'),
        _ if key.modifiers.contains(KeyModifiers::ALT) => {}
        KeyCode::Backspace => typed.push(0x7f),
        KeyCode::Up => typed.extend(b"\x1b[A"),
        KeyCode::Down => typed.extend(b"\x1b[B"),
        KeyCode::Char(c) if has_control => {
            typed.extend(u8::try_from(c).ok().filter(u8::is_ascii_alphabetic).map(|c| c & 0x1f));
        }
        KeyCode::Char(c) => typed.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERS: &[&str] = &[
        "\x1b[?62;1;6;22c",
        "\x1b[>41;390;0c",
        "\x1b[24;80R",
        "\x1b[?2026;2$y",
        "\x1b[8;24;80t",
        "\x1b]11;rgb:1e1e/2e2e/3e3e\x1b\\",
        "\x1b]52;c;aGVsbG8=\x07",
        "\x1bP>|XTerm(390)\x1b\\",
        "\x1b_Gi=31;OK\x1b\\",
        "\x1b[<0;10;10M",
        "\x1b[M !!",
        "\x1b[I",
        "\x1b[201~",
        "\u{9b}?1;2c",
    ];

    /// The typed keys of these reads. Each has its pause in milliseconds after the previous one.
    fn typed(reads: &[(&[u8], u64)]) -> Vec<u8> {
        let (mut key_filter, mut now) = (KeyFilter::default(), Instant::now());
        let mut typed = Vec::new();
        for (read, pause) in reads {
            now += Duration::from_millis(*pause);
            typed.extend(key_filter.filter(read, now));
        }
        typed
    }

    #[test]
    fn a_response_is_removed_from_the_line_however_it_is_split() {
        for answer in ANSWERS {
            let answer = answer.as_bytes();
            for at in 0..=answer.len() {
                let reads = [(&b"j"[..], 0), (&answer[..at], 30), (&answer[at..], 30), (b"k\r", 30)];
                let shown = answer.escape_ascii();
                assert_eq!(typed(&reads).escape_ascii().to_string(), "jk\\r", "{shown} cut at {at}");
            }
        }
    }

    #[test]
    fn a_partial_response_that_fills_a_read_is_removed() {
        for answer in ["[?1;2c", "41;390;0c", "[24;80R", "]11;rgb:1e1e/2e2e/3e3e\x1b\\", "[<0;10;10M"] {
            assert_eq!(typed(&[(answer.as_bytes(), 0)]), b"", "{answer:?}");
        }
        for text in ["1;2;3", "[x] done", "10:30 h", "array[10]\r", "m", "c", ":rate 2\r", "24;80R\r"] {
            assert_eq!(typed(&[(text.as_bytes(), 0)]), text.as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn keys_are_encoded_in_their_simplest_form() {
        for (read, keys) in [
            ("na\u{ef}ve \u{1f5fc}\t\r", "na\u{ef}ve \u{1f5fc}\t\r"),
            ("\x04\x08\x15\x17\x1a\x7f\n", "\x04\x08\x15\x17\x1a\x7f\n"),
            ("\x1b[A\x1bOB\x1b[1;1A", "\x1b[A\x1b[B\x1b[A"),
            ("\x1b[C\x1b[3~\x1bOP\x1bx\x1b\x11", ""),
            ("\x1b\r\x1b[13u\x1b[200~two\nlines\x1b[201~", "\r\rtwo\nlines"),
        ] {
            assert_eq!(typed(&[(read.as_bytes(), 0)]), keys.as_bytes(), "{read:?}");
        }
        assert!(str::from_utf8(&typed(&[(b"na\xefve\r", 0)])).is_err());
        assert!(str::from_utf8(&typed(&[(b"na\xef", 0), (b"ve\r", 5)])).is_err());
    }

    #[test]
    fn esc_waits_for_the_rest_of_a_sequence_for_50_ms() {
        assert_eq!(typed(&[(b"\x1b", 0), (b"[A", 49)]), b"\x1b[A");
        assert_eq!(typed(&[(b"\x1b", 0), (b"ab", 49)]), b"b");
        assert_eq!(typed(&[(b"\x1b", 0), (b"ab", 50)]), b"ab");
        assert_eq!(typed(&[(b"\x1b]11;rgb", 0), (b":quit\r", 1000)]), b":quit\r");
    }
}
