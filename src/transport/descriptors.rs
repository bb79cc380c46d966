//! File descriptors and other resources of this machine: what is exhausted, and how many connections there is room for.

use std::{
    fmt, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
};

/// File descriptors reserved for everything but connections: state, log, terminal, lookups, the runtime, and
/// connections to peers that are [being closed](MAX_CLOSING).
const OTHER_FILES: usize = 100;
/// Maximum number of connections to peers that are being closed.
pub const MAX_CLOSING: usize = 16;
/// Maximum number of idle connections to peers, however many files may be open.
const MAX_IDLE: usize = 512;

/// `EMFILE` and `ENFILE`, which have one number on every Unix, and `WSAEMFILE`.
const TOO_MANY_FILES: [i32; 3] = [24, 23, 10024];
#[cfg(unix)]
const NO_BUFFERS: i32 = rustix::io::Errno::NOBUFS.raw_os_error();
/// `WSAENOBUFS`.
#[cfg(not(unix))]
const NO_BUFFERS: i32 = 10055;

/// A resource of this machine that is exhausted. Failures because of it say nothing about a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// File descriptors, of the process or the system.
    Files,
    /// Local ports for outgoing connections.
    Ports,
    /// Threads.
    Threads,
    /// Memory, or buffers of the kernel.
    Memory,
    /// Concurrent hostname lookups ([`Lookups`](crate::lookup::Lookups)).
    LookUps,
}

impl Shortage {
    /// The resource that this error of a connection says is exhausted; `None` for other errors.
    pub fn of(error: &io::Error) -> Option<Self> {
        match (error.raw_os_error(), error.kind()) {
            (Some(code), _) if TOO_MANY_FILES.contains(&code) => Some(Self::Files),
            (Some(code), _) if code == NO_BUFFERS => Some(Self::Memory),
            // A connect that does not wait fails with `WouldBlock` if the kernel has no memory for the route.
            (_, io::ErrorKind::OutOfMemory) | (Some(_), io::ErrorKind::WouldBlock) => Some(Self::Memory),
            (Some(_), io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse) => Some(Self::Ports),
            _ => None,
        }
    }

    /// The resource that one more socket would lack now. It explains failures whose error does not say so.
    pub fn now() -> Option<Self> {
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).err().and_then(|error| Self::of(&error))
    }
}

impl fmt::Display for Shortage {
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

/// The error of a connection to this address. On a system without IPv6 the error for an IPv6 address is the one for
/// exhausted ports; it becomes [`io::ErrorKind::NetworkUnreachable`].
pub fn connection_error(error: io::Error, to: SocketAddr) -> io::Error {
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

/// How many connections the limit on open files has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DescriptorBudget {
    /// Maximum inbound connections.
    pub inbound: usize,
    /// Maximum idle connections to peers.
    pub idle: usize,
}

impl DescriptorBudget {
    /// For a process that may open `files` files (`None`: any number), with at most `max_connections` inbound connections
    /// and `in_flight` connections to peers in use.
    pub fn new(files: Option<u64>, max_connections: usize, in_flight: usize) -> Self {
        let files = files.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX);
        let connections = files.saturating_sub(OTHER_FILES.saturating_add(in_flight));
        // A tenth is reserved for idle ones.
        let inbound = max_connections.min(connections - connections / 10).max(1);
        Self { inbound, idle: connections.saturating_sub(inbound).min(MAX_IDLE) }
    }
}

/// The limit on open files of this process; `None` if there is none.
#[cfg(unix)]
pub fn open_file_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// The limit on open files of this process: not known on this system.
#[cfg(not(unix))]
pub fn open_file_limit() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_resource_shortage_is_distinguished_from_a_failure_of_the_peer() {
        for (code, expected) in [
            (23, Some(Shortage::Files)),
            (24, Some(Shortage::Files)),
            (12, Some(Shortage::Memory)),
            (105, Some(Shortage::Memory)),
            (11, Some(Shortage::Memory)),
            (99, Some(Shortage::Ports)),
            (98, Some(Shortage::Ports)),
            (111, None),
            (104, None),
            (110, None),
            (113, None),
            (101, None),
            (32, None),
            (2, None),
        ] {
            assert_eq!(Shortage::of(&io::Error::from_raw_os_error(code)), expected, "{code}");
        }
        assert_eq!(Shortage::of(&io::ErrorKind::WouldBlock.into()), None, "not from the system");
        assert_eq!(Shortage::now(), None);
    }

    #[test]
    fn the_descriptor_budget_covers_all_connections() {
        const MAX: usize = 768;
        for files in [1024, 2048, 4096, 20_000, 1 << 20, 300, 200] {
            let DescriptorBudget { inbound, idle } = DescriptorBudget::new(Some(files), MAX, 64);
            assert!(inbound + idle + 64 + OTHER_FILES <= files as usize, "{files}: {inbound} and {idle}");
            assert!(inbound > 0 && idle > 0, "{files}: {inbound} and {idle}");
        }
        let usual = DescriptorBudget::new(Some(1024), MAX, 64);
        assert_eq!((usual.inbound, usual.idle), (MAX, 92));
        let unlimited = DescriptorBudget { inbound: MAX, idle: MAX_IDLE };
        assert_eq!(DescriptorBudget::new(None, MAX, 64), unlimited);
        assert_eq!(DescriptorBudget::new(Some(10), MAX, 64), DescriptorBudget { inbound: 1, idle: 0 });
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
