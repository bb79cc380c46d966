//! The events of a node as JSON: one struct per kind, and [`EventFields`] as their sum type.
//!
//! A new kind needs a struct with its `Kind` in one of the files here, and a row in the table below.

use clacks_peercloud::core::Event;
use serde::Serialize;

use super::parts::Wrong;

mod members;
mod messages;
mod node;

use members::{
    Checked, CheckedBy, ClockOff, DoesNotKnowUs, MemberAdded, MemberChanged, MemberRemoved, MemberUpdated,
};
use messages::{MessageReceived, Replied, Replies, Sent};
use node::{
    Alone, CheckIntervalChanged, DataChanged, Forgotten, IdChanged, Joined, Left, Refused, Repaired,
    Repairing, ReplyChanged, Started,
};

/// The fields of one kind of event, in their written order.
trait Kind: Sized {
    /// `None` for an event of another kind.
    fn of(event: &Event) -> Option<Self>;
    /// The event that these fields describe.
    fn event(self) -> Result<Event, Wrong>;
}

/// The name of each kind in JSON, and its struct, which is named as its variant of [`Event`] is.
macro_rules! kinds {
    ($($name:literal $kind:ident)*) => {
        /// The fields of an event in their written form.
        #[derive(Debug, Serialize)]
        #[serde(untagged)]
        pub enum EventFields {
            $(#[doc = concat!("The event `", $name, "`.")] $kind($kind),)*
            /// An event of a later version of the library. It cannot be read back.
            Other {},
        }

        /// The name of each kind.
        pub const KINDS: &[&str] = &[$($name),*];

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

        impl EventFields {
            /// The written form of an event.
            pub fn new(event: &Event) -> Self {
                let known = match event {
                    $(Event::$kind { .. } => $kind::of(event).map(Self::$kind),)*
                    _ => None,
                };
                known.unwrap_or(Self::Other {})
            }
        }

        /// Reads the fields of an event with this name. `None` for an unknown name, or if a field is missing or invalid.
        pub fn read(name: &str, json: &str) -> Option<Event> {
            match name {
                $($name => {
                    let kind = serde_json::from_str::<$kind>(json).ok()?;
                    kind.event().ok()
                })*
                _ => None,
            }
        }
    };
}

kinds! {
    "ready" Started
    "joined" Joined
    "alone" Alone
    "left" Left
    "id_changed" IdChanged
    "repairing" Repairing
    "repaired" Repaired
    "member_added" MemberAdded
    "member_updated" MemberUpdated
    "member_removed" MemberRemoved
    "member_changed" MemberChanged
    "does_not_know_us" DoesNotKnowUs
    "clock_off" ClockOff
    "checked" Checked
    "checked_by" CheckedBy
    "message_received" MessageReceived
    "request_sent" Sent
    "reply_received" Replied
    "replies" Replies
    "data_changed" DataChanged
    "reply_changed" ReplyChanged
    "check_interval_changed" CheckIntervalChanged
    "refused" Refused
    "forgotten" Forgotten
}
