use std::{net::IpAddr, time::Duration};

use clacks_p2p::{
    Address, Message, Node, PeerId,
    core::{
        Event, Failure, HeldBy, HeldMessage, Introduction, MessageId, Now, Origin, Peer, QueuedMessage,
        Refusal, Status,
    },
    node::{CertificateFingerprint, Overview, Remaining},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    command::COMMANDS,
    escape::escaped_json,
    limits::{MOST_PLACES, Settings},
    peer_list::{BadLine, Reading},
};

/// One line of output: a JSON object that begins with what happened and when.
#[derive(Debug, Default)]
pub(crate) struct Record(Vec<(&'static str, Box<RawValue>)>);

impl Record {
    fn new(event: &str, time: u64) -> Self {
        Self::default().with("event", event).with("time", time)
    }

    /// One with this field behind the others.
    pub(crate) fn with(mut self, name: &'static str, value: impl Serialize) -> Self {
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
            Failure::CertificateChanged { pinned, presented } => record
                .with("trusted", CertificateFingerprint(*pinned))
                .with("presented", CertificateFingerprint(*presented)),
            Failure::NotContacted(scope) => record.with("scope", scope.name()),
            _ => record,
        }
    }

    /// The line, without its end. It is safe to show on a terminal.
    pub(crate) fn into_line(self) -> String {
        let fields: Vec<_> = self.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        escaped_json(&format!("{{{}}}", fields.join(","))).into_owned()
    }
}

/// The first record: where the node is found.
pub(super) fn ready(node: &Node) -> Record {
    Record::new("ready", node.now().unix_ms)
        .with("address", node.address())
        .with("listens_on", node.listens_on())
        .with("certificate", node.certificate())
}

/// Messages that only this node has are handed on before it stops, for so long at most.
pub(super) fn handing_on(time: u64, messages: usize, within: Duration) -> Record {
    Record::new("handing_on", time).with("messages", messages).with("within_ms", millis(within))
}

/// How that went.
pub(super) fn handed_on(time: u64, messages: usize, left: usize, told: &str) -> Record {
    Record::new("handed_on", time)
        .with("messages", messages.saturating_sub(left))
        .with("left", left)
        .with("text", told)
}

/// The last record: what is lost unless somebody keeps it.
pub(super) fn stopped(time: u64, remaining: &Remaining) -> Record {
    let queue: Vec<_> = remaining.messages.iter().map(Waiting::from).collect();
    let held: Vec<_> = remaining.held.iter().map(Kept::from).collect();
    Record::new("stopped", time).with("queue", queue).with("held", held)
}

/// What happened at the node, in brief.
pub(super) fn happened(event: &Event, time: u64) -> Record {
    tell(event, |name| Record::new(name, time), &|peer| raw(&Known::from(peer)))
}

/// What happened at the node, with all that is known of the peers and the time on both clocks.
pub(crate) fn recorded(event: &Event, now: Now) -> Record {
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
            .with("for_proven", choice.is_for_proven)
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
pub(crate) fn millis(time: Duration) -> f64 {
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
        Origin::TakenBack(peer) => {
            let record = record.with("origin", "taken_back");
            match peer {
                Some(peer) => record.with("from", Named::from(peer)),
                None => record,
            }
        }
        Origin::Returned(peer) => record.with("origin", "returned").with("from", Named::from(peer)),
    }
}

fn with_introduction(record: Record, introduction: &Introduction) -> Record {
    match introduction {
        Introduction::ByHand => record.with("introduction", "by_hand"),
        Introduction::Sender => record.with("introduction", "sender"),
        Introduction::Announced => record.with("introduction", "announced"),
        Introduction::Restored => record.with("introduction", "restored"),
        Introduction::Friend(of) => record.with("introduction", "friend").with("of", Named::from(of)),
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

/// The answer to the command that stood on this line of the input.
pub(super) fn reply(time: u64, line: u64, text: &str) -> Record {
    Record::new("reply", time).with("line", line).with("text", text)
}

/// What is wrong with this line of the input.
pub(super) fn error(time: u64, line: u64, reason: &str) -> Record {
    Record::new("error", time).with("line", line).with("reason", reason)
}

/// What went wrong that no line of the input asked for.
pub(super) fn failed(time: u64, reason: &str) -> Record {
    Record::new("error", time).with("reason", reason)
}

/// What a list of peers had in it: its bad lines, then how much was read; or why it was not read.
pub(super) fn peers_read(time: u64, reading: &Reading) -> Vec<Record> {
    let record = |event| Record::new(event, time).with("source", reading.source.to_string());
    let contents = match &reading.result {
        Ok(contents) => contents,
        Err(error) => return vec![record("peers_not_read").with("reason", error.to_string())],
    };
    let refused = |bad: &BadLine| {
        let record = record("peers_refused_line").with("line", bad.line);
        record.with("reason", bad.reason.to_string())
    };
    let read = record("peers_read").with("read", contents.read).with("new", contents.new);
    contents.reported.iter().map(refused).chain([read.with("bad", contents.bad)]).collect()
}

/// The answer to `:peers`.
pub(super) fn peers(time: u64, line: u64, peers: &[Peer], ignored_remotes: &[IpAddr]) -> Record {
    let listed: Vec<_> = peers.iter().map(Listed::from).collect();
    let record = Record::new("reply", time).with("line", line).with("peers", listed);
    record.with("ignored_remotes", ignored_remotes)
}

/// The answer to `:queue`.
pub(super) fn queue(time: u64, line: u64, queue: &[QueuedMessage]) -> Record {
    let waiting: Vec<_> = queue.iter().map(Waiting::from).collect();
    Record::new("reply", time).with("line", line).with("queue", waiting)
}

/// The answer to `:held`.
pub(super) fn held(time: u64, line: u64, held: &[HeldMessage]) -> Record {
    let kept: Vec<_> = held.iter().map(Kept::from).collect();
    Record::new("reply", time).with("line", line).with("held", kept)
}

/// The answer to `:limits`.
pub(super) fn limits(time: u64, line: u64, node: &Node) -> Record {
    let overview = node.overview();
    Record::new("reply", time)
        .with("line", line)
        .with("limits", Limits::from(&Settings::of(node)))
        .with("used", Used::new(&overview, node.connections()))
        .with("met", overview.counters.limits)
        .with("ignored_remotes", node.ignored_remotes())
        .with("places", node.places(MOST_PLACES).0)
}

/// What the limits are set to.
#[derive(Serialize)]
struct Limits {
    max_connections: usize,
    max_connections_per_address: usize,
    connection_rate_per_address: u32,
    connection_rate: u32,
    handshake_timeout_ms: f64,
    header_timeout_ms: f64,
    body_timeout_ms: f64,
    answer_timeout_ms: f64,
    connect_timeout_ms: f64,
    request_timeout_ms: f64,
    max_body: usize,
    max_bodies: usize,
    payload_rate: f64,
    payload_burst: u32,
    max_queue_messages: usize,
    max_queue_bytes: usize,
    max_message_bytes: usize,
    max_in_flight: usize,
    introductions_per_minute: u32,
    introductions_burst: u32,
    max_new_peers: usize,
    max_peers: usize,
    contact_all: bool,
}

impl From<&Settings> for Limits {
    fn from(Settings { options, limits }: &Settings) -> Self {
        Self {
            max_connections: limits.max_connections,
            max_connections_per_address: limits.max_connections_per_address,
            connection_rate_per_address: limits.connection_rate_per_address,
            connection_rate: limits.connection_rate,
            handshake_timeout_ms: millis(limits.handshake_timeout),
            header_timeout_ms: millis(limits.header_timeout),
            body_timeout_ms: millis(limits.body_timeout),
            answer_timeout_ms: millis(limits.answer_timeout),
            connect_timeout_ms: millis(limits.connect_timeout),
            request_timeout_ms: millis(limits.request_timeout),
            max_body: limits.max_body,
            max_bodies: limits.max_bodies,
            payload_rate: options.payload_rate,
            payload_burst: options.payload_burst,
            max_queue_messages: options.max_queue_messages,
            max_queue_bytes: options.max_queue_bytes,
            max_message_bytes: options.max_message_bytes,
            max_in_flight: options.max_in_flight,
            introductions_per_minute: options.introductions_per_minute,
            introductions_burst: options.introductions_burst,
            max_new_peers: options.max_new_peers,
            max_peers: options.max_peers,
            contact_all: limits.contact_all,
        }
    }
}

/// How much of them is used.
#[derive(Serialize)]
struct Used {
    connections: usize,
    queue_messages: usize,
    queue_bytes: usize,
    in_flight: usize,
    new_peers: usize,
    peers: usize,
}

impl Used {
    fn new(overview: &Overview, connections: usize) -> Self {
        Self {
            connections,
            queue_messages: overview.queued + overview.in_flight + overview.held,
            queue_bytes: overview.held_bytes,
            in_flight: overview.in_flight,
            new_peers: overview.peers.new,
            peers: overview.peers.total(),
        }
    }
}

/// The answer to `:help`.
pub(super) fn help(time: u64, line: u64) -> Record {
    let described = |spec: &crate::command::Spec| Described {
        command: format!(":{} {}", spec.name, spec.argument).trim_end().to_owned(),
        does: spec.does,
    };
    let commands: Vec<_> = COMMANDS.iter().map(described).collect();
    Record::new("reply", time).with("line", line).with("commands", commands)
}

#[derive(Serialize)]
struct Described {
    command: String,
    does: &'static str,
}

/// A peer of which only the address is told.
#[derive(Serialize)]
pub(crate) struct Named<'a> {
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
        let Peer { status, time, answers, .. } = *peer;
        Self { named: Named::from(&peer.address), status, time, answers }
    }
}

/// A peer with what has passed between it and this node.
#[derive(Serialize)]
pub(crate) struct Listed<'a> {
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
            reached: peer.reached,
            by_user: peer.is_named,
            before_ignored: peer.before_ignored,
        }
    }
}

/// A message in the queue.
#[derive(Serialize)]
pub(crate) struct Waiting<'a> {
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
pub(crate) struct Kept<'a> {
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
mod tests {
    use clacks_p2p::{DEFAULT_MAX_DEPTH, core::Scope};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        peer_list::{Contents, LineError, ListSource, ReadError},
        untrusted::tests::{hostile, is_hidden},
    };

    fn tower() -> Address {
        "tower.example.org:8080".parse().unwrap()
    }

    fn peer() -> Peer {
        let since = Now { uptime: Duration::ZERO, unix_ms: 5 };
        Peer { delivered: 1, received: 2, failed: 3, ..Peer::new(tower(), Status::Alive, since) }
    }

    fn received(message: Message) -> Event {
        Event::MessageReceived { peer: peer(), message, id: None, visits: 1, remote: None }
    }

    #[test]
    fn an_event_has_its_name_its_time_and_the_peer_as_the_protocol_describes_it() {
        let line = happened(&received(Message::text("hello")), 1234).into_line();
        let identifier = "f02a3a9d66db7946180d1876caa566d5b7f14f9f3bb5e4bea25920ddda111597";
        let peer = format!(
            r#"{{"identifier":"{identifier}","hostname":"tower.example.org","port":8080,"status":"alive","time":5,"answers":false}}"#
        );
        let expected = r#"{"event":"message_received","time":1234,"peer":PEER,"message":"hello","id":null,"visits":1,"remote":null}"#;
        assert_eq!(line, expected.replace("PEER", &peer));
    }

    #[test]
    fn whatever_a_message_holds_is_one_safe_line_of_the_same_json() {
        let hostile =
            "{ \"a\u{202e}\u{7f}\" :\t[1.0e+2,\r\n\"\u{9b}2J\u{200b}\",\"\\u001b]0;x\\u0007\",\"\\ud800\"]}";
        let message = Message::from_json(hostile, DEFAULT_MAX_DEPTH).unwrap();
        let line = happened(&received(message), 0).into_line();
        assert!(
            !line.contains(|c: char| c.is_control() || ('\u{200b}'..'\u{2070}').contains(&c)),
            "{line:?}"
        );
        assert!(line.contains("1.0e+2") && line.contains("\\ud800"), "{line}");
        let without_lone_surrogate: Value = serde_json::from_str(&line.replace("\\ud800", "")).unwrap();
        let message = &without_lone_surrogate["message"]["a\u{202e}\u{7f}"];
        assert_eq!(message, &json!([100.0, "\u{9b}2J\u{200b}", "\u{1b}]0;x\u{7}", ""]));
    }

    #[test]
    fn a_reason_that_quotes_a_peer_is_escaped() {
        let refusal = Refusal {
            status: 400,
            reason: "no \u{1b}[31m\n\u{202e}".to_owned(),
            sender: None,
            preview: None,
            remote: Some([127, 0, 0, 1].into()),
        };
        let line = happened(&Event::Refused(refusal), 0).into_line();
        assert!(line.contains(r#""reason":"no \u001b[31m\n\u202e","sender":null"#), "{line}");
        assert!(line.ends_with(r#""preview":null,"remote":"127.0.0.1"}"#), "{line}");
    }

    #[test]
    fn a_changed_certificate_is_shown_with_both_fingerprints() {
        let failure = Failure::CertificateChanged { pinned: [1; 32], presented: [2; 32] };
        let line = happened(&Event::AnnounceFailed { peer: tower(), failure }, 0).into_line();
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["failure"], "certificate changed");
        assert_eq!(
            (&value["trusted"], &value["presented"]),
            (&json!("01".repeat(32)), &json!("02".repeat(32)))
        );
    }

    #[test]
    fn an_address_that_is_not_contacted_is_told_with_what_is_there() {
        let failure = Failure::NotContacted(Scope::LinkLocal);
        let line = happened(&Event::AnnounceFailed { peer: tower(), failure }, 0).into_line();
        assert!(line.ends_with(r#""cause":"not_contacted","scope":"link_local"}"#), "{line}");
    }

    #[test]
    fn help_lists_every_command_with_what_it_takes() {
        let value: Value = serde_json::from_str(&help(0, 3).into_line()).unwrap();
        assert_eq!(value["commands"].as_array().unwrap().len(), COMMANDS.len());
        assert_eq!(value["commands"][0]["command"], ":announce HOST:PORT");
        assert_eq!(value["line"], 3);
    }

    /// What holds text that somebody else wrote, and the fields that it stands in.
    fn told_of(text: &str) -> Vec<(Record, &'static [&'static str])> {
        let json = format!("{{\t\"text\"\r\n:\t{} }}", serde_json::to_string(text).unwrap());
        let json = Message::from_json(&json, DEFAULT_MAX_DEPTH).unwrap();
        let refusal = Refusal {
            status: 400,
            reason: text.to_owned(),
            sender: Some(tower()),
            preview: Some(text.to_owned()),
            remote: None,
        };
        let failed = Event::AnnounceFailed { peer: tower(), failure: Failure::Connection(text.to_owned()) };
        let now = Now { uptime: Duration::ZERO, unix_ms: 5 };
        [
            (happened(&received(Message::text(text)), 0), &["/message"][..]),
            (happened(&received(json.clone()), 0), &["/message/text"]),
            (recorded(&received(json), now), &["/message/text"]),
            (happened(&Event::Refused(refusal), 0), &["/reason", "/preview"]),
            (happened(&failed, 0), &["/failure"]),
            (happened(&Event::HoldRuleChanged { rule: Some(text.into()) }, 0), &["/rule"]),
            (reply(0, 1, text), &["/text"]),
            (error(0, 1, text), &["/reason"]),
        ]
        .into_iter()
        .chain(of_list(text))
        .collect()
    }

    /// A list of this name, read or not.
    fn of_list(name: &str) -> impl Iterator<Item = (Record, &'static [&'static str])> {
        let reported = vec![BadLine { line: 1, reason: LineError::NotText }];
        let contents = Ok(Contents { bad: 1, reported, ..Contents::default() });
        let readings = [contents, Err(ReadError::NotAFile)]
            .map(|result| Reading { source: ListSource::File(name.into()), result });
        let records: Vec<_> = readings.iter().flat_map(|reading| peers_read(0, reading)).collect();
        records.into_iter().map(|record| (record, &["/source"][..]))
    }

    proptest! {
        #[test]
        fn whatever_is_told_is_one_harmless_line_that_reads_back_the_same(text in hostile()) {
            for (record, fields) in told_of(&text) {
                let line = record.into_line();
                let is_harmful = |c: char| is_hidden(c) && !('\u{fe00}'..='\u{fe0f}').contains(&c);
                prop_assert!(!line.contains(is_harmful), "{:?}", line);
                let value: Value = serde_json::from_str(&line).unwrap();
                for field in fields {
                    let told = value.pointer(field).and_then(Value::as_str).unwrap_or_default();
                    prop_assert!(told == text || *field == "/failure" && told.contains(&text), "{} {:?}", field, line);
                }
            }
        }
    }
}
