use std::{
    io,
    task::{Context, Poll},
};

use crate::Text;

/// A connection to the other side: bytes in both directions.
///
/// If a function returns [`Poll::Pending`], the task of `cx` is woken once it can do more.
pub trait Connection: Send {
    /// Reads at least one byte into the start of `buffer`, which is not empty. Returns the number of bytes; 0: the other
    /// side writes no more.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes at least one byte of the start of `bytes`, which is not empty. Returns the number of bytes. They are sent
    /// without a further call.
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;
}

/// Makes connections to one node, the first one and those after an interruption.
///
/// It decides how long it waits between two attempts. Nobody else waits, so an implementation that tries again at once
/// keeps a processor busy while the node is away.
pub trait Dial: Send {
    /// The next connection. `None`: it gives up, and there will be none. It is polled only while there is no connection.
    fn poll_dial(&mut self, cx: &mut Context<'_>) -> Poll<Option<Box<dyn Connection>>>;

    /// Why there is no connection, after [`Dial::poll_dial`] has given up.
    fn reason(&self) -> Text {
        "there is no connection to the node".into()
    }
}

impl<C: Connection + ?Sized> Connection for Box<C> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        (**self).poll_read(cx, buffer)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        (**self).poll_write(cx, bytes)
    }
}
