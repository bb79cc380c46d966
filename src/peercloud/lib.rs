//! A member of peercloud networks.
//!
//! A peercloud network is a private cloud in which every node knows every other. Each node is an HTTP server; everything
//! is a POST with JSON. The nodes of the npm package [`peercloud`](https://www.npmjs.com/package/peercloud) are members of
//! the same clouds.
//!
//! # Modules
//!
//! - [`protocol`]: the wire format. Reads bytes into typed values or returns an error.
//! - [`core`]: the state machine: members, checks, joins and messages. No socket, clock or tokio.

pub mod core;
pub mod protocol;
