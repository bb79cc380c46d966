//! Query to the node before a frame, and the update of the model with its reply.

use std::time::Duration;

use clacks_feed::{View, Window, description::ListId};
use clacks_panes::Content;
use clacks_session::lost_lines::LostLines;
use clacks_widgets::time_series::SPARKS;

use super::Model;
use crate::state::{
    figures::Known,
    layout::Pane,
    list::List,
    network::Network,
    overlay::{ItemsUnder, OpenOverlay as Kind},
    snapshot::{ExtraWindows, PaneWindows, Query, Snapshot},
};

/// Maximum ignored remote addresses on the page about limits.
const MAX_REMOTES: u16 = 1000;
/// Maximum origins of messages on the page about limits.
const MAX_ORIGINS: u16 = 10;
/// Maximum items of a list under the open item.
const MAX_UNDER: u16 = 200;
/// Interval for drawing charts while no event arrives.
const CHART_INTERVAL: Duration = Duration::from_secs(5);

impl Model {
    /// Returns the query for the next frame: the visible part of each list and one page on either side, so that keys
    /// can move there. Each query has views with a greater number, so that an answer to an earlier one is known as such.
    pub fn query(&mut self) -> Query {
        self.view_number += 1;
        let (view, extra) = self.view();
        let active = self.networks.position();
        let views = self.networks.iter().enumerate();
        let counts = |network: &Network| network.counts_only(self.view_number);
        Query {
            views: views
                .map(|(at, network)| if at == active { view.clone() } else { counts(network) })
                .collect(),
            extra,
        }
    }

    fn view(&self) -> (View, ExtraWindows) {
        let network = self.networks.active();
        let mut windows: Vec<Window> =
            self.shown_lists().map(|(id, list, height)| list.window(id, height)).collect();
        let mut extra = ExtraWindows::default();
        let filtered = self.shown_lists().filter(|(_, list, _)| list.filter.is_some());
        let filtered: Vec<ListId> = filtered.map(|(id, ..)| id).collect();
        let mut add = |window| {
            windows.push(window);
            windows.len() - 1
        };
        let named = |list: &str| network.description.list_id(list);
        for (pane, shown, view) in self.visible_views() {
            let pages = shown.windows(view).into_iter().map(|(list, rows)| {
                let id = named(list)?;
                // A picture of the items of a list shows those that match its filter.
                let shown = network.list(id).filter(|_| view.content == Content::Selection(list));
                let filter = shown.and_then(|list| list.filter.clone());
                Some(add(Window { filter, ..Window::first(id, rows) }))
            });
            let pages = pages.collect();
            extra.panes.push(PaneWindows { pane, view, pages });
        }
        if self.is_open(Kind::Limits) {
            let mut first = |list, rows| named(list).map(|list| add(Window::first(list, rows)));
            extra.remotes = first("remotes", MAX_REMOTES);
            extra.origins = first("origins", MAX_ORIGINS);
        }
        if let Some(item) = self.open_item() {
            let under = Some(item.row.key.clone());
            let lists = network.description.lists_under(item.list).map(|(list, _)| list);
            let window = |list| Window { under: under.clone(), ..Window::first(list, MAX_UNDER) };
            extra.under = lists.map(|list| (list, add(window(list)))).collect();
        }
        extra.unfiltered = filtered.into_iter().map(|id| (id, add(Window::first(id, 0)))).collect();
        let marks =
            network.lists().flat_map(|(id, list)| list.marks.iter().map(move |key| (id, key.clone())));
        let open = self.open_item().map(|item| (item.list, item.row.key.clone()));
        let (rows, marks) = (open.into_iter().collect(), marks.collect());
        let settings = self.is_open(Kind::Limits)
            || self.visible_views().any(|(_, pane, view)| pane.needs_settings(view));
        (View { number: self.view_number, windows, rows, marks, settings }, extra)
    }

    /// Returns the lists on the screen, each with its number of rows there.
    fn shown_lists(&self) -> impl Iterator<Item = (ListId, &List, usize)> {
        let beside = [Pane::Peers, Pane::Queue].map(|pane| (self.list_of(pane), self.height(pane).max(1)));
        let open = (self.overlay_list(), self.overlay_height());
        let shown = beside.into_iter().chain([open]).filter_map(|(list, height)| Some((list?, height)));
        shown.filter_map(|(id, height)| Some((id, self.networks.active().list(id)?, height)))
    }

    /// Applies the reply of the node. A node elsewhere can still reply to an earlier view, with windows at other places: then
    /// the rows of the lists alone are taken from it.
    pub(crate) fn refresh(&mut self, mut snapshot: Snapshot) {
        let look = snapshot.looks.get(self.networks.position());
        let is_current = look.is_some_and(|look| look.view == self.view_number);
        for (network, look) in self.networks.iter_mut().zip(&snapshot.looks) {
            network.figures.sample(self.now.uptime, look);
        }
        self.advance_panes();
        (self.recording_size, self.replay) = (snapshot.recording_size, snapshot.replay);
        self.on_lost_lines(snapshot.lost_lines.clone());
        self.notice.take_if(|notice| notice.until <= self.now.uptime);
        let has_moved = std::mem::take(&mut self.has_moved);
        let has_opened = std::mem::take(&mut self.has_opened);
        let is_still = self.frozen.is_some();
        if !is_still {
            // Items that are gone stay on a frozen screen with their marks.
            if let Some(look) = snapshot.looks.get(self.networks.position()) {
                self.networks.active_mut().remove_marks(&look.gone);
            }
        }
        if is_current && (!is_still || has_moved || has_opened) {
            self.refresh_details(&mut snapshot);
        }
        if !is_still || has_moved {
            self.refresh_lists(snapshot, is_current);
        }
    }

    /// Applies the data of the overlay and of the details pane.
    fn refresh_details(&mut self, snapshot: &mut Snapshot) {
        let Some(look) = snapshot.looks.get_mut(self.networks.position()) else { return };
        let network = self.networks.active();
        self.hold_rule = network.figures.text(Known::HoldRule).map(str::to_owned);
        let mut rows_at = |window: Option<usize>| {
            let page = window.and_then(|at| look.pages.get_mut(at));
            page.map(|page| (std::mem::take(&mut page.rows), page.total)).unwrap_or_default()
        };
        self.ignored_remotes = rows_at(snapshot.extra.remotes);
        self.origins = rows_at(snapshot.extra.origins);
        if self.open_overlay().is_some() {
            self.refresh_panes(snapshot);
        }
        let look = &mut snapshot.looks[self.networks.position()];
        let under = snapshot.extra.under.iter().filter_map(|(list, at)| {
            let page = look.pages.get_mut(*at)?;
            let (rows, counts) = (std::mem::take(&mut page.rows), std::mem::take(&mut page.counts));
            Some(ItemsUnder { list: *list, total: page.total, counts, rows })
        });
        let under = under.collect();
        self.refresh_item(look.rows.first().cloned().flatten(), under);
        let (open, height) = (self.overlay_list(), self.overlay_height());
        let network = self.networks.active_mut();
        network.fetched = look.now;
        network.settings.clone_from(&look.settings);
        open.into_iter().for_each(|list| network.refresh_list(look, list, height, true));
    }

    fn refresh_lists(&mut self, snapshot: Snapshot, is_current: bool) {
        if is_current {
            self.count_unfiltered(&snapshot);
        }
        self.update_frozen_lists();
        if is_current && self.open_overlay().is_none() {
            self.refresh_panes(&snapshot);
        }
        let shown = [Pane::Peers, Pane::Queue].map(|pane| (self.list_of(pane), self.height(pane)));
        let active = self.networks.position();
        for (at, (network, mut look)) in self.networks.iter_mut().zip(snapshot.looks).enumerate() {
            network.fetched = look.now;
            if at == active {
                shown.iter().filter_map(|(list, height)| Some(((*list)?, *height))).for_each(
                    |(list, height)| {
                        network.refresh_list(&mut look, list, height, is_current);
                    },
                );
            } else {
                network.count(&look);
            }
            network.gauges = look.gauges;
        }
    }

    /// Applies the numbers of rows of the filtered lists without their filters.
    fn count_unfiltered(&mut self, snapshot: &Snapshot) {
        let look = snapshot.looks.get(self.networks.position());
        let totals = snapshot
            .extra
            .unfiltered
            .iter()
            .filter_map(|(list, at)| Some((*list, look?.pages.get(*at)?.total)));
        let totals: Vec<_> = totals.collect();
        for (list, total) in totals {
            self.networks.active_mut().list_mut(list).into_iter().for_each(|list| list.unfiltered = total);
        }
    }

    /// Handles missing lines in the log file. The first time they are reported in the traffic and as a notice. The
    /// header shows them from then on.
    fn on_lost_lines(&mut self, lost: Option<LostLines>) {
        if let Some(lost) = lost.as_ref().filter(|_| self.lost_lines.is_none()) {
            self.push_text_row(lost.summary());
            self.notify_error(lost.summary());
        }
        self.lost_lines = lost;
    }

    /// Returns the time until the screen changes without an event: an age, a rate or a notice. At most 60 seconds.
    pub fn changes_after(&self) -> Duration {
        let young = |since: Duration| self.now.uptime.saturating_sub(since) < Duration::from_secs(60);
        let is_young = young(Duration::ZERO)
            || self
                .networks
                .active()
                .lists()
                .any(|(id, list)| self.networks.active().has_young_row(id, list, self.now.uptime));
        let counts_down = self.is_quitting() || self.notice.is_some();
        let figures = &self.networks.active().figures;
        let by_itself = if is_young || counts_down || !figures.rates.is_zero() {
            Duration::from_secs(1)
        } else if self.has_moving_chart() {
            CHART_INTERVAL
        } else {
            Duration::from_secs(60)
        };
        let by_itself = figures.hits.changes_after(self.now.uptime).map_or(by_itself, |at| at.min(by_itself));
        self.moves_after().filter(|_| self.frozen.is_none()).map_or(by_itself, |moves| moves.min(by_itself))
    }

    /// Returns the time until the next frame of what moves on the screen.
    fn moves_after(&self) -> Option<Duration> {
        self.visible_views()
            .filter_map(|(_, pane, view)| pane.changes_after(view, self.now, self.motion))
            .min()
    }

    /// Whether a visible chart changes without events.
    fn has_moving_chart(&self) -> bool {
        let trends = &self.networks.active().figures.trends;
        if self.palette.is_some() || self.open_overlay().is_some() {
            return self.palette.is_none() && self.is_open(Kind::Charts) && trends.moves();
        }
        let Some(areas) = self.areas() else { return false };
        if areas.rates.is_empty() {
            !areas.traffic.is_empty() && trends.is_busy(0..2, SPARKS)
        } else {
            trends.is_busy(0..trends.rates(), usize::MAX)
        }
    }
}
