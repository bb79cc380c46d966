use std::{collections::BTreeMap, ops::ControlFlow};

use clacks_feed::Text;

use crate::{
    ArchiveError, Hash, HashPrefix, Options, Peer, Retention, Search, Sighting, SightingKind, sqlite::Sqlite,
    words::start,
};

/// Maximum number of messages in an answer.
pub const MAX_FOUND: usize = 10_000;
/// Maximum number of rows that one step of [`Store::prune`] removes.
pub const MAX_STEP: usize = 1_000;

/// An archive in a database. Each function waits for the disk or the server.
pub trait Store: Send {
    /// Adds sightings, all or none. `not_stored` is a number of further sightings that are counted and not stored: they
    /// are added to [`Checked::not_stored`].
    fn append(&mut self, batch: &[Sighting], not_stored: u64) -> Result<(), ArchiveError>;

    /// The messages for a query, at most [`MAX_FOUND`].
    fn find(&mut self, query: &Query) -> Result<Vec<Found>, ArchiveError>;

    /// The messages whose hash begins so, in the order of their hashes, at most `limit`.
    fn named(&mut self, prefix: &HashPrefix, limit: usize) -> Result<Vec<Found>, ArchiveError>;

    /// A message and its newest sightings, at most `limit`. `None`: it is not in the archive.
    fn life(&mut self, hash: &Hash, limit: usize) -> Result<Option<Life>, ArchiveError>;

    /// When a message was last seen, in milliseconds since the Unix epoch. `None`: it is not in the archive.
    fn last_seen(&mut self, hash: &Hash) -> Result<Option<u64>, ArchiveError>;

    /// The messages that were last seen before a time, the oldest first, at most [`MAX_FOUND`].
    fn unseen_for(&mut self, unseen: &Unseen) -> Result<Vec<Found>, ArchiveError>;

    /// Marks a message, so that [`prune`](Self::prune) never removes it, or removes the mark. `false`: it is not in the
    /// archive.
    fn mark(&mut self, hash: &Hash, keep: bool) -> Result<bool, ArchiveError>;

    /// Reads the whole archive: each message, then its sightings from the oldest to the newest. Ends early if `each`
    /// breaks.
    fn export(&mut self, each: &mut dyn FnMut(Exported<'_>) -> ControlFlow<()>) -> Result<(), ArchiveError>;

    /// Removes what the retention does not keep, in one step of at most [`MAX_STEP`] sightings and messages. Sightings
    /// go first, then messages that are not marked. A message keeps its count when its sightings go.
    fn prune(&mut self, retention: &Retention, now: u64) -> Result<Pruned, ArchiveError>;

    /// Examines all of the archive.
    fn check(&mut self) -> Result<Checked, ArchiveError>;
}

/// Whether an archive is only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It exists and is only read. Any number of readers can be beside a writer.
    Read,
    /// It is created if there is none.
    Write,
}

/// What to find. The default finds the 50 messages that were seen last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Words of the message. `None`: any message.
    pub search: Option<Search>,
    /// A peer that it came from or went to.
    pub peer: Option<PeerQuery>,
    /// What happened to it at least once.
    pub kind: Option<SightingKind>,
    /// Last seen at this time or later, in milliseconds since the Unix epoch.
    pub since: Option<u64>,
    /// First seen before this time, in milliseconds since the Unix epoch.
    pub until: Option<u64>,
    /// The order.
    pub order: Order,
    /// Maximum number of messages, up to [`MAX_FOUND`].
    pub limit: usize,
}

/// A peer in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerQuery {
    /// Its hostname or IP address, in full.
    pub hostname: Text,
    /// Its port. `None`: any port.
    pub port: Option<u16>,
}

/// The order of found messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Last seen first.
    #[default]
    Newest,
    /// Best match first. Without a search as [`Order::Newest`].
    Best,
}

/// Messages that were not seen for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unseen {
    /// Last seen before this time, in milliseconds since the Unix epoch.
    pub before: u64,
    /// Only messages behind this one, which is the last of an earlier answer.
    pub after: Option<(u64, Hash)>,
    /// Maximum number of messages.
    pub limit: usize,
}

/// A message of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its hash.
    pub hash: Hash,
    /// Its JSON text as it came.
    pub json: Text,
    /// When it was first seen, in milliseconds since the Unix epoch.
    pub first_seen: u64,
    /// When it was last seen, in milliseconds since the Unix epoch.
    pub last_seen: u64,
    /// How often it was seen, pruned sightings included.
    pub times: u64,
    /// Whether it is marked to be kept.
    pub keep: bool,
}

/// A sighting of a known message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    /// What happened.
    pub kind: SightingKind,
    /// The peer. Its status is the latest one that the archive knows.
    pub peer: Option<Peer>,
}

/// A message and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// The message.
    pub message: Found,
    /// Its newest sightings, from the oldest to the newest.
    pub sightings: Vec<Seen>,
    /// Whether there are older ones in the archive.
    pub more: bool,
}

/// A part of an export.
#[derive(Debug, Clone, Copy)]
pub enum Exported<'a> {
    /// The next message.
    Message(&'a Found),
    /// A sighting of that message.
    Sighting(&'a Found, &'a Seen),
}

/// What a step of pruning removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Removed sightings.
    pub sightings: u64,
    /// Removed messages.
    pub messages: u64,
    /// Removed peers, to which no sighting refers.
    pub peers: u64,
    /// Whether another step has something to do.
    pub more: bool,
}

/// The result of an examination.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// What is wrong, at most 100 sentences. Empty: nothing.
    pub problems: Vec<String>,
    /// Messages.
    pub messages: u64,
    /// Sightings, without pruned ones.
    pub sightings: u64,
    /// Peers.
    pub peers: u64,
    /// How often the messages were seen together, pruned sightings included.
    pub times: u64,
    /// Sightings that were counted instead of stored.
    pub not_stored: u64,
    /// Size in bytes: of the pages in use in a file, or an estimate from the rows in a database of a server.
    pub bytes: u64,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            search: None,
            peer: None,
            kind: None,
            since: None,
            until: None,
            order: Order::Newest,
            limit: 50,
        }
    }
}

/// Opens the archive of the options. `node` is the name of the node that writes: archives on a server can have several.
pub fn open(options: &Options, node: &str, access: Access) -> Result<Box<dyn Store>, ArchiveError> {
    options.check().map_err(|error| ArchiveError::Options(error.to_string()))?;
    match (&options.path, &options.url) {
        (Some(path), None) => Ok(Box::new(Sqlite::open(path, access)?)),
        (None, Some(url)) => at_server(url, node, access),
        _ => Err(ArchiveError::Options("the archive has no place: set `path` in the table [archive]".into())),
    }
}

#[cfg(feature = "postgres")]
fn at_server(url: &str, node: &str, access: Access) -> Result<Box<dyn Store>, ArchiveError> {
    Ok(Box::new(crate::postgres::Postgres::open(url, node, access)?))
}

#[cfg(not(feature = "postgres"))]
fn at_server(_: &str, _: &str, _: Access) -> Result<Box<dyn Store>, ArchiveError> {
    let reason =
        "this program was built without PostgreSQL; set `path`, or build it with the feature `postgres`";
    Err(ArchiveError::Options(reason.into()))
}

/// Prunes until there is nothing more to remove, and returns the sums. `go_on` is asked after each step.
pub fn prune_all(
    store: &mut dyn Store,
    retention: &Retention,
    now: u64,
    mut go_on: impl FnMut(&Pruned) -> bool,
) -> Result<Pruned, ArchiveError> {
    let mut all = Pruned::default();
    loop {
        let step = store.prune(retention, now)?;
        all.sightings += step.sightings;
        all.messages += step.messages;
        all.peers += step.peers;
        all.more = step.more;
        if !step.more || !go_on(&all) {
            return Ok(all);
        }
    }
}

// === Batches ===

/// Maximum bytes of a hostname in an archive.
const MAX_HOSTNAME: usize = 1024;

/// The rows that a batch of sightings becomes. The keys are sorted, so that two writers never wait for each other.
pub(crate) struct Batch<'a> {
    pub(crate) messages: BTreeMap<Hash, MessageRow<'a>>,
    pub(crate) peers: BTreeMap<PeerKey<'a>, PeerRow<'a>>,
    pub(crate) rows: Vec<(&'a Sighting, Hash)>,
}

/// The sightings of one message in a batch.
pub(crate) struct MessageRow<'a> {
    pub(crate) json: &'a Text,
    pub(crate) first_seen: u64,
    pub(crate) last_seen: u64,
    pub(crate) times: u64,
}

/// Identifies a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PeerKey<'a> {
    pub(crate) hostname: &'a str,
    pub(crate) port: u16,
}

/// The sightings of one peer in a batch.
pub(crate) struct PeerRow<'a> {
    pub(crate) first_seen: u64,
    pub(crate) last_seen: u64,
    /// The one of the latest sighting that has one.
    pub(crate) status: Option<&'a Text>,
    status_at: u64,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(sightings: &'a [Sighting]) -> Self {
        let rows = sightings.iter().map(|sighting| (sighting, Hash::of(&sighting.json))).collect();
        let mut batch = Self { messages: BTreeMap::new(), peers: BTreeMap::new(), rows };
        for (sighting, hash) in &batch.rows {
            let Sighting { json, at, peer, .. } = *sighting;
            let new = MessageRow { json, first_seen: *at, last_seen: *at, times: 0 };
            let message = batch.messages.entry(*hash).or_insert(new);
            message.first_seen = message.first_seen.min(*at);
            message.last_seen = message.last_seen.max(*at);
            message.times += 1;
            if let Some(peer) = peer {
                let new = PeerRow { first_seen: *at, last_seen: *at, status: None, status_at: 0 };
                batch.peers.entry(PeerKey::new(peer)).or_insert(new).see(*at, peer.status.as_ref());
            }
        }
        batch
    }
}

impl<'a> PeerKey<'a> {
    pub(crate) fn new(peer: &'a Peer) -> Self {
        Self { hostname: start(peer.hostname.untrusted(), MAX_HOSTNAME), port: peer.port }
    }
}

impl<'a> PeerRow<'a> {
    fn see(&mut self, at: u64, status: Option<&'a Text>) {
        self.first_seen = self.first_seen.min(at);
        self.last_seen = self.last_seen.max(at);
        if status.is_some() && at >= self.status_at {
            (self.status, self.status_at) = (status, at);
        }
    }
}
