//! What commands accept behind their names.

use std::fmt;

/// Kind of argument that a command accepts. Parsing, completion and hints follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// No argument.
    Nothing,
    /// Address of a known or unknown peer. The filter selects the known peers that completion offers.
    Address(PeerFilter),
    /// Address of a peer, or `ip:` and a remote address. The filter selects the known peers that completion offers.
    Party(PeerFilter),
    /// A JSON value.
    Json,
    /// Number of a queued or held message.
    MessageId,
    /// Number of a queued or held message, a filter for such messages, or `all`.
    Drop,
    /// Number of a queued message, a filter for messages, or nothing.
    Hold,
    /// Number of a held message, or `all`.
    Held,
    /// Number of a queued or held message, and its new text or nothing.
    Edit,
    /// Number of messages per second.
    Rate,
    /// A filter, or nothing.
    Filter,
    /// Number of a station, 1 to 9, and a filter to save or nothing.
    Station,
    /// The path of a file; `~` at its start is the home directory.
    File,
    /// The path of a file as for `File`, or nothing.
    FileOrNothing,
    /// The path of a file, a URL or nothing.
    ListOrNothing,
    /// One word of a list. The fields are the placeholder in the help and the words that completion offers. The
    /// command itself rejects other words and a missing word.
    Choice(&'static str, &'static [&'static str]),
    /// Name of a theme. The dashboard has the list.
    Theme,
    /// Name of a network, or nothing. The dashboard has the list.
    NetworkOrNothing,
    /// Name of a column, `reverse`, `none` or nothing. The dashboard has the columns.
    Column,
    /// Filter of the rows of a list, or nothing.
    RowFilter,
    /// Name of a list of the network. The dashboard has the list.
    List,
    /// The beginning of a line, including white space at its end.
    Line,
}

impl Argument {
    /// A valid example of the argument; empty for `Nothing`.
    pub fn example(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Address(_) => "localhost:8001",
            Self::Party(_) => "ip:::1",
            Self::Json => "[1]",
            Self::MessageId | Self::Drop | Self::Hold | Self::Held | Self::Edit => "7",
            Self::Rate => "0.5",
            Self::Filter | Self::Line => "two words",
            Self::Station => "3 gnu",
            Self::File | Self::FileOrNothing | Self::ListOrNothing => "a file.csv",
            Self::Choice(_, words) => words.first().copied().unwrap_or_default(),
            Self::Theme => "dark",
            Self::NetworkOrNothing => "clacks",
            Self::Column => "reverse",
            Self::RowFilter => "tower",
            Self::List => "held",
        }
    }
}

/// Selects the known peers that completion offers for a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerFilter {
    /// No peers.
    None,
    /// All peers.
    All,
    /// Ignored peers.
    Ignored,
    /// Peers that are not ignored.
    NotIgnored,
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "",
            Self::Address(_) => "HOST:PORT",
            Self::Party(_) => "HOST:PORT/ip:ADDRESS",
            Self::Json => "VALUE",
            Self::MessageId => "NUMBER",
            Self::Drop => "NUMBER/FILTER/all",
            Self::Held => "NUMBER/all",
            Self::Edit => "NUMBER [TEXT]",
            Self::Rate => "PER_SECOND",
            Self::Hold => "[NUMBER/FILTER]",
            Self::Filter | Self::RowFilter => "[FILTER]",
            Self::Station => "1-9 [FILTER]",
            Self::File => "FILE",
            Self::FileOrNothing => "[FILE]",
            Self::ListOrNothing => "[FILE/URL]",
            Self::Choice(name, _) => name,
            Self::Theme | Self::List => "NAME",
            Self::NetworkOrNothing => "[NAME]",
            Self::Column => "[COLUMN]",
            Self::Line => "TEXT",
        })
    }
}
