use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::{Place, enqueued, hash, lines, peer, received, writing};
use crate::{Exported, Sighting};

pub(super) fn an_export_has_each_message_with_its_sightings(place: &dyn Place) {
    let mut store = writing(place);
    let mut expected = Vec::new();
    // More messages than are read at once.
    for n in 0..1_200_u64 {
        let json = n.to_string();
        store.append(&[received(&json, n), enqueued(&json, n + 1)], 0).unwrap();
        expected.push((json.clone(), None));
        expected.extend([(json.clone(), Some(n)), (json, Some(n + 1))]);
    }
    let mut parts = Vec::new();
    let mut each = |part: Exported<'_>| {
        parts.push(match part {
            Exported::Message(found) => (found.json.untrusted().to_owned(), None),
            Exported::Sighting(found, seen) => (found.json.untrusted().to_owned(), Some(seen.at)),
        });
        ControlFlow::Continue(())
    };
    store.export(&mut each).unwrap();
    assert_eq!(parts, expected);
}

pub(super) fn an_export_can_end_early(place: &dyn Place) {
    let mut store = writing(place);
    store.append(&[received("1", 1), received("1", 2), received("2", 3)], 0).unwrap();
    for most in 1..=5 {
        let mut parts = 0;
        let mut each = |_: Exported<'_>| {
            parts += 1;
            if parts == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        store.export(&mut each).unwrap();
        assert_eq!(parts, most);
    }
    // It can still be written to.
    store.append(&[received("3", 4)], 0).unwrap();
    assert_eq!(lines(&mut *store).len(), 7);
}

pub(super) fn an_export_has_one_harmless_json_line_for_each_part(place: &dyn Place) {
    let mut store = writing(place);
    let texts = ["{\"a\":\n\t[1e2, \"\u{9b}2J\u{202e}\"]}", "not \"JSON\\\u{7}"];
    let from = |json| Sighting { peer: Some(peer("\u{1b}\"\\", "new")), ..received(json, 5) };
    store.append(&texts.map(from), 0).unwrap();
    let lines = lines(&mut *store);
    assert!(lines.iter().all(|line| !line.chars().any(clacks_feed::escape::is_hidden)), "{lines:?}");
    let mut read: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Which message comes first does not matter.
    let at = read.iter().position(|line| line["message"].is_string()).unwrap();
    let strange: Vec<_> = read.drain(at..at + 2).collect();
    let first = json!({
        "message": {"a": [1e2, "\u{9b}2J\u{202e}"]}, "hash": hash(texts[0]).to_string(),
        "first_seen": 5, "last_seen": 5, "times": 1, "keep": false,
    });
    let sighting = json!({
        "sighting": "received", "hash": hash(texts[0]).to_string(), "at": 5,
        "peer": {"hostname": "\u{1b}\"\\", "port": 8080, "status": "new"},
    });
    assert_eq!(read, [first, sighting]);
    assert_eq!(strange[0]["message"], json!(texts[1]));
    assert!(lines.iter().any(|line| line.contains("1e2")), "numbers stay as they were written");
}
