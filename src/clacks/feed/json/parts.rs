//! The values in events, each with its only JSON form for writing and reading.
//!
//! Input is untrusted, so every address, number and message is validated while it is read.
//!
//! A struct with a [`Text`] has no flattened part that contains one: `serde` buffers flattened fields as its own
//! values, which loses the JSON text of a message.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use clacks_p2p::{
    Address, DEFAULT_MAX_DEPTH, Message, PeerId,
    core::{
        CertificateFingerprint, Counters, FingerprintError, HeldBy, HeldMessage, LimitCounts, MessageId,
        OptionsError, PeerChoice, PeerCounts, PluginHold, QueuedMessage,
    },
};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// Upper limit of a duration in the input: about three hundred years.
const LONGEST: Duration = Duration::from_secs(10_000_000_000);

/// Prefix of a [`Wrong`] value's message inside an error of `serde`, which carries only text.
const MARK: char = '\u{1f}';

/// A validation error: the JSON type is right, but no node has this value.
#[derive(Debug)]
pub struct Wrong(String);

impl Wrong {
    /// The error for a missing or invalid field.
    pub fn field(name: &str) -> Self {
        Self(format!("the field `{name}` is missing or wrong"))
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}{}", self.0)
    }
}

impl From<Wrong> for String {
    fn from(wrong: Wrong) -> Self {
        wrong.0
    }
}

/// The reason why a line could not be read: for a [`Wrong`] value its message, for other JSON errors also the column.
pub fn reason(error: &serde_json::Error) -> String {
    let said = error.to_string();
    // The number of the line is always 1 here.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let said = said.strip_suffix(&place).unwrap_or(&said);
    match said.strip_prefix(MARK) {
        Some(wrong) => wrong.to_owned(),
        None => format!("column {}: {said}", error.column()),
    }
}

/// A message: any JSON value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Box<RawValue>")]
pub struct Text(pub Message);

impl TryFrom<Box<RawValue>> for Text {
    type Error = Wrong;

    fn try_from(json: Box<RawValue>) -> Result<Self, Wrong> {
        let message = Message::from_json(json.get(), DEFAULT_MAX_DEPTH);
        message.map(Self).map_err(|error| Wrong(error.to_string()))
    }
}

/// The number of a message at the node.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "u64")]
pub struct Ticket(pub MessageId);

impl TryFrom<u64> for Ticket {
    type Error = Wrong;

    /// A ticket has no other way in than its text.
    fn try_from(number: u64) -> Result<Self, Wrong> {
        number.to_string().parse().map(Self).map_err(|_| Wrong::field("id"))
    }
}

/// A duration, or a point in the node's uptime, in milliseconds. Durations of up to some weeks keep every nanosecond.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(into = "f64", try_from = "f64")]
pub struct Millis(pub Duration);

impl From<Millis> for f64 {
    fn from(Millis(time): Millis) -> Self {
        time.as_secs_f64() * 1e3
    }
}

impl TryFrom<f64> for Millis {
    type Error = Wrong;

    fn try_from(millis: f64) -> Result<Self, Wrong> {
        let time = Duration::try_from_secs_f64(millis / 1e3).ok().filter(|time| *time < LONGEST);
        time.map(Self).ok_or_else(|| Wrong(format!("{millis} milliseconds is no length of time")))
    }
}

/// A send rate in messages per second, 0.001 to 100,000.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Rate(pub f64);

impl TryFrom<f64> for Rate {
    type Error = Wrong;

    fn try_from(rate: f64) -> Result<Self, Wrong> {
        let is_possible = (0.001..=100_000.0).contains(&rate);
        if is_possible { Ok(Self(rate)) } else { Err(Wrong(OptionsError::SendRate(rate).to_string())) }
    }
}

/// The random number that chose a receiver, less than [`PeerChoice::DRAWS`].
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "u32")]
pub struct Draw(pub u32);

impl TryFrom<u32> for Draw {
    type Error = Wrong;

    fn try_from(draw: u32) -> Result<Self, Wrong> {
        if draw < PeerChoice::DRAWS { Ok(Self(draw)) } else { Err(Wrong::field("draw")) }
    }
}

/// The SHA-256 fingerprint of a certificate.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Fingerprint(pub CertificateFingerprint);

impl TryFrom<String> for Fingerprint {
    type Error = Wrong;

    fn try_from(text: String) -> Result<Self, Wrong> {
        text.parse().map(Self).map_err(|error: FingerprintError| Wrong(error.to_string()))
    }
}

/// The reason why a message is held.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The user held it.
    Hand,
    /// The hold rule admitted it.
    Rule,
    /// Peers refused it so often that sending it again is pointless.
    Refused,
    /// A plugin chose it.
    Plugin,
}

impl From<&HeldBy> for By {
    fn from(by: &HeldBy) -> Self {
        match by {
            HeldBy::Hand => Self::Hand,
            HeldBy::Rule => Self::Rule,
            HeldBy::Refused => Self::Refused,
            HeldBy::Plugin(_) => Self::Plugin,
        }
    }
}

/// The plugin that holds a message, and its reason. Without fields if none does.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ByPlugin {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plugin: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<&HeldBy> for ByPlugin {
    fn from(by: &HeldBy) -> Self {
        match by {
            HeldBy::Plugin(hold) => {
                Self { plugin: Some(hold.plugin.to_string()), reason: hold.reason.clone() }
            }
            HeldBy::Hand | HeldBy::Rule | HeldBy::Refused => Self::default(),
        }
    }
}

impl ByPlugin {
    /// The reason for holding a message. A plugin without a name is named so.
    pub fn held(self, by: By) -> HeldBy {
        match by {
            By::Hand => HeldBy::Hand,
            By::Rule => HeldBy::Rule,
            By::Refused => HeldBy::Refused,
            By::Plugin => {
                let plugin = self.plugin.map_or_else(|| "a plugin".into(), Into::into);
                HeldBy::Plugin(Arc::new(PluginHold { plugin, reason: self.reason }))
            }
        }
    }
}

/// A peer's address, written with its identifier. The identifier is not read, because it follows from the address.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Place")]
pub struct Named(pub Address);

/// The fields that are read of an address. Its identifier follows from them.
#[derive(Deserialize)]
struct Place {
    hostname: String,
    port: u16,
}

impl TryFrom<Place> for Named {
    type Error = Wrong;

    fn try_from(Place { hostname, port }: Place) -> Result<Self, Wrong> {
        Address::new(&hostname, port).map(Self).map_err(|error| Wrong(error.to_string()))
    }
}

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written<'a> {
            identifier: PeerId,
            hostname: &'a str,
            port: u16,
        }
        let Self(address) = self;
        let written =
            Written { identifier: address.identifier(), hostname: address.hostname(), port: address.port() };
        written.serialize(serializer)
    }
}

impl From<&Address> for Named {
    fn from(address: &Address) -> Self {
        Self(address.clone())
    }
}

/// A message that is queued, held or in flight.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Waiting {
    /// The receiver, only if the message is in flight.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Named>,
    id: Ticket,
    message: Text,
    visits: u32,
    since_ms: u64,
    from: Option<Named>,
    place: Option<IpAddr>,
    /// The reason, only if the message is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<By>,
    #[serde(flatten)]
    by_plugin: ByPlugin,
}

impl From<&QueuedMessage> for Waiting {
    fn from(queued: &QueuedMessage) -> Self {
        Self {
            to: None,
            id: Ticket(queued.id),
            message: Text(queued.message.clone()),
            visits: queued.visits,
            since_ms: queued.since_ms,
            from: queued.from.as_ref().map(Named::from),
            place: queued.place,
            by: None,
            by_plugin: ByPlugin::default(),
        }
    }
}

impl From<&HeldMessage> for Waiting {
    fn from(held: &HeldMessage) -> Self {
        Self { by: Some((&held.by).into()), by_plugin: (&held.by).into(), ..Self::from(&held.queued) }
    }
}

impl From<&(Address, QueuedMessage)> for Waiting {
    fn from((to, queued): &(Address, QueuedMessage)) -> Self {
        Self { to: Some(to.into()), ..Self::from(queued) }
    }
}

impl From<Waiting> for QueuedMessage {
    fn from(waiting: Waiting) -> Self {
        let Waiting { id: Ticket(id), message: Text(message), visits, since_ms, from, place, .. } = waiting;
        Self::new(id, message, since_ms, visits, from.map(|Named(address)| address), place)
    }
}

impl TryFrom<Waiting> for HeldMessage {
    type Error = Wrong;

    fn try_from(mut waiting: Waiting) -> Result<Self, Wrong> {
        let by = waiting.by.ok_or_else(|| Wrong::field("by"))?;
        let by = std::mem::take(&mut waiting.by_plugin).held(by);
        Ok(Self::new(waiting.into(), by))
    }
}

/// A message that is on its way, and whom it goes to.
impl TryFrom<Waiting> for (Address, QueuedMessage) {
    type Error = Wrong;

    fn try_from(mut waiting: Waiting) -> Result<Self, Wrong> {
        let Named(to) = waiting.to.take().ok_or_else(|| Wrong::field("to"))?;
        Ok((to, waiting.into()))
    }
}

/// The number of peers with each status.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Counts {
    new: u32,
    alive: u32,
    /// Missing in older recordings.
    #[serde(default)]
    claimed: u32,
    lost: u32,
    dead: u32,
    ignored: u32,
}

impl From<PeerCounts> for Counts {
    fn from(counts: PeerCounts) -> Self {
        let PeerCounts { new, alive, unverified: claimed, lost, dead, ignored, .. } = counts;
        let [new, alive, claimed, lost, dead, ignored] =
            [new, alive, claimed, lost, dead, ignored].map(count);
        Self { new, alive, claimed, lost, dead, ignored }
    }
}

impl From<Counts> for PeerCounts {
    fn from(Counts { new, alive, claimed, lost, dead, ignored }: Counts) -> Self {
        let counts = [new, alive, claimed.min(alive), lost, dead, ignored];
        let [new, alive, claimed, lost, dead, ignored] = counts.map(|count| count as usize);
        let mut peers = Self::default();
        (peers.new, peers.alive, peers.unverified) = (new, alive, claimed);
        (peers.lost, peers.dead, peers.ignored) = (lost, dead, ignored);
        peers
    }
}

/// Converts a count to 32 bits; larger counts become [`u32::MAX`].
pub fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The node's counters since its start.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Counted {
    received: u64,
    delivered: u64,
    failed: u64,
    enqueued: u64,
    announces: u64,
    refused: u64,
    // Missing in the recording of a node without plugins.
    #[serde(default, skip_serializing_if = "is_zero")]
    swallowed: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    refused_by_plugin: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    plugin_faults: u64,
    #[serde(default)]
    limits: LimitCounts,
}

impl From<Counters> for Counted {
    fn from(counters: Counters) -> Self {
        let Counters { received, delivered, failed, enqueued, announces, refused, limits, .. } = counters;
        let Counters { swallowed, refused_by_plugin, plugin_faults, .. } = counters;
        Self {
            received,
            delivered,
            failed,
            enqueued,
            announces,
            refused,
            swallowed,
            refused_by_plugin,
            plugin_faults,
            limits,
        }
    }
}

impl From<Counted> for Counters {
    fn from(counted: Counted) -> Self {
        let mut counters = Self::default();
        (counters.received, counters.delivered) = (counted.received, counted.delivered);
        (counters.failed, counters.enqueued) = (counted.failed, counted.enqueued);
        (counters.announces, counters.refused) = (counted.announces, counted.refused);
        counters.swallowed = counted.swallowed;
        counters.refused_by_plugin = counted.refused_by_plugin;
        counters.plugin_faults = counted.plugin_faults;
        counters.limits = counted.limits;
        counters
    }
}
