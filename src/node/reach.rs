//! Where a node lets strangers send it.

use std::{
    error::Error,
    fmt, io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    vec,
};

use hyper_util::client::legacy::connect::dns::Name;
use tokio::{net::lookup_host, sync::OnceCell};
use tower_service::Service;

use crate::{core::Scope, protocol::Address};

use super::trust::Handshake;

/// Which addresses are contacted that only strangers named: public ones, those of the kind that this node is itself
/// found at, or all.
#[derive(Debug)]
pub(super) struct Reach {
    all: bool,
    hostname: String,
    /// Once it could be looked up.
    own: OnceCell<Option<Scope>>,
}

/// An address is not contacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAllowed(pub(super) Scope);

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not contacted: it is {}", self.0)
    }
}

impl Error for NotAllowed {}

impl Reach {
    /// For a node that is found at `hostname`. With `all`, addresses of every kind are contacted.
    pub(super) fn new(hostname: &str, all: bool) -> Self {
        Self { all, hostname: hostname.to_owned(), own: OnceCell::new() }
    }

    /// Whether an address that only strangers named may be contacted.
    pub(super) async fn check(&self, address: IpAddr) -> Result<(), NotAllowed> {
        let scope = Scope::of(address);
        if self.all || scope == Scope::Public {
            return Ok(());
        }
        // A machine that has just started may have no names yet: what fails is tried again.
        let own = self.own.get_or_try_init(|| self.own()).await;
        if own.is_ok_and(|own| *own == Some(scope)) { Ok(()) } else { Err(NotAllowed(scope)) }
    }

    /// The kind of address that this node is found at; none where that does not tell.
    async fn own(&self) -> io::Result<Option<Scope>> {
        let name = self.hostname.trim_end_matches('.').to_ascii_lowercase();
        if let Ok(address) = name.parse() {
            return Ok(Some(Scope::of(address)));
        }
        if name == "localhost" || name.ends_with(".localhost") {
            return Ok(Some(Scope::Loopback));
        }
        let address = lookup_host((name.as_str(), 0)).await?.next();
        // Many a machine finds itself under a public name at a loopback address, which others don't.
        Ok(address.map(|address| Scope::of(address.ip())).filter(|scope| *scope != Scope::Loopback))
    }
}

/// Looks hostnames up for connections, and leaves out the addresses that may not be contacted. Asked when the
/// connection is made, so that a name that leads elsewhere by then is found out.
#[derive(Debug, Clone)]
pub(super) struct Resolver(pub(super) Arc<Reach>);

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let reach = Arc::clone(&self.0);
        let handshake = Handshake::current();
        Box::pin(async move {
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            if handshake.is_with_named() {
                return Ok(found.into_iter());
            }
            let mut allowed = Vec::new();
            let mut refused = None;
            for address in found {
                match reach.check(address.ip()).await {
                    Ok(()) => allowed.push(address),
                    Err(not_allowed) => refused = Some(not_allowed),
                }
            }
            match refused {
                Some(refused) if allowed.is_empty() => Err(refused.into()),
                _ => Ok(allowed.into_iter()),
            }
        })
    }
}

/// The IP address that a peer is found at without a name to look up.
pub(super) fn literal(address: &Address) -> Option<IpAddr> {
    // The likes of `127.1` and `0x7f000001` are no hostnames of an address.
    address.hostname().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn allows(hostname: &str, all: bool, address: &str) -> bool {
        Reach::new(hostname, all).check(address.parse().unwrap()).await.is_ok()
    }

    #[tokio::test]
    async fn strangers_send_a_node_to_public_addresses_and_to_those_of_its_own_kind() {
        let addresses = ["8.8.8.8", "127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"];
        for (hostname, expected) in [
            ("8.8.4.4", [true, false, false, false, false, false]),
            ("LocalHost", [true, true, false, false, true, false]),
            ("tower.localhost.", [true, true, false, false, true, false]),
            ("::1", [true, true, false, false, true, false]),
            ("192.168.0.7", [true, false, true, false, false, true]),
            ("no-such-name.invalid", [true, false, false, false, false, false]),
        ] {
            for (address, expected) in addresses.into_iter().zip(expected) {
                assert_eq!(allows(hostname, false, address).await, expected, "{address} from {hostname}");
                assert!(allows(hostname, true, address).await);
            }
        }
    }

    #[tokio::test]
    async fn a_name_that_could_not_be_looked_up_is_looked_up_again() {
        let reach = Reach::new("no-such-name.invalid", false);
        assert!(reach.check("10.0.0.1".parse().unwrap()).await.is_err());
        assert!(!reach.own.initialized());
    }

    #[test]
    fn however_an_address_is_written_it_is_seen() {
        for (hostname, expected) in [
            ("127.0.0.1", Some("127.0.0.1")),
            ("::ffff:127.0.0.1", Some("::ffff:127.0.0.1")),
            ("0:0::1", Some("::1")),
            ("tower.example.org", None),
        ] {
            let expected = expected.map(|address| address.parse().unwrap());
            assert_eq!(literal(&Address::new(hostname, 1).unwrap()), expected, "{hostname}");
        }
        for hostname in ["127.1", "2130706433", "0x7f.0.0.1", "017700000001", "0x7f000001"] {
            assert!(Address::new(hostname, 1).is_err(), "{hostname}");
        }
    }
}
