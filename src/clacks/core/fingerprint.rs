use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::protocol::hex::write_hex;

/// The SHA-256 of a certificate's DER bytes, shown as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertificateFingerprint(pub [u8; 32]);

impl fmt::Display for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for CertificateFingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CertificateFingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for CertificateFingerprint {
    type Err = FingerprintError;

    /// Reads 64 hexadecimal digits, in upper or lower case.
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        parse_hex(text).map(Self).ok_or(FingerprintError)
    }
}

/// A text is not a [`CertificateFingerprint`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 64 hexadecimal digits")]
pub struct FingerprintError;

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    if rest.is_empty() { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_only_in_its_own_format() {
        let fingerprint = CertificateFingerprint(std::array::from_fn(|at| 7 * at as u8));
        let text = fingerprint.to_string();
        assert_eq!(text.parse(), Ok(fingerprint));
        assert_eq!(text.to_ascii_uppercase().parse(), Ok(fingerprint));
        for wrong in
            ["", &text[1..], &format!("{text}0"), &text.replace('0', "g"), &format!("+{}", &text[1..])]
        {
            assert_eq!(wrong.parse::<CertificateFingerprint>(), Err(FingerprintError), "{wrong}");
        }
    }
}
