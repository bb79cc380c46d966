//! Signed clouds.

use std::{sync::Arc, time::Duration};

use super::fakes::{Fake, parse, post, raw, start, status, wait_for};
use crate::{
    core::{Event, Failure},
    node::{Auth, Node, StartWarning},
    protocol::{
        Json, PrivateKey, PublicKey, Timestamp,
        test_keys::{FORMS, OTHER},
    },
};

fn key(text: &str) -> Arc<PrivateKey> {
    Arc::new(PrivateKey::from_text(text).unwrap())
}

fn auth(own: &str, accepted: &str) -> Auth {
    Auth { key: key(own), accepted: vec![PublicKey::from_text(accepted).unwrap()] }
}

/// The headers of a signature of now.
fn signed(key: &PrivateKey, id: &str, unix_ms: u64) -> String {
    let text = Timestamp(unix_ms).text();
    let signature = key.sign(text.as_bytes()).unwrap();
    format!("x-peercloud-id: {id}\r\nx-peercloud-timestamp: {text}\r\nx-peercloud-signature: {signature}\r\n")
}

#[tokio::test]
async fn two_nodes_that_accept_each_other_form_a_cloud_and_a_burst_is_accepted() {
    let (one, _) = start(Node::builder().auth(auth(&FORMS.pkcs8, &OTHER))).await;
    let (two, _) = start(Node::builder().auth(auth(&OTHER, &FORMS.pkcs8)).peers([one.local_address()])).await;
    two.ready().await.unwrap();
    assert!(one.warnings().is_empty());
    let sends: Vec<_> = (0..100).map(|_| two.broadcast(&Json::empty_object()).unwrap()).collect();
    for send in sends {
        assert_eq!(send.all().await[0].result, Ok(Some(Json::empty_object())));
    }
}

#[tokio::test]
async fn unsigned_wrong_old_and_replayed_requests_are_401() {
    let (node, mut events) = start(Node::builder().auth(auth(&FORMS.pkcs8, &OTHER))).await;
    let fake = Fake::start(|_, _| status("m")).await;
    let join =
        |headers: &str| post("/join", headers, &format!(r#"{{"id":"m","port":{}}}"#, fake.address.port));
    let ask = async |request: &str| parse(&raw(node.listens_on(), request).await);
    let now = node.now().unix_ms;
    assert_eq!(ask(&join("")).await.0, 401, "a stranger");
    let own = signed(&key(&FORMS.pkcs8), "m", now);
    assert_eq!(ask(&join(&own)).await.0, 401, "our own signature, sent back");
    let good = join(&signed(&key(&OTHER), "m", now));
    assert_eq!(ask(&good).await.0, 200);
    assert_eq!(ask(&good).await.0, 401, "a replay");
    let old = post("/message", &signed(&key(&OTHER), "m", now - 100_000), "{}");
    let (status, body) = ask(&old).await;
    assert!(status == 401 && body["error"].as_str().unwrap().starts_with("clock off by 10"), "{body}");
    wait_for(&mut events, |event| matches!(event, Event::ClockOff { .. }).then_some(())).await;
    let message = post("/message", &signed(&key(&OTHER), "m", now + 1), "{}");
    assert_eq!(ask(&message).await.0, 200);
    let other_body = message.replacen("{}", "[]", 1).replace("\r\n\r\n{}", "\r\n\r\n[]");
    assert_eq!(ask(&other_body).await.0, 200, "one signature is good for all of its millisecond");
    assert_eq!(ask(&message.replace("x-peercloud-signature: ", "x-peercloud-signature: AAAA")).await.0, 401);
}

#[tokio::test]
async fn a_check_is_answered_and_made_without_a_signature() {
    let (node, _) = start(Node::builder().auth(auth(&FORMS.pkcs8, &OTHER))).await;
    let fake = Fake::start(|_, _| status("m")).await;
    assert_eq!(parse(&raw(node.listens_on(), &post("/status", "", "{}")).await).0, 200);
    let headers = signed(&key(&OTHER), "m", node.now().unix_ms);
    let body = format!(r#"{{"id":"m","port":{}}}"#, fake.address.port);
    assert_eq!(parse(&raw(node.listens_on(), &post("/join", &headers, &body)).await).0, 200);
    let check = fake.asked.lock().unwrap()[0].clone();
    assert!(check.starts_with("POST /status ") && !check.contains("signature"), "{check}");
    node.broadcast(&Json::empty_object()).unwrap().all().await;
    let message = fake.asked.lock().unwrap().last().unwrap().clone();
    assert!(
        message.starts_with("POST /message ") && message.contains("x-peercloud-signature: "),
        "{message}"
    );
}

#[tokio::test]
async fn without_accepted_keys_everything_signed_is_refused() {
    let (node, _) = start(Node::builder().auth(Auth { key: key(&FORMS.pkcs8), accepted: Vec::new() })).await;
    let headers = signed(&key(&OTHER), "m", node.now().unix_ms);
    assert_eq!(parse(&raw(node.listens_on(), &post("/join", &headers, "{}")).await).0, 401);
}

#[tokio::test]
async fn a_node_that_accepts_its_own_key_is_warned() {
    let (node, _) = start(Node::builder().auth(auth(&FORMS.pkcs8, &FORMS.pkcs8))).await;
    assert_eq!(node.warnings(), [StartWarning::OwnKeyAccepted]);
}

#[tokio::test]
async fn a_node_that_accepts_any_time_of_signed_requests_is_warned() {
    let builder = Node::builder().auth(auth(&FORMS.pkcs8, &OTHER));
    let any_time = |options: &mut crate::core::Options| options.max_clock_difference = Duration::ZERO;
    let (node, _) = start(builder.options(any_time)).await;
    assert_eq!(node.warnings(), [StartWarning::AnyClock(Duration::from_secs(120))]);
    assert!(node.warnings()[0].to_string().contains("send it again after 120s"));
}

#[tokio::test]
async fn a_node_that_is_refused_for_its_signature_says_so() {
    let (one, _) = start(Node::builder().auth(auth(&FORMS.pkcs8, &OTHER))).await;
    let (two, mut events) = start(Node::builder().peers([one.local_address()])).await;
    assert!(two.ready().await.is_err());
    let failure = wait_for(&mut events, |event| match event {
        Event::Alone { failure } => failure.clone(),
        _ => None,
    })
    .await;
    let Failure::Status { code: 401, body } = failure else { panic!("{failure:?}") };
    assert!(body.contains("not signed"), "{body}");
}
