//! Nodes that answer what they should not.

use std::time::Duration;

use super::fakes::{Act, Fake, join, start, status};
use crate::{
    core::{CheckResult, Failure},
    node::Node,
    protocol::{Id, Json, Path},
};

/// What a member answers to a message.
async fn reply_to_message(act: impl Fn() -> Act + Send + Sync + 'static) -> Result<Option<Json>, Failure> {
    let builder = Node::builder().options(|options| options.request_timeout = Duration::from_millis(500));
    let (node, _) = start(builder).await;
    let fake = Fake::start(move |path, _| if path == Path::Message { act() } else { status("m") }).await;
    assert_eq!(join(&node, &fake, "m").await.0, 200);
    node.send(&Id::new("m").unwrap(), &Json::empty_object()).await.unwrap().result
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let other = Fake::start(|_, _| Act::Body("[\"of another\"]".to_owned())).await;
    let location = other.address.to_string();
    let found = reply_to_message(move || {
        Act::Raw(format!(
            "HTTP/1.1 302 Found\r\nlocation: http://{location}/message\r\ncontent-length: 0\r\n\r\n"
        ))
    })
    .await;
    assert_eq!(found, Err(Failure::Status { code: 302, body: "".into() }));
    assert_eq!(other.asked(Path::Message), 0);
}

#[tokio::test]
async fn an_answer_of_200_mb_is_not_read() {
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
    for head in [format!("{head}content-length: 200000000\r\n\r\n"), format!("{head}\r\n")] {
        let found = reply_to_message(move || Act::Flood(head.clone(), 200_000_000)).await;
        assert_eq!(found, Err(Failure::TooLong(1 << 20)));
    }
}

#[tokio::test]
async fn an_answer_that_drips_or_hangs_ends_with_the_time_of_the_request() {
    assert_eq!(reply_to_message(|| Act::Drip).await, Err(Failure::TimedOut));
    assert_eq!(reply_to_message(|| Act::Hang).await, Err(Failure::TimedOut));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_cut() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{";
    assert_eq!(reply_to_message(move || Act::Raw(half.to_owned())).await, Err(Failure::Cut));
    assert_eq!(reply_to_message(|| Act::Raw(String::new())).await, Err(Failure::Cut));
    let no_http = reply_to_message(|| Act::Raw("SSH-2.0\r\n".to_owned())).await;
    assert_eq!(no_http, Err(Failure::Cut));
}

#[tokio::test]
async fn an_empty_answer_is_no_value_and_text_is_a_bad_answer() {
    assert_eq!(reply_to_message(|| Act::Body(String::new())).await, Ok(None));
    let text = reply_to_message(|| Act::Body("hello".to_owned())).await;
    assert!(matches!(text, Err(Failure::BadAnswer(_))), "{text:?}");
    let deep = "[".repeat(20_000) + &"]".repeat(20_000);
    let deep = reply_to_message(move || Act::Body(deep.clone())).await;
    assert!(matches!(deep, Err(Failure::BadAnswer(_))), "{deep:?}");
}

/// Each of these ends a node of the package.
#[tokio::test]
async fn statuses_that_end_the_package_only_fail() {
    for body in ["", "null", "7", "[]", "{\"id\":{}}"] {
        let (node, _) = start(Node::builder()).await;
        let answered = std::sync::atomic::AtomicBool::new(false);
        let fake = Fake::start(move |_, _| {
            if answered.swap(true, std::sync::atomic::Ordering::Relaxed) {
                Act::Body(body.to_owned())
            } else {
                status("m")
            }
        })
        .await;
        join(&node, &fake, "m").await;
        let result = node.check(&Id::new("m").unwrap()).await.unwrap();
        assert!(matches!(result, CheckResult::Failed(Failure::BadAnswer(_))), "{body}: {result:?}");
    }
}

#[tokio::test]
async fn lists_that_end_the_package_are_refused_and_nothing_of_them_is_passed_on() {
    let record = r#"{"id":"good","ip":"127.0.0.1","port":1,"data":{},"send":"x"}"#;
    let deep = "[".repeat(5000) + &"]".repeat(5000);
    for (body, members) in [
        (String::new(), 0),
        ("null".to_owned(), 0),
        (r#"{"status":"joined"}"#.to_owned(), 0),
        (
            format!(
                r#"{{"status":"joined","self":{{"id":"s"}},"peers":[{record},{{"id":"a","ip":7}},{{"id":"b","ip":"h","port":1,"data":{deep}}}]}}"#
            ),
            2,
        ),
    ] {
        let fake =
            Fake::start(move |path, _| if path == Path::Join { Act::Body(body.clone()) } else { Act::Hang })
                .await;
        let (node, _) = start(Node::builder().peers([fake.address.clone()])).await;
        assert_eq!(node.ready().await.is_ok(), members > 0);
        assert_eq!(node.members().len(), members);
        let newcomer = Fake::start(|_, _| status("n")).await;
        let (_, answer) = join(&node, &newcomer, "n").await;
        assert!(!answer.to_string().contains("send"), "{answer}");
    }
}

#[tokio::test]
async fn a_join_of_unknown_outcome_changes_the_id() {
    let fake = Fake::start(|_, _| Act::Hang).await;
    let builder = Node::builder().options(|options| options.join_timeout = Duration::from_millis(100));
    let (node, _) = start(builder.peers([fake.address.clone()])).await;
    assert!(node.ready().await.is_err());
    let first = fake.asked.lock().unwrap()[0].clone();
    assert!(!first.contains(node.id().as_str()), "{first}");
}
