//! What this machine lacks, as opposed to what a peer did, and how many files the node may have open for what.

use std::{
    fmt, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
};

use super::Limits;

/// Files that a node keeps open beside its connections: state, log, terminal, look-ups, what its runtime has, and
/// connections to peers that are [being closed](MAX_CLOSING).
const OTHER_FILES: usize = 100;
/// Connections to peers that are no longer used and have yet to close, at most.
pub(super) const MAX_CLOSING: usize = 16;
/// Idle connections to peers that are kept at most, however many files may be open.
const MAX_IDLE: usize = 512;

/// `EMFILE` and `ENFILE`, which have one number on every Unix, and `WSAEMFILE`.
const TOO_MANY_FILES: [i32; 3] = [24, 23, 10024];
#[cfg(unix)]
const NO_BUFFERS: i32 = rustix::io::Errno::NOBUFS.raw_os_error();
/// `WSAENOBUFS`.
#[cfg(not(unix))]
const NO_BUFFERS: i32 = 10055;

/// Something of which this machine has no more for the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lack {
    Files,
    /// Of its own, for connections to others.
    Ports,
    Threads,
    Memory,
    /// As many names are being looked up as may be at once.
    LookUps,
}

impl Lack {
    /// What was lacking where the system gave this error for a connection. None if it is no such error.
    pub(super) fn of(error: &io::Error) -> Option<Self> {
        match (error.raw_os_error(), error.kind()) {
            (Some(code), _) if TOO_MANY_FILES.contains(&code) => Some(Self::Files),
            (Some(code), _) if code == NO_BUFFERS => Some(Self::Memory),
            // To a connection, which is not waited for, the latter says that the kernel has no room for its route.
            (_, io::ErrorKind::OutOfMemory) | (Some(_), io::ErrorKind::WouldBlock) => Some(Self::Memory),
            (Some(_), io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse) => Some(Self::Ports),
            _ => None,
        }
    }

    /// What is lacking now for one more socket. Tells why something failed that does not say it itself.
    pub(super) fn now() -> Option<Self> {
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).err().and_then(|error| Self::of(&error))
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Files => "no more files may be opened",
            Self::Ports => "no ports are left",
            Self::Threads => "no more threads may be started",
            Self::Memory => "no memory is left",
            Self::LookUps => "too many names are being looked up at once",
        })
    }
}

/// The error of a connection to this address. Without IPv6 the system says of an IPv6 address what it says where there
/// are no ports.
pub(super) fn connection_error(error: io::Error, to: SocketAddr) -> io::Error {
    let is_without_ipv6 = || UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err();
    if may_lack_ipv6(&error, to) && is_without_ipv6() {
        return io::ErrorKind::NetworkUnreachable.into();
    }
    error
}

/// Whether this may be the error of a system without IPv6.
fn may_lack_ipv6(error: &io::Error, to: SocketAddr) -> bool {
    to.is_ipv6() && error.kind() == io::ErrorKind::AddrNotAvailable
}

/// How many connections the node may have, so that together with all else there are files for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    /// From outside.
    pub(super) inbound: usize,
    /// To peers, while nothing is sent.
    pub(super) idle: usize,
}

impl Budget {
    /// For a process that may have so many files open (`None`: any number), where `in_flight` connections to peers may
    /// be in use.
    pub(super) fn new(files: Option<u64>, limits: &Limits, in_flight: usize) -> Self {
        let files = files.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX);
        let connections = files.saturating_sub(OTHER_FILES.saturating_add(in_flight));
        // A tenth stays for idle ones.
        let inbound = limits.max_connections.min(connections - connections / 10).max(1);
        Self { inbound, idle: connections.saturating_sub(inbound).min(MAX_IDLE) }
    }
}

/// How many files this process may have open.
#[cfg(unix)]
pub(super) fn files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
pub(super) fn files() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_lack_is_told_apart_from_what_a_peer_did() {
        for (code, expected) in [
            (23, Some(Lack::Files)),
            (24, Some(Lack::Files)),
            (12, Some(Lack::Memory)),
            (105, Some(Lack::Memory)),
            (11, Some(Lack::Memory)),
            (99, Some(Lack::Ports)),
            (98, Some(Lack::Ports)),
            (111, None),
            (104, None),
            (110, None),
            (113, None),
            (101, None),
            (32, None),
            (2, None),
        ] {
            assert_eq!(Lack::of(&io::Error::from_raw_os_error(code)), expected, "{code}");
        }
        assert_eq!(Lack::of(&io::ErrorKind::WouldBlock.into()), None, "not from the system");
        assert_eq!(Lack::now(), None);
    }

    #[test]
    fn there_are_files_for_all_connections_that_may_be() {
        let limits = Limits::default();
        for files in [1024, 2048, 4096, 20_000, 1 << 20, 300, 200] {
            let Budget { inbound, idle } = Budget::new(Some(files), &limits, 64);
            assert!(inbound + idle + 64 + OTHER_FILES <= files as usize, "{files}: {inbound} and {idle}");
            assert!(inbound > 0 && idle > 0, "{files}: {inbound} and {idle}");
        }
        let usual = Budget::new(Some(1024), &limits, 64);
        assert_eq!((usual.inbound, usual.idle), (limits.max_connections, 92));
        let unlimited = Budget { inbound: limits.max_connections, idle: MAX_IDLE };
        assert_eq!(Budget::new(None, &limits, 64), unlimited);
        assert_eq!(Budget::new(Some(10), &limits, 64), Budget { inbound: 1, idle: 0 });
    }

    #[test]
    fn a_system_without_ipv6_has_no_address_for_ipv6() {
        let (v4, v6) = (SocketAddr::from(([192, 0, 2, 1], 1)), SocketAddr::from((Ipv6Addr::LOCALHOST, 1)));
        for (kind, to, expected) in [
            (io::ErrorKind::AddrNotAvailable, v6, true),
            (io::ErrorKind::AddrNotAvailable, v4, false),
            (io::ErrorKind::ConnectionRefused, v6, false),
            (io::ErrorKind::ConnectionRefused, v4, false),
        ] {
            assert_eq!(may_lack_ipv6(&kind.into(), to), expected, "{kind} to {to}");
            assert!(expected || connection_error(kind.into(), to).kind() == kind, "it stays as it is");
        }
    }
}
