//! The panes of the network that is shown: which of them are on the screen, and what they may know.

use clacks_feed::Now;
use clacks_panes::{About, Content, Context, Opened, Pane, PaneLook, PaneSpec, Place, Shown};
use clacks_widgets::theme::Theme;

use super::{Model, focus::FocusOwner};
use crate::state::{
    layout::Pane as Area,
    overlay::{OpenOverlay, Overlay, OverlayKind},
    snapshot::{PaneWindows, Snapshot},
};

impl Model {
    /// Returns the panes to draw. On a frozen screen they are as they were.
    fn shown_panes(&self) -> &[Box<dyn Pane>] {
        self.frozen_panes().unwrap_or(&self.networks.active().panes)
    }

    /// Returns the pane that the command with this name opens, in the network that is shown.
    pub(crate) fn pane_named(&self, name: &str) -> Option<&dyn Pane> {
        self.shown_panes().iter().find(|pane| pane.spec().name == name).map(|pane| &**pane)
    }

    /// Returns the pane that stands at this place, if the network that is shown has one.
    pub(crate) fn pane_beside(&self, place: Place) -> Option<&dyn Pane> {
        let pane = self.shown_panes().iter().find(|pane| pane.spec().place == place)?;
        pane.stands(self.motion).then_some(&**pane)
    }

    /// Returns the pane in the open overlay, with what was opened.
    pub(crate) fn open_pane(&self) -> Option<(&dyn Pane, &Opened)> {
        match &self.overlay {
            Some(Overlay { content: OverlayKind::Pane(opened), .. }) => {
                Some((self.pane_named(opened.spec.name)?, opened))
            }
            _ => None,
        }
    }

    /// Whether a pane with this specification is on the screen.
    pub fn is_pane_visible(&self, spec: &PaneSpec) -> bool {
        if self.palette.is_some() {
            return false;
        }
        match (self.open_overlay(), self.areas()) {
            (Some(open), _) => matches!(open, OpenOverlay::Pane(shown) if shown == spec),
            (None, Some(areas)) => match spec.place {
                Place::Overlay => false,
                Place::Strip => self.stands_beside(spec) && !areas.tower.is_empty(),
                Place::Column => self.stands_beside(spec) && !areas.map.is_empty(),
            },
            (None, None) => false,
        }
    }

    fn stands_beside(&self, spec: &PaneSpec) -> bool {
        self.pane_beside(spec.place).is_some_and(|pane| pane.spec() == spec)
    }

    /// Returns the panes on the screen, with their positions among the panes of the network.
    pub(crate) fn visible_panes(&self) -> impl Iterator<Item = (usize, &dyn Pane)> {
        let panes = self.shown_panes().iter().enumerate().map(|(at, pane)| (at, &**pane));
        panes.filter(|(_, pane)| self.is_pane_visible(pane.spec()))
    }

    /// Returns what a pane may know. `opened` is its overlay, if it is shown in one.
    pub(crate) fn pane_context<'a>(
        &'a self,
        pane: &dyn Pane,
        opened: Option<&'a Opened>,
        theme: Theme,
    ) -> Context<'a> {
        let network = self.networks.active();
        let selected = match pane.spec().content {
            Content::Selection(list) => network.named(list).and_then(|list| list.selected_row()),
            Content::Text | Content::Picture | Content::Rows => None,
        };
        let is_column = pane.spec().place == Place::Column;
        let now = |core: clacks_p2p::core::Now| Now { uptime: core.uptime, unix_ms: core.unix_ms };
        Context {
            theme,
            now: now(self.animation_time()),
            listed: now(self.list_time()),
            zone: &self.zone,
            motion: self.motion,
            description: &network.description,
            gauges: &network.gauges,
            fetched: network.fetched,
            selected,
            shown: if opened.is_some() { Shown::Overlay } else { Shown::Beside },
            opened,
            has_focus: opened.is_some()
                || is_column && self.focus_below_palette() == FocusOwner::List(Area::Map),
            is_zoomed: self.is_zoomed && self.open_overlay().is_none(),
            has_details: self.open_overlay().is_none()
                && self.areas().is_some_and(|areas| !areas.details.is_empty()),
            is_replay: self.replay.is_some(),
            key_name: Box::new(|command| self.key_name(command)),
        }
    }

    /// Opens a pane of the network that is shown, or closes it if it is open and about the whole network.
    pub(crate) fn toggle_pane(&mut self, name: &str) {
        let Some(spec) = self.pane_named(name).map(Pane::spec) else { return };
        if spec.about == About::Network && self.is_open(OpenOverlay::Pane(spec)) {
            self.close();
        } else {
            self.open(OverlayKind::Pane(Opened { spec, about: None, cursor: Default::default() }));
        }
    }

    /// Lets all panes go on to the present time.
    pub(crate) fn advance_panes(&mut self) {
        let now = Now { uptime: self.now.uptime, unix_ms: self.now.unix_ms };
        for network in self.networks.iter_mut() {
            network.panes.iter_mut().for_each(|pane| pane.advance(now, self.motion));
        }
    }

    /// Gives the panes that are on the screen the rows that they asked for.
    pub(crate) fn refresh_panes(&mut self, snapshot: &Snapshot) {
        let active = self.networks.position();
        let Some(look) = snapshot.looks.get(active) else { return };
        let frozen = self.frozen.iter_mut().filter_map(|frozen| frozen.data.panes.get_mut(active));
        let network = self.networks.active_mut();
        let description = &network.description;
        for panes in frozen.chain([&mut network.panes]) {
            for PaneWindows { pane, pages } in &snapshot.extra.panes {
                let pages = pages.iter().map(|at| look.pages.get((*at)?)).collect();
                let look = PaneLook { description, now: look.now, pages, gauges: &look.gauges };
                panes.get_mut(*pane).into_iter().for_each(|pane| pane.refresh(&look));
            }
        }
    }
}
