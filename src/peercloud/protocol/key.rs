//! RSA keys, read from the forms that the later state of the package reads.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use der::{Decode, ErrorKind, SliceReader, Tag, asn1::AnyRef};
use ring::{
    rsa::{KeyPairComponents, PublicKeyComponents},
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair},
};

use super::openssh;

/// Minimum size of a key in bits. The package accepts 512, which can be broken.
const MIN_BITS: usize = 2048;

/// A private key that signs requests. It has 2,048 to 4,096 bits.
pub struct PrivateKey {
    pair: RsaKeyPair,
    public: PublicKey,
}

/// A public key whose signatures are accepted. It has 2,048 to 8,192 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// Why a text is not a usable key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text has none of the forms of an RSA key.
    #[error("not an RSA key: expected PEM (PKCS#8, PKCS#1 or SPKI) or a form of OpenSSH, without encryption")]
    Form,
    /// The key is encrypted.
    #[error("the key is encrypted; decrypt it first")]
    Encrypted,
    /// The key is too small to be safe.
    #[error("the RSA key has {0} bits; it needs {MIN_BITS} or more")]
    TooSmall(usize),
    /// The key is inconsistent, or larger than is supported.
    #[error("the RSA key cannot be used: {0}")]
    Unusable(String),
}

/// The parts of a key that a form contains.
pub(super) enum Parts {
    Public(PublicKey),
    /// A private key in the form of PKCS#1.
    Pkcs1(Vec<u8>),
    /// The numbers of a private key of OpenSSH.
    Numbers(Box<openssh::Numbers>),
}

impl PrivateKey {
    /// Reads a private key: PEM with PKCS#8 or PKCS#1, or OpenSSH's own form.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let unusable = |error: ring::error::KeyRejected| KeyError::Unusable(error.to_string());
        let (public, pair) = match parts(text)? {
            Parts::Public(_) => return Err(KeyError::Form),
            Parts::Pkcs1(bytes) => {
                let public = public_of_private(&bytes)?.checked()?;
                (public, RsaKeyPair::from_der(&bytes).map_err(unusable)?)
            }
            Parts::Numbers(numbers) => {
                let public = numbers.public.checked()?;
                let parts = KeyPairComponents {
                    public_key: PublicKeyComponents { n: &public.modulus, e: &public.exponent },
                    d: &numbers.exponent,
                    p: &numbers.primes[0],
                    q: &numbers.primes[1],
                    dP: &numbers.prime_exponents[0],
                    dQ: &numbers.prime_exponents[1],
                    qInv: &numbers.coefficient,
                };
                let pair = RsaKeyPair::from_components(&parts).map_err(unusable)?;
                (public, pair)
            }
        };
        Ok(Self { pair, public })
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 over `text`, in base64 with padding.
    ///
    /// # Errors
    /// The system has no randomness, which the computation uses to hide its timing.
    pub fn sign(&self, text: &[u8]) -> Result<String, KeyError> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &ring::rand::SystemRandom::new(), text, &mut signature)
            .map_err(|error| KeyError::Unusable(error.to_string()))?;
        Ok(BASE64_STANDARD.encode(signature))
    }
}

/// The private numbers are left out.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "private half of {:?}", self.public)
    }
}

impl PublicKey {
    /// Reads a public key: PEM with SPKI or PKCS#1, or OpenSSH's own form. A private key counts as its public half.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        match parts(text)? {
            Parts::Public(key) => key,
            Parts::Pkcs1(bytes) => public_of_private(&bytes)?,
            Parts::Numbers(numbers) => numbers.public,
        }
        .checked()
    }

    pub(super) fn new(modulus: &[u8], exponent: &[u8]) -> Self {
        let without_zeros = |number: &[u8]| {
            let first = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
            number[first..].to_vec()
        };
        Self { modulus: without_zeros(modulus), exponent: without_zeros(exponent) }
    }

    /// The size of the modulus in bits.
    pub fn bits(&self) -> usize {
        let first = self.modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
        self.modulus.len() * 8 - first
    }

    fn checked(self) -> Result<Self, KeyError> {
        let bits = self.bits();
        if bits < MIN_BITS {
            Err(KeyError::TooSmall(bits))
        } else if bits > 8192 {
            Err(KeyError::Unusable(format!("{bits} bits are more than 8192")))
        } else {
            Ok(self)
        }
    }

    /// Whether `signature` is one of this key over `text`.
    pub fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        let key = PublicKeyComponents { n: &self.modulus, e: &self.exponent };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, text, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RSA key of {} bits", self.bits())
    }
}

/// Finds the form of a key.
fn parts(text: &str) -> Result<Parts, KeyError> {
    if let Some(line) = text.trim_start().strip_prefix("ssh-rsa ") {
        return openssh::public(line.split_whitespace().next().unwrap_or_default()).map(Parts::Public);
    }
    let pem = pem::parse(text).map_err(|_| KeyError::Form)?;
    let is_encrypted = pem.headers().get("Proc-Type").is_some_and(|kind| kind.contains("ENCRYPTED"));
    match pem.tag() {
        _ if is_encrypted => Err(KeyError::Encrypted),
        "ENCRYPTED PRIVATE KEY" => Err(KeyError::Encrypted),
        "PRIVATE KEY" => inner_key(pem.contents(), Outer::Pkcs8).map(Parts::Pkcs1),
        "RSA PRIVATE KEY" => Ok(Parts::Pkcs1(pem.contents().to_vec())),
        "PUBLIC KEY" => {
            let inner = inner_key(pem.contents(), Outer::Spki)?;
            let [modulus, exponent] = integers(&inner)?;
            Ok(Parts::Public(PublicKey::new(modulus, exponent)))
        }
        "RSA PUBLIC KEY" => {
            let [modulus, exponent] = integers(pem.contents())?;
            Ok(Parts::Public(PublicKey::new(modulus, exponent)))
        }
        "OPENSSH PRIVATE KEY" => openssh::private(pem.contents()),
        _ => Err(KeyError::Form),
    }
}

impl From<der::Error> for KeyError {
    fn from(_: der::Error) -> Self {
        Self::Form
    }
}

/// The public half of a private key in the form of PKCS#1: version, modulus, exponent and more.
fn public_of_private(pkcs1: &[u8]) -> Result<PublicKey, KeyError> {
    let [_, modulus, exponent] = integers(pkcs1)?;
    Ok(PublicKey::new(modulus, exponent))
}

/// The first integers of a sequence.
fn integers<const N: usize>(bytes: &[u8]) -> Result<[&[u8]; N], KeyError> {
    let mut fields = SliceReader::new(contents(AnyRef::from_der(bytes)?, Tag::Sequence)?)?;
    let mut integers = [&[][..]; N];
    for integer in &mut integers {
        *integer = contents(AnyRef::decode(&mut fields)?, Tag::Integer)?;
    }
    Ok(integers)
}

/// A form around the form of PKCS#1.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outer {
    /// Version, algorithm, octet string.
    Pkcs8,
    /// Algorithm, bit string.
    Spki,
}

/// The key in the form of PKCS#1 within another form.
fn inner_key(bytes: &[u8], outer: Outer) -> Result<Vec<u8>, KeyError> {
    let mut fields = SliceReader::new(contents(AnyRef::from_der(bytes)?, Tag::Sequence)?)?;
    if outer == Outer::Pkcs8 {
        contents(AnyRef::decode(&mut fields)?, Tag::Integer)?;
    }
    let algorithm = contents(AnyRef::decode(&mut fields)?, Tag::Sequence)?;
    let mut algorithm = SliceReader::new(algorithm)?;
    if contents(AnyRef::decode(&mut algorithm)?, Tag::ObjectIdentifier)? != RSA_ENCRYPTION {
        return Err(KeyError::Form);
    }
    if outer == Outer::Pkcs8 {
        return Ok(contents(AnyRef::decode(&mut fields)?, Tag::OctetString)?.to_vec());
    }
    // The first byte of a bit string is the number of unused bits.
    match contents(AnyRef::decode(&mut fields)?, Tag::BitString)? {
        [0, key @ ..] => Ok(key.to_vec()),
        _ => Err(KeyError::Form),
    }
}

/// The object identifier 1.2.840.113549.1.1.1.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

fn contents(value: AnyRef<'_>, tag: Tag) -> der::Result<&[u8]> {
    if der::Tagged::tag(&value) == tag { Ok(value.value()) } else { Err(ErrorKind::Failed.into()) }
}
