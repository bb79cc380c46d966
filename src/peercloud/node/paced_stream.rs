use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// A connection with a time-out for the head of each request, from its first byte, and one for each pause of a client that
/// does not read. hyper's own time-out for heads includes the time that a connection is idle, which is longer.
#[derive(Debug)]
pub(super) struct PacedStream {
    stream: TcpStream,
    head_timeout: Duration,
    write_timeout: Duration,
    /// Whether the head of a request is whole, and its answer is not yet.
    is_busy: Arc<AtomicBool>,
    /// The end of the time for the head that has begun.
    head: Option<Pin<Box<Sleep>>>,
    write: Option<Pin<Box<Sleep>>>,
    /// The end of the time for the whole answer, from its first pause on.
    answer: Option<Pin<Box<Sleep>>>,
}

/// Time for a whole answer: this many times that for a pause. Who reads a byte now and then does not hold it for ever.
const PAUSES: u32 = 3;

impl PacedStream {
    pub(super) fn new(
        stream: TcpStream,
        head_timeout: Duration,
        write_timeout: Duration,
        is_busy: Arc<AtomicBool>,
    ) -> Self {
        Self { stream, head_timeout, write_timeout, is_busy, head: None, write: None, answer: None }
    }

    /// The result of a write, with the time-out of a pause.
    fn paced<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.write = None;
            return written;
        }
        let timeout = self.write_timeout;
        let pause = self.write.get_or_insert_with(|| Box::pin(sleep(timeout)));
        let answer = self.answer.get_or_insert_with(|| Box::pin(sleep(timeout * PAUSES)));
        if pause.as_mut().poll(cx).is_ready() || answer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if self.is_busy.load(Ordering::Relaxed) {
            self.head = None;
        } else if read.is_ready() && buffer.filled().len() > before && self.head.is_none() {
            let deadline = Instant::now() + self.head_timeout;
            self.head = Some(Box::pin(tokio::time::sleep_until(deadline)));
        }
        if let (Poll::Pending, Some(head)) = (&read, &mut self.head)
            && head.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.paced(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.paced(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.answer = None;
        }
        self.paced(cx, flushed)
    }

    /// hyper drops the stream after it, which closes the connection: a call before that would change nothing.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpSocket,
    };

    use super::*;

    #[tokio::test]
    async fn an_answer_is_not_held_for_who_reads_a_little_now_and_then() {
        let server = TcpSocket::new_v4().unwrap();
        server.set_send_buffer_size(4096).unwrap();
        server.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let server = server.listen(1).unwrap();
        let client = TcpSocket::new_v4().unwrap();
        client.set_recv_buffer_size(4096).unwrap();
        let mut client = client.connect(server.local_addr().unwrap()).await.unwrap();
        let (stream, _) = server.accept().await.unwrap();
        let (head, write) = (Duration::from_secs(600), Duration::from_millis(300));
        let mut stream = PacedStream::new(stream, head, write, Arc::default());
        let written = tokio::spawn(async move { stream.write_all(&vec![0; 1 << 20]).await });
        let mut part = [0; 2048];
        while let Ok(1..) = client.read(&mut part).await {
            sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(written.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
