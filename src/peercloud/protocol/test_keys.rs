//! RSA keys for tests, in every form that is read. They are made when a test first needs them.

use std::sync::LazyLock;

use base64::{Engine, prelude::BASE64_STANDARD};
use rand::{SeedableRng, rngs::StdRng};
use rsa::{
    PrivateKey,
    pkcs1::{EncodeRsaPrivateKey, EncodeRsaPublicKey},
    pkcs1v15::SigningKey,
    pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding},
    sha2::Sha256,
    signature::{SignatureEncoding, Signer},
    traits::{PrivateKeyParts, PublicKeyParts},
};

/// A private key of 2,048 bits.
static KEY: LazyLock<PrivateKey> = LazyLock::new(|| key(1983, 2048));

/// Another private key of 2,048 bits, as PKCS#8.
pub(crate) static OTHER: LazyLock<String> =
    LazyLock::new(|| key(1984, 2048).to_pkcs8_pem(LineEnding::LF).unwrap().to_string());

/// The forms of a private key, and of its public half.
pub(crate) struct Forms {
    pub(crate) pkcs8: String,
    pub(crate) pkcs1: String,
    pub(crate) openssh: String,
    pub(crate) spki: String,
    pub(crate) pkcs1_public: String,
    pub(crate) openssh_public: String,
}

/// All forms of one key of 2,048 bits.
pub(crate) static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let public = KEY.to_public_key();
    Forms {
        pkcs8: KEY.to_pkcs8_pem(LineEnding::LF).unwrap().to_string(),
        pkcs1: KEY.to_pkcs1_pem(LineEnding::LF).unwrap().to_string(),
        openssh: openssh(&KEY),
        spki: public.to_public_key_pem(LineEnding::LF).unwrap(),
        pkcs1_public: public.to_pkcs1_pem(LineEnding::LF).unwrap(),
        openssh_public: format!("ssh-rsa {} tower", BASE64_STANDARD.encode(openssh_public(&KEY))),
    }
});

/// A key of 1,024 bits.
pub(crate) fn small() -> String {
    key(1983, 1024).to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
}

/// A key of another algorithm.
pub(crate) fn elliptic() -> String {
    // The object identifier of elliptic curves stands in place of that of RSA.
    let algorithm = [0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    let body = [&[0x02, 0x01, 0x00], &algorithm[..], &[0x04, 0x00]].concat();
    let bytes = [&[0x30, u8::try_from(body.len()).unwrap()], &body[..]].concat();
    pem::encode(&pem::Pem::new("PRIVATE KEY", bytes))
}

/// What another implementation signs with the key of [`FORMS`], in base64.
pub(crate) fn signature_of_another_implementation(text: &[u8]) -> String {
    BASE64_STANDARD.encode(SigningKey::<Sha256>::new(KEY.clone()).sign(text).to_bytes())
}

fn key(seed: u64, bits: usize) -> PrivateKey {
    PrivateKey::new(&mut StdRng::seed_from_u64(seed), bits).unwrap()
}

/// The private form of OpenSSH, without encryption.
fn openssh(key: &PrivateKey) -> String {
    let coefficient = key.crt_coefficient().unwrap().to_be_bytes();
    let check = [0, 0, 0, 1, 0, 0, 0, 1];
    let mut private = [&check[..], &string(b"ssh-rsa")].concat();
    for number in [
        &key.n().to_be_bytes(),
        &key.e().to_be_bytes(),
        &key.d().to_be_bytes(),
        &coefficient,
        &key.primes()[0].to_be_bytes(),
        &key.primes()[1].to_be_bytes(),
    ] {
        private.extend(integer(number));
    }
    private.extend(string(b"tower"));
    let bytes = [
        &b"openssh-key-v1\0"[..],
        &string(b"none"),
        &string(b"none"),
        &string(b""),
        &[0, 0, 0, 1],
        &string(&openssh_public(key)),
        &string(&private),
    ];
    pem::encode(&pem::Pem::new("OPENSSH PRIVATE KEY", bytes.concat()))
}

fn openssh_public(key: &PrivateKey) -> Vec<u8> {
    [string(b"ssh-rsa"), integer(&key.e().to_be_bytes()), integer(&key.n().to_be_bytes())].concat()
}

/// A text with its length before it.
fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// A positive number: its first byte is below 128.
fn integer(number: &[u8]) -> Vec<u8> {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    string(&[&[0], &number[first..]].concat())
}
