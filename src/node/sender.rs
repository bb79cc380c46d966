use std::{
    error::Error,
    io,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use reqwest::{
    Client, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderValue},
};
use rustls::{ClientConfig, client::Resumption, crypto::CryptoProvider};
use tokio::task::futures::TaskLocalFuture;
use tower_layer::Layer;
use tower_service::Service;

use crate::core::{Delivery, Failure, Outcome};

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
#[derive(Debug)]
pub(super) struct Sender {
    client: Client,
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
    ) -> Result<Self, reqwest::Error> {
        let reach = Arc::new(reach);
        let client = Client::builder()
            .tls_backend_preconfigured(tls(Arc::clone(&trust), provider))
            .connector_layer(CarryHandshake)
            .dns_resolver(Resolver(Arc::clone(&reach)))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .connect_timeout(limits.connect_timeout)
            .timeout(limits.request_timeout)
            .pool_idle_timeout(KEEP_IDLE)
            .build()?;
        Ok(Self { client, trust, reach, run, connections })
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
            Ok(Answered::Status(StatusCode::OK)) => Outcome::Taken { round_trip: started.elapsed() },
            Ok(Answered::Status(status)) => Outcome::Failed(Failure::Status(status.as_u16())),
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
        let url = Url::parse(&format!("https://{}/", delivery.to)).map_err(|_| PostError::Hostname)?;
        if let Some(address) = reach::literal(&url).filter(|_| !delivery.is_named) {
            self.reach.check(address).await?;
        }
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(RUN_HEADER, self.run.clone())
            .body(delivery.payload.encode());
        let mut answer = request.send().await?;
        let status = answer.status();
        if status == StatusCode::MISDIRECTED_REQUEST && answer.headers().get(RUN_HEADER) == Some(&self.run) {
            return Ok(Answered::Ourselves);
        }
        let mut read = 0;
        // What the peer says beyond its status does not matter, nor whether it says it whole.
        while let Ok(Some(chunk)) = answer.chunk().await {
            read += chunk.len();
            if read > MAX_ANSWER {
                break;
            }
        }
        Ok(Answered::Status(status))
    }
}

enum Answered {
    Status(StatusCode),
    /// With the value of our own run. A peer that gives back what we sent it only takes itself out of our peers.
    Ourselves,
}

#[derive(Debug)]
enum PostError {
    /// The hostname is one that no URL can hold, such as a label `xn--` that decodes to nothing.
    Hostname,
    NotAllowed(NotAllowed),
    Request(reqwest::Error),
}

impl From<NotAllowed> for PostError {
    fn from(error: NotAllowed) -> Self {
        Self::NotAllowed(error)
    }
}

impl From<reqwest::Error> for PostError {
    fn from(error: reqwest::Error) -> Self {
        Self::Request(error)
    }
}

fn failure(error: &PostError, handshake: &Handshake) -> Failure {
    if let Some(refused) = handshake.refused() {
        return Failure::CertificateChanged { pinned: refused.pinned.0, presented: refused.presented.0 };
    }
    match error {
        PostError::Hostname => Failure::Connection("the hostname can't be looked up".to_owned()),
        PostError::NotAllowed(NotAllowed(scope)) => Failure::NotContacted(*scope),
        PostError::Request(error) if error.is_timeout() => Failure::TimedOut,
        PostError::Request(error) => cause(error),
    }
}

/// The innermost error in its own words: what reqwest says around it does not help anybody.
fn cause(error: &reqwest::Error) -> Failure {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    if let Some(NotAllowed(scope)) = innermost.downcast_ref() {
        return Failure::NotContacted(*scope);
    }
    if innermost.downcast_ref::<io::Error>().map(without_wrapping).is_some_and(resources::are_used_up) {
        return Failure::NoResources;
    }
    Failure::Connection(in_words(innermost))
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

/// Takes the [`HANDSHAKE`] of the delivery that asks for a connection along into the making of it, which may go on
/// in another task.
#[derive(Debug, Clone, Copy)]
struct CarryHandshake;

#[derive(Debug, Clone)]
struct Carrying<S>(S);

impl<S> Layer<S> for CarryHandshake {
    type Service = Carrying<S>;

    fn layer(&self, connector: S) -> Carrying<S> {
        Carrying(connector)
    }
}

impl<S: Service<Request>, Request> Service<Request> for Carrying<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = TaskLocalFuture<Arc<Handshake>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, destination: Request) -> Self::Future {
        HANDSHAKE.scope(Handshake::current(), self.0.call(destination))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
