//! Messages as people edit them, given any message.

use clacks_text::escape::escaped;
use serde_json::Value;

use super::*;

/// The bytes are a message as JSON, or else its text.
#[test]
fn edit() {
    clacks_fuzz::fuzz("edit", 5_000, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let message = Message::from_json(&text, DEFAULT_MAX_DEPTH).unwrap_or_else(|_| Message::text(&text));
        // No node has such a message.
        if message.is_falsy() {
            return;
        }
        let id: MessageId = "7".parse().unwrap();
        let line = line(id, &message);
        match Command::parse(&line) {
            Ok(Command::Node(NodeCommand::Replace(same, edited))) if same == id => {
                assert_means_the_same(&edited, &message);
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
    // Of two line breaks at the end, one was the message's.
    assert!(without_end.ends_with('\n') || document.edited_to(without_end) == Edited::Unchanged);
    if document.is_json {
        // White space behind the value changes nothing that is said.
        match document.edited_to(&format!("{} ", document.text)) {
            Edited::Message(edited) => assert_means_the_same(&edited, message),
            other => panic!("{document:?} is {other:?}"),
        }
    }
}

/// Escapes and white space may be others.
fn assert_means_the_same(edited: &Message, message: &Message) {
    assert_eq!(edited.as_text(), message.as_text());
    let tree = |message: &Message| serde_json::from_str::<Value>(message.as_json()).ok();
    assert_eq!(tree(edited), tree(message));
}
