use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::PublicKey;

/// Maximum digits of a timestamp.
const MAX_DIGITS: usize = 16;
/// Maximum characters of a signature in base64: that of a key of 8,192 bits has 1,368.
const MAX_SIGNATURE: usize = 2048;

/// The time of a signed request: milliseconds since 1970. Its decimal text is what is signed, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The text that is signed.
    pub fn text(self) -> String {
        self.0.to_string()
    }

    /// How many milliseconds lie between this time and `unix_ms`, whichever is later.
    pub fn distance(self, unix_ms: u64) -> u64 {
        self.0.abs_diff(unix_ms)
    }
}

/// The two headers of a signed request, checked for their form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    timestamp: Timestamp,
    text: String,
    bytes: Vec<u8>,
}

/// Why the two headers are no signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// A header is missing or there twice.
    #[error("the request is not signed")]
    Missing,
    /// The timestamp has characters other than digits, or more than 16.
    #[error("the timestamp is not a number of milliseconds")]
    Timestamp,
    /// The signature is not base64.
    #[error("the signature is not base64")]
    Base64,
}

impl Signature {
    /// Reads the headers.
    pub fn new(timestamp: &str, signature: &str) -> Result<Self, SignatureError> {
        let is_number = (1..=MAX_DIGITS).contains(&timestamp.len())
            && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let number = timestamp.parse().ok().filter(|_| is_number).ok_or(SignatureError::Timestamp)?;
        if signature.len() > MAX_SIGNATURE {
            return Err(SignatureError::Base64);
        }
        let bytes = BASE64.decode(signature).map_err(|_| SignatureError::Base64)?;
        Ok(Self { timestamp: Timestamp(number), text: timestamp.to_owned(), bytes })
    }

    /// The time that was signed.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The bytes of the signature.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether one of the keys made the signature.
    pub fn is_of_one_of(&self, accepted: &[PublicKey]) -> bool {
        accepted.iter().any(|key| key.verifies(self.text.as_bytes(), &self.bytes))
    }
}

/// Base64 with or without padding, as Node.js reads it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
