//! Raw HTTP from a client, and servers that answer whatever a test wants.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

use crate::{
    core::Event,
    node::{Builder, Node, Subscription},
    protocol::{Address, Path},
};

/// A node on a free port, and its events.
pub(super) async fn start(builder: Builder) -> (Node, Subscription) {
    let events = builder.subscribe();
    let node = builder.port(free_port()).start().await.unwrap();
    (node, events)
}

pub(super) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits for an event that the function accepts.
pub(super) async fn wait_for<T>(events: &mut Subscription, accept: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = events.next().await.expect("the node runs");
        if let Some(found) = accept(&event) {
            return found;
        }
    }
}

/// Sends these bytes, and reads until the server closes the connection.
pub(super) async fn raw(to: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that closes without reading everything resets the connection, after its answer.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

/// A POST of JSON with these headers, each with its line break.
pub(super) fn post(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The status and the body of an answer. The body is JSON.
pub(super) fn parse(answer: &str) -> (u16, serde_json::Value) {
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, "null"));
    assert!(head.contains("content-type: application/json"), "{answer}");
    (status, serde_json::from_str(body).unwrap())
}

/// A server whose answers are raw bytes. It counts what it is asked.
pub(super) struct Fake {
    pub(super) address: Address,
    pub(super) asked: Arc<Mutex<Vec<String>>>,
    task: AbortHandle,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a fake does with a request.
pub(super) enum Act {
    /// It answers with 200 and this body, and closes the connection.
    Body(String),
    /// It answers with these bytes, and closes the connection.
    Raw(String),
    /// It answers with these bytes and then with as many zeros, as fast as they are read.
    Flood(String, usize),
    /// It never answers.
    Hang,
    /// It answers without an end: a byte at a time.
    Drip,
}

impl Fake {
    /// A server that does what `act` says for a path and a whole request.
    pub(super) async fn start(act: impl Fn(Path, &str) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string().parse().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (act, heard) = (Arc::new(act), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (act, heard) = (Arc::clone(&act), Arc::clone(&heard));
                tokio::spawn(async move {
                    let _ = serve(stream, act.as_ref(), &heard).await;
                });
            }
        });
        Self { address, asked, task: task.abort_handle() }
    }

    pub(super) fn asked(&self, path: Path) -> usize {
        let start = format!("POST {path} ");
        self.asked.lock().unwrap().iter().filter(|request| request.starts_with(&start)).count()
    }
}

async fn serve(
    mut stream: TcpStream,
    act: &(dyn Fn(Path, &str) -> Act + Send + Sync),
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let request = read_request(&mut stream).await?;
    asked.lock().unwrap().push(request.clone());
    let path = request.split(' ').nth(1).and_then(Path::of).unwrap_or(Path::Status);
    match act(path, &request) {
        Act::Body(body) => {
            let length = body.len();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            stream.write_all(format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes()).await
        }
        Act::Raw(bytes) => stream.write_all(bytes.as_bytes()).await,
        Act::Flood(head, mut length) => {
            stream.write_all(head.as_bytes()).await?;
            let zeros = vec![b'0'; 1 << 16];
            while length > 0 {
                let part = length.min(zeros.len());
                stream.write_all(&zeros[..part]).await?;
                length -= part;
            }
            Ok(())
        }
        // Ends when the client closes its connection.
        Act::Hang => stream.read_to_end(&mut Vec::new()).await.map(drop),
        Act::Drip => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            loop {
                stream.write_all(b"1\r\n \r\n").await?;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    }
}

/// The head and the body of a request with a length.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0) {
                return Ok(text);
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The answer to `/status` of a node with this id.
pub(super) fn status(id: &str) -> Act {
    Act::Body(format!(r#"{{"id":"{id}","online":true,"listening":true,"joined":true}}"#))
}

/// Lets a fake into the cloud of a node. Returns the answer.
pub(super) async fn join(node: &Node, fake: &Fake, id: &str) -> (u16, serde_json::Value) {
    let body = format!(r#"{{"id":"{id}","port":{}}}"#, fake.address.port);
    parse(&raw(node.listens_on(), &post("/join", "", &body)).await)
}
