//! The certificate and key of a package node.

use std::process::Command;

use clacks_p2p::core::CertificateFingerprint;
use rcgen::{CertificateParams, KeyPair};
use sha2::{Digest, Sha256};

use crate::install::run;

/// Kinds of keys that Node.js creates, as arguments of its `generateKeyPairSync`.
pub(crate) const KINDS: [&str; 6] = [
    "'rsa', { modulusLength: 2048 }",
    "'rsa', { modulusLength: 3072 }",
    "'rsa', { modulusLength: 4096 }",
    "'ec', { namedCurve: 'P-256' }",
    "'ec', { namedCurve: 'P-384' }",
    "'ed25519'",
];

/// A self-signed certificate and its key as PEM.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) chain: String,
    pub(crate) key: String,
    pub(crate) sha256: CertificateFingerprint,
}

impl Certificate {
    pub(crate) fn generate() -> Self {
        Self::of(&KeyPair::generate().expect("a key"))
    }

    /// A certificate with a key of one of the [`KINDS`], created by Node.js.
    pub(crate) fn generate_with(kind: &str) -> Self {
        let print = "process.stdout.write(made.privateKey.export({ type: 'pkcs8', format: 'pem' }))";
        let script = format!("const made = require('crypto').generateKeyPairSync({kind}); {print}");
        let key = run(Command::new("node").args(["-e", &script])).expect("a key");
        Self::of(&KeyPair::from_pem(&key).expect("a key that a certificate can be signed with"))
    }

    fn of(key: &KeyPair) -> Self {
        let names = CertificateParams::new(["localhost".to_owned()]).expect("localhost is a name");
        let made = names.self_signed(key).expect("a certificate");
        Self {
            chain: made.pem(),
            key: key.serialize_pem(),
            sha256: CertificateFingerprint(Sha256::digest(made.der()).into()),
        }
    }
}
