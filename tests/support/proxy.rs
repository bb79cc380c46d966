use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};

use super::in_time;

/// Silence after the beginning of a response after which the response counts as complete.
const QUIET: Duration = Duration::from_millis(50);

/// A TCP proxy in front of a node with faulty connections. It does not interpret the bytes.
pub(crate) struct Proxy {
    done: watch::Sender<Done>,
    /// Dropping it ends the proxy and all its connections.
    _server: JoinSet<()>,
}

/// The fault of a connection. The numbers count the bytes that the client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// No fault: everything is passed on in both directions.
    None,
    /// The connection to the client is closed before anything is passed on.
    HangUp,
    /// After this many bytes both connections are closed.
    Cut(u64),
    /// After this many bytes the client receives nothing, until it gives up.
    Late(u64),
    /// After this many bytes the client receives nothing. Its connection is closed when the node has responded.
    Lost(u64),
}

impl Fault {
    /// The name of the kind of fault.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::HangUp => "connections refused",
            Self::Cut(_) => "requests cut off",
            Self::Late(_) => "answers too late",
            Self::Lost(_) => "answers lost",
        }
    }

    fn silences_after(self) -> Option<u64> {
        match self {
            Self::Late(after) | Self::Lost(after) => Some(after),
            _ => None,
        }
    }
}

/// Number of faults by name.
pub(crate) type Done = BTreeMap<&'static str, u64>;

type Plan = Arc<Mutex<dyn FnMut() -> Fault + Send>>;

impl Proxy {
    /// Accepts connections at one address and passes them on to another. `plan` determines the fault of each.
    pub(crate) async fn start(
        at: SocketAddr,
        to: SocketAddr,
        plan: impl FnMut() -> Fault + Send + 'static,
    ) -> Self {
        let socket = TcpListener::bind(at).await.expect("a port that is free at the node's other address");
        let done = watch::Sender::default();
        let mut server = JoinSet::new();
        server.spawn(accept(socket, to, Arc::new(Mutex::new(plan)), done.clone()));
        Self { done, _server: server }
    }

    /// Number of faults so far.
    pub(crate) fn done(&self) -> Done {
        self.done.borrow().clone()
    }

    /// Waits for this number of faults of this kind.
    pub(crate) async fn until_done(&self, fault: Fault, times: u64) {
        let mut done = self.done.subscribe();
        let often = |done: &Done| done.get(fault.name()).is_some_and(|count| *count >= times);
        assert!(in_time(fault.name(), done.wait_for(often)).await.is_ok(), "the proxy is gone");
    }
}

async fn accept(socket: TcpListener, to: SocketAddr, plan: Plan, done: watch::Sender<Done>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = socket.accept().await {
        while connections.try_join_next().is_some() {}
        let fault = plan.lock().unwrap_or_else(PoisonError::into_inner)();
        let done = done.clone();
        connections.spawn(async move {
            // A connection that ends before its fault counts as one without.
            if let Ok(true) = pass(client, to, fault).await {
                done.send_modify(|done| *done.entry(fault.name()).or_default() += 1);
            }
        });
    }
}

/// Passes bytes on in both directions. Returns whether the fault occurred.
async fn pass(mut client: TcpStream, to: SocketAddr, fault: Fault) -> io::Result<bool> {
    if fault == Fault::HangUp {
        return Ok(true);
    }
    let mut node = TcpStream::connect(to).await?;
    let (mut up, mut down) = (vec![0; 1 << 14], vec![0; 1 << 14]);
    let (mut passed, mut has_answered) = (0, false);
    loop {
        let is_silent = fault.silences_after().is_some_and(|after| passed >= after);
        let hangs_up = has_answered && matches!(fault, Fault::Lost(_));
        tokio::select! {
            read = client.read(&mut up) => {
                let mut said = &up[..read.unwrap_or(0)];
                if said.is_empty() {
                    return Ok(is_silent && matches!(fault, Fault::Late(_)));
                }
                if let Fault::Cut(after) = fault {
                    said = &said[..said.len().min((after - passed) as usize)];
                }
                node.write_all(said).await?;
                passed += said.len() as u64;
                if fault == Fault::Cut(passed) {
                    return Ok(true);
                }
            }
            read = node.read(&mut down) => match read? {
                0 => return Ok(false),
                _ if is_silent => has_answered = true,
                heard => client.write_all(&down[..heard]).await?,
            },
            () = sleep(QUIET), if hangs_up => return Ok(true),
        }
    }
}
