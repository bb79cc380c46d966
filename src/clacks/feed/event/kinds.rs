//! The kinds of events: one struct per kind, whose fields are those of its JSON, with its description, its line and the
//! rows that it changes. [`EventLine`] is their sum type.
//!
//! A new kind needs a struct with its `Kind` in one of the files here, and its name in the table below.

use clacks_feed::{
    Line, Touched,
    description::{EventSpec, Field, Kind as FieldKind, Level},
};
use clacks_p2p::core::{Event, Now};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    json::parts::{Millis, Wrong},
    peer::Detail,
};

mod held;
mod messages;
mod node;
mod peers;
mod plugins;

use held::{HoldRuleChanged, MessageChanged, MessageDropped, MessageHeld, MessageReleased, MessageRestored};
use messages::{DeliveryFailed, MessageDelivered, MessageQueued, MessageReceived, MessageSending};
use node::{Lagged, LimitsMet, Other, Refused, SendRateChanged};
use peers::{
    AnnounceFailed, AnnounceReceived, Announced, ClaimConfirmed, FoundOurselves, PeerChanged, PeerDiscovered,
    PeerForgotten, PeerUpdated, RemoteIgnored, RemoteUnignored,
};
use plugins::{MessageRewritten, PayloadDiscarded, PluginFailed, PluginLoaded};

/// A kind of events: its fields in JSON in their written order, and what a face shows of it. In each function the event
/// is of this kind.
trait Kind: Sized {
    /// Its name in JSON and in the description.
    const NAME: &'static str;

    /// Its description.
    fn spec() -> EventSpec;

    /// `None` for an event of another kind.
    fn of(event: &Event, detail: Detail) -> Option<Self>;

    /// The event that these fields describe.
    fn event(self) -> Result<Event, Wrong>;

    /// Its line of the traffic. `None` for an event that only changes rows or repeats another one.
    fn line(_: &Event) -> Option<Line> {
        None
    }

    /// The rows that it changed, added or removed.
    fn touched(_: &Event) -> Touched {
        Touched::default()
    }
}

/// The description of an event whose JSON has a message.
fn message(name: &'static str, does: &'static str) -> EventSpec {
    EventSpec::new(name, does).json_text("message")
}

/// How long a request took.
fn took() -> Field {
    Field::new("took", FieldKind::Took)
}

/// The HTTP status of an answer.
fn http() -> Field {
    Field::new("http", FieldKind::Count).titled("HTTP")
}

/// Makes one type of all kinds. Each struct is named as its variant of [`Event`] is.
macro_rules! kinds {
    ($($kind:ident)*) => {
        /// An event in its written form.
        #[derive(Debug, Serialize)]
        #[serde(untagged)]
        pub enum EventLine {
            $(#[doc = concat!("The fields of `Event::", stringify!($kind), "`.")] $kind($kind),)*
            /// An event of a later version of the library. It cannot be read back.
            Other(Other),
        }

        /// The name of each kind, and of its variant.
        pub const KINDS: &[(&str, &str)] = &[$(($kind::NAME, stringify!($kind))),*];

        /// The kinds in the description, in the order of the table.
        pub(crate) fn specs() -> Vec<EventSpec> {
            let unknown = EventSpec::new("other", "an event that this version does not know");
            vec![$($kind::spec(),)* unknown.level(Level::Debug)]
        }

        /// The line of an event. `None` for an event that only changes rows or repeats another one.
        pub(super) fn line(event: &Event) -> Option<Line> {
            match event {
                $(Event::$kind { .. } => $kind::line(event),)*
                _ => None,
            }
        }

        /// The rows that an event changed, added or removed.
        pub(super) fn touched(event: &Event) -> Touched {
            match event {
                $(Event::$kind { .. } => $kind::touched(event),)*
                _ => Touched::default(),
            }
        }

        /// The kinds, in the order of the table.
        #[derive(Clone, Copy)]
        enum Position {
            $($kind,)*
            Other,
        }

        /// Position of an event's kind in [`KINDS`]. The position behind the last one for an event of a later version of
        /// the library.
        pub fn position(event: &Event) -> usize {
            let position = match event {
                $(Event::$kind { .. } => Position::$kind,)*
                _ => Position::Other,
            };
            position as usize
        }

        impl EventLine {
            /// The written form of an event, with this amount of detail about its peers.
            pub fn new(event: &Event, detail: Detail) -> Self {
                let known = match event {
                    $(Event::$kind { .. } => $kind::of(event, detail).map(Self::$kind),)*
                    _ => None,
                };
                known.unwrap_or_else(|| Self::Other(Other::new(event)))
            }

            /// Its name in JSON.
            fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => $kind::NAME,)*
                    Self::Other(_) => "other",
                }
            }

            /// Reads the JSON line of an event with this name; `None` for an unknown name.
            ///
            /// # Errors
            ///
            /// Fails if the line is not valid JSON or a field is missing or invalid.
            pub fn read(name: &str, line: &str) -> serde_json::Result<Option<Self>> {
                let mut deserializer = serde_json::Deserializer::from_str(line);
                let read = Self::deserialize_named(name, &mut deserializer)?;
                if read.is_some() {
                    deserializer.end()?;
                }
                Ok(read)
            }

            /// Reads the fields of an event with this name. `None` for an unknown name; then nothing was read.
            pub(crate) fn deserialize_named<'de, D: Deserializer<'de>>(
                name: &str,
                deserializer: D,
            ) -> Result<Option<Self>, D::Error> {
                Ok(Some(match name {
                    $(_ if name == $kind::NAME => Self::$kind($kind::deserialize(deserializer)?),)*
                    _ => return Ok(None),
                }))
            }

            /// The event that this line describes; `None` for [`EventLine::Other`].
            ///
            /// # Errors
            ///
            /// Fails if a field has a value that no node has.
            pub fn event(self) -> Result<Option<Event>, Wrong> {
                match self {
                    $(Self::$kind(kind) => kind.event().map(Some),)*
                    Self::Other(_) => Ok(None),
                }
            }
        }
    };
}

kinds! {
    MessageReceived
    MessageQueued
    MessageSending
    MessageDelivered
    DeliveryFailed
    MessageDropped
    MessageHeld
    MessageReleased
    MessageChanged
    MessageRestored
    HoldRuleChanged
    PeerDiscovered
    PeerUpdated
    PeerChanged
    ClaimConfirmed
    PeerForgotten
    AnnounceReceived
    Announced
    AnnounceFailed
    FoundOurselves
    RemoteIgnored
    RemoteUnignored
    Refused
    PayloadDiscarded
    MessageRewritten
    PluginLoaded
    PluginFailed
    LimitsMet
    SendRateChanged
    Lagged
}

/// A line about an event: its name and its time come first.
#[derive(Serialize)]
pub struct Written {
    event: &'static str,
    time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    uptime_ms: Option<Millis>,
    #[serde(flatten)]
    told: EventLine,
}

impl Written {
    /// In brief, with the time on one clock.
    pub fn brief(event: &Event, time: u64) -> Self {
        let told = EventLine::new(event, Detail::Brief);
        Self { event: told.name(), time, uptime_ms: None, told }
    }

    /// In full, with the time on both clocks.
    pub fn full(event: &Event, now: Now) -> Self {
        let told = EventLine::new(event, Detail::Full);
        Self { event: told.name(), time: now.unix_ms, uptime_ms: Some(Millis(now.uptime)), told }
    }
}
