//! From a line of a recording to what it tells. Whoever wrote the file may have been anybody, so nothing is taken on
//! trust: not an address, not a number, not a message.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use clacks_p2p::{
    Address, DEFAULT_MAX_DEPTH, Message,
    core::{
        Choice, Counters, Event, Failure, HeldBy, HeldMessage, Introduction, LimitCounts, MessageId, Now,
        OptionsError, Origin, Peer, PeerCounts, QueuedMessage, Refusal, Scope, Status,
    },
};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::VERSION;

/// No node runs longer, in seconds: three hundred years.
const LONGEST: Duration = Duration::from_secs(10_000_000_000);

/// What is said of a file of any other kind.
const NO_RECORDING: &str = "this is not a recording; :record and --record make one";

/// How every recording begins, whatever its version.
pub(super) const BEGINNING: &str = r#"{"clacks":"recording","version":"#;

/// What one line tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    Header(Box<Holdings>),
    Snapshot(Box<Holdings>),
    Event(Event),
    /// A kind of line that a later version came to write.
    Unknown,
    End,
}

/// What the node knew and held.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Holdings {
    /// Where others found it; only in the first line.
    pub(super) address: Option<Address>,
    pub(super) send_rate: f64,
    pub(super) queued: usize,
    pub(super) in_flight: usize,
    pub(super) held_bytes: usize,
    pub(super) next_send: Option<Duration>,
    pub(super) peer_counts: PeerCounts,
    pub(super) counters: Counters,
    pub(super) peers: Vec<Peer>,
    pub(super) queue: Vec<QueuedMessage>,
    pub(super) held_in_all: usize,
    pub(super) held: Vec<HeldMessage>,
    /// Messages that are on their way, and whom each goes to.
    pub(super) under_way: Vec<(Address, QueuedMessage)>,
    pub(super) hold_rule: Option<String>,
    pub(super) ignored_remotes: BTreeSet<IpAddr>,
}

/// Reads the first line of a file.
pub(super) fn header(line: &str) -> Result<(Now, Line), String> {
    #[derive(Deserialize)]
    struct Kind {
        clacks: String,
        version: u64,
    }
    let kind: Kind = serde_json::from_str(line).map_err(|_| NO_RECORDING.to_owned())?;
    if kind.clacks != "recording" {
        return Err(NO_RECORDING.to_owned());
    }
    if kind.version != VERSION {
        let version = kind.version;
        return Err(format!("the recording is of version {version}; this program reads version {VERSION}"));
    }
    self::line(line)
}

/// Reads a line that tells of an event or of the recording itself.
pub(super) fn line(line: &str) -> Result<(Now, Line), String> {
    let fields: Fields = serde_json::from_str(line).map_err(|error| said(&error))?;
    let now = Now { uptime: duration(fields.uptime_ms)?, unix_ms: fields.time };
    let told = match (fields.event.as_deref(), fields.clacks.as_deref()) {
        (Some(name), None) => {
            let name = name.to_owned();
            fields.event(&name)?.map_or(Line::Unknown, Line::Event)
        }
        (None, Some("recording")) => Line::Header(Box::new(fields.held()?)),
        (None, Some("snapshot")) => Line::Snapshot(Box::new(fields.held()?)),
        (None, Some("end")) => Line::End,
        (None, Some(_)) => Line::Unknown,
        _ => return Err("the line tells of nothing that is known".to_owned()),
    };
    Ok((now, told))
}

/// What is wrong with the JSON, without the number of the line, which is always 1 here.
fn said(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    format!("column {}: {}", error.column(), said.strip_suffix(&place).unwrap_or(&said))
}

/// Everything that any line holds.
#[derive(Deserialize)]
struct Fields {
    event: Option<String>,
    clacks: Option<String>,
    time: u64,
    uptime_ms: f64,
    address: Option<Place>,
    snapshot: Option<Snapshot>,
    peer: Option<Described>,
    #[serde(default, deserialize_with = "there")]
    message: Option<Box<RawValue>>,
    id: Option<u64>,
    visits: Option<u32>,
    since_ms: Option<u64>,
    origin: Option<String>,
    from: Option<From>,
    draw: Option<u32>,
    free_peers: Option<Counts>,
    for_proven: Option<bool>,
    alive_places: Option<u32>,
    at_place: Option<u32>,
    round_trip_ms: Option<f64>,
    introduction: Option<String>,
    of: Option<Place>,
    failure: Option<String>,
    cause: Option<String>,
    status: Option<u16>,
    trusted: Option<String>,
    presented: Option<String>,
    scope: Option<String>,
    reason: Option<String>,
    sender: Option<Place>,
    preview: Option<String>,
    remote: Option<IpAddr>,
    /// Where a message came from.
    place: Option<IpAddr>,
    met: Option<LimitCounts>,
    was: Option<u64>,
    #[serde(default, deserialize_with = "there")]
    before: Option<Box<RawValue>>,
    by: Option<By>,
    rule: Option<String>,
    missed: Option<u64>,
    rate: Option<f64>,
}

#[derive(Deserialize)]
struct Snapshot {
    send_rate: f64,
    queued: u32,
    in_flight: u32,
    held_bytes: u64,
    next_send_ms: Option<f64>,
    peer_counts: Counts,
    counters: Counted,
    peers: Vec<Described>,
    queue: Vec<Waiting>,
    held_in_all: u32,
    held: Vec<Waiting>,
    under_way: Vec<Waiting>,
    hold_rule: Option<String>,
    #[serde(default)]
    ignored_remotes: Vec<IpAddr>,
}

#[derive(Deserialize)]
struct Place {
    hostname: String,
    port: u16,
}

#[derive(Deserialize)]
struct Described {
    #[serde(flatten)]
    place: Place,
    status: Option<Status>,
    time: Option<u64>,
    since_ms: Option<f64>,
    round_trip_ms: Option<f64>,
    delivered: Option<u64>,
    received: Option<u64>,
    failed: Option<u64>,
    answers: Option<bool>,
    reached: Option<bool>,
    by_user: Option<bool>,
    before_ignored: Option<Status>,
}

/// Where a message came from, or the status that a peer had.
#[derive(Deserialize)]
#[serde(untagged)]
enum From {
    Status(Status),
    Place(Place),
}

#[derive(Deserialize)]
struct Counts {
    new: u32,
    alive: u32,
    // Recordings of before it was told have none.
    #[serde(default)]
    claimed: u32,
    lost: u32,
    dead: u32,
    ignored: u32,
}

#[derive(Deserialize)]
struct Counted {
    received: u64,
    delivered: u64,
    failed: u64,
    enqueued: u64,
    announces: u64,
    refused: u64,
    #[serde(default)]
    limits: LimitCounts,
}

#[derive(Deserialize)]
struct Waiting {
    id: u64,
    message: Box<RawValue>,
    visits: u32,
    since_ms: u64,
    from: Option<Place>,
    place: Option<IpAddr>,
    /// Only of one that is held.
    by: Option<By>,
    /// Only of one that is on its way.
    to: Option<Place>,
}

/// Why a message is held.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum By {
    Hand,
    Rule,
    Refused,
}

impl Fields {
    /// The event of this name; `None` for a name that is not known.
    fn event(mut self, name: &str) -> Result<Option<Event>, String> {
        Ok(Some(match name {
            "message_received" => Event::MessageReceived {
                id: self.id.map(ticket).transpose()?,
                visits: needed("visits", self.visits)?,
                message: message(self.message.as_deref())?,
                peer: described(self.peer)?,
                remote: self.remote,
            },
            "message_queued" => Event::MessageQueued {
                id: ticket(needed("id", self.id)?)?,
                message: message(self.message.as_deref())?,
                since_ms: needed("since_ms", self.since_ms)?,
                visits: needed("visits", self.visits)?,
                origin: origin(self.origin.as_deref(), self.from)?,
                place: self.place,
            },
            "message_sending" => Event::MessageSending {
                id: ticket(needed("id", self.id)?)?,
                message: message(self.message.as_deref())?,
                choice: {
                    let told = choice(needed("draw", self.draw)?, needed("free_peers", self.free_peers)?)?;
                    Choice {
                        is_for_proven: self.for_proven.unwrap_or_default(),
                        alive_places: self.alive_places.unwrap_or(told.alive_places),
                        at_place: self.at_place.unwrap_or(told.at_place),
                        ..told
                    }
                },
                peer: described(self.peer)?,
            },
            "message_delivered" => Event::MessageDelivered {
                id: ticket(needed("id", self.id)?)?,
                message: message(self.message.as_deref())?,
                round_trip: duration(needed("round_trip_ms", self.round_trip_ms)?)?,
                peer: described(self.peer)?,
            },
            "delivery_failed" => Event::DeliveryFailed {
                id: ticket(needed("id", self.id)?)?,
                message: message(self.message.as_deref())?,
                failure: self.failure()?,
                peer: described(self.peer)?,
            },
            "message_dropped" => Event::MessageDropped {
                id: ticket(needed("id", self.id)?)?,
                message: message(self.message.as_deref())?,
                from: self.sender.map(Place::address).transpose()?,
            },
            "message_held" => {
                let origin = match self.origin.as_deref() {
                    Some("queue") => None,
                    name => Some(origin(name, self.from.take())?),
                };
                let by = needed("by", self.by.take())?.into();
                Event::MessageHeld { held: HeldMessage { queued: self.queued()?, by }, origin }
            }
            "message_released" => {
                Event::MessageReleased { was: ticket(needed("was", self.was)?)?, queued: self.queued()? }
            }
            "message_restored" => {
                let was = self.was.map(ticket).transpose()?;
                let held = self.by.take().map(HeldBy::from);
                Event::MessageRestored { was, queued: self.queued()?, held }
            }
            "message_changed" => {
                Event::MessageChanged { before: message(self.before.as_deref())?, queued: self.queued()? }
            }
            _ => return self.event_without_message(name),
        }))
    }

    fn event_without_message(self, name: &str) -> Result<Option<Event>, String> {
        Ok(Some(match name {
            "peer_discovered" => Event::PeerDiscovered {
                introduction: introduction(self.introduction.as_deref(), self.of)?,
                peer: described(self.peer)?,
                remote: self.remote,
            },
            "peer_updated" => {
                let Some(From::Status(from)) = self.from else { return Err(missing("from")) };
                Event::PeerUpdated { peer: described(self.peer)?, from }
            }
            "peer_changed" => Event::PeerChanged { peer: described(self.peer)? },
            "claim_confirmed" => Event::ClaimConfirmed { peer: described(self.peer)? },
            "peer_forgotten" => Event::PeerForgotten { peer: described(self.peer)? },
            "announce_received" => {
                Event::AnnounceReceived { peer: described(self.peer)?, remote: self.remote }
            }
            "announced" => Event::Announced {
                round_trip: duration(needed("round_trip_ms", self.round_trip_ms)?)?,
                peer: needed("peer", self.peer)?.place.address()?,
            },
            "announce_failed" => Event::AnnounceFailed {
                failure: self.failure()?,
                peer: needed("peer", self.peer)?.place.address()?,
            },
            "found_ourselves" => {
                Event::FoundOurselves { address: needed("peer", self.peer)?.place.address()? }
            }
            "refused" => Event::Refused(Refusal {
                status: needed("status", self.status)?,
                reason: needed("reason", self.reason)?,
                sender: self.sender.map(Place::address).transpose()?,
                preview: self.preview,
                remote: self.remote,
            }),
            "limits_met" => Event::LimitsMet { met: needed("met", self.met)? },
            "remote_ignored" => Event::RemoteIgnored { remote: needed("remote", self.remote)? },
            "remote_unignored" => Event::RemoteUnignored { remote: needed("remote", self.remote)? },
            "hold_rule_changed" => Event::HoldRuleChanged { rule: self.rule },
            "send_rate_changed" => Event::SendRateChanged { rate: rate(needed("rate", self.rate)?)? },
            "lagged" => Event::Lagged(needed("missed", self.missed)?),
            _ => return Ok(None),
        }))
    }

    fn queued(self) -> Result<QueuedMessage, String> {
        Ok(QueuedMessage {
            id: ticket(needed("id", self.id)?)?,
            message: message(self.message.as_deref())?,
            since_ms: needed("since_ms", self.since_ms)?,
            visits: needed("visits", self.visits)?,
            from: self.sender.map(Place::address).transpose()?,
            place: self.place,
        })
    }

    fn failure(&self) -> Result<Failure, String> {
        Ok(match self.cause.as_deref() {
            Some("status") => Failure::Status(needed("status", self.status)?),
            Some("timed_out") => Failure::TimedOut,
            Some("no_resources") => Failure::NoResources,
            Some("stopped") => Failure::Stopped,
            Some("no_room") => Failure::NoRoom,
            Some("not_contacted") => {
                let name = self.scope.as_deref();
                let scope = Scope::ALL.into_iter().find(|scope| Some(scope.name()) == name);
                Failure::NotContacted(needed("scope", scope)?)
            }
            Some("certificate_changed") => Failure::CertificateChanged {
                pinned: fingerprint(self.trusted.as_deref())?,
                presented: fingerprint(self.presented.as_deref())?,
            },
            _ => Failure::Connection(needed("failure", self.failure.clone())?),
        })
    }

    fn held(self) -> Result<Holdings, String> {
        let snapshot = needed("snapshot", self.snapshot)?;
        Ok(Holdings {
            address: self.address.map(Place::address).transpose()?,
            send_rate: rate(snapshot.send_rate)?,
            queued: snapshot.queued as usize,
            in_flight: snapshot.in_flight as usize,
            held_bytes: usize::try_from(snapshot.held_bytes).unwrap_or(usize::MAX),
            next_send: snapshot.next_send_ms.map(duration).transpose()?,
            peer_counts: snapshot.peer_counts.into(),
            counters: snapshot.counters.into(),
            peers: snapshot.peers.into_iter().map(Described::peer).collect::<Result<_, _>>()?,
            queue: snapshot.queue.into_iter().map(Waiting::queued).collect::<Result<_, _>>()?,
            held_in_all: snapshot.held_in_all as usize,
            held: snapshot.held.into_iter().map(Waiting::held).collect::<Result<_, _>>()?,
            under_way: snapshot.under_way.into_iter().map(Waiting::under_way).collect::<Result<_, _>>()?,
            hold_rule: snapshot.hold_rule,
            ignored_remotes: snapshot.ignored_remotes.into_iter().collect(),
        })
    }
}

impl Place {
    fn address(self) -> Result<Address, String> {
        Address::new(&self.hostname, self.port).map_err(|error| error.to_string())
    }
}

impl Described {
    fn peer(self) -> Result<Peer, String> {
        let address = self.place.address()?;
        let status = needed("status", self.status)?;
        let uptime = duration(needed("since_ms", self.since_ms)?)?;
        let since = Now { uptime, unix_ms: needed("time", self.time)? };
        let round_trip = self.round_trip_ms.map(duration).transpose()?;
        // Older recordings tell neither who answered nor whom the user named.
        Ok(Peer {
            round_trip,
            delivered: needed("delivered", self.delivered)?,
            received: needed("received", self.received)?,
            failed: needed("failed", self.failed)?,
            answers: self.answers.unwrap_or(status == Status::Alive),
            reached: self.reached.unwrap_or(round_trip.is_some()),
            is_named: self.by_user.unwrap_or_default(),
            before_ignored: self.before_ignored,
            ..Peer::new(address, status, since)
        })
    }
}

impl Waiting {
    fn queued(self) -> Result<QueuedMessage, String> {
        let Self { id, visits, since_ms, place, .. } = self;
        let (id, message) = (ticket(id)?, message(Some(&self.message))?);
        let from = self.from.map(Place::address).transpose()?;
        Ok(QueuedMessage { id, message, since_ms, visits, from, place })
    }

    fn held(mut self) -> Result<HeldMessage, String> {
        let by = needed("by", self.by.take())?.into();
        Ok(HeldMessage { queued: self.queued()?, by })
    }

    fn under_way(mut self) -> Result<(Address, QueuedMessage), String> {
        let to = needed("to", self.to.take())?.address()?;
        Ok((to, self.queued()?))
    }
}

impl std::convert::From<By> for HeldBy {
    fn from(by: By) -> Self {
        match by {
            By::Hand => Self::Hand,
            By::Rule => Self::Rule,
            By::Refused => Self::Refused,
        }
    }
}

impl std::convert::From<Counts> for PeerCounts {
    fn from(Counts { new, alive, claimed, lost, dead, ignored }: Counts) -> Self {
        let counts = [new, alive, claimed.min(alive), lost, dead, ignored];
        let [new, alive, claimed, lost, dead, ignored] = counts.map(|count| count as usize);
        Self { new, alive, claimed, lost, dead, ignored }
    }
}

impl std::convert::From<Counted> for Counters {
    fn from(Counted { received, delivered, failed, enqueued, announces, refused, limits }: Counted) -> Self {
        Self { received, delivered, failed, enqueued, announces, refused, limits }
    }
}

/// A message may be `null`, which is not to be taken for none.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(deserializer).map(Some)
}

fn missing(name: &str) -> String {
    format!("the field `{name}` is missing or wrong")
}

fn needed<T>(name: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| missing(name))
}

fn described(peer: Option<Described>) -> Result<Peer, String> {
    needed("peer", peer)?.peer()
}

/// A ticket has no other way in than its text.
fn ticket(number: u64) -> Result<MessageId, String> {
    number.to_string().parse().map_err(|_| missing("id"))
}

fn message(json: Option<&RawValue>) -> Result<Message, String> {
    Message::from_json(needed("message", json)?.get(), DEFAULT_MAX_DEPTH).map_err(|error| error.to_string())
}

/// A time of so many milliseconds.
fn duration(millis: f64) -> Result<Duration, String> {
    let time = Duration::try_from_secs_f64(millis / 1e3).ok().filter(|time| *time < LONGEST);
    time.ok_or_else(|| format!("{millis} milliseconds is no length of time"))
}

/// Messages a second, as many as a node may send.
fn rate(rate: f64) -> Result<f64, String> {
    let is_possible = (0.001..=100_000.0).contains(&rate);
    if is_possible { Ok(rate) } else { Err(OptionsError::SendRate(rate).to_string()) }
}

fn choice(draw: u32, free: Counts) -> Result<Choice, String> {
    if draw < Choice::DRAWS {
        let free: PeerCounts = free.into();
        // Recordings of before it was told drew each alive peer alike.
        Ok(Choice { draw, free, is_for_proven: false, alive_places: free.alive as u32, at_place: 1 })
    } else {
        Err(missing("draw"))
    }
}

fn origin(origin: Option<&str>, from: Option<From>) -> Result<Origin, String> {
    let is_from_nobody = from.is_none();
    let peer = || match from {
        Some(From::Place(place)) => place.address(),
        _ => Err(missing("from")),
    };
    match origin {
        Some("local") => Ok(Origin::Local),
        Some("received") => Ok(Origin::Received(peer()?)),
        Some("returned") => Ok(Origin::Returned(peer()?)),
        Some("taken_back") if is_from_nobody => Ok(Origin::TakenBack(None)),
        Some("taken_back") => Ok(Origin::TakenBack(Some(peer()?))),
        _ => Err(missing("origin")),
    }
}

fn introduction(introduction: Option<&str>, of: Option<Place>) -> Result<Introduction, String> {
    match introduction {
        Some("by_hand") => Ok(Introduction::ByHand),
        Some("sender") => Ok(Introduction::Sender),
        Some("announced") => Ok(Introduction::Announced),
        Some("restored") => Ok(Introduction::Restored),
        Some("friend") => Ok(Introduction::Friend(needed("of", of)?.address()?)),
        _ => Err(missing("introduction")),
    }
}

/// 64 hexadecimal digits.
fn fingerprint(text: Option<&str>) -> Result<[u8; 32], String> {
    let wrong = || "a fingerprint is 64 hexadecimal digits".to_owned();
    let text = text.filter(|text| text.len() == 64 && text.is_ascii()).ok_or_else(wrong)?;
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong())?;
    }
    Ok(bytes)
}
