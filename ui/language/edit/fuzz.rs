//! Editing of arbitrary messages.

use clacks_text::escape::escaped;
use serde_json::Value;

use super::*;
use crate::command::Command;

/// The bytes are JSON, or else the text of a message.
#[test]
fn edit() {
    clacks_fuzz::fuzz("edit", 5_000, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let message = Message::from_json(&text, DEFAULT_MAX_DEPTH).unwrap_or_else(|_| Message::text(&text));
        // A node has no falsy messages.
        if message.is_falsy() {
            return;
        }
        let id: MessageId = "7".parse().unwrap();
        let line = line(id, &message);
        match Command::parse(&line) {
            Ok(Command::Node(command)) if command.name == "edit" => {
                let text = command.text.strip_prefix("7 ").unwrap();
                assert_means_the_same(&message_of(text).unwrap(), &message);
            }
            other => panic!("{line:?} is {other:?}"),
        }
        assert_eq!(escaped(&line), line);
        check_document(&message);
    });
}

fn check_document(message: &Message) {
    let document = Document::of(message);
    assert_eq!(document.edited_to(&document.text), Edited::Unchanged);
    let without_end = document.text.strip_suffix('\n').unwrap();
    // If the text ends with two line breaks, one belongs to the message.
    assert!(without_end.ends_with('\n') || document.edited_to(without_end) == Edited::Unchanged);
    if document.is_json {
        // White space after the value does not change the message.
        match document.edited_to(&format!("{} ", document.text)) {
            Edited::Message(edited) => assert_means_the_same(&edited, message),
            other => panic!("{document:?} is {other:?}"),
        }
    }
}

/// The same value. Escapes and white space may differ.
fn assert_means_the_same(edited: &Message, message: &Message) {
    assert_eq!(edited.as_text(), message.as_text());
    let tree = |message: &Message| serde_json::from_str::<Value>(message.as_json()).ok();
    assert_eq!(tree(edited), tree(message));
}
