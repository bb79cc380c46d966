//! What ends a node of the package, or spoils its list, and so must never be sent or passed on.

use serde_json::Value;

use super::fakes::{Fake, join, parse, post, raw, start, status};
use crate::{
    node::Node,
    protocol::{Json, Path},
};

/// The package recurses through data. At 4,000 levels it still lives.
const MAX_DEPTH: usize = 128;
const MAX_BODY: usize = 102_400;

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// A record has exactly four fields, each of the type that a node of the package survives.
fn assert_record(record: &Value) {
    let fields = record.as_object().unwrap();
    assert_eq!(fields.keys().map(String::as_str).collect::<Vec<_>>(), ["data", "id", "ip", "port"]);
    assert!(record["id"].is_string() && record["ip"].is_string(), "{record}");
    assert!(record["port"].as_u64().is_some_and(|port| (1..=65_535).contains(&port)), "{record}");
}

fn assert_request(request: &str) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let path = head.split(' ').nth(1).and_then(Path::of).unwrap();
    assert!(head.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{head}");
    for header in ["x-peercloud-id: ", "content-type: application/json\r\n", "accept: application/json\r\n"] {
        assert_eq!(format!("{head}\r\n").matches(header).count(), 1, "{header} in {head}");
    }
    assert!(body.starts_with(['{', '[']) && body.len() <= MAX_BODY, "{body}");
    let value: Value = serde_json::from_str(body).unwrap();
    assert!(depth(&value) <= MAX_DEPTH, "{path}");
    let keys = || value.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
    match path {
        Path::Status => assert_eq!(body, "{}"),
        Path::Joined => assert_record(&value),
        Path::Left => assert_eq!((keys(), value["id"].is_string()), (vec!["id"], true)),
        Path::Update => assert_eq!((keys(), value["id"].is_string()), (vec!["data", "id"], true)),
        Path::Join | Path::Message => {}
    }
}

/// What a hostile member posts, and whether it is accepted.
fn hostile_posts() -> Vec<(&'static str, String, bool)> {
    let deep = "[".repeat(5000) + &"]".repeat(5000);
    // With what is around it, it is as deep as serde_json reads.
    let at_the_limit = "[".repeat(124) + &"]".repeat(124);
    let long = "a".repeat(20 << 10);
    let record = |id: &str, rest: &str| format!(r#"{{"id":"{id}","port":1,{rest}}}"#);
    let mut posts = Vec::new();
    for (id, rest, is_accepted) in [
        ("a", r#""ip":7"#.to_owned(), false),
        ("b", r#""ip":{"a":1}"#.to_owned(), false),
        ("c", r#""ip":"127.0.0.1\u0000""#.to_owned(), false),
        ("d", format!(r#""ip":"127.0.0.1","data":{deep}"#), false),
        ("e", format!(r#""ip":"127.0.0.1","data":"{long}""#), false),
        ("f\\u001b", r#""ip":"127.0.0.1""#.to_owned(), false),
        ("g", r#""ip":"127.0.0.1","send":"x","check":1,"clientId":{}"#.to_owned(), true),
        ("h", format!(r#""ip":"127.0.0.1","data":{at_the_limit}"#), true),
        ("i", r#""ip":"::ffff:127.0.0.1","__proto__":{"send":1}"#.to_owned(), true),
    ] {
        posts.push(("/joined", record(id, &rest), is_accepted));
    }
    posts.push(("/joined", r#"{"ip":"127.0.0.1","port":1}"#.to_owned(), false));
    posts.push(("/joined", r#"{"id":"p","ip":"127.0.0.1","port":"1e3"}"#.to_owned(), false));
    posts.push(("/update", format!(r#"{{"id":"hostile","data":{deep}}}"#), false));
    posts.push(("/update", format!(r#"{{"id":"hostile","data":{at_the_limit},"send":1}}"#), true));
    posts.push(("/left", r#"{"id":7}"#.to_owned(), false));
    posts.push(("/join", format!(r#"{{"id":"j","port":1,"data":{deep}}}"#), false));
    posts.push(("/join", r#"{"id":"k","ip":{},"port":1}"#.to_owned(), false));
    posts
}

#[tokio::test]
async fn nothing_that_ends_a_node_of_the_package_is_sent_or_passed_on() {
    let (node, _) = start(Node::builder()).await;
    let witness = Fake::start(|_, _| status("witness")).await;
    let hostile = Fake::start(|_, _| status("hostile")).await;
    for (fake, id) in [(&witness, "witness"), (&hostile, "hostile")] {
        assert_eq!(join(&node, fake, id).await.0, 200);
    }
    for (path, body, is_accepted) in hostile_posts() {
        let request = post(path, "x-peercloud-id: hostile\r\n", &body);
        let (status, answer) = parse(&raw(node.listens_on(), &request).await);
        assert_eq!(status == 200, is_accepted, "{path} {body:.60}: {answer}");
    }
    let newcomer = Fake::start(|_, _| status("newcomer")).await;
    let (_, answer) = join(&node, &newcomer, "newcomer").await;
    let peers = answer["peers"].as_array().unwrap();
    let mut ids: Vec<&str> = peers.iter().map(|peer| peer["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["g", "h", "hostile", "i", "witness"]);
    peers.iter().for_each(assert_record);
    assert!(depth(&answer) <= MAX_DEPTH, "{answer}");

    node.broadcast(&Json::of(&["hi"]).unwrap()).unwrap().all().await;
    node.update(Json::of(&["data"]).unwrap()).unwrap().all().await;
    node.close().await;
    for fake in [&witness, &hostile, &newcomer] {
        let asked = fake.asked.lock().unwrap().clone();
        asked.iter().for_each(|request| assert_request(request));
    }
    for path in [Path::Status, Path::Joined, Path::Message, Path::Update, Path::Left] {
        assert!(witness.asked(path) > 0, "{path} was sent");
    }
}
