//! Clients that post to the node from any address of this machine.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::support::Client;

/// Time-out of one step of a client.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// A port of this machine on which nothing listens.
pub(crate) const DEAD_PORT: u16 = 9;

/// A TCP connection from this address of this machine.
pub(crate) async fn connect(node: SocketAddr, from: Ipv4Addr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    // So that a closed connection does not keep its port for a minute.
    socket.set_zero_linger()?;
    socket.set_nodelay(true)?;
    in_time(socket.connect(node)).await
}

/// A TLS connection from this address of this machine.
pub(crate) async fn open(node: SocketAddr, from: Ipv4Addr) -> io::Result<Client> {
    let tcp = connect(node, from).await?;
    in_time(Client::over(tcp, rustls::ALL_VERSIONS)).await
}

/// Posts a body on this connection. Returns the status of the response.
pub(crate) async fn post_over(client: &mut Client, body: &str) -> io::Result<u16> {
    let head = format!("POST / HTTP/1.1\r\nhost: node\r\ncontent-length: {}\r\n\r\n", body.len());
    // The node may have responded before it read everything.
    let _ = in_time(client.try_send([head.as_bytes(), body.as_bytes()].concat())).await;
    in_time(client.try_answer()).await.map(|answer| answer.status)
}

/// Posts a body on a new connection. Returns the status of the response.
pub(crate) async fn post(node: SocketAddr, from: Ipv4Addr, body: &str) -> io::Result<u16> {
    post_over(&mut open(node, from).await?, body).await
}

/// A client that posts on one connection, and opens a new one when it is closed.
pub(crate) struct Poster {
    node: SocketAddr,
    from: Ipv4Addr,
    client: Option<Client>,
}

impl Poster {
    pub(crate) fn new(node: SocketAddr, from: Ipv4Addr) -> Self {
        Self { node, from, client: None }
    }

    /// Posts a body. Returns the status of the response.
    pub(crate) async fn post(&mut self, body: &str) -> io::Result<u16> {
        let mut client = match self.client.take() {
            Some(client) => client,
            None => open(self.node, self.from).await?,
        };
        let status = post_over(&mut client, body).await?;
        self.client = Some(client);
        Ok(status)
    }
}

/// Announces these addresses one after the other, from one address of this machine. Returns how many were accepted.
pub(crate) async fn announce_all(node: SocketAddr, from: Ipv4Addr, names: &[(String, u16)]) -> usize {
    let mut poster = Poster::new(node, from);
    let mut accepted = 0;
    for (hostname, port) in names {
        let status = poster.post(&announce(hostname, *port)).await;
        accepted += usize::from(status.is_ok_and(|status| status == 200));
    }
    accepted
}

/// Announces a peer from its own address.
pub(crate) async fn introduce(node: SocketAddr, peer: SocketAddr) {
    let IpAddr::V4(from) = peer.ip() else { panic!("{peer} is not an IPv4 address") };
    let status = post(node, from, &announce(&from.to_string(), peer.port())).await;
    assert_eq!(status.expect("an answer"), 200, "the announcement of {peer}");
}

pub(crate) fn announce(hostname: &str, port: u16) -> String {
    format!(r#"{{"message":null,"type":"announce","sender":{}}}"#, named(hostname, port))
}

/// A message that is a string. The text must not need quotes or escapes.
pub(crate) fn message(hostname: &str, port: u16, text: &str) -> String {
    format!(r#"{{"message":"{text}","type":"message","sender":{}}}"#, named(hostname, port))
}

/// As [`message`], with a friend.
pub(crate) fn message_with_friend(sender: (&str, u16), friend: (&str, u16), text: &str) -> String {
    let [sender, friend] = [sender, friend].map(|(hostname, port)| named(hostname, port));
    format!(r#"{{"message":"{text}","type":"message","sender":{sender},"friend":{friend}}}"#)
}

/// An address in JSON, valid or not.
fn named(hostname: &str, port: u16) -> String {
    format!(r#"{{"hostname":"{hostname}","port":{port}}}"#)
}

/// The output of the future, or an error after the time-out.
pub(crate) async fn in_time<T>(future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
