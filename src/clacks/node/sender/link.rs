//! A connection to a peer, from its first request to its end.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use clacks_transport::descriptors::MAX_CLOSING;
use http_body_util::Full;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::super::CertificateFingerprint;

/// Time-out for closing an unused connection. A peer that does not read would keep it open for ever.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection to a peer. It is closed when this is dropped, at most [`CLOSE_TIMEOUT`] later.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) requests: SendRequest<Full<Bytes>>,
    /// The certificate that the peer presented.
    pub(super) certificate: CertificateFingerprint,
    pub(super) remote: SocketAddr,
    state: Arc<LinkState>,
    /// Ends the task of the connection. Dropped after `requests`, whose drop lets the connection close by itself.
    _ends: DropGuard,
}

/// State of the connection that its task and its user share.
#[derive(Debug, Default)]
struct LinkState {
    /// Decrypted bytes received from the peer.
    bytes: AtomicU64,
    /// Whether the response to the last request is complete.
    is_answered: AtomicBool,
}

impl LinkState {
    fn is_answered(&self) -> bool {
        self.is_answered.load(Ordering::Acquire)
    }
}

/// Limits the number of unused connections that are being closed. Above the limit a connection is reset at once, so
/// that the number of open files is bounded. Clones share the limit.
#[derive(Clone)]
pub(super) struct Closing(Arc<Semaphore>);

impl Default for Closing {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_CLOSING)))
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "room for {} more that close", self.0.available_permits())
    }
}

impl Link {
    /// Starts HTTP on a connection. `reset` prepares a stream for being dropped with unsent bytes.
    pub(super) async fn new<S>(
        stream: S,
        certificate: CertificateFingerprint,
        remote: SocketAddr,
        closing: &Closing,
        reset: impl FnOnce(&S) + Send + 'static,
    ) -> hyper::Result<Self>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let state = Arc::new(LinkState::default());
        let stream = CountingStream { stream, state: Arc::clone(&state) };
        let (requests, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let ends = CancellationToken::new();
        tokio::spawn(run(connection, Arc::clone(&state), ends.clone(), closing.clone(), reset));
        Ok(Self { requests, certificate, remote, state, _ends: ends.drop_guard() })
    }

    /// Decrypted bytes received from the peer.
    pub(super) fn received_bytes(&self) -> u64 {
        self.state.bytes.load(Ordering::Relaxed)
    }

    /// Sets whether the response to the last request is complete. If not, the connection is reset when the link is
    /// dropped.
    pub(super) fn set_answered(&self, is_answered: bool) {
        self.state.is_answered.store(is_answered, Ordering::Release);
    }
}

/// Drives a connection until it is closed. Once its link is dropped, it is closed if its last request was answered, and
/// otherwise reset.
async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    mut connection: Connection<TokioIo<CountingStream<S>>, Full<Bytes>>,
    state: Arc<LinkState>,
    ends: CancellationToken,
    closing: Closing,
    reset: impl FnOnce(&S),
) {
    // Whoever waits for a response receives the error.
    let has_closed = ends.run_until_cancelled(&mut connection).await.is_some();
    if has_closed && !state.is_answered() {
        // The response may still be in use by the owner of the link.
        ends.cancelled().await;
    }
    let is_over = state.is_answered() && (has_closed || close_in_time(&mut connection, &closing).await);
    if !is_over {
        reset(&connection.into_parts().io.into_inner().stream);
    }
}

/// Closes a connection whose link was dropped. Returns whether that succeeded in time.
async fn close_in_time(connection: &mut (impl Future + Unpin), closing: &Closing) -> bool {
    // Most connections close without waiting.
    if timeout(Duration::ZERO, &mut *connection).await.is_ok() {
        return true;
    }
    let Ok(_place) = closing.0.try_acquire() else { return false };
    timeout(CLOSE_TIMEOUT, connection).await.is_ok()
}

/// A stream that counts the bytes read from it.
struct CountingStream<S> {
    stream: S,
    state: Arc<LinkState>,
}

impl<S: AsyncRead + Unpin> AsyncRead for CountingStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        this.state.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for CountingStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
impl Link {
    /// A link to an in-memory stream, and the other end of the stream.
    pub(super) async fn to_nowhere(certificate: u8) -> (Self, tokio::io::DuplexStream) {
        Self::to_nowhere_with(certificate, &Closing::default()).await
    }

    async fn to_nowhere_with(certificate: u8, closing: &Closing) -> (Self, tokio::io::DuplexStream) {
        let (stream, other_end) = tokio::io::duplex(1000);
        let remote = SocketAddr::from(([192, 0, 2, 1], 1));
        let certificate = CertificateFingerprint([certificate; 32]);
        let link = Self::new(stream, certificate, remote, closing, |_| ()).await.unwrap();
        (link, other_end)
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use tokio::{io::AsyncReadExt, time::Instant};

    use super::*;

    /// A link with a request that is larger than the stream's buffer and that the peer does not read.
    async fn stuck(closing: &Closing, is_answered: bool) -> (Instant, tokio::io::DuplexStream) {
        let (mut link, other_end) = Link::to_nowhere_with(1, closing).await;
        let request = Request::new(Full::new(Bytes::from(vec![b'x'; 100_000])));
        let answer = link.requests.send_request(request);
        assert!(timeout(Duration::from_millis(1), answer).await.is_err());
        link.set_answered(is_answered);
        drop(link);
        (Instant::now(), other_end)
    }

    /// Time until the other end, which has not read before, sees the end of the stream.
    async fn time_until_end(since: Instant, mut other_end: tokio::io::DuplexStream) -> Duration {
        use tokio::io::AsyncWriteExt;

        while other_end.write_all(&[0; 1000]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let time = since.elapsed();
        let mut read = Vec::new();
        other_end.read_to_end(&mut read).await.unwrap();
        assert!(read.len() <= 1000, "the rest is not sent");
        time
    }

    #[tokio::test(start_paused = true)]
    async fn links_that_cannot_close_are_reset_and_those_closing_are_limited() {
        let closing = Closing::default();
        let (since, unanswered) = stuck(&closing, false).await;
        assert!(time_until_end(since, unanswered).await < CLOSE_TIMEOUT / 2);
        let mut waiting = Vec::new();
        for _ in 0..MAX_CLOSING {
            waiting.push(stuck(&closing, true).await);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(closing.0.available_permits(), 0);
        let (since, one_too_many) = stuck(&closing, true).await;
        assert!(time_until_end(since, one_too_many).await < CLOSE_TIMEOUT / 2);
        for (since, other_end) in waiting {
            time_until_end(since, other_end).await;
            assert!(since.elapsed() < 2 * CLOSE_TIMEOUT);
        }
        assert_eq!(closing.0.available_permits(), MAX_CLOSING);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_closes_at_once_uses_no_closing_slot() {
        let closing = Closing::default();
        let all = closing.0.try_acquire_many(MAX_CLOSING as u32).unwrap();
        assert!(close_in_time(&mut std::future::ready(()), &closing).await);
        assert!(!close_in_time(&mut std::future::pending::<()>(), &closing).await);
        drop(all);
        assert!(close_in_time(&mut std::future::ready(()), &closing).await);
        let mut in_time = Box::pin(tokio::time::sleep(CLOSE_TIMEOUT / 2));
        assert!(close_in_time(&mut in_time, &closing).await);
        let mut too_late = Box::pin(tokio::time::sleep(CLOSE_TIMEOUT * 2));
        assert!(!close_in_time(&mut too_late, &closing).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reused_connection_is_unanswered_from_its_next_request() {
        let node = crate::Node::builder().hostname("127.0.0.1").port(0).start().await.unwrap();
        let closing = Closing::default();
        let (link, _other_end) = Link::to_nowhere_with(1, &closing).await;
        link.set_answered(true);
        let (to, body) = ("192.0.2.1:1".parse().unwrap(), Bytes::from(vec![b'x'; 100_000]));
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        let exchange = node.shared.sender.exchange(link, &to, body, deadline);
        assert!(timeout(Duration::from_millis(1), exchange).await.is_err());
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(closing.0.available_permits(), MAX_CLOSING, "it does not wait until it is closed");
    }
}
