//! Makes requests to other nodes.

use std::{error::Error as _, io, net::SocketAddr, sync::Arc, time::Duration};

use clacks_transport::{
    Scope,
    descriptors::{Shortage, connection_error},
    lookup::{LookupError, Lookups, NameSource},
};
use reqwest::{
    Response,
    header::{ACCEPT, CONTENT_TYPE, SERVER},
    redirect::Policy,
};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

use crate::{
    core::{Failure, Outcome, Outgoing, Reach},
    protocol::{ID_HEADER, PrivateKey, SIGNATURE_HEADER, TIMESTAMP_HEADER},
};

use super::{AGENT, OURS};

/// Time to connect, as in the package.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// No connection is used again that was idle for longer, because nodes of the package close theirs after 5 s.
const MAX_IDLE: Duration = Duration::from_millis(3500);
/// Maximum idle connections to one node.
const MAX_IDLE_PER_NODE: usize = 2;

/// The client of a node.
#[derive(Debug)]
pub(super) struct Client {
    /// For messages, which often come in a row, and for announcements while a crowd joins.
    pooled: reqwest::Client,
    /// For all else. The next request of its kind to the same node comes after [`MAX_IDLE`], and a node that knows many
    /// would keep a connection to each.
    unpooled: reqwest::Client,
    lookups: Lookups,
    key: Option<Arc<PrivateKey>>,
}

impl Client {
    pub(super) fn new(key: Option<Arc<PrivateKey>>) -> Result<Self, reqwest::Error> {
        let pooled = http_client(MAX_IDLE_PER_NODE)?;
        let unpooled = http_client(0)?;
        Ok(Self { pooled, unpooled, lookups: Lookups::default(), key })
    }

    #[cfg(test)]
    pub(super) fn with_lookups(lookups: Lookups) -> Result<Self, reqwest::Error> {
        Ok(Self { lookups, ..Self::new(None)? })
    }

    /// Makes a request and waits for its outcome, for at most its time-out.
    pub(super) async fn post(&self, request: Outgoing) -> Outcome {
        let done = timeout(request.timeout, self.attempt(&request)).await;
        let outcome = done.unwrap_or(Err(Failure::TimedOut));
        outcome.unwrap_or_else(Outcome::Failed)
    }

    async fn attempt(&self, request: &Outgoing) -> Result<Outcome, Failure> {
        let addresses = self.addresses(request).await?;
        let mut last = Failure::NameNotFound("no address".into());
        for address in addresses {
            match self.post_to(address, request).await {
                // Another address of the same name may answer. Nothing was sent to this one.
                Err(failure @ Failure::Refused(_)) => last = failure,
                done => return done,
            }
        }
        Err(last)
    }

    /// The addresses to connect to, in order. Each may be contacted.
    async fn addresses(&self, request: &Outgoing) -> Result<Vec<SocketAddr>, Failure> {
        let Outgoing { to, reach, was_reached, timeout: time, .. } = request;
        let found = if let Some(ip) = to.host.ip() {
            vec![ip]
        } else {
            let source = match reach {
                Reach::Trusted | Reach::TrustedLocal => NameSource::UserAdded,
                Reach::Stranger(_) if *was_reached => NameSource::Responded,
                Reach::Stranger(_) => NameSource::Unverified,
            };
            // A lookup that takes so long says nothing about the node that has the name.
            let slow = |_| Failure::NoResources("the name is being looked up for too long".into());
            let found =
                timeout(*time / 2, self.lookups.addresses(to.host.as_str(), source)).await.map_err(slow)?;
            found.map_err(|error| match error {
                LookupError::Shortage(shortage) => Failure::NoResources(shortage.to_string().into()),
                LookupError::Failed(error) => Failure::NameNotFound(error.to_string().into()),
            })?
        };
        let allowed = found.iter().filter(|ip| reach.check(**ip).is_ok());
        let allowed: Vec<_> = allowed.map(|ip| SocketAddr::new(ip.to_canonical(), to.port)).collect();
        match found.first() {
            Some(ip) if allowed.is_empty() => Err(match reach {
                Reach::TrustedLocal => Failure::NotReachable,
                _ => Failure::Forbidden(Scope::of(ip.to_canonical())),
            }),
            _ => Ok(allowed),
        }
    }

    async fn post_to(&self, address: SocketAddr, request: &Outgoing) -> Result<Outcome, Failure> {
        let url = format!("http://{address}{}", request.path);
        let http = if request.keeps_connection { &self.pooled } else { &self.unpooled };
        let mut builder = http
            .post(url)
            .header(ID_HEADER, request.sender.as_str())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(request.body.as_bytes().to_vec());
        if let (Some(timestamp), Some(key)) = (request.timestamp, &self.key) {
            let text = timestamp.text();
            let signature =
                key.sign(text.as_bytes()).map_err(|error| Failure::NoResources(error.to_string().into()))?;
            builder = builder.header(TIMESTAMP_HEADER, text).header(SIGNATURE_HEADER, signature);
        }
        let response = builder.send().await.map_err(|error| failure(&error, address))?;
        read(response, address, request.max_answer).await
    }
}

fn http_client(max_idle_per_node: usize) -> Result<reqwest::Client, reqwest::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // It is never used: see Cargo.toml.
    let tls = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::DEFAULT_VERSIONS)
        .map(|config| config.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    let builder = reqwest::Client::builder();
    let builder = match tls {
        Ok(tls) => builder.tls_backend_preconfigured(tls),
        Err(_) => builder,
    };
    builder
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(MAX_IDLE)
        .pool_max_idle_per_host(max_idle_per_node)
        .user_agent(AGENT)
        .build()
}

/// Reads the body, up to a maximum.
async fn read(mut response: Response, from: SocketAddr, max: usize) -> Result<Outcome, Failure> {
    let status = response.status().as_u16();
    let remote = response.remote_addr().map(|remote| remote.ip().to_canonical());
    let server = response.headers().get(SERVER).and_then(|server| server.to_str().ok());
    let is_ours = server.is_some_and(|server| server.starts_with(OURS));
    if response.content_length().is_some_and(|length| length > max as u64) {
        return Err(Failure::TooLong(max));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error, from))? {
        if chunk.len() > max - body.len() {
            return Err(Failure::TooLong(max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Outcome::Answered { status, body, remote, is_ours })
}

fn failure(error: &reqwest::Error, to: SocketAddr) -> Failure {
    let mut cause = error.source();
    let mut last = error.to_string();
    let mut system = None;
    while let Some(source) = cause {
        last = source.to_string();
        system = system.or_else(|| source.downcast_ref::<io::Error>());
        cause = source.source();
    }
    let kind = system.map(|error| connection_error(error.kind().into(), to).kind());
    if kind == Some(io::ErrorKind::NetworkUnreachable) {
        Failure::Refused("network unreachable".into())
    } else if let Some(shortage) = system.and_then(Shortage::of) {
        Failure::NoResources(shortage.to_string().into())
    } else if error.is_timeout() {
        Failure::TimedOut
    } else if error.is_connect() {
        // The number of the system's error says nothing to a person.
        let cause = last.split(" (os error ").next().unwrap_or(&last);
        Failure::Refused(cause.into())
    } else {
        Failure::Cut
    }
}
