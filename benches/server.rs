//! The compared servers, each in a process of its own.

use std::{
    convert::Infallible,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};

use bytes::Bytes;
use clacks_p2p::Node;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{figures::Figures, install, tls};

/// The kind of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// hyper and rustls only.
    Bare,
    /// This node, with a subscriber as the dashboard has one.
    Clacks,
    /// The npm package.
    Package,
}

impl Kind {
    clacks_p2p::all_variants! {
        pub(crate) const ALL: Self = [Bare, Clacks, Package];
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Clacks => "clacks",
            Self::Package => "package",
        }
    }
}

/// Number of addresses of the bare server.
pub(crate) const PEERS: u8 = 100;

/// Number of requests that the bare server has answered.
static ANSWERED: AtomicU64 = AtomicU64::new(0);

/// A running server. It is stopped when this is dropped.
pub(crate) struct Server {
    child: Child,
    lines: mpsc::Receiver<String>,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(kind: Kind) -> Self {
        Self::start_sending(kind, "0.001")
    }

    /// Starts a server that sends this many messages per second.
    pub(crate) fn start_sending(kind: Kind, rate: &str) -> Self {
        let mut command = if kind == Kind::Package { package(rate) } else { ourselves(kind, rate) };
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the server starts");
        let output = BufReader::new(child.stdout.take().expect("it is a pipe"));
        let (to_bench, lines) = mpsc::channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| to_bench.send(line))
        });
        let line = lines.recv().expect("the server says where it listens");
        let address = line.trim().parse().unwrap_or_else(|_| panic!("{} said: {line}", kind.name()));
        Self { child, lines, address }
    }

    pub(crate) fn figures(&self) -> Figures {
        Figures::of(self.child.id())
    }

    /// Writes a line to its standard input.
    pub(crate) fn tell(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("it is a pipe");
        writeln!(input, "{line}").expect("the server listens");
    }

    /// Number of requests that a bare server has answered.
    pub(crate) fn count(&mut self) -> u64 {
        self.tell("count");
        self.lines.recv().ok().and_then(|line| line.parse().ok()).expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It fails if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program in another role.
fn ourselves(kind: Kind, rate: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program is a file"));
    command.arg(format!("--serve={}", kind.name())).env("RATE", rate);
    command
}

/// A node of the package on a port that was free a moment ago.
fn package(rate: &str) -> Command {
    let modules = install::node_modules();
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = free.expect("a free port").port();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let mut command = Command::new("node");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/package.js"));
    command.env("NODE_PATH", modules).env("PORT", port.to_string()).env("RATE", rate);
    command.env("KEY", made.signing_key.serialize_pem()).env("CERTIFICATE", made.cert.pem());
    command
}

/// The role of a server process.
pub(crate) fn serve(role: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match role {
        "bare" => runtime.block_on(serve_bare()),
        "clacks" => runtime.block_on(serve_clacks()),
        _ => panic!("there is no server {role}"),
    }
}

async fn serve_bare() {
    let (acceptor, _) = tls::acceptor();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it listens").port();
    // Additional addresses of this machine, so that there can be many peers.
    for number in 2..=PEERS {
        let address = Ipv4Addr::new(127, 0, 0, number);
        let listener = TcpListener::bind((address, port)).await.expect("the port is free there too");
        tokio::spawn(serve_at(listener, acceptor.clone()));
    }
    println!("127.0.0.1:{port}");
    count_until_the_end();
    serve_at(listener, acceptor).await;
}

async fn serve_at(listener: TcpListener, acceptor: TlsAcceptor) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Otherwise responses wait for each other.
        stream.set_nodelay(true).expect("a socket");
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // A client that disconnects ends only its connection.
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
            let _ = connection.await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    // A response before the whole body was read would close the connection.
    let _ = request.into_body().collect().await;
    ANSWERED.fetch_add(1, Ordering::Relaxed);
    Ok(Response::new(Empty::new()))
}

async fn serve_clacks() {
    let rate = std::env::var("RATE").ok().and_then(|rate| rate.parse().ok()).expect("a rate");
    let node = node().send_rate(rate).start().await.expect("a node starts");
    println!("127.0.0.1:{}", node.address().port());
    let (mut events, sends) = (node.subscribe(), node.clone());
    // Lines from the benchmark: a peer to send to, and messages.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            obey(&sends, &line);
        }
        std::process::exit(0);
    });
    while events.next().await.is_some() {}
}

fn obey(node: &Node, line: &str) {
    let mut words = line.split_whitespace();
    match (words.next(), words.next()) {
        (Some("peer"), Some(peer)) => {
            node.add_peer(&peer.parse().expect("an address"));
        }
        (Some("messages"), Some(count)) => {
            let count: u32 = count.parse().expect("a number");
            (0..count).for_each(|number| drop(node.enqueue(crate::load::message(number, 64))));
        }
        _ => panic!("not understood: {line}"),
    }
}

/// A node without the limits that a single client would reach, and with equal limits of deliveries to one peer and to
/// all.
fn node() -> clacks_p2p::Builder {
    Node::builder().hostname("127.0.0.1").port(0).keep_state(false).options(|options| {
        options.payload_rate = 0.0;
        (options.max_queue_messages, options.max_queue_bytes) = (usize::MAX, usize::MAX);
        (options.max_in_flight, options.max_in_flight_per_peer) = (64, 64);
    })
}

/// Prints the number of answered requests on each input line. The process ends with its input, so that it never
/// outlives the benchmark.
fn count_until_the_end() {
    std::thread::spawn(|| {
        for _ in std::io::stdin().lock().lines().map_while(Result::ok) {
            println!("{}", ANSWERED.load(Ordering::Relaxed));
        }
        std::process::exit(0);
    });
}
