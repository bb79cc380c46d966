//! The sockets that a node listens on.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::core::Scope;

use super::StartError;

/// Connections that the system queues until the node accepts them.
const BACKLOG: i32 = 1024;

/// `EAFNOSUPPORT`.
#[cfg(unix)]
const NO_SUCH_FAMILY: i32 = rustix::io::Errno::AFNOSUPPORT.raw_os_error();
/// `WSAEAFNOSUPPORT`.
#[cfg(not(unix))]
const NO_SUCH_FAMILY: i32 = 10047;

/// The requested sockets: at `listen`, or at the hostname's address.
#[derive(Debug)]
pub(super) struct RequestedSockets<'a> {
    pub(super) hostname: &'a str,
    pub(super) listen: Option<IpAddr>,
    /// 0 for any free port.
    pub(super) port: u16,
}

impl RequestedSockets<'_> {
    /// Opens the sockets: at least one, all on the same port.
    pub(super) fn open(&self) -> Result<Vec<TcpListener>, StartError> {
        let (first, second) = self.addresses();
        let socket = match bind(SocketAddr::new(first, self.port)) {
            Err(StartError::Listen { source, .. })
                if first == UNSPECIFIED_V6 && self.is_replaceable(&source) =>
            {
                bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), self.port))?
            }
            bound => bound?,
        };
        let port = socket.local_addr().map_or(self.port, |address| address.port());
        let mut sockets = vec![socket];
        if let Some(second) = second {
            match bind(SocketAddr::new(second, port)) {
                Ok(socket) => sockets.push(socket),
                Err(StartError::Listen { source, .. }) if self.is_second_optional(&source) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sockets)
    }

    /// Whether this error at the second address is acceptable: the system has no addresses of its version of IP, or the
    /// port that the system chose is in use there.
    fn is_second_optional(&self, error: &io::Error) -> bool {
        is_without_family(error) || (self.port == 0 && error.kind() == io::ErrorKind::AddrInUse)
    }

    /// Whether all IPv4 addresses replace all addresses: there is no IPv6, and the user did not request it.
    fn is_replaceable(&self, error: &io::Error) -> bool {
        self.listen.is_none() && is_without_family(error)
    }

    fn addresses(&self) -> (IpAddr, Option<IpAddr>) {
        let literal = self.hostname.parse().map(|address: IpAddr| address.to_canonical());
        match (self.listen, literal) {
            (Some(address), _) => (address, None),
            (None, Ok(address)) if address.is_loopback() => (address, None),
            (None, Err(_)) if Scope::of_hostname(self.hostname) == Some(Scope::Loopback) => {
                (Ipv4Addr::LOCALHOST.into(), Some(Ipv6Addr::LOCALHOST.into()))
            }
            (None, _) => (UNSPECIFIED_V6, None),
        }
    }

    /// A description of how the sockets do not match the hostname, if so.
    pub(super) fn shortfall(&self, sockets: &[SocketAddr]) -> Option<String> {
        let hostname = self.hostname;
        let listens = sockets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        let all = |is: fn(&SocketAddr) -> bool| sockets.iter().all(is);
        let is_inner = Scope::of_hostname(hostname) == Some(Scope::Loopback);
        let literal = hostname.parse().map(|address: IpAddr| address.to_canonical());
        if !is_inner && all(|socket| socket.ip().is_loopback()) {
            Some(format!("others are told {hostname}, but {listens} is for this machine only"))
        } else if matches!(literal, Ok(IpAddr::V6(_))) && all(SocketAddr::is_ipv4) {
            Some(format!("others are told the IPv6 address {hostname}, but {listens} is for IPv4 only"))
        } else if literal.is_err() && self.listen.is_none() && !is_inner && all(SocketAddr::is_ipv4) {
            Some(format!(
                "this system has no IPv6: whoever finds an IPv6 address for {hostname} cannot connect"
            ))
        } else if matches!(literal, Ok(IpAddr::V4(_))) && all(is_for_ipv6_only) {
            Some(format!("others are told the IPv4 address {hostname}, but {listens} is for IPv6 only"))
        } else {
            None
        }
    }
}

const UNSPECIFIED_V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

fn is_for_ipv6_only(socket: &SocketAddr) -> bool {
    socket.is_ipv6() && !socket.ip().is_unspecified()
}

/// Whether the system has no addresses of this version of IP.
fn is_without_family(error: &io::Error) -> bool {
    error.raw_os_error() == Some(NO_SUCH_FAMILY) || error.kind() == io::ErrorKind::AddrNotAvailable
}

fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let listen = || -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // On other systems the option would let other processes listen on the same port.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        if address.ip() == UNSPECIFIED_V6 {
            // The socket accepts IPv4 as well, whatever the default of the system.
            socket.set_only_v6(false)?;
        }
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        TcpListener::from_std(socket.into())
    };
    listen().map_err(|source| StartError::Listen { address, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requested(hostname: &str, listen: Option<IpAddr>) -> RequestedSockets<'_> {
        RequestedSockets { hostname, listen, port: 0 }
    }

    #[test]
    fn a_node_with_a_loopback_hostname_listens_on_loopback_only() {
        for (hostname, expected) in [
            ("localhost", "127.0.0.1"),
            ("LOCALHOST", "127.0.0.1"),
            ("localhost.", "127.0.0.1"),
            ("tower.localhost", "127.0.0.1"),
            ("127.0.0.2", "127.0.0.2"),
            ("::1", "::1"),
            ("::ffff:127.0.0.1", "127.0.0.1"),
            ("localhost.example.org", "::"),
            ("tower.example.org", "::"),
            ("10.0.0.1", "::"),
        ] {
            let expected: IpAddr = expected.parse().unwrap();
            assert_eq!(requested(hostname, None).addresses().0, expected, "{hostname}");
            let listen = IpAddr::from([10, 0, 0, 2]);
            assert_eq!(requested(hostname, Some(listen)).addresses(), (listen, None), "{hostname}");
        }
    }

    #[test]
    fn a_node_listens_on_ipv4_alone_only_without_ipv6() {
        let requested = requested("tower.example.org", None);
        let replaces = |error: io::Error| requested.is_replaceable(&error);
        assert!(replaces(io::Error::from_raw_os_error(NO_SUCH_FAMILY)));
        assert!(replaces(io::ErrorKind::AddrNotAvailable.into()));
        assert!(!replaces(io::ErrorKind::AddrInUse.into()));
        assert!(!replaces(io::ErrorKind::PermissionDenied.into()));
        assert!(
            !self::requested("tower.example.org", Some(UNSPECIFIED_V6))
                .is_replaceable(&io::ErrorKind::AddrNotAvailable.into())
        );
    }

    #[tokio::test]
    async fn the_unspecified_address_accepts_ipv4_too() {
        let Ok(socket) = bind(SocketAddr::new(UNSPECIFIED_V6, 0)) else { return };
        let socket: std::net::TcpListener = socket.into_std().unwrap();
        let socket = Socket::from(socket);
        assert!(!socket.only_v6().unwrap());
        let port = socket.local_addr().unwrap().as_socket().unwrap().port();
        assert!(std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
    }

    #[tokio::test]
    async fn a_port_in_use_is_an_error_that_names_it() {
        let taken = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP));
        let Ok(taken) = taken.and_then(|socket| {
            socket.set_only_v6(true)?;
            socket.bind(&SocketAddr::new(UNSPECIFIED_V6, 0).into())?;
            socket.listen(1)?;
            Ok(socket)
        }) else {
            return;
        };
        let port = taken.local_addr().unwrap().as_socket().unwrap().port();
        let error =
            RequestedSockets { hostname: "tower.example.org", listen: None, port }.open().unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot listen on [::]:{port}")), "{error}");
    }

    #[test]
    fn sockets_that_do_not_match_the_hostname_are_reported() {
        for (hostname, listen, sockets, expected) in [
            ("tower.example.org", None, "[::]:1", None),
            ("localhost", None, "127.0.0.1:1", None),
            ("10.0.0.1", Some("10.0.0.1"), "10.0.0.1:1", None),
            ("8.8.8.8", Some("10.0.0.1"), "10.0.0.1:1", None),
            ("tower.example.org", Some("10.0.0.1"), "10.0.0.1:1", None),
            ("tower.example.org", None, "0.0.0.0:1", Some("no IPv6")),
            ("2606:4700::1", None, "0.0.0.0:1", Some("IPv4 only")),
            ("8.8.8.8", Some("2606:4700::1"), "[2606:4700::1]:1", Some("IPv6 only")),
            ("tower.example.org", Some("127.0.0.1"), "127.0.0.1:1", Some("this machine only")),
            ("8.8.8.8", Some("::1"), "[::1]:1", Some("this machine only")),
        ] {
            let requested = requested(hostname, listen.map(|address| address.parse().unwrap()));
            let told = requested.shortfall(&[sockets.parse().unwrap()]);
            match expected {
                Some(expected) => {
                    assert!(told.as_ref().is_some_and(|told| told.contains(expected)), "{told:?}");
                }
                None => assert_eq!(told, None, "{hostname}"),
            }
        }
    }

    #[test]
    fn a_failed_second_socket_is_an_error_unless_its_address_is_unavailable() {
        use io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
        for (port, kind, does_without) in [
            (0, AddrInUse, true),
            (1, AddrInUse, false),
            (8080, AddrInUse, false),
            (0, AddrNotAvailable, true),
            (8080, AddrNotAvailable, true),
            (0, PermissionDenied, false),
            (8080, PermissionDenied, false),
        ] {
            let requested = RequestedSockets { port, ..requested("localhost", None) };
            assert_eq!(requested.is_second_optional(&kind.into()), does_without, "{port}: {kind}");
        }
        let no_family = io::Error::from_raw_os_error(NO_SUCH_FAMILY);
        assert!(
            [0, 8080]
                .map(|port| RequestedSockets { port, ..requested("localhost", None) })
                .iter()
                .all(|requested| requested.is_second_optional(&no_family))
        );
    }
}
