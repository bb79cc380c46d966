use std::{borrow::Cow, cell::OnceCell, net::IpAddr};

use clacks_p2p::{Address, DEFAULT_MAX_DEPTH, Message, core::Status};

use super::{Role, pattern::Pattern};

/// How much of a text a filter looks at, in bytes.
const LOOKED_AT: usize = 16 << 10;

/// What a row of the traffic or a message is; it can be several of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// It came.
    In,
    /// It went.
    Out,
    /// It was written here.
    Own,
    Message,
    Announce,
    /// Nothing travelled: something became known about a peer.
    Note,
    /// This node did not take it.
    Refused,
    /// A peer did not take it.
    Failed,
    /// It was taken out of the queue for good.
    Dropped,
}

impl Type {
    pub const ALL: [Self; 9] = [
        Self::In,
        Self::Out,
        Self::Own,
        Self::Message,
        Self::Announce,
        Self::Note,
        Self::Refused,
        Self::Failed,
        Self::Dropped,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Own => "own",
            Self::Message => "message",
            Self::Announce => "announce",
            Self::Note => "note",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// What a filter looks at. Made for one look, and shared by all filters that take it.
#[derive(Debug, Clone, Default)]
pub struct Subject<'a> {
    from: Option<&'a Address>,
    to: Option<&'a Address>,
    peer: Option<&'a Address>,
    remote: Option<IpAddr>,
    status: Option<Status>,
    types: &'a [Type],
    message: Option<&'a Message>,
    texts: [&'a str; 2],
    /// What the message says, found out when it is first asked for.
    said: OnceCell<Cow<'a, str>>,
}

impl<'a> Subject<'a> {
    /// Something of these types.
    pub fn new(types: &'a [Type]) -> Self {
        Self { types, ..Self::default() }
    }

    /// The peer that it came from.
    pub fn from(self, peer: Option<&'a Address>) -> Self {
        Self { from: peer, ..self }
    }

    /// The peer that it went to.
    pub fn to(self, peer: Option<&'a Address>) -> Self {
        Self { to: peer, ..self }
    }

    /// The peer that it is about.
    pub fn about(self, peer: Option<&'a Address>) -> Self {
        Self { peer, ..self }
    }

    /// The remote address that it came from, or the place of that.
    pub fn with_remote(self, remote: Option<IpAddr>) -> Self {
        Self { remote, ..self }
    }

    /// The status of its peer.
    pub fn with_status(self, status: Option<Status>) -> Self {
        Self { status, ..self }
    }

    /// The message that it is or carries.
    pub fn with_message(self, message: Option<&'a Message>) -> Self {
        Self { message, ..self }
    }

    /// What is said about it: what happened, and how it went.
    pub fn with_texts(self, what: &'a str, outcome: &'a str) -> Self {
        Self { texts: [what, outcome], ..self }
    }

    pub fn remote(&self) -> Option<IpAddr> {
        self.remote
    }

    pub fn status(&self) -> Option<Status> {
        self.status
    }

    pub fn is_of(&self, wanted: Type) -> bool {
        self.types.contains(&wanted)
    }

    pub fn size(&self) -> Option<u64> {
        self.message.map(|message| message.size() as u64)
    }

    /// Whether any of its texts matches: those are looked at one by one, so `^` is the start of each.
    pub fn holds(&self, pattern: &Pattern) -> bool {
        self.texts.iter().any(|text| pattern.is_match(start(text)))
            || pattern.is_match(self.said.get_or_init(|| self.message.map_or("".into(), said)))
            || self.has_peer(pattern)
    }

    pub fn came_from(&self, pattern: &Pattern) -> bool {
        self.from.is_some_and(|peer| added_by_user(pattern, peer))
    }

    pub fn went_to(&self, pattern: &Pattern) -> bool {
        self.to.is_some_and(|peer| added_by_user(pattern, peer))
    }

    /// Whether this very peer has this role.
    pub(crate) fn is_with(&self, role: Role, wanted: &Address) -> bool {
        let peers = match role {
            Role::Sender => [self.from, None, None],
            Role::Receiver => [None, self.to, None],
            Role::Any => [self.from, self.to, self.peer],
        };
        peers.into_iter().flatten().any(|peer| peer.canonical() == wanted.canonical())
    }

    pub(crate) fn has_peer(&self, pattern: &Pattern) -> bool {
        let peers = [self.from, self.to, self.peer];
        peers.into_iter().flatten().any(|peer| added_by_user(pattern, peer))
    }
}

/// Whether the pattern is in the address, as it was written or in the one spelling that stands for all.
fn added_by_user(pattern: &Pattern, peer: &Address) -> bool {
    let canonical = peer.canonical();
    let is_spelt_otherwise = canonical.hostname() != peer.hostname();
    pattern.is_match(&peer.to_string()) || (is_spelt_otherwise && pattern.is_match(&canonical.to_string()))
}

/// What a message says: the characters of a string, the JSON text of anything else, as far as it is looked at.
fn said(message: &Message) -> Cow<'_, str> {
    let json = start(message.as_json());
    if !json.starts_with('"') {
        return json.into();
    }
    if json.len() == message.size() {
        return message.as_text().map_or(json.into(), Cow::Owned);
    }
    // A long string is closed again where that does not fall into an escape; the longest are twelve bytes.
    let cuts = (0..12).filter_map(|less| json.get(..json.len().checked_sub(less)?));
    let mut whole = cuts.filter_map(|cut| Message::from_json(&format!("{cut}\""), DEFAULT_MAX_DEPTH).ok());
    whole.find_map(|message| message.as_text()).map_or(json.into(), Cow::Owned)
}

/// As much of a text as is looked at.
fn start(text: &str) -> &str {
    let end = (0..=text.len().min(LOOKED_AT)).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}
