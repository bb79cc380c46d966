//! The values of options that only a peercloud node has. Errors state what is accepted, with an example.

use std::{fmt::Display, str::FromStr, time::Duration};

use clacks_peercloud::{Address, Host, Json, core::AutoReply, protocol::AddressError};
use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de::Error};

use crate::config::timeout::Timeout;

/// The data of a node. In the configuration file a text with JSON, or a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Data(pub(crate) Json);

/// What messages are replied with: `none` for the object without members, `echo` for the message itself, or JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply(pub(crate) AutoReply);

/// A time between two checks, 100 ms to 24 h; `None` for no checks, written as `off` or `0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interval(pub(crate) Option<Duration>);

/// A time of at least `LEAST` milliseconds and at most 24 h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeFrom<const LEAST: u64>(pub(crate) Duration);

const NO_DATA: &str = r#"the data of a node is JSON, such as '{"name": "tower"}'"#;
const NO_REPLY: &str = r#"a reply is none, echo, or JSON such as '{"ok": true}'"#;
const NO_INTERVAL: &str =
    "a time is a number of milliseconds, or with a unit as in 500ms, 10s, 1m; from 100ms to 24h, or off";
const NO_TIME: &str = "a time here is a number of milliseconds, or a text with a unit, such as \"10s\"";
const NO_HOST: &str = "a hostname is a name or an IP address without a port, such as tower.example.org";

const SHORTEST: Duration = Duration::from_millis(100);

impl FromStr for Data {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        json(text).map(Self).ok_or(NO_DATA)
    }
}

impl FromStr for Reply {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text.trim().to_ascii_lowercase().as_str() {
            "none" => Ok(Self(AutoReply::Empty)),
            "echo" => Ok(Self(AutoReply::Echo)),
            _ => json(text).map(|reply| Self(AutoReply::Value(reply))).ok_or(NO_REPLY),
        }
    }
}

impl FromStr for Interval {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text == "0" || text.eq_ignore_ascii_case("off") {
            return Ok(Self(None));
        }
        let time = text.parse::<Timeout>().ok().map(Duration::from).filter(|time| *time >= SHORTEST);
        time.map(|time| Self(Some(time))).ok_or(NO_INTERVAL)
    }
}

impl<const LEAST: u64> FromStr for TimeFrom<LEAST> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            let least = SignedDuration::from_millis(LEAST.cast_signed());
            format!(
                "a time here is a number of milliseconds, or with a unit as in 500ms, 10s, 1m; from {least:#} to 24h"
            )
        };
        let time: Duration = text.parse::<Timeout>().map_err(|_| wrong())?.into();
        Some(Self(time)).filter(|Self(time)| *time >= Duration::from_millis(LEAST)).ok_or_else(wrong)
    }
}

/// A JSON value. The node checks its length and depth.
fn json(text: &str) -> Option<Json> {
    Json::new(text.trim(), usize::MAX, usize::MAX).ok()
}

/// The host of this node.
pub(crate) fn host(text: &str) -> Result<Host, &'static str> {
    Host::new(text.trim()).map_err(|_| NO_HOST)
}

/// The address of a member in the notation for people.
pub(crate) fn address(text: &str) -> Result<Address, String> {
    let complaint =
        |error: AddressError| format!("a member is written host or host:port, such as tower:9338 ({error})");
    text.trim().parse().map_err(complaint)
}

/// Deserializes a text, a number or a switch as the command line would parse it.
fn written<'de, D: Deserializer<'de>, T>(deserializer: D, wrong: &'static str) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
{
    let text = match toml::Value::deserialize(deserializer) {
        Ok(toml::Value::String(text)) => text,
        Ok(toml::Value::Integer(number)) => number.to_string(),
        Ok(toml::Value::Table(table)) => serde_json::to_string(&table).map_err(D::Error::custom)?,
        _ => return Err(D::Error::custom(wrong)),
    };
    text.parse().map_err(D::Error::custom)
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written(deserializer, NO_DATA)
    }
}

impl<'de> Deserialize<'de> for Reply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written(deserializer, NO_REPLY)
    }
}

impl<'de, const LEAST: u64> Deserialize<'de> for TimeFrom<LEAST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written(deserializer, NO_TIME)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written(deserializer, NO_INTERVAL)
    }
}

/// The parsers of values without a type of their own, as functions for `deserialize_with`.
pub(crate) mod file {
    use super::{Address, Deserialize, Deserializer, Error, Host};

    pub(crate) fn host<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Host>, D::Error> {
        super::host(&String::deserialize(value)?).map(Some).map_err(D::Error::custom)
    }

    pub(crate) fn addresses<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Vec<Address>>, D::Error> {
        let read = |text: String| {
            super::address(&text).map_err(|error| D::Error::custom(format!("{text:?}: {error}")))
        };
        Vec::<String>::deserialize(value)?.into_iter().map(read).collect::<Result<_, _>>().map(Some)
    }
}
