//! A peer in the feed: the columns of its row, how a row is read back, and its JSON.
//!
//! A new field of a peer is one column in the table, and a field of [`Listed`].

use std::{sync::LazyLock, time::Duration};

use clacks_feed::{
    Order, Row, Statuses, Value,
    description::{Field, Kind},
};
use clacks_p2p::core::{CertificateFingerprint, Now, Peer, Status};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    description::{CLAIMED, status_id},
    json::parts::{Millis, Named},
    rows::{Context, order_text, peer_key},
};

/// What a row of a peer shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) peer: &'a Peer,
    pub(crate) context: Context,
    /// Uptime at which the last payload or answer came. A recorded peer has none.
    pub(crate) heard: Option<Duration>,
    /// The trusted certificate. A recorded peer has none.
    pub(crate) certificate: Option<CertificateFingerprint>,
}

/// A column of the list of peers.
struct Column {
    field: Field,
    cell: fn(&Shown<'_>) -> Value,
    /// Sets the field of a peer that the cell shows.
    read: fn(&mut Peer, &Value),
}

/// The columns, in the order of the description.
static COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| {
    vec![
        // A peer is made of the first three.
        Column::new(Field::new("address", Kind::Id).width(12, 0), |of| {
            Value::text(of.peer.address.to_string().into())
        }),
        Column::new(Field::new("status", Kind::Status).width(9, 9), |of| Value::Status(statuses(of.peer))),
        Column::new(Field::new("since", Kind::At).titled("age").priority(1), |of| {
            Value::At(since_ms(of.peer, of.context))
        }),
        Column::new(Field::new("took", Kind::Took).priority(2), |of| {
            of.peer.round_trip.map_or(Value::None, Value::Took)
        })
        .read(|peer, cell| peer.round_trip = if let Value::Took(took) = cell { Some(*took) } else { None }),
        Column::new(Field::new("failed", Kind::Count).width(6, 6).priority(3), |of| {
            Value::Count(of.peer.failed)
        })
        .read(|peer, cell| peer.failed = count(cell)),
        Column::new(Field::new("heard", Kind::At).titled("last heard").priority(4), |of| {
            of.heard.map_or(Value::None, Value::at)
        }),
        Column::new(Field::new("sent", Kind::Count).priority(5), |of| Value::Count(of.peer.delivered))
            .read(|peer, cell| peer.delivered = count(cell)),
        Column::new(Field::new("received", Kind::Count).priority(6), |of| Value::Count(of.peer.received))
            .read(|peer, cell| peer.received = count(cell)),
        Column::new(Field::new("proof", Kind::Text).only_open(), |of| Value::text(proof(of.peer).into()))
            .read(read_proof),
        Column::new(Field::new("named", Kind::Flag).titled("named by you").only_open(), |of| {
            Value::Flag(of.peer.added_by_user)
        })
        .read(|peer, cell| peer.added_by_user = matches!(cell, Value::Flag(true))),
        Column::new(Field::new("identifier", Kind::Id).only_open(), |of| {
            Value::text(of.peer.address.identifier().to_string().into())
        }),
        Column::new(Field::new("certificate", Kind::Id).only_open(), |of| {
            of.certificate.map_or(Value::None, |certificate| Value::text(certificate.to_string().into()))
        }),
    ]
});

impl Column {
    /// A column that is not read back.
    fn new(field: Field, cell: fn(&Shown<'_>) -> Value) -> Self {
        Self { field, cell, read: |_, _| {} }
    }

    fn read(self, read: fn(&mut Peer, &Value)) -> Self {
        Self { read, ..self }
    }
}

/// The columns in the description.
pub(crate) fn fields() -> impl Iterator<Item = Field> {
    COLUMNS.iter().map(|column| column.field.clone())
}

/// The row of a recorded peer.
pub fn peer_row(peer: &Peer, context: Context) -> Row {
    row(&Shown { peer, context, heard: None, certificate: None })
}

pub(crate) fn row(of: &Shown<'_>) -> Row {
    let Shown { peer, .. } = of;
    let order = Order { rank: status_id(peer.status).0.into(), text: Some(order_text(&peer.address)) };
    let cells = COLUMNS.iter().map(|column| (column.cell)(of)).collect();
    Row { key: peer_key(&peer.address), order, cells }
}

/// Sets what the cells of a row show besides the address, the status and the time of its last change. `cell` returns the
/// cell with this name, if the row has one.
pub(crate) fn read<'a>(peer: &mut Peer, cell: impl Fn(&str) -> Option<&'a Value>) {
    for column in COLUMNS.iter() {
        if let Some(value) = cell(column.field.name.as_str()) {
            (column.read)(peer, value);
        }
    }
}

fn statuses(peer: &Peer) -> Statuses {
    let statuses = Statuses::only(status_id(peer.status));
    if peer.is_unverified() { statuses.with(CLAIMED) } else { statuses }
}

fn count(cell: &Value) -> u64 {
    if let Value::Count(count) = cell { *count } else { 0 }
}

/// When the status last changed, in milliseconds of uptime. A change in an earlier run has only a wall-clock time.
fn since_ms(peer: &Peer, context: Context) -> i64 {
    let in_this_run = i64::try_from(peer.since.as_millis()).unwrap_or(i64::MAX);
    let by_wall_clock = i128::from(peer.time) - i128::from(context.started_unix_ms);
    if peer.since.is_zero() && by_wall_clock < 0 {
        i64::try_from(by_wall_clock).unwrap_or(i64::MIN)
    } else {
        in_this_run
    }
}

/// What is known of a peer's answers: whether it ever answered, whether it answered the last time, and the words.
const PROOFS: [(bool, bool, &str); 4] = [
    (true, true, "it answered when it was last tried"),
    (false, true, "it answered for the first time"),
    (true, false, "it answered before, but not when it was last tried"),
    (false, false, "it has never answered"),
];

fn proof(peer: &Peer) -> &'static str {
    let is_so = |proof: &&(bool, bool, _)| (proof.0, proof.1) == (peer.ever_responded, peer.last_attempt_ok);
    PROOFS.iter().find(is_so).map_or("", |(.., text)| *text)
}

fn read_proof(peer: &mut Peer, cell: &Value) {
    let Value::Text(text, _) = cell else { return };
    if let Some((ever, last, _)) = PROOFS.iter().find(|(.., proof)| *proof == text.untrusted()) {
        (peer.ever_responded, peer.last_attempt_ok) = (*ever, *last);
    }
}

// === JSON ===

/// The amount of detail of the peers in events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The fields of the protocol.
    Brief,
    /// All fields that the node has.
    Full,
}

impl Detail {
    /// The description of a peer with this amount of detail.
    pub fn of(self, peer: &Peer) -> Described {
        match self {
            Self::Brief => Described::Brief(peer.into()),
            Self::Full => Described::Full(peer.into()),
        }
    }
}

/// A peer in an event.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Described {
    /// The fields of the protocol.
    Brief(Known),
    /// All fields that the node has.
    Full(Listed),
}

/// Both forms are read as the full one, in which the fields that only that has are optional.
impl<'de> Deserialize<'de> for Described {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Listed::deserialize(deserializer).map(Self::Full)
    }
}

impl From<Described> for Peer {
    fn from(described: Described) -> Self {
        match described {
            Described::Full(listed) => listed.into(),
            Described::Brief(known) => known.into(),
        }
    }
}

/// A peer with the fields of the protocol, and whether its last delivery or announce succeeded.
#[derive(Debug, Clone, Serialize)]
pub struct Known {
    #[serde(flatten)]
    named: Named,
    status: Status,
    time: u64,
    /// Whether it answered when it was last tried.
    answers: bool,
}

impl From<&Peer> for Known {
    fn from(peer: &Peer) -> Self {
        let Peer { status, time, last_attempt_ok: answers, .. } = *peer;
        Self { named: Named::from(&peer.address), status, time, answers }
    }
}

impl From<Known> for Peer {
    fn from(Known { named: Named(address), status, time, answers }: Known) -> Self {
        let mut peer = Self::new(address, status, Now { uptime: Duration::ZERO, unix_ms: time });
        peer.last_attempt_ok = answers;
        peer
    }
}

/// A peer with all fields that the node has. Optional fields are missing in older recordings and in brief events.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listed {
    // The fields of `Known` stand here once more: a flattened part is read more slowly.
    #[serde(flatten)]
    named: Named,
    status: Status,
    time: u64,
    answers: Option<bool>,
    #[serde(default)]
    delivered: u64,
    #[serde(default)]
    received: u64,
    #[serde(default)]
    failed: u64,
    round_trip_ms: Option<Millis>,
    /// When the status last changed, as uptime.
    since_ms: Option<Millis>,
    /// Whether it ever responded at its address.
    reached: Option<bool>,
    /// Whether the user added it.
    by_user: Option<bool>,
    /// The status that it returns to when it is no longer ignored.
    #[serde(skip_serializing_if = "Option::is_none")]
    before_ignored: Option<Status>,
}

impl From<&Peer> for Listed {
    fn from(peer: &Peer) -> Self {
        Self {
            named: Named::from(&peer.address),
            status: peer.status,
            time: peer.time,
            answers: Some(peer.last_attempt_ok),
            delivered: peer.delivered,
            received: peer.received,
            failed: peer.failed,
            round_trip_ms: peer.round_trip.map(Millis),
            since_ms: Some(Millis(peer.since)),
            reached: Some(peer.ever_responded),
            by_user: Some(peer.added_by_user),
            before_ignored: peer.before_ignored,
        }
    }
}

impl From<Listed> for Peer {
    fn from(listed: Listed) -> Self {
        let Listed { named: Named(address), status, time, .. } = listed;
        let uptime = listed.since_ms.map(|Millis(uptime)| uptime).unwrap_or_default();
        let since = Now { uptime, unix_ms: time };
        let round_trip = listed.round_trip_ms.map(|Millis(time)| time);
        let mut peer = Self::new(address, status, since);
        peer.round_trip = round_trip;
        (peer.delivered, peer.received, peer.failed) = (listed.delivered, listed.received, listed.failed);
        peer.last_attempt_ok = listed.answers.unwrap_or(status == Status::Alive);
        peer.ever_responded = listed.reached.unwrap_or(round_trip.is_some());
        peer.added_by_user = listed.by_user.unwrap_or_default();
        peer.before_ignored = listed.before_ignored;
        peer
    }
}
