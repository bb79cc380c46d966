//! The map of the network, and what is known of peers: how they were discovered, and their share of the messages.

mod dots;
mod geometry;
mod labels;
pub mod layout;
pub mod network;
mod picture;

use std::time::Duration;

use clacks_feed::{Event, Now};
use clacks_p2p::{Address, core::PeerCounts};
use clacks_p2p_feed::{read_back, rows::peer_key};
use clacks_panes::{About, Content, Context, Item, Pane, PaneLook, PaneSpec, Place, Reaction, Step};
use clacks_widgets::animation::Animations;
use geometry::{aspect_ratio, map_field, point_at};
use network::{MAX_MAP_PEERS, Map, MapDirection, MapPeer};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use crate::{core_event, core_time, facts, items, shares::Shares};

/// The map in the dashboard.
pub const MAP: &PaneSpec = &PaneSpec {
    name: "map",
    title: "MAP",
    help: "show the peers on a map",
    place: Place::Column,
    content: Content::Selection("peers"),
    about: About::Network,
};

/// Maximum distance of a click from a tower, in heights of the map.
const NEAR: f64 = 0.1;

/// What is known of peers: their map and their shares of the messages received in the last hour.
#[derive(Debug, Clone, Default)]
pub struct PeersPane {
    map: Map,
    /// The number of peers by status.
    counts: PeerCounts,
    /// The number of peers that the filter of their list matches.
    matching: usize,
    shares: Shares,
}

impl PeersPane {
    /// Returns how and how long ago a peer became known. `None` if that was not observed.
    fn introduction_text(&self, context: &Context<'_>, peer: &Address) -> Option<String> {
        let introduced = self.map.introduction(peer)?;
        let age = clacks_text::format::age(context.listed.uptime.saturating_sub(introduced.at));
        Some(facts::peer::introduced(&introduced.by, &age))
    }
}

impl Pane for PeersPane {
    fn views(&self) -> &'static [&'static PaneSpec] {
        &[MAP]
    }

    fn clone_box(&self) -> Box<dyn Pane> {
        Box::new(self.clone())
    }

    fn note(&mut self, event: &Event, motion: Animations) {
        if let Some(of_clacks) = core_event(event) {
            self.map.on_event(of_clacks, event.now.uptime, motion);
            self.shares.note(of_clacks, core_time(event.now));
        }
    }

    /// What was observed before stays. The peers are in the rows.
    fn lagged(&mut self, _missed: u64) {}

    fn begin_again(&mut self) {
        *self = Self::default();
    }

    fn windows(&self, _: &PaneSpec) -> Vec<(&'static str, u16)> {
        vec![("peers", MAX_MAP_PEERS as u16)]
    }

    fn refresh(&mut self, look: &PaneLook<'_>) {
        let Some(Some(page)) = look.pages.first() else { return };
        let peers = page.rows.iter().filter_map(|row| read_back::peer(look.description, row, look.now));
        self.counts = read_back::peer_counts(look.description, &page.counts);
        self.matching = usize::try_from(page.total).unwrap_or(usize::MAX);
        self.map.refresh(&peers.collect::<Vec<_>>(), self.matching);
    }

    fn advance(&mut self, now: Now, _: Animations) {
        self.shares.forget_old(core_time(now));
    }

    fn changes_after(&self, _: &PaneSpec, now: Now, motion: Animations) -> Option<Duration> {
        self.map.changes_after(now.uptime, motion)
    }

    fn draw(&self, context: &Context<'_>, area: Rect, buffer: &mut Buffer) {
        picture::draw(self, context, area, buffer);
    }

    fn all_text(&self, _: &PaneSpec) -> Vec<String> {
        self.map.peers().iter().map(|tower| tower.peer.address.to_string()).collect()
    }

    fn item_facts(&self, context: &Context<'_>, item: &Item<'_>) -> Option<Vec<(&'static str, String)>> {
        let Some(peer) = read_back::peer(context.description, item.row, context.fetched) else {
            return items::message_facts(context, item);
        };
        let certificate = read_back::certificate(context.description, item.row);
        let known = self.introduction_text(context, &peer.address);
        let share = self.shares.of([&peer.address]).percent();
        Some(items::peer_facts(context, (&peer, item.exists), known, &share, certificate))
    }

    fn ignored_note(&self, keys: &[String]) -> Option<String> {
        // Messages of a remote address can name any peer as the sender.
        let peers: Vec<Address> = keys.iter().filter_map(|peer| peer.parse().ok()).collect();
        let them = if peers.len() == 1 { "it" } else { "them" };
        (!peers.is_empty()).then(|| {
            let share = self.shares.of(&peers).percent();
            format!("; {share} of the last hour's messages came through {them}")
        })
    }

    /// Selects the next tower in a direction.
    fn step(&self, context: &Context<'_>, area: Rect, step: Step) -> Reaction {
        let select = |tower: Option<&MapPeer>| {
            tower.map_or(Reaction::Nothing, |tower| Reaction::Select(peer_key(&tower.peer.address)))
        };
        let direction = match step {
            Step::Up => MapDirection::Up,
            Step::Down => MapDirection::Down,
            Step::Left => MapDirection::Left,
            Step::Right => MapDirection::Right,
            Step::PageUp | Step::Top => return select(self.map.peers().first()),
            Step::PageDown | Step::Bottom => return select(self.map.peers().last()),
        };
        let aspect = aspect_ratio(map_field(context, area));
        let selected = context.selected.and_then(|row| {
            let description = context.description;
            Some((read_back::address(description, row)?, read_back::status(description, row)?))
        });
        let next = match selected {
            Some((peer, status)) => self.map.nearest_in_direction(&peer, status, direction, aspect),
            None => self.map.peers().first().map(|tower| &tower.peer.address),
        };
        next.map_or(Reaction::Nothing, |address| Reaction::Select(peer_key(address)))
    }

    /// Selects the tower at a position on the screen, if there is one.
    fn click(&self, context: &Context<'_>, area: Rect, at: Position) -> Reaction {
        let field = map_field(context, area);
        match self.map.nearest(point_at(field, at), aspect_ratio(field)) {
            Some((distance, address)) if field.contains(at) && distance < NEAR => {
                Reaction::Select(peer_key(address))
            }
            _ => Reaction::Nothing,
        }
    }
}
