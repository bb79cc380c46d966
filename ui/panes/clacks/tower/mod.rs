//! The clacks tower: the last messages, spelt letter by letter.

pub mod picture;
pub mod shutters;

use std::time::Duration;

use clacks_feed::{Event, Now};
use clacks_language::command::motion_setting::Setting;
use clacks_panes::{About, Content, Context, Pane, PaneSpec, Place};
use clacks_widgets::animation::Animations;
use ratatui::{buffer::Buffer, layout::Rect};
use shutters::Towers;

use crate::core_event;

/// The tower in the dashboard.
pub const TOWER: &PaneSpec = &PaneSpec {
    name: "tower",
    title: "TOWER",
    help: "watch messages pass through the clacks tower, letter by letter",
    place: Place::Strip,
    content: Content::Picture,
    about: About::Network,
};

/// The two shutter towers as a pane. They stand beside the lists only while they can move.
#[derive(Debug, Clone, Default)]
pub struct TowerPane {
    towers: Towers,
}

impl Pane for TowerPane {
    fn views(&self) -> &'static [&'static PaneSpec] {
        &[TOWER]
    }

    fn clone_box(&self) -> Box<dyn Pane> {
        Box::new(self.clone())
    }

    fn note(&mut self, event: &Event, motion: Animations) {
        if let Some(of_clacks) = core_event(event) {
            self.towers.on_event(of_clacks, event.now.uptime, motion);
        }
    }

    /// The messages that were missed are not spelt.
    fn lagged(&mut self, _missed: u64) {}

    fn begin_again(&mut self) {
        self.towers = Towers::default();
    }

    fn advance(&mut self, now: Now, motion: Animations) {
        self.towers.advance(now.uptime, motion);
    }

    fn stands(&self, _: &PaneSpec, motion: Animations) -> bool {
        motion.setting() != Setting::Off
    }

    fn changes_after(&self, _: &PaneSpec, now: Now, motion: Animations) -> Option<Duration> {
        self.towers.changes_after(now.uptime, motion)
    }

    fn draw(&self, context: &Context<'_>, area: Rect, buffer: &mut Buffer) {
        picture::draw(&self.towers, context, area, buffer);
    }
}
