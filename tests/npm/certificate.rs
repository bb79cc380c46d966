//! What a package node proves who it is with.

use sha2::{Digest, Sha256};

/// A self-signed certificate and its key, as PEM.
pub(crate) struct Certificate {
    pub(crate) chain: String,
    pub(crate) key: String,
    pub(crate) sha256: [u8; 32],
}

impl Certificate {
    pub(crate) fn generate() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("localhost is a name");
        Self {
            chain: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
            sha256: Sha256::digest(made.cert.der()).into(),
        }
    }
}
