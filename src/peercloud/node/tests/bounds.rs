//! Bounds of time and memory.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use clacks_transport::{event_ring::RingEvent, lookup::Lookups};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::fakes::{Fake, join, parse, post, raw, start, status};

use crate::{
    core::{
        CheckResult, Event, Failure, Outcome, Outgoing, Reach, Refusal, Reply, RequestId, SendId, SendKind,
    },
    node::{Node, client::Client},
    protocol::{Address, Id, Json, Path, Record},
};

#[test]
fn the_texts_of_failures_count_as_memory_of_an_event() {
    let member = Record {
        id: Id::new("a").unwrap(),
        address: Address::new("127.0.0.1", 1).unwrap(),
        data: Json::empty_object(),
    };
    let text: Arc<str> = "x".repeat(1000).into();
    let failure = Failure::BadAnswer(text.clone());
    let reply = Reply::new(member.clone(), Err(failure.clone()), Duration::ZERO);
    let events = [
        Event::Refused {
            refusal: Refusal::Body,
            from: [127, 0, 0, 1].into(),
            sender: None,
            status: 400,
            reason: text,
            is_repeated: false,
        },
        Event::Checked { member, took: Duration::ZERO, result: CheckResult::Failed(failure.clone()) },
        Event::Alone { failure: Some(failure) },
        Event::Replied { id: SendId::from(1), kind: SendKind::Message, reply },
    ];
    for event in events {
        assert!(event.size() >= 1000, "{} bytes of {event:?}", event.size());
    }
}

fn to_host(host: &str, was_reached: bool) -> Outgoing {
    Outgoing {
        id: RequestId::of(1),
        // Nobody listens at port 1.
        to: Address::new(host, 1).unwrap(),
        reach: Reach::Stranger(Some(clacks_transport::Scope::Loopback)),
        was_reached,
        path: Path::Status,
        sender: Id::new("a").unwrap(),
        body: "{}".into(),
        timestamp: None,
        keeps_connection: false,
        timeout: Duration::from_secs(1),
        max_answer: 1024,
    }
}

#[tokio::test]
async fn names_that_are_looked_up_slowly_do_not_hold_up_those_of_members() {
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let ended = std::sync::Mutex::new(ended);
    let (begin, mut lookups_begun) = tokio::sync::mpsc::unbounded_channel();
    let lookups = Lookups::with(move |name| {
        if name.starts_with("slow") {
            _ = begin.send(());
            // Until the test ends.
            _ = ended.lock().map(|ended| ended.recv());
        }
        Ok(vec![[127, 0, 0, 1].into()])
    });
    let client = Arc::new(Client::with_lookups(lookups).unwrap());
    let strangers: Vec<_> = (0..16)
        .map(|number| {
            let client = Arc::clone(&client);
            let request = to_host(&format!("slow{number}.example"), false);
            tokio::spawn(async move { client.post(request).await })
        })
        .collect();
    for _ in 0..16 {
        lookups_begun.recv().await.unwrap();
    }
    let member = client.post(to_host("member.example", true)).await;
    assert!(matches!(member, Outcome::Failed(Failure::Refused(_))), "it was contacted: {member:?}");
    for stranger in strangers {
        let outcome = stranger.await.unwrap();
        assert!(matches!(outcome, Outcome::Failed(Failure::NoResources(_))), "{outcome:?}");
    }
    drop(end);
}

/// A node whose list has 20 MB, more than the buffers of a connection, and a newcomer that passes its check.
async fn with_long_list() -> (Node, Fake) {
    let builder = Node::builder()
        .options(|options| {
            (options.bodies.max_body, options.bodies.max_data) = (5 << 20, 4 << 20);
            (options.check_interval, options.max_newcomers_per_address) = (None, 16);
        })
        .limits(|limits| limits.write_timeout = Duration::from_secs(600));
    let (node, _) = start(builder).await;
    let member = Fake::start(|_, _| status("m")).await;
    assert_eq!(join(&node, &member, "m").await.0, 200);
    for number in 0..5 {
        let data = "x".repeat((4 << 20) - 2);
        let body = format!(r#"{{"id":"n{number}","ip":"127.0.0.1","port":{},"data":"{data}"}}"#, 1 + number);
        let request = post("/joined", "x-peercloud-id: m\r\n", &body);
        assert_eq!(parse(&raw(node.listens_on(), &request).await).0, 200);
    }
    (node, Fake::start(|_, _| status("new")).await)
}

/// Asks to be let in, and reads the start of the answer.
async fn begin_join(to: SocketAddr, newcomer: &Fake) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let body = format!(r#"{{"id":"new","port":{}}}"#, newcomer.address.port);
    stream.write_all(post("/join", "", &body).as_bytes()).await.unwrap();
    let mut start = vec![0; 12];
    stream.read_exact(&mut start).await.unwrap();
    (stream, String::from_utf8(start).unwrap())
}

#[tokio::test]
async fn answers_to_joins_that_are_not_read_are_bounded() {
    let (node, newcomer) = with_long_list().await;
    let (held, answer) = begin_join(node.listens_on(), &newcomer).await;
    assert_eq!(answer, "HTTP/1.1 200");
    let (_, answer) = begin_join(node.listens_on(), &newcomer).await;
    assert_eq!(answer, "HTTP/1.1 503", "the answer before is not read");
    drop(held);
    // The node learns of it.
    while begin_join(node.listens_on(), &newcomer).await.1 != "HTTP/1.1 200" {}
}
