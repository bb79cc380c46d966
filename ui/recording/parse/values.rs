//! Single values of a recording, none of which is taken on trust.

use std::time::Duration;

use clacks_p2p::{
    DEFAULT_MAX_DEPTH, Message,
    core::{MessageId, OptionsError, Peer},
};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::fields::Described;

/// No node runs longer, in seconds: three hundred years.
const LONGEST: Duration = Duration::from_secs(10_000_000_000);

/// A message may be `null`, which is not to be taken for none.
pub fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(deserializer).map(Some)
}

pub fn missing(name: &str) -> String {
    format!("the field `{name}` is missing or wrong")
}

pub fn needed<T>(name: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| missing(name))
}

pub fn described(peer: Option<Described>) -> Result<Peer, String> {
    needed("peer", peer)?.peer()
}

/// A ticket has no other way in than its text.
pub(crate) fn ticket(number: u64) -> Result<MessageId, String> {
    number.to_string().parse().map_err(|_| missing("id"))
}

pub fn message(json: Option<&RawValue>) -> Result<Message, String> {
    Message::from_json(needed("message", json)?.get(), DEFAULT_MAX_DEPTH).map_err(|error| error.to_string())
}

/// A time of so many milliseconds.
pub fn duration(millis: f64) -> Result<Duration, String> {
    let time = Duration::try_from_secs_f64(millis / 1e3).ok().filter(|time| *time < LONGEST);
    time.ok_or_else(|| format!("{millis} milliseconds is no length of time"))
}

/// Messages a second, as many as a node may send.
pub fn rate(rate: f64) -> Result<f64, String> {
    let is_possible = (0.001..=100_000.0).contains(&rate);
    if is_possible { Ok(rate) } else { Err(OptionsError::SendRate(rate).to_string()) }
}
