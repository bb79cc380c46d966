//! What a view of a pane is, before it has data.

/// The constant properties of a view of a pane.
#[derive(Debug, PartialEq, Eq)]
pub struct PaneSpec {
    /// The name, which is also the command that opens it without its colon: letters, digits, `-` and `_`.
    pub name: &'static str,
    /// The title of its overlay, in capitals.
    pub title: &'static str,
    /// What its command does, as a phrase for the help: `show the peers on a map`.
    pub help: &'static str,
    /// Where it stands besides its overlay.
    pub place: Place,
    /// What it consists of.
    pub content: Content,
    /// What it is opened about.
    pub about: About,
}

/// Where a view stands besides the overlay that its command opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nowhere.
    Overlay,
    /// Below the lists at the left, if there is room. The first such view of a network stands there. No key reaches it.
    Strip,
    /// In the column at the right of the traffic, if there is room. The first such view of a network stands there, and Tab
    /// goes to it.
    Column,
}

/// What a view consists of. It decides what keys do in its overlay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Lines of text, which are scrolled and searched: see [`Pane::lines`](crate::Pane::lines).
    Text,
    /// A picture without a selection: see [`Pane::draw`](crate::Pane::draw).
    Picture,
    /// A picture of the items of the list with this name. Keys move the selection of that list.
    Selection(&'static str),
    /// Rows of its own with a selection, which is a [`Cursor`](crate::Cursor).
    Rows,
}

/// What a view is opened about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The whole network.
    Network,
    /// The message that is selected when it is opened. Its text is shown below the lines.
    Message,
}
