//! Valid payloads that the node does not queue.

use crate::{
    support::{FakePeer, Reply, builder, payload_of},
    tower::Tower,
};

#[tokio::test]
async fn an_ignored_sender_is_answered_403() {
    let mut tower = Tower::start().await;
    let ignored = FakePeer::start().await;
    assert!(tower.node.ignore(ignored.address()));
    for kind in ["message", "announce", "other"] {
        let answer = tower.post(payload_of(kind, ignored.address(), r#""m""#)).await;
        assert_eq!((answer.status, answer.body.as_str()), (403, "ignored\n"), "{kind}");
        tower.still_works(kind).await;
    }
}

#[tokio::test]
async fn a_falsy_message_gets_200_and_is_not_queued() {
    let mut tower = Tower::start().await;
    for falsy in ["null", "false", "0", "\"\"", "-0", "0.0", "0e5", "-0.0e-7"] {
        let answer = tower.post(tower.payload(falsy)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{falsy}");
        tower.still_works(falsy).await;
    }
}

#[tokio::test]
async fn only_a_payload_of_type_message_adds_a_message() {
    let mut tower = Tower::start().await;
    let sender = tower.peer.address().clone();
    for kind in ["announce", "other", "Message", "message ", ""] {
        let answer = tower.post(payload_of(kind, &sender, r#""not for the queue""#)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{kind}");
        tower.still_works(kind).await;
    }
    for kind in ["null", "5", "[\"message\"]", "\"\\ud800\""] {
        let body = tower
            .payload(r#""not for the queue""#)
            .replace(r#""message","sender""#, &format!(r#"{kind},"sender""#));
        assert_eq!(tower.post(body).await.status, 200, "{kind}");
        tower.still_works("a type that is no string").await;
    }
}

#[tokio::test]
async fn a_full_queue_responds_503_and_refuses_the_message() {
    let mut tower = Tower::of(builder().options(|options| options.max_queue_messages = 1)).await;
    tower.peer.reply(Reply::Nothing);
    assert_eq!(tower.post(tower.payload(r#""first""#)).await.status, 200);
    tower.passes_on(r#""first""#).await;
    // The first message is in flight until the peer responds.
    let answer = tower.post(tower.payload(r#""second""#)).await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "the queue is full, try again later\n"));
    assert_eq!(tower.post(tower.payload("null")).await.status, 200, "there is room for nothing");

    tower.peer.reply(Reply::status(200));
    let node = tower.node.clone();
    crate::support::eventually("the first is delivered", || node.overview().counters.delivered == 1).await;
    tower.still_works("a full queue").await;
}

#[tokio::test]
async fn a_queue_full_by_bytes_responds_503() {
    let mut tower = Tower::of(builder().options(|options| options.max_queue_bytes = 100)).await;
    let long = format!("\"{}\"", "a".repeat(99));
    assert_eq!(tower.post(tower.payload(&long)).await.status, 503);
    tower.still_works("too many bytes").await;
}
