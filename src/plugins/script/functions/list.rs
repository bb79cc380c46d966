//! The list of what the table `clacks` has. The definitions for editors and the table in the documentation are made from
//! it.

use crate::script::Allow;

/// A member of the table `clacks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionSpec {
    /// Its name: `enqueue`, or `store.get`.
    pub name: &'static str,
    /// Its type in Luau, with the names of the arguments.
    pub of_type: &'static str,
    /// What the script has to be allowed for it.
    pub needs: Option<Allow>,
    /// How often it may be called, or how much it handles. Empty without a limit of its own.
    pub limit: &'static str,
    /// What it does.
    pub does: &'static str,
    /// What it is for.
    pub group: Group,
}

/// What a function is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// It makes a verdict.
    Verdict,
    /// It does something to the node.
    Command,
    /// It returns what the node knows.
    Question,
    /// It keeps something.
    Storage,
    /// It needs no node.
    Tool,
}

/// Everything that the table `clacks` has, in the order of the documentation.
pub fn function_specs() -> impl Iterator<Item = FunctionSpec> {
    let groups = [
        (Group::Verdict, VERDICTS),
        (Group::Command, COMMANDS),
        (Group::Question, QUESTIONS),
        (Group::Storage, STORAGE),
        (Group::Tool, TOOLS),
    ];
    groups.into_iter().flat_map(|(group, rows)| {
        let spec = move |&(name, of_type, needs, limit, does): &Row| FunctionSpec {
            name,
            of_type,
            needs,
            limit,
            does,
            group,
        };
        rows.iter().map(spec)
    })
}

/// Name, type, permission, limit, and what it does.
type Row = (&'static str, &'static str, Option<Allow>, &'static str, &'static str);

const VERDICTS: &[Row] = &[
    ("pass", "Verdict", None, "", "go on; `nil` means the same"),
    (
        "swallow",
        "(reason: string?) -> Verdict",
        None,
        "",
        "answer 200 and queue nothing: the message is gone unless another node has it",
    ),
    (
        "refuse",
        "(status: number?, body: string?, headers: { [string]: string }?) -> Verdict",
        None,
        "status 400 to 599, body 1,000 characters, 16 headers",
        "answer with an error, 403 by default: the sender keeps its message and lists this node as lost",
    ),
    ("change", "(value: any) -> Verdict", None, "1 MiB", "go on with another message"),
    (
        "change_json",
        "(text: string) -> Verdict",
        None,
        "1 MiB",
        "go on with another message, given as JSON text",
    ),
    (
        "replace",
        "(values: { any }) -> Verdict",
        None,
        "0 to 16 messages",
        "queue these messages in place of the message, all or none",
    ),
    ("hold", "(reason: string?) -> Verdict", None, "", "hold the message until the user releases it"),
];

const COMMANDS: &[Row] = &[
    (
        "enqueue",
        "(value: any) -> (number?, string?)",
        Some(Allow::Enqueue),
        "1 a second, burst 10",
        "queue a message; returns its number, or nil and why not",
    ),
    (
        "enqueue_json",
        "(text: string) -> (number?, string?)",
        Some(Allow::Enqueue),
        "together with `enqueue`",
        "queue a message that is given as JSON text",
    ),
    (
        "announce",
        "(to: Address) -> (true?, string?)",
        Some(Allow::Peers),
        "10 a minute",
        "announce this node to an address",
    ),
    (
        "add",
        "(peer: Address) -> (true?, string?)",
        Some(Allow::Peers),
        "together with `announce`",
        "add a peer",
    ),
    ("ignore", "(peer: Address) -> (true?, string?)", Some(Allow::Ignore), "100 a minute", "ignore a peer"),
    (
        "unignore",
        "(peer: Address) -> (true?, string?)",
        Some(Allow::Ignore),
        "together with `ignore`",
        "stop ignoring a peer",
    ),
    (
        "forget",
        "(peer: Address) -> (true?, string?)",
        Some(Allow::Ignore),
        "together with `ignore`",
        "forget a peer",
    ),
    (
        "log",
        "(level: \"debug\" | \"info\" | \"warn\" | \"error\", text: string) -> boolean",
        None,
        "10 a second, 1,000 characters",
        "write to the log; returns whether the limit allowed it",
    ),
    (
        "notify",
        "(text: string) -> boolean",
        None,
        "together with `log`",
        "show a notice to the user; returns whether the limit allowed it",
    ),
    (
        "count",
        "(name: string, by: number?) -> number",
        None,
        "32 names",
        "add to a counter that `:plugins` shows; returns its value",
    ),
];

const QUESTIONS: &[Row] = &[
    (
        "peers",
        "(query: { status: string?, limit: number? }?) -> { Peer }",
        None,
        "1,000 peers",
        "return the known peers",
    ),
    ("self", "() -> Self", None, "", "return the address and identifier of this node"),
    ("queue_length", "() -> number", None, "", "return the number of queued messages"),
    (
        "matches",
        "(filter: string, payload: Payload) -> boolean",
        None,
        "1,000 bytes",
        "return whether a filter of the dashboard matches; a filter is compiled once",
    ),
    ("settings", "{ [string]: any }", None, "", "the script's table `settings` in the configuration"),
    ("environment", "\"node\" | \"demo\" | \"test\"", None, "", "what kind of node this is"),
    ("time", "() -> number", None, "", "return the time in seconds since 1970"),
];

const STORAGE: &[Row] = &[
    ("store.get", "(key: string) -> any", Some(Allow::Store), "", "return the value of a key, or nil"),
    (
        "store.set",
        "(key: string, value: any) -> (true?, string?)",
        Some(Allow::Store),
        "1,000 keys, 1 MiB",
        "keep a value beyond the end of the program",
    ),
    ("store.delete", "(key: string) -> boolean", Some(Allow::Store), "", "remove a key"),
    ("store.keys", "() -> { string }", Some(Allow::Store), "", "return all keys, sorted"),
    (
        "archive.find",
        "(query: { text: string?, since: number?, unseen_since: number?, limit: number? }?) -> ({ Archived }?, string?)",
        Some(Allow::Archive),
        "100 messages",
        "search the archive; times in seconds since 1970",
    ),
    (
        "archive.last_seen",
        "(hash: string) -> (number?, string?)",
        Some(Allow::Archive),
        "",
        "return when a message was seen last, by its `hash`",
    ),
];

const TOOLS: &[Row] = &[
    (
        "after",
        "(seconds: number, f: () -> ()) -> Timer",
        None,
        "64 timers",
        "call a function later; a reload cancels it",
    ),
    ("cancel", "(timer: Timer) -> boolean", None, "", "cancel a timer; returns whether it waited"),
    ("json", "(text: string) -> any", None, "512 levels", "read JSON text"),
    ("encode", "(value: any) -> string", None, "1 MiB", "write a value as JSON text, keys sorted"),
    (
        "array",
        "(values: { any }?) -> { any }",
        None,
        "",
        "mark a table as an array, so that an empty one is `[]`",
    ),
    ("null", "any", None, "", "the value of `null` in JSON"),
    ("sha256", "(text: string) -> string", None, "", "return a SHA-256 in hexadecimal digits"),
    ("random", "() -> number", None, "", "return a random number from 0 to 1"),
];
