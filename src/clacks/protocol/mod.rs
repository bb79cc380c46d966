//! The wire: what one node says to another.
//!
//! A node posts one JSON object to `/` of another over HTTPS:
//!
//! ```json
//! { "message": "GNU Terry Pratchett", "type": "message",
//!   "sender": { "hostname": "tower.example.org", "port": 8080 },
//!   "friend": { "hostname": "quirm.example.org", "port": "8080" } }
//! ```
//!
//! Everything here turns bytes into typed values or into an error, without input or output. What could harm the
//! peers that a payload is passed on to (a hostname that is none, a message nested too deep) is an error here, so
//! a [`Payload`] that exists is one that can be passed on.

mod address;
#[cfg(test)]
mod fuzz;
mod identifier;
mod message;
mod object;
mod payload;

pub use address::{Address, AddressError};
pub use identifier::PeerId;
pub use message::{Message, MessageError};
pub use payload::{DecodeError, Kind, Payload};

/// How deep arrays and objects of a message may be nested by default.
///
/// A message nested some 5,000 deep ends the process of a `clacks-p2p` 0.3.3 node; 128 is also where `serde_json`
/// stops, so every message that is taken can be shown.
pub const DEFAULT_MAX_DEPTH: usize = 128;

/// The largest message, in bytes of JSON text, that is sure to reach a node of the npm package whole.
///
/// The package joins the chunks of a body with commas, and each TLS record is a chunk. One holds 16,384 bytes, of
/// which the request's headers and the payload's other fields take up to some 1,000, most of it hostnames.
pub const MAX_WHOLE_MESSAGE: usize = 15_000;
