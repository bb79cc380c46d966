//! What a network shows in the dashboard besides its lists and its traffic: pictures and pages of its own.
//!
//! A network implements [`Pane`] for each of them. The dashboard knows no pane by its name: it feeds events and rows to
//! the panes of a network, opens their views by their commands, and gives them an area to draw in while that network is
//! shown. A pane has no access to the node. Everything that it may show besides events is in the [`Context`].

mod context;
mod spec;

use std::{fmt, time::Duration};

use clacks_feed::{
    Event, Key, Now, Page, Row, Text, Value,
    description::{Description, ListId, Role},
};
pub use clacks_language::command::Step;
use clacks_widgets::animation::Animations;
pub use context::{Context, Cursor, Opened, Shown};
use jiff::tz::TimeZone;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::Line,
};
pub use spec::{About, Content, PaneSpec, Place};

/// What one network shows in pictures and pages of its own: the data for them, and any number of views of it.
///
/// A pane is made when the dashboard starts and receives every event of its network from then on, whether it is shown or
/// not, so its memory must be bounded. It is cloned when the user freezes the screen; the clone receives no events.
pub trait Pane: fmt::Debug + Send {
    /// Returns its views: what commands open, and what stands beside the lists. None: it only adds to the pages of items.
    fn views(&self) -> &'static [&'static PaneSpec];

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

    /// Returns the beginnings of lists that a view shows: the name of each list and a number of rows, at most 150. They
    /// are fetched while the view is on the screen.
    fn windows(&self, _view: &PaneSpec) -> Vec<(&'static str, u16)> {
        Vec::new()
    }

    /// Whether a view needs the settings of the node. They are fetched while it is on the screen.
    fn needs_settings(&self, _view: &PaneSpec) -> bool {
        false
    }

    /// Stores the rows that it asked for.
    fn refresh(&mut self, _look: &PaneLook<'_>) {}

    /// Goes on to this time: called before each frame, also while it is not on the screen.
    fn advance(&mut self, _now: Now, _motion: Animations) {}

    // === What it shows ===

    /// Whether a view stands beside the lists now, if its [`Place`] says so.
    fn stands(&self, _view: &PaneSpec, _motion: Animations) -> bool {
        true
    }

    /// Returns the time until a view changes without an event, while it is on the screen. `None`: never.
    fn changes_after(&self, _view: &PaneSpec, _now: Now, _motion: Animations) -> Option<Duration> {
        None
    }

    /// Returns the lines of a page, wrapped to a width in columns. They can be scrolled, searched and copied.
    fn lines(&self, _context: &Context<'_>, _columns: usize) -> Vec<Line<'static>> {
        Vec::new()
    }

    /// Draws a picture in an area of any size, also an empty one. A picture draws its own title; rows of
    /// [`Content::Rows`] have the area below it.
    fn draw(&self, _context: &Context<'_>, _area: Rect, _buffer: &mut Buffer) {}

    /// Returns what a view shows as sentences, without a full stop at their end, for those who hear it. The rows that it
    /// shows were [stored](Pane::refresh) at the time of `look`. They are not sanitized. `None`: it can only be seen.
    fn sentences(&self, _look: &PaneLook<'_>, _zone: &TimeZone) -> Option<Vec<String>> {
        None
    }

    /// Returns what stands behind the title of an overlay.
    fn title_note(&self, _context: &Context<'_>) -> String {
        String::new()
    }

    /// Returns the message that commands act on, as JSON: by default what it was opened about.
    fn message(&self, context: &Context<'_>) -> Option<Text> {
        context.opened?.about.clone()
    }

    /// Returns the text to copy for all items of a picture, one line each.
    fn all_text(&self, _view: &PaneSpec) -> Vec<String> {
        Vec::new()
    }

    /// Returns the reason why a view is not opened about a message, which is JSON. `is_cut`: only the beginning of the
    /// message is kept.
    fn refusal(&self, _message: &str, _is_cut: bool) -> Option<&'static str> {
        None
    }

    // === What it adds to items of the lists ===

    /// Returns the facts for the page of an item, as pairs of name and value. An empty value is left out. `None`: the page
    /// shows the cells of the row.
    fn item_facts(&self, _context: &Context<'_>, _item: &Item<'_>) -> Option<Vec<(&'static str, String)>> {
        None
    }

    /// Returns lines about a message, which is JSON, wrapped to a width in columns. They stand below the message of the
    /// selected item, beside the lists.
    fn message_lines(&self, _context: &Context<'_>, _message: &str, _columns: usize) -> Vec<Line<'static>> {
        Vec::new()
    }

    /// Returns a remark on the items with these keys, which were ignored, as in `; 41 % came from them`. It is appended to
    /// the notice.
    fn ignored_note(&self, _keys: &[String]) -> Option<String> {
        None
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

/// An item of a list, whose page is shown.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The list.
    pub list: ListId,
    /// What the items of the list are.
    pub role: Role,
    /// The last known row of the item.
    pub row: &'a Row,
    /// Whether the item still exists.
    pub exists: bool,
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
    /// Opens the view with this name about the message, which is JSON.
    Open(&'static str, Text),
}

/// The rows that a pane asked for, with the gauges of the node.
#[derive(Debug)]
pub struct PaneLook<'a> {
    /// The view that asked for them.
    pub view: &'static PaneSpec,
    /// The network.
    pub description: &'a Description,
    /// When the rows were read.
    pub now: Now,
    /// The pages, in the order of [`Pane::windows`]. `None`: there is no such list.
    pub pages: Vec<Option<&'a Page>>,
    /// The gauges, in the order of the description. Empty until they are known.
    pub gauges: &'a [Value],
    /// The settings, in the order of the description. Empty until they are known: see [`Pane::needs_settings`].
    pub settings: &'a [Value],
}

impl<'a> PaneLook<'a> {
    /// Returns the setting with this name. `None`: it is not known, or has no value.
    pub fn setting(&self, name: &str) -> Option<&'a Value> {
        let position = self.description.settings.iter().position(|setting| setting.field.name == name)?;
        self.settings.get(position).filter(|value| **value != Value::None)
    }
}

/// The panes of one network, without data. The program passes them to the dashboard.
#[derive(Debug, Clone)]
pub struct NetworkPanes {
    /// The name of the network.
    pub network: &'static str,
    /// The panes. Each node of the network gets copies.
    pub panes: Vec<Box<dyn Pane>>,
}

/// Returns new panes for a node of the network with this name.
pub fn panes_of(all: &[NetworkPanes], network: &str) -> Vec<Box<dyn Pane>> {
    all.iter().filter(|panes| panes.network == network).flat_map(|panes| panes.panes.clone()).collect()
}
