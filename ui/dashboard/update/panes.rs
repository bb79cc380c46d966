//! The pictures and pages of the network that is shown: opening them, and keys and clicks in them.

use clacks_feed::Text;
use clacks_language::command::Step;
use clacks_panes::{About, Content, Cursor, Opened, PaneSpec, Reaction};
use clacks_session::traffic::row::Row;
use ratatui::layout::Position;

use crate::{
    model::Model,
    pages::current_message,
    state::{
        list::Selection,
        overlay::{OpenOverlay, Overlay, OverlayKind},
    },
};

/// Opens a view of the network that is shown. A picture that is open already is closed.
pub(crate) fn open(model: &mut Model, name: &str) {
    let Some((pane, view)) = model.view_named(name) else { return };
    let is_picture = matches!(view.content, Content::Picture | Content::Selection(_));
    if view.about == About::Network {
        if is_picture && model.is_open(OpenOverlay::Pane(view)) {
            return model.close();
        }
        return open_about(model, view, None);
    }
    let Some(message) = current_message(model) else { return model.notify_error("no message is selected") };
    match pane.refusal(message.untrusted(), is_cut(model)) {
        Some(reason) => model.notify_error(reason),
        None => open_about(model, view, Some(message)),
    }
}

fn open_about(model: &mut Model, spec: &'static PaneSpec, about: Option<Text>) {
    model.open(OverlayKind::Pane(Opened { spec, about, cursor: Cursor::default() }));
}

/// Whether the selected row of the traffic stores only the beginning of its message.
fn is_cut(model: &Model) -> bool {
    let is_cut = |row: &Row| row.cut_from.is_some();
    match &model.overlay {
        Some(overlay) => matches!(&overlay.content, OverlayKind::Row(row) if is_cut(row)),
        None => matches!(model.selection(), Some(OverlayKind::Row(row)) if is_cut(&row)),
    }
}

/// Moves the selection of the pane that has the focus.
pub(crate) fn step(model: &mut Model, by: Step) {
    let reaction = model.focused_pane().map(|(pane, context, area)| pane.step(&context, area, by));
    reaction.into_iter().for_each(|reaction| react(model, reaction));
}

/// Reacts to a click in the pane that has the focus.
pub(crate) fn click(model: &mut Model, at: Position) {
    let reaction = model.focused_pane().map(|(pane, context, area)| pane.click(&context, area, at));
    reaction.into_iter().for_each(|reaction| react(model, reaction));
}

/// Reacts to Enter in the rows of the open pane.
pub(crate) fn enter(model: &mut Model) {
    let reaction = model.focused_pane().map(|(pane, context, _)| pane.enter(&context));
    reaction.into_iter().for_each(|reaction| react(model, reaction));
}

fn react(model: &mut Model, reaction: Reaction) {
    match reaction {
        Reaction::Nothing => {}
        Reaction::Select(key) => {
            let list = model.shown_list().and_then(|list| model.networks.active_mut().named_mut(list));
            list.into_iter().for_each(|list| list.selected = Selection::key(key.clone()));
        }
        Reaction::Move(cursor) => {
            if let Some(Overlay { content: OverlayKind::Pane(opened), .. }) = &mut model.overlay {
                opened.cursor = cursor;
            }
        }
        Reaction::Open(name, about) => {
            let view = model.view_named(name).map(|(_, view)| view);
            view.into_iter().for_each(|view| open_about(model, view, Some(about.clone())));
        }
    }
}
