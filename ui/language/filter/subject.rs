//! The item that a filter is matched against.

use std::{borrow::Cow, cell::OnceCell, net::IpAddr};

use clacks_p2p::{Address, DEFAULT_MAX_DEPTH, Message, core::Status};

use super::{
    domain::{Role, Type},
    pattern::Pattern,
};

/// Maximum number of bytes of a text that a filter reads.
const LOOKED_AT: usize = 16 << 10;

/// The item that filters are matched against. Several filters share one, because the text of the message is decoded
/// once.
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
    /// The text of the message, decoded on first use.
    said: OnceCell<Cow<'a, str>>,
}

impl<'a> Subject<'a> {
    /// An item with these types and no other property.
    pub fn new(types: &'a [Type]) -> Self {
        Self { types, ..Self::default() }
    }

    /// Sets the sender.
    pub fn from(self, peer: Option<&'a Address>) -> Self {
        Self { from: peer, ..self }
    }

    /// Sets the receiver.
    pub fn to(self, peer: Option<&'a Address>) -> Self {
        Self { to: peer, ..self }
    }

    /// Sets the peer that the item is about.
    pub fn about(self, peer: Option<&'a Address>) -> Self {
        Self { peer, ..self }
    }

    /// Sets the remote IP address.
    pub fn with_remote(self, remote: Option<IpAddr>) -> Self {
        Self { remote, ..self }
    }

    /// Sets the status of the item's peer.
    pub fn with_status(self, status: Option<Status>) -> Self {
        Self { status, ..self }
    }

    /// Sets the item's message.
    pub fn with_message(self, message: Option<&'a Message>) -> Self {
        Self { message, ..self }
    }

    /// Sets the texts of the row: the description and the outcome. Filters search both.
    pub fn with_texts(self, what: &'a str, outcome: &'a str) -> Self {
        Self { texts: [what, outcome], ..self }
    }

    /// The remote IP address.
    pub(crate) fn remote(&self) -> Option<IpAddr> {
        self.remote
    }

    /// The status of the item's peer.
    pub(crate) fn status(&self) -> Option<Status> {
        self.status
    }

    /// Whether the item has this type.
    pub(crate) fn is_of(&self, wanted: Type) -> bool {
        self.types.contains(&wanted)
    }

    /// The size of the message in bytes of JSON; `None` without a message.
    pub(crate) fn size(&self) -> Option<u64> {
        self.message.map(|message| message.size() as u64)
    }

    /// Whether the pattern matches a text of the row, the message or the address of a peer. Each text is searched
    /// separately, so `^` matches at the start of each. Only the first 16 KiB of a text are searched.
    pub(crate) fn holds(&self, pattern: &Pattern) -> bool {
        self.texts.iter().any(|text| pattern.is_match(start(text)))
            || pattern.is_match(self.said.get_or_init(|| self.message.map_or("".into(), said)))
            || self.has_peer(pattern)
    }

    /// Whether the pattern matches the sender's address.
    pub(crate) fn came_from(&self, pattern: &Pattern) -> bool {
        self.from.is_some_and(|peer| matches_address(pattern, peer))
    }

    /// Whether the pattern matches the receiver's address.
    pub(crate) fn went_to(&self, pattern: &Pattern) -> bool {
        self.to.is_some_and(|peer| matches_address(pattern, peer))
    }

    /// Whether exactly this peer has this role.
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
        peers.into_iter().flatten().any(|peer| matches_address(pattern, peer))
    }
}

/// Whether the pattern matches the address as written or in its canonical form.
fn matches_address(pattern: &Pattern, peer: &Address) -> bool {
    let canonical = peer.canonical();
    let is_spelt_otherwise = canonical.hostname() != peer.hostname();
    pattern.is_match(&peer.to_string()) || (is_spelt_otherwise && pattern.is_match(&canonical.to_string()))
}

/// The text of a message: the characters of a string, or the JSON text of other values, up to the maximum.
fn said(message: &Message) -> Cow<'_, str> {
    let json = start(message.as_json());
    if !json.starts_with('"') {
        return json.into();
    }
    if json.len() == message.size() {
        return message.as_text().map_or(json.into(), Cow::Owned);
    }
    // A cut string gets a closing quote, unless the cut falls into an escape. Escapes have at most twelve bytes.
    let cuts = (0..12).filter_map(|less| json.get(..json.len().checked_sub(less)?));
    let mut whole = cuts.filter_map(|cut| Message::from_json(&format!("{cut}\""), DEFAULT_MAX_DEPTH).ok());
    whole.find_map(|message| message.as_text()).map_or(json.into(), Cow::Owned)
}

/// The text up to the maximum, cut at a character boundary.
fn start(text: &str) -> &str {
    let end = (0..=text.len().min(LOOKED_AT)).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}
