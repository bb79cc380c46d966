//! The pictures and pages of peercloud in the dashboard: who checks whom, and who joined and left.

mod checks;
mod members;
mod sentences;
#[cfg(test)]
mod tests;
mod timeline;

use std::time::Duration;

use clacks_feed::{Event, Now, Value};
use clacks_panes::{About, Content, Context, NetworkPanes, Pane, PaneLook, PaneSpec, Place, Reaction, Step};
use clacks_peercloud_feed::PeercloudEvent;
use clacks_widgets::{animation::Animations, heading::below_title};
use jiff::tz::TimeZone;
use members::Members;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::Line,
};
use timeline::Timeline;

/// Who checks whom.
pub const CHECKS: &PaneSpec = &PaneSpec {
    name: "checks",
    title: "CHECKS",
    help: "show who checks whom",
    place: Place::Column,
    content: Content::Selection("members"),
    about: About::Network,
};

/// Who joined and left, when and why.
pub const JOINS: &PaneSpec = &PaneSpec {
    name: "joins",
    title: "JOINS AND LEAVES",
    help: "show who joined and left, and why",
    place: Place::Overlay,
    content: Content::Text,
    about: About::Network,
};

/// Maximum members in the picture.
const MAX_MEMBERS: u16 = 150;

/// Creates all panes of peercloud, without data.
pub fn panes() -> NetworkPanes {
    NetworkPanes { network: "peercloud", panes: vec![Box::<CloudPane>::default()] }
}

/// The checks of members, and who joined and left.
#[derive(Debug, Clone, Default)]
pub struct CloudPane {
    members: Members,
    timeline: Timeline,
}

impl Pane for CloudPane {
    fn views(&self) -> &'static [&'static PaneSpec] {
        &[CHECKS, JOINS]
    }

    fn clone_box(&self) -> Box<dyn Pane> {
        Box::new(self.clone())
    }

    fn note(&mut self, event: &Event, _: Animations) {
        if let Some(PeercloudEvent(of_peercloud)) = event.get() {
            self.timeline.record(of_peercloud, event.now);
        }
    }

    /// What was observed before stays. The members are in the rows.
    fn lagged(&mut self, missed: u64) {
        self.timeline.lagged(missed);
    }

    fn begin_again(&mut self) {
        *self = Self::default();
    }

    fn windows(&self, view: &PaneSpec) -> Vec<(&'static str, u16)> {
        if view == CHECKS { vec![("members", MAX_MEMBERS)] } else { Vec::new() }
    }

    fn needs_settings(&self, view: &PaneSpec) -> bool {
        view == CHECKS
    }

    fn refresh(&mut self, look: &PaneLook<'_>) {
        if let (CHECKS, Some(Some(page))) = (look.view, look.pages.first()) {
            let interval = match look.setting("check-interval") {
                Some(Value::Took(interval)) => Some(*interval),
                _ => None,
            };
            self.members = Members::read(look.description, page, look.now, interval);
        }
    }

    /// Ages change each second.
    fn changes_after(&self, view: &PaneSpec, _: Now, _: Animations) -> Option<Duration> {
        (view == CHECKS && !self.members.is_empty()).then_some(Duration::from_secs(1))
    }

    fn lines(&self, context: &Context<'_>, columns: usize) -> Vec<Line<'static>> {
        if context.view == Some(JOINS) { self.timeline.lines(context, columns) } else { Vec::new() }
    }

    fn draw(&self, context: &Context<'_>, area: Rect, buffer: &mut Buffer) {
        // The area can be stale after a resize.
        if !area.is_empty() && area.intersection(buffer.area) == area {
            checks::draw(&self.members, &self.timeline, context, area, buffer);
        }
    }

    fn sentences(&self, look: &PaneLook<'_>, zone: &TimeZone) -> Option<Vec<String>> {
        Some(if look.view == CHECKS {
            sentences::of_checks(&self.members, &self.timeline, look)
        } else {
            self.timeline.sentences(zone)
        })
    }

    fn title_note(&self, context: &Context<'_>) -> String {
        if context.view == Some(JOINS) { self.timeline.title_note() } else { String::new() }
    }

    fn all_text(&self, view: &PaneSpec) -> Vec<String> {
        if view == CHECKS { self.members.all_text() } else { Vec::new() }
    }

    fn no_move_reason(&self, context: &Context<'_>) -> Option<&'static str> {
        (context.view == Some(CHECKS) && self.members.is_empty()).then_some("there is no other member")
    }

    fn step(&self, context: &Context<'_>, area: Rect, step: Step) -> Reaction {
        let height = usize::from(below_title(area).height).max(1);
        let key = self.members.stepped(context.selected.map(|row| &row.key), step.rows(height));
        key.map_or(Reaction::Nothing, |key| Reaction::Select(key.clone()))
    }

    fn click(&self, context: &Context<'_>, area: Rect, at: Position) -> Reaction {
        let key = checks::member_at(&self.members, &self.timeline, context, area, at);
        key.map_or(Reaction::Nothing, |key| Reaction::Select(key.clone()))
    }
}
