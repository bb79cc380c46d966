//! Texts of items in the form that the user edits: on the input line, or as a document in an external editor.
//!
//! A network gives a text to be edited as one line: the text itself, in which a colon at the beginning is doubled, or
//! `:json VALUE`. In a document a text without invisible characters is plain. Any other value is JSON, with invisible
//! characters as escapes, because an invisible character would get lost unnoticed.

use clacks_text::{escape::escaped_json, json::indented, sanitize::is_hidden};
use serde_json::value::RawValue;

#[cfg(test)]
mod fuzz;

/// What stands before a JSON value in a line.
const JSON: &str = ":json ";

/// A text as a document for an external editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The document's content, with a line break at its end as editors write it.
    pub text: String,
    /// The text is JSON. Otherwise it is plain.
    pub is_json: bool,
}

/// Result of editing a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// The text is the same, apart from line breaks at its end and `\r\n`.
    Unchanged,
    /// Nothing is left.
    Empty,
    /// The new text, in the form in which the network reads it.
    Text(String),
    /// The text is not JSON; the value is the reason.
    Wrong(String),
}

impl Document {
    /// Writes a text of a network as a document: a text without invisible characters is plain, any other value is indented
    /// JSON.
    pub fn of(draft: &str) -> Self {
        let plain = match draft.strip_prefix(JSON) {
            Some(json) => serde_json::from_str::<String>(json).ok(),
            None => Some(draft.strip_prefix(':').unwrap_or(draft).to_owned()),
        };
        let visible = plain.as_deref().filter(|text| is_visible(text));
        let is_json = visible.is_none();
        let text = visible.map_or_else(|| json_document(draft, plain.as_deref()), str::to_owned);
        Self { text: format!("{text}\n"), is_json }
    }

    /// Parses the document's edited text.
    pub fn edited_to(&self, text: &str) -> Edited {
        // A plain document has no `\r`, because a text with one is edited as JSON. Some editors write one at the end of
        // each line.
        let text = text.replace("\r\n", "\n");
        if text == self.text {
            return Edited::Unchanged;
        }
        // The editor adds the last line break.
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if text == self.text.strip_suffix('\n').unwrap_or(&self.text) {
            return Edited::Unchanged;
        }
        if !self.is_json {
            return if text.is_empty() { Edited::Empty } else { Edited::Text(from_plain(text)) };
        }
        match serde_json::from_str::<&RawValue>(text) {
            Ok(json) if json.get() == "\"\"" => Edited::Empty,
            Ok(json) => Edited::Text(format!("{JSON}{}", on_one_line(json.get()))),
            Err(error) => Edited::Wrong(format!("not JSON: {error}")),
        }
    }
}

/// The JSON of a text of a network, as a document.
fn json_document(draft: &str, plain: Option<&str>) -> String {
    let json = match (draft.strip_prefix(JSON), plain) {
        (Some(json), _) => json.to_owned(),
        (None, plain) => serde_json::Value::from(plain.unwrap_or(draft)).to_string(),
    };
    // Escapes of line breaks stay; the JSON itself is indented.
    let (json, _) = indented(&json, usize::MAX);
    json.split('\n').map(|line| escaped_json(line).into_owned()).collect::<Vec<_>>().join("\n")
}

/// A plain text in the form in which a network reads it.
fn from_plain(text: &str) -> String {
    if text.trim().is_empty() {
        format!("{JSON}{}", serde_json::Value::from(text))
    } else if text.starts_with(':') {
        format!(":{text}")
    } else {
        text.to_owned()
    }
}

/// JSON without line breaks. They stand only between tokens.
fn on_one_line(json: &str) -> String {
    json.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// The `:edit` command with invalid JSON as its argument, joined to one line, so that the user can correct it.
pub fn line_to_correct(item: &str, text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    format!(":edit {item} :json {}", lines.collect::<Vec<_>>().join(" "))
}

/// Whether all characters are visible, or line breaks or tabs.
fn is_visible(text: &str) -> bool {
    !text.contains(|character| !matches!(character, '\n' | '\t') && is_hidden(character))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn visible_text_is_edited_as_text_and_other_values_as_json() {
        for (draft, text, is_json) in [
            ("GNU Terry", "GNU Terry\n", false),
            ("::quit", ":quit\n", false),
            (r#":json "two\nlines\t""#, "two\nlines\t\n", false),
            (r#":json "bell \u0007""#, "\"bell \\u0007\"\n", true),
            (r#":json "\r""#, "\"\\r\"\n", true),
            (r#":json "lone \ud800""#, "\"lone \\ud800\"\n", true),
            ("rtl \u{202e}", "\"rtl \\u202e\"\n", true),
            (r#":json {"a":[1.0e+2]}"#, "{\n  \"a\": [\n    1.0e+2\n  ]\n}\n", true),
        ] {
            assert_eq!(Document::of(draft), Document { text: text.to_owned(), is_json }, "{draft}");
        }
    }

    fn text(text: &str) -> Edited {
        Edited::Text(text.to_owned())
    }

    #[test]
    fn the_line_break_at_the_end_is_the_editors() {
        let document = Document::of("hello");
        for same in ["hello\n", "hello"] {
            assert_eq!(document.edited_to(same), Edited::Unchanged);
        }
        assert_eq!(document.edited_to("hello\n\n"), text("hello\n"));
        assert_eq!(document.edited_to("bye\n"), text("bye"));
        assert_eq!(document.edited_to(":bye\n"), text("::bye"));
        assert_eq!(document.edited_to("\n"), Edited::Empty);
        assert_eq!(document.edited_to("  \n"), text(":json \"  \""));
        let document = Document::of(r#":json "one\ntwo""#);
        for same in ["one\r\ntwo\r\n", "one\r\ntwo", "one\ntwo\r\n"] {
            assert_eq!(document.edited_to(same), Edited::Unchanged, "{same:?}");
        }
        for (edited, meant) in [
            ("one\r\nthree\r\n", "one\nthree"),
            ("one\r\nthree", "one\nthree"),
            ("one\r\n\r\n", "one\n"),
            ("a\rb\r\n", "a\rb"),
            ("one \r\n", "one "),
        ] {
            assert_eq!(document.edited_to(edited), text(meant), "{edited:?}");
        }
        let document = Document::of(":json [1]");
        assert_eq!(document.edited_to("[\r\n  1\r\n]\r\n"), Edited::Unchanged);
        assert_eq!(document.edited_to("[\r\n  1, 2\r\n]\r\n"), text(":json [ 1, 2 ]"));
        assert_eq!(document.edited_to("\"\"\n"), Edited::Empty);
        assert!(matches!(document.edited_to("[1"), Edited::Wrong(reason) if reason.starts_with("not JSON")));
    }

    proptest! {
        /// What was not changed is unchanged, and a change of a plain text can be read as that text.
        #[test]
        fn an_edited_document_keeps_its_text(first in "\\PC*|[ :\\n\\t\\r\u{7}\u{202e}a-c]{0,12}", then in "\\PC+") {
            let document = Document::of(&from_plain(&first));
            prop_assert_eq!(document.edited_to(&document.text), Edited::Unchanged);
            if !document.is_json && is_visible(&then) && !matches!(document.edited_to(&then), Edited::Unchanged) {
                let Edited::Text(draft) = document.edited_to(&then) else { panic!("{then:?}") };
                prop_assert_eq!(Document::of(&draft).edited_to(&then), Edited::Unchanged);
            }
        }
    }
}
