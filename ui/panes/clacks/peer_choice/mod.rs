//! The choice of receivers: why the last message went to its receiver, and who can get the next one.

pub mod page;
pub mod send_history;
pub mod wording;

use std::time::Duration;

use clacks_feed::{Event, Now};
use clacks_p2p::{core::QueuedMessage, node::Overview};
use clacks_p2p_feed::read_back;
use clacks_panes::{About, Content, Context, Pane, PaneLook, PaneSpec, Place};
use clacks_widgets::animation::{Animations, Pace};
use ratatui::text::Line;
use send_history::SendHistory;

use crate::{NETWORK, core_event, core_time};

/// The page about the choice of receivers in the dashboard.
pub static SPEC: PaneSpec = PaneSpec {
    name: "why",
    title: "WHY THIS PEER?",
    help: "show how the receiver of each message is chosen",
    network: NETWORK,
    place: Place::Overlay,
    content: Content::Text,
    about: About::Network,
};

/// The choice of receivers as a pane. While it is shown, it counts down to the next send.
#[derive(Debug, Clone, Default)]
pub struct PeerChoicePane {
    sends: SendHistory,
    next: Option<NextSend>,
}

/// What was last fetched of the next send.
#[derive(Debug, Clone)]
struct NextSend {
    /// Counters and settings of the node. It has the number of messages in the queue from the list.
    overview: Overview,
    /// The message that goes next.
    head: Option<QueuedMessage>,
}

impl Pane for PeerChoicePane {
    fn spec(&self) -> &'static PaneSpec {
        &SPEC
    }

    fn clone_box(&self) -> Box<dyn Pane> {
        Box::new(self.clone())
    }

    fn note(&mut self, event: &Event, _motion: Animations) {
        if let Some(of_clacks) = core_event(event) {
            self.sends.note(of_clacks, core_time(event));
        }
    }

    /// The sends that were missed are not shown.
    fn lagged(&mut self, _missed: u64) {}

    fn begin_again(&mut self) {
        *self = Self::default();
    }

    fn windows(&self) -> Vec<(&'static str, u16)> {
        vec![("queue", 1)]
    }

    fn refresh(&mut self, look: &PaneLook<'_>) {
        let overview = read_back::overview(look.description, look.gauges, &[], look.now.uptime);
        let queue = look.pages.first().copied().flatten();
        self.next = overview.map(|mut overview| {
            // A recording has its gauges once a second, and its lists with each event.
            if let Some(queue) = queue {
                overview.queued = usize::try_from(queue.total).unwrap_or(usize::MAX);
            }
            let head = queue.and_then(|queue| queue.rows.first());
            NextSend { overview, head: head.and_then(|row| read_back::queued_message(look.description, row)) }
        });
    }

    fn changes_after(&self, now: Now, motion: Animations) -> Option<Duration> {
        let wait = self.next.as_ref()?.overview.next_send?.checked_sub(now.uptime)?;
        motion.changes_after(motion.begin(Pace::Stepped, now.uptime, wait)?, now.uptime)
    }

    fn lines(&self, context: &Context<'_>, columns: usize) -> Vec<Line<'static>> {
        page::lines(self, context, columns)
    }
}
