use std::{
    io,
    ops::Range,
    task::{Context, Poll},
};

use crate::{
    Text,
    far::Connection,
    json::{JsonError, LineBuffer},
};

/// Bytes that are read at once.
const CHUNK: usize = 16 << 10;
/// Bytes of memory that are kept while there is nothing to write.
const KEPT: usize = 64 << 10;

/// A connection to a node, by lines.
pub(super) struct Wire {
    connection: Box<dyn Connection>,
    input: LineBuffer,
    chunk: Box<[u8]>,
    unread: Range<usize>,
    output: Vec<u8>,
    written: usize,
}

/// Why there are no more lines.
#[derive(Debug)]
pub(super) enum Closed {
    /// The node has closed the connection.
    Ended,
    /// The connection has failed.
    Failed(io::Error),
    /// The node has written something that is no line.
    NoLine(JsonError),
}

impl Wire {
    pub(super) fn new(connection: Box<dyn Connection>) -> Self {
        let (chunk, input) = (vec![0; CHUNK].into(), LineBuffer::for_face());
        Self { connection, input, chunk, unread: 0..0, output: Vec::new(), written: 0 }
    }

    /// Appends a line to what is written, and its line end.
    pub(super) fn line(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.output);
        self.output.push(b'\n');
    }

    /// Writes what the connection takes.
    pub(super) fn flush(&mut self, cx: &mut Context<'_>) -> Result<(), Closed> {
        while self.written < self.output.len() {
            match self.connection.poll_write(cx, &self.output[self.written..]) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(Closed::Ended),
                Poll::Ready(Ok(written)) => self.written += written,
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return Err(Closed::Failed(error)),
            }
        }
        self.output.clear();
        self.output.shrink_to(KEPT);
        self.written = 0;
        Ok(())
    }

    /// The next line, as `read` reads it.
    pub(super) fn poll_line<T>(
        &mut self,
        cx: &mut Context<'_>,
        read: impl FnOnce(&str) -> T,
    ) -> Poll<Result<T, Closed>> {
        loop {
            let mut bytes = &self.chunk[self.unread.clone()];
            let line = self.input.next_line(&mut bytes);
            self.unread.start = self.unread.end - bytes.len();
            match line {
                Some(Ok(line)) => return Poll::Ready(Ok(read(line))),
                Some(Err(error)) => return Poll::Ready(Err(Closed::NoLine(error))),
                None => {}
            }
            match self.connection.poll_read(cx, &mut self.chunk) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(Closed::Ended)),
                Poll::Ready(Ok(bytes)) => self.unread = 0..bytes.min(self.chunk.len()),
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Closed::Failed(error))),
            }
        }
    }
}

impl Closed {
    /// The reason, for the user.
    pub(super) fn reason(&self) -> Text {
        match self {
            Self::Ended => "the node has closed the connection".into(),
            Self::Failed(error) => format!("the connection has failed: {error}").into(),
            Self::NoLine(error) => format!("the node has written a line that cannot be read: {error}").into(),
        }
    }
}
