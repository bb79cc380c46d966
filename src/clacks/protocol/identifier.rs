use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::hex::write_hex;

/// A peer's identifier: the SHA-256 of its hostname's bytes followed at once by its port in decimal.
///
/// It is shown as 64 lowercase hexadecimal digits. There is no separator between hostname and port, so two
/// addresses can share an identifier.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId([u8; 32]);

impl PeerId {
    pub(super) fn of(hostname: &str, port: u16) -> Self {
        Self(Sha256::new().chain_update(hostname).chain_update(port.to_string()).finalize().into())
    }

    /// The 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for PeerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::Address;

    #[test]
    fn the_identifier_equals_the_hash_of_the_package() {
        for (hostname, port, identifier) in [
            ("localhost", 8001, "21e17ff8067b3b635c97f6078e981f4a682231c8ca962665025c0253a8c18b55"),
            ("tower.example.org", 8080, "f02a3a9d66db7946180d1876caa566d5b7f14f9f3bb5e4bea25920ddda111597"),
            ("::1", 8080, "43bf601b7bd83fa85463bdad99fa505d7b1afab1b60e367f74652d648618f23d"),
        ] {
            assert_eq!(Address::new(hostname, port).unwrap().identifier().to_string(), identifier);
        }
    }

    #[test]
    fn two_addresses_can_share_an_identifier() {
        let (one, other) = (Address::new("10.0.0.1", 23).unwrap(), Address::new("10.0.0.12", 3).unwrap());
        assert_ne!(one, other);
        assert_eq!(one.identifier(), other.identifier());
    }
}
