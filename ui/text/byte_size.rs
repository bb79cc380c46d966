use std::{ops::RangeInclusive, str::FromStr};

use serde::{Deserialize, Deserializer, de::Error};

/// A size in bytes, written as `64M` or `65536`. At least 64 KiB; default 64 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(pub u64);

/// Maximum size of the log file in bytes; `None`, written as `0`, for no limit. At least 64 KiB; default 10 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSize(pub Option<u64>);

/// Maximum size of a request body in bytes, 1 KiB to 1 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodySize(pub usize);

/// The error for an invalid size.
const WRONG: &str = "a size is a number of bytes, or with a unit as in 512K, 64M, 2G; at least 64K";
const WRONG_LOG: &str =
    "a size is a number of bytes, or with a unit as in 512K, 64M, 2G; at least 64K, or 0 for no limit";
/// A smaller file has space for little more than a hundred events.
const LEAST: u64 = 64 << 10;

/// A smaller body has no space for most messages. A larger one needs too much memory, because each connection can have
/// one.
const BODIES: RangeInclusive<u64> = 1 << 10..=1 << 30;
const WRONG_BODY: &str = "a size is a number of bytes, or with a unit as in 512K, 1M; from 1K to 1G";

impl Default for ByteSize {
    fn default() -> Self {
        Self(64 << 20)
    }
}

impl Default for LogSize {
    fn default() -> Self {
        Self(Some(10 << 20))
    }
}

impl FromStr for ByteSize {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        bytes(text).filter(|bytes| *bytes >= LEAST).map(Self).ok_or(WRONG)
    }
}

impl FromStr for LogSize {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match bytes(text).ok_or(WRONG_LOG)? {
            0 => Ok(Self(None)),
            bytes if bytes >= LEAST => Ok(Self(Some(bytes))),
            _ => Err(WRONG_LOG),
        }
    }
}

impl FromStr for BodySize {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let bytes = bytes(text).filter(|bytes| BODIES.contains(bytes));
        bytes.and_then(|bytes| usize::try_from(bytes).ok()).map(Self).ok_or(WRONG_BODY)
    }
}

/// Parses a number of bytes. The units K, M and G are powers of 1024, in either case, with an optional `B` or `iB`.
/// `None` if the text is no size or exceeds 64 bits.
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|unit: char| !unit.is_ascii_digit());
    let shift = match text[digits.len()..].trim().to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// Deserializes a number or a text as the command line would parse it.
fn written<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err = &'static str>,
{
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a number of bytes or a text such as \"64M\"")]
    enum Written {
        Bytes(u64),
        Text(String),
    }
    let text = match Written::deserialize(deserializer)? {
        Written::Bytes(bytes) => bytes.to_string(),
        Written::Text(text) => text,
    };
    text.parse().map_err(D::Error::custom)
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written(deserializer)
    }
}

impl<'de> Deserialize<'de> for LogSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written(deserializer)
    }
}

impl<'de> Deserialize<'de> for BodySize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_unit() {
        for (text, bytes) in [("65536", 65_536), ("64K", 65_536), ("2m", 2 << 20), ("1 GiB", 1 << 30)] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "M", "0", "63K", "1.5M", "10T", "99999999999G", "-1M", "\u{665}M"] {
            assert_eq!(text.parse::<ByteSize>(), Err(WRONG), "{text}");
        }
        for (text, size) in [("0", None), ("0K", None), ("64K", Some(65_536))] {
            assert_eq!(text.parse(), Ok(LogSize(size)), "{text}");
        }
        for text in ["", "63K", "1", "-0", "none"] {
            assert_eq!(text.parse::<LogSize>(), Err(WRONG_LOG), "{text}");
        }
        assert_eq!(("1K".parse(), "1G".parse()), (Ok(BodySize(1 << 10)), Ok(BodySize(1 << 30))));
        for text in ["0", "1023", "1025M", "2G", "large"] {
            assert_eq!(text.parse::<BodySize>(), Err(WRONG_BODY), "{text}");
        }
    }
}
