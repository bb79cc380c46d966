//! Answers the requests of other nodes.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use clacks_transport::connections::{ConnectionPermit, Connections};
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, StatusCode,
    body::{Body, Incoming as IncomingBody},
    header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, SERVER},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};

use crate::{
    core::{Core, Fingerprint, Head, Incoming, JoinNumber, Refusal, Response, SignatureCheck},
    protocol::{
        Answer, ID_HEADER, Id, Path, PublicKey, Request, SIGNATURE_HEADER, Signature, SignatureError,
        TIMESTAMP_HEADER,
    },
};

use super::{
    AGENT, Limits,
    handler::{self, Handler},
    join_memory::{HeldAnswer, JoinMemory},
    paced_stream::PacedStream,
    shared::{CoreAccess, Shared},
};

/// Pause after a connection could not be accepted.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// Time for the first request of a connection, in which it is not closed for another.
const FIRST_REQUEST: Duration = Duration::from_millis(500);
/// Time for the last answer of a connection that is closed for another.
const LAST_ANSWER: Duration = Duration::from_secs(1);
/// Maximum connections that wait for a place.
pub(super) const MAX_WAITING: usize = 256;
/// Time between two looks for a place, and their number.
const PLACE_RETRY: Duration = Duration::from_millis(10);
const PLACE_RETRIES: usize = 80;
/// Maximum bytes of the head of a request, and of its read buffer; above it the response is 431.
const MAX_HEAD: usize = 32 << 10;
/// Maximum bytes of a body that is read and discarded, so that the client reads the answer.
const MAX_DISCARDED: usize = 1 << 20;

/// The server of a node.
pub(super) struct Server {
    pub(super) shared: Arc<Shared>,
    pub(super) connections: Arc<Connections>,
    pub(super) limits: Limits,
    pub(super) handler: Option<Handler>,
    /// Places for connections that wait because there are too many.
    pub(super) waiting: Arc<Semaphore>,
    /// The memory of answers to joins.
    pub(super) join_memory: Arc<JoinMemory>,
    /// The keys whose signatures are accepted.
    pub(super) accepted: Vec<PublicKey>,
}

/// An answer with the memory that it uses until it is sent.
struct Outgoing {
    answer: Answer,
    held: Option<HeldAnswer>,
}

impl From<Answer> for Outgoing {
    fn from(answer: Answer) -> Self {
        Self { answer, held: None }
    }
}

/// The body of an answer.
struct OutgoingBody {
    text: String,
    _held: HeldAnswer,
}

impl AsRef<[u8]> for OutgoingBody {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// A request that is refused before the core sees its body.
struct Refused(Refusal, String);

impl Server {
    /// Accepts connections until the node stops.
    pub(super) async fn run(self: Arc<Self>, socket: TcpListener) {
        self.shared.stopped.run_until_cancelled(self.accept(socket)).await;
        self.connections.close_all();
    }

    async fn accept(self: &Arc<Self>, socket: TcpListener) {
        loop {
            match socket.accept().await {
                Ok((stream, remote)) => match self.open(remote) {
                    Some(permit) => {
                        self.shared.tasks.spawn(Arc::clone(self).connection(stream, remote, permit));
                    }
                    None => self.wait_for_place(stream, remote),
                },
                Err(error) => {
                    tracing::debug!(%error, "cannot accept a connection");
                    self.connections.make_room();
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
    }

    /// A place for a connection, if there is one. It is busy until its first request has come.
    fn open(&self, remote: SocketAddr) -> Option<ConnectionPermit> {
        let (permit, _) = self.connections.open(remote.ip()).ok()?;
        // `serve` begins and ends the time for the first request.
        std::mem::forget(permit.busy());
        Some(permit)
    }

    /// A node of the package opens a connection for each message of a burst, more than one address may have. They wait for
    /// a place, at most as long as such a node waits for an answer.
    fn wait_for_place(self: &Arc<Self>, stream: TcpStream, remote: SocketAddr) {
        let Ok(waits) = Arc::clone(&self.waiting).try_acquire_owned() else { return };
        let server = Arc::clone(self);
        let wait = async move {
            for _ in 0..PLACE_RETRIES {
                tokio::time::sleep(PLACE_RETRY).await;
                if let Some(permit) = server.open(remote) {
                    drop(waits);
                    return server.connection(stream, remote, permit).await;
                }
            }
        };
        let stopped = self.shared.stopped.clone();
        self.shared.tasks.spawn(async move { stopped.run_until_cancelled_owned(wait).await });
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, remote: SocketAddr, permit: ConnectionPermit) {
        // A failure affects only this connection, and its client knows of it.
        if let Err(error) = self.serve(stream, remote.ip(), permit).await {
            tracing::debug!(%remote, %error, "connection ended");
        }
    }

    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        remote: IpAddr,
        permit: ConnectionPermit,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        // On Linux it is inherited: see `sockets`.
        #[cfg(not(target_os = "linux"))]
        stream.set_nodelay(true)?;
        let is_busy = Arc::new(AtomicBool::new(false));
        let (head, write) = (self.limits.head_timeout, self.limits.write_timeout);
        let stream = PacedStream::new(stream, head, write, Arc::clone(&is_busy));
        // Closed for another is a connection only after it had time for its first request.
        let first = Mutex::new(Some(permit.busy()));
        let end_first = || drop(first.lock().unwrap_or_else(PoisonError::into_inner).take());
        let service = service_fn(|request| {
            is_busy.store(true, Ordering::Relaxed);
            end_first();
            let (server, permit, is_busy) = (Arc::clone(&self), &permit, &is_busy);
            async move {
                let answer = server.answer(request, remote.to_canonical(), permit).await;
                is_busy.store(false, Ordering::Relaxed);
                Ok::<_, Infallible>(into_response(answer))
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // From the end of one request to the end of the next head; `PacedStream` limits the head itself.
            .header_read_timeout(self.limits.idle_timeout)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(Box::pin(stream)), service);
        let mut connection = pin!(connection);
        let closed = permit.closed();
        tokio::select! {
            ended = &mut connection => return Ok(ended?),
            () = closed.cancelled() => {}
            () = tokio::time::sleep(FIRST_REQUEST) => {
                end_first();
                tokio::select! {
                    ended = &mut connection => return Ok(ended?),
                    () = closed.cancelled() => {}
                }
            }
        }
        // It is closed for another, or because the node stops. An answer that is being written is finished.
        connection.as_mut().graceful_shutdown();
        timeout(LAST_ANSWER, connection).await??;
        Ok(())
    }

    /// The connection is busy only once the whole body is here: while one is sent slowly it may be closed for another.
    async fn answer(
        &self,
        request: hyper::Request<IncomingBody>,
        remote: IpAddr,
        permit: &ConnectionPermit,
    ) -> Outgoing {
        let deadline = Instant::now() + self.limits.body_timeout;
        let (parts, mut body) = request.into_parts();
        let sender = sender_of(&parts.headers);
        let is_post = parts.method == Method::POST;
        let path = parts.uri.path();
        let head = Head { is_post, path, sender: sender.as_ref(), remote };
        let answer = match self.shared.with_core(|at| at.core.check_head(&head)) {
            Err(answer) => answer,
            Ok(path) => match self.read(&parts.headers, &mut body, path, deadline).await {
                Ok(bytes) => {
                    let _busy = permit.busy();
                    return self.process(path, sender, remote, &parts.headers, &bytes).await;
                }
                Err(Refused(refusal, reason)) => {
                    self.shared.with_core(|at| at.core.refuse(refusal, remote, sender, &reason))
                }
            },
        };
        // The client reads the answer only once it has sent the body. The time for it is that of the whole body.
        let _ = timeout_at(deadline, discard(&mut body)).await;
        answer.into()
    }

    /// Reads the whole body.
    async fn read(
        &self,
        headers: &HeaderMap,
        body: &mut IncomingBody,
        path: Path,
        deadline: Instant,
    ) -> Result<Vec<u8>, Refused> {
        let max = self.shared.read(|core| core.options().bodies.max_body);
        let too_long = || Refused(Refusal::TooLong, format!("a body has at most {max} bytes"));
        if body.size_hint().lower() > max as u64 {
            return Err(too_long());
        }
        let has_body = !body.is_end_stream();
        if has_body || path != Path::Status {
            check_type(headers)?;
        }
        let collect = async {
            let mut whole = Vec::new();
            while let Some(frame) = body.frame().await {
                let broken =
                    |error: hyper::Error| Refused(Refusal::Body, format!("the body broke off: {error}"));
                if let Ok(data) = frame.map_err(broken)?.into_data() {
                    if data.len() > max - whole.len() {
                        return Err(too_long());
                    }
                    whole.extend_from_slice(&data);
                }
            }
            Ok(whole)
        };
        let slow = |_| Refused(Refusal::Slow, "the body took too long".to_owned());
        timeout_at(deadline, collect).await.map_err(slow)?
    }

    async fn process(
        &self,
        path: Path,
        sender: Option<Id>,
        remote: IpAddr,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Outgoing {
        let held = if path == Path::Join {
            let size = self.shared.read(Core::join_answer_size);
            let Some(held) = self.join_memory.hold(remote, size) else {
                let reason = "too many answers to joins are not read yet; try again";
                let refuse = |at: CoreAccess<'_>| at.core.refuse(Refusal::Full, remote, sender, reason);
                return self.shared.with_core(refuse).into();
            };
            Some(held)
        } else {
            None
        };
        // The signature and the body are checked outside of the lock.
        let (needs_signature, bodies) =
            self.shared.read(|core| (core.needs_signature(path), core.options().bodies.clone()));
        let signature = if needs_signature {
            self.check_signature(headers, sender.as_ref(), path, body)
        } else {
            SignatureCheck::Unchecked
        };
        let request = Request::decode(path, body, &bodies);
        let incoming = Incoming { path, sender, remote, signature, request };
        let (response, answer) = self.shared.with_core(|mut at| {
            let response = at.core.receive(incoming, at.now, at.rng);
            let answer = match &response {
                Response::Wait(number) => Some(at.answer_of(*number)),
                _ => None,
            };
            (response, answer)
        });
        match (response, answer) {
            (Response::Answer(answer), _) => answer.into(),
            (Response::Handle(call), _) => {
                let reply = match &self.handler {
                    Some(handler) => handler::call(handler, &call, self.limits.handler_timeout).await,
                    None => Ok(self.shared.read(|core| core.options().reply.to(&call.message))),
                };
                self.shared.with_core(|at| at.core.reply(call, reply)).into()
            }
            (Response::Wait(number), Some(answer)) => {
                // Dropped when the client closes its connection: then it is not let in.
                let _guard = NewcomerGuard { shared: &self.shared, number };
                let answer = answer.await.unwrap_or_else(|_| Answer::error(503, "the node stops"));
                Outgoing { answer, held }
            }
            (Response::Wait(_), None) => Answer::error(500, "no answer").into(),
        }
    }

    fn check_signature(
        &self,
        headers: &HeaderMap,
        sender: Option<&Id>,
        path: Path,
        body: &[u8],
    ) -> SignatureCheck {
        let (timestamp, signature) = (single(headers, TIMESTAMP_HEADER), single(headers, SIGNATURE_HEADER));
        let (Some(timestamp), Some(signature)) = (timestamp, signature) else {
            return SignatureCheck::Malformed(SignatureError::Missing);
        };
        match Signature::new(timestamp, signature) {
            Err(error) => SignatureCheck::Malformed(error),
            Ok(signature) if signature.is_of_one_of(&self.accepted) => SignatureCheck::Good {
                timestamp: signature.timestamp(),
                fingerprint: Fingerprint::of(&signature, sender, path, body),
            },
            Ok(_) => SignatureCheck::Wrong,
        }
    }
}

/// Ends a join when its connection ends.
struct NewcomerGuard<'a> {
    shared: &'a Arc<Shared>,
    number: JoinNumber,
}

impl Drop for NewcomerGuard<'_> {
    fn drop(&mut self) {
        self.shared.with_core(|mut at| at.cancel_join(self.number));
    }
}

/// The only value of a header; `None` if it is missing, there twice or no text.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok()
}

fn sender_of(headers: &HeaderMap) -> Option<Id> {
    single(headers, ID_HEADER).and_then(|id| Id::new(id).ok())
}

/// A body is `application/json` in UTF-8, without compression. A web page that a person visits can post other types to a
/// node of their machine, but not this one.
fn check_type(headers: &HeaderMap) -> Result<(), Refused> {
    let value = single(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    let mut parts = value.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
            charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    let encoding = headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    let is_plain = encoding.is_none_or(|encoding| encoding.eq_ignore_ascii_case(b"identity"));
    if is_json && is_utf8 && is_plain {
        return Ok(());
    }
    let reason = "the body is not application/json in UTF-8 without compression";
    Err(Refused(Refusal::ContentType, reason.to_owned()))
}

/// Reads and discards a body, up to a maximum.
async fn discard(body: &mut IncomingBody) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > MAX_DISCARDED {
            return;
        }
    }
}

fn into_response(Outgoing { answer, held }: Outgoing) -> hyper::Response<Full<Bytes>> {
    let body = match held {
        Some(held) => Bytes::from_owner(OutgoingBody { text: answer.body, _held: held }),
        None => answer.body.into(),
    };
    let mut response = hyper::Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(SERVER, HeaderValue::from_static(AGENT));
    if answer.status == 405 {
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}
