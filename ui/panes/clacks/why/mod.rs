//! The choice of receivers: why the last messages went where they went, and who can get the next one.

mod page;

use std::time::Duration;

use clacks_feed::{Event, Now, Row};
use clacks_p2p::{core::QueuedMessage, node::Overview};
use clacks_p2p_feed::read_back;
use clacks_panes::{About, Content, Context, Pane, PaneLook, PaneSpec, Place};
use clacks_widgets::animation::{Animations, Pace};
use ratatui::text::Line;

use crate::{core_event, core_time, send_history::SendHistory};

/// The page about the choice of receivers.
pub const WHY: &PaneSpec = &PaneSpec {
    name: "why",
    title: "WHY THIS PEER?",
    help: "show how the receiver of each message is chosen",
    place: Place::Overlay,
    content: Content::Text,
    about: About::Network,
};

/// The latest sends, and what is known of the next one while the page is open.
#[derive(Debug, Clone, Default)]
pub struct ChoicePane {
    sends: SendHistory,
    /// Counters and settings of the node. `None` until the page is open.
    overview: Option<Overview>,
    /// The message that goes next.
    head: Option<QueuedMessage>,
    /// The row of that message. While it stays the same, its text is not parsed again.
    head_row: Option<Row>,
}

impl Pane for ChoicePane {
    fn views(&self) -> &'static [&'static PaneSpec] {
        &[WHY]
    }

    fn clone_box(&self) -> Box<dyn Pane> {
        Box::new(self.clone())
    }

    fn note(&mut self, event: &Event, _: Animations) {
        if let Some(of_clacks) = core_event(event) {
            self.sends.note(of_clacks, core_time(event.now));
        }
    }

    /// The sends that were observed stay.
    fn lagged(&mut self, _missed: u64) {}

    fn begin_again(&mut self) {
        *self = Self::default();
    }

    fn windows(&self, _: &PaneSpec) -> Vec<(&'static str, u16)> {
        vec![("queue", 1)]
    }

    fn refresh(&mut self, look: &PaneLook<'_>) {
        let page = look.pages.first().copied().flatten();
        let row = page.and_then(|page| page.rows.first());
        if row != self.head_row.as_ref() {
            self.head = row.and_then(|row| read_back::queued_message(look.description, row));
            self.head_row = row.cloned();
        }
        self.overview = read_back::overview(look.description, look.gauges, &[], look.now.uptime);
        if let (Some(overview), Some(page)) = (&mut self.overview, page) {
            // A recording has its gauges once a second, and its lists with each event.
            overview.queued = usize::try_from(page.total).unwrap_or(usize::MAX);
        }
    }

    /// The time until the next send is counted down.
    fn changes_after(&self, _: &PaneSpec, now: Now, motion: Animations) -> Option<Duration> {
        let wait = self.overview.as_ref()?.next_send?.checked_sub(now.uptime)?;
        motion.changes_after(motion.begin(Pace::Stepped, now.uptime, wait)?, now.uptime)
    }

    fn lines(&self, context: &Context<'_>, columns: usize) -> Vec<Line<'static>> {
        page::lines(self, context, columns)
    }
}
