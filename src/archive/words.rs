//! The text of a message that a search finds: all its strings.

use clacks_feed::json_text::characters;

/// Maximum bytes of a message's strings that can be found.
pub(crate) const MAX_WORDS: usize = 64 << 10;

/// A word between two strings, so that a phrase does not reach from one to the next. A search cannot contain it, and
/// the full-text index counts a character for private use as a letter.
pub(crate) const BETWEEN: &str = " \u{e000} ";

/// The strings in a JSON text, decoded, without the names of fields. Of text that is not JSON, what lies between
/// quotation marks.
pub(crate) struct Strings<'a> {
    rest: &'a str,
}

impl<'a> Strings<'a> {
    pub(crate) fn new(json: &'a str) -> Self {
        Self { rest: json }
    }
}

impl Iterator for Strings<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            let start = self.rest.find('"')?;
            let string = &self.rest[start..];
            let length = length(string);
            let (string, rest) = string.split_at(length);
            self.rest = rest;
            let is_name = rest.trim_ascii_start().starts_with(':');
            if let Some(characters) = characters(string, false).filter(|_| !is_name) {
                return Some(characters);
            }
        }
    }
}

/// The length of the JSON string at the start of a text, with its quotation marks. Without an end it is the whole text.
fn length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 2)
}

/// All strings of a message in one text of at most [`MAX_WORDS`] bytes. It has no NUL, which databases end a text at.
pub(crate) fn words(json: &str) -> String {
    let mut words = String::new();
    for string in Strings::new(json) {
        if !words.is_empty() {
            words.push_str(BETWEEN);
        }
        let start = start(&string, MAX_WORDS.saturating_sub(words.len()));
        words.push_str(start);
        if start.len() < string.len() {
            break;
        }
    }
    words.replace('\0', " ")
}

/// At most `bytes` bytes of the start of a text, up to the end of a character.
pub(crate) fn start(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strings_of_a_message_are_found_and_its_field_names_are_not() {
        for (json, expected) in [
            (r#""GNU Terry""#, "GNU Terry"),
            (r#"{"class" : "weather","in":["Ankh","M\u00f6rp\"k\\"],"n":1}"#, "weather\nAnkh\nMörp\"k\\"),
            (r#"{"a":{"b":"c"}}"#, "c"),
            ("17", ""),
            ("null", ""),
            (r#""a\u0000b""#, "a b"),
            (r#"not JSON "but quoted" and "cut"#, "but quoted"),
            ("", ""),
            ("\"", ""),
            ("\"\\", ""),
        ] {
            assert_eq!(words(json), expected.replace('\n', BETWEEN), "{json}");
        }
    }

    #[test]
    fn the_words_of_a_long_message_are_cut_at_a_character() {
        let json = format!("[\"a\",\"{}\",\"z\"]", "ä".repeat(MAX_WORDS));
        let words = words(&json);
        assert!(words.len() <= MAX_WORDS && words.len() > MAX_WORDS - 2);
        assert!(words.starts_with(&format!("a{BETWEEN}ä")) && words.ends_with('ä'));
    }

    #[test]
    fn deep_messages_have_words() {
        let json = format!("{}\"deep\"{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(words(&json), "deep");
    }
}
