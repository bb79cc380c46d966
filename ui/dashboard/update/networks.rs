//! Choice of the network and of the list that are shown.

use clacks_feed::description::ListId;

use crate::{
    model::Model,
    state::{assist::Assist, errors::CommandRefusal, layout::Pane, overlay::OverlayKind},
};

impl Model {
    /// Whether the network that is shown is clacks.
    pub(crate) fn shows_clacks(&self) -> bool {
        self.networks.active().is_clacks()
    }

    /// Shows the network with this name, or the next one. What is open belongs to the network before and is closed.
    pub(crate) fn show_network(&mut self, name: Option<&str>) {
        let position = match name.map(|name| self.networks.find(name)) {
            None => self.networks.position() + 1,
            Some(Ok(position)) => position,
            Some(Err(reason)) => return self.notify_error(reason),
        };
        if name.is_none() && self.networks.is_single() {
            return self.notify_error("there is no other network");
        }
        // The filter that is being typed is for a list of the network before, and so is what was found for the line.
        self.restore_filter();
        self.assist = Assist::default();
        self.networks.activate(position);
        (self.overlay, self.has_moved) = (None, true);
        if self.pane == Pane::Column {
            self.pane = Pane::Peers;
        }
        let description = &self.networks.active().description;
        self.notify(format!("{}: {}", description.network, description.node));
    }

    /// Returns the list of the network that is shown with this name, or the only one whose name starts with it.
    ///
    /// # Errors
    ///
    /// Fails if there is no such list, or more than one.
    pub(crate) fn find_list(&self, name: &str) -> Result<ListId, CommandRefusal> {
        let description = &self.networks.active().description;
        let begun = || description.lists().filter(|(_, spec)| spec.name.as_str().starts_with(name));
        let exact = begun().find(|(_, spec)| spec.name == name);
        let only = begun().next().filter(|_| begun().count() == 1);
        exact.or(only).map(|(list, _)| list).ok_or_else(|| {
            let names: Vec<_> = description.lists.iter().map(|spec| spec.name.as_str()).collect();
            CommandRefusal::new(format!("{} has the lists {}", description.network, names.join(", ")))
        })
    }

    /// Shows a list: goes to it if it stands beside the traffic, or opens it.
    pub(crate) fn show_list(&mut self, list: ListId) {
        let network = self.networks.active();
        if network.beside(0) == Some(list) {
            self.focus_list(Pane::Peers);
        } else if network.beside(1) == Some(list) {
            self.focus_list(Pane::Queue);
        } else {
            self.open(OverlayKind::List(list));
        }
    }
}
