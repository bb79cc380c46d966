//! Observable state of the dashboard: overlay, selection, label.

use clacks_feed::Key;
use clacks_p2p::core::MessageId;
use clacks_p2p_feed::rows::message_id;

use super::node::State;
use crate::{
    model::Focus,
    state::{
        layout::Pane,
        list::List,
        log_cursor::LogCursor,
        overlay::{OpenOverlay, Overlay as Opened},
    },
    tests::fixture::Fixture,
};

/// The dashboard at one point in time.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "they say yes or no to different questions")]
pub(crate) struct Seen {
    pub overlay: Option<OpenOverlay>,
    /// Number of stacked overlays.
    pub depth: usize,
    pub(crate) has_menu: bool,
    pub is_asked: bool,
    /// Whether the screen is frozen.
    pub is_still: bool,
    pub(crate) is_handing_on: bool,
    /// Whether the screen is large enough.
    pub(crate) is_large_enough: bool,
    pub writes: bool,
    /// Whether the filter of the open list is written, which stays on the screen.
    pub(crate) writes_over_list: bool,
    /// Whether the list on which keys act is filtered.
    pub(crate) is_narrowed: bool,
    /// Whether the completion popup or the history search is open.
    pub(crate) chooses: bool,
    pub(crate) searches: bool,
    pub(crate) is_editing: Option<Key>,
    pub draft: String,
    pub(crate) beneath: Beneath,
    pub node: State,
}

/// State below an overlay.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Beneath {
    pub pane: Pane,
    pub filter: Option<String>,
    pub peer: Option<String>,
    message: Option<MessageId>,
    log: LogCursor,
    marks: (usize, usize),
    is_zoomed: bool,
}

impl Seen {
    pub(crate) fn of(fixture: &Fixture) -> Self {
        let model = &fixture.model;
        Self {
            overlay: model.overlay.as_ref().map(|overlay| overlay.content.kind()),
            depth: model.overlay.as_ref().map_or(0, Opened::depth),
            has_menu: model.palette.is_some(),
            is_still: model.frozen.is_some(),
            is_asked: model.question.is_some(),
            is_handing_on: model.stopping.is_some(),
            is_large_enough: model.areas().is_some(),
            writes: model.focus != Focus::Lists,
            writes_over_list: model.focus == Focus::InputOverList,
            is_narrowed: model.is_narrowed(),
            chooses: model.assist.popup().is_some() || model.input.search().is_some(),
            searches: model
                .overlay
                .as_ref()
                .is_some_and(|overlay| overlay.search.as_ref().is_some_and(|search| search.is_typing)),
            is_editing: model.editing.as_ref().map(|editing| editing.item.clone()),
            draft: model.input.draft().to_owned(),
            beneath: Beneath {
                pane: model.pane,
                filter: model.log.filter().map(|filter| filter.as_str().to_owned()),
                peer: fixture.selected_peer().map(|peer| peer.to_string()),
                message: model
                    .networks
                    .active()
                    .named("queue")
                    .and_then(List::selected_row)
                    .and_then(|row| message_id(&row.key)),
                log: model.log_cursor,
                marks: (fixture.marks("peers"), fixture.marks("queue")),
                is_zoomed: model.is_zoomed,
            },
            node: State::of(fixture),
        }
    }

    /// Whether keys go to an overlay and not to its search.
    pub(crate) fn has_overlay(&self) -> bool {
        self.overlay.is_some() && !self.writes_over_list && !self.searches && !self.is_busy()
    }

    /// Whether keys go to the line.
    pub(crate) fn has_line(&self) -> bool {
        self.writes && (self.overlay.is_none() || self.writes_over_list) && !self.is_busy()
    }

    /// Whether keys go to a list.
    pub(crate) fn has_list(&self) -> bool {
        !self.writes && self.overlay.is_none() && !self.is_busy()
    }

    /// Whether a question, a drain or the palette has the focus.
    pub(crate) fn is_busy(&self) -> bool {
        self.has_menu || self.is_asked || self.is_handing_on || !self.is_large_enough
    }
}

/// Returns the label before the line at the bottom of the screen.
pub(crate) fn label(fixture: &Fixture) -> Option<String> {
    let row = usize::from(fixture.model.areas()?.input.y);
    Some(fixture.screen().lines().nth(row)?.chars().take(5).collect())
}
