//! Overlays: pages and pictures over the lists.

use std::borrow::Cow;

use clacks_feed::{
    Row, Text,
    description::{ListId, Role},
};
use clacks_panes::{Opened, PaneSpec};
use clacks_session::traffic;
use clacks_text::sanitize::SafeLine;

use super::search::Search;

/// Maximum overlays on the stack.
const MAX_DEPTH: usize = 16;

/// Overlay over the lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// Content.
    pub content: OverlayKind,
    /// Message of the overlay, wrapped to the width of the screen.
    pub message: Vec<SafeLine>,
    /// Whether the message was cut because it is too long. The last line says so.
    pub is_cut: bool,
    /// Number of lines scrolled off at the top.
    pub(crate) scrolled: usize,
    /// Search in the overlay, if one was started.
    pub search: Option<Search>,
    /// Overlay to return to on close.
    pub(crate) previous: Option<Box<Self>>,
}

/// Content of an overlay.
#[derive(Debug, Clone, PartialEq)]
pub enum OverlayKind {
    /// Saved filters.
    Stations,
    /// An item of a list, kept up to date while it exists.
    Item(Box<Item>),
    /// A row of the log.
    Row(Box<traffic::row::Row>),
    /// Limits of the node.
    Limits,
    /// Charts.
    Charts,
    /// A picture or a page of the network that is shown.
    Pane(Opened),
    /// A list that does not stand beside the traffic.
    List(ListId),
}

/// An item of a list in full.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The list.
    pub list: ListId,
    /// What the items of the list are.
    pub role: Role,
    /// Last known row of the item.
    pub row: Row,
    /// The message of the item as JSON, if the list has messages.
    pub message: Option<Text>,
    /// Whether the item still exists.
    pub exists: bool,
    /// The first items of each list under it, such as the replies to a request.
    pub under: Vec<ItemsUnder>,
}

/// The first items of a list under an item.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemsUnder {
    /// The list.
    pub list: ListId,
    /// Number of all its items under that item.
    pub total: u64,
    /// Number of them with each status of the list.
    pub counts: Vec<u64>,
    /// The first of them.
    pub rows: Vec<Row>,
}

/// Kind of an overlay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenOverlay {
    /// Saved filters.
    Stations,
    /// One peer in full.
    Peer,
    /// One message in full.
    Message,
    /// A row of the traffic in full.
    Row,
    /// Limits of the node.
    Limits,
    /// Charts.
    Charts,
    /// A picture or a page of the network that is shown.
    Pane(&'static PaneSpec),
    /// Held messages.
    Held,
}

impl OpenOverlay {
    /// Title of the overlay.
    pub fn title(self) -> Cow<'static, str> {
        let title = match self {
            Self::Pane(spec) => return format!(" {} ", spec.title).into(),
            Self::Stations => " STATIONS ",
            Self::Peer => " PEER ",
            Self::Message => " MESSAGE ",
            Self::Row => " TRAFFIC ",
            Self::Limits => " LIMITS ",
            Self::Charts => " CHARTS ",
            Self::Held => " HELD ",
        };
        title.into()
    }
}

impl Overlay {
    /// Returns the number of stacked overlays, this one included. At most 16.
    #[cfg(test)]
    pub fn depth(&self) -> usize {
        1 + self.previous.as_ref().map_or(0, |previous| previous.depth())
    }

    /// Whether this overlay, or one that it returns to, shows items of a list.
    pub(crate) fn shows_item(&self) -> bool {
        let is_here = matches!(self.content, OverlayKind::Item(_) | OverlayKind::List(_));
        is_here || self.previous.as_ref().is_some_and(|previous| previous.shows_item())
    }

    /// Drops the wrapped text, which can be restored, and all overlays deeper than [`MAX_DEPTH`]. This bounds the
    /// memory of overlays that open each other in turn.
    pub(crate) fn compact(mut self) -> Self {
        self.message = Vec::new();
        let mut deepest = &mut self.previous;
        for _ in 2..MAX_DEPTH {
            let Some(overlay) = deepest else { break };
            deepest = &mut overlay.previous;
        }
        *deepest = None;
        self
    }
}

impl OverlayKind {
    /// Its kind.
    pub fn kind(&self) -> OpenOverlay {
        match self {
            Self::Stations => OpenOverlay::Stations,
            Self::Item(item) if item.role == Role::Messages => OpenOverlay::Message,
            Self::Item(_) => OpenOverlay::Peer,
            Self::Row(_) => OpenOverlay::Row,
            Self::Limits => OpenOverlay::Limits,
            Self::Charts => OpenOverlay::Charts,
            Self::Pane(opened) => OpenOverlay::Pane(opened.spec),
            Self::List(_) => OpenOverlay::Held,
        }
    }

    /// Whether opening the other over it would show the same again.
    pub(crate) fn shows_same_as(&self, other: &Self) -> bool {
        let is_about_one = match self {
            Self::Item(_) | Self::Row(_) | Self::List(_) => true,
            Self::Pane(opened) => opened.about.is_some(),
            _ => false,
        };
        self == other || (!is_about_one && self.kind() == other.kind())
    }

    /// Returns the message of the overlay as JSON, if it has one.
    pub fn message(&self) -> Option<Text> {
        match self {
            Self::Item(item) => item.message.clone(),
            Self::Row(row) => row.json(),
            Self::Pane(opened) => opened.about.clone(),
            Self::Stations | Self::Limits | Self::Charts | Self::List(_) => None,
        }
    }
}
