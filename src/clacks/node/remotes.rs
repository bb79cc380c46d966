use std::net::{IpAddr, SocketAddr};

use super::Node;

/// Inbound connections: sockets, number, and ignored remote addresses.
impl Node {
    /// The addresses of the listening sockets.
    pub fn listens_on(&self) -> &[SocketAddr] {
        &self.inner.listens_on
    }

    /// A warning, in words, if these sockets cannot be reached at the address that is sent to others.
    pub fn listening_shortfall(&self) -> Option<&str> {
        self.inner.shortfall.as_deref()
    }

    /// The number of open inbound connections.
    pub fn connections(&self) -> usize {
        self.inner.connections.count()
    }

    /// Ignores a remote IP address: its open connections are closed now, and new ones before the TLS handshake,
    /// whatever sender they name. Sending is not affected. Returns whether it was not ignored before.
    pub fn ignore_remote(&self, remote: IpAddr) -> bool {
        let is_news = self.shared.with_core(|at| at.core.ignore_remote(remote));
        self.inner.connections.close_from(remote);
        is_news
    }

    /// Stops ignoring a remote IP address. Returns whether it was ignored.
    pub fn unignore_remote(&self, remote: IpAddr) -> bool {
        self.shared.with_core(|at| at.core.unignore_remote(remote))
    }

    /// Whether a remote IP address is ignored.
    pub fn is_remote_ignored(&self, remote: IpAddr) -> bool {
        self.shared.read(|core| core.is_remote_ignored(remote))
    }

    /// The ignored remote IP addresses, sorted.
    pub fn ignored_remotes(&self) -> Vec<IpAddr> {
        self.shared.read(|core| core.ignored_remotes().collect())
    }
}
