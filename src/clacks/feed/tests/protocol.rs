//! The examples in `docs/protocol.md` are lines of a clacks node and of a client.

use std::collections::BTreeSet;

use clacks_feed::{
    Call, MAX_ITEMS, MAX_OPEN, MAX_ROWS, MAX_WAITING_BYTES, MAX_WINDOWS, Run,
    description::{Description, EventId},
    far::{MAX_BEGUN, MAX_BEHIND, MAX_LOOK_ROWS, MAX_LOOKS, MAX_SORTED, NOT_READ},
    json::{FaceLine, MAX_LINE, MAX_LONG_LINE, NodeLine, Reader, WINDOW_TEXT, read_hello},
};

use crate::description::describe;

const PAGE: &str = include_str!("../../../../docs/protocol.md");

fn description() -> Description {
    describe("tower.example.org:8080".into())
}

/// The lines of the examples, with what stands for the dots in them.
fn examples(description: &Description) -> Vec<(bool, String)> {
    let json = serde_json::to_string(description).unwrap();
    let gauges = vec!["null"; description.gauges.len()].join(",");
    let line = |line: &str| {
        let line = line.replace(r#""description":{…}"#, &format!(r#""description":{json}"#));
        line.replace(r#""gauges":[…]"#, &format!(r#""gauges":[{gauges}]"#))
    };
    let of_client = |text: &'static str| text.strip_prefix("← ").map(|text| (true, line(text)));
    let of_node = |text: &'static str| text.strip_prefix("→ ").map(|text| (false, line(text)));
    PAGE.lines().filter_map(|text| of_client(text).or_else(|| of_node(text))).collect()
}

/// The words before the second parenthesis or brace: `Answer(7, Called`.
fn kind(line: &impl std::fmt::Debug) -> String {
    let text = format!("{line:?}");
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let words: Vec<_> = words.take(2).collect();
    let is_divided = matches!(words[..], ["Answer" | "Request", _]);
    if is_divided { words.join(" ") } else { words[0].to_owned() }
}

#[test]
fn the_examples_of_the_page_can_be_read() {
    let description = description();
    let reader = Reader::new(&description);
    let lines = examples(&description);
    let mut kinds = BTreeSet::new();
    for (number, (is_of_client, line)) in lines.iter().enumerate() {
        if !is_of_client {
            let read = reader.node_line(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if let NodeLine::Hello(hello) = &read {
                assert_eq!(&read_hello(line).unwrap(), hello);
            }
            if let NodeLine::Event(event) = &read {
                assert!(event.event.seq == 0 || event.event.kind != EventId::UNKNOWN, "{line}");
            }
            kinds.insert(kind(&read));
            continue;
        }
        let refused = match reader.face_line(line) {
            Err(error) => error.to_string(),
            Ok(read) => {
                kinds.insert(kind(&read));
                let FaceLine::Typed(_, text) = read else { continue };
                match Call::from_line(text.untrusted(), Run(1), &description) {
                    Ok(_) => continue,
                    Err(reason) => reason.untrusted().to_owned(),
                }
            }
        };
        let answer = &lines[number + 1].1;
        assert!(answer.contains(&refused), "{refused}: {answer}");
    }
    let expected = [
        "Answer Called",
        "Answer Checked",
        "Answer Found",
        "Answer Refused",
        "Answer Rows",
        "Away",
        "Event",
        "Gauges",
        "Hello",
        "Lagged",
        "Look",
        "LookReplaced",
        "Request Call",
        "Request Check",
        "Request Find",
        "Request Rows",
        "SameView",
        "State",
        "Typed",
        "View",
        "Watch",
        "Watching",
    ];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn the_page_names_every_limit() {
    let page = PAGE.split_whitespace().collect::<Vec<_>>().join(" ");
    for limit in [
        format!("A line has at most {} MiB", MAX_LINE >> 20),
        format!("up to {} MiB: those that begin with `{{\"state\":`", MAX_LONG_LINE >> 20),
        format!("parts of lists, at most {MAX_WINDOWS}."),
        format!("at most {MAX_ROWS} each"),
        format!("items that are open, at most {MAX_OPEN},"),
        format!("items that are marked, at most {MAX_ITEMS}."),
        format!("At most {MAX_LOOKS} looks can be on their way"),
        format!("have at most {MAX_LOOK_ROWS} rows together"),
        format!("at most {MAX_SORTED} of them can be sorted or filtered"),
        format!("after {WINDOW_TEXT} bytes in windows"),
        format!("At most {MAX_BEGUN} requests, and about {} MiB of them, can wait", MAX_WAITING_BYTES >> 20),
        format!("more than {} MiB behind", MAX_BEHIND >> 20),
        format!("reads nothing for {} seconds", NOT_READ.as_secs()),
    ] {
        assert!(page.contains(&limit), "{limit}");
    }
}
