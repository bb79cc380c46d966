//! What a node answers to whoever connects.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::fakes::{Act, Fake, free_port, join, parse, post, raw, start, status, wait_for};
use crate::{
    core::{Event, Refusal},
    node::{Node, StartError},
    protocol::{Json, Path},
};

#[tokio::test]
async fn every_answer_is_json_with_a_reason() {
    let (node, _) = start(Node::builder()).await;
    let fake = Fake::start(|_, _| status("m")).await;
    assert_eq!(join(&node, &fake, "m").await.0, 200);
    let long = format!("[\"{}\"]", "a".repeat(102_400));
    let deep = "[".repeat(20_000) + &"]".repeat(20_000);
    let member = "x-peercloud-id: m\r\n";
    let twice = "x-peercloud-id: m\r\nx-peercloud-id: m\r\n";
    let text = post("/message", member, "{}").replace("application/json", "text/plain");
    let latin =
        post("/message", member, "{}").replace("application/json", "application/json; charset=latin1");
    let gzip = post("/message", "x-peercloud-id: m\r\ncontent-encoding: gzip\r\n", "{}");
    for (request, expected) in [
        ("GET /status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(), 405),
        (post("/check", "", "{}"), 404),
        (post("/message", "", "{}"), 404),
        (post("/message", "x-peercloud-id: other\r\n", "{}"), 404),
        (post("/message", twice, "{}"), 404),
        (post("/message", member, "{"), 400),
        (post("/message", member, "\u{feff}{}"), 400),
        (post("/message", member, "7"), 400),
        (post("/message", member, &deep), 400),
        (post("/message", member, &long), 413),
        (text, 415),
        (latin, 415),
        (gzip, 415),
        (post("/update", member, r#"{"id":"other","data":{}}"#), 403),
        (post("/join", "", r#"{"id":"m","port":1}"#), 409),
    ] {
        let (status, body) = parse(&raw(node.listens_on(), &request).await);
        assert_eq!(status, expected, "{}", &request[..request.len().min(200)]);
        assert!(body["error"].is_string(), "{body}");
    }
    for request in [
        post("/MESSAGE/x?y", member, "{}"),
        post("/message", member, "{}").replace("application/json", "Application/JSON; charset=UTF-8"),
        "POST /status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(),
    ] {
        assert_eq!(parse(&raw(node.listens_on(), &request).await).0, 200, "{request}");
    }
}

#[tokio::test]
async fn no_header_says_where_a_newcomer_is() {
    let (node, _) = start(Node::builder()).await;
    let fake = Fake::start(|_, _| status("m")).await;
    let names = ["x-client-ip", "x-forwarded-for", "cf-connecting-ip", "true-client-ip", "x-real-ip"];
    let headers = names.map(|name| [name, ": 8.8.8.8\r\n"].concat()).concat();
    let body = format!(r#"{{"id":"m","port":{}}}"#, fake.address.port);
    let (status, answer) = parse(&raw(node.listens_on(), &post("/join", &headers, &body)).await);
    assert_eq!((status, answer["ip"].as_str()), (200, Some("127.0.0.1")));
    assert_eq!(node.members()[0].record.address, fake.address);
}

#[tokio::test]
async fn a_newcomer_that_hangs_up_is_not_let_in() {
    let (node, mut events) = start(Node::builder()).await;
    let (asked, mut was_asked) = tokio::sync::mpsc::unbounded_channel();
    let fake = Fake::start(move |_, _| {
        _ = asked.send(());
        Act::Hang
    })
    .await;
    let mut newcomer = TcpStream::connect(node.listens_on()).await.unwrap();
    let body = format!(r#"{{"id":"m","port":{}}}"#, fake.address.port);
    newcomer.write_all(post("/join", "", &body).as_bytes()).await.unwrap();
    was_asked.recv().await.unwrap();
    drop(newcomer);
    // A second newcomer from the same address shows that the place of the first is free: two would be the limit.
    let other = Fake::start(|_, _| status("n")).await;
    assert_eq!(join(&node, &other, "n").await.0, 200);
    wait_for(&mut events, |event| matches!(event, Event::MemberAdded { .. }).then_some(())).await;
    let ids: Vec<String> = node.members().iter().map(|member| member.record.id.to_string()).collect();
    assert_eq!(ids, ["n"]);
}

#[tokio::test]
async fn a_slow_head_is_cut_and_an_idle_connection_is_not() {
    let (node, _) =
        start(Node::builder().limits(|limits| limits.head_timeout = Duration::from_millis(50))).await;
    let request = post("/status", "", "{}").replace("connection: close\r\n", "");
    let mut idle = TcpStream::connect(node.listens_on()).await.unwrap();
    let mut answer = [0; 12];
    idle.write_all(request.as_bytes()).await.unwrap();
    idle.read_exact(&mut answer).await.unwrap();
    // The time for a head passes twice.
    for _ in 0..2 {
        assert_eq!(raw(node.listens_on(), "POST /sta").await, "");
    }
    let mut rest = vec![0; 1024];
    let length = idle.read(&mut rest).await.unwrap();
    assert!(length > 0, "the rest of the first answer");
    idle.write_all(request.as_bytes()).await.unwrap();
    idle.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_slow_body_is_answered_with_408() {
    let (node, _) =
        start(Node::builder().limits(|limits| limits.body_timeout = Duration::from_millis(50))).await;
    let request = post("/join", "", "{}").replace("content-length: 2", "content-length: 3");
    assert_eq!(parse(&raw(node.listens_on(), &request).await).0, 408);
    assert_eq!(node.counters().refusals.of(Refusal::Slow), 1);
}

#[tokio::test]
async fn a_handler_that_is_late_is_504_and_one_that_panics_is_500() {
    let builder = Node::builder().limits(|limits| limits.handler_timeout = Duration::from_millis(50));
    let builder = builder.on_message(|member, message| async move {
        match message.as_str() {
            "[1]" => std::future::pending().await,
            "[2]" => panic!("as a test wants"),
            "[3]" => Err("no".to_owned()),
            _ => Ok(member.data),
        }
    });
    let (node, _) = start(builder).await;
    let fake = Fake::start(|_, _| status("m")).await;
    join(&node, &fake, "m").await;
    for (message, expected) in [("[1]", 504), ("[2]", 500), ("[3]", 500), ("[4]", 200)] {
        let request = post("/message", "x-peercloud-id: m\r\n", message);
        assert_eq!(parse(&raw(node.listens_on(), &request).await).0, expected, "{message}");
    }
}

#[tokio::test]
async fn a_port_that_was_asked_for_and_is_taken_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let started = Node::builder().port(port).start().await;
    assert!(matches!(started, Err(StartError::Listen { .. })), "{started:?}");
}

#[tokio::test]
async fn without_a_port_a_node_takes_9338_or_any_free_one() {
    let nodes = [Node::builder().start().await.unwrap(), Node::builder().start().await.unwrap()];
    let ports = nodes.each_ref().map(Node::port);
    assert_ne!(ports[0], ports[1]);
    assert_ne!(ports[1], 9338, "the first has it, unless another program has");
    assert!(nodes.iter().all(|node| node.listens_on().ip().is_loopback()), "others reach it only if told");
}

#[tokio::test]
async fn a_full_table_of_connections_refuses_no_new_one() {
    let builder = Node::builder().limits(|limits| limits.max_connections_per_address = 2);
    let (node, _) = start(builder).await;
    let idle = [TcpStream::connect(node.listens_on()).await, TcpStream::connect(node.listens_on()).await];
    for _ in 0..5 {
        assert_eq!(parse(&raw(node.listens_on(), &post("/status", "", "{}")).await).0, 200);
    }
    drop(idle);
}

#[tokio::test]
async fn slow_bodies_take_no_places() {
    let builder = Node::builder().limits(|limits| {
        limits.max_connections_per_address = 2;
        limits.body_timeout = Duration::from_secs(60);
    });
    let (node, _) = start(builder).await;
    let request =
        post("/join", "expect: 100-continue\r\n", "{}").replace("content-length: 2", "content-length: 3");
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(node.listens_on()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        // The node says so when it begins to read the body.
        let mut goes_on = [0; 12];
        stream.read_exact(&mut goes_on).await.unwrap();
        assert_eq!(&goes_on, b"HTTP/1.1 100");
        slow.push(stream);
    }
    assert_eq!(parse(&raw(node.listens_on(), &post("/status", "", "{}")).await).0, 200);
}

/// As a node of the package sends a burst: a connection for each message.
#[tokio::test]
async fn a_burst_of_connections_waits_for_places() {
    let builder = Node::builder().limits(|limits| limits.max_connections_per_address = 4);
    let (node, _) = start(builder).await;
    let fake = Fake::start(|_, _| status("m")).await;
    join(&node, &fake, "m").await;
    let to = node.listens_on();
    let burst: Vec<_> = (0..100)
        .map(|_| {
            tokio::spawn(
                async move { parse(&raw(to, &post("/message", "x-peercloud-id: m\r\n", "{}")).await).0 },
            )
        })
        .collect();
    for answer in burst {
        assert_eq!(answer.await.unwrap(), 200);
    }
}

#[tokio::test]
async fn after_close_nobody_answers_and_the_members_know() {
    let (node, mut events) = start(Node::builder()).await;
    let fake = Fake::start(|_, _| status("m")).await;
    join(&node, &fake, "m").await;
    let id = node.id();
    node.close().await;
    assert!(TcpStream::connect(node.listens_on()).await.is_err());
    assert_eq!(fake.asked(Path::Left), 1);
    assert!(fake.asked.lock().unwrap().last().unwrap().ends_with(&format!(r#"{{"id":"{id}"}}"#)));
    while events.next().await.is_some() {}
    assert!(node.broadcast(&Json::empty_object()).is_err());
}

#[tokio::test]
async fn a_goodbye_waits_for_a_silent_member_only_for_its_time() {
    let builder = Node::builder().limits(|limits| limits.goodbye_timeout = Duration::from_millis(50));
    let (node, _) = start(builder).await;
    let fake = Fake::start(|path, _| if path == Path::Left { Act::Hang } else { status("m") }).await;
    join(&node, &fake, "m").await;
    assert_eq!(node.close().await, []);
}

#[tokio::test]
async fn a_node_starts_with_events_and_is_alone() {
    let (node, mut events) = start(Node::builder()).await;
    assert!(matches!(events.next().await, Some(Event::Started { .. })));
    assert_eq!(events.next().await, Some(Event::Alone { failure: None }));
    assert!(node.ready().await.is_err());
    let nobody = format!("127.0.0.1:{}", free_port()).parse().unwrap();
    assert!(node.join(&[nobody]).await.is_err());
}
