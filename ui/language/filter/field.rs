//! The fields of the filter language. Parsing, completion and documentation use this list.

/// One field: `from:tower`, `size>1k`, `re:/^gnu/`.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// The name before the colon or the comparison.
    pub name: &'static str,
    /// The fixed start of a term with this field.
    pub start: &'static str,
    /// Description for the list of completions.
    pub help: &'static str,
    /// Values that can follow [`Field::start`].
    pub values: Values,
}

/// Kind of values that a field accepts, for completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Addresses of peers.
    Peers,
    /// Names of statuses.
    Statuses,
    /// Names of types.
    Types,
    /// Any text. Completion offers nothing.
    Unknown,
}

const fn field(name: &'static str, start: &'static str, help: &'static str, values: Values) -> Field {
    Field { name, start, help, values }
}

/// All fields, in the order in which completion offers them.
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
