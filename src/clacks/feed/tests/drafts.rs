use clacks_feed::{Call, Check, Draft, Network, Text};
use clacks_p2p::{DEFAULT_MAX_DEPTH, Message};

use super::calls::{network, text_of};
use crate::description::QUEUE;

fn sent(draft: &Draft, text: &str) -> Call {
    Call { text: Text::new(text), ..draft.send.clone() }
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn a_message_is_held_while_it_is_edited_and_returns_to_its_place() {
    let network = network().await;
    for line in ["enqueue one", "enqueue two", "enqueue three"] {
        network.line(line).await.unwrap();
    }
    let draft = network.line("edit 2").await.unwrap().draft.unwrap();
    assert_eq!(draft.text, "two".into());
    assert_eq!(network.messages(), (texts(&["1 \"one\"", "3 \"three\""]), texts(&["2 \"two\""])));
    // A text that is refused stays open.
    let wrong = sent(&draft, ":json {");
    assert!(matches!(network.check(&wrong), Check::Wrong(_)), "{:?}", network.check(&wrong));
    assert!(network.do_call(wrong).await.is_err());
    let changed = network.do_call(sent(&draft, "zwei")).await.unwrap();
    assert_eq!(changed.text, "changed 2".into());
    let all = texts(&["1 \"one\"", "2 \"zwei\"", "3 \"three\""]);
    assert_eq!(network.messages(), (all, Vec::new()));
    network.do_call(changed.undo.unwrap()).await.unwrap();
    let all = texts(&["1 \"one\"", "2 \"two\"", "3 \"three\""]);
    assert_eq!(network.messages(), (all, Vec::new()));
    assert!(network.do_call(draft.cancel.unwrap()).await.is_err());
    // Without a draft a held message stays held.
    network.line("hold 2").await.unwrap();
    assert_eq!(network.said("edit 2 deux").await, Ok("changed 2".into()));
    assert_eq!(network.messages().1, texts(&["2 \"deux\""]));
}

#[tokio::test]
async fn a_draft_is_cancelled_and_a_message_that_was_held_stays_held() {
    let network = network().await;
    for line in ["enqueue one", "enqueue two", "hold 1"] {
        network.line(line).await.unwrap();
    }
    let before = network.messages();
    for id in [1, 2] {
        let draft = network.line(&format!("edit {id}")).await.unwrap().draft.unwrap();
        // A second screen edits the same draft.
        let call = network.call_of("edit").on(QUEUE, [id.to_string().into()]);
        let call = if id == 1 { network.call_of("edit 1") } else { call };
        let other = network.do_call(call).await;
        if id == 1 {
            assert_eq!(other.unwrap().draft.unwrap(), draft);
        } else {
            assert!(other.is_err(), "it is not in the queue now");
        }
        let cancel = draft.cancel.unwrap();
        assert_eq!(network.check(&cancel), Check::Works);
        assert_eq!(text_of(network.do_call(cancel).await), Ok(format!("{id} is as it was")));
        assert_eq!(network.messages(), before);
    }
    let draft = network.line("edit 1").await.unwrap().draft.unwrap();
    network.do_call(sent(&draft, "eins")).await.unwrap();
    assert_eq!(network.messages(), (texts(&["2 \"two\""]), texts(&["1 \"eins\""])));
    assert!(network.said("edit 9").await.is_err());
}

#[tokio::test]
async fn the_text_of_a_draft_makes_the_same_message() {
    let network = network().await;
    for (json, expected) in [
        (r#""GNU Terry""#, "GNU Terry"),
        (r#"":quit""#, "::quit"),
        (r#""::x""#, ":::x"),
        (r#""caf\u00e9""#, "caf\u{e9}"),
        (r#"" ends ""#, r#":json " ends ""#),
        (r#""two\nlines""#, r#":json "two\nlines""#),
        (r#""lone \ud800""#, r#":json "lone \ud800""#),
        ("\"rtl \u{202e}\"", r#":json "rtl \u202e""#),
        ("[1,\n 2]", ":json [1,2]"),
    ] {
        let message = Message::from_json(json, DEFAULT_MAX_DEPTH).unwrap();
        let id = network.node().enqueue(message.clone()).unwrap();
        let draft = network.line(&format!("edit {id}")).await.unwrap().draft.unwrap();
        assert_eq!(draft.text.untrusted(), expected, "{json}");
        network.do_call(sent(&draft, expected)).await.unwrap();
        let after = network.node().queued_message(id).unwrap().message;
        let value = |json: &str| json.replace("\\ud800", "?").parse::<serde_json::Value>().unwrap();
        assert_eq!(value(after.as_json()), value(json));
        assert_eq!(after.as_text(), message.as_text());
    }
}
