//! What commands of the interface accept behind their names.

use std::fmt;

/// Kind of argument that a command accepts. Parsing, completion and hints follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// No argument.
    Nothing,
    /// An item that this command of the network acts on.
    ItemOf(&'static str),
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
            Self::ItemOf(_) => "7",
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

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "",
            Self::ItemOf(_) => "NUMBER",
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
