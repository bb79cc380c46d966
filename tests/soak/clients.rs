use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use clacks_p2p::Address;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};

use crate::{
    node::Tally,
    support::{Client, address, in_json, payload},
};

/// Time-out of one visit of a client.
const PATIENCE: Duration = Duration::from_secs(120);
/// Number of made-up addresses: enough to keep the node busy, and few enough for all to be known after half of 30
/// minutes.
const MADE_UP: u64 = 5000;
/// Pause of a slow client between two bytes.
const SLOWLY: Duration = Duration::from_secs(1);
/// The address of the honest clients.
const HOME: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// A kind of client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Honest,
    Garbage,
    NoTls,
    SilentConnection,
    SilentHandshake,
    SlowHeaders,
    SlowBody,
    MadeUpPeers,
    TooLong,
    LyingLength,
    EndlessChunks,
    NestedDeep,
    ManyKeys,
    HangsUp,
}

impl Kind {
    /// Each kind with its pause after a visit, and the number of clients.
    pub(crate) const MIX: [(Self, Duration, usize); 14] = [
        (Self::Honest, Duration::from_millis(200), 2),
        (Self::Garbage, Duration::from_millis(500), 1),
        (Self::NoTls, Duration::from_millis(500), 1),
        (Self::SilentConnection, Duration::from_millis(500), 20),
        (Self::SilentHandshake, Duration::from_millis(500), 20),
        (Self::SlowHeaders, Duration::from_millis(500), 5),
        (Self::SlowBody, Duration::from_millis(500), 5),
        (Self::MadeUpPeers, Duration::from_millis(250), 2),
        (Self::TooLong, Duration::from_secs(5), 1),
        (Self::LyingLength, Duration::from_secs(1), 2),
        (Self::EndlessChunks, Duration::from_secs(5), 1),
        (Self::NestedDeep, Duration::from_secs(2), 1),
        (Self::ManyKeys, Duration::from_secs(10), 1),
        (Self::HangsUp, Duration::from_millis(250), 1),
    ];
}

/// The state that all clients share.
pub(crate) struct Load {
    pub(crate) node: SocketAddr,
    /// The honest node that the honest clients name as sender.
    pub(crate) sender: Address,
    pub(crate) tally: Mutex<Tally>,
    number: AtomicU64,
}

impl Load {
    pub(crate) fn new(node: SocketAddr, sender: Address) -> Arc<Self> {
        Arc::new(Self { node, sender, tally: Mutex::default(), number: AtomicU64::new(0) })
    }

    /// Visits the node repeatedly.
    pub(crate) async fn keep_on(self: Arc<Self>, kind: Kind, pause: Duration) {
        loop {
            let visit = timeout(PATIENCE, self.visit(kind)).await;
            let became = visit.unwrap_or_else(|_| "the node never ended it".to_owned());
            self.note(format!("{kind:?}: {became}"));
            sleep(pause).await;
        }
    }

    fn note(&self, what: String) {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() += 1;
    }

    /// One visit. Returns its result.
    async fn visit(&self, kind: Kind) -> String {
        let became = match kind {
            Kind::NoTls => self.no_tls().await,
            Kind::SilentConnection => self.silent_connection().await,
            Kind::HangsUp => self.connection(kind).await.map(|_| "hung up".to_owned()),
            _ => self.speak(kind).await,
        };
        became.unwrap_or_else(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::AddrNotAvailable => "no connection".to_owned(),
            _ => "cut off".to_owned(),
        })
    }

    /// Hostile clients connect from other addresses than honest ones.
    async fn connection(&self, kind: Kind) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        let from = if kind == Kind::Honest { HOME } else { Ipv4Addr::new(127, 0, 66, 1 + kind as u8) };
        socket.bind(SocketAddr::from((from, 0)))?;
        socket.connect(self.node).await
    }

    async fn no_tls(&self) -> io::Result<String> {
        let mut connection = self.connection(Kind::NoTls).await?;
        let number = self.next();
        let noise: Vec<u8> = (0..512).map(|at: u64| (at * 31 + number * 7) as u8).collect();
        connection.write_all(&noise).await?;
        until_cut_off(&mut connection).await
    }

    async fn silent_connection(&self) -> io::Result<String> {
        until_cut_off(&mut self.connection(Kind::SilentConnection).await?).await
    }

    async fn speak(&self, kind: Kind) -> io::Result<String> {
        let connection = self.connection(kind).await?;
        let mut client = Client::over(connection, rustls::ALL_VERSIONS).await?;
        match kind {
            Kind::SilentHandshake => {}
            Kind::SlowHeaders => slowly(&mut client, b"POST / HTTP/1.1\r\nhost: node\r\nslow: ").await?,
            Kind::SlowBody => {
                client.try_send("POST / HTTP/1.1\r\nhost: node\r\ncontent-length: 1000\r\n\r\n").await?;
                slowly(&mut client, b"{\"message\": \"").await?;
            }
            Kind::LyingLength => {
                client
                    .try_send("POST / HTTP/1.1\r\nhost: node\r\ncontent-length: 99999999999\r\n\r\n{")
                    .await?;
            }
            Kind::EndlessChunks => endless_chunks(&mut client).await,
            _ => post(&mut client, &self.body(kind)).await,
        }
        client.try_answer().await.map(|answer| answer.status.to_string())
    }

    fn body(&self, kind: Kind) -> String {
        let number = self.next();
        match kind {
            Kind::Honest => payload(&self.sender, &format!("\"an honest message, number {number}\"")),
            Kind::MadeUpPeers => {
                let [sender, friend] =
                    [made_up(2 * number), made_up(2 * number + 1)].map(|peer| in_json(&peer));
                format!(r#"{{"message":null,"type":"announce","sender":{sender},"friend":{friend}}}"#)
            }
            Kind::TooLong => payload(&self.sender, &format!("\"{}\"", "x".repeat(3 << 19))),
            Kind::NestedDeep => {
                payload(&self.sender, &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)))
            }
            Kind::ManyKeys => {
                let keys: Vec<String> = (0..60_000).map(|key| format!("\"{number}.{key}\":0")).collect();
                payload(&self.sender, &format!("{{{}}}", keys.join(",")))
            }
            _ => format!("\u{1}{{{number}: garbage"),
        }
    }

    fn next(&self) -> u64 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }
}

/// An address without a node, one of a fixed number.
fn made_up(number: u64) -> Address {
    let number = number % MADE_UP;
    address(&format!("127.77.{}.{}", number / 250, 1 + number % 250), 9)
}

async fn post(client: &mut Client, body: &str) {
    let head = format!("POST / HTTP/1.1\r\nhost: node\r\ncontent-length: {}\r\n\r\n", body.len());
    // If the node has responded early, the rest is not sent.
    client.send(format!("{head}{body}")).await;
}

async fn endless_chunks(client: &mut Client) {
    let head = client.try_send("POST / HTTP/1.1\r\nhost: node\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let chunk = format!("400\r\n{}\r\n", "[".repeat(1 << 10));
    // Twice the maximum of a body.
    for _ in 0..2048 {
        if head.is_err() || client.try_send(&chunk).await.is_err() {
            return;
        }
    }
}

/// Sends `begin`, then one byte per second until the node closes the connection or responds.
async fn slowly(client: &mut Client, begin: &[u8]) -> io::Result<()> {
    client.try_send(begin).await?;
    while timeout(SLOWLY, client.wait_for_anything()).await.is_err() {
        client.try_send("x").await?;
    }
    Ok(())
}

async fn until_cut_off(connection: &mut TcpStream) -> io::Result<String> {
    let mut said = Vec::new();
    // Closed with or without a TLS close message: both are an end.
    let _ = connection.read_to_end(&mut said).await;
    Ok("cut off".to_owned())
}
