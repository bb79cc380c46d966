use std::{
    io,
    ops::Range,
    task::{Context, Poll},
    time::Duration,
};

use super::{Connection, End, Session};

/// Bytes that are read at once.
const CHUNK: usize = 16 << 10;
/// Rounds of reading and writing in one poll, so that other tasks get their turn.
const ROUNDS: usize = 64;
/// Bytes after which a poll ends as well, because long answers take longer to make.
const TURN: usize = 256 << 10;

/// A [`Session`] with its connection.
///
/// Whoever has it polls it when its task is woken, and at the latest at [`Serve::wakes_at`]. The connection is closed when
/// it is dropped.
pub struct Serve<C> {
    session: Session,
    connection: C,
    chunk: Box<[u8]>,
    /// What of the chunk was read, but not given to the session.
    unread: Range<usize>,
}

impl<C: Connection> Serve<C> {
    /// Serves a client.
    pub fn new(session: Session, connection: C) -> Self {
        Self { session, connection, chunk: vec![0; CHUNK].into(), unread: 0..0 }
    }

    /// The session.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// When it has to be polled again at the latest, although nobody wakes it. `None`: only when it is woken.
    pub fn wakes_at(&self) -> Option<Duration> {
        self.session.wakes_at()
    }

    /// Reads, answers and writes. `now` is the time. It is ready when the connection has to be closed.
    pub fn poll(&mut self, cx: &mut Context<'_>, now: Duration) -> Poll<io::Result<End>> {
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            if let Poll::Ready(end) = self.session.poll(cx, now) {
                return Poll::Ready(Ok(end));
            }
            let written = self.write(cx, now)?;
            bytes += written;
            if bytes >= TURN {
                break;
            }
            let has_read = self.read(cx)?;
            if written == 0 && !has_read {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes what the connection takes. Returns the number of bytes.
    fn write(&mut self, cx: &mut Context<'_>, now: Duration) -> io::Result<usize> {
        let mut all = 0;
        while !self.session.output().is_empty() {
            let Poll::Ready(written) = self.connection.poll_write(cx, self.session.output()) else { break };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.session.written(written, now);
                    all += written;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// Reads once, if the session has room. Returns whether there was anything.
    fn read(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        if !self.session.wants_input() {
            return Ok(false);
        }
        if self.unread.is_empty() {
            match self.connection.poll_read(cx, &mut self.chunk) {
                Poll::Pending => return Ok(false),
                Poll::Ready(Ok(0)) => self.session.end_input(),
                Poll::Ready(Ok(read)) => self.unread = 0..read.min(self.chunk.len()),
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return Err(error),
            }
        }
        let mut bytes = &self.chunk[self.unread.clone()];
        self.session.read(&mut bytes);
        self.unread.start = self.unread.end - bytes.len();
        Ok(true)
    }
}
