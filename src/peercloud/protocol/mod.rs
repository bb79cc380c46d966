//! The bytes of the peercloud protocol: bodies of requests and answers, records of members, and signatures.
//!
//! Every field that somebody else wrote is checked here, against fixed bounds or those in [`BodyLimits`]. The protocol is
//! that of the npm package `peercloud` 0.1.3 and of its later, unpublished state, which signs.

mod answer;
mod host;
mod id;
mod json;
mod key;
mod limits;
mod object;
mod openssh;
mod path;
mod record;
mod request;
mod signature;
#[cfg(test)]
pub(crate) mod test_keys;
#[cfg(test)]
mod tests;

pub use answer::{Acknowledgement, Answer, JoinAnswer, StatusAnswer};
pub use host::{Address, AddressError, DEFAULT_PORT, Host};
pub use id::{Id, IdError};
pub use json::{Json, JsonError};
pub use key::{KeyError, PrivateKey, PublicKey};
pub use limits::BodyLimits;
pub use path::Path;
pub use record::Record;
pub use request::{BodyError, JoinRequest, Request};
pub use signature::{Signature, SignatureError, Timestamp};

/// The header with the id of the sender.
pub const ID_HEADER: &str = "x-peercloud-id";
/// The header with the time of a signed request.
pub const TIMESTAMP_HEADER: &str = "x-peercloud-timestamp";
/// The header with the signature of a signed request.
pub const SIGNATURE_HEADER: &str = "x-peercloud-signature";
