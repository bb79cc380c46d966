use std::{net::IpAddr, time::Duration};

use clacks_p2p::{
    Address, Message, Node, PeerId,
    core::{
        Discovery, Event, Failure, HeldBy, HeldMessage, MessageId, Now, Origin, Peer, QueuedMessage, Refusal,
        Status,
    },
    node::Unsent,
};
use clacks_text::escape::escaped_json;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

pub mod answers;

/// One line of output: a JSON object that begins with what happened and when.
#[derive(Debug, Default)]
pub struct Record(Vec<(&'static str, Box<RawValue>)>);

impl Record {
    fn new(event: &str, time: u64) -> Self {
        Self::default().with("event", event).with("time", time)
    }

    /// One with this field behind the others.
    pub fn with(mut self, name: &'static str, value: impl Serialize) -> Self {
        self.0.push((name, raw(&value)));
        self
    }

    fn with_message(self, id: MessageId, message: &Message) -> Self {
        self.with("id", id).with("message", message)
    }

    fn with_queued(self, queued: &QueuedMessage) -> Self {
        self.with_message(queued.id, &queued.message)
            .with("since_ms", queued.since_ms)
            .with("visits", queued.visits)
            .with("sender", queued.from.as_ref().map(Named::from))
            .with("place", queued.place)
    }

    fn with_failure(self, failure: &Failure) -> Self {
        let record = self.with("failure", failure.to_string()).with("cause", cause(failure));
        match failure {
            Failure::Status(status) => record.with("status", status),
            Failure::CertificateChanged { pinned, presented } => {
                record.with("trusted", pinned).with("presented", presented)
            }
            Failure::NotContacted(scope) => record.with("scope", scope.name()),
            _ => record,
        }
    }

    /// The line, without its end. It is safe to show on a terminal.
    pub fn into_line(self) -> String {
        let fields: Vec<_> = self.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        escaped_json(&format!("{{{}}}", fields.join(","))).into_owned()
    }
}

/// The first record: where the node is found.
pub fn ready(node: &Node) -> Record {
    Record::new("ready", node.now().unix_ms)
        .with("address", node.address())
        .with("listens_on", node.listens_on())
        .with("certificate", node.certificate())
}

/// Messages that only this node has are handed on before it stops, for so long at most.
pub fn handing_on(time: u64, messages: usize, within: Duration) -> Record {
    Record::new("handing_on", time).with("messages", messages).with("within_ms", millis(within))
}

/// How that went.
pub fn handed_on(time: u64, messages: usize, left: usize, told: &str) -> Record {
    Record::new("handed_on", time)
        .with("messages", messages.saturating_sub(left))
        .with("left", left)
        .with("text", told)
}

/// The last record: what is lost unless somebody keeps it.
pub fn stopped(time: u64, remaining: &Unsent) -> Record {
    let queue: Vec<_> = remaining.messages.iter().map(Waiting::from).collect();
    let held: Vec<_> = remaining.held.iter().map(Kept::from).collect();
    Record::new("stopped", time).with("queue", queue).with("held", held)
}

/// What happened at the node, in brief.
pub fn happened(event: &Event, time: u64) -> Record {
    tell(event, |name| Record::new(name, time), &|peer| raw(&Known::from(peer)))
}

/// What happened at the node, with all that is known of the peers and the time on both clocks.
pub fn recorded(event: &Event, now: Now) -> Record {
    let record = |name: &str| Record::new(name, now.unix_ms).with("uptime_ms", millis(now.uptime));
    tell(event, record, &|peer| raw(&Listed::from(peer)))
}

/// What happened, in a record that begins as `record` says, with peers as `described` says.
fn tell(
    event: &Event,
    record: impl Fn(&str) -> Record,
    described: &dyn Fn(&Peer) -> Box<RawValue>,
) -> Record {
    match event {
        Event::MessageReceived { peer, message, id, visits, remote } => record("message_received")
            .with("peer", described(peer))
            .with("message", message)
            .with("id", id)
            .with("visits", visits)
            .with("remote", remote),
        Event::MessageQueued { id, message, origin, since_ms, visits, place } => {
            with_origin(record("message_queued").with_message(*id, message), origin)
                .with("since_ms", since_ms)
                .with("visits", visits)
                .with("place", place)
        }
        Event::MessageSending { id, peer, message, choice } => record("message_sending")
            .with("peer", described(peer))
            .with_message(*id, message)
            .with("draw", choice.draw)
            .with("free_peers", choice.free)
            .with("for_proven", choice.verified_only)
            .with("alive_places", choice.alive_places)
            .with("at_place", choice.at_place),
        Event::MessageDelivered { id, peer, message, round_trip } => record("message_delivered")
            .with("peer", described(peer))
            .with_message(*id, message)
            .with("round_trip_ms", millis(*round_trip)),
        Event::DeliveryFailed { id, peer, message, failure } => record("delivery_failed")
            .with("peer", described(peer))
            .with_message(*id, message)
            .with_failure(failure),
        Event::MessageDropped { id, message, from } => record("message_dropped")
            .with_message(*id, message)
            .with("sender", from.as_ref().map(Named::from)),
        Event::MessageHeld { held, origin } => {
            let record = record("message_held").with_queued(&held.queued).with("by", held.by);
            match origin {
                Some(origin) => with_origin(record, origin),
                None => record.with("origin", "queue"),
            }
        }
        Event::MessageReleased { was, queued } => {
            record("message_released").with("was", was).with_queued(queued)
        }
        Event::MessageRestored { was, queued, held } => {
            record("message_restored").with("was", was).with_queued(queued).with("by", held)
        }
        Event::MessageChanged { before, queued } => {
            record("message_changed").with("before", before).with_queued(queued)
        }
        other => tell_of_node(other, record, described),
    }
}

/// What happened that is about no message.
fn tell_of_node(
    event: &Event,
    record: impl Fn(&str) -> Record,
    described: &dyn Fn(&Peer) -> Box<RawValue>,
) -> Record {
    match event {
        Event::HoldRuleChanged { rule } => record("hold_rule_changed").with("rule", rule),
        Event::PeerDiscovered { peer, introduction, remote } => {
            with_introduction(record("peer_discovered").with("peer", described(peer)), introduction)
                .with("remote", remote)
        }
        Event::PeerUpdated { peer, from } => {
            record("peer_updated").with("peer", described(peer)).with("from", from)
        }
        Event::PeerChanged { peer } => record("peer_changed").with("peer", described(peer)),
        Event::ClaimConfirmed { peer } => record("claim_confirmed").with("peer", described(peer)),
        Event::PeerForgotten { peer } => record("peer_forgotten").with("peer", described(peer)),
        Event::AnnounceReceived { peer, remote } => {
            record("announce_received").with("peer", described(peer)).with("remote", remote)
        }
        Event::Announced { peer, round_trip } => {
            record("announced").with("peer", Named::from(peer)).with("round_trip_ms", millis(*round_trip))
        }
        Event::AnnounceFailed { peer, failure } => {
            record("announce_failed").with("peer", Named::from(peer)).with_failure(failure)
        }
        Event::RemoteIgnored { remote } => record("remote_ignored").with("remote", remote),
        Event::RemoteUnignored { remote } => record("remote_unignored").with("remote", remote),
        Event::Refused(refusal) => refused(record("refused"), refusal),
        Event::LimitsMet { met } => record("limits_met").with("met", met),
        Event::FoundOurselves { address } => record("found_ourselves").with("peer", Named::from(address)),
        Event::SendRateChanged { rate } => record("send_rate_changed").with("rate", rate),
        Event::Lagged(missed) => record("lagged").with("missed", missed),
        // The library may come to tell of more than is known here.
        other => record("other").with("what", format!("{other:?}")),
    }
}

/// The JSON text of a value that has one.
fn raw(value: &impl Serialize) -> Box<RawValue> {
    // Nothing that is written here fails: no maps, and messages are valid JSON.
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// In milliseconds; no nanosecond is lost of a time shorter than some weeks.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The word for what went wrong.
fn cause(failure: &Failure) -> &'static str {
    match failure {
        Failure::Status(_) => "status",
        Failure::Connection(_) => "connection",
        Failure::TimedOut => "timed_out",
        Failure::NotContacted(_) => "not_contacted",
        Failure::NoResources => "no_resources",
        Failure::CertificateChanged { .. } => "certificate_changed",
        Failure::Stopped => "stopped",
        Failure::NoRoom => "no_room",
        _ => "other",
    }
}

fn with_origin(record: Record, origin: &Origin) -> Record {
    match origin {
        Origin::Local => record.with("origin", "local"),
        Origin::Received(peer) => record.with("origin", "received").with("from", Named::from(peer)),
        Origin::Returned(peer) => record.with("origin", "returned").with("from", Named::from(peer)),
    }
}

fn with_introduction(record: Record, introduction: &Discovery) -> Record {
    match introduction {
        Discovery::Manual => record.with("introduction", "by_hand"),
        Discovery::Inbound => record.with("introduction", "sender"),
        Discovery::Announce => record.with("introduction", "announced"),
        Discovery::Restored => record.with("introduction", "restored"),
        Discovery::Referral(of) => record.with("introduction", "friend").with("of", Named::from(of)),
    }
}

fn refused(record: Record, refusal: &Refusal) -> Record {
    record
        .with("status", refusal.status)
        .with("reason", &refusal.reason)
        .with("sender", refusal.sender.as_ref().map(Named::from))
        .with("preview", &refusal.preview)
        .with("remote", refusal.remote)
}

/// A peer of which only the address is told.
#[derive(Serialize)]
pub struct Named<'a> {
    identifier: PeerId,
    hostname: &'a str,
    port: u16,
}

impl<'a> From<&'a Address> for Named<'a> {
    fn from(address: &'a Address) -> Self {
        Self { identifier: address.identifier(), hostname: address.hostname(), port: address.port() }
    }
}

/// A peer as the protocol describes it, and whether more than a claim says so.
#[derive(Serialize)]
struct Known<'a> {
    #[serde(flatten)]
    named: Named<'a>,
    status: Status,
    time: u64,
    /// Whether it answered when it was last tried.
    answers: bool,
}

impl<'a> From<&'a Peer> for Known<'a> {
    fn from(peer: &'a Peer) -> Self {
        let Peer { status, time, last_attempt_ok: answers, .. } = *peer;
        Self { named: Named::from(&peer.address), status, time, answers }
    }
}

/// A peer with what has passed between it and this node.
#[derive(Serialize)]
pub struct Listed<'a> {
    #[serde(flatten)]
    known: Known<'a>,
    delivered: u64,
    received: u64,
    failed: u64,
    round_trip_ms: Option<f64>,
    /// When the status last changed, as uptime.
    since_ms: f64,
    /// Whether it ever answered at its address.
    reached: bool,
    /// Whether the user named it.
    by_user: bool,
    /// The status that it has again when it is no longer ignored.
    #[serde(skip_serializing_if = "Option::is_none")]
    before_ignored: Option<Status>,
}

impl<'a> From<&'a Peer> for Listed<'a> {
    fn from(peer: &'a Peer) -> Self {
        Self {
            known: Known::from(peer),
            delivered: peer.delivered,
            received: peer.received,
            failed: peer.failed,
            round_trip_ms: peer.round_trip.map(millis),
            since_ms: millis(peer.since),
            reached: peer.ever_responded,
            by_user: peer.added_by_user,
            before_ignored: peer.before_ignored,
        }
    }
}

/// A message in the queue.
#[derive(Serialize)]
pub struct Waiting<'a> {
    id: MessageId,
    message: &'a Message,
    visits: u32,
    since_ms: u64,
    from: Option<Named<'a>>,
    place: Option<IpAddr>,
}

impl<'a> From<&'a QueuedMessage> for Waiting<'a> {
    fn from(queued: &'a QueuedMessage) -> Self {
        Self {
            id: queued.id,
            message: &queued.message,
            visits: queued.visits,
            since_ms: queued.since_ms,
            from: queued.from.as_ref().map(Named::from),
            place: queued.place,
        }
    }
}

/// A message that is held.
#[derive(Serialize)]
pub struct Kept<'a> {
    #[serde(flatten)]
    waiting: Waiting<'a>,
    by: HeldBy,
}

impl<'a> From<&'a HeldMessage> for Kept<'a> {
    fn from(held: &'a HeldMessage) -> Self {
        Self { waiting: Waiting::from(&held.queued), by: held.by }
    }
}

#[cfg(test)]
mod tests;
