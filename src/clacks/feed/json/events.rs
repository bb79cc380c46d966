//! The events of a node as JSON: one struct per kind, and [`EventLine`] as their sum type.
//!
//! A new kind needs a struct with its `Kind` in one of the files here, and a row in the table below.

use clacks_p2p::core::{Event, Now};
use serde::{Deserialize, Deserializer, Serialize};

use super::parts::{Detail, Millis, Wrong};

mod messages;
mod node;
mod peers;

use messages::{
    DeliveryFailed, MessageChanged, MessageDelivered, MessageDropped, MessageHeld, MessageQueued,
    MessageReceived, MessageReleased, MessageRestored, MessageSending,
};
use node::{HoldRuleChanged, Lagged, LimitsMet, Other, Refused, SendRateChanged};
use peers::{
    AnnounceFailed, AnnounceReceived, Announced, ClaimConfirmed, FoundOurselves, PeerChanged, PeerDiscovered,
    PeerForgotten, PeerUpdated, RemoteIgnored, RemoteUnignored,
};

/// The fields of one kind of event, in their written order.
trait Kind: Sized {
    /// `None` for an event of another kind.
    fn of(event: &Event, detail: Detail) -> Option<Self>;
    /// The event that these fields describe.
    fn event(self) -> Result<Event, Wrong>;
}

/// The name of each kind in JSON, and its struct, which is named as its variant of [`Event`] is.
macro_rules! kinds {
    ($($name:literal $kind:ident)*) => {
        /// An event in its written form.
        #[derive(Debug, Serialize)]
        #[serde(untagged)]
        pub enum EventLine {
            $(#[doc = concat!("The event `", $name, "`.")] $kind($kind),)*
            /// An event of a later version of the library. It cannot be read back.
            Other(Other),
        }

        /// The name of each kind, and of its variant.
        pub const KINDS: &[(&str, &str)] = &[$(($name, stringify!($kind))),*];

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
                    $(Self::$kind(_) => $name,)*
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
                    $($name => Self::$kind($kind::deserialize(deserializer)?),)*
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
    "message_received" MessageReceived
    "message_queued" MessageQueued
    "message_sending" MessageSending
    "message_delivered" MessageDelivered
    "delivery_failed" DeliveryFailed
    "message_dropped" MessageDropped
    "message_held" MessageHeld
    "message_released" MessageReleased
    "message_changed" MessageChanged
    "message_restored" MessageRestored
    "hold_rule_changed" HoldRuleChanged
    "peer_discovered" PeerDiscovered
    "peer_updated" PeerUpdated
    "peer_changed" PeerChanged
    "claim_confirmed" ClaimConfirmed
    "peer_forgotten" PeerForgotten
    "announce_received" AnnounceReceived
    "announced" Announced
    "announce_failed" AnnounceFailed
    "found_ourselves" FoundOurselves
    "remote_ignored" RemoteIgnored
    "remote_unignored" RemoteUnignored
    "refused" Refused
    "limits_met" LimitsMet
    "send_rate_changed" SendRateChanged
    "lagged" Lagged
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
