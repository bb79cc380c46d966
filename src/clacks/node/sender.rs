//! Posts payloads to peers.
//!
//! It uses hyper's client connections and its own pool, because it needs to know of each connection the certificate,
//! the remote address, and whether the peer sent anything. reqwest hides these and takes twice as long per request.

mod dial;
mod failure;
mod link;
mod pool;

use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use clacks_transport::{
    address_policy::AddressPolicy, connections::Connections, descriptors::Shortage, lookup::Lookups,
};
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::Incoming,
    header::{CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER},
    http,
};
use rustls::crypto::CryptoProvider;
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    core::{Delivery, DeliveryResult, Reply},
    protocol::Address,
};

use super::{
    Limits, RUN_HEADER,
    trust::{Handshake, Trust},
};

use self::{dial::Dialer, failure::PostError, link::Link, pool::Pool};

/// Maximum bytes of a response body that are read so that the connection can be used again. Nodes respond with an empty
/// body.
const MAX_ANSWER: usize = 64 << 10;
/// Delay of a timer from which the process or the machine counts as having been suspended.
const SUSPENDED_AFTER: Duration = Duration::from_millis(200);
/// Time to receive data that arrived during a suspension.
const GRACE: Duration = Duration::from_millis(500);

/// Posts payloads to peers, over pooled connections.
#[derive(Debug)]
pub(super) struct Sender {
    dialer: Dialer,
    pool: Arc<Pool>,
    /// Time-out of a whole request.
    timeout: Duration,
    trust: Arc<Trust>,
    policy: Arc<AddressPolicy>,
    run: HeaderValue,
    /// The inbound connections. One is closed if there are too few file descriptors.
    connections: Arc<Connections>,
}

/// The parts that a sender shares with the rest of the node.
pub(super) struct Parts {
    pub(super) trust: Arc<Trust>,
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) policy: Arc<AddressPolicy>,
    pub(super) lookups: Arc<Lookups>,
    pub(super) run: HeaderValue,
    pub(super) connections: Arc<Connections>,
}

impl Sender {
    /// A sender with at most `max_idle` idle connections.
    pub(super) fn new(parts: Parts, limits: &Limits, max_idle: usize) -> Self {
        let Parts { trust, provider, policy, lookups, run, connections } = parts;
        let dialer =
            Dialer::new(Arc::clone(&trust), provider, Arc::clone(&policy), lookups, limits.connect_timeout);
        let pool = Pool::new(max_idle);
        Self { dialer, pool, timeout: limits.request_timeout, trust, policy, run, connections }
    }

    pub(super) fn trust(&self) -> &Arc<Trust> {
        &self.trust
    }

    /// Makes the request and waits for its result, for at most the time-out of a request.
    pub(super) async fn deliver(&self, delivery: Delivery) -> DeliveryResult {
        let started = Instant::now();
        let deadline = started + self.timeout;
        let to = delivery.to.clone();
        let handshake = Handshake::with(to.clone(), delivery.added_by_user);
        let posted = in_time(deadline, self.post(delivery, &handshake, deadline)).await;
        match posted.unwrap_or(Err(PostError::TimedOut)) {
            Ok(PostResult::SelfConnection) => {
                // No peer has this name, so the certificate is forgotten. Otherwise made-up names could fill the
                // memory.
                self.trust.forget(&to, false);
                DeliveryResult::SelfConnection
            }
            Ok(PostResult::Reply(reply)) => {
                DeliveryResult::Answered(Reply { round_trip: started.elapsed(), ..reply })
            }
            Err(error) => {
                if let Some(shortage) = error.shortage() {
                    tracing::debug!(peer = %to, %shortage, "cannot connect");
                    if shortage == Shortage::Files {
                        self.make_room();
                    }
                }
                DeliveryResult::Failed(error.into_failure(&handshake))
            }
        }
    }

    /// Closes a connection because of too few file descriptors: an idle one to a peer, otherwise an inbound one.
    /// Returns whether there was one.
    pub(super) fn make_room(&self) -> bool {
        self.pool.close_oldest() || self.connections.make_room()
    }

    /// Calls [`make_room`](Self::make_room) if the error says that there are too few file descriptors or too little
    /// memory.
    pub(super) fn make_room_after(&self, error: &io::Error) -> bool {
        matches!(Shortage::of(error), Some(Shortage::Files | Shortage::Memory)) && self.make_room()
    }

    /// Closes the idle connections to a peer.
    pub(super) fn close_idle(&self, to: &Address) {
        self.pool.close_to(to);
    }

    /// Closes all idle connections and keeps no new ones.
    pub(super) fn close(&self) {
        self.pool.close();
    }

    /// Records a payload from `remote` with this sender.
    pub(super) fn record_sender(&self, sender: &Address, remote: SocketAddr) {
        let sender = sender.canonical();
        self.policy.record_sender((sender.hostname(), sender.port()), remote.ip());
    }

    async fn post(
        &self,
        delivery: Delivery,
        handshake: &Arc<Handshake>,
        deadline: Instant,
    ) -> Result<PostResult, PostError> {
        let Delivery { to, payload, added_by_user, .. } = delivery;
        let to = to.canonical();
        if let Some(ip) = to.ip().filter(|_| !added_by_user) {
            self.policy.check(SocketAddr::new(ip, to.port()))?;
        }
        let body = Bytes::from(payload.encode());
        if let Some(link) = self.idle(&to, added_by_user) {
            match self.exchange(link, &to, body.clone(), deadline).await {
                // The peer closed the idle connection before or while it was used. The peer is not lost. If it did
                // receive the payload, it receives it twice, which the protocol permits.
                Err(failed) if failed.got_no_byte => {}
                exchanged => return exchanged.map_err(|failed| failed.error),
            }
        }
        // Boxed because the future is large, and few requests need it.
        let link = Box::pin(self.dialer.dial(&to, handshake)).await?;
        self.exchange(link, &to, body, deadline).await.map_err(|failed| failed.error)
    }

    /// An idle connection to this peer with the trusted certificate and to an allowed address.
    fn idle(&self, to: &Address, added_by_user: bool) -> Option<Link> {
        let trusted = self.trust.pinned(to);
        self.pool.acquire(to, |link| {
            trusted == Some(link.certificate) && (added_by_user || self.policy.check(link.remote).is_ok())
        })
    }

    async fn exchange(
        &self,
        mut link: Link,
        to: &Address,
        body: Bytes,
        deadline: Instant,
    ) -> Result<PostResult, ExchangeFailed> {
        let request =
            self.request(to, body).map_err(|error| ExchangeFailed::after_response_began(error.into()))?;
        let received_before = link.received_bytes();
        link.set_answered(false);
        let answer = match link.requests.send_request(request).await {
            Ok(answer) => answer,
            Err(error) => {
                return Err(ExchangeFailed {
                    error: error.into(),
                    got_no_byte: link.received_bytes() == received_before,
                });
            }
        };
        if self.is_ours(&answer) {
            return Ok(PostResult::SelfConnection);
        }
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(seconds);
        // The body is irrelevant, and so is its completeness.
        let rest = timeout_at(deadline, discard(answer.into_body())).await.unwrap_or(ResponseBody::UNREAD);
        let reply = Reply {
            retry_after,
            remote: Some(link.remote.ip().to_canonical()),
            has_body: rest.has_body,
            ..Reply::new(status, Duration::ZERO)
        };
        if rest.is_whole {
            link.set_answered(true);
            self.pool.release(to.clone(), link);
        }
        Ok(PostResult::Reply(reply))
    }

    fn is_ours<T>(&self, answer: &Response<T>) -> bool {
        answer.status() == StatusCode::MISDIRECTED_REQUEST
            && answer.headers().get(&RUN_HEADER) == Some(&self.run)
    }

    /// `to` is canonical, so that the `Host` header is the same for all spellings of the peer.
    fn request(&self, to: &Address, body: Bytes) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static("/");
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_maybe_shared(Bytes::from(to.to_string()))?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(&RUN_HEADER, self.run.clone());
        Ok(request)
    }
}

/// The output of `work`, or `None` if it is not ready by the deadline. If the process was suspended at the deadline,
/// `work` first receives the data that has arrived meanwhile.
async fn in_time<T>(deadline: Instant, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    if let Ok(done) = timeout_at(deadline, &mut work).await {
        return Some(done);
    }
    if Instant::now() < deadline + SUSPENDED_AFTER {
        return None;
    }
    timeout(GRACE, work).await.ok()
}

/// What followed the head of a response.
struct ResponseBody {
    has_body: bool,
    is_whole: bool,
}

impl ResponseBody {
    const UNREAD: Self = Self { has_body: true, is_whole: false };
}

/// Reads a response body, up to a maximum.
async fn discard(mut body: Incoming) -> ResponseBody {
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return ResponseBody { has_body: read > 0, is_whole: false } };
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MAX_ANSWER {
            return ResponseBody::UNREAD;
        }
    }
    ResponseBody { has_body: read > 0, is_whole: true }
}

/// The seconds of a `Retry-After` header. A date is not read, because clocks differ.
fn seconds(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

enum PostResult {
    Reply(Reply),
    /// The response has the value of this run. A peer that copies the value only removes itself from our peers.
    SelfConnection,
}

/// A request without a response.
struct ExchangeFailed {
    error: PostError,
    /// Whether no byte was received in response.
    got_no_byte: bool,
}

impl ExchangeFailed {
    fn after_response_began(error: PostError) -> Self {
        Self { error, got_no_byte: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn data_that_arrived_during_a_suspension_is_received() {
        let (answer_to, answer) = tokio::sync::oneshot::channel();
        let deadline = Instant::now() + Duration::from_millis(10);
        let answered = async {
            let answer = answer.await;
            // Another task first has to read the data from a socket.
            tokio::time::sleep(Duration::from_millis(1)).await;
            answer
        };
        let mut waits = pin!(in_time(deadline, answered));
        assert!(timeout(Duration::ZERO, &mut waits).await.is_err());
        answer_to.send("here").unwrap();
        std::thread::sleep(SUSPENDED_AFTER + Duration::from_millis(50));
        assert_eq!(waits.await, Some(Ok("here")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_without_a_suspension_is_kept() {
        let began = Instant::now();
        let limit = Duration::from_secs(10);
        assert_eq!(in_time(began + limit, std::future::pending::<()>()).await, None);
        assert!(began.elapsed() < limit + SUSPENDED_AFTER);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_closed_only_if_files_or_memory_are_exhausted() {
        let node = crate::Node::builder().hostname("127.0.0.1").port(0).start().await.unwrap();
        let sender = &node.shared.sender;
        let is_lacking = [
            (io::Error::from_raw_os_error(24), true),
            (io::Error::from_raw_os_error(23), true),
            (io::ErrorKind::OutOfMemory.into(), true),
            (io::ErrorKind::ConnectionAborted.into(), false),
            (io::ErrorKind::PermissionDenied.into(), false),
        ];
        for (error, is_lacking) in is_lacking {
            assert!(!sender.make_room_after(&error) && !sender.make_room(), "{error}: there is none");
            let (mut link, _other_end) = Link::to_nowhere(1).await;
            link.requests.ready().await.unwrap();
            sender.pool.release(Address::new("192.0.2.1", 1).unwrap(), link);
            assert_eq!(sender.make_room_after(&error), is_lacking, "{error}");
            assert_eq!(sender.make_room(), !is_lacking, "{error}");
        }
    }
}
