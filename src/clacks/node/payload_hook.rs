//! The payload hook, which judges payloads before the node accepts them.

use std::{
    fmt,
    future::Future,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Poll,
};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::{
    core::{EnqueueError, Judgement, Peer},
    protocol::{Message, Payload},
};

use super::shared::Shared;

/// A judgement that is being made.
pub type Judging<'a> = Pin<Box<dyn Future<Output = Judgement> + Send + 'a>>;

/// Judges every payload before the node accepts it. A node has at most one, which can run many plugins: their order,
/// their time limits and how they are loaded again are its own business.
///
/// It runs after the sender was recorded and before the payloads of ignored peers are refused. Other payloads are
/// processed meanwhile. The future is dropped if the connection closes or the node stops; then nothing else happens with
/// the payload, so the sender keeps the message. The node sets no time limit. While bodies wait for judgements, they
/// count towards [`Limits::max_bodies`](super::Limits::max_bodies).
///
/// A panic is answered with 500 and reported by [`Event::PluginFailed`](crate::core::Event::PluginFailed) under the name
/// of the hook. It reports the faults of its plugins by [`Node::report_plugin`](crate::Node::report_plugin).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use clacks_p2p::{
///     Node,
///     core::{Judgement, Verdict},
///     node::{IncomingPayload, Judging, PayloadHook},
/// };
///
/// struct NoLamps;
///
/// impl PayloadHook for NoLamps {
///     fn judge<'a>(&'a self, incoming: IncomingPayload<'a>) -> Judging<'a> {
///         Box::pin(async move {
///             if incoming.payload.message.as_json().contains("lamp oil") {
///                 Judgement::by("no lamps", Verdict::Swallow { reason: None })
///             } else {
///                 Judgement::default()
///             }
///         })
///     }
/// }
///
/// let node = Node::builder().hostname("127.0.0.1").port(0).payload_hook(Arc::new(NoLamps)).start().await?;
/// # node.stop().await;
/// # Ok(())
/// # }
/// ```
pub trait PayloadHook: Send + Sync + 'static {
    /// Its name in events about its own faults.
    fn name(&self) -> &'static str {
        "payload hook"
    }

    /// Judges a payload. It may call the node.
    fn judge<'a>(&'a self, incoming: IncomingPayload<'a>) -> Judging<'a>;
}

/// A payload that was not accepted yet.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct IncomingPayload<'a> {
    /// The sender, as it was when the payload came. In no list of peers if the sender is this very node, or if there was
    /// no room for it.
    pub peer: &'a Peer,
    /// The payload, as the plugins of [`Node::extend`](crate::Node::extend) left it.
    pub payload: &'a Payload,
    /// The remote address of the connection.
    pub remote: SocketAddr,
    /// The body as it came. It also has the fields that [`Payload`] does not: unknown ones, and the text of an unknown
    /// `type`. It may share a buffer of up to 32 KiB with the head of the request, so copy what is kept for long.
    pub body: &'a Bytes,
    pub(super) shared: &'a Shared,
}

impl IncomingPayload<'_> {
    /// Number of visits of the message to the node, including this one. Each call hashes the message.
    pub fn visits(&self) -> u32 {
        self.shared.read(|core| core.visits_before(&self.payload.message)).saturating_add(1)
    }

    /// SHA-256 of the JSON text of the message. Each call calculates it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.payload.message.as_json()).into()
    }

    /// Why a message cannot be put in place of this one, if so. The node checks it too: see
    /// [`Judgement::rewrites`](crate::core::Judgement::rewrites).
    pub fn check(&self, message: &Message) -> Result<(), EnqueueError> {
        self.shared.read(|core| core.check_plugin_message(message))
    }
}

impl fmt::Debug for IncomingPayload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peer, payload, remote, .. } = self;
        f.debug_struct("IncomingPayload")
            .field("peer", peer)
            .field("payload", payload)
            .field("remote", remote)
            .finish_non_exhaustive()
    }
}

/// A panic of a function of the program.
#[derive(Debug)]
pub(super) struct Panicked;

/// Calls a function of the program, whose panic does not end the connection. The program is responsible for the data
/// that the function shares with others.
pub(super) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|_| Panicked)
}

/// As [`guarded`], for a future.
pub(super) async fn guarded_async<T>(future: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|context| match guarded(|| future.as_mut().poll(context)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}
