//! Queries about the overlay: its subject, the selection that it opens from, and its search.

use std::borrow::Cow;

use clacks_feed::{
    Row,
    description::{ListId, Role},
};
use clacks_widgets::table::rows_area;

use super::{Model, focus::SelectionTarget};
use crate::state::{
    layout::{Pane, below_title},
    overlay::{Item, ItemsUnder, OpenOverlay as Kind, Overlay, OverlayKind},
    search::Search,
};

impl Model {
    /// Whether the list of held messages is open.
    pub(crate) fn is_held_open(&self) -> bool {
        self.open_overlay() == Some(Kind::Held)
    }

    /// Returns the list in the open overlay.
    pub(crate) fn overlay_list(&self) -> Option<ListId> {
        match self.overlay.as_ref()?.content {
            OverlayKind::List(list) if self.is_held_open() => Some(list),
            _ => None,
        }
    }

    /// Updates the item of the overlay. `None`: it no longer exists, and what was under it stays.
    pub(crate) fn refresh_item(&mut self, row: Option<Row>, under: Vec<ItemsUnder>) {
        let Some(OverlayKind::Item(item)) = self.overlay.as_mut().map(|overlay| &mut overlay.content) else {
            return;
        };
        item.exists = row.is_some();
        if let Some(row) = row {
            item.row = row;
            item.under = under;
        }
    }

    /// Returns the item of the overlay.
    pub(crate) fn open_item(&self) -> Option<&Item> {
        match &self.overlay {
            Some(Overlay { content: OverlayKind::Item(item), .. }) => Some(item),
            _ => None,
        }
    }

    /// Returns the selected item, as the content of an overlay.
    pub fn selection(&self) -> Option<OverlayKind> {
        match self.selection_target() {
            SelectionTarget::List(Pane::Traffic) => {
                let row = self.log_position().and_then(|position| self.log.at(position));
                row.map(|row| OverlayKind::Row(Box::new(row.clone())))
            }
            SelectionTarget::List(_) | SelectionTarget::Held => {
                let (list, row) = self.selected_row()?;
                Some(OverlayKind::Item(Box::new(self.item(list, row)?)))
            }
            SelectionTarget::Rows | SelectionTarget::Text | SelectionTarget::Picture => None,
        }
    }

    fn item(&self, list: ListId, row: &Row) -> Option<Item> {
        let role = self.networks.active().description.list(list)?.role;
        let message = self.networks.active().message(list, row);
        Some(Item { list, role, row: row.clone(), message, exists: true, under: Vec::new() })
    }

    /// Returns the title of an overlay. An item of a network that is not clacks has the name that its list gives it.
    pub(crate) fn title_of(&self, content: &OverlayKind) -> Cow<'static, str> {
        let network = self.networks.active();
        match content {
            OverlayKind::Item(item) => match network.description.list(item.list) {
                Some(list) if !network.is_clacks() || list.role == Role::Other => {
                    format!(" {} ", list.one.as_str().to_uppercase()).into()
                }
                _ => content.kind().title(),
            },
            content => content.kind().title(),
        }
    }

    /// Returns whether an overlay of this kind is open.
    pub fn is_open(&self, kind: Kind) -> bool {
        self.open_overlay() == Some(kind)
    }

    /// Returns the search in the overlay, if there is one.
    pub fn search(&self) -> Option<&Search> {
        self.overlay.as_ref().and_then(|overlay| overlay.search.as_ref())
    }

    /// Whether the query is being typed.
    pub(crate) fn is_typing_search(&self) -> bool {
        self.search().is_some_and(|search| search.is_typing)
    }

    /// Returns the number of rows of the overlay on the screen.
    pub(crate) fn overlay_height(&self) -> usize {
        let is_list = self.overlay.as_ref().is_some_and(|open| matches!(open.content, OverlayKind::List(_)));
        let rows = if is_list { rows_area } else { below_title };
        self.areas().map_or(1, |areas| usize::from(rows(areas.body).height).max(1))
    }

    /// Returns the number of columns of the overlay on the screen.
    pub(crate) fn overlay_columns(&self) -> usize {
        self.areas().map_or(0, |areas| usize::from(areas.body.width))
    }
}
