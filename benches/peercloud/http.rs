//! Just enough HTTP to ask and to answer a node, with little work, so that the node is what is measured.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

/// A connection on which whole requests or responses are read.
pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect(address).expect("the node listens"))
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a socket");
        Self { stream, read: Vec::new() }
    }

    /// Posts this. Returns the head of the response.
    pub(crate) fn post(&mut self, request: &[u8]) -> String {
        self.stream.write_all(request).expect("the node reads");
        self.next().expect("the node answers")
    }

    /// The head of the next request or response, whose body is skipped. `None` at the end.
    fn next(&mut self) -> Option<String> {
        let mut part = [0; 1 << 14];
        loop {
            if let Some((head, length)) = whole(&self.read) {
                self.read.drain(..length);
                return Some(head);
            }
            match self.stream.read(&mut part) {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.read.extend_from_slice(&part[..count]),
            }
        }
    }
}

/// The head of a message that has arrived whole, and its length with the body.
fn whole(bytes: &[u8]) -> Option<(String, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let lower = head.to_ascii_lowercase();
    let length = match lower.split("content-length: ").nth(1) {
        Some(rest) => end + rest.split("\r\n").next()?.parse::<usize>().ok()?,
        // Node.js sends the end of such a body in one piece with it.
        None if lower.contains("transfer-encoding: chunked") => {
            end + bytes[end..].windows(5).position(|five| five == b"0\r\n\r\n")? + 5
        }
        None => end,
    };
    (bytes.len() >= length).then_some((head, length))
}

/// A request of a member.
pub(crate) fn request(path: &str, sender: &str, body: &str) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nx-peercloud-id: {sender}");
    let length = body.len();
    format!("{head}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

/// Lets a member with this id, which answers everything well, into the cloud of a node.
pub(crate) fn member(id: &str, node: SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let body = format!(r#"{{"id":"{id}","online":true,"listening":true,"joined":true}}"#);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json";
    let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || {
                let mut connection = Connection::of(stream);
                while connection.next().is_some() {
                    if connection.stream.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    let join = request("/join", id, &format!(r#"{{"id":"{id}","port":{port}}}"#));
    let joined = Connection::to(node).post(&join);
    assert!(joined.starts_with("HTTP/1.1 200"), "{joined}");
}
