//! A node elsewhere, over JSON lines: [`Far`] is the [`Source`](crate::Source) of a face, [`Session`] and [`Serve`] are
//! the node's side of one connection.
//!
//! Neither needs a runtime. Bytes are read and written by polling a [`Connection`], and time is an argument: a duration
//! since any fixed moment, on a monotonic clock. So a socket, a pipe and a loopback in memory serve alike.
//!
//! `docs/protocol.md` describes the lines for people who write a client.

mod connection;
mod serve;
mod session;
mod source;

pub use connection::{Connection, Dial};
pub use serve::Serve;
pub use session::{End, MAX_BEGUN, MAX_BEHIND, MAX_LOOK_ROWS, MAX_LOOKS, MAX_SORTED, NOT_READ, Session};
pub use source::{Clock, Connecting, Far, FarError, FarOptions};
