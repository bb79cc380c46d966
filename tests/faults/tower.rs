use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicU8, Ordering},
    time::Duration,
};

use clacks_p2p::{Address, Builder, Message, Node, node::StartError};
use tempfile::TempDir;

use crate::support::{Fault, Proxy, builder, eventually, start, stop};

/// Number of nodes that this process has set up.
static TOWERS: AtomicU8 = AtomicU8::new(0);

/// A node behind a faulty proxy whose address others know. Its state survives while it is stopped.
pub(crate) struct Tower {
    pub(crate) node: Node,
    pub(crate) proxy: Proxy,
    /// The options for starting it again.
    builder: Builder,
    _data: TempDir,
}

impl Tower {
    /// A node with a request time-out of one second. The plan determines the fault of each connection to it.
    pub(crate) async fn start(send_rate: f64, plan: impl FnMut() -> Fault + Send + 'static) -> Self {
        let (outside, inside) = addresses();
        let data = tempfile::tempdir().unwrap();
        let builder = builder()
            .hostname(&outside.to_string())
            .listen(inside)
            .send_rate(send_rate)
            .data_dir(data.path())
            // Few at once, so that a busy machine answers in time.
            .options(|options| options.max_in_flight = 8)
            .limits(|limits| limits.request_timeout = Duration::from_secs(1));
        let node = start(builder.clone()).await;
        let port = node.address().port();
        let proxy = Proxy::start(SocketAddr::new(outside, port), SocketAddr::new(inside, port), plan).await;
        Self { node, proxy, builder: builder.port(port), _data: data }
    }

    pub(crate) fn address(&self) -> Address {
        self.node.address()
    }

    /// Stops the node. Returns the messages that it reports as lost.
    pub(crate) async fn stop(&self) -> Vec<Message> {
        stop(&self.node).await
    }

    /// Starts the node again at the same address.
    pub(crate) async fn start_again(&mut self) {
        let mut started = self.builder.clone().start().await;
        // Another process may use the port meanwhile.
        while matches!(started, Err(StartError::Listen { .. })) {
            tokio::time::sleep(Duration::from_millis(10)).await;
            started = self.builder.clone().start().await;
        }
        self.node = started.expect("it starts as before");
    }

    /// Waits until nothing is queued or in flight.
    pub(crate) async fn until_empty(&self) {
        let is_empty = || {
            let overview = self.node.overview();
            overview.queued + overview.in_flight == 0
        };
        eventually("all is delivered", is_empty).await;
    }
}

/// Two addresses that no other process is likely to use: for the proxy and for the node.
fn addresses() -> (IpAddr, IpAddr) {
    let [.., process_high, process_low] = std::process::id().to_be_bytes();
    let number = TOWERS.fetch_add(1, Ordering::Relaxed);
    let address = |last: u8| IpAddr::from(Ipv4Addr::new(127, process_high | 0x40, process_low, last));
    (address(2 * number + 2), address(2 * number + 3))
}
