use std::{
    pin::Pin,
    task::{Context, Poll},
};

use super::{Clock, Far, FarOptions, wire::Wire};
use crate::{
    Name,
    escape::escaped,
    far::Dial,
    json::{Hello, JsonError, read_hello},
};

/// Why a node elsewhere cannot be used. The texts are safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FarError {
    /// There is no connection, for this reason.
    #[error("{0}")]
    NoConnection(String),
    /// The connection ended before the node's first line, for this reason.
    #[error("{0} before it has written `hello`; is it a node of clacks?")]
    NoHello(String),
    /// The first line cannot be read: it is from something else, or from a newer version.
    #[error(transparent)]
    Hello(#[from] JsonError),
    /// The node belongs to another network.
    #[error(
        "the node belongs to the network {found}, not to {expected}; give the address of a node of {expected}"
    )]
    OtherNetwork {
        /// The network that was asked for, or that of the node before the connection was interrupted.
        expected: Name,
        /// The network of the node.
        found: Name,
    },
}

/// A [`Far`] that waits for the first line of its node: a future. It has no time limit.
pub struct Connecting {
    dial: Option<Box<dyn Dial>>,
    clock: Option<Clock>,
    options: FarOptions,
    wire: Option<Wire>,
}

impl Connecting {
    pub(super) fn new(dial: Box<dyn Dial>, clock: Clock, options: FarOptions) -> Self {
        Self { dial: Some(dial), clock: Some(clock), options, wire: None }
    }
}

impl Future for Connecting {
    type Output = Result<Far, FarError>;

    /// # Panics
    ///
    /// Panics if it is polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(dial) = &mut this.dial else { panic!("`Connecting` was polled after it was ready") };
        if this.wire.is_none() {
            match dial.poll_dial(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    let reason = escaped(dial.reason().untrusted()).into_owned();
                    return Poll::Ready(Err(FarError::NoConnection(reason)));
                }
                Poll::Ready(Some(connection)) => this.wire = Some(Wire::new(connection)),
            }
        }
        let Some(wire) = &mut this.wire else { return Poll::Pending };
        let hello = match poll_hello(wire, this.options.network.as_ref(), cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(hello) => hello,
        };
        let (dial, clock, wire) = (this.dial.take(), this.clock.take(), this.wire.take());
        let (Some(dial), Some(clock), Some(wire)) = (dial, clock, wire) else { return Poll::Pending };
        Poll::Ready(hello.map(|hello| Far::new(dial, clock, std::mem::take(&mut this.options), hello, wire)))
    }
}

/// Reads the first line of a node.
pub(super) fn poll_hello(
    wire: &mut Wire,
    network: Option<&Name>,
    cx: &mut Context<'_>,
) -> Poll<Result<Hello, FarError>> {
    let hello = match wire.poll_line(cx, read_hello) {
        Poll::Pending => return Poll::Pending,
        Poll::Ready(Ok(hello)) => hello?,
        Poll::Ready(Err(closed)) => {
            let reason = escaped(closed.reason().untrusted()).into_owned();
            return Poll::Ready(Err(FarError::NoHello(reason)));
        }
    };
    let found = &hello.description.network;
    Poll::Ready(match network.filter(|network| *network != found) {
        Some(expected) => Err(FarError::OtherNetwork { expected: expected.clone(), found: found.clone() }),
        None => Ok(hello),
    })
}
