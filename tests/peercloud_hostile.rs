//! Peercloud nodes whose answers are hostile: our node lives, says why, and needs little memory.

#![allow(clippy::disallowed_methods, reason = "tests and benchmarks measure time")]

#[path = "soak/figures.rs"]
mod figures;

use std::{sync::Arc, sync::atomic::AtomicBool, sync::atomic::Ordering, time::Duration};

use clacks_peercloud::{
    Address, Id, Json, Node, Subscription,
    core::{CheckResult, Event, Failure},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use figures::Figures;

/// Maximum resident memory of this process, in which the hostile nodes are too.
const MAX_MEMORY: u64 = 100 << 20;
const OK: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\n";
/// A test that waits longer has failed.
const DEADLINE: Duration = Duration::from_secs(60);

/// What a hostile node answers everything with, once it is a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Hangs,
    /// A byte at a time, without an end.
    Drips,
    Redirects,
    /// 200 MB, with its length or without.
    Huge {
        has_length: bool,
    },
    /// Arrays in arrays.
    Deep(usize),
    Empty,
    Null,
    BreaksOff,
    NoHttp,
}

const ANSWERS: [Answer; 10] = [
    Answer::Hangs,
    Answer::Drips,
    Answer::Redirects,
    Answer::Huge { has_length: true },
    Answer::Huge { has_length: false },
    Answer::Deep(20_000),
    Answer::Empty,
    Answer::Null,
    Answer::BreaksOff,
    Answer::NoHttp,
];

impl Answer {
    /// Whether this is the failure that our node has to report for a request of this kind.
    fn is_reported_as(self, failure: &Failure, is_message: bool) -> bool {
        match self {
            Self::Hangs | Self::Drips => *failure == Failure::TimedOut,
            Self::Redirects => matches!(failure, Failure::Status { code: 302, .. }),
            Self::Huge { .. } => matches!(failure, Failure::TooLong(_)),
            Self::Deep(_) => matches!(failure, Failure::BadAnswer(_)),
            // As a reply to a message these are allowed.
            Self::Empty | Self::Null => !is_message && matches!(failure, Failure::BadAnswer(_)),
            Self::BreaksOff | Self::NoHttp => *failure == Failure::Cut,
        }
    }

    /// Those that never end need a short time-out; the others end by themselves, and may take long on a busy machine.
    fn timeout(self) -> Duration {
        let is_endless = matches!(self, Self::Hangs | Self::Drips);
        if is_endless { Duration::from_millis(200) } else { DEADLINE }
    }

    async fn write(self, stream: &mut TcpStream) -> std::io::Result<()> {
        match self {
            Self::Hangs => stream.read_to_end(&mut Vec::new()).await.map(drop),
            Self::Drips => {
                stream.write_all(format!("{OK}transfer-encoding: chunked\r\n\r\n").as_bytes()).await?;
                loop {
                    stream.write_all(b"1\r\n \r\n").await?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Self::Redirects => {
                let found =
                    "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(found.as_bytes()).await
            }
            Self::Huge { has_length } => {
                let length = if has_length { "content-length: 200000000\r\n" } else { "" };
                stream.write_all(format!("{OK}{length}\r\n").as_bytes()).await?;
                let part = vec![b' '; 1 << 16];
                for _ in 0..200_000_000 / part.len() {
                    stream.write_all(&part).await?;
                }
                Ok(())
            }
            Self::Deep(levels) => body(stream, &("[".repeat(levels) + &"]".repeat(levels))).await,
            Self::Empty => body(stream, "").await,
            Self::Null => body(stream, "null").await,
            Self::BreaksOff => stream.write_all(format!("{OK}content-length: 9\r\n\r\n{{").as_bytes()).await,
            Self::NoHttp => stream.write_all(b"SSH-2.0\r\n").await,
        }
    }
}

async fn body(stream: &mut TcpStream, body: &str) -> std::io::Result<()> {
    stream.write_all(format!("{OK}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await
}

/// A node with the id `m` that answers so. If it is to be let in, its first answer is that of a good node.
async fn hostile(answer: Answer, is_let_in: bool) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string().parse().expect("an address");
    let is_good = Arc::new(AtomicBool::new(is_let_in));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let is_good = is_good.swap(false, Ordering::Relaxed);
            tokio::spawn(async move {
                // Requests of our node fit in one read of this size.
                let _ = stream.read(&mut [0; 4096]).await?;
                if is_good {
                    body(&mut stream, r#"{"id":"m"}"#).await
                } else {
                    answer.write(&mut stream).await
                }
            });
        }
    });
    address
}

async fn start(answer: Answer, peers: Vec<Address>) -> (Node, Subscription) {
    let builder = Node::builder().peers(peers).options(|options| {
        (options.request_timeout, options.join_timeout) = (answer.timeout(), answer.timeout());
        options.check_interval = None;
    });
    let events = builder.subscribe();
    (builder.start().await.expect("a free port"), events)
}

async fn until<T>(events: &mut Subscription, pick: impl Fn(&Event) -> Option<T>) -> T {
    let wait = async {
        loop {
            let event = events.next().await.expect("the node runs");
            if let Some(picked) = pick(&event) {
                return picked;
            }
        }
    };
    timeout(DEADLINE, wait).await.expect("the event comes")
}

/// Posts this to our node. Returns the status of the answer.
async fn post(node: &Node, path: &str, body: &str) -> u16 {
    let mut stream = TcpStream::connect(node.listens_on()).await.expect("it listens");
    let head = "host: x\r\nconnection: close\r\ncontent-type: application/json";
    let request = format!("POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

/// The answer to our request to join.
async fn as_answer_to_a_join(answer: Answer) {
    let (node, mut events) = start(answer, vec![hostile(answer, false).await]).await;
    let failure = until(&mut events, |event| match event {
        Event::Alone { failure } => failure.clone(),
        _ => None,
    })
    .await;
    assert!(answer.is_reported_as(&failure, false), "{answer:?}: {failure:?}");
    assert_eq!(post(&node, "/status", "{}").await, 200, "it lives");
}

/// The answers of a member.
async fn as_answers_of_a_member(answer: Answer) {
    let (node, mut events) = start(answer, Vec::new()).await;
    let port = hostile(answer, true).await.port;
    assert_eq!(post(&node, "/join", &format!(r#"{{"id":"m","port":{port}}}"#)).await, 200);
    let id = Id::new("m").expect("an id");
    node.check(&id).await.expect("a member");
    let result = until(&mut events, |event| match event {
        Event::Checked { result, .. } => Some(result.clone()),
        _ => None,
    })
    .await;
    let CheckResult::Failed(failure) = result else { panic!("{answer:?}: {result:?}") };
    assert!(answer.is_reported_as(&failure, false), "{answer:?}: {failure:?}");

    node.send(&id, &Json::empty_object()).await.expect("a member");
    let reply = until(&mut events, |event| match event {
        Event::Replied { reply, .. } => Some(reply.clone()),
        _ => None,
    })
    .await;
    match reply.result {
        Ok(_) => assert!(matches!(answer, Answer::Empty | Answer::Null), "{answer:?}"),
        Err(failure) => assert!(answer.is_reported_as(&failure, true), "{answer:?}: {failure:?}"),
    }
    assert_eq!(post(&node, "/status", "{}").await, 200, "it lives");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_answers_need_little_memory_and_are_reported() {
    for answer in ANSWERS {
        as_answer_to_a_join(answer).await;
        as_answers_of_a_member(answer).await;
    }
    #[cfg(target_os = "linux")]
    {
        let memory = Figures::of(std::process::id()).most_memory;
        assert!((1..MAX_MEMORY).contains(&memory), "{memory} bytes");
    }
}
