//! Navigation in the lists and in overlays, and the commands that open panes and overlays.

use clacks_language::command::{Step, ViewCommand};
use clacks_widgets::time_series::Chart;

use super::panes;
use crate::{
    model::{Model, focus::SelectionTarget},
    state::{
        layout::Pane,
        list::{List, row_after_move},
        log_cursor::LogCursor,
        message::Effect,
        overlay::{OpenOverlay as Kind, OverlayKind},
    },
};

/// Moves the focus to another list, or selects another chart if the charts are open.
fn cycle_pane(model: &mut Model, by: isize) {
    if model.is_open(Kind::Charts) {
        let all_fit = model.areas().is_some_and(|areas| crate::state::layout::fits_all_charts(areas.body));
        let charts = &model.networks.active().figures.places.charts;
        model.chart = Chart::turned(charts, model.chart, by, all_fit);
    } else if model.open_overlay().is_none() {
        let panes = model.panes();
        let at = panes.iter().position(|pane| *pane == model.pane).unwrap_or(0);
        model.pane = panes[(at + panes.len()).saturating_add_signed(by) % panes.len()];
    }
}

/// Opens an overlay, or closes it if it is open.
fn toggle_view(model: &mut Model, picture: OverlayKind) {
    if model.is_open(picture.kind()) {
        model.close();
    } else {
        model.open(picture);
    }
}

/// Fetches the lists, even while they are frozen.
pub fn after_move(model: &mut Model) -> Vec<Effect> {
    model.has_moved = true;
    model.networks.active_mut().lists_mut().for_each(|list| list.lost = None);
    vec![Effect::Refresh]
}

/// Moves the selection in the list that has the focus.
pub fn move_selection(model: &mut Model, by: Step) {
    if model.selection_target() == SelectionTarget::List(Pane::Column) {
        return panes::step(model, by);
    }
    let page = model.height(model.pane).saturating_sub(1).max(1);
    match by {
        Step::Up => move_by(model, -1),
        Step::Down => move_by(model, 1),
        Step::PageUp => move_by(model, -page.cast_signed()),
        Step::PageDown => move_by(model, page.cast_signed()),
        Step::Top => select_end(model, true),
        Step::Bottom => select_end(model, false),
        Step::Left | Step::Right => {}
    }
}

fn select_end(model: &mut Model, top: bool) {
    match model.pane {
        Pane::Column => {}
        pane @ (Pane::Peers | Pane::Queue) => {
            list_of(model, pane).into_iter().for_each(|list| list.select_end(top));
        }
        Pane::Traffic if top => model.freeze_log_at(0),
        Pane::Traffic => model.log_cursor = LogCursor::Following,
    }
}

/// Moves the selection by rows, down if `by` is positive. Stops at the ends.
pub fn move_by(model: &mut Model, by: isize) {
    let height = model.height(model.pane);
    match model.pane {
        pane @ (Pane::Peers | Pane::Queue) => {
            list_of(model, pane).into_iter().for_each(|list| list.move_by(by, height));
        }
        Pane::Traffic => move_log_cursor(model, by, height),
        Pane::Column => {}
    }
}

fn move_log_cursor(model: &mut Model, by: isize, height: usize) {
    let (Some(position), top) = (model.log_position(), model.log_top()) else { return };
    let last = model.log.len() - 1;
    let target = position.saturating_add_signed(by).min(last);
    if target == last && by > 0 {
        model.log_cursor = LogCursor::Following;
    } else {
        let row = row_after_move(position.saturating_sub(top), position, target, height);
        model.freeze_log_at_row(target, row);
    }
}

/// Returns the list of a pane.
fn list_of(model: &mut Model, pane: Pane) -> Option<&mut List> {
    let list = model.list_of(pane)?;
    model.networks.active_mut().list_mut(list)
}

/// Moves the selection in the list of the open overlay.
pub(crate) fn move_in_overlay(model: &mut Model, by: Step) {
    let page = model.overlay_height();
    model.has_opened = true;
    let Some(list) = model.overlay_list().and_then(|list| model.networks.active_mut().list_mut(list)) else {
        return;
    };
    list.lost = None;
    match by {
        Step::Top | Step::Bottom => list.select_end(by == Step::Top),
        by => list.move_by(by.rows(page), page),
    }
}

pub(crate) fn scroll(model: &mut Model, by: Step) {
    let page = model.overlay_height();
    match model.selection_target() {
        SelectionTarget::Held => return move_in_overlay(model, by),
        // The map has no rows.
        SelectionTarget::List(_) => return,
        SelectionTarget::Rows => return panes::step(model, by),
        SelectionTarget::Text | SelectionTarget::Picture => {}
    }
    let Some(overlay) = &mut model.overlay else { return };
    overlay.scrolled = match by {
        Step::Up => overlay.scrolled.saturating_sub(1),
        Step::Down => overlay.scrolled.saturating_add(1),
        Step::PageUp => overlay.scrolled.saturating_sub(page),
        Step::PageDown => overlay.scrolled.saturating_add(page),
        Step::Top => 0,
        Step::Bottom => usize::MAX,
        Step::Left | Step::Right => return,
    };
    model.clamp_scroll();
}

/// Runs a command that opens or changes a pane or an overlay. Returns `None` for other commands.
pub fn open_view(model: &mut Model, command: &ViewCommand) -> Option<Vec<Effect>> {
    match command {
        ViewCommand::Peers => model.focus_list(Pane::Peers),
        ViewCommand::Queue => model.focus_list(Pane::Queue),
        ViewCommand::Traffic => model.focus_list(Pane::Traffic),
        ViewCommand::NextPane => cycle_pane(model, 1),
        ViewCommand::PreviousPane => cycle_pane(model, -1),
        ViewCommand::Zoom => {
            model.overlay = None;
            model.is_zoomed = !model.is_zoomed;
        }
        ViewCommand::Held => {
            let list = model.networks.active().description.list_id("held")?;
            model.open(OverlayKind::List(list));
            return Some(vec![Effect::Refresh]);
        }
        ViewCommand::Charts => toggle_view(model, OverlayKind::Charts),
        ViewCommand::Pane(name) => panes::open(model, name),
        ViewCommand::Limits => {
            toggle_view(model, OverlayKind::Limits);
            return Some(vec![Effect::Refresh]);
        }
        ViewCommand::Stations => model.open(OverlayKind::Stations),
        ViewCommand::Open if model.open_overlay().is_some() => open_or_close(model),
        ViewCommand::Open => open(model),
        _ => {}
    }
    None
}

/// Handles Enter in an overlay: opens the selected item of a list, otherwise closes the overlay.
fn open_or_close(model: &mut Model) {
    match model.selection_target() {
        SelectionTarget::Rows => panes::enter(model),
        SelectionTarget::List(_) | SelectionTarget::Held => open(model),
        SelectionTarget::Text | SelectionTarget::Picture => model.close(),
    }
}

/// Opens the selected item in an overlay. Does nothing without a selection.
fn open(model: &mut Model) {
    if let Some(content) = model.selection() {
        model.open(content);
    }
}
