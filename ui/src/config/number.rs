//! Parsers of option values: one function per kind of value, shared by flags, environment variables and the
//! configuration file. Errors state the accepted range and an example.

use std::{fmt, net::IpAddr, ops::RangeInclusive, str::FromStr};

use clacks_p2p::{Address, AddressError};
use clacks_text::byte_size;
use serde::{Deserializer, de};

/// Range of send rates, in messages per second.
const SEND_RATES: RangeInclusive<f64> = 0.001..=100_000.0;

/// Parses a value; the error states the accepted values.
pub(super) type Parse<T> = fn(&str) -> Result<T, &'static str>;

pub(crate) fn hostname(text: &str) -> Result<String, &'static str> {
    const WRONG: &str = "a hostname is a name or an IP address without a port, such as tower.example.org";
    let text = text.trim();
    Address::new(text, 1).map(|_| text.to_owned()).map_err(|_| WRONG)
}

/// The address of a node in the notation for people.
pub(crate) fn address(text: &str) -> Result<Address, AddressError> {
    text.trim().parse()
}

pub(crate) fn port(text: &str) -> Result<u16, &'static str> {
    text.trim()
        .parse()
        .map_err(|_| "a port is a whole number from 0 to 65535, such as 8080; 0 takes any port that is free")
}

pub(crate) fn ip(text: &str) -> Result<IpAddr, &'static str> {
    text.trim().parse().map_err(|_| "an IP address is written without a port, such as 127.0.0.1 or ::1")
}

pub(crate) fn send_rate(text: &str) -> Result<f64, &'static str> {
    const WRONG: &str = "a send rate is a number from 0.001 to 100000 messages a second, such as 0.5";
    text.trim().parse().ok().filter(|rate| SEND_RATES.contains(rate)).ok_or(WRONG)
}

/// A count of at least 1.
pub(crate) fn count(text: &str) -> Result<usize, &'static str> {
    const WRONG: &str = "a number here is whole and at least 1, such as 100";
    u32::from_str(text.trim()).ok().filter(|count| *count > 0).map(|count| count as usize).ok_or(WRONG)
}

/// A count; 0 means no limit.
pub(crate) fn count_or_no_limit(text: &str) -> Result<u32, &'static str> {
    text.trim().parse().map_err(|_| "a number here is whole, such as 10; 0 is for no limit")
}

/// A size in bytes, at least 1.
pub(crate) fn size(text: &str) -> Result<usize, &'static str> {
    const WRONG: &str = "a size is a number of bytes, or with a unit as in 512K, 64M, 2G; at least 1";
    let bytes = byte_size::bytes(text).filter(|bytes| *bytes > 0);
    bytes.and_then(|bytes| usize::try_from(bytes).ok()).ok_or(WRONG)
}

/// A switch: on or off.
pub(crate) fn switch(text: &str) -> Result<bool, &'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "y" | "t" => Ok(true),
        "false" | "no" | "off" | "0" | "n" | "f" => Ok(false),
        _ => Err("a switch is true or false, yes or no, on or off, 1 or 0"),
    }
}

/// Deserializes a value that the configuration file gives as a number or a text.
pub(super) fn in_file<'de, D: Deserializer<'de>, T>(deserializer: D, parse: Parse<T>) -> Result<T, D::Error> {
    struct Written<T>(Parse<T>);
    impl<T> de::Visitor<'_> for Written<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str((self.0)("").err().unwrap_or("a number or a text"))
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            (self.0)(text).map_err(E::custom)
        }
    }
    deserializer.deserialize_any(Written(parse))
}

/// The same parsers as functions for `deserialize_with`, which takes no parameters.
pub(crate) mod file {
    use super::{Deserializer, IpAddr, in_file};

    pub(crate) fn hostname<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
        in_file(value, super::hostname).map(Some)
    }

    pub(crate) fn port<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u16>, D::Error> {
        in_file(value, super::port).map(Some)
    }

    pub(crate) fn ip<'de, D: Deserializer<'de>>(value: D) -> Result<Option<IpAddr>, D::Error> {
        in_file(value, super::ip).map(Some)
    }

    pub(crate) fn send_rate<'de, D: Deserializer<'de>>(value: D) -> Result<Option<f64>, D::Error> {
        in_file(value, super::send_rate).map(Some)
    }

    pub(crate) fn count<'de, D: Deserializer<'de>>(value: D) -> Result<Option<usize>, D::Error> {
        in_file(value, super::count).map(Some)
    }

    pub(crate) fn size<'de, D: Deserializer<'de>>(value: D) -> Result<Option<usize>, D::Error> {
        in_file(value, super::size).map(Some)
    }
}
