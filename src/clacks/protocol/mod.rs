//! The wire format.
//!
//! A node posts one JSON object to `/` of another over HTTPS:
//!
//! ```json
//! { "message": "GNU Terry Pratchett", "type": "message",
//!   "sender": { "hostname": "tower.example.org", "port": 8080 },
//!   "friend": { "hostname": "quirm.example.org", "port": "8080" } }
//! ```
//!
//! This module turns bytes into typed values or an error, without I/O. Payloads that would harm the peers they are
//! passed on to are errors: an invalid hostname, or a message nested too deep. So every [`Payload`] can be passed on.

mod address;
#[cfg(test)]
mod fuzz;
pub(crate) mod hex;
mod identifier;
mod message;
mod object;
mod payload;

pub use address::{Address, AddressError};
pub use identifier::PeerId;
pub use message::{Message, MessageError};
pub use payload::{DecodeError, Kind, Payload};

/// Default maximum nesting depth of arrays and objects in a message.
///
/// A message nested about 5,000 deep crashes a `clacks-p2p` 0.3.3 node. 128 is also the limit of `serde_json`, so every
/// accepted message can be shown.
pub const DEFAULT_MAX_DEPTH: usize = 128;

/// Maximum size of a message, in bytes of JSON text, that surely reaches a node of the npm package whole.
///
/// The package joins the chunks of a body with commas, and each TLS record is a chunk. A record holds 16,384 bytes. The
/// headers and the other fields of the payload, mostly hostnames, use up to about 1,000.
pub const MAX_WHOLE_MESSAGE: usize = 15_000;
