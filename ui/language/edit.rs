//! Messages in the form that the user edits: on the input line, or as a document in an external editor.
//!
//! A string without invisible characters is edited as plain text. Any other message is edited as JSON, with invisible
//! characters as escapes, because an invisible character would get lost unnoticed.

use clacks_p2p::{DEFAULT_MAX_DEPTH, Message, core::MessageId};
use clacks_text::{escape::escaped_json, json::indented, sanitize::is_hidden};

use super::command::CommandError;

#[cfg(test)]
mod fuzz;

/// A message as the text of a document for an external editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The document's content, with a line break at its end as editors write it.
    pub text: String,
    /// The text is JSON. Otherwise it is the text of a string message.
    pub is_json: bool,
}

/// Result of editing a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// The text is the same, apart from line breaks at its end and `\r\n`.
    Unchanged,
    /// The new message.
    Message(Message),
    /// The text is not a valid message; the value is the reason.
    Wrong(String),
}

impl Document {
    /// Writes a message as a document: a string without invisible characters as plain text, any other value as
    /// indented JSON.
    pub fn of(message: &Message) -> Self {
        let visible = string(message).filter(|text| is_visible(text));
        let is_json = visible.is_none();
        let text = visible.unwrap_or_else(|| {
            // Escapes of line breaks stay; the JSON itself is indented.
            let (json, _) = indented(&message.as_json_line(), usize::MAX);
            json.split('\n').map(|line| escaped_json(line).into_owned()).collect::<Vec<_>>().join("\n")
        });
        Self { text: format!("{text}\n"), is_json }
    }

    /// Parses the document's edited text.
    pub fn edited_to(&self, text: &str) -> Edited {
        // A plain-text document has no `\r`, because a message with one is edited as JSON. Some editors write one at
        // the end of each line.
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
            return Edited::Message(Message::text(text));
        }
        // On one line, as on the input line.
        let message = Message::from_json(text, DEFAULT_MAX_DEPTH)
            .and_then(|message| Message::from_json(&message.as_json_line(), DEFAULT_MAX_DEPTH));
        message.map_or_else(|error| Edited::Wrong(error.to_string()), Edited::Message)
    }
}

/// The `:edit` command for this message, with the present text as its argument. Text that would not survive the line
/// (line breaks, tabs, invisible characters, outer white space) is written as `:json`.
pub fn line(id: MessageId, message: &Message) -> String {
    let with = |text: &str| format!(":edit {id} {text}");
    let as_text =
        string(message).filter(|text| !text.contains(['\n', '\t']) && is_visible(text)).and_then(|text| {
            let typed = if text.starts_with(':') { format!(":{text}") } else { text.clone() };
            sets_text(&typed, &text).then(|| with(&typed))
        });
    as_text.unwrap_or_else(|| with(&format!(":json {}", escaped_json(&message.as_json_line()))))
}

/// Whether a new text of a command sets this text. White space at the ends would be lost.
fn sets_text(typed: &str, text: &str) -> bool {
    typed.trim() == typed && message_of(typed).is_ok_and(|message| message.as_text().as_deref() == Some(text))
}

/// The text of a message that has the same JSON when it is typed.
fn as_text(message: &Message) -> Option<String> {
    message.as_text().filter(|text| Message::text(text) == *message && !text.trim().is_empty())
}

/// A message as the new text of another one: the text of a string, in which a colon at the beginning is doubled, or else
/// `:json VALUE`.
pub fn new_text(message: &Message) -> String {
    match as_text(message) {
        Some(text) if text.starts_with(':') => format!(":{text}"),
        Some(text) => text,
        None => format!(":json {}", message.as_json()),
    }
}

/// The message that a new text means.
///
/// # Errors
///
/// Fails if the text is a command other than `:json`, or its JSON is invalid.
pub fn message_of(text: &str) -> Result<Message, CommandError> {
    if let Some(json) = text.strip_prefix(":json ") {
        return Ok(Message::from_json(json, DEFAULT_MAX_DEPTH)?);
    }
    match text.strip_prefix(':') {
        Some(rest) if !rest.starts_with(':') => Err(CommandError::NotAText),
        Some(rest) => Ok(Message::text(rest)),
        None if text.trim().is_empty() => Err(CommandError::Empty),
        None => Ok(Message::text(text)),
    }
}

/// The `:edit` command with invalid JSON as its argument, joined to one line, so that the user can correct it.
pub fn line_to_correct(item: &str, text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    format!(":edit {item} :json {}", lines.collect::<Vec<_>>().join(" "))
}

/// The text of a string message; `None` if it has a lone surrogate, which is no character.
fn string(message: &Message) -> Option<String> {
    serde_json::from_str(message.as_json()).ok()
}

/// Whether all characters are visible, or line breaks or tabs.
fn is_visible(text: &str) -> bool {
    !text.contains(|character| !matches!(character, '\n' | '\t') && is_hidden(character))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::command::Command;

    fn json(json: &str) -> Message {
        Message::from_json(json, DEFAULT_MAX_DEPTH).unwrap()
    }

    fn id() -> MessageId {
        "7".parse().unwrap()
    }

    #[test]
    fn visible_text_is_edited_as_text_and_other_messages_as_json() {
        for (message, text, is_json) in [
            (r#""GNU Terry""#, "GNU Terry\n", false),
            (r#""two\nlines\t""#, "two\nlines\t\n", false),
            (r#""bell \u0007""#, "\"bell \\u0007\"\n", true),
            (r#""\r""#, "\"\\r\"\n", true),
            (r#""lone \ud800""#, "\"lone \\ud800\"\n", true),
            ("\"rtl \u{202e}\"", "\"rtl \\u202e\"\n", true),
            (r#"{"a":[1.0e+2]}"#, "{\n  \"a\": [\n    1.0e+2\n  ]\n}\n", true),
        ] {
            assert_eq!(
                Document::of(&json(message)),
                Document { text: text.to_owned(), is_json },
                "{message}"
            );
        }
    }

    #[test]
    fn the_line_break_at_the_end_is_the_editors() {
        let document = Document::of(&Message::text("hello"));
        for same in ["hello\n", "hello"] {
            assert_eq!(document.edited_to(same), Edited::Unchanged);
        }
        assert_eq!(document.edited_to("hello\n\n"), Edited::Message(Message::text("hello\n")));
        assert_eq!(document.edited_to("bye\n"), Edited::Message(Message::text("bye")));
        let document = Document::of(&Message::text("one\ntwo"));
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
            assert_eq!(document.edited_to(edited), Edited::Message(Message::text(meant)), "{edited:?}");
        }
        let document = Document::of(&json("[1]"));
        assert_eq!(document.edited_to("[\r\n  1\r\n]\r\n"), Edited::Unchanged);
        assert_eq!(document.edited_to("[\r\n  1, 2\r\n]\r\n"), Edited::Message(json("[1,2]")));
        assert_eq!(document.edited_to("[\n  1, 2\n]\n"), Edited::Message(json("[1,2]")));
        assert!(matches!(document.edited_to("[1"), Edited::Wrong(reason) if reason.starts_with("not JSON")));
    }

    /// The message that an `:edit` line sets.
    fn new_message(line: &str) -> Message {
        match Command::parse(line) {
            Ok(Command::Node(command)) => message_of(command.text.strip_prefix("7 ").unwrap()).unwrap(),
            other => panic!("{line:?} is {other:?}"),
        }
    }

    #[test]
    fn the_edit_line_contains_the_text_of_the_message() {
        for (message, expected) in [
            (r#""GNU Terry""#, ":edit 7 GNU Terry"),
            (r#"":quit""#, ":edit 7 ::quit"),
            (r#""caf\u00e9""#, ":edit 7 caf\u{e9}"),
            (r#""::x""#, ":edit 7 :::x"),
            (r#"" ends ""#, r#":edit 7 :json " ends ""#),
            (r#""two\nlines""#, r#":edit 7 :json "two\nlines""#),
            (r#""tab\there""#, r#":edit 7 :json "tab\there""#),
            ("[1,\n 2]", ":edit 7 :json [1,2]"),
        ] {
            assert_eq!(line(id(), &json(message)), expected, "{message}");
        }
    }

    proptest! {
        /// For any message, sending its line unchanged does not change its meaning.
        #[test]
        fn an_unchanged_edit_line_keeps_the_meaning(text in "\\PC*|[ :\\n\\t\\r\u{7}\u{202e}a-c]{0,12}") {
            let message = Message::text(&text);
            // A node has no falsy messages.
            prop_assume!(!message.is_falsy());
            let again = new_message(&line(id(), &message));
            prop_assert_eq!(again.as_text(), Some(text.clone()));
            prop_assert_eq!(Document::of(&message).edited_to(&Document::of(&message).text), Edited::Unchanged);
            if let Edited::Message(back) = (Document { text: String::new(), ..Document::of(&message) })
                .edited_to(&Document::of(&message).text)
            {
                prop_assert_eq!(back.as_text(), Some(text));
            }
        }
    }
}
