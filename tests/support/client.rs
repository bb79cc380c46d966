use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use clacks_p2p::Node;
use rustls::{SupportedProtocolVersion, pki_types::ServerName};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::client::TlsStream;

use super::{in_time, tls};

/// A TLS connection to a node that sends exactly the given bytes.
pub(crate) struct Client {
    stream: BufReader<TlsStream<TcpStream>>,
}

/// An HTTP response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(written, _)| written == name).map(|(_, value)| value.as_str())
    }
}

impl Client {
    pub(crate) async fn connect(node: &Node) -> Self {
        Self::connect_with(node.listens_on()[0], rustls::ALL_VERSIONS).await.expect("a TLS connection")
    }

    pub(crate) async fn connect_with(
        node: SocketAddr,
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<Self> {
        let tcp = in_time("the node accepts", TcpStream::connect(node)).await?;
        in_time("the TLS handshake", Self::over(tcp, versions)).await
    }

    /// A connection from this address of this machine.
    pub(crate) async fn connect_from(node: &Node, source: Ipv4Addr) -> Self {
        let tcp = Self::tcp_from(node.listens_on()[0], source).await;
        in_time("the TLS handshake", Self::over(tcp, rustls::ALL_VERSIONS)).await.expect("a TLS connection")
    }

    /// A TCP connection from this address of this machine, without TLS.
    pub(crate) async fn tcp_from(node: SocketAddr, source: Ipv4Addr) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::new(source.into(), 0)).expect("an address of this machine");
        in_time("the node accepts", socket.connect(node)).await.expect("a connection")
    }

    /// Starts TLS on an existing connection.
    pub(crate) async fn over(
        tcp: TcpStream,
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<Self> {
        let name = ServerName::IpAddress(tcp.peer_addr()?.ip().into());
        let stream = tls::connector(versions).connect(name, tcp).await?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends these bytes. The rest is ignored if the node closes the connection.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.try_send(bytes).await;
    }

    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await?;
        self.stream.flush().await
    }

    /// Posts a body with its length on this connection.
    pub(crate) async fn post(&mut self, body: impl AsRef<[u8]>) -> Answer {
        let body = body.as_ref();
        let head = format!("POST / HTTP/1.1\r\nhost: node\r\ncontent-length: {}\r\n\r\n", body.len());
        self.send([head.as_bytes(), body].concat()).await;
        self.answer().await
    }

    /// Sends a request and reads the response.
    pub(crate) async fn request(&mut self, request: impl AsRef<[u8]>) -> Answer {
        self.send(request).await;
        self.answer().await
    }

    /// The next response.
    pub(crate) async fn answer(&mut self) -> Answer {
        in_time("an answer", self.try_answer()).await.expect("a whole HTTP answer")
    }

    /// Waits until the node closes the connection. Returns what it sent before.
    pub(crate) async fn cut_off(&mut self) -> String {
        let mut said = Vec::new();
        // Closed with or without a TLS close message: both are an end.
        let _ = in_time("the node hangs up", self.stream.read_to_end(&mut said)).await;
        String::from_utf8_lossy(&said).into_owned()
    }

    /// The next response, or why there is none.
    pub(crate) async fn try_answer(&mut self) -> io::Result<Answer> {
        let status = self.line().await?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("no status line"))?;
        let mut answer = Answer { status, headers: Vec::new(), body: String::new() };
        while let Some((name, value)) = self.line().await?.split_once(": ") {
            answer.headers.push((name.to_lowercase(), value.to_owned()));
        }
        let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        answer.body = String::from_utf8_lossy(&body).into_owned();
        Ok(answer)
    }

    /// Waits until the node sends something or closes the connection. Nothing is consumed.
    pub(crate) async fn wait_for_anything(&mut self) {
        let _ = self.stream.fill_buf().await;
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}
