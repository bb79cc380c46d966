//! What a pane may know while it draws or reacts to a key.

use std::fmt;

use clacks_feed::{Now, Row, Text, Value, description::Description};
use clacks_widgets::{animation::Animations, theme::Theme};
use jiff::tz::TimeZone;

use crate::PaneSpec;

/// What a pane may know while it draws or reacts to a key.
#[expect(clippy::struct_excessive_bools, reason = "they say yes or no to different questions")]
pub struct Context<'a> {
    /// The view that is shown. `None` for what a pane adds to items of the lists.
    pub view: Option<&'static PaneSpec>,
    /// Theme and character set.
    pub theme: Theme,
    /// The time for animations. On a frozen screen it stands still.
    pub now: Now,
    /// The time for ages of events, on the clock of the first source. On a frozen screen it stands still. Cells of rows are
    /// on the clock of their own node: their ages are counted until [`fetched`](Self::fetched).
    pub listed: Now,
    /// The time zone of times of day.
    pub zone: &'a TimeZone,
    /// Whether pictures can move.
    pub motion: Animations,
    /// The network, with the name of the node.
    pub description: &'a Description,
    /// The gauges, in the order of the description. Empty until they are known.
    pub gauges: &'a [Value],
    /// When the rows were read, on the clock of their node.
    pub fetched: Now,
    /// The selected row of the list of [`Content::Selection`](crate::Content::Selection).
    pub selected: Option<&'a Row>,
    /// Whether that list is filtered. The rows that a pane asks for of it are then those that match.
    pub is_narrowed: bool,
    /// Where it is shown.
    pub shown: Shown,
    /// The overlay that it is shown in. `None` beside the lists.
    pub opened: Option<&'a Opened>,
    /// Whether keys go to it.
    pub has_focus: bool,
    /// Whether it fills the screen because the user enlarged it.
    pub is_zoomed: bool,
    /// Whether the selected row is shown in full beside it.
    pub has_details: bool,
    /// Whether a recording is played.
    pub is_replay: bool,
    /// Name of the key that runs a command, as in `:say`. Without a key, the command.
    pub key_name: Box<dyn Fn(&str) -> String + 'a>,
}

/// Where a pane is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Over the lists.
    Overlay,
    /// Beside the lists.
    Beside,
}

/// An open overlay of a pane.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The view.
    pub spec: &'static PaneSpec,
    /// The message that it was opened about, as JSON. `None` if it is about the whole network.
    pub about: Option<Text>,
    /// The selected row, for [`Content::Rows`](crate::Content::Rows).
    pub cursor: Cursor,
}

/// Selection and scroll position in the rows of a pane.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor {
    /// What names the selected row. `None` selects the first one until a key moves the selection.
    pub selected: Option<Text>,
    /// Index of the first row on the screen.
    pub top: usize,
}

impl Context<'_> {
    /// Returns the value of the gauge with this name.
    pub fn gauge(&self, name: &str) -> Option<&Value> {
        self.gauges.get(self.description.gauge(name)?)
    }

    /// Replaces commands in braces by the keys that run them, as in `press {:say}`.
    pub fn with_keys(&self, text: &str) -> String {
        let Some((before, rest)) = text.split_once('{') else { return text.to_owned() };
        let (command, after) = rest.split_once('}').unwrap_or((rest, ""));
        format!("{before}{}{}", (self.key_name)(command), self.with_keys(after))
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("now", &self.now)
            .field("shown", &self.shown)
            .field("opened", &self.opened)
            .finish_non_exhaustive()
    }
}
