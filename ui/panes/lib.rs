//! What a network shows in the dashboard besides its lists and its traffic: pictures and pages of its own.
//!
//! A network implements [`Pane`] for each of them. The dashboard knows no pane by its name: it feeds events and rows to
//! the panes of a network, opens them by their commands, and gives them an area to draw in while that network is shown.
//! A pane has no access to the node. Everything that it may show besides events is in the [`Context`].

mod context;
mod spec;

use std::{fmt, time::Duration};

use clacks_feed::{Event, Key, Now, Page, Text, Value, description::Description};
pub use clacks_language::command::Step;
use clacks_widgets::animation::Animations;
pub use context::{Context, Cursor, Opened, Shown};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::Line,
};
pub use spec::{About, Content, PaneSpec, Place};

/// A picture or a page of one network.
///
/// A pane is made when the dashboard starts and receives every event of its network from then on, whether it is shown or
/// not, so its memory must be bounded. It is cloned when the user freezes the screen; the clone receives no events.
pub trait Pane: fmt::Debug + Send {
    /// Returns its name, its title and where it stands.
    fn spec(&self) -> &'static PaneSpec;

    /// Returns a copy, for a frozen screen or for another node of the same network.
    fn clone_box(&self) -> Box<dyn Pane>;

    // === What it learns ===

    /// Records an event. `event.get` returns `None` for an event that was read from JSON and has another form, for
    /// example in a recording of an older version: ignore it.
    fn note(&mut self, _event: &Event, _motion: Animations) {}

    /// Events are missing. By default the pane begins again. A pane that only collects what was observed can go on.
    fn lagged(&mut self, _missed: u64) {
        self.begin_again();
    }

    /// Forgets everything, because the node was restarted or a recording is played from another position.
    fn begin_again(&mut self) {}

    /// Returns the beginnings of lists that it shows: the name of each list and a number of rows, at most 150. They are
    /// fetched while the pane is on the screen.
    fn windows(&self) -> Vec<(&'static str, u16)> {
        Vec::new()
    }

    /// Stores the rows that it asked for.
    fn refresh(&mut self, _look: &PaneLook<'_>) {}

    /// Goes on to this time: called before each frame, also while it is not on the screen.
    fn advance(&mut self, _now: Now, _motion: Animations) {}

    // === What it shows ===

    /// Whether it stands beside the lists now, if [`Place`] says so.
    fn stands(&self, _motion: Animations) -> bool {
        true
    }

    /// Returns the time until it changes without an event, while it is on the screen. `None`: never.
    fn changes_after(&self, _now: Now, _motion: Animations) -> Option<Duration> {
        None
    }

    /// Returns the lines of a page, wrapped to a width in columns. They can be scrolled, searched and copied.
    fn lines(&self, _context: &Context<'_>, _columns: usize) -> Vec<Line<'static>> {
        Vec::new()
    }

    /// Draws a picture in an area of any size, also an empty one. A picture draws its own title; rows of
    /// [`Content::Rows`] have the area below it.
    fn draw(&self, _context: &Context<'_>, _area: Rect, _buffer: &mut Buffer) {}

    /// Returns what stands behind the title of an overlay.
    fn title_note(&self, _context: &Context<'_>) -> String {
        String::new()
    }

    /// Returns the message that commands act on, as JSON: by default what it was opened about.
    fn message(&self, context: &Context<'_>) -> Option<Text> {
        context.opened?.about.clone()
    }

    /// Returns the text to copy for all of it, one line per item. Empty: the lines of the page.
    fn all_text(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether it knows something about a message, which is JSON. Otherwise it has nothing to show about a message of
    /// which only the beginning is kept.
    fn knows(&self, _message: &str) -> bool {
        true
    }

    // === What it does ===

    /// Returns the reason why its selection cannot move.
    fn no_move_reason(&self, _context: &Context<'_>) -> Option<&'static str> {
        None
    }

    /// Moves its selection. `area` is where it is drawn.
    fn step(&self, _context: &Context<'_>, _area: Rect, _step: Step) -> Reaction {
        Reaction::Nothing
    }

    /// Reacts to a click on a cell. `area` is where it is drawn.
    fn click(&self, _context: &Context<'_>, _area: Rect, _at: Position) -> Reaction {
        Reaction::Nothing
    }

    /// Reacts to Enter. By default the overlay is closed.
    fn enter(&self, _context: &Context<'_>) -> Reaction {
        Reaction::Nothing
    }
}

impl Clone for Box<dyn Pane> {
    fn clone(&self) -> Self {
        self.clone_box()
    }
}

/// What the dashboard does after a key or a click in a pane.
#[derive(Debug, Clone, PartialEq)]
pub enum Reaction {
    /// Nothing.
    Nothing,
    /// Selects the item with this key in the list of [`Content::Selection`].
    Select(Key),
    /// Selects another row of its own: see [`Content::Rows`].
    Move(Cursor),
    /// Opens the pane with this name about the message, which is JSON.
    Open(&'static str, Text),
}

/// The rows that a pane asked for, with the gauges of the node.
#[derive(Debug)]
pub struct PaneLook<'a> {
    /// The network.
    pub description: &'a Description,
    /// When the rows were read.
    pub now: Now,
    /// The pages, in the order of [`Pane::windows`]. `None`: there is no such list.
    pub pages: Vec<Option<&'a Page>>,
    /// The gauges, in the order of the description. Empty until they are known.
    pub gauges: &'a [Value],
}

/// Returns copies of those panes that belong to a network.
pub fn panes_of(panes: &[Box<dyn Pane>], network: &str) -> Vec<Box<dyn Pane>> {
    panes.iter().filter(|pane| pane.spec().network == network).cloned().collect()
}
