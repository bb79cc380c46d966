use std::{net::IpAddr, sync::Arc, time::Duration};

use clacks_transport::Scope;

use crate::protocol::{Address, Host, Id, Path, Timestamp};

use super::Failure;

/// One request of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(super) u64);

#[cfg(any(test, feature = "simulation"))]
impl RequestId {
    /// The id with this number, of a node with other rules.
    pub(crate) fn of(number: u64) -> Self {
        Self(number)
    }
}

/// Who named an address, which decides whether it is contacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The user.
    Trusted,
    /// The user, but only this machine can reach us, so only addresses of this machine are contacted.
    TrustedLocal,
    /// A node at an address of this scope, if known. Public addresses are contacted, and those of the same scope.
    Stranger(Option<Scope>),
}

impl Reach {
    /// The reach of what a node at this remote address says.
    pub fn of_remote(remote: Option<IpAddr>) -> Self {
        Self::Stranger(remote.map(|remote| Scope::of(remote.to_canonical())))
    }

    /// Checks an IP address.
    ///
    /// # Errors
    /// The scope for which the address is not contacted.
    pub fn check(self, ip: IpAddr) -> Result<(), Scope> {
        self.check_scope(Scope::of(ip.to_canonical()))
    }

    /// Checks a host that is an IP address; a name is checked when it is looked up.
    pub(super) fn check_host(self, host: &Host) -> Result<(), Scope> {
        host.scope().map_or(Ok(()), |scope| self.check_scope(scope))
    }

    fn check_scope(self, scope: Scope) -> Result<(), Scope> {
        let is_allowed = match self {
            Self::Trusted => scope.has_nodes(),
            Self::TrustedLocal => scope == Scope::Loopback,
            Self::Stranger(from) => scope.is_open_to_strangers(from),
        };
        if is_allowed { Ok(()) } else { Err(scope) }
    }
}

/// A request that the shell has to make, then call [`Core::handle_outcome`](super::Core::handle_outcome) with what came of
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outgoing {
    /// The id for `handle_outcome`.
    pub id: RequestId,
    /// The receiver.
    pub to: Address,
    /// Who named the receiver. The shell checks every address that it connects to.
    pub reach: Reach,
    /// Whether the receiver is a member that this node has reached before. The lookup of its name comes before those of
    /// names that only strangers gave.
    pub was_reached: bool,
    /// The path.
    pub path: Path,
    /// The id to send.
    pub sender: Id,
    /// The body.
    pub body: Arc<str>,
    /// The time to sign and to send with its signature; `None` for an unsigned request.
    pub timestamp: Option<Timestamp>,
    /// Whether the connection is kept for the next request to the same node, which probably comes soon.
    pub keeps_connection: bool,
    /// Time-out of the whole request.
    pub timeout: Duration,
    /// Maximum bytes of the body of the answer.
    pub max_answer: usize,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The whole answer arrived.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: Vec<u8>,
        /// The remote address.
        remote: Option<IpAddr>,
        /// Whether the server says that it is this library, which accepts a record twice.
        is_ours: bool,
    },
    /// There was no answer.
    Failed(Failure),
}
