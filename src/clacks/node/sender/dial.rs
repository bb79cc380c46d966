use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use clacks_transport::{
    address_policy::AddressPolicy,
    descriptors,
    lookup::{LookupError, Lookups, NameSource},
};
use rustls::{ClientConfig, client::Resumption, crypto::CryptoProvider, pki_types::ServerName};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{core::Scope, protocol::Address};

use super::{
    super::{
        certificate::fingerprint,
        trust::{FirstUseVerifier, HANDSHAKE, Handshake, Trust},
    },
    failure::PostError,
    in_time,
    link::{Closing, Link},
};

/// Delay after which the other version of IP is tried as well (RFC 8305).
const OTHER_VERSION_AFTER: Duration = Duration::from_millis(250);

/// Makes connections to peers.
#[derive(Debug)]
pub(super) struct Dialer {
    tls: Tls,
    trust: Arc<Trust>,
    lookups: Arc<Lookups>,
    policy: Arc<AddressPolicy>,
    /// Time-out of a connection, TLS included.
    timeout: Duration,
    closing: Closing,
}

struct Tls(TlsConnector);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Dialer {
    pub(super) fn new(
        trust: Arc<Trust>,
        provider: Arc<CryptoProvider>,
        policy: Arc<AddressPolicy>,
        lookups: Arc<Lookups>,
        timeout: Duration,
    ) -> Self {
        let tls = Tls(TlsConnector::from(Arc::new(tls(Arc::clone(&trust), provider))));
        Self { tls, trust, lookups, policy, timeout, closing: Closing::default() }
    }

    /// Connects, within the time-out of a connection.
    pub(super) async fn dial(&self, to: &Address, handshake: &Arc<Handshake>) -> Result<Link, PostError> {
        let deadline = Instant::now() + self.timeout;
        in_time(deadline, self.connect(to, handshake)).await.unwrap_or(Err(PostError::TimedOut))
    }

    async fn connect(&self, to: &Address, handshake: &Arc<Handshake>) -> Result<Link, PostError> {
        let addresses = self.addresses(to, handshake.is_with_user_added()).await?;
        let stream = connect(&addresses, self.timeout).await?;
        stream.set_nodelay(true)?;
        let remote = stream.peer_addr()?;
        // Boxed because the future of a handshake is large.
        let tls_stream = Box::pin(self.tls.0.connect(server_name(to)?, stream));
        let stream = HANDSHAKE.scope(Arc::clone(handshake), tls_stream).await?;
        let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let certificate = certificates.first().map(fingerprint);
        let certificate = certificate.ok_or_else(|| io::Error::other("the peer showed no certificate"))?;
        Ok(Link::new(stream, certificate, remote, &self.closing, reset).await?)
    }

    /// The allowed addresses of the peer. They are looked up for each connection, so that a changed name is noticed.
    async fn addresses(&self, to: &Address, added_by_user: bool) -> Result<Vec<SocketAddr>, PostError> {
        let found = match (to.ip(), Scope::of_hostname(to.hostname())) {
            (Some(ip), _) => vec![ip],
            // RFC 6761: always this machine, whatever a lookup returns.
            (None, Some(_)) => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            (None, None) => self.look_up(to, added_by_user).await?,
        };
        let found = found.into_iter().map(|ip| SocketAddr::new(ip, to.port()));
        let (mut allowed, mut refused) = (Vec::new(), None);
        for address in found {
            match self.policy.check(address) {
                Err(not_allowed) if !added_by_user => refused = Some(not_allowed),
                _ => allowed.push(address),
            }
        }
        match refused {
            Some(refused) if allowed.is_empty() => Err(refused.into()),
            _ => Ok(allowed),
        }
    }

    async fn look_up(&self, to: &Address, added_by_user: bool) -> Result<Vec<IpAddr>, PostError> {
        let standing = match self.trust.pinned(to) {
            _ if added_by_user => NameSource::UserAdded,
            Some(_) => NameSource::Responded,
            None => NameSource::Unverified,
        };
        self.lookups.addresses(to.hostname(), standing).await.map_err(|error| match error {
            LookupError::Shortage(shortage) => PostError::Shortage(shortage),
            LookupError::Failed(error) => PostError::Io(error),
        })
    }
}

fn server_name(to: &Address) -> Result<ServerName<'static>, PostError> {
    match to.ip() {
        Some(ip) => Ok(ServerName::IpAddress(ip.into())),
        None => Ok(ServerName::try_from(to.hostname().trim_end_matches('.').to_owned())?),
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
    // Sessions are stored by hostname without port. Resuming one would skip the check of the certificate.
    config.resumption = Resumption::disabled();
    config
}

/// Connects to the first of these addresses that accepts. Each gets its share of the time. The version of IP of the
/// first address has a head start.
async fn connect(addresses: &[SocketAddr], time: Duration) -> io::Result<TcpStream> {
    let share = time / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.iter().partition(|address| address.is_ipv6() == is_v6);
    let (mut first, mut second) =
        (pin!(connect_in_order(&first, share)), pin!(connect_in_order(&second, share)));
    if let Ok(connected) = timeout(OTHER_VERSION_AFTER, &mut first).await {
        return match connected {
            Ok(stream) => Ok(stream),
            Err(error) => second.await.map_err(|second| more_specific(error, second)),
        };
    }
    tokio::select! {
        connected = &mut first => match connected {
            Ok(stream) => Ok(stream),
            Err(error) => second.await.map_err(|second| more_specific(error, second)),
        },
        connected = &mut second => match connected {
            Ok(stream) => Ok(stream),
            Err(error) => first.await.map_err(|first| more_specific(first, error)),
        },
    }
}

async fn connect_in_order(addresses: &[SocketAddr], share: Duration) -> io::Result<TcpStream> {
    let mut failed = io::Error::other(NO_ADDRESS);
    for address in addresses {
        let connected = timeout(share, TcpStream::connect(address)).await;
        match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = descriptors::connection_error(error, *address),
        }
    }
    Err(failed)
}

const NO_ADDRESS: &str = "the name has no address";

/// The error that says more about the peer. An unreachable network says little.
fn more_specific(first: io::Error, second: io::Error) -> io::Error {
    let says_little = |error: &io::Error| {
        matches!(error.kind(), io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable)
            || error.to_string() == NO_ADDRESS
    };
    if says_little(&first) && !says_little(&second) { second } else { first }
}

/// Resets a connection, so that the system discards unsent data.
fn reset(stream: &TlsStream<TcpStream>) {
    // If that fails, the system continues to send the data for some time.
    let _ = stream.get_ref().0.set_zero_linger();
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_peer_is_reached_over_either_version_of_ip() {
        let Ok(v6) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else { return };
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let [there, nobody] = [v6, v4].map(|socket| socket.local_addr().unwrap());
        let silent = SocketAddr::from(([127, 0, 0, 1], 1));
        for addresses in [vec![there], vec![silent, there], vec![there, silent], vec![nobody, there]] {
            let _there = TcpListener::bind(there).await.unwrap();
            assert!(connect(&addresses, Duration::from_secs(5)).await.is_ok(), "{addresses:?}");
        }
        let error = connect(&[there, silent], Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(connect(&[], Duration::from_secs(5)).await.unwrap_err().to_string(), NO_ADDRESS);
    }
}
