//! Clients that send payloads as fast as they are accepted, or at a rate.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use clacks_p2p::{Address, Kind, Message, Payload};
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::{pki_types::ServerName, version::TLS13};
use tokio::{net::TcpStream, runtime::Runtime, task::JoinSet};
use tokio_rustls::TlsConnector;

use crate::tls;

/// Number of concurrent connections.
const CONNECTIONS: usize = 16;

/// How payloads are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Many payloads on each connection.
    KeptAlive,
    /// One payload on each connection.
    Anew,
}

/// The result of a round.
pub(crate) struct Round {
    /// Number of accepted payloads.
    pub(crate) taken: u64,
    /// Duration of the round.
    pub(crate) lasted: Duration,
    /// Latencies in seconds, sorted.
    pub(crate) latencies: Vec<f64>,
}

impl Round {
    /// Payloads per second.
    pub(crate) fn rate(&self) -> f64 {
        self.taken as f64 / self.lasted.as_secs_f64()
    }

    /// The 99th percentile of the latencies, in seconds.
    pub(crate) fn p99(&self) -> f64 {
        self.latencies.get(self.latencies.len() * 99 / 100).copied().unwrap_or(f64::NAN)
    }
}

/// A message with this many bytes of JSON text.
pub(crate) fn message(number: u32, bytes: usize) -> Message {
    Message::text(&format!("{number:0width$}", width = bytes - 2))
}

fn body(bytes: usize) -> Bytes {
    let sender = Address::new("127.0.0.1", 9).expect("an address");
    Payload { message: message(1, bytes), kind: Kind::Message, sender, friend: None }.encode().into()
}

/// Sends payloads with messages of `bytes` bytes for a time, at a rate if one is given.
pub(crate) fn send(to: SocketAddr, bytes: usize, way: Way, lasts: Duration, rate: Option<f64>) -> Round {
    send_on(&Runtime::new().expect("a runtime"), to, bytes, way, lasts, rate)
}

/// As [`send`], as fast as possible with one core.
pub(crate) fn send_from_one_core(to: SocketAddr, bytes: usize, way: Way, lasts: Duration) -> Round {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    send_on(&runtime, to, bytes, way, lasts, None)
}

fn send_on(
    runtime: &Runtime,
    to: SocketAddr,
    bytes: usize,
    way: Way,
    lasts: Duration,
    rate: Option<f64>,
) -> Round {
    let (body, taken) = (body(bytes), Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let latencies = runtime.block_on(async {
        let mut clients = JoinSet::new();
        for number in 0..CONNECTIONS {
            let client = Client { to, body: body.clone(), connector: tls::connector(&[&TLS13]) };
            let pace = rate.map(|rate| Duration::from_secs_f64(CONNECTIONS as f64 / rate));
            let first = pace.map_or(began, |pace| began + pace.mul_f64(number as f64 / CONNECTIONS as f64));
            clients.spawn(client.run(way, began + lasts, first, pace, Arc::clone(&taken)));
        }
        clients.join_all().await.concat()
    });
    let lasted = began.elapsed();
    let mut latencies = latencies;
    latencies.sort_by(f64::total_cmp);
    Round { taken: taken.load(Ordering::Relaxed), lasted, latencies }
}

struct Client {
    to: SocketAddr,
    body: Bytes,
    connector: TlsConnector,
}

impl Client {
    /// Sends until `end`: each payload after the response to the one before or, with a pace, at its due time. Latencies
    /// are measured from the due time.
    async fn run(
        self,
        way: Way,
        end: Instant,
        first: Instant,
        pace: Option<Duration>,
        taken: Arc<AtomicU64>,
    ) -> Vec<f64> {
        let (mut latencies, mut connection, mut due) = (Vec::new(), None, first);
        while Instant::now() < end && due < end {
            if pace.is_some() {
                // Precise to a millisecond, as timers are. A busy-waiting client would compete with the server for the
                // cores.
                tokio::time::sleep_until(due.into()).await;
            }
            let began = if pace.is_some() { due } else { Instant::now() };
            let mut sender = match connection.take() {
                Some(sender) => sender,
                None => self.connect().await,
            };
            let answer = sender.send_request(self.request()).await.expect("an answer");
            assert_eq!(answer.status(), 200);
            answer.into_body().collect().await.expect("a body");
            taken.fetch_add(1, Ordering::Relaxed);
            latencies.push(began.elapsed().as_secs_f64());
            connection = (way == Way::KeptAlive).then_some(sender);
            due += pace.unwrap_or_default();
        }
        latencies
    }

    async fn connect(&self) -> http1::SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(self.to).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let name = ServerName::try_from("127.0.0.1").expect("a name");
        let stream = self.connector.connect(name, stream).await.expect("a handshake");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        sender
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let request = Request::post("/").header(header::HOST, "127.0.0.1");
        let request = request.header(header::CONTENT_TYPE, "application/json");
        request.body(Full::new(self.body.clone())).expect("a request")
    }
}
