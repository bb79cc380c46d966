//! The socket that a node listens on.

use std::{
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::protocol::DEFAULT_PORT;

use super::StartError;

/// Connections that the system queues until the node accepts them.
const BACKLOG: i32 = 1024;

/// Opens the socket. Port 0 stands for 9338, or any free port if that is taken.
pub(super) fn open(listen: IpAddr, port: u16) -> Result<TcpListener, StartError> {
    let wanted = SocketAddr::new(listen, if port == 0 { DEFAULT_PORT } else { port });
    let bound = match bind(wanted) {
        Err(error) if port == 0 && error.kind() == io::ErrorKind::AddrInUse => {
            bind(SocketAddr::new(listen, 0))
        }
        bound => bound,
    };
    bound.map_err(|source| StartError::Listen { address: wanted, source })
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // On other systems the option would let other processes listen on the same port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        // The socket accepts IPv4 as well, whatever the default of the system.
        socket.set_only_v6(false)?;
    }
    // Connections that are accepted inherit it here, which saves a call for each.
    #[cfg(target_os = "linux")]
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[tokio::test]
    async fn answers_are_sent_without_delay() {
        let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let _client = tokio::net::TcpStream::connect(socket.local_addr().unwrap()).await.unwrap();
        let (stream, _) = socket.accept().await.unwrap();
        assert!(stream.nodelay().unwrap());
    }
}
