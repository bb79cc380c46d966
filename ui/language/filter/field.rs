//! The fields of the filter language: the one list from which parsing, completion and the documentation are made.

/// One field: `from:tower`, `size>1k`, `re:/^gnu/`.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// The word before the colon or the comparison.
    pub name: &'static str,
    /// The start of a term with this field, as far as it is the same in every such term.
    pub start: &'static str,
    /// What a term with this field admits, for the list of completions.
    pub does: &'static str,
    /// What follows [`Field::start`].
    pub values: Values,
}

/// What a field takes, as far as it can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    Peers,
    Statuses,
    Types,
    /// Anything; nothing can be offered.
    Unknown,
}

const fn field(name: &'static str, start: &'static str, does: &'static str, values: Values) -> Field {
    Field { name, start, does, values }
}

/// Every field, in the order in which completion offers them.
pub const FIELDS: [Field; 9] = [
    field("from", "from:", "what came from a peer", Values::Peers),
    field("to", "to:", "what went to a peer", Values::Peers),
    field("peer", "peer:", "what came from a peer, went to it or is about it", Values::Peers),
    field("ip", "ip:", "what came from an IP address or network", Values::Unknown),
    field("status", "status:", "where the peer has this status", Values::Statuses),
    field("type", "type:", "in, out, message, announce and so on", Values::Types),
    field("size", "size>", "messages of more bytes than this", Values::Unknown),
    field("size", "size<", "messages of fewer bytes than this", Values::Unknown),
    field("re", "re:/", "where a regular expression matches, up to the next /", Values::Unknown),
];
