use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use bytes::Bytes;
use clacks_transport::{
    body_budget::Reservation,
    connections::{ConnectionLimit, ConnectionPermit, Connections},
};
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, StatusCode,
    body::{Body, Frame, Incoming},
    header::{
        ALLOW, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderName, HeaderValue, RETRY_AFTER, TRANSFER_ENCODING,
    },
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

use crate::{
    core::{Limit, Response},
    protocol::Payload,
};

use super::{Limits, RUN_HEADER, shared::Shared};

mod hooked;

/// Pause after a failed accept, for example because of too few file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// Pause after a failed accept for which another connection was closed. That connection needs time to end.
const ACCEPT_RETRY_AFTER_CLOSE: Duration = Duration::from_millis(10);
/// Minimum interval between two warnings about failed accepts.
const ACCEPT_WARNING_INTERVAL: Duration = Duration::from_secs(60);
/// Maximum bytes of a body that are discarded after an early error response, so that the sender reads the response.
const MAX_DISCARDED: usize = 16 << 20;
/// Maximum bytes of the head of a request, and of its read buffer; above it the response is 431. Requests need few
/// headers.
const MAX_HEAD: usize = 32 << 10;
/// `Retry-After` in seconds for a body that was cancelled because of the memory budget.
const BUDGET_RETRY_AFTER: &str = "10";

/// The response to `GET /`, for people.
const ABOUT: &str = "This is a node of a clacks network. Nodes post messages to each other here; there is nothing to browse.\n\
    A man is not dead while his name is still spoken.\n";

/// Accepts connections on one socket and serves them.
pub(super) struct Listener {
    pub(super) shared: Arc<Shared>,
    pub(super) tls: TlsAcceptor,
    pub(super) run: HeaderValue,
    pub(super) connections: Arc<Connections>,
    /// Maximum nesting depth of a message.
    pub(super) max_depth: usize,
}

impl Listener {
    /// Accepts connections until the node stops.
    pub(super) async fn run(self: Arc<Self>, socket: TcpListener) {
        self.shared.stopped.run_until_cancelled(self.accept(socket)).await;
        self.connections.close_all();
        self.shared.sender.close();
    }

    async fn accept(self: &Arc<Self>, socket: TcpListener) {
        let mut warned_at: Option<Instant> = None;
        loop {
            match socket.accept().await {
                Ok((stream, remote)) => {
                    if let Some(permit) = self.admit(remote) {
                        self.shared.tasks.spawn(Arc::clone(self).connection(stream, remote, permit));
                    }
                }
                Err(error) => {
                    // The error can recur for as long as clients open connections.
                    if warned_at.is_none_or(|warned_at| warned_at.elapsed() > ACCEPT_WARNING_INTERVAL) {
                        tracing::warn!(%error, "cannot accept a connection");
                        warned_at = Some(Instant::now());
                    }
                    tokio::time::sleep(self.after_failed_accept(&error)).await;
                }
            }
        }
    }

    /// Closes another connection if there are too few file descriptors. Returns the pause until the next accept.
    fn after_failed_accept(&self, error: &io::Error) -> Duration {
        if !self.shared.sender.make_room_after(error) {
            return ACCEPT_RETRY;
        }
        self.record_limit_hit(Limit::Connections);
        ACCEPT_RETRY_AFTER_CLOSE
    }

    /// Opens a connection from this address, if it is allowed.
    fn admit(&self, remote: SocketAddr) -> Option<ConnectionPermit> {
        let is_ignored = || self.shared.read(|core| core.is_remote_ignored(remote.ip()));
        if is_ignored() {
            self.record_limit_hit(Limit::IgnoredRemotes);
            return None;
        }
        match self.connections.open(remote.ip()) {
            Ok((permit, reached)) => {
                reached.into_iter().for_each(|limit| self.record_limit_hit(limit_of(limit)));
                // The address may have been ignored, and its connections closed, since the check above.
                (!is_ignored()).then_some(permit)
            }
            Err(limit) => {
                self.record_limit_hit(limit_of(limit));
                None
            }
        }
    }

    fn record_limit_hit(&self, limit: Limit) {
        self.shared.with_core(|at| at.core.record_limit_hit(limit, at.now));
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, remote: SocketAddr, permit: ConnectionPermit) {
        let closed = permit.closed();
        // A failure affects only this connection, and its client knows of it.
        if let Some(Err(error)) = closed.run_until_cancelled(self.serve(stream, remote, permit)).await {
            tracing::debug!(%remote, %error, "connection ended");
        }
    }

    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        remote: SocketAddr,
        permit: ConnectionPermit,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        stream.set_nodelay(true)?;
        // Those of this connection as long as it is open.
        let limits = self.shared.limits();
        let shaken = timeout(limits.handshake_timeout, self.tls.accept(stream)).await;
        let stream = shaken.inspect_err(|_| self.record_limit_hit(Limit::Handshakes))??;
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.answer_timeout));
        let service = service_fn(|request| {
            let (listener, permit, limits) = (Arc::clone(&self), &permit, &limits);
            permit.touch();
            async move { Ok::<_, Infallible>(listener.answer(request, remote, permit, limits).await) }
        });
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(Box::pin(stream)), service)
            .await
            .inspect_err(|error| {
                if error.is_timeout() {
                    self.record_limit_hit(Limit::Heads);
                }
            })?;
        Ok(())
    }

    async fn answer(
        &self,
        request: hyper::Request<Incoming>,
        remote: SocketAddr,
        permit: &ConnectionPermit,
        limits: &Limits,
    ) -> hyper::Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/") => self.payload(request, remote, permit, limits).await,
            (&Method::GET | &Method::HEAD, "/") => {
                let mut response = plain(StatusCode::OK, ABOUT);
                // http://www.gnuterrypratchett.com
                response
                    .headers_mut()
                    .insert("x-clacks-overhead", HeaderValue::from_static("GNU Terry Pratchett"));
                response
            }
            (_, "/") => {
                let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "payloads are posted\n");
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
                response
            }
            _ => plain(StatusCode::NOT_FOUND, "payloads are posted to /\n"),
        }
    }

    async fn payload(
        &self,
        request: hyper::Request<Incoming>,
        remote: SocketAddr,
        permit: &ConnectionPermit,
        limits: &Limits,
    ) -> hyper::Response<Full<Bytes>> {
        if request.headers().get(&RUN_HEADER) == Some(&self.run) {
            let mut response = plain(StatusCode::MISDIRECTED_REQUEST, "this is yourself\n");
            response.headers_mut().insert(&RUN_HEADER, self.run.clone());
            return response;
        }
        if let Err(answer) = self.shared.with_core(|at| at.core.allow_payload(remote.ip(), at.now)) {
            return into_response(answer);
        }
        let read = self.read(request, remote, limits).await;
        let _busy = permit.busy();
        let answer = match read {
            Ok(body) => match self.process(&body, remote) {
                Ok(answer) => answer,
                // On the heap, so that connections without hooks stay small.
                Err(payload) => Box::pin(self.process_with_hooks(payload, body, remote)).await,
            },
            Err(refused) => refused,
        };
        into_response(answer)
    }

    /// Reads the whole body, or returns an error response. The response does not wait for the rest of the body.
    async fn read(
        &self,
        request: hyper::Request<Incoming>,
        remote: SocketAddr,
        limits: &Limits,
    ) -> Result<Bytes, Response> {
        let asks_first = request.headers().contains_key(EXPECT);
        let mut body = request.into_body();
        let error = match self.collect(&mut body, remote, limits).await {
            Ok(whole) => return Ok(whole),
            Err(error) => error,
        };
        let is_coming = match error {
            // With `Expect: 100-continue` the client sends nothing until the body is first read.
            BodyError::TooLarge { has_begun, .. } => has_begun || !asks_first,
            BodyError::Evicted => true,
            BodyError::TimedOut | BodyError::Broken(_) => false,
        };
        let answer = self.refuse_body(&error, remote);
        if is_coming {
            // The response is the same whether or not the body arrived in time.
            let _ = timeout(limits.body_timeout, discard(&mut body)).await;
        }
        Err(answer)
    }

    /// Creates the error response for a body that was not read, and counts the limit.
    fn refuse_body(&self, error: &BodyError, remote: SocketAddr) -> Response {
        let (limit, status, reason) = match error {
            BodyError::TooLarge { most, .. } => {
                let reason = format!("a payload has at most {most} bytes");
                (Some(Limit::BodySize), 413, reason)
            }
            BodyError::Evicted => {
                (Some(Limit::Bodies), 503, "too much comes in at once, try again later".to_owned())
            }
            BodyError::TimedOut => (Some(Limit::BodyTime), 408, "the body took too long".to_owned()),
            BodyError::Broken(error) => (None, 400, format!("the body broke off: {error}")),
        };
        let mut answer = self.shared.with_core(|at| {
            let answer = at.core.refuse(status, &reason, None, None, Some(remote.ip()));
            limit.into_iter().for_each(|limit| at.core.record_limit_hit(limit, at.now));
            answer
        });
        if matches!(error, BodyError::Evicted) {
            answer.headers.push((RETRY_AFTER.to_string(), BUDGET_RETRY_AFTER.to_owned()));
        }
        answer
    }

    /// The whole body, if it arrives in time and within the memory budget.
    async fn collect(
        &self,
        body: &mut Incoming,
        remote: SocketAddr,
        limits: &Limits,
    ) -> Result<Bytes, BodyError> {
        if body.size_hint().lower() > limits.max_body as u64 {
            return Err(BodyError::TooLarge { has_begun: false, most: limits.max_body });
        }
        let first = match poll_frame(body).await {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            Poll::Ready(Some(Err(error))) => return Err(BodyError::Broken(error)),
            Poll::Ready(None) => return Ok(Bytes::new()),
            Poll::Pending => Bytes::new(),
        };
        if body.is_end_stream() && first.len() <= limits.max_body {
            // The body came with the head, as usual. It needs no wait, no budget and no copy.
            return Ok(first);
        }
        let reservation = self.shared.bodies.begin(remote.ip());
        let whole = timeout(limits.body_timeout, collect(first, body, limits.max_body, &reservation));
        tokio::select! {
            whole = whole => whole.unwrap_or(Err(BodyError::TimedOut)).map(Bytes::from),
            () = reservation.evicted() => Err(BodyError::Evicted),
        }
    }

    /// Processes a payload, in the order of the protocol. `Err` is a payload that hooks have to see first.
    fn process(&self, body: &[u8], remote: SocketAddr) -> Result<Response, Payload> {
        let shared = &self.shared;
        let payload = match Payload::decode(body, self.max_depth) {
            Ok(payload) => payload,
            Err(error) => {
                let reason = error.to_string();
                return Ok(shared.with_core(|at| at.core.refuse(400, &reason, None, None, Some(remote.ip()))));
            }
        };
        shared.sender.record_sender(&payload.sender, remote);
        if shared.hooks.has_no_payload_hooks() {
            Ok(shared.with_core(|at| at.core.receive(payload, Some(remote.ip()), at.now)))
        } else {
            Err(payload)
        }
    }
}

/// Converts a limit on connections to a limit of the node.
fn limit_of(limit: ConnectionLimit) -> Limit {
    match limit {
        ConnectionLimit::Total => Limit::Connections,
        ConnectionLimit::PerAddress => Limit::ConnectionsPerAddress,
        ConnectionLimit::Rate => Limit::ConnectionRate,
    }
}

/// Why a body was not read completely.
enum BodyError {
    TooLarge {
        /// Whether a part of it was read.
        has_begun: bool,
        /// Maximum bytes.
        most: usize,
    },
    Evicted,
    TimedOut,
    Broken(hyper::Error),
}

/// The next frame of a body, if it has arrived already.
async fn poll_frame(body: &mut Incoming) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *body).poll_frame(context))).await
}

/// Reads a body of at most `max` bytes that begins with `first` into one buffer, so that many small chunks need no more
/// memory than their bytes.
async fn collect(
    first: Bytes,
    body: &mut Incoming,
    max: usize,
    reservation: &Reservation<'_>,
) -> Result<Vec<u8>, BodyError> {
    let mut whole = Vec::new();
    let mut add = |data: &Bytes| {
        if data.len() > max - whole.len() {
            return Err(BodyError::TooLarge { has_begun: true, most: max });
        }
        whole.extend_from_slice(data);
        reservation.set_bytes(whole.capacity());
        Ok(())
    };
    add(&first)?;
    // `first` shares its buffer with the head, which is released here.
    drop(first);
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(BodyError::Broken)?.into_data() {
            add(&data)?;
        }
    }
    Ok(whole)
}

/// Reads and discards a body, up to a maximum.
async fn discard(body: &mut Incoming) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > MAX_DISCARDED {
            return;
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Converts a response to HTTP. Headers from a plugin that HTTP forbids are dropped, and so are headers about the
/// length of the body, which the server sets.
fn into_response(answer: Response) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::from(answer.body));
    let status = StatusCode::from_u16(answer.status).ok().filter(|status| !status.is_informational());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) else {
            continue;
        };
        if name != CONTENT_LENGTH && name != TRANSFER_ENCODING {
            response.headers_mut().append(name, value);
        }
    }
    response
}
