use std::{
    fmt,
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use clacks_transport::{
    connections::Connections,
    descriptors::{self, DescriptorBudget},
    event_ring::EventSender,
    subscription::TimedEvent,
};
use rand::rngs::StdRng;
use tokio::sync::Semaphore;

use crate::{
    core::{Core, Event, History, Options, OptionsError},
    protocol::{Address, Host, Json, PrivateKey, PublicKey, Record},
};

use super::{
    Limits, LimitsError, Node, Subscription,
    client::Client,
    handle::{NodeInner, Prepared},
    handler::{self, Handler},
    join_memory::JoinMemory,
    server::{MAX_WAITING, Server},
    shared::Shared,
    sockets,
};

/// Maximum events kept for a slow subscriber. The messages in them have a limit of their own.
const EVENT_CAPACITY: usize = 4096;

/// The options of a node. Every option has a default; [`Builder::start`] checks them.
#[doc(alias = "peercloud")]
#[derive(Debug)]
pub struct Builder {
    listen: IpAddr,
    port: u16,
    options: Options,
    limits: Limits,
    handler: MessageHandler,
    auth: Option<Auth>,
    events: EventSender<TimedEvent<Event>>,
    #[cfg(any(test, feature = "testing"))]
    pub(super) hand: Option<Arc<super::manual::Hand>>,
}

/// The handler of messages, which cannot be printed.
#[derive(Default, Clone)]
struct MessageHandler(Option<Handler>);

impl fmt::Debug for MessageHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "a handler" } else { "no handler" })
    }
}

/// The keys of a signed cloud. All requests but checks are signed, and only those with a signature of an accepted key are
/// answered.
#[derive(Debug, Clone)]
pub struct Auth {
    /// Our own key. Each node should have its own.
    pub key: Arc<PrivateKey>,
    /// The keys whose signatures are accepted. Without any, everything signed is refused.
    pub accepted: Vec<PublicKey>,
}

/// Something about a started node that its user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartWarning {
    /// Our own key is among the accepted ones, so whoever is sent one of our requests can send its signature back to us.
    OwnKeyAccepted,
    /// The time of signed requests is not checked, so whoever recorded one can send it again after this time.
    AnyClock(Duration),
    /// The limit on open files leaves room for fewer connections than allowed.
    FewConnections(usize),
}

impl fmt::Display for StartWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnKeyAccepted => f.write_str(
                "our own key is among the accepted ones: whoever is sent a signature of ours can send it back to us; \
                 give each node its own key",
            ),
            Self::AnyClock(memory) => write!(
                f,
                "the time of signed requests is not checked: whoever recorded one can send it again after {memory:?}; \
                 limit the difference of clocks"
            ),
            Self::FewConnections(room) => {
                write!(f, "the limit on open files leaves room for {room} connections only")
            }
        }
    }
}

/// Why a node did not start. Nothing is left running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// An option is out of range.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// A limit is out of range.
    #[error(transparent)]
    Limits(#[from] LimitsError),
    /// The socket cannot be opened: for example because the port is taken.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address of the socket.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// The client cannot be created.
    #[error("no HTTP client: {0}")]
    Client(String),
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listen: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            options: Options::default(),
            limits: Limits::default(),
            handler: MessageHandler::default(),
            auth: None,
            events: EventSender::new(EVENT_CAPACITY),
            #[cfg(any(test, feature = "testing"))]
            hand: None,
        }
    }
}

/// The host at which other nodes of this machine reach a node that listens on an address.
pub(super) fn local_host(listens_on: IpAddr) -> Host {
    let host = if listens_on.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { listens_on };
    Host::from(host)
}

impl Builder {
    /// The known nodes that are asked to let this node in, in random order. Default: none.
    pub fn peers(mut self, peers: impl IntoIterator<Item = Address>) -> Self {
        self.options.seeds = peers.into_iter().collect();
        self
    }

    /// The port to listen on. Default 0: port 9338, or any free one if that is taken. If another port is taken, the start
    /// fails.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The address to listen on. Default 127.0.0.1: then only nodes of this machine can be members of the cloud.
    /// `0.0.0.0` or `::` for all addresses.
    pub fn listen(mut self, address: IpAddr) -> Self {
        self.listen = address;
        self
    }

    /// The host at which others reach the node. Default: the address from which its requests come.
    #[doc(alias = "ip")]
    pub fn host(mut self, host: Host) -> Self {
        self.options.host = Some(host);
        self
    }

    /// The data of the node, which every member sees: any JSON, by convention an object. Default `{}`.
    pub fn data(mut self, data: Json) -> Self {
        self.options.data = data;
        self
    }

    /// The handler of messages: it is given the sender and the message, and returns the reply, or an error, which is
    /// answered with 500. It has 900 ms. Default: every reply is `{}`.
    #[doc(alias = "onmessage")]
    #[doc(alias = "onMessage")]
    pub fn on_message<F, R>(mut self, handler: F) -> Self
    where
        F: Fn(Record, Json) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Json, String>> + Send + 'static,
    {
        self.handler = MessageHandler(Some(handler::boxed(handler)));
        self
    }

    /// The keys of a signed cloud. Default: none, and nothing is signed.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = Some(auth);
        self
    }

    /// Changes any option of the state machine. Port, reach and signing are set by the methods above.
    pub fn options(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Changes any limit on connections and requests.
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// The events of the node from its start on.
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(self.events.subscribe())
    }

    /// Starts the node on the current tokio runtime. It listens when this returns, and asks its peers to let it in
    /// meanwhile: [`Node::ready`] waits for that.
    pub async fn start(self) -> Result<Node, StartError> {
        let node = self.prepare().await?;
        node.begin();
        Ok(node)
    }

    /// As [`Builder::start`], but the node does nothing until [`Node::begin`], so that whoever subscribes to the node before
    /// misses no event. Its port is taken when this returns; connections to it wait.
    #[expect(clippy::unused_async, reason = "sockets and tasks need a tokio runtime")]
    pub async fn prepare(mut self) -> Result<Node, StartError> {
        self.limits.check()?;
        self.options.is_local_only = self.listen.to_canonical().is_loopback();
        self.options.is_signed = self.auth.is_some();
        self.options.goodbye_delay = self.options.goodbye_delay.min(self.limits.goodbye_timeout / 2);
        // Checked before the socket is opened; the port is not known yet.
        self.options.check()?;
        let mut warnings = Vec::new();
        let files = descriptors::open_file_limit();
        let budget = DescriptorBudget::new(files, self.limits.max_connections, self.options.max_requests);
        if budget.inbound < self.limits.max_connections {
            self.limits.max_connections = budget.inbound;
            warnings.push(StartWarning::FewConnections(budget.inbound));
        }
        let (key, accepted) = match self.auth.take() {
            Some(Auth { key, accepted }) => {
                if accepted.contains(key.public()) {
                    warnings.push(StartWarning::OwnKeyAccepted);
                }
                if self.options.max_clock_difference.is_zero() {
                    warnings.push(StartWarning::AnyClock(self.options.replay_memory));
                }
                (Some(key), accepted)
            }
            None => (None, Vec::new()),
        };
        let client = Client::new(key).map_err(|error| StartError::Client(error.to_string()))?;
        let socket = sockets::open(self.listen, self.port)?;
        let unknown =
            |source| StartError::Listen { address: SocketAddr::new(self.listen, self.port), source };
        let listens_on = socket.local_addr().map_err(unknown)?;
        self.options.port = listens_on.port();
        self.options.local_host = local_host(listens_on.ip());
        let mut rng: StdRng = rand::make_rng();
        let core = Core::new(self.options, &mut rng)?;
        let history = History::new(self.limits.history);
        let shared = Shared::new(core, history, rng, client, self.events);
        #[cfg(any(test, feature = "testing"))]
        let shared = shared.driven_by(self.hand);
        let shared = Arc::new(shared);
        let connections = Connections::new(&self.limits.connections());
        let join_memory = JoinMemory::new(self.limits.join_answer_memory);
        let (limits, has_handler) = (self.limits.clone(), self.handler.0.is_some());
        let accepted_keys = shared.read(|core| core.options().is_signed).then_some(accepted.len());
        let server = Arc::new(Server {
            shared: Arc::clone(&shared),
            connections,
            limits: self.limits,
            handler: self.handler.0,
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            join_memory,
            accepted,
        });
        let stop_on_drop = shared.stopped.clone().drop_guard();
        let prepared = Mutex::new(Some(Prepared(server, socket)));
        let inner = NodeInner {
            _stop_on_drop: stop_on_drop,
            prepared,
            listens_on,
            warnings,
            limits,
            accepted_keys,
            has_handler,
        };
        Ok(Node { shared, inner: Arc::new(inner) })
    }
}
