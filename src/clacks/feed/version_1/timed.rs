//! The line of an event, whose name comes first. It is read in one pass: the name says how the other fields are read.

use std::{borrow::Cow, fmt};

use clacks_p2p::core::Now;
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor,
        value::{CowStrDeserializer, MapAccessDeserializer},
    },
};

use crate::{event::kinds::EventLine, json::parts::Millis};

/// An event and its time.
pub(super) struct Timed {
    pub(super) now: Now,
    /// `None` for an unknown name.
    pub(super) event: Option<EventLine>,
}

/// The name of a field.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The fields of the event: those of the line without its time, which is kept.
struct Fields<A> {
    line: A,
    time: Option<u64>,
    uptime: Option<Millis>,
}

impl<'de> Deserialize<'de> for Timed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Line)
    }
}

struct Line;

impl<'de> Visitor<'de> for Line {
    type Value = Timed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut line: A) -> Result<Timed, A::Error> {
        // The caller has seen that it is `event`.
        let _ = line.next_key::<IgnoredAny>()?;
        let name: String = line.next_value()?;
        let mut fields = Fields { line, time: None, uptime: None };
        let event = EventLine::deserialize_named(&name, MapAccessDeserializer::new(&mut fields))?;
        if event.is_none() {
            IgnoredAny::deserialize(MapAccessDeserializer::new(&mut fields))?;
        }
        let unix_ms = fields.time.ok_or_else(|| A::Error::missing_field("time"))?;
        let Millis(uptime) = fields.uptime.ok_or_else(|| A::Error::missing_field("uptime_ms"))?;
        Ok(Timed { now: Now { uptime, unix_ms }, event })
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for &mut Fields<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(Name(name)) = self.line.next_key()? {
            match &*name {
                "time" => self.time = Some(self.line.next_value()?),
                "uptime_ms" => self.uptime = Some(self.line.next_value()?),
                _ => return seed.deserialize(CowStrDeserializer::new(name)).map(Some),
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.line.next_value_seed(seed)
    }
}
