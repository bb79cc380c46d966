use std::{
    error::Error,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode, Uri,
    body::Incoming,
    header::{CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER},
    http::{
        self,
        uri::{Authority, Parts, PathAndQuery, Scheme},
    },
};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{
        Client,
        connect::{HttpConnector, HttpInfo},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, client::Resumption, crypto::CryptoProvider};
use tokio::time::{error::Elapsed, timeout, timeout_at};
use tower_service::Service;

use crate::{
    core::{Delivery, Failure, Outcome, Reply},
    protocol::Address,
};

use super::{
    Limits, RUN_HEADER,
    connections::Connections,
    reach::{self, NotAllowed, Reach, Resolver},
    resources,
    trust::{FirstUseVerifier, HANDSHAKE, Handshake, Trust},
};

/// How long an idle connection is kept. The package's server (Node.js) closes its own after 5 s; a request that is
/// sent as it does fails.
const KEEP_IDLE: Duration = Duration::from_secs(4);
/// How much of an answer's body is read, so that the connection can be used again. Peers answer with an empty one.
const MAX_ANSWER: usize = 64 << 10;

/// Posts payloads to peers, over connections that are kept and shared.
///
/// With the client that reqwest is made of, as reqwest itself takes twice as long as a bare client for each request: it
/// reads the URL twice more, and makes ready for redirects, retries and proxies.
#[derive(Debug)]
pub(super) struct Sender {
    client: Client<Connector<HttpsConnector<HttpConnector<Resolver>>>, Full<Bytes>>,
    /// For a whole request.
    timeout: Duration,
    trust: Arc<Trust>,
    reach: Arc<Reach>,
    run: HeaderValue,
    /// From outside, of which one makes room where there are no more files.
    connections: Arc<Connections>,
}

impl Sender {
    pub(super) fn new(
        trust: Arc<Trust>,
        provider: Arc<CryptoProvider>,
        limits: &Limits,
        reach: Reach,
        run: HeaderValue,
        connections: Arc<Connections>,
    ) -> Self {
        let reach = Arc::new(reach);
        let mut http = HttpConnector::new_with_resolver(Resolver(Arc::clone(&reach)));
        http.enforce_http(false);
        http.set_nodelay(true);
        // Of several addresses, each has its share of the time.
        http.set_connect_timeout(Some(limits.connect_timeout));
        let mut https = HttpsConnector::from((http, tls(Arc::clone(&trust), provider)));
        https.enforce_https();
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(KEEP_IDLE)
            .pool_timer(TokioTimer::new())
            .build(Connector { inner: https, timeout: limits.connect_timeout });
        Self { client, timeout: limits.request_timeout, trust, reach, run, connections }
    }

    /// Makes the request and waits for its answer.
    pub(super) async fn deliver(&self, delivery: Delivery) -> Outcome {
        let to = delivery.to.clone();
        let handshake = Handshake::with(to.clone(), delivery.is_named);
        let started = Instant::now();
        match HANDSHAKE.scope(Arc::clone(&handshake), self.post(delivery)).await {
            Ok(Answered::Ourselves) => {
                // Nobody is known by this name, so nobody by its certificate: others can make up such names without end.
                self.trust.forget(&to);
                Outcome::Ourselves
            }
            Ok(Answered::Reply(reply)) => Outcome::Answered(Reply { round_trip: started.elapsed(), ..reply }),
            Err(error) => {
                let failure = failure(&error, &handshake);
                if failure == Failure::NoResources {
                    self.connections.make_room();
                }
                Outcome::Failed(failure)
            }
        }
    }

    async fn post(&self, delivery: Delivery) -> Result<Answered, PostError> {
        let Delivery { to, payload, is_named, .. } = delivery;
        if let Some(address) = reach::literal(&to).filter(|_| !is_named) {
            self.reach.check(address).await?;
        }
        let request = self.request(&to, payload.encode())?;
        let deadline = tokio::time::Instant::now() + self.timeout;
        let answer = timeout_at(deadline, self.client.request(request)).await??;
        let status = answer.status();
        if status == StatusCode::MISDIRECTED_REQUEST && answer.headers().get(&RUN_HEADER) == Some(&self.run) {
            return Ok(Answered::Ourselves);
        }
        let remote = answer.extensions().get::<HttpInfo>().map(|info| info.remote_addr().ip());
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(seconds);
        // What the peer says beyond its status does not matter, nor whether it says it whole.
        let has_body = timeout_at(deadline, discard(answer.into_body())).await.unwrap_or(true);
        let reply = Reply { retry_after, remote, has_body, ..Reply::new(status.as_u16(), Duration::ZERO) };
        Ok(Answered::Reply(reply))
    }

    fn request(&self, to: &Address, body: Vec<u8>) -> Result<Request<Full<Bytes>>, http::Error> {
        let authority = authority(to);
        let mut request = Request::new(Full::from(body));
        *request.method_mut() = Method::POST;
        let mut uri = Parts::default();
        uri.scheme = Some(Scheme::HTTPS);
        uri.authority = Some(Authority::from_maybe_shared(authority.clone())?);
        uri.path_and_query = Some(PathAndQuery::from_static("/"));
        *request.uri_mut() = Uri::from_parts(uri)?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_maybe_shared(authority)?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(&RUN_HEADER, self.run.clone());
        Ok(request)
    }
}

/// Where a peer's payloads are posted to. However its name is spelled, it is the same, so that connections are shared.
fn authority(to: &Address) -> Bytes {
    to.canonical().to_string().into()
}

/// Reads an answer's body, or enough of it. Returns whether it has one.
async fn discard(mut body: Incoming) -> bool {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MAX_ANSWER {
            break;
        }
    }
    read > 0
}

/// The seconds of a `Retry-After`. The other form of it, a date, is not read: clocks differ.
fn seconds(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

enum Answered {
    Reply(Reply),
    /// With the value of our own run. A peer that gives back what we sent it only takes itself out of our peers.
    Ourselves,
}

/// What matters is the innermost of each.
#[derive(Debug, thiserror::Error)]
enum PostError {
    /// The hostname is one that no URL can hold, which no address has.
    #[error("no hostname")]
    Hostname(#[from] http::Error),
    #[error("not allowed")]
    NotAllowed(#[from] NotAllowed),
    #[error("no answer")]
    Request(#[from] hyper_util::client::legacy::Error),
    #[error("no answer in time")]
    TookTooLong(#[from] Elapsed),
}

fn failure(error: &PostError, handshake: &Handshake) -> Failure {
    if let Some(refused) = handshake.refused() {
        return Failure::CertificateChanged { pinned: refused.pinned.0, presented: refused.presented.0 };
    }
    match error {
        PostError::TookTooLong(_) => Failure::TimedOut,
        error => cause(error),
    }
}

/// The innermost error in its own words: what hyper says around it does not help anybody.
fn cause(error: &PostError) -> Failure {
    let mut innermost: &(dyn Error + 'static) = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    if let Some(NotAllowed(scope)) = innermost.downcast_ref() {
        return Failure::NotContacted(*scope);
    }
    match innermost.downcast_ref::<io::Error>().map(without_wrapping) {
        Some(error) if resources::are_used_up(error) => Failure::NoResources,
        Some(error) if error.kind() == io::ErrorKind::TimedOut => Failure::TimedOut,
        _ => Failure::Connection(in_words(innermost)),
    }
}

fn in_words(innermost: &(dyn Error + 'static)) -> String {
    match innermost.downcast_ref::<io::Error>().map(without_wrapping) {
        // "connection refused", without "(os error 111)".
        Some(error) if error.raw_os_error().is_some() => error.kind().to_string(),
        // For which rustls refers to its manual.
        Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => "the connection broke off".to_owned(),
        _ => innermost.to_string(),
    }
}

/// The system's error inside those that name it no source.
fn without_wrapping(error: &io::Error) -> &io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(inner) => without_wrapping(inner),
        None => error,
    }
}

fn tls(trust: Arc<Trust>, provider: Arc<CryptoProvider>) -> ClientConfig {
    let verifier = Arc::new(FirstUseVerifier::new(trust, Arc::clone(&provider)));
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring offers the suites of TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    // Sessions are remembered by hostname without port and would be resumed without a look at the certificate.
    config.resumption = Resumption::disabled();
    config
}

/// Makes connections in time. Takes the [`HANDSHAKE`] of the delivery that asks for one along, which tells the
/// certificate check which peer it is with: the making may go on in another task.
#[derive(Debug, Clone)]
struct Connector<S> {
    inner: S,
    timeout: Duration,
}

impl<S> Service<Uri> for Connector<S>
where
    S: Service<Uri>,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = S::Response;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = HANDSHAKE.scope(Handshake::current(), self.inner.call(to));
        let connecting = timeout(self.timeout, connecting);
        Box::pin(async move {
            let connected = connecting.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
            connected.map_err(Into::into)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_shared_however_a_name_is_spelled() {
        for (hostname, expected) in [
            ("Tower.example.org", "tower.example.org:443"),
            ("a_b.c", "a_b.c:443"),
            ("0:0::1", "[::1]:443"),
            ("::ffff:192.0.2.1", "192.0.2.1:443"),
            ("192.0.2.1", "192.0.2.1:443"),
        ] {
            assert_eq!(authority(&Address::new(hostname, 443).unwrap()), expected);
        }
    }

    #[test]
    fn what_the_system_says_is_told_without_its_number_however_deep_it_is() {
        let reset = io::Error::from_raw_os_error(104);
        let expected = reset.kind().to_string();
        let wrapped = io::Error::new(reset.kind(), reset);
        assert_eq!(in_words(&wrapped), expected);
        assert_eq!(in_words(&io::Error::other(wrapped)), expected);
        assert_eq!(in_words(&io::Error::other("tls handshake eof")), "tls handshake eof");
    }
}
