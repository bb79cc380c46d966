//! Editing of arbitrary texts.

use clacks_text::escape::escaped;
use serde_json::Value;

use super::*;

/// The bytes are JSON, or else a text.
#[test]
fn edit() {
    clacks_fuzz::fuzz("edit", 5_000, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let draft = match serde_json::from_str::<&RawValue>(&text) {
            Ok(json) => format!("{JSON}{}", on_one_line(json.get())),
            Err(_) => from_plain(&text),
        };
        check_document(&draft);
    });
}

fn check_document(draft: &str) {
    let document = Document::of(draft);
    let visible = document.text.replace(['\n', '\t'], "");
    assert_eq!(escaped(&visible), visible);
    assert_eq!(document.edited_to(&document.text), Edited::Unchanged);
    let without_end = document.text.strip_suffix('\n').unwrap();
    // If the text ends with two line breaks, one belongs to it.
    assert!(without_end.ends_with('\n') || document.edited_to(without_end) == Edited::Unchanged);
    if document.is_json {
        // White space after the value does not change it.
        match document.edited_to(&format!("{} ", document.text)) {
            Edited::Text(edited) => assert_eq!(value(&edited), value(draft)),
            other => panic!("{document:?} is {other:?}"),
        }
    }
}

/// The value of a draft. `None`: its numbers or its depth are more than this reader takes.
fn value(draft: &str) -> Option<Value> {
    match draft.strip_prefix(JSON) {
        Some(json) => serde_json::from_str(json).ok(),
        None => Some(draft.strip_prefix(':').unwrap_or(draft).into()),
    }
}
