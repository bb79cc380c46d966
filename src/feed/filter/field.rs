//! The fields of the filter language. Parsing, completion and documentation use them.

use super::{
    PeerRole, Scope,
    possible::{ItemKind, kinds},
    scope::{DIRECTIONS, is_text},
};
use crate::{
    Name,
    description::{Field, Kind},
};

/// The names of the fields that every network has. A field of a description with one of these names has no other
/// meaning than this.
pub(super) const RESERVED: [&str; 10] =
    ["from", "to", "peer", "ip", "status", "type", "size", "net", "node", "re"];
/// Shortest name of a field of a description that is suggested for another word.
const SHORTEST_SUGGESTED: usize = 5;

/// One field of the filter language: `from:tower`, `size>1k`, `took<100ms`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterField {
    /// The name before the colon or the comparison.
    pub name: Name,
    /// The fixed start of a term with this field.
    pub start: String,
    /// Description for the list of completions.
    pub does: String,
    /// Values that can follow [`FilterField::start`].
    pub values: Values,
}

/// Kind of values that a field accepts, for completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// Addresses of peers: keys of the lists with the role of peers.
    Peers,
    /// Keys of the items of the list with this name.
    Items(Name),
    /// One of these words.
    Words(Vec<Name>),
    /// Any text. Completion offers nothing.
    Text,
    /// A number. Completion offers nothing.
    Number,
}

/// The fields that a filter can have in a scope, in the order in which completion offers them. Fields that can never
/// match there are left out.
pub fn fields(scope: Scope<'_>) -> Vec<FilterField> {
    let kinds = kinds(scope);
    let mut fields = reserved(scope, &kinds);
    for field in scope.fields() {
        let own = own(field, scope);
        // Of several kinds of events with a field of this name and form, the first describes it.
        let own = own.into_iter().filter(|own| !fields.iter().any(|field| field.start == own.start));
        let own: Vec<_> = own.collect();
        fields.extend(own);
    }
    let does = "where a regular expression matches, up to the next /";
    fields.push(entry("re", "re:/", does, Values::Text));
    fields
}

fn reserved(scope: Scope<'_>, kinds: &[ItemKind<'_>]) -> Vec<FilterField> {
    let has = |holds: &dyn Fn(&ItemKind<'_>) -> bool| kinds.iter().any(holds);
    let has_peer = |role| has(&|kind| kind.has_peer(role));
    let directions = DIRECTIONS.iter().filter(|(_, direction)| has(&|kind| kind.has_direction(*direction)));
    let directions = directions.map(|(name, _)| Name::from(*name));
    let types = scope.types().into_iter().skip(DIRECTIONS.len());
    let types = types.filter(|name| has(&|kind| kind.has_type(name.as_str())));
    let types: Vec<Name> = directions.chain(types).collect();
    let type_does = match scope.list() {
        None => "in, out, own, note and so on",
        Some(_) => "in, out, own or message",
    };
    let networks = scope.networks();
    let ip_does = "what came from an IP address or network";
    let candidates = [
        (has_peer(PeerRole::Sender), entry("from", "from:", "what came from a peer", Values::Peers)),
        (has_peer(PeerRole::Receiver), entry("to", "to:", "what went to a peer", Values::Peers)),
        (
            has_peer(PeerRole::Any),
            entry("peer", "peer:", "what came from a peer, went to it or is about it", Values::Peers),
        ),
        (has(&|kind| kind.has_remote()), entry("ip", "ip:", ip_does, Values::Text)),
        (
            has(&|kind| kind.has_status()),
            entry("status", "status:", "where the status is this one", Values::Words(scope.statuses())),
        ),
        (!types.is_empty(), entry("type", "type:", type_does, Values::Words(types))),
        (has(&|kind| kind.sizes().is_some()), entry("size", "size>", "more bytes than this", Values::Number)),
        (
            has(&|kind| kind.sizes().is_some()),
            entry("size", "size<", "fewer bytes than this", Values::Number),
        ),
        (
            networks.len() > 1,
            entry("net", "net:", "what one of several networks shows", Values::Words(networks)),
        ),
        (true, entry("node", "node:", "what one of several nodes shows", Values::Text)),
    ];
    candidates.into_iter().filter(|(exists, _)| *exists).map(|(_, field)| field).collect()
}

/// A field of the description, if its name is not reserved.
fn own(field: &Field, scope: Scope<'_>) -> Option<FilterField> {
    let name = field.name.as_str();
    if RESERVED.contains(&name) {
        return None;
    }
    let title = &field.title;
    let described = |start: char, words: &str, values| FilterField {
        name: field.name.clone(),
        start: format!("{name}{start}"),
        does: format!("{title}: {words}"),
        values,
    };
    Some(match &field.kind {
        Kind::Took => described('>', "longer than a duration such as 100ms", Values::Number),
        Kind::At => described('<', "newer than an age such as 5m", Values::Number),
        Kind::Ratio => described('>', "above a part such as 50%", Values::Number),
        Kind::Bytes => described('>', "more bytes than this", Values::Number),
        Kind::BytesRate => described('>', "more bytes a second than this", Values::Number),
        Kind::Rate => described('>', "more a second than this", Values::Number),
        Kind::Count => described('>', "more than this", Values::Number),
        Kind::Flag => described(':', "yes or no", Values::Words(vec![Name::from("yes"), Name::from("no")])),
        Kind::Status => described(':', "one of the statuses", Values::Words(scope.statuses())),
        Kind::Ref(list) => described(':', "where this is in it", Values::Items(list.clone())),
        kind if is_text(kind) => described(':', "where this is in it", Values::Text),
        _ => return None,
    })
}

fn entry(name: &'static str, start: &str, does: &str, values: Values) -> FilterField {
    FilterField { name: Name::from(name), start: start.to_owned(), does: does.to_owned(), values }
}

/// The field that was likely meant. Any other word with a colon is text, such as a host with its port.
///
/// Short names are close to too many words: `date:` is no mistake for a field `data`.
pub(super) fn misspelt(name: &str, scope: Scope<'_>) -> Option<Name> {
    let name = name.to_ascii_lowercase();
    let reserved = ["from", "peer", "status", "type", "size"].map(Name::from);
    let own = scope.fields().into_iter().map(|field| &field.name);
    let own = own.filter(|field| field.as_str().len() >= SHORTEST_SUGGESTED);
    let mut candidates = reserved.iter().chain(own);
    candidates.find(|field| strsim::osa_distance(field.as_str(), &name) == 1).cloned()
}
