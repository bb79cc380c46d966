use std::net::{IpAddr, SocketAddr};

use super::Node;

/// Connections from outside: where they come in, how many there are, and whom the user keeps out.
impl Node {
    /// The sockets it listens on.
    pub fn listens_on(&self) -> &[SocketAddr] {
        &self.inner.listens_on
    }

    /// How these sockets fall short of what the node's hostname promises to others, in words, if they do.
    pub fn listening_shortfall(&self) -> Option<&str> {
        self.inner.shortfall.as_deref()
    }

    /// How many connections from outside are open.
    pub fn connections(&self) -> usize {
        self.inner.connections.count()
    }

    /// Ignores a remote IP address: connections from it are closed, those that are open at once and others before the
    /// TLS handshake, whoever they say they are. Returns whether it was not ignored before. Nothing changes for what is
    /// sent.
    pub fn ignore_remote(&self, remote: IpAddr) -> bool {
        let is_news = self.shared.with_core(|at| at.core.ignore_remote(remote));
        self.inner.connections.close_from(remote);
        is_news
    }

    /// Takes that back. Returns whether it was ignored.
    pub fn unignore_remote(&self, remote: IpAddr) -> bool {
        self.shared.with_core(|at| at.core.unignore_remote(remote))
    }

    /// Whether a remote IP address is ignored.
    pub fn is_remote_ignored(&self, remote: IpAddr) -> bool {
        self.shared.read(|core| core.is_remote_ignored(remote))
    }

    /// The remote IP addresses that are ignored, in order.
    pub fn ignored_remotes(&self) -> Vec<IpAddr> {
        self.shared.read(|core| core.ignored_remotes().collect())
    }
}
