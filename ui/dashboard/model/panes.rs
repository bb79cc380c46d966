//! The panes of the network that is shown: which of them are on the screen, and what they may know.

use clacks_feed::{Look, Now};
use clacks_language::command::{ViewCommand, spec};
use clacks_panes::{Content, Context, Opened, Pane, PaneLook, PaneSpec, Place, Shown};
use clacks_widgets::theme::Theme;
use ratatui::{layout::Rect, text::Line};

use super::{Model, focus::FocusOwner};
use crate::state::{
    layout::{Pane as Area, below_title},
    list::List,
    network::Network,
    overlay::{Item, OpenOverlay, Overlay, OverlayKind},
    snapshot::{PaneWindows, Snapshot},
};

/// A pane with one of its views.
type View<'a> = (&'a dyn Pane, &'static PaneSpec);

impl Model {
    /// Returns the panes to draw. On a frozen screen they are as they were.
    fn shown_panes(&self) -> &[Box<dyn Pane>] {
        self.frozen_panes().unwrap_or(&self.networks.active().panes)
    }

    /// Returns the view that the command with this name opens, in the network that is shown.
    pub(crate) fn view_named(&self, name: &str) -> Option<View<'_>> {
        self.views().find(|(_, view)| view.name == name)
    }

    /// Returns why the network that is shown lacks a view, and which other one has it.
    pub(crate) fn no_such_view(&self, command: &ViewCommand) -> String {
        let has_it = |network: &&Network| match command {
            ViewCommand::Pane(name) => {
                network.panes.iter().any(|pane| pane.views().iter().any(|view| view.name == *name))
            }
            _ => network.is_clacks(),
        };
        let shown = &self.networks.active().description.network;
        match self.networks.iter().find(has_it).map(|network| &network.description.network) {
            Some(other) => format!("{shown} has no such view; :net {other} shows the network that has it"),
            None => format!("{shown} has no such view"),
        }
    }

    /// Returns the views of the network that is shown.
    pub(crate) fn views(&self) -> impl Iterator<Item = View<'_>> {
        self.shown_panes().iter().flat_map(|pane| pane.views().iter().map(move |view| (&**pane, *view)))
    }

    /// Returns the views of the network that is shown which the table of commands does not have.
    pub(crate) fn own_views(&self) -> impl Iterator<Item = &'static PaneSpec> {
        self.views().map(|(_, view)| view).filter(|view| spec(view.name).is_none())
    }

    /// Returns the view that stands at this place, if the network that is shown has one.
    pub(crate) fn pane_beside(&self, place: Place) -> Option<View<'_>> {
        let (pane, view) = self.views().find(|(_, view)| view.place == place)?;
        pane.stands(view, self.motion).then_some((pane, view))
    }

    /// Returns the pane in the open overlay, with what was opened.
    pub(crate) fn open_pane(&self) -> Option<(&dyn Pane, &Opened)> {
        match &self.overlay {
            Some(Overlay { content: OverlayKind::Pane(opened), .. }) => {
                Some((self.view_named(opened.spec.name)?.0, opened))
            }
            _ => None,
        }
    }

    /// Returns the pane that keys go to, what it may know, and where it is drawn: the open one, or the one in the column.
    pub(crate) fn focused_pane(&self) -> Option<(&dyn Pane, Context<'_>, Rect)> {
        let areas = self.areas()?;
        let (pane, opened) = match self.open_overlay() {
            Some(_) => self.open_pane().map(|(pane, opened)| (pane, Some(opened)))?,
            None => (self.pane_beside(Place::Column).filter(|_| self.pane == Area::Column)?.0, None),
        };
        let view = opened.map_or_else(
            || self.pane_beside(Place::Column).map(|(_, view)| view),
            |opened| Some(opened.spec),
        )?;
        let area = match (opened, view.content) {
            (None, _) => areas.pane(Area::Column),
            (Some(_), Content::Rows | Content::Text) => below_title(areas.body),
            (Some(_), Content::Picture | Content::Selection(_)) => areas.body,
        };
        Some((pane, self.pane_context(Some(view), opened, self.theme()), area))
    }

    /// Returns the name of the list whose selection the open pane shows, or else the one in the column.
    pub(crate) fn shown_list(&self) -> Option<&'static str> {
        let open = self.open_pane().map(|(_, opened)| opened.spec);
        match open.or_else(|| self.pane_beside(Place::Column).map(|(_, view)| view))?.content {
            Content::Selection(list) => Some(list),
            Content::Text | Content::Picture | Content::Rows => None,
        }
    }

    /// Whether a view is on the screen.
    fn is_view_visible(&self, view: &PaneSpec) -> bool {
        if self.palette.is_some() {
            return false;
        }
        match (self.open_overlay(), self.areas()) {
            (Some(open), _) => matches!(open, OpenOverlay::Pane(shown) if shown == view),
            (None, Some(areas)) => match view.place {
                Place::Overlay => false,
                Place::Strip => self.stands_beside(view) && !areas.strip.is_empty(),
                Place::Column => self.stands_beside(view) && !areas.column.is_empty(),
            },
            (None, None) => false,
        }
    }

    fn stands_beside(&self, view: &PaneSpec) -> bool {
        self.pane_beside(view.place).is_some_and(|(_, beside)| beside == view)
    }

    /// Returns the views on the screen, with the positions of their panes among those of the network.
    pub(crate) fn visible_views(&self) -> impl Iterator<Item = (usize, &dyn Pane, &'static PaneSpec)> {
        let panes = self.shown_panes().iter().enumerate();
        let views = panes.flat_map(|(at, pane)| pane.views().iter().map(move |view| (at, &**pane, *view)));
        views.filter(|(.., view)| self.is_view_visible(view))
    }

    // === What panes add to items of the lists ===

    /// Returns the facts for the page of an item. `None`: no pane knows more than the cells of its row.
    pub(crate) fn item_facts(&self, theme: Theme, item: &Item) -> Option<Vec<(&'static str, String)>> {
        let context = self.pane_context(None, None, theme);
        let Item { list, role, ref row, exists, .. } = *item;
        let item = clacks_panes::Item { list, role, row, exists };
        self.shown_panes().iter().find_map(|pane| pane.item_facts(&context, &item))
    }

    /// Returns the lines about a message, which is JSON, that stand below it.
    pub(crate) fn message_lines(&self, theme: Theme, message: &str, columns: usize) -> Vec<Line<'static>> {
        let context = self.pane_context(None, None, theme);
        let panes = self.shown_panes().iter();
        panes.flat_map(|pane| pane.message_lines(&context, message, columns)).collect()
    }

    /// Returns the remarks on the items with these keys, which were ignored.
    pub(crate) fn ignored_note(&self, keys: &[String]) -> String {
        let panes = &self.networks.active().panes;
        panes.iter().filter_map(|pane| pane.ignored_note(keys)).collect()
    }

    /// Returns what a pane may know. `view` is the one that is shown, `opened` its overlay, if it is shown in one.
    pub(crate) fn pane_context<'a>(
        &'a self,
        view: Option<&'static PaneSpec>,
        opened: Option<&'a Opened>,
        theme: Theme,
    ) -> Context<'a> {
        let network = self.networks.active();
        let list = match view.map(|view| view.content) {
            Some(Content::Selection(list)) => network.named(list),
            Some(Content::Text | Content::Picture | Content::Rows) | None => None,
        };
        let has_column_focus = view.is_some_and(|view| view.place == Place::Column)
            && self.focus_below_palette() == FocusOwner::List(Area::Column);
        Context {
            view,
            theme,
            now: self.animation_time(),
            listed: self.list_time(),
            zone: &self.zone,
            motion: self.motion,
            description: &network.description,
            gauges: &network.gauges,
            fetched: network.fetched,
            selected: list.and_then(List::selected_row),
            is_narrowed: list.is_some_and(|list| list.filter.is_some()),
            shown: if opened.is_some() { Shown::Overlay } else { Shown::Beside },
            opened,
            has_focus: opened.is_some() || has_column_focus,
            is_zoomed: self.is_zoomed,
            has_details: self.areas().is_some_and(|areas| !areas.details.is_empty()),
            is_replay: self.replay.is_some(),
            key_name: Box::new(|command| self.key_name(command)),
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
            for PaneWindows { pane, view, pages } in &snapshot.extra.panes {
                let pages = pages.iter().map(|at| look.pages.get((*at)?)).collect();
                let Look { now, gauges, settings, .. } = look;
                let look = PaneLook { view, description, now: *now, pages, gauges, settings };
                panes.get_mut(*pane).into_iter().for_each(|pane| pane.refresh(&look));
            }
        }
    }
}
