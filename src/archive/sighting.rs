use std::{fmt, str::FromStr};

use clacks_feed::Text;
use sha2::{Digest, Sha256};

/// A moment at which a message was here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sighting {
    /// The JSON text of the message, as it came.
    pub json: Text,
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    /// What happened to the message.
    pub kind: SightingKind,
    /// The peer that sent it or that it was sent to.
    pub peer: Option<Peer>,
}

/// A peer, as it was at a sighting.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its hostname or IP address. An archive keeps the first 1,024 bytes.
    pub hostname: Text,
    /// Its port. 0 in a network that identifies peers without a port.
    pub port: u16,
    /// The name of its main status at that time.
    pub status: Option<Text>,
}

/// What happened to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SightingKind {
    /// A peer sent it to this node.
    Received = 1,
    /// The user of this node, or a script, wrote it.
    Enqueued = 2,
    /// This node sent it, and no queue of messages is between its user and the peers.
    Sent = 3,
    /// A peer accepted it from this node.
    Delivered = 4,
    /// A delivery to a peer failed.
    Failed = 5,
    /// It was removed from the queue for good.
    Dropped = 6,
    /// It was accepted from its sender and not queued, so it is gone unless another node has it.
    Swallowed = 7,
    /// It was queued from the archive because nobody had seen it for a while.
    Reintroduced = 8,
}

impl SightingKind {
    /// All kinds, in ascending order of their numbers in a database.
    pub const ALL: [Self; 8] = [
        Self::Received,
        Self::Enqueued,
        Self::Sent,
        Self::Delivered,
        Self::Failed,
        Self::Dropped,
        Self::Swallowed,
        Self::Reintroduced,
    ];

    /// Its name in exports and options: `received`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Enqueued => "enqueued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
            Self::Swallowed => "swallowed",
            Self::Reintroduced => "reintroduced",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind with this number in a database.
    pub(crate) fn numbered(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i64 == number)
    }
}

/// Identifies a message in every archive: the SHA-256 of its JSON text as it came.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// The first hexadecimal digits of a [`struct@Hash`], 1 to 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashPrefix {
    /// The lowest hash that begins with it.
    pub first: Hash,
    /// The highest hash that begins with it.
    pub last: Hash,
}

/// The text is not the start of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message is named by its hash: 1 to 64 hexadecimal digits, as `clacks archive search` prints them")]
pub struct HashError;

impl Hash {
    /// The hash of a message with this JSON text.
    pub fn of(json: &Text) -> Self {
        Self(Sha256::digest(json.untrusted().as_bytes()).into())
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// 64 lower-case hexadecimal digits.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for HashPrefix {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        if !(1..=64).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(HashError);
        }
        let filled = |with: char| {
            let digits: String = text.chars().chain(std::iter::repeat(with)).take(64).collect();
            let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap_or_default();
            Hash(std::array::from_fn(byte))
        };
        Ok(Self { first: filled('0'), last: filled('f') })
    }
}

impl From<Hash> for HashPrefix {
    fn from(hash: Hash) -> Self {
        Self { first: hash, last: hash }
    }
}
