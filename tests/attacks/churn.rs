//! A connection flood: an attacker opens connections as fast as possible and sends nothing. Honest clients are distant.

use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf},
    net::TcpStream,
    task::JoinSet,
    time::{Sleep, sleep},
};

use crate::{
    clients::{DEAD_PORT, connect, in_time, message},
    runner::{Outcome, Scenario, Setting},
    support,
    target::Target,
};

const ATTACKERS: u8 = 64;
const HONEST: u8 = 20;
const ROUND_TRIP: Duration = Duration::from_millis(200);
/// Connections that an attacker keeps open, whether or not the node has closed them.
const KEPT: usize = 48;

pub(crate) fn scenarios() -> Vec<Scenario> {
    let churn = |in_one_network: bool| {
        let name = if in_one_network { "churn-64" } else { "churn-64-networks" };
        Scenario::new(name, move |setting| run(setting, in_one_network)).only_in_full(in_one_network)
    };
    [true, false].map(churn).into()
}

async fn run(setting: Setting, in_one_network: bool) -> Outcome {
    // The shortened run leaves processor time to other tests: fewer connections per second, and a lower limit of the
    // node.
    let most = setting.pick("768", "192");
    let target = Target::start(&setting, &["--max-connections", most]);
    let opened = Arc::new(AtomicU64::new(0));
    let pause = setting.pick(None, Some(Duration::from_millis(40)));
    let mut attack = JoinSet::new();
    for number in 0..ATTACKERS {
        let from = if in_one_network { [127, 60, 0, 1 + number] } else { [127, 60, number, 1] };
        attack.spawn(open_and_say_nothing(target.address, from.into(), pause, Arc::clone(&opened)));
    }
    // Until the node has no free connections.
    sleep(setting.pick(Duration::from_secs(3), Duration::from_millis(700))).await;
    let (began, before) = (Instant::now(), opened.load(Ordering::Relaxed));
    let mut honest = JoinSet::new();
    for number in 0..HONEST {
        honest.spawn(post_from_afar(target.address, number));
        sleep(setting.pick(Duration::from_millis(250), Duration::from_millis(20))).await;
    }
    let served = honest.join_all().await.into_iter().filter(|answer| matches!(answer, Ok(200))).count();
    let opened = opened.load(Ordering::Relaxed) - before;
    let per_second = opened as f64 / began.elapsed().as_secs_f64();
    Outcome {
        figures: format!("honest {served} of {HONEST} served under {per_second:.0} connections a second"),
        asked: HONEST.to_string(),
        is_within: served == usize::from(HONEST),
    }
}

/// Opens connections from one address, one after the other, and keeps the last ones open.
pub(crate) async fn open_and_say_nothing(
    node: SocketAddr,
    from: Ipv4Addr,
    pause: Option<Duration>,
    opened: Arc<AtomicU64>,
) {
    let mut kept = VecDeque::new();
    loop {
        match connect(node, from).await {
            Ok(connection) => kept.push_back(connection),
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
        if kept.len() > KEPT {
            kept.pop_front();
        }
        opened.fetch_add(1, Ordering::Relaxed);
        if let Some(pause) = pause {
            sleep(pause).await;
        }
    }
}

/// Posts one message of an honest client. Returns the status of the response.
async fn post_from_afar(node: SocketAddr, number: u8) -> io::Result<u16> {
    let from = Ipv4Addr::new(127, 20 + number, 0, 1);
    let near = connect(node, from).await?;
    let far = Far { near, is_to_wait: true, wait: None };
    let name = ServerName::IpAddress(node.ip().into());
    let tls = in_time(support::connector(rustls::ALL_VERSIONS).connect(name, far)).await?;
    let mut stream = BufReader::new(tls);
    let body = message(&from.to_string(), DEAD_PORT, "from afar");
    let head = format!("POST / HTTP/1.1\r\nhost: node\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    stream.flush().await?;
    let mut status = String::new();
    in_time(stream.read_line(&mut status)).await?;
    let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    status.ok_or_else(|| io::Error::other("no status"))
}

/// A connection with a high latency: the first write, and each write after a read, waits for a round trip.
struct Far {
    near: TcpStream,
    is_to_wait: bool,
    wait: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Far {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.near).poll_read(context, into))?;
        self.is_to_wait |= into.filled().len() > before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Far {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_to_wait {
            let wait = self.wait.get_or_insert_with(|| Box::pin(sleep(ROUND_TRIP)));
            ready!(wait.as_mut().poll(context));
            self.wait = None;
            self.is_to_wait = false;
        }
        Pin::new(&mut self.near).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.near).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.near).poll_shutdown(context)
    }
}
