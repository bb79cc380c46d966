use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use clacks_p2p::{Address, Payload, core::CertificateFingerprint};
use rustls::{SupportedProtocolVersion, pki_types::CertificateDer};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{certificate::Pair, in_time, tls};

/// A scripted peer: a TLS server that responds as the test demands.
pub(crate) struct FakePeer {
    address: Address,
    inside: Arc<Inside>,
    received: mpsc::UnboundedReceiver<Received>,
    /// Dropping it ends the server and all its connections.
    _server: JoinSet<()>,
}

struct Inside {
    tls: Mutex<(TlsAcceptor, CertificateDer<'static>)>,
    reply: watch::Sender<Reply>,
    stats: watch::Sender<Stats>,
    received: mpsc::UnboundedSender<Received>,
}

/// A complete request that the peer received.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn payload(&self) -> Payload {
        Payload::decode(&self.body, 128).expect("our nodes send valid payloads")
    }

    /// The JSON text of the message.
    pub(crate) fn message(&self) -> String {
        self.payload().message.as_json().to_owned()
    }
}

/// The response of the peer to a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Sends this and waits for the next request.
    Say(String),
    /// Sends this and closes the connection.
    LastWords(String),
    /// Accepts the first request of each connection. To the second it sends this and closes the connection.
    OnlyOne(String),
    /// Sends nothing until the reply is changed.
    Nothing,
}

impl Reply {
    /// An empty response with this status.
    pub(crate) fn status(status: u16) -> Self {
        Self::Say(empty_answer(status))
    }

    /// An empty response with this status, followed by the end of the connection.
    pub(crate) fn last_status(status: u16) -> Self {
        Self::LastWords(empty_answer(status))
    }
}

fn empty_answer(status: u16) -> String {
    format!("HTTP/1.1 {status} Status\r\ncontent-length: 0\r\n\r\n")
}

/// Counts of the peer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stats {
    /// Connections with a completed TLS handshake.
    pub(crate) connections: usize,
    /// TLS handshakes that the other side aborted.
    pub(crate) refused_handshakes: usize,
    /// Complete requests.
    pub(crate) requests: usize,
    /// Requests that wait for their response.
    pub(crate) open: usize,
    /// Maximum of `open`.
    pub(crate) most_open: usize,
}

impl FakePeer {
    /// A peer that accepts everything.
    pub(crate) async fn start() -> Self {
        Self::that(Reply::status(200)).await
    }

    /// A peer with this reply to every request.
    pub(crate) async fn that(reply: Reply) -> Self {
        Self::with(watch::Sender::new(reply), watch::Sender::default()).await
    }

    /// Another peer with the same reply. Both share their counts.
    pub(crate) async fn beside(&self) -> Self {
        Self::with(self.inside.reply.clone(), self.inside.stats.clone()).await
    }

    /// A peer that accepts everything at every address of this machine.
    pub(crate) async fn everywhere() -> Self {
        Self::at("0.0.0.0:0", watch::Sender::new(Reply::status(200)), watch::Sender::default()).await
    }

    async fn with(reply: watch::Sender<Reply>, stats: watch::Sender<Stats>) -> Self {
        Self::at("127.0.0.1:0", reply, stats).await
    }

    async fn at(listen: &str, reply: watch::Sender<Reply>, stats: watch::Sender<Stats>) -> Self {
        let socket = TcpListener::bind(listen).await.expect("a free port");
        let port = socket.local_addr().expect("a bound socket").port();
        let (to_test, received) = mpsc::unbounded_channel();
        let inside = Arc::new(Inside { tls: Mutex::new(tls::acceptor()), reply, stats, received: to_test });
        let mut server = JoinSet::new();
        server.spawn(Arc::clone(&inside).accept(socket));
        Self { address: super::address("127.0.0.1", port), inside, received, _server: server }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Sets the reply, also for requests that wait for a response.
    pub(crate) fn reply(&self, reply: Reply) {
        self.inside.reply.send_replace(reply);
    }

    /// Uses a new certificate in later handshakes.
    pub(crate) fn change_certificate(&self) {
        *self.inside.tls() = tls::acceptor();
    }

    /// Uses this certificate and one of these versions of TLS in later handshakes.
    pub(crate) fn show(&self, (certificate, key): Pair, versions: &[&'static SupportedProtocolVersion]) {
        *self.inside.tls() = (tls::acceptor_with(certificate.clone(), key, versions), certificate);
    }

    /// SHA-256 of its certificate.
    pub(crate) fn certificate(&self) -> CertificateFingerprint {
        CertificateFingerprint(Sha256::digest(&self.inside.tls().1).into())
    }

    pub(crate) fn stats(&self) -> Stats {
        *self.inside.stats.borrow()
    }

    /// Waits until the counts satisfy a condition.
    pub(crate) async fn until(&self, what: &str, wanted: impl FnMut(&Stats) -> bool) {
        let mut stats = self.inside.stats.subscribe();
        let done = in_time(what, stats.wait_for(wanted)).await.is_ok();
        assert!(done, "the peer is gone");
    }

    /// The next request.
    pub(crate) async fn next(&mut self) -> Received {
        let next = in_time("the peer receives something", self.received.recv()).await;
        next.expect("the server runs")
    }

    /// The next request, if it has arrived.
    pub(crate) fn try_next(&mut self) -> Option<Received> {
        self.received.try_recv().ok()
    }
}

impl Inside {
    async fn accept(self: Arc<Self>, socket: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = socket.accept().await {
            let inside = Arc::clone(&self);
            connections.spawn(async move {
                // An error means that the other side closed the connection, which some tests intend.
                let _ = inside.serve(stream).await;
            });
        }
    }

    async fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let acceptor = self.tls().0.clone();
        let accepted = acceptor.accept(stream).await;
        self.count(|stats| match accepted {
            Ok(_) => stats.connections += 1,
            Err(_) => stats.refused_handshakes += 1,
        });
        let mut stream = BufReader::new(accepted?);
        for number in 0_u64.. {
            let request = read_request(&mut stream).await?;
            let reply = self.reply_to(request).await;
            match reply {
                Reply::Say(text) => stream.write_all(text.as_bytes()).await?,
                Reply::OnlyOne(_) if number == 0 => stream.write_all(empty_answer(200).as_bytes()).await?,
                Reply::LastWords(text) | Reply::OnlyOne(text) => {
                    stream.write_all(text.as_bytes()).await?;
                    return stream.shutdown().await;
                }
                Reply::Nothing => unreachable!("waited for a reply"),
            }
            stream.flush().await?;
        }
        Ok(())
    }

    async fn reply_to(&self, request: Received) -> Reply {
        self.count(|stats| {
            stats.requests += 1;
            stats.open += 1;
            stats.most_open = stats.most_open.max(stats.open);
        });
        let _ = self.received.send(request);
        let mut replies = self.reply.subscribe();
        let reply = replies.wait_for(|reply| !matches!(reply, Reply::Nothing)).await;
        let reply = reply.expect("the sender is in self").clone();
        self.count(|stats| stats.open -= 1);
        reply
    }

    fn count(&self, change: impl FnOnce(&mut Stats)) {
        self.stats.send_modify(change);
    }

    fn tls(&self) -> std::sync::MutexGuard<'_, (TlsAcceptor, CertificateDer<'static>)> {
        self.tls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read_request(stream: &mut BufReader<impl AsyncRead + Unpin>) -> io::Result<Received> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Received { head, body })
}
