//! Scripted peers: TLS servers that accept, refuse or delay payloads, and count them.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use crate::support;

/// The behaviour of a peer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Behaviour {
    /// Responds 200 with an empty body.
    Accept,
    /// Reads the whole body and responds 500 if it is longer than this, otherwise 200.
    RefuseOver(usize),
    /// Responds 200 after this delay.
    Late(Duration),
    /// Responds 200 with a web page.
    Page,
}

/// A peer that runs until it is dropped.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Received>>,
    tls: TlsAcceptor,
    server: JoinSet<()>,
}

/// The payloads that a peer has received so far.
#[derive(Debug, Default, Clone)]
pub(crate) struct Received {
    /// Messages with the response 200, sent or to be sent.
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    /// Bytes of all bodies.
    pub(crate) bytes: u64,
    /// Number of times that each address, as `host:port`, was named as friend.
    pub(crate) friends: BTreeMap<String, u64>,
    /// Messages that begin with [`TRACED`], without that prefix.
    pub(crate) traced: BTreeSet<String>,
}

/// Prefix of traced messages.
pub(crate) const TRACED: &str = "traced ";

impl Peer {
    /// A peer on a free port of this address of this machine.
    pub(crate) async fn start(ip: impl Into<IpAddr>, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind((ip.into(), 0)).await.expect("an address of this machine");
        let address = listener.local_addr().expect("a bound socket");
        let (tls, seen) = (support::acceptor().0, Arc::default());
        let mut peer = Self { address, seen, tls, server: JoinSet::new() };
        peer.serve_at(listener, behaviour);
        peer
    }

    /// Also serves on a free port of another address, with the same certificate. The counts are shared.
    pub(crate) async fn also_at(&mut self, ip: impl Into<IpAddr>, behaviour: Behaviour) -> SocketAddr {
        let listener = TcpListener::bind((ip.into(), 0)).await.expect("an address of this machine");
        let address = listener.local_addr().expect("a bound socket");
        self.serve_at(listener, behaviour);
        address
    }

    fn serve_at(&mut self, listener: TcpListener, behaviour: Behaviour) {
        self.server.spawn(serve_all(listener, self.tls.clone(), behaviour, Arc::clone(&self.seen)));
    }

    /// The payloads received so far. Do not keep the guard.
    pub(crate) fn seen(&self) -> MutexGuard<'_, Received> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve_all(
    listener: TcpListener,
    tls: TlsAcceptor,
    behaviour: Behaviour,
    seen: Arc<Mutex<Received>>,
) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let (tls, seen) = (tls.clone(), Arc::clone(&seen));
        connections.spawn(async move {
            // The node may close the connection at any time.
            let _ = serve(stream, tls, behaviour, &seen).await;
        });
    }
}

async fn serve(
    stream: TcpStream,
    tls: TlsAcceptor,
    behaviour: Behaviour,
    seen: &Mutex<Received>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(tls.accept(stream).await?);
    loop {
        let body = read_request(&mut stream).await?;
        let is_accepted = !matches!(behaviour, Behaviour::RefuseOver(most) if body.len() > most);
        seen.lock().unwrap_or_else(PoisonError::into_inner).record(&body, is_accepted);
        if let Behaviour::Late(delay) = behaviour {
            sleep(delay).await;
        }
        stream.write_all(answer(behaviour, is_accepted).as_bytes()).await?;
        stream.flush().await?;
    }
}

fn answer(behaviour: Behaviour, is_accepted: bool) -> String {
    const PAGE: &str = "<!doctype html><title>It works</title><p>It works.</p>";
    match behaviour {
        Behaviour::Page => {
            let length = PAGE.len();
            format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n{PAGE}")
        }
        _ if is_accepted => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned(),
        _ => "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n".to_owned(),
    }
}

async fn read_request(stream: &mut BufReader<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.trim_end().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

/// The relevant fields of a payload.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    message: &'a RawValue,
    #[serde(rename = "type")]
    kind: &'a str,
    friend: Option<Friend>,
}

#[derive(Deserialize)]
struct Friend {
    hostname: String,
    port: u16,
}

impl Received {
    fn record(&mut self, body: &[u8], is_accepted: bool) {
        self.bytes += body.len() as u64;
        let Ok(payload) = serde_json::from_slice::<Payload<'_>>(body) else { return };
        if let Some(Friend { hostname, port }) = payload.friend {
            *self.friends.entry(format!("{hostname}:{port}")).or_default() += 1;
        }
        match (payload.kind, is_accepted) {
            ("message", true) => self.accepted += 1,
            ("message", false) => self.refused += 1,
            _ => {}
        }
        let message = payload.message.get();
        if let Some(traced) = message.strip_prefix('"').and_then(|text| text.strip_prefix(TRACED)) {
            self.traced.insert(traced.trim_end_matches('"').to_owned());
        }
    }
}
